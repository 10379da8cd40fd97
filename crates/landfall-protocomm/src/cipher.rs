//! The ciphers and the key agreement of sessions, over [`Crypto`] and, for X25519, dalek.
//!
//! A session keeps 32 bytes of key and expands them for each message, so that it stays small and nothing is left of a
//! key but what is wiped here.

use x25519_dalek::{PublicKey, StaticSecret, X25519_BASEPOINT_BYTES};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Crypto, CryptoFailed, NonceRule, Random};

mod gcm;
mod ghash;

use gcm::Gcm;

/// Length of a GCM tag, bytes: what a message grows by under security 2.
pub(crate) const TAG: usize = 16;

/// A 256-bit key.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// Takes the first half of SRP's K, which is the AES key of security 2 (spec protocol.md 6.2).
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// One side's X25519 key pair, for one handshake.
pub(crate) struct KeyPair {
    private: StaticSecret,
    public: [u8; 32],
}

impl KeyPair {
    /// Draws a key pair.
    pub(crate) fn draw(random: &mut dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        let private = StaticSecret::from(bytes);
        bytes.zeroize();
        // By the same code as the secret: that for known points would be as much again, and no faster without tables.
        let public = private
            .diffie_hellman(&PublicKey::from(X25519_BASEPOINT_BYTES))
            .to_bytes();
        Self { private, public }
    }

    /// The public key as it travels.
    pub(crate) fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Works out the session's key (spec protocol.md 5.1): Z, xor SHA-256(PoP) if there is one. The top bit of `peer`
    /// is ignored, as RFC 7748 demands.
    ///
    /// `None` for a public key of low order, which would make Z zero whatever the private key.
    pub(crate) fn agree(
        self,
        crypto: &mut dyn Crypto,
        peer: &[u8; 32],
        pop: &[u8],
    ) -> Result<Option<Key>, CryptoFailed> {
        let secret = self.private.diffie_hellman(&PublicKey::from(*peer));
        if !secret.was_contributory() {
            return Ok(None);
        }
        let mut key = Key(secret.to_bytes());
        if !pop.is_empty() {
            let mask = Zeroizing::new(crypto.sha256(pop)?);
            key.0.iter_mut().zip(mask.iter()).for_each(|(byte, mask)| *byte ^= mask);
        }
        Ok(Some(key))
    }
}

/// The one AES-256-CTR key stream of a security 1 session, shared by both directions (spec protocol.md 5.2).
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct KeyStream {
    key: Key,
    initial_block: [u8; 16],
    position: u64,
}

impl KeyStream {
    /// The stream from its start. `initial_block` counts up as one big-endian number that wraps at 2^128.
    pub(crate) fn new(key: Key, initial_block: [u8; 16]) -> Self {
        Self {
            key,
            initial_block,
            position: 0,
        }
    }

    /// Encrypts or decrypts `data` with the next bytes of the stream. An error leaves the stream where it was.
    pub(crate) fn apply(&mut self, crypto: &mut dyn Crypto, data: &mut [u8]) -> Result<(), CryptoFailed> {
        let used = (self.position % 16) as usize;
        let counter = u128::from_be_bytes(self.initial_block).wrapping_add(u128::from(self.position / 16));
        // No session carries 2^64 bytes.
        let end = self.position.wrapping_add(data.len() as u64);
        let (begun, whole) = data.split_at_mut(data.len().min((16 - used) % 16));
        if !begun.is_empty() {
            let mut block = Zeroizing::new([0; 16]);
            crypto.aes_ctr(&self.key.0, &counter.to_be_bytes(), &mut *block)?;
            let unused = block.iter().skip(used);
            begun.iter_mut().zip(unused).for_each(|(byte, mask)| *byte ^= mask);
        }
        if !whole.is_empty() {
            let counter = counter.wrapping_add(u128::from(used != 0));
            crypto.aes_ctr(&self.key.0, &counter.to_be_bytes(), whole)?;
        }
        self.position = end;
        Ok(())
    }
}

/// AES-256-GCM as security 2 uses it: one key for both directions, an IV for each message (spec protocol.md 6.5).
pub(crate) struct MessageCipher {
    key: Key,
    nonces: Nonces,
}

impl MessageCipher {
    /// The cipher of a session that has carried nothing yet.
    pub(crate) fn new(key: Key, nonces: Nonces) -> Self {
        Self { key, nonces }
    }

    fn seal(&mut self, crypto: &mut dyn Crypto, buffer: &mut [u8], len: usize) -> Result<usize, CipherError> {
        let needed = len.saturating_add(TAG);
        let (plain, tag) = buffer
            .get_mut(..needed)
            .and_then(|message| message.split_last_chunk_mut::<TAG>())
            .ok_or(CipherError::BufferTooSmall { needed })?;
        let iv = self.nonces.current()?;
        *tag = Gcm::new(crypto, &self.key, &iv)?.seal(plain)?;
        self.nonces.advance();
        Ok(needed)
    }

