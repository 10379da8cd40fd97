use core::fmt;

use landfall_protocomm::{
    NonceRule,
    client::XRule,
    device,
    srp::{self, CredentialsError, InvalidVerifier, Verifier, VerifierTable},
};
use zeroize::Zeroizing;

use crate::clock::os_random;

/// What a device asks of a client before it takes its requests: the owned counterpart of
/// [`landfall_protocomm::device::Security`].
#[derive(Clone)]
pub enum Security {
    /// Nothing: requests travel in the clear.
    Security0,
    /// X25519 and AES-CTR, with an optional proof of possession.
    Security1 {
        /// The proof of possession.
        pop: Option<Zeroizing<Vec<u8>>>,
    },
    /// SRP-6a and AES-GCM.
    Security2 {
        /// The salt of the one user.
        salt: Vec<u8>,
        /// The verifier made with it.
        verifier: Zeroizing<Vec<u8>>,
        /// How IVs are formed.
        nonce_rule: NonceRule,
    },
}

impl Security {
    /// Security 2 for a user and a password, with a fresh salt of 16 bytes.
    ///
    /// # Errors
    /// [`CredentialsError`] if known clients could not use them.
    pub fn from_password(username: &str, password: &[u8]) -> Result<Self, CredentialsError> {
        const SALT_LEN: usize = 16;
        srp::Credentials::generate(username.as_bytes(), password, SALT_LEN, &mut os_random).map(Self::from)
    }

    /// Security 2 as Espressif's example has it in development mode: user `wifiprov`, password `abcd1234`, and a salt
    /// that everyone knows (spec manager.md 9). For trials only.
    pub fn development() -> Self {
        const SALT: [u8; 16] = *b"\x03\x6e\xe0\xc7\xbc\xb9\xed\xa8\x4c\x9e\xac\x97\xd9\x3d\xec\xf4";
        srp::Credentials::derive(b"wifiprov", b"abcd1234", &SALT, XRule::Full)
            .map(Self::from)
            .expect("the example's user, password and salt are in range")
    }

    /// The scheme's number: 0, 1 or 2.
    pub const fn scheme(&self) -> u8 {
        match self {
            Self::Security0 => 0,
            Self::Security1 { .. } => 1,
            Self::Security2 { .. } => 2,
        }
    }

    /// The powers of the verifier; `None` without one.
    pub(crate) fn table(&self) -> Result<Option<Box<VerifierTable>>, InvalidVerifier> {
        match self {
            Self::Security0 | Self::Security1 { .. } => Ok(None),
            Self::Security2 { verifier, .. } => VerifierTable::new(verifier).map(|table| Some(Box::new(table))),
        }
    }

    /// The scheme as the manager borrows it, with the `table` that [`Security::table`] gave.
    pub(crate) fn borrow<'a>(
        &'a self,
        table: Option<&'a VerifierTable>,
    ) -> Result<device::Security<'a>, InvalidVerifier> {
        Ok(match self {
            Self::Security0 => device::Security::Security0,
            Self::Security1 { pop } => device::Security::Security1 {
                pop: pop.as_ref().map(|pop| pop.as_slice()),
            },
            Self::Security2 { salt, nonce_rule, .. } => device::Security::Security2 {
                verifier: Verifier::new(salt, table.expect("security 2 comes with a table"))?,
                nonce_rule: *nonce_rule,
            },
        })
    }
}

impl From<srp::Credentials> for Security {
    fn from(credentials: srp::Credentials) -> Self {
        Self::Security2 {
            salt: credentials.salt().to_vec(),
            verifier: Zeroizing::new(credentials.verifier().to_vec()),
            nonce_rule: NonceRule::Counter,
        }
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Security0 => f.write_str("Security0"),
            Self::Security1 { pop: None } => f.write_str("Security1 { pop: (none) }"),
            Self::Security1 { pop: Some(_) } => f.write_str("Security1 { pop: (hidden) }"),
            Self::Security2 { nonce_rule, .. } => write!(f, "Security2 {{ nonce_rule: {nonce_rule:?}, .. }}"),
        }
    }
}
