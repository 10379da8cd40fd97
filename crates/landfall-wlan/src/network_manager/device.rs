use core::time::Duration;
use std::collections::HashMap;

use tokio::time::timeout;
use zbus::{OwnedObjectPath, OwnedVariant, Variant};

use super::{ACTIVE, DEVICE, MANAGER, PROPERTIES, SERVICE, TYPE_WIFI, WIRELESS, access_point::Point, profile::Section};
use crate::{
    Error,
    bus::{Bus, Object, Signals},
};

/// An interface that NetworkManager manages.
pub(super) struct Device<'a> {
    manager: Object<'a>,
    pub(super) adapter: Object<'a>,
}

/// What it does just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) state: u32,
    /// Why it has come into this state.
    pub(super) reason: u32,
    /// What is active on it, or about to be.
    pub(super) active: Option<OwnedObjectPath>,
}

/// A profile in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Active {
    pub(super) path: OwnedObjectPath,
    pub(super) profile: OwnedObjectPath,
    pub(super) uuid: String,
    /// It is about to end, or has ended.
    pub(super) is_ending: bool,
}

impl<'a> Device<'a> {
    /// The interface called `name`. While NetworkManager is still starting, waits until it knows what it manages.
    pub(super) async fn open(bus: &'a Bus, name: &str) -> Result<Self, Error> {
        let manager = bus.running(&SERVICE).await?;
        let mut changes = manager.signals(PROPERTIES, "PropertiesChanged").await?;
        let known = async {
            loop {
                let is_starting = manager.properties(MANAGER).await?.take("Startup") == Some(true);
                match Self::find(bus, name).await {
                    Err(Error::NoWifi(_)) if is_starting => changes.next().await,
                    found => return found,
                };
            }
        };
        match timeout(STARTING_TIME, known).await {
            Ok(known) => known,
            Err(_) => Self::find(bus, name).await,
        }
    }

    /// The interface called `name` as it is now.
    pub(super) async fn find(bus: &'a Bus, name: &str) -> Result<Self, Error> {
        let manager = bus.running(&SERVICE).await?;
        let found = manager.call(MANAGER, "GetDeviceByIpIface", &(name,)).await;
        let path: OwnedObjectPath = match found {
            // It knows no such interface.
            Err(Error::Refused { .. }) => return Err(manager.without_wifi()),
            found => found?,
        };
        let adapter = manager.other(path);
        let mut properties = adapter.properties(DEVICE).await?;
        let is_wifi = properties.take("DeviceType") == Some(TYPE_WIFI);
        if !is_wifi || properties.take("State") == Some(UNMANAGED) {
            return Err(manager.without_wifi());
        }
        Ok(Self { manager, adapter })
    }

    pub(super) async fn status(&self) -> Result<Status, Error> {
        let mut properties = self.adapter.properties(DEVICE).await?;
        let reason: Option<(u32, u32)> = properties
            .take::<OwnedVariant>("StateReason")
            .and_then(|reason| reason.try_into().ok());
        Ok(Status {
            state: properties.take("State").unwrap_or_default(),
            reason: reason.map_or(0, |(_, reason)| reason),
            active: properties.take("ActiveConnection").filter(is_some),
        })
    }

    /// Tells its states from now on.
    pub(super) async fn states(&self) -> Result<Signals, Error> {
        self.adapter.signals(DEVICE, "StateChanged").await
    }

    /// Tells the states of what is active from now on.
    pub(super) async fn states_of(&self, active: &OwnedObjectPath) -> Result<Signals, Error> {
        self.manager.other(active.clone()).signals(ACTIVE, "StateChanged").await
    }

    /// What is active on it; `None` if nothing is.
    pub(super) async fn active(&self) -> Result<Option<Active>, Error> {
        match self.status().await?.active {
            Some(path) => Ok(self.active_of(path).await),
            None => Ok(None),
        }
    }

