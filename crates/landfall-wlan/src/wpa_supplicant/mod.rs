//! wpa_supplicant, over D-Bus.

mod attempt;
mod bss;
mod dhcp;
mod interface;
pub(crate) mod listen;
mod network;
mod station;
mod verdict;

pub(crate) use network::psk;
pub(crate) use station::Station;
pub(crate) use verdict::Verdict;

use crate::bus::Service;

static SERVICE: Service = Service {
    label: "wpa_supplicant",
    bus_name: "fi.w1.wpa_supplicant1",
    root: "/fi/w1/wpa_supplicant1",
};

const SUPPLICANT: &str = "fi.w1.wpa_supplicant1";
const INTERFACE: &str = "fi.w1.wpa_supplicant1.Interface";
const BSS: &str = "fi.w1.wpa_supplicant1.BSS";
const NETWORK: &str = "fi.w1.wpa_supplicant1.Network";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
