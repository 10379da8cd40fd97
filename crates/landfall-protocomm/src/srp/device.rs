use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    Verifier,
    formulas::{DRAWS, HASH, MAX_STRIPPED, Proofs, Transcript, draw_private, min, multiplier, pad, session_key, u},
};
use crate::{
    Base, Crypto, CryptoFailed, Random,
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
    pub(crate) fn draw(
        crypto: &mut dyn Crypto,
        verifier: &Verifier<'_>,
        random: &mut dyn Random,
    ) -> Result<Self, CryptoFailed> {
        let mut ephemeral = Self::from_private(crypto, verifier, draw_private(random))?;
        for _ in 1..DRAWS {
            if ephemeral.public().len() == BYTES {
                break;
            }
            ephemeral = Self::from_private(crypto, verifier, draw_private(random))?;
        }
        Ok(ephemeral)
    }

    /// Makes the key pair of a given b.
    pub(crate) fn from_private(
        crypto: &mut dyn Crypto,
        verifier: &Verifier<'_>,
        private: [u8; 32],
    ) -> Result<Self, CryptoFailed> {
        let mut ephemeral = Self {
            private,
            public: [0; BYTES],
        };
        crypto.power(Base::GENERATOR, &ephemeral.private, &mut ephemeral.public)?;
        ephemeral.blind(verifier);
        Ok(ephemeral)
    }

    /// Adds k·v to g^b.
    #[inline(never)]
    fn blind(&mut self, verifier: &Verifier<'_>) {
        let mut public = multiplier();
        public.mul_assign(verifier.table().verifier());
        public.add_assign(&FieldElement::from_bytes(&self.public));
        public.write(&mut self.public);
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
    /// Works out S = (A·v^u)^b and what follows from it. The key pair must never be used again.
    pub(crate) fn new(
        crypto: &mut dyn Crypto,
        verifier: &Verifier<'_>,
        ephemeral: &Ephemeral,
        username_hash: &[u8; HASH],
        client: &ClientPublic,
    ) -> Result<Self, SecretFailed> {
        let mut key = shared_key(crypto, verifier, ephemeral, client)?;
        let transcript = Transcript {
            username_hash,
            salt: verifier.salt(),
            client_public: client.received(),
            device_public: ephemeral.public(),
        };
        let proofs = Self::over(&transcript, &key);
        key.zeroize();
        Ok(proofs)
    }

    /// Apart from [`Self::new`], whose stack is below that of the powers.
    #[inline(never)]
    fn over(transcript: &Transcript<'_>, key: &[u8; HASH]) -> Self {
        Self {
            regular: transcript.proofs(key),
            stripped: transcript.proofs(min_key(key)),
        }
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

/// Why there is no shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretFailed {
    /// Of the public keys.
    Parameter(&'static str),
    /// Of what computes.
    Crypto,
}

impl From<CryptoFailed> for SecretFailed {
    fn from(_: CryptoFailed) -> Self {
        Self::Crypto
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

/// K.
#[inline(never)]
fn shared_key(
    crypto: &mut dyn Crypto,
    verifier: &Verifier<'_>,
    ephemeral: &Ephemeral,
    client: &ClientPublic,
) -> Result<[u8; HASH], SecretFailed> {
    let u = u(client.padded(), &ephemeral.public).map_err(SecretFailed::Parameter)?;
    let mut base = Zeroizing::new([0; BYTES]);
    crypto.power(Base::verifier(verifier.table()), &u, &mut base)?;
    multiply(&mut base, client.padded());
    let mut secret = Zeroizing::new([0; BYTES]);
    crypto.power(Base::number(&base), &ephemeral.private, &mut secret)?;
    Ok(session_key(&secret))
}

/// Not in the [`Crypto`] seam: a single product costs less than what takes the numbers to a peripheral and back.
#[inline(never)]
fn multiply(number: &mut [u8; BYTES], factor: &[u8; BYTES]) {
    let mut product = FieldElement::from_bytes(number);
    product.mul_assign(&FieldElement::from_bytes(factor));
    product.write(number);
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
