use esp_hal::efuse::{InterfaceMacAddress, interface_mac_address};
use landfall_manager::ServiceName;

/// The address of the station, from the chip's fuses.
pub fn address() -> [u8; 6] {
    let mut octets = [0; 6];
    octets.copy_from_slice(interface_mac_address(InterfaceMacAddress::Station).as_bytes());
    octets
}

/// `PROV_` and the last three octets of [`address`], as the original names its devices (spec manager.md 9).
pub fn service_name() -> ServiceName {
    ServiceName::from_mac(address())
}
