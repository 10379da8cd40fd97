//! Which Wi-Fi interfaces there are.

use std::{fs, io};

use futures_util::TryStreamExt as _;
use wl_nl80211::{Nl80211Attr, Nl80211InterfaceType};

use super::refused;
use crate::Error;

/// A Wi-Fi interface.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) index: u32,
    /// Its radio's number.
    pub(crate) wiphy: u32,
    pub(crate) mac: [u8; 6],
    pub(crate) is_station: bool,
    /// What it is tuned to, in MHz; `None` while it is nowhere.
    pub(crate) frequency: Option<u32>,
}

/// The interface called `name`, or the machine's first station.
pub(crate) async fn interface(name: Option<&str>) -> Result<Interface, Error> {
    let found = interfaces().await?;
    match name {
        Some(name) => found
            .into_iter()
            .find(|interface| interface.name == name)
            .ok_or_else(|| Error::NoInterface(name.to_owned())),
        None => found
            .into_iter()
            .filter(|interface| interface.is_station)
            .min_by_key(|interface| interface.index)
            .ok_or(Error::NoAdapter),
    }
}

/// All of them.
pub(crate) async fn interfaces() -> Result<Vec<Interface>, Error> {
    // Without a driver for Wi-Fi the kernel does not know the question.
    if !fs::exists("/sys/class/ieee80211").unwrap_or_default() {
        return Ok(Vec::new());
    }
    let refuse = |error: &dyn core::fmt::Display| refused("tell of Wi-Fi interfaces", error);
    let (connection, handle, _) = wl_nl80211::new_connection().map_err(|error| refuse(&error))?;
    let _driving = super::drive(connection);
    let mut answers = handle.interface().get(Vec::new()).execute().await;
    let mut found = Vec::new();
    while let Some(answer) = answers.try_next().await.map_err(|error| refuse(&error))? {
        found.extend(read(answer.payload.attributes));
    }
    Ok(found)
}

/// Whether the interface's radio is switched off, in software or by a switch.
pub(crate) fn is_blocked(interface: &Interface) -> bool {
    let folder = format!("/sys/class/ieee80211/phy{}", interface.wiphy);
    let is_blocking = |switch: io::Result<fs::DirEntry>| {
        let switch = switch.ok()?;
        let is_switch = switch.file_name().to_string_lossy().starts_with("rfkill");
        let is_on = |name: &str| fs::read_to_string(switch.path().join(name)).is_ok_and(|value| value.trim() == "1");
        (is_switch && (is_on("soft") || is_on("hard"))).then_some(())
    };
    fs::read_dir(folder).is_ok_and(|mut entries| entries.any(|entry| is_blocking(entry).is_some()))
}

/// `None` for what has no name, as a radio's P2P device.
fn read(attributes: Vec<Nl80211Attr>) -> Option<Interface> {
    let mut name = None;
    let mut interface = Interface {
        name: String::new(),
        index: 0,
        wiphy: 0,
        mac: [0; 6],
        is_station: false,
        frequency: None,
    };
    for attribute in attributes {
        match attribute {
            Nl80211Attr::IfName(given) => name = Some(given),
            Nl80211Attr::IfIndex(index) => interface.index = index,
            Nl80211Attr::Wiphy(wiphy) => interface.wiphy = wiphy,
            Nl80211Attr::Mac(mac) => interface.mac = mac,
            Nl80211Attr::IfType(kind) => interface.is_station = kind == Nl80211InterfaceType::Station,
            Nl80211Attr::WiphyFreq(frequency) => interface.frequency = Some(frequency),
            _ => {}
        }
    }
    Some(Interface {
        name: name?,
        ..interface
    })
}
