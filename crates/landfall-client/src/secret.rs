use alloc::{string::String, vec::Vec};
use core::fmt;

use landfall_protocomm::{
    NonceRule,
    client::{Security, XRule},
};
use zeroize::Zeroizing;

use crate::{Error, VersionInfo};

/// What the caller knows of the device's secrets; the fitting one is used. Never shown by `Debug`, wiped when dropped.
#[derive(Clone, Default)]
pub struct Secret {
    /// Proof of possession, for security 1.
    pub pop: Option<Zeroizing<Vec<u8>>>,
    /// User name, for security 2.
    pub username: Option<String>,
    /// Password, for security 2.
    pub password: Option<Zeroizing<Vec<u8>>>,
    /// Scheme to insist on; `None`: what the device says. What it says is not authenticated, so a device that asks for
    /// less than was given is refused ([`Error::Downgrade`]) unless its scheme is insisted on.
    pub scheme: Option<u8>,
    /// Refuse devices whose security 2 reuses its nonce (firmware before March 2025), whatever they say of themselves.
    pub require_patched: bool,
}

impl Secret {
    /// What to open a session with, on a device that says `version` of itself.
    pub(crate) fn security(&self, version: &VersionInfo) -> Result<Security<'_>, Error> {
        let scheme = self.scheme.or_else(|| version.scheme()).ok_or(Error::UnknownScheme)?;
        if self.scheme.is_none() && self.is_ignored(scheme, version) {
            return Err(Error::Downgrade { device: scheme });
        }
        match scheme {
            0 => Ok(Security::Security0),
            1 => self.security1(version),
            2 => self.security2(version),
            device => Err(Error::SecretNeeded { device }),
        }
    }

    /// Whether a secret was given that a device of this scheme would not ask for: then it is not the device the caller
    /// knows, or somebody on the way has changed what it says, to read the passphrase that follows.
    fn is_ignored(&self, scheme: u8, version: &VersionInfo) -> bool {
        let has_pop = self.pop.as_ref().is_some_and(|pop| !pop.is_empty());
        let asks_for_nothing = match scheme {
            0 => true,
            1 => version.needs_no_pop(),
            _ => false,
        };
        asks_for_nothing && (has_pop || self.password.is_some())
    }

    fn security1(&self, version: &VersionInfo) -> Result<Security<'_>, Error> {
        if version.needs_no_pop() {
            return Ok(Security::Security1 { pop: &[] });
        }
        let pop = self.pop.as_ref().ok_or(Error::SecretNeeded { device: 1 })?;
        Ok(Security::Security1 { pop })
    }

    fn security2(&self, version: &VersionInfo) -> Result<Security<'_>, Error> {
        let nonce_rule = version.nonce_rule();
        if self.require_patched && nonce_rule != NonceRule::Counter {
            return Err(Error::InsecureDevice);
        }
        let (Some(username), Some(password)) = (&self.username, &self.password) else {
            return Err(Error::SecretNeeded { device: 2 });
        };
        Ok(Security::Security2 {
            username: username.as_bytes(),
            password,
            nonce_rule,
            x_rule: XRule::Full,
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("pop", &self.pop.as_ref().map(|_| Hidden))
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| Hidden))
            .field("scheme", &self.scheme)
            .field("require_patched", &self.require_patched)
            .finish()
    }
}

/// Stands in `Debug` output for what must not be there.
pub(crate) struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
