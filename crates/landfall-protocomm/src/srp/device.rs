use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{
    Verifier,
    formulas::{DRAWS, HASH, MAX_STRIPPED, Proofs, Transcript, draw_private, min, multiplier, pad, session_key, u},
};
use crate::{
    Random,
    field::{BYTES, FieldElement},
};

/// The device's key pair for one handshake: b, and B = k·v + g^b.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Ephemeral {
    private: [u8; 32],
    public: [u8; BYTES],
}

impl Ephemeral {
    /// Draws a key pair.
    ///
    /// Draws again until B fills all its bytes, so that no client can differ with us over its padding (and B is not 0):
    /// [`DRAWS`] times at most, since a shorter B is legal too (spec protocol.md 6.2). The top bit of b is set, as known
    /// peers do: a poor source cannot then make a small exponent.
    pub(crate) fn draw(verifier: &Verifier<'_>, random: &mut dyn Random) -> Self {
        let mut ephemeral = Self::from_private(verifier, draw_private(random));
        for _ in 1..DRAWS {
            if ephemeral.public().len() == BYTES {
                break;
            }
            ephemeral = Self::from_private(verifier, draw_private(random));
        }
        ephemeral
    }

    /// Makes the key pair of a given b.
    pub(crate) fn from_private(verifier: &Verifier<'_>, private: [u8; 32]) -> Self {
        let mut public = multiplier();
        public.mul_assign(verifier.table().verifier());
        public.add_assign(&FieldElement::generator_power(&private));
        Self {
            private,
            public: public.to_bytes(),
        }
    }

    /// MIN(B), as it travels.
    pub(crate) fn public(&self) -> &[u8] {
        min(&self.public)
    }
}

/// The client's A: not 0 modulo N.
pub(crate) struct ClientPublic {
    bytes: [u8; BYTES],
    received_len: usize,
}

impl ClientPublic {
    /// Takes A as received.
    ///
    /// Honest clients send 384 bytes; Espressif's Android library drops leading zero bytes (spec protocol.md 6.2).
    pub(crate) fn new(received: &[u8]) -> Result<Self, &'static str> {
        if received.len() < BYTES - MAX_STRIPPED {
            return Err("the client's public key is too short");
        }
        let bytes = pad(received).ok_or("the client's public key is too long")?;
        if FieldElement::from_bytes(&bytes).is_zero() {
            return Err("the client's public key is zero modulo N");
        }
        Ok(Self {
            bytes,
            received_len: received.len(),
        })
    }

    /// PAD(A).
    fn padded(&self) -> &[u8; BYTES] {
        &self.bytes
    }

    /// A as received.
    fn received(&self) -> &[u8] {
        let dropped = BYTES.saturating_sub(self.received_len);
        self.bytes.get(dropped..).unwrap_or_default()
    }
}

/// What the device expects of a client that knows the password, and what it answers.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct DeviceProofs {
    regular: Proofs,
    /// Over MIN(K), for clients that drop its leading zero bytes; mostly K has none and both are the same.
    stripped: Proofs,
}

impl DeviceProofs {
    /// Works out S = (A·v^u)^b and what follows from it. Takes the key pair, since it must never be used twice.
    pub(crate) fn new(
        verifier: &Verifier<'_>,
        ephemeral: Ephemeral,
        username_hash: &[u8; HASH],
        client: &ClientPublic,
    ) -> Result<Self, &'static str> {
        let u = u(client.padded(), &ephemeral.public)?;
        let mut secret = verifier.table().pow(&u);
        secret.mul_assign(&FieldElement::from_bytes(client.padded()));
        secret.pow::<7>(&ephemeral.private);
        let mut key = session_key(&secret);
        let transcript = Transcript {
            username_hash,
            salt: verifier.salt(),
            client_public: client.received(),
            device_public: ephemeral.public(),
        };
        let proofs = Self {
            regular: transcript.proofs(&key),
            stripped: transcript.proofs(min_key(&key)),
        };
        key.zeroize();
        Ok(proofs)
    }

    /// Compares the client's proof: 64 bytes, or less where the client dropped leading zero bytes.
    pub(crate) fn check(&self, proof: &[u8]) -> Option<Accepted> {
        if proof.len() < HASH - MAX_STRIPPED {
            return None;
        }
        let proof: [u8; HASH] = pad(proof)?;
        let regular = self.regular.client.ct_eq(&proof);
        let stripped = self.stripped.client.ct_eq(&proof);
        let accepted = Accepted {
            device_proof: select(&self.stripped.device, &self.regular.device, regular),
            key: select(&self.stripped.key, &self.regular.key, regular),
        };
        bool::from(regular | stripped).then_some(accepted)
    }
}

/// What follows from a right proof.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Accepted {
    /// M2, the device's own proof.
    pub(crate) device_proof: [u8; HASH],
    /// The AES key.
    pub(crate) key: [u8; 32],
}

/// MIN(K), but for more zero bytes than ever come.
fn min_key(key: &[u8; HASH]) -> &[u8] {
    let stripped = min(key);
    if stripped.len() < HASH - MAX_STRIPPED {
        key
    } else {
        stripped
    }
}

/// The first array, or the second one if chosen.
fn select<const LENGTH: usize>(first: &[u8; LENGTH], second: &[u8; LENGTH], chosen: Choice) -> [u8; LENGTH] {
    let mut selected = *first;
    selected
        .iter_mut()
        .zip(second)
        .for_each(|(to, from)| to.conditional_assign(from, chosen));
    selected
}
