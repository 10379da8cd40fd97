//! What a device of ours asks of its clients.

use std::fs;

use landfall_device::{PayloadSecret, Security, protocomm::NonceRule};
use zeroize::Zeroizing;

use super::simulated::{DEVELOPMENT_SECRET, DEVELOPMENT_USER};
use crate::{
    args::DeviceSecret,
    failure::{Failure, Problem},
    print::{Printer, text::from_hex},
};

/// A device's secret, and how it came by it.
pub(super) struct Secret {
    pub(super) security: Security,
    username: String,
    /// The proof of possession or password, unless only a verifier is known.
    text: Option<Zeroizing<String>>,
    /// Everyone knows it.
    is_development: bool,
}

impl Secret {
    /// The secret that was given, or that of Espressif's examples.
    pub(super) fn of(args: &DeviceSecret) -> Result<Self, Failure> {
        match scheme(args) {
            0 => Ok(Self {
                security: Security::Security0,
                username: String::new(),
                text: None,
                is_development: false,
            }),
            1 => Self::proof_of_possession(args),
            _ => Self::user(args),
        }
    }

    fn proof_of_possession(args: &DeviceSecret) -> Result<Self, Failure> {
        let given = args.pop.given()?;
        let is_development = given.is_none();
        let pop = given.unwrap_or_else(|| Zeroizing::new(DEVELOPMENT_SECRET.into()));
        let text = text(&pop, "proof of possession")?;
        let pop = (!pop.is_empty()).then_some(pop);
        let text = pop.is_some().then_some(text);
        Ok(Self {
            security: Security::Security1 { pop },
            username: String::new(),
            text,
            is_development,
        })
    }

    fn user(args: &DeviceSecret) -> Result<Self, Failure> {
        let given = args.password.given()?;
        let is_development = given.is_none() && args.salt.is_none();
        let (mut security, text) = match (&args.salt, &args.verifier, given) {
            (Some(salt), Some(verifier), _) => (verifier_of(salt.expose(), verifier.expose())?, None),
            (_, _, None) if args.username == DEVELOPMENT_USER => (
                Security::development(),
                Some(Zeroizing::new(DEVELOPMENT_SECRET.to_owned())),
            ),
            (_, _, given) => {
                let password = given.unwrap_or_else(|| Zeroizing::new(DEVELOPMENT_SECRET.into()));
                let security = Security::from_password(&args.username, &password).map_err(|error| {
                    Failure::new(Problem::BadArgument)
                        .saying("user name or password cannot be used")
                        .because(error)
                })?;
                (security, Some(text(&password, "password")?))
            }
        };
        if let (Security::Security2 { nonce_rule, .. }, true) = (&mut security, args.insecure_static_nonce) {
            *nonce_rule = NonceRule::StaticInsecure2022;
        }
        Ok(Self {
            security,
            username: args.username.clone(),
            text,
            is_development,
        })
    }

    /// Whether clients need to know nothing, or only what everybody knows.
    pub(super) fn is_everybodys(&self) -> bool {
        let asks_nothing = matches!(self.security, Security::Security0 | Security::Security1 { pop: None });
        self.is_development || asks_nothing
    }

    /// What the QR code shows, if it may show it.
    pub(super) fn for_label(&self, show_password: bool) -> PayloadSecret<'_> {
        match (&self.security, &self.text) {
            _ if !self.is_for_label(show_password) => PayloadSecret::Hidden,
            (Security::Security1 { .. }, Some(pop)) => PayloadSecret::Pop(pop),
            (Security::Security2 { .. }, Some(pop)) => PayloadSecret::UsernameAndPop {
                username: &self.username,
                pop,
            },
            _ => PayloadSecret::Hidden,
        }
    }

    /// Whether the QR code may show what clients need to know: as in Espressif's example a proof of possession and
    /// development credentials, but no password of the user's own unless asked to (spec manager.md 9). It holds for the
    /// key of the device's access point as well.
    pub(super) const fn is_for_label(&self, show_password: bool) -> bool {
        !matches!(self.security, Security::Security2 { .. }) || self.is_development || show_password
    }
}

/// The scheme that was chosen, or follows from the secret that was given.
fn scheme(args: &DeviceSecret) -> u8 {
    let default = if args.pop.is_given() && !args.has_password() {
        1
    } else {
        2
    };
    args.sec_ver.unwrap_or(default)
}

/// What is for another scheme than the device's is ignored, but not in silence.
pub(super) fn warn_of_unused(args: &DeviceSecret, printer: &Printer) {
    let scheme = scheme(args);
    if scheme != 1 && args.pop.is_given() {
        printer.hint(&format!(
            "security {scheme} takes no proof of possession: it is not used"
        ));
    }
    if scheme != 2 && args.has_password() {
        printer.hint(&format!("security {scheme} takes no password: it is not used"));
    }
}

fn verifier_of(salt: &str, verifier: &str) -> Result<Security, Failure> {
    let salt = from_hex(salt).ok_or_else(|| Failure::new(Problem::NotHex).saying("--salt is not hex"))?;
    let octets = from_hex(verifier)
        .or_else(|| from_hex(&fs::read_to_string(verifier).ok()?))
        .ok_or_else(|| {
            Failure::new(Problem::NotHex)
                .saying("--verifier is neither hex nor a file of hex")
                .hint("make both: landfall credentials --format hex")
        })?;
    Ok(Security::Security2 {
        salt,
        verifier: Zeroizing::new(octets),
        nonce_rule: NonceRule::Counter,
    })
}

fn text(secret: &[u8], what: &str) -> Result<Zeroizing<String>, Failure> {
    core::str::from_utf8(secret)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| Failure::new(Problem::NotText).saying(format!("the {what} is no text")))
}
