//! SRP-6a with the 3072-bit group and SHA-512, as this protocol pads it (spec protocol.md 6.1, 6.2).
//!
//! A device keeps no password but a salt and a verifier, g^x: make them with [`Credentials`], and give them to
//! [`device::Security::Security2`](crate::device::Security) as a [`Verifier`].
//!
//! What depends on a secret runs in constant time: no branch and no address depends on a private exponent, on the
//! password or on the verifier. The exceptions are the protocol's own, lengths of what is hashed: K = H(MIN(S)); K
//! without its leading zero bytes, which is what some clients use; and the same of H(user:password) where the verifier
//! was made so. Each shows at most whether a secret hash or number begins with zeros.

mod client;
mod credentials;
mod device;
mod formulas;
#[cfg(test)]
mod tests;
mod verifier;

pub(crate) use client::{ClientEphemeral, ClientProofs};
pub use credentials::{Credentials, CredentialsError};
pub(crate) use device::{ClientPublic, DeviceProofs, Ephemeral, SecretFailed};
pub(crate) use formulas::{hash_username, x_rules_differ};
pub use verifier::{InvalidVerifier, Verifier, VerifierTable};
