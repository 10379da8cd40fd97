use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::formulas::{
    DRAWS, HASH, Proofs, Transcript, draw_private, hash_username, min, multiplier, pad, session_key, u, x,
};
use crate::{
    Random,
    client::XRule,
    field::{BYTES, FieldElement},
};

/// The client's key pair for one handshake: a, and A = g^a.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct ClientEphemeral {
    private: [u8; 32],
    public: [u8; BYTES],
}

impl ClientEphemeral {
    /// Draws a key pair.
    ///
    /// Draws again until A fills all its bytes: devices demand 384 and hash A as it came, so that nobody can differ
    /// with us over its padding (spec protocol.md 6.2). [`DRAWS`] times at most: then A is padded, which devices take
    /// too. The top bit of a is set, as known peers do: a poor source cannot then make a small exponent.
    pub(crate) fn draw(random: &mut dyn Random) -> Self {
        let mut ephemeral = Self::from_private(draw_private(random));
        for _ in 1..DRAWS {
            if min(&ephemeral.public).len() == BYTES {
                break;
            }
            ephemeral = Self::from_private(draw_private(random));
        }
        ephemeral
    }

    /// Makes the key pair of a given a.
    pub(crate) fn from_private(private: [u8; 32]) -> Self {
        Self {
            private,
            public: FieldElement::generator_power(&private).to_bytes(),
        }
    }

    /// A on 384 bytes, as it travels.
    pub(crate) fn public(&self) -> &[u8; BYTES] {
        &self.public
    }
}

/// The client's proof, and what it expects of a device that knows the verifier.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct ClientProofs(Proofs);

impl ClientProofs {
    /// Works out S = (B − k·g^x)^(a + u·x) and what follows from it. Takes the key pair, since it must never be used
    /// twice. `device_public` is B as received, padded or not: the proofs hash MIN(B).
    pub(crate) fn new(
        ephemeral: ClientEphemeral,
        username: &[u8],
        password: &[u8],
        rule: XRule,
        salt: &[u8],
        device_public: &[u8],
    ) -> Result<Self, &'static str> {
        let padded = pad(device_public).ok_or("the device's public key is too long")?;
        let mut secret = FieldElement::from_bytes(&padded);
        if secret.is_zero() {
            return Err("the device's public key is zero modulo N");
        }
        let u = u(&ephemeral.public, &padded)?;
        let mut x = x(username, password, salt, rule);
        let mut blinding = multiplier();
        blinding.mul_assign(&FieldElement::generator_power(&x));
        secret.sub_assign(&blinding);
        let mut exponent = exponent(&ephemeral.private, &u, &x);
        secret.pow::<15>(&exponent);
        let mut key = session_key(&Zeroizing::new(secret.to_bytes()));
        let transcript = Transcript {
            username_hash: &hash_username(username),
            salt,
            client_public: &ephemeral.public,
            device_public: min(device_public),
        };
        let proofs = Self(transcript.proofs(&key));
        x.zeroize();
        exponent.zeroize();
        key.zeroize();
        Ok(proofs)
    }

    /// M1.
    pub(crate) fn proof(&self) -> &[u8; HASH] {
        &self.0.client
    }

    /// Compares the device's proof; gives the AES key if it is right.
    pub(crate) fn accept(&self, device_proof: &[u8]) -> Option<[u8; 32]> {
        bool::from(self.0.device.ct_eq(device_proof)).then_some(self.0.key)
    }
}

/// Bytes of a + u·x: those of the product, and one for the carry.
const EXPONENT: usize = 2 * HASH + 1;

/// a + u·x, big-endian, in constant time: by columns of bytes, the lowest first.
fn exponent(a: &[u8; 32], u: &[u8; HASH], x: &[u8; HASH]) -> [u8; EXPONENT] {
    let mut sum = [0; EXPONENT];
    let mut column_sum = 0u32;
    for (column, byte) in sum.iter_mut().rev().enumerate() {
        column_sum += a.iter().nth_back(column).map_or(0, |byte| u32::from(*byte));
        // The factors' bytes whose positions add up to this column.
        let skipped = (column + 1).saturating_sub(HASH);
        let upward = u.iter().rev().skip(skipped);
        let downward = x.iter().skip((HASH - 1).saturating_sub(column));
        column_sum += upward
            .zip(downward)
            .map(|(u, x)| u32::from(*u) * u32::from(*x))
            .sum::<u32>();
        *byte = (column_sum & 0xff) as u8;
        column_sum >>= 8;
    }
    sum
}
