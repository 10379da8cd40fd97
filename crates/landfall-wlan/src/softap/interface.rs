//! The interface that becomes an access point.

use core::{mem, net::Ipv4Addr, time::Duration};

use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};
use zbus::{OwnedObjectPath, Variant};

use crate::{
    Error,
    bus::{Bus, Object},
    kernel::{self, Interface, radio},
    network_manager::SERVICE,
    wpa_supplicant,
};

/// An interface that is ours, until it is given back. Dropped, it is given back soon after.
#[derive(Debug)]
pub(super) struct OwnInterface {
    pub(super) name: String,
    index: u32,
    /// None: it was given back.
    origin: Option<Origin>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Made beside the station's.
    Added,
    /// Another radio's, which was there.
    Taken {
        /// NetworkManager drove it.
        was_managed: bool,
    },
}

impl OwnInterface {
    /// Makes one beside the `station`, in place of one that an earlier life has left behind.
    pub(super) async fn add(station: &Interface, address: Ipv4Addr) -> Result<Self, Error> {
        if let Ok(left) = kernel::interface(Some(NAME)).await {
            radio::remove(left.index).await?;
        }
        let added = Self {
            name: NAME.to_owned(),
            index: radio::add_access_point(station.wiphy, NAME).await?,
            origin: Some(Origin::Added),
        };
        let prepared = async {
            distinguish(added.index).await?;
            added.prepare(address).await
        };
        if let Err(error) = prepared.await {
            added.give_back().await;
            return Err(error);
        }
        Ok(added)
    }

    /// Takes an interface as it is.
    pub(super) async fn take(interface: &Interface, address: Ipv4Addr) -> Result<Self, Error> {
        let mut taken = Self {
            name: interface.name.clone(),
            index: interface.index,
            origin: None,
        };
        radio::remove_addresses(taken.index).await;
        let was_managed = taken.prepare(address).await?;
        taken.origin = Some(Origin::Taken { was_managed });
        Ok(taken)
    }

    /// Puts everything back.
    pub(super) async fn give_back(mut self) {
        if let Some(origin) = self.origin.take() {
            undo(mem::take(&mut self.name), self.index, origin).await;
        }
    }

    /// Has others leave it alone, once more: somebody may have taken it meanwhile.
    pub(super) async fn claim(&self) -> Result<(), Error> {
        take_over(&self.name).await.map(drop)
    }

    async fn prepare(&self, address: Ipv4Addr) -> Result<bool, Error> {
        let was_managed = take_over(&self.name).await?;
        radio::add_address(self.index, address).await?;
        Ok(was_managed)
    }
}

/// Sees to a hardware address that no other interface has. Drivers have few to give, and the second time the same one,
/// with which the kernel lets no access point begin beside a station.
async fn distinguish(index: u32) -> Result<(), Error> {
    let all = kernel::interfaces().await?;
    let (own, others): (Vec<_>, Vec<_>) = all.iter().partition(|interface| interface.index == index);
    let is_taken = |mac: &[u8; 6]| others.iter().any(|other| other.mac == *mac);
    let Some(mac) = own.first().map(|own| own.mac).filter(is_taken) else {
        return Ok(());
    };
    match (1..16).map(|number| local(mac, number)).find(|mac| !is_taken(mac)) {
        Some(mac) => radio::set_mac(index, mac).await,
        None => Ok(()),
    }
}

/// A hardware address near this one, of those that are nobody's (locally administered).
const fn local([first, rest @ ..]: [u8; 6], number: u8) -> [u8; 6] {
    let [b, c, d, e, f] = rest;
    [(first | 0b10) ^ (number << 2), b, c, d, e, f]
}

impl Drop for OwnInterface {
    fn drop(&mut self) {
        if let (Some(origin), Ok(runtime)) = (self.origin, Handle::try_current()) {
            runtime.spawn(undo(mem::take(&mut self.name), self.index, origin));
        }
    }
}