    fn open<'m>(&mut self, crypto: &mut dyn Crypto, message: &'m mut [u8]) -> Result<&'m mut [u8], CipherError> {
        let iv = self.nonces.current()?;
        let (data, tag) = message.split_last_chunk_mut::<TAG>().ok_or(CipherError::Forged)?;
        if !Gcm::new(crypto, &self.key, &iv)?.open(data, tag)? {
            return Err(CipherError::Forged);
        }
        self.nonces.advance();
        Ok(data)
    }
}

/// The IVs of a security 2 session, from the `device_nonce` both ends know.
#[derive(Clone, Copy)]
pub(crate) enum Nonces {
    /// [`NonceRule::Counter`]. The counter is that of the next message; 0 once it is at its end.
    Counter { session: [u8; 8], counter: u32 },
    /// [`NonceRule::StaticInsecure2022`].
    Static(Iv),
}

impl Nonces {
    /// Draws the IVs of a new session, as a device does.
    pub(crate) fn draw(rule: NonceRule, random: &mut dyn Random) -> Self {
        match rule {
            NonceRule::Counter => {
                let mut session = [0; 8];
                random.fill(&mut session);
                Self::Counter { session, counter: 1 }
            }
            NonceRule::StaticInsecure2022 => {
                let mut iv = [0; 16];
                random.fill(&mut iv);
                Self::Static(Iv::Long(iv))
            }
        }
    }

    /// Takes the nonce that a client received: 12 bytes, or under the static rule also 16. `None` for other lengths.
    pub(crate) fn from_device(rule: NonceRule, nonce: &[u8]) -> Option<Self> {
        match rule {
            NonceRule::Counter => {
                let (session, counter) = nonce.split_first_chunk()?;
                let counter = counter.try_into().ok()?;
                Some(Self::Counter {
                    session: *session,
                    counter: u32::from_be_bytes(counter),
                })
            }
            NonceRule::StaticInsecure2022 => {
                let short = nonce.try_into().map(Iv::Short);
                short.or_else(|_| nonce.try_into().map(Iv::Long)).ok().map(Self::Static)
            }
        }
    }

    /// The IV where the counter stands. Before the first message this is the `device_nonce` that travels.
    pub(crate) fn iv(&self) -> Iv {
        match *self {
            Self::Counter {
                session: [a, b, c, d, e, f, g, h],
                counter,
            } => {
                let [i, j, k, l] = counter.to_be_bytes();
                Iv::Short([a, b, c, d, e, f, g, h, i, j, k, l])
            }
            Self::Static(iv) => iv,
        }
    }

    /// Whether no message can follow.
    pub(crate) fn is_exhausted(&self) -> bool {
        matches!(self, Self::Counter { counter: 0, .. })
    }

    /// The IV of the next message.
    fn current(&self) -> Result<Iv, CipherError> {
        if self.is_exhausted() {
            Err(CipherError::CounterExhausted)
        } else {
            Ok(self.iv())
        }
    }

    fn advance(&mut self) {
        if let Self::Counter { counter, .. } = self {
            *counter = counter.wrapping_add(1);
        }
    }
}

/// An initialisation vector in one of the two lengths that devices send.
#[derive(Clone, Copy)]
pub(crate) enum Iv {
    Short([u8; 12]),
    Long([u8; 16]),
}

impl Iv {
    /// The IV as it travels.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(bytes) => bytes,
            Self::Long(bytes) => bytes,
        }
    }
}

/// The cipher of an established session. Both ends hold an equal one and move it with every message, either way.
pub(crate) enum SessionCipher {
    /// Security 1.
    Stream(KeyStream),
    /// Security 2.
    Messages(MessageCipher),
}

impl SessionCipher {
    /// Encrypts the first `len` bytes of `buffer` in place and gives the length of the message. An error leaves the
    /// cipher where it was.
    pub(crate) fn seal(
        &mut self,
        crypto: &mut dyn Crypto,
        buffer: &mut [u8],
        len: usize,
    ) -> Result<usize, CipherError> {
        match self {
            Self::Stream(stream) => {
                let plain = buffer
                    .get_mut(..len)
                    .ok_or(CipherError::BufferTooSmall { needed: len })?;
                stream.apply(crypto, plain)?;
                Ok(len)
            }
            Self::Messages(cipher) => cipher.seal(crypto, buffer, len),
        }
    }

    /// Decrypts `message` in place and gives its plain part. An error leaves the cipher where it was.
    pub(crate) fn open<'m>(
        &mut self,
        crypto: &mut dyn Crypto,
        message: &'m mut [u8],
    ) -> Result<&'m mut [u8], CipherError> {
        match self {
            Self::Stream(stream) => {
                stream.apply(crypto, message)?;
                Ok(message)
            }
            Self::Messages(cipher) => cipher.open(crypto, message),
        }
    }
}

/// Why a message could not be encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CipherError {
    /// The message does not fit into the caller's buffer.
    BufferTooSmall { needed: usize },
    /// Not a message of the other end, or not the next one.
    Forged,
    /// No IV is left.
    CounterExhausted,
    /// [`CryptoFailed`]: what the message has become does not matter.
    Crypto,
}

impl From<CryptoFailed> for CipherError {
    fn from(_: CryptoFailed) -> Self {
        Self::Crypto
    }
}

#[cfg(test)]
mod tests;
