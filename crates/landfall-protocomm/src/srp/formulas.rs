//! The formulas that both roles share, each with the padding that is really used (spec protocol.md 6.2).

use sha2::{Digest, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    Random,
    client::XRule,
    field::{BYTES, FieldElement, hex},
};

/// Bytes of a SHA-512 hash: u, x, K, M1 and M2 are one each.
pub(super) const HASH: usize = 64;

/// Leading zero bytes that a peer may have dropped from a number of full length, at most.
///
/// Espressif's Android library drops them (spec protocol.md 6.2); one more than this comes once in 2^72 numbers.
pub(super) const MAX_STRIPPED: usize = 8;

/// Draws of a key pair until its public key fills all its bytes, at most.
///
/// One draw in 256 is too short; only a broken source, which always gives the same, comes to the end.
pub(super) const DRAWS: usize = 64;

/// k = H(PAD(N) ‖ PAD(g)).
pub(super) const MULTIPLIER: [u8; HASH] = hex("a9c2e2559bf0ebb53f0cbbf62282906bede7f2182f00678211fbd5bde5b28503\
     3a4993503b87397f9be5ec02080fedbc0835587ad039060879b8621e8c3659e0");

/// H(PAD(N)) xor H(PAD(g)), the first part of M1's input.
pub(super) const GROUP_HASH: [u8; HASH] = hex("dad76ed5365ed7bf6bbc1bfa050981458392bbd35a50335d03db3c7535b261d1\
     c902f2ffb8647125bd28ce966c066d5be9b939216c6078b65889299c61624694");

/// H(user), as it enters M1.
pub(crate) fn hash_username(username: &[u8]) -> [u8; HASH] {
    hash(&[username])
}

/// Whether the two rules for x give different results for these credentials.
pub(crate) fn x_rules_differ(username: &[u8], password: &[u8]) -> bool {
    let mut inner = hash_credentials(username, password);
    let differ = inner.starts_with(&[0]);
    inner.zeroize();
    differ
}

/// x = H(salt ‖ H(user ‖ ":" ‖ password)), under either rule.
///
/// The stripped rule drops leading zero bytes of both inputs, as esp_prov does, which holds them as integers.
pub(super) fn x(username: &[u8], password: &[u8], salt: &[u8], rule: XRule) -> [u8; HASH] {
    let mut inner = hash_credentials(username, password);
    let x = match rule {
        XRule::Full => hash(&[salt, &inner]),
        XRule::Stripped => hash(&[min(salt), min(&inner)]),
    };
    inner.zeroize();
    x
}

/// u = H(PAD(A) ‖ PAD(B)).
///
/// # Errors
/// u = 0: S would not depend on the password.
pub(super) fn u(client_public: &[u8; BYTES], device_public: &[u8; BYTES]) -> Result<[u8; HASH], &'static str> {
    let u = hash(&[client_public, device_public]);
    if u == [0; HASH] {
        Err("the public keys hash to zero")
    } else {
        Ok(u)
    }
}

/// K = H(MIN(S)).
pub(super) fn session_key(secret: &[u8; BYTES]) -> [u8; HASH] {
    hash(&[min(secret)])
}

/// Draws a private exponent.
pub(super) fn draw_private(random: &mut dyn Random) -> [u8; 32] {
    let mut private = [0; 32];
    random.fill(&mut private);
    private[0] |= 0x80;
    private
}

/// k as a field element.
pub(super) fn multiplier() -> FieldElement {
    let mut bytes = [0; BYTES];
    let (_, low) = bytes.split_at_mut(BYTES - HASH);
    low.copy_from_slice(&MULTIPLIER);
    FieldElement::from_bytes(&bytes)
}

/// What both ends know of a handshake but for the key, in the form in which the proofs hash it.
pub(super) struct Transcript<'a> {
    /// H(user).
    pub(super) username_hash: &'a [u8; HASH],
    /// The salt as the device sends it.
    pub(super) salt: &'a [u8],
    /// A as the client sends it.
    pub(super) client_public: &'a [u8],
    /// MIN(B).
    pub(super) device_public: &'a [u8],
}

/// The two proofs of a handshake and the key they vouch for.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Proofs {
    /// M1.
    pub(super) client: [u8; HASH],
    /// M2.
    pub(super) device: [u8; HASH],
    /// The AES key: the first half of K.
    pub(super) key: [u8; 32],
}

impl Transcript<'_> {
    /// Computes M1, M2 and the AES key from K; `session_key` is K or, for clients that hold it as an integer, MIN(K).
    pub(super) fn proofs(&self, session_key: &[u8]) -> Proofs {
        let client = hash(&[
            &GROUP_HASH,
            self.username_hash,
            self.salt,
            self.client_public,
            self.device_public,
            session_key,
        ]);
        let device = hash(&[self.client_public, &client, session_key]);
        let mut key = [0; 32];
        key.iter_mut().zip(session_key).for_each(|(to, from)| *to = *from);
        Proofs { client, device, key }
    }
}

/// MIN: the shortest big-endian form.
pub(super) fn min(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// PAD: big-endian on the length of the modulus or of a hash; `None` if it is longer.
pub(super) fn pad<const LENGTH: usize>(bytes: &[u8]) -> Option<[u8; LENGTH]> {
    let mut padded = [0; LENGTH];
    let start = LENGTH.checked_sub(bytes.len())?;
    padded.get_mut(start..)?.copy_from_slice(bytes);
    Some(padded)
}

fn hash_credentials(username: &[u8], password: &[u8]) -> [u8; HASH] {
    hash(&[username, b":", password])
}

fn hash(parts: &[&[u8]]) -> [u8; HASH] {
    let mut hash = Sha512::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}
