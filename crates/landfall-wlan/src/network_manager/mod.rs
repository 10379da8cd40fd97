//! NetworkManager, over D-Bus.

mod access_point;
mod attempt;
mod device;
pub(crate) mod listen;
mod profile;
mod scan;
mod station;
mod sweep;

pub(crate) use station::Station;

use crate::bus::Service;

pub(crate) static SERVICE: Service = Service {
    label: "NetworkManager",
    bus_name: "org.freedesktop.NetworkManager",
    root: "/org/freedesktop/NetworkManager",
};

const MANAGER: &str = "org.freedesktop.NetworkManager";
const DEVICE: &str = "org.freedesktop.NetworkManager.Device";
const WIRELESS: &str = "org.freedesktop.NetworkManager.Device.Wireless";
const ACCESS_POINT: &str = "org.freedesktop.NetworkManager.AccessPoint";
const ACTIVE: &str = "org.freedesktop.NetworkManager.Connection.Active";
const SETTINGS: &str = "org.freedesktop.NetworkManager.Settings";
const PROFILE: &str = "org.freedesktop.NetworkManager.Settings.Connection";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

const TYPE_WIFI: u32 = 2;
