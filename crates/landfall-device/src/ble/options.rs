use core::fmt;
use std::io;

use landfall_protocomm::gatt::ServiceUuid;
use landfall_trouble::{
    AddrKind, Address,
    hci::HciAddress,
    peripheral::{self, Config},
};

/// What a Bluetooth service goes on the air with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Radio {
    /// A controller of its own, which is spoken to over HCI.
    Controller(HciAddress),
    /// The operating system's Bluetooth: BlueZ.
    System {
        /// The adapter, by its name (`hci0`) or address; without it, the first that is on, else the first.
        adapter: Option<String>,
    },
}

impl From<HciAddress> for Radio {
    fn from(address: HciAddress) -> Self {
        Self::Controller(address)
    }
}

/// How a device shows itself over Bluetooth.
#[derive(Debug, Clone)]
pub struct BleOptions {
    /// The service's UUID.
    pub service: ServiceUuid,
    /// The name that clients find, the service name; at most 29 bytes of it are advertised.
    pub name: String,
    /// What is added to the scan response, a company's number first; cut to the room that the name leaves. BlueZ has
    /// room for 8 bytes, and adds them to the advertisement.
    pub manufacturer_data: Vec<u8>,
    /// A random static address, most significant byte first as it is written; without it, the controller's own. With
    /// BlueZ the address is always the adapter's.
    pub address: Option<[u8; 6]>,
    /// The largest packets of the attribute protocol, in bytes: 23 to 508. BlueZ chooses for itself.
    pub mtu: u16,
    /// Whether requests have to come over an encrypted link, so that clients must pair (spec transports.md 1.5).
    pub encryption: bool,
    /// Whether the characteristics say that they notify, which they never do (spec transports.md 1.2).
    pub notify: bool,
    /// What becomes of Bluetooth when provisioning ends.
    pub after: AfterProvisioning,
}

impl BleOptions {
    /// What Espressif's example application sets, for a device called `name`.
    pub fn new(name: &str) -> Self {
        Self {
            service: ServiceUuid::EXAMPLE,
            name: name.to_owned(),
            manufacturer_data: Vec::new(),
            address: None,
            mtu: Config::DEFAULT_MTU,
            encryption: false,
            notify: false,
            after: AfterProvisioning::default(),
        }
    }
}

/// What becomes of Bluetooth when provisioning ends (spec transports.md 1.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AfterProvisioning {
    /// It goes off, and the client with it.
    #[default]
    Off,
    /// It stays on until the service is dropped: nobody finds the device any more, and all requests fail.
    KeepOn {
        /// Whether the client is sent away; else it stays as long as it wants.
        disconnect: bool,
    },
}

/// Where clients find a device that BlueZ has on the air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The adapter's name, such as `hci0`.
    pub adapter: String,
    /// The adapter's address.
    pub address: BluetoothAddress,
}

/// Why a device is not on the air over Bluetooth. [`Service::start`](crate::Service::start) gives it inside its
/// [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RadioError {
    /// The controller cannot be opened.
    #[error(transparent)]
    NoController(io::Error),
    /// It does not answer in time.
    #[error("the Bluetooth controller does not answer")]
    NotAnswering,
    /// It refused to go on.
    #[error(transparent)]
    Controller(peripheral::Error),
    /// BlueZ cannot, or does not let us.
    #[error(transparent)]
    Bluez(#[from] landfall_bluez::Error),
    /// The host ended by itself.
    #[error("the Bluetooth host ended")]
    Ended,
}

impl From<peripheral::Error> for RadioError {
    fn from(error: peripheral::Error) -> Self {
        match error {
            peripheral::Error::NotAnswering => Self::NotAnswering,
            other => Self::Controller(other),
        }
    }
}

impl From<RadioError> for io::Error {
    fn from(error: RadioError) -> Self {
        use landfall_bluez::Error as Bluez;
        let kind = match &error {
            RadioError::NoController(error) => error.kind(),
            RadioError::NotAnswering | RadioError::Bluez(Bluez::TimedOut { .. }) => io::ErrorKind::TimedOut,
            RadioError::Bluez(Bluez::NotPermitted) => io::ErrorKind::PermissionDenied,
            RadioError::Bluez(Bluez::NotRunning | Bluez::NoAdapter | Bluez::NoSuchAdapter { .. }) => {
                io::ErrorKind::NotFound
            }
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// The address of a Bluetooth device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BluetoothAddress {
    /// The address, most significant byte first.
    pub bytes: [u8; 6],
    /// Whether it is one of those that devices make up.
    pub random: bool,
}

impl From<Address> for BluetoothAddress {
    fn from(address: Address) -> Self {
        let mut bytes = address.addr.into_inner();
        bytes.reverse();
        Self {
            bytes,
            random: address.kind != AddrKind::PUBLIC,
        }
    }
}

impl From<landfall_bluez::peripheral::Address> for BluetoothAddress {
    fn from(address: landfall_bluez::peripheral::Address) -> Self {
        let landfall_bluez::peripheral::Address { bytes, random } = address;
        Self { bytes, random }
    }
}

/// As it is written everywhere: `C0:00:00:00:00:01`.
impl fmt::Display for BluetoothAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.bytes;
        write!(f, "{first:02X}")?;
        rest.iter().try_for_each(|byte| write!(f, ":{byte:02X}"))
    }
}