async fn undo(name: String, index: u32, origin: Origin) {
    // One that is gone by itself is as good.
    match origin {
        Origin::Added => drop(radio::remove(index).await),
        Origin::Taken { was_managed } => {
            radio::remove_addresses(index).await;
            if was_managed && let Ok(bus) = Bus::system().await {
                let _ = set_managed(&bus, &name, true).await;
            }
        }
    }
}

/// Has NetworkManager and its wpa_supplicant leave the interface alone. Whether NetworkManager drove it until now.
async fn take_over(interface: &str) -> Result<bool, Error> {
    let Ok(bus) = Bus::system().await else { return Ok(false) };
    let mut was_managed = false;
    for _ in 0..TELLINGS {
        let Some(is_managed) = set_managed(&bus, interface, false).await? else {
            return Ok(false);
        };
        was_managed |= is_managed;
        // Also of an interface that it has only just seen it may have told wpa_supplicant already. And while it starts, what
        // it was told may have no effect (seen in the lab; why is not known).
        let is_released = wpa_supplicant::released(&bus, interface, LETTING_GO_TIME).await?;
        sleep(SETTLING_TIME).await;
        if is_released && !is_managed {
            break;
        }
    }
    Ok(was_managed)
}

/// Has NetworkManager leave the interface alone, or drive it again. Whether it drove it until now; `None` if it does not
/// run or never sees the interface.
async fn set_managed(bus: &Bus, interface: &str, is_managed: bool) -> Result<Option<bool>, Error> {
    let manager = match bus.running(&SERVICE).await {
        Ok(manager) => manager,
        Err(Error::NotRunning) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(device) = device(&manager, interface).await? else {
        return Ok(None);
    };
    let was_managed = device.properties(DEVICE).await?.take("Managed").unwrap_or(false);
    let wish = (DEVICE, "Managed", Variant::from(is_managed));
    match device.call::<_, ()>(PROPERTIES, "Set", &wish).await {
        // It may not be told, but leaves it alone all the same, by its own configuration.
        Err(_) if was_managed == is_managed => Ok(Some(was_managed)),
        Err(error) => Err(error),
        Ok(()) => Ok(Some(was_managed)),
    }
}

/// NetworkManager's device; it takes a moment to see a new one.
async fn device<'a>(manager: &Object<'a>, interface: &str) -> Result<Option<Object<'a>>, Error> {
    let mut added = manager.signals(MANAGER, "DeviceAdded").await?;
    let find = async {
        loop {
            let found: Result<OwnedObjectPath, Error> = manager.call(MANAGER, "GetDeviceByIpIface", &interface).await;
            match found {
                Ok(path) => return manager.other(path),
                Err(_) => added.wait(SEEING_TIME, |_| true).await,
            }
        }
    };
    Ok(timeout(SEEING_TIME, find).await.ok())
}

const MANAGER: &str = "org.freedesktop.NetworkManager";
const DEVICE: &str = "org.freedesktop.NetworkManager.Device";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// What the interface is called. A program that is to leave it alone can be told so by this name.
pub(super) const NAME: &str = "landfall0";
/// For NetworkManager to see an interface, which udev has to have seen before.
const SEEING_TIME: Duration = Duration::from_secs(15);
/// For wpa_supplicant to let go of one: a few milliseconds, seconds on a machine that has much else to do.
const LETTING_GO_TIME: Duration = Duration::from_secs(2);
/// For NetworkManager to do what it had in mind before it was told.
const SETTLING_TIME: Duration = Duration::from_millis(200);
/// So often it is told.
const TELLINGS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_made_up_are_local_and_all_different() {
        let real = [0x24, 0x0a, 0xc4, 1, 2, 3];
        let mut made: Vec<_> = (1..16).map(|number| local(real, number)).collect();
        assert!(made.iter().all(|mac| mac[0] & 0b11 == 0b10 && mac[1..] == real[1..]));
        made.dedup();
        assert_eq!(made.len(), 15);
        assert!(!made.contains(&local(real, 0)));
    }
}
