use std::sync::LazyLock;

use landfall_client::Secret;
use landfall_protocomm::{
    NonceRule,
    client::XRule,
    device::Security,
    srp::{Credentials, Verifier, VerifierTable},
};
use zeroize::Zeroizing;

/// The security of the pair's device. Secrets are always the same ones, long enough to be searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Security 0.
    Security0,
    /// Security 1 with a proof of possession.
    Security1,
    /// Security 1 without one.
    Security1WithoutPop,
    /// Security 2 with the counter rule.
    Security2,
}

/// Proof of possession of [`Scheme::Security1`].
pub const POP: &[u8] = b"pop-of-the-pair";
/// User name of [`Scheme::Security2`].
pub const USERNAME: &str = "pair-user";
/// Password of [`Scheme::Security2`].
pub const PASSWORD: &[u8] = b"password-of-the-pair";

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Security0,
        Self::Security1,
        Self::Security1WithoutPop,
        Self::Security2,
    ];

    /// The device's side.
    pub fn device(self) -> Security<'static> {
        match self {
            Self::Security0 => Security::Security0,
            Self::Security1 => Security::Security1 { pop: Some(POP) },
            Self::Security1WithoutPop => Security::Security1 { pop: None },
            Self::Security2 => Security::Security2 {
                verifier: *VERIFIER,
                nonce_rule: NonceRule::Counter,
            },
        }
    }

    /// What the owner knows: what such a device asks for, and no more, since a client refuses a device that asks for
    /// less than it was given.
    pub fn secret(self) -> Secret {
        self.secret_with(POP, PASSWORD)
    }

    /// What a stranger guesses.
    pub fn wrong_secret(self) -> Secret {
        self.secret_with(b"no-such-pop", b"no-such-password")
    }

    /// Whether a wrong secret is noticed.
    pub fn asks_for_secret(self) -> bool {
        matches!(self, Self::Security1 | Self::Security2)
    }

    /// Whether requests and answers travel hidden.
    pub fn hides(self) -> bool {
        self != Self::Security0
    }

    /// Whether an altered message is noticed.
    pub fn authenticates(self) -> bool {
        self == Self::Security2
    }

    fn secret_with(self, pop: &[u8], password: &[u8]) -> Secret {
        match self {
            Self::Security0 | Self::Security1WithoutPop => Secret::default(),
            Self::Security1 => Secret {
                pop: Some(Zeroizing::new(pop.to_vec())),
                ..Secret::default()
            },
            Self::Security2 => Secret {
                username: Some(USERNAME.to_owned()),
                password: Some(Zeroizing::new(password.to_vec())),
                ..Secret::default()
            },
        }
    }
}

static CREDENTIALS: LazyLock<(Credentials, VerifierTable)> = LazyLock::new(|| {
    let salt = b"sixteen-byte-sal";
    let credentials = Credentials::derive(USERNAME.as_bytes(), PASSWORD, salt, XRule::Full).expect("valid constants");
    let table = VerifierTable::new(credentials.verifier()).expect("a derived verifier is valid");
    (credentials, table)
});

static VERIFIER: LazyLock<Verifier<'static>> = LazyLock::new(|| {
    let (credentials, table) = &*CREDENTIALS;
    Verifier::new(credentials.salt(), table).expect("the salt is valid")
});
