use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{
    Verifier,
    formulas::{min, x, x_rules_differ},
};
use crate::{
    Random,
    client::XRule,
    field::{BYTES, FieldElement},
};

/// What a device keeps in place of a user's password: a salt and a verifier.
///
/// Whoever has the verifier can pose as the device and can try passwords offline, so it is wiped when dropped and not
/// shown by `Debug`.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Credentials {
    salt: [u8; Verifier::MAX_SALT],
    salt_len: usize,
    verifier: [u8; BYTES],
}

impl Credentials {
    /// Draws a salt of `salt_len` bytes (1 to 64; tools use 16) and derives the verifier.
    ///
    /// The salt never begins with a zero byte, which known clients drop (spec protocol.md 6.2). A user name that
    /// contains `:` is allowed, though `a:b` with `c` then has the verifier of `a` with `b:c`.
    ///
    /// # Errors
    /// Any [`CredentialsError`].
    pub fn generate(
        username: &[u8],
        password: &[u8],
        salt_len: usize,
        random: &mut dyn Random,
    ) -> Result<Self, CredentialsError> {
        if x_rules_differ(username, password) {
            return Err(CredentialsError::AmbiguousHash);
        }
        let mut buffer = [0; Verifier::MAX_SALT];
        let salt = buffer.get_mut(..salt_len).ok_or(CredentialsError::SaltLength)?;
        // A good source fails so often once in 2^128 times.
        for _ in 0..16 {
            random.fill(salt);
            if !salt.starts_with(&[0]) {
                return Self::derive(username, password, salt, XRule::Full);
            }
        }
        Err(CredentialsError::BrokenRandom)
    }

    /// Derives the verifier for a given salt: the same inputs give the same verifier.
    ///
    /// The salt is kept as it is; one that begins with a zero byte is refused only by [`Verifier::new`].
    ///
    /// # Errors
    /// Any [`CredentialsError`] but [`AmbiguousHash`](CredentialsError::AmbiguousHash), since `rule` says what is meant,
    /// and [`BrokenRandom`](CredentialsError::BrokenRandom).
    pub fn derive(username: &[u8], password: &[u8], salt: &[u8], rule: XRule) -> Result<Self, CredentialsError> {
        check(username, password)?;
        let mut credentials = Self {
            salt: [0; _],
            salt_len: salt.len(),
            verifier: [0; BYTES],
        };
        match credentials.salt.get_mut(..salt.len()) {
            Some(kept) if !salt.is_empty() => kept.copy_from_slice(salt),
            _ => return Err(CredentialsError::SaltLength),
        }
        let mut x = x(username, password, salt, rule);
        credentials.verifier = FieldElement::generator_power(&x).to_bytes();
        x.zeroize();
        Ok(credentials)
    }

    /// The salt.
    pub fn salt(&self) -> &[u8] {
        self.salt.get(..self.salt_len).unwrap_or_default()
    }

    /// The verifier, big-endian in its shortest form.
    pub fn verifier(&self) -> &[u8] {
        min(&self.verifier)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Why credentials cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Known devices refuse an empty user name.
    #[error("the user name is empty")]
    EmptyUsername,
    /// Known clients send such a name in one encoding and hash it in another, so that they never get in.
    #[error("the user name has other characters than ASCII, which known clients cannot use")]
    NonAsciiUsername,
    /// An empty password protects nothing.
    #[error("the password is empty")]
    EmptyPassword,
    /// The salt must have 1 to 64 bytes.
    #[error("the salt must have 1 to 64 bytes")]
    SaltLength,
    /// The hash of user name and password begins with a zero byte, which some known clients and tools drop and others
    /// keep: only some would get in. Happens to one password in 256; take another.
    #[error("known clients disagree on this one password in 256 (its hash begins with a zero byte): choose another")]
    AmbiguousHash,
    /// The random source gives only zeros.
    #[error("the random source gives only zeros")]
    BrokenRandom,
}

fn check(username: &[u8], password: &[u8]) -> Result<(), CredentialsError> {
    if username.is_empty() {
        Err(CredentialsError::EmptyUsername)
    } else if !username.is_ascii() {
        Err(CredentialsError::NonAsciiUsername)
    } else if password.is_empty() {
        Err(CredentialsError::EmptyPassword)
    } else {
        Ok(())
    }
}