    /// `None` if it is gone by now.
    pub(super) async fn active_of(&self, path: OwnedObjectPath) -> Option<Active> {
        let mut properties = self.manager.other(path.clone()).properties(ACTIVE).await.ok()?;
        Some(Active {
            path,
            profile: properties.take("Connection")?,
            uuid: properties.take("Uuid")?,
            is_ending: properties.take::<u32>("State")? >= DEACTIVATING,
        })
    }

    /// Makes a profile that lasts as long as it is active, and activates it. Gives what is active then.
    pub(super) async fn try_out(
        &self,
        profile: HashMap<&'static str, Section<'_>>,
        is_visit: bool,
    ) -> Result<OwnedObjectPath, Error> {
        let mut options = Section::from([("persist", Variant::from("volatile"))]);
        if is_visit {
            // It ends with this program.
            options.insert("bind-activation", Variant::from("dbus-client"));
        }
        let body = (profile, self.adapter.path(), none(), options);
        let made: (OwnedObjectPath, OwnedObjectPath, HashMap<String, OwnedVariant>) =
            self.manager.call(MANAGER, "AddAndActivateConnection2", &body).await?;
        Ok(made.1)
    }

    /// Activates a profile. Gives what is active then.
    pub(super) async fn activate(&self, profile: &OwnedObjectPath) -> Result<OwnedObjectPath, Error> {
        let body = (profile, self.adapter.path(), none());
        self.manager.call(MANAGER, "ActivateConnection", &body).await
    }

    /// Leaves the network that it is on, and waits for another order.
    pub(super) async fn disconnect(&self) -> Result<(), Error> {
        let mut states = self.states().await?;
        let asked = async {
            self.adapter.call::<_, ()>(DEVICE, "Disconnect", &()).await?;
            while self.status().await?.state > DISCONNECTED {
                states.next().await;
            }
            Ok(())
        };
        let ended = timeout(PART_TIME, asked).await;
        ended.unwrap_or(Err(Error::TooLate("leaving a network")))
    }

    /// Takes back that [`Device::disconnect`] keeps NetworkManager from choosing a network by itself.
    pub(super) async fn let_autoconnect(&self) -> Result<(), Error> {
        let body = (DEVICE, "Autoconnect", Variant::from(true));
        self.adapter.call(PROPERTIES, "Set", &body).await
    }

    /// The access point that it is joined to; `None` if it is to none.
    pub(super) async fn access_point(&self) -> Result<Option<Point>, Error> {
        let mut properties = self.adapter.properties(WIRELESS).await?;
        let path: Option<OwnedObjectPath> = properties.take("ActiveAccessPoint").filter(is_some);
        match path {
            Some(path) => Point::of(self.adapter.other(path)).await.map(Some),
            None => Ok(None),
        }
    }
}

impl Status {
    /// Whether `wanted` has its link.
    pub(super) fn is_linked_by(&self, wanted: &OwnedObjectPath) -> bool {
        (IP_CONFIG..=ACTIVATED).contains(&self.state) && self.active.as_ref() == Some(wanted)
    }
}

/// NetworkManager's way to say "none".
fn none() -> OwnedObjectPath {
    OwnedObjectPath::try_from("/").expect("it is a path")
}

fn is_some(path: &OwnedObjectPath) -> bool {
    path.as_str() != "/"
}

/// Of a device's states: others drive it.
pub(super) const UNMANAGED: u32 = 10;
/// Of a device's states: it is in no network.
const DISCONNECTED: u32 = 30;
/// Of a device's states: a link is there, addresses are being got.
const IP_CONFIG: u32 = 70;
/// Of a device's states: all is done.
const ACTIVATED: u32 = 100;
/// Of the states of what is active.
const DEACTIVATING: u32 = 3;
/// For NetworkManager to find its interfaces after it was started.
const STARTING_TIME: Duration = Duration::from_secs(10);
/// For the access point to be told.
const PART_TIME: Duration = Duration::from_secs(5);
