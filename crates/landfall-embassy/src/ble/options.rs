use landfall_protocomm::gatt::ServiceUuid;
use landfall_trouble::peripheral::{Config, Pairing};

/// How a device shows itself over Bluetooth.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The service's UUID.
    pub service: ServiceUuid,
    /// The name that clients find, the service name; at most 29 bytes of it are advertised.
    pub name: &'a str,
    /// What is added to the scan response, a company's number first; cut to the room that the name leaves.
    pub manufacturer_data: &'a [u8],
    /// A random static address, as it travels (least significant byte first; the two highest bits of the last byte are
    /// set); without it, the controller's own.
    pub address: Option<[u8; 6]>,
    /// The largest packets of the attribute protocol, in bytes: 23 to 508.
    pub mtu: u16,
    /// Whether clients can encrypt the link, and whether they have to (feature `security`; spec transports.md 1.5).
    pub pairing: Pairing<'a>,
    /// Whether the characteristics say that they notify, which they never do (spec transports.md 1.2).
    pub notify: bool,
    /// What becomes of Bluetooth when provisioning ends.
    pub after: AfterProvisioning,
}

/// What becomes of Bluetooth when provisioning ends (spec transports.md 1.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AfterProvisioning {
    /// It goes off, and the client with it; the controller is dropped.
    #[default]
    Off,
    /// It stays on until [`on_air`](super::on_air) returns: nobody finds the device any more, and all requests fail.
    KeepOn {
        /// Whether the client is sent away; else it stays as long as it wants.
        disconnect: bool,
    },
}

impl<'a> Options<'a> {
    /// What Espressif's example application sets, for a device called `name`.
    pub const fn new(name: &'a str) -> Self {
        Self {
            service: ServiceUuid::EXAMPLE,
            name,
            manufacturer_data: &[],
            address: None,
            mtu: Config::DEFAULT_MTU,
            pairing: Pairing::Refused,
            notify: false,
            after: AfterProvisioning::Off,
        }
    }

    pub(super) const fn config<'e>(&self, endpoints: &'e [&'e str]) -> Config<'e>
    where
        'a: 'e,
    {
        Config {
            service: self.service,
            endpoints,
            name: self.name,
            manufacturer_data: self.manufacturer_data,
            address: self.address,
            mtu: self.mtu,
            pairing: self.pairing,
            notify: self.notify,
        }
    }
}
