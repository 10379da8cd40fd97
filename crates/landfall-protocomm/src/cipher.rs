//! The ciphers and the key agreement of sessions, over the primitives of RustCrypto and dalek.
//!
//! No other module names `aes`, `ctr`, `aes-gcm` or `x25519-dalek`, and none but this one and `srp` names `sha2`: this
//! is where a chip's accelerators can stand in. A session keeps 32 bytes of key and expands them for each message, so
//! that it stays small and nothing is left of a key but what is wiped here.

use aes::{
    Aes256,
    cipher::{KeyIvInit, StreamCipher, StreamCipherSeek},
};
use aes_gcm::{
    AeadInOut, AesGcm, KeyInit,
    aead::consts::{U12, U16},
};
use sha2::{Digest, Sha256};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{NonceRule, Random};

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
        let public = PublicKey::from(&private).to_bytes();
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
    pub(crate) fn agree(self, peer: &[u8; 32], pop: &[u8]) -> Option<Key> {
        let secret = self.private.diffie_hellman(&PublicKey::from(*peer));
        if !secret.was_contributory() {
            return None;
        }
        let mut key = Key(secret.to_bytes());
        if !pop.is_empty() {
            key.0
                .iter_mut()
                .zip(Sha256::digest(pop))
                .for_each(|(byte, mask)| *byte ^= mask);
        }
        Some(key)
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

    /// Encrypts or decrypts `data` with the next bytes of the stream.
    pub(crate) fn apply(&mut self, data: &mut [u8]) {
        let mut stream = ctr::Ctr128BE::<Aes256>::new(&self.key.0.into(), &self.initial_block.into());
        stream.seek(self.position);
        stream.apply_keystream(data);
        // No session carries 2^64 bytes.
        self.position = self.position.wrapping_add(data.len() as u64);
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

    fn seal(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, CipherError> {
        let needed = len.saturating_add(TAG);
        let (plain, tag) = buffer
            .get_mut(..needed)
            .and_then(|message| message.split_last_chunk_mut::<TAG>())
            .ok_or(CipherError::BufferTooSmall { needed })?;
        *tag = match self.nonces.current()? {
            Iv::Short(iv) => {
                AesGcm::<Aes256, U12>::new(&self.key.0.into()).encrypt_inout_detached(&iv.into(), b"", plain.into())
            }
            Iv::Long(iv) => {
                AesGcm::<Aes256, U16>::new(&self.key.0.into()).encrypt_inout_detached(&iv.into(), b"", plain.into())
            }
        }
        // GCM's only limit: its own 32-bit counter of blocks, within one message.
        .map_err(|_| CipherError::CounterExhausted)?
        .into();
        self.nonces.advance();
        Ok(needed)
    }

    fn open<'m>(&mut self, message: &'m mut [u8]) -> Result<&'m mut [u8], CipherError> {
        let iv = self.nonces.current()?;
        let (data, tag) = message.split_last_chunk_mut::<TAG>().ok_or(CipherError::Forged)?;
        let tag = (*tag).into();
        match iv {
            Iv::Short(iv) => AesGcm::<Aes256, U12>::new(&self.key.0.into()).decrypt_inout_detached(
                &iv.into(),
                b"",
                (&mut *data).into(),
                &tag,
            ),
            Iv::Long(iv) => AesGcm::<Aes256, U16>::new(&self.key.0.into()).decrypt_inout_detached(
                &iv.into(),
                b"",
                (&mut *data).into(),
                &tag,
            ),
        }
        .map_err(|_| CipherError::Forged)?;
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
    pub(crate) fn seal(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, CipherError> {
        match self {
            Self::Stream(stream) => {
                let plain = buffer
                    .get_mut(..len)
                    .ok_or(CipherError::BufferTooSmall { needed: len })?;
                stream.apply(plain);
                Ok(len)
            }
            Self::Messages(cipher) => cipher.seal(buffer, len),
        }
    }

    /// Decrypts `message` in place and gives its plain part. An error leaves the cipher where it was.
    pub(crate) fn open<'m>(&mut self, message: &'m mut [u8]) -> Result<&'m mut [u8], CipherError> {
        match self {
            Self::Stream(stream) => {
                stream.apply(message);
                Ok(message)
            }
            Self::Messages(cipher) => cipher.open(message),
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
}

#[cfg(test)]
mod tests;
