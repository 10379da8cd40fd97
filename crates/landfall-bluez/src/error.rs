use core::time::Duration;

use zbus::{DBusError as _, fdo};

/// Why something did not work with BlueZ.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no message bus.
    #[error("the system's message bus (D-Bus) cannot be reached: {0}")]
    NoBus(String),
    /// BlueZ's daemon is not there.
    #[error("the Bluetooth service (bluetoothd) is not running")]
    NotRunning,
    /// The bus does not let us speak to BlueZ.
    #[error("this user may not use Bluetooth")]
    NotPermitted,
    /// The computer has no Bluetooth adapter, or none that the kernel knows.
    #[error("this computer has no Bluetooth adapter")]
    NoAdapter,
    /// The adapter that was asked for is not there.
    #[error("there is no Bluetooth adapter {wanted}; there are: {}", known.join(", "))]
    NoSuchAdapter {
        /// Its name or address, as asked for.
        wanted: String,
        /// The names of those that are there.
        known: Vec<String>,
    },
    /// The adapter is switched off for all programs (rfkill).
    #[error("Bluetooth is blocked (rfkill)")]
    Blocked,
    /// The adapter is off, and does not let itself be switched on.
    #[error("the Bluetooth adapter {adapter} cannot be switched on: {why}")]
    Off {
        /// Its name.
        adapter: String,
        /// What BlueZ says.
        why: String,
    },
    /// The daemon ended, or the adapter was pulled.
    #[error("the Bluetooth service or its adapter is gone")]
    Gone,
    /// A call was not answered in time.
    #[error("the Bluetooth service did not answer to {call} in {} s", time.as_secs())]
    TimedOut {
        /// What was asked.
        call: &'static str,
        /// The wait.
        time: Duration,
    },
    /// A device is to have more endpoints than there is room for.
    #[error("a device has at most {most} endpoints over Bluetooth")]
    TooManyEndpoints {
        /// How many it can have.
        most: usize,
    },
    /// Any other error that BlueZ answers with.
    #[error("the Bluetooth service refuses {call}: {why} ({name})")]
    Refused {
        /// What was asked.
        call: &'static str,
        /// The error's name, such as `org.bluez.Error.Failed`.
        name: String,
        /// Its text.
        why: String,
    },
}

impl Error {
    /// What `error`, with which `call` failed, says.
    pub(crate) fn of(call: &'static str, error: zbus::Error) -> Self {
        match error {
            zbus::Error::FDO(error) => Self::of_bus(call, *error),
            zbus::Error::MethodError(name, why, _) => Self::of_service(call, name.as_str(), why),
            zbus::Error::InputOutput(_) => Self::Gone,
            other => Self::Refused {
                call,
                name: "no error of its own".to_owned(),
                why: other.to_string(),
            },
        }
    }

    /// Errors whose names the bus gives: its own, and those that services use as well.
    fn of_bus(call: &'static str, error: fdo::Error) -> Self {
        match error {
            fdo::Error::ZBus(error) => Self::of(call, error),
            fdo::Error::AccessDenied(_) => Self::NotPermitted,
            fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_) => Self::NotRunning,
            // The bus answers so for a daemon that ended before it did.
            fdo::Error::NoReply(_) | fdo::Error::Disconnected(_) => Self::Gone,
            other => Self::of_service(call, other.name().as_str(), other.description().map(str::to_owned)),
        }
    }

    fn of_service(call: &'static str, name: &str, why: Option<String>) -> Self {
        if name == "org.bluez.Error.Blocked" {
            return Self::Blocked;
        }
        Self::Refused {
            call,
            name: name.to_owned(),
            why: why.unwrap_or_default(),
        }
    }

    /// Whether this is the service's error `name`, such as `org.bluez.Error.NotReady`.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { name, .. } if name == wanted)
    }

    /// Whether the object is not there that was asked: a device that was forgotten, an adapter that was pulled.
    pub(crate) fn is_no_such_object(&self) -> bool {
        const NAMES: [&str; 3] = ["UnknownObject", "UnknownMethod", "UnknownInterface"];
        let name = match self {
            Self::Refused { name, .. } => name.strip_prefix("org.freedesktop.DBus.Error."),
            _ => None,
        };
        name.is_some_and(|name| NAMES.contains(&name))
    }
}
