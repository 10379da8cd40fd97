use core::time::Duration;
use std::{collections::HashMap, fs, path::Path};

use tokio::time::{Instant, sleep};
use zbus::{ObjectPath, OwnedObjectPath, OwnedVariant, Variant};

use crate::{Bluez, Error, bus::ADAPTER};

/// A Bluetooth adapter that BlueZ knows.
#[derive(Debug, Clone)]
pub struct Adapter {
    bluez: Bluez,
    path: OwnedObjectPath,
    address: String,
    random: bool,
    /// Whether it was on when it was found.
    pub(crate) was_on: bool,
}

/// For an adapter to come on. Those on a serial line may have to load their firmware first.
const POWER_TIME: Duration = Duration::from_secs(12);
/// Between two attempts, while another program switches it as well.
const AGAIN: Duration = Duration::from_millis(200);
/// Where the kernel tells what is blocked.
const RFKILL: &str = "/sys/class/rfkill";

impl Adapter {
    /// The adapter at `path`, with what the daemon tells of it.
    pub(crate) fn new(bluez: &Bluez, path: &OwnedObjectPath, properties: &HashMap<String, OwnedVariant>) -> Self {
        let text = |name| properties.get(name).and_then(|value| <&str>::try_from(value).ok());
        let powered = properties
            .get("Powered")
            .and_then(|powered| bool::try_from(powered).ok());
        Self {
            bluez: bluez.clone(),
            path: path.clone(),
            address: text("Address").unwrap_or_default().to_owned(),
            random: text("AddressType") == Some("random"),
            was_on: powered.unwrap_or(false),
        }
    }

    /// Its name, such as `hci0`.
    pub fn name(&self) -> &str {
        let path = self.path.as_str();
        path.rsplit_once('/').map_or(path, |(_, name)| name)
    }

    /// Its address, such as `C0:00:00:00:00:01`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the address is one of those that are made up.
    pub const fn has_random_address(&self) -> bool {
        self.random
    }

    /// Whether it is on.
    ///
    /// # Errors
    /// [`Error::Gone`], when it was pulled, and the like.
    pub async fn is_on(&self) -> Result<bool, Error> {
        self.get("Powered").await
    }

    /// Switches it on, if it is off.
    ///
    /// # Errors
    /// [`Error::Blocked`], [`Error::Off`], [`Error::Gone`].
    pub async fn power_on(&self) -> Result<(), Error> {
        let began = Instant::now();
        loop {
            if self.is_on().await? {
                return Ok(());
            }
            let refused = match self.set("Powered", Variant::from(true), POWER_TIME).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let busy = refused.is("org.bluez.Error.Busy") || refused.is("org.bluez.Error.InProgress");
            if !busy || began.elapsed() > POWER_TIME {
                return Err(self.why_off(refused).await);
            }
            sleep(AGAIN).await;
        }
    }

    /// Makes sure that it is on, without switching it on: that is for its user to decide.
    ///
    /// # Errors
    /// [`Error::Blocked`], [`Error::Off`], [`Error::Gone`].
    pub async fn check_on(&self) -> Result<(), Error> {
        if self.is_on().await? {
            return Ok(());
        }
        let off = Error::Refused {
            call: "Powered",
            name: String::new(),
            why: "it is switched off".to_owned(),
        };
        Err(self.why_off(off).await)
    }

    /// Why it does not come on. Daemons before 5.66 say no more than "failed" of one that is blocked.
    async fn why_off(&self, refused: Error) -> Error {
        let Error::Refused { why, name, .. } = refused else {
            return refused;
        };
        let state = self.get::<String>("PowerState").await;
        if state.is_ok_and(|state| state == "off-blocked") || self.is_blocked() {
            return Error::Blocked;
        }
        Error::Off {
            adapter: self.name().to_owned(),
            why: if why.is_empty() { name } else { why },
        }
    }

    /// Whether the kernel has it blocked.
    pub(crate) fn is_blocked(&self) -> bool {
        is_blocked(Path::new(RFKILL), self.name())
    }

    /// The way to the daemon.
    pub(crate) const fn bluez(&self) -> &Bluez {
        &self.bluez
    }

    /// The daemon's object for it.
    pub(crate) fn path(&self) -> ObjectPath<'_> {
        ObjectPath::from(&self.path)
    }

    /// Whether it is meant by `name`: its own, or its address.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name() == name || self.address.eq_ignore_ascii_case(name)
    }

    /// Whether `path` is that of one of its devices, or of something of theirs.
    pub(crate) fn has(&self, path: &str) -> bool {
        path.strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Reads one of its properties.
    pub(crate) async fn get<T>(&self, property: &'static str) -> Result<T, Error>
    where
        T: TryFrom<OwnedVariant, Error = zbus::Error>,
    {
        let value = self.bluez.get(&self.path(), ADAPTER, property).await;
        value.map_err(gone)
    }

    /// Sets one of its properties.
    pub(crate) async fn set(&self, property: &'static str, value: Variant<'_>, time: Duration) -> Result<(), Error> {
        let set = self.bluez.set(&self.path(), ADAPTER, property, value, time).await;
        set.map_err(gone)
    }
}

/// An adapter whose object is not there was pulled.
fn gone(error: Error) -> Error {
    if error.is_no_such_object() { Error::Gone } else { error }
}

/// Whether the kernel has `adapter` blocked, by a key on the machine or by a program.
fn is_blocked(rfkill: &Path, adapter: &str) -> bool {
    let Ok(switches) = fs::read_dir(rfkill) else {
        return false;
    };
    switches.flatten().any(|switch| {
        let read = |file| fs::read_to_string(switch.path().join(file)).unwrap_or_default();
        read("name").trim() == adapter && (read("soft").trim() == "1" || read("hard").trim() == "1")
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_switch_of_either_kind_blocks_the_adapter_that_it_belongs_to() {
        let rfkill = TempDir::new().expect("a folder");
        for (number, name, soft, hard) in [
            (0, "phy0", "1", "1"),
            (1, "hci0", "0", "0"),
            (2, "hci1", "1", "0"),
            (3, "hci2", "0", "1"),
        ] {
            let switch = rfkill.path().join(format!("rfkill{number}"));
            fs::create_dir(&switch).expect("a folder of our own");
            for (file, text) in [("name", name), ("soft", soft), ("hard", hard)] {
                fs::write(switch.join(file), format!("{text}\n")).expect("a folder of our own");
            }
        }
        let blocked = ["hci0", "hci1", "hci2", "hci3"].map(|name| is_blocked(rfkill.path(), name));
        assert_eq!(blocked, [false, true, true, false]);
        assert!(!is_blocked(&rfkill.path().join("none"), "hci1"));
    }
}
