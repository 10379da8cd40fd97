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

use core::time::Duration;

use tokio::time::timeout;
use zbus::OwnedObjectPath;

use crate::{
    Error,
    bus::{Bus, Service},
};

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

/// Waits until wpa_supplicant does not drive this interface, though not for longer than `time`; whether it is so. It lets go
/// of one a moment after NetworkManager was told to; as long as it has it, no other program can make an access point there.
pub(crate) async fn released(bus: &Bus, interface: &str, time: Duration) -> Result<bool, Error> {
    let supplicant = match bus.running(&SERVICE).await {
        Err(Error::NotRunning) => return Ok(true),
        running => running?,
    };
    let mut removed = supplicant.signals(SUPPLICANT, "InterfaceRemoved").await?;
    let released = async {
        loop {
            let driven: Result<OwnedObjectPath, Error> =
                supplicant.call(SUPPLICANT, "GetInterface", &(interface,)).await;
            match driven {
                Err(Error::Refused { .. }) => return Ok(true),
                driven => driven?,
            };
            if removed.next().await.is_none() {
                return Err(Error::NoBus);
            }
        }
    };
    timeout(time, released).await.unwrap_or(Ok(false))
}
