//! How a device of ours shows itself over Bluetooth.

use clap::{Args, ValueEnum, value_parser};
use landfall_client::ble::Address;
use landfall_device::{HciAddress, protocomm::gatt::Uuid};

use crate::print::text::from_hex;

/// The settings of a device over Bluetooth.
#[derive(Args)]
#[command(next_help_heading = "Bluetooth")]
pub(crate) struct DeviceBluetooth {
    /// Bluetooth adapter of the system: its name or address [default: one that is on]
    #[arg(
        long,
        value_name = "ADAPTER",
        env = "LANDFALL_DEVICE_ADAPTER",
        conflicts_with = "hci"
    )]
    pub(crate) adapter: Option<String>,
    /// Bluetooth controller of the device's own, instead of the system's: its serial port, or tcp:HOST:PORT
    #[arg(long, value_name = "CONTROLLER", env = "LANDFALL_DEVICE_HCI")]
    pub(crate) hci: Option<HciAddress>,
    /// UUID of the Bluetooth service
    #[arg(long, value_name = "UUID", default_value = "021a9004-0382-4aea-bff4-6b3f1c5adfb4")]
    pub(crate) service_uuid: Uuid,
    /// Data to advertise besides, the company's number first
    #[arg(long, value_name = "HEX", value_parser = manufacturer_data)]
    pub(crate) manufacturer_data: Option<ManufacturerData>,
    /// Take requests over encrypted links only: clients have to pair
    #[arg(long)]
    pub(crate) ble_encryption: bool,
    /// Say that the endpoints notify, as some firmware does; they never do
    #[arg(long)]
    pub(crate) ble_notify: bool,
    /// Keep Bluetooth on after provisioning, without answering: clients stay connected, or are sent away
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "stay"
    )]
    pub(crate) keep_ble_on: Option<KeepBleOn>,
    /// Random static address to use, as in C0:00:00:00:00:01; with --hci [default: the controller's own]
    #[arg(long, value_name = "ADDRESS", value_parser = static_address)]
    pub(crate) ble_address: Option<StaticAddress>,
    /// Longest packet of the attribute protocol, in bytes; with --hci
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MTU, value_parser = value_parser!(u16).range(23..=508))]
    pub(crate) ble_mtu: u16,
}

/// That of the original (spec transports.md 1.3).
const DEFAULT_MTU: u16 = 256;

/// What becomes of clients at the end of provisioning, where Bluetooth stays on (spec transports.md 1.6).
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeepBleOn {
    /// They stay connected
    Stay,
    /// They are sent away
    Disconnect,
}

/// What a company adds to an advertisement.
#[derive(Debug, Clone)]
pub(crate) struct ManufacturerData(pub(crate) Vec<u8>);

/// An address that a device chose once and for all, most significant byte first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StaticAddress(pub(crate) [u8; 6]);

impl DeviceBluetooth {
    /// The names of those that were given, but for what has a default.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let all = [
            ("adapter", self.adapter.is_some()),
            ("hci", self.hci.is_some()),
            ("manufacturer-data", self.manufacturer_data.is_some()),
            ("ble-encryption", self.ble_encryption),
            ("ble-notify", self.ble_notify),
            ("keep-ble-on", self.keep_ble_on.is_some()),
        ];
        let given = all.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name);
        given.chain(self.of_controllers()).collect()
    }

    /// The names of those that were given and that only a controller of the device's own has.
    pub(crate) fn of_controllers(&self) -> Vec<&'static str> {
        let all = [
            ("ble-address", self.ble_address.is_some()),
            ("ble-mtu", self.ble_mtu != DEFAULT_MTU),
        ];
        all.iter()
            .filter(|(_, is_given)| *is_given)
            .map(|(name, _)| *name)
            .collect()
    }
}

fn manufacturer_data(text: &str) -> Result<ManufacturerData, &'static str> {
    match from_hex(text) {
        Some(octets) if octets.len() >= 2 => Ok(ManufacturerData(octets)),
        Some(_) => Err("it begins with the company's number, which has two bytes"),
        None => Err("this is not hex, two digits a byte"),
    }
}

/// Bluetooth Core, volume 6, part B, 1.3.2.1: the two highest bits are 1, and not all others are alike.
fn static_address(text: &str) -> Result<StaticAddress, String> {
    let Address(bytes) = text
        .parse()
        .map_err(|error: landfall_client::ble::InvalidAddress| error.to_string())?;
    let [highest, rest @ ..] = bytes;
    if highest & 0xc0 != 0xc0 {
        return Err("the two highest bits of a random static address are 1: it begins with C0 to FF".to_owned());
    }
    let all = |bit: u8, byte: u8| highest == 0xc0 | bit && rest == [byte; 5];
    if all(0, 0) || all(0x3f, 0xff) {
        return Err("the lower bits of a random static address are neither all 0 nor all 1".to_owned());
    }
    Ok(StaticAddress(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_static_addresses_are_told_from_others() {
        for good in ["C0:00:00:00:00:01", "ff:ff:ff:ff:ff:fe", "C6:05:04:03:02:01"] {
            assert!(static_address(good).is_ok(), "{good}");
        }
        for bad in [
            "80:00:00:00:00:01",
            "7F:05:04:03:02:01",
            "C0:00:00:00:00:00",
            "FF:FF:FF:FF:FF:FF",
            "C0:00:00:00:00",
            "C00000000001",
            "",
        ] {
            assert!(static_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn manufacturer_data_begins_with_a_company() {
        assert_eq!(manufacturer_data("e50207").map(|data| data.0), Ok(vec![0xe5, 2, 7]));
        for bad in ["", "e5", "e5020", "company"] {
            assert!(manufacturer_data(bad).is_err(), "{bad}");
        }
    }
}
