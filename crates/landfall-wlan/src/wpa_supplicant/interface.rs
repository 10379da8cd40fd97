//! wpa_supplicant's object of one interface.

use core::time::Duration;
use std::{collections::HashMap, fs};

use futures_util::future::join_all;
use landfall_manager::{Credentials, ScanChannels, ScanPlan};
use tokio::time::{Instant, timeout};
use zbus::{OwnedObjectPath, Variant};

use super::{
    BSS, INTERFACE, NETWORK, PROPERTIES, SERVICE, SUPPLICANT,
    attempt::State,
    bss::Bss,
    network::{Known, Settings},
};
use crate::{
    Error,
    bus::{Bus, Object, Owners, Properties, Signals},
    channel::frequency,
    station::NotJoined,
};

/// An interface that wpa_supplicant drives.
pub(super) struct Interface<'a>(Object<'a>);

/// What it does just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) state: State,
    /// The network that it is in, or tries to get into.
    pub(super) network: Option<OwnedObjectPath>,
    bss: Option<OwnedObjectPath>,
    bsss: Vec<OwnedObjectPath>,
    /// How many names can be called in one scan.
    most_names: i32,
    /// Whether networks could outlast wpa_supplicant.
    pub(super) has_file: bool,
}

impl<'a> Interface<'a> {
    /// The interface called `name`; wpa_supplicant is told to drive it if it does not.
    pub(super) async fn open(bus: &'a Bus, name: &str) -> Result<Self, Error> {
        match Self::driven(bus, name).await {
            Err(Error::Refused { .. }) => {
                let supplicant = bus.running(&SERVICE).await?;
                let wish = (creation(name),);
                let path = supplicant.call(SUPPLICANT, "CreateInterface", &wish).await?;
                Ok(Self(supplicant.other(path)))
            }
            known => known,
        }
    }

    /// The interface called `name`, if wpa_supplicant drives it.
    pub(super) async fn driven(bus: &'a Bus, name: &str) -> Result<Self, Error> {
        let supplicant = bus.running(&SERVICE).await?;
        let path = supplicant.call(SUPPLICANT, "GetInterface", &(name,)).await?;
        Ok(Self(supplicant.other(path)))
    }

    pub(super) async fn status(&self) -> Result<Status, Error> {
        let mut properties = self.0.properties(INTERFACE).await?;
        let mut path = |name| {
            let path: OwnedObjectPath = properties.take(name)?;
            // Its way to say "none".
            (path.as_str() != "/").then_some(path)
        };
        let (network, bss) = (path("CurrentNetwork"), path("CurrentBSS"));
        let mut capabilities = properties.take_all("Capabilities");
        Ok(Status {
            state: State::read(&properties.take::<String>("State").unwrap_or_default()),
            network,
            bss,
            bsss: properties.take("BSSs").unwrap_or_default(),
            most_names: capabilities.take("MaxScanSSID").unwrap_or(1),
            has_file: properties
                .take::<String>("ConfigFile")
                .is_some_and(|file| !file.is_empty()),
        })
    }

    /// Scans, and gives what was heard in this scan.
    pub(super) async fn scan(&self, plan: ScanPlan, hidden: Option<&Credentials>) -> Result<Vec<Bss>, Error> {
        let mut done = self.0.signals(INTERFACE, "ScanDone").await?;
        let options = scan_options(plan, hidden, self.status().await?.most_names);
        let mut begin = Instant::now();
        let scan = async {
            // One that is under way has to be over first. It was perhaps of other channels, or without the name.
            while let Err(error) = self.0.call::<_, ()>(INTERFACE, "Scan", &(&options,)).await {
                if !matches!(error, Error::Refused { .. }) || done.next().await.is_none() {
                    return Err(error);
                }
                begin = Instant::now();
            }
            done.next().await;
            Ok(())
        };
        let too_late = |_| Err(Error::TooLate("a scan"));
        timeout(SCAN_TIME, scan).await.unwrap_or_else(too_late)?;
        let oldest = begin.elapsed().as_secs() + 1;
        let all = self
            .status()
            .await?
            .bsss
            .into_iter()
            .map(async |path| self.bss(path).await.ok()?);
        let all = join_all(all).await.into_iter().flatten();
        Ok(all.filter(|bss| u64::from(bss.age) <= oldest).collect())
    }

    /// The access point that it is joined to.
    pub(super) async fn current(&self) -> Result<Option<Bss>, Error> {
        match self.status().await?.bss {
            Some(path) => self.bss(path).await,
            None => Ok(None),
        }
    }

    async fn bss(&self, path: OwnedObjectPath) -> Result<Option<Bss>, Error> {
        Ok(Bss::read(self.0.other(path).properties(BSS).await?))
    }

    /// All networks that it knows.
    pub(super) async fn networks(&self) -> Result<Vec<(OwnedObjectPath, Known)>, Error> {
        let mut properties = self.0.properties(INTERFACE).await?;
        let paths: Vec<OwnedObjectPath> = properties.take("Networks").unwrap_or_default();
        let known = paths.into_iter().map(async |path| {
            // One that is gone by now is none.
            let properties = self.0.other(path.clone()).properties(NETWORK).await.ok()?;
            Some((path, Known::read(properties)))
        });
        Ok(join_all(known).await.into_iter().flatten().collect())
    }

    pub(super) async fn add(&self, settings: Settings<'_>) -> Result<OwnedObjectPath, Error> {
        self.0.call(INTERFACE, "AddNetwork", &(settings,)).await
    }

    pub(super) async fn set(&self, network: &OwnedObjectPath, settings: Settings<'static>) -> Result<(), Error> {
        let body = (NETWORK, "Properties", Variant::from(settings));
        self.0.other(network.clone()).call(PROPERTIES, "Set", &body).await
    }

    pub(super) async fn enable(&self, network: &OwnedObjectPath) -> Result<(), Error> {
        let body = (NETWORK, "Enabled", Variant::from(true));
        self.0.other(network.clone()).call(PROPERTIES, "Set", &body).await
    }

    /// Joins this network and no other: the others are disabled.
    pub(super) async fn select(&self, network: &OwnedObjectPath) -> Result<(), Error> {
        self.0.call(INTERFACE, "SelectNetwork", &(network,)).await
    }

    /// Leaves the network that it is in, and waits for another order.
    pub(super) async fn disconnect(&self) -> Result<(), Error> {
        self.0.call(INTERFACE, "Disconnect", &()).await
    }

    /// Takes back [`Interface::disconnect`].
    pub(super) async fn reconnect(&self) -> Result<(), Error> {
        self.0.call(INTERFACE, "Reconnect", &()).await
    }

    pub(super) async fn remove(&self, network: &OwnedObjectPath) -> Result<(), Error> {
        self.0.call(INTERFACE, "RemoveNetwork", &(network,)).await
    }

    /// Writes what it knows into its file.
    pub(super) async fn save(&self) -> Result<(), Error> {
        self.0.call(INTERFACE, "SaveConfig", &()).await
    }

    /// Watches it from now on.
    pub(super) async fn watch(&self, bus: &Bus) -> Result<Watch, Error> {
        Ok(Watch {
            changes: self.0.signals(PROPERTIES, "PropertiesChanged").await?,
            owners: bus.owners(&SERVICE).await?,
        })
    }
}

/// What happens to an interface.
pub(super) struct Watch {
    changes: Signals,
    owners: Owners,
}

impl Watch {
    /// Waits for a change; an error if wpa_supplicant itself is gone, or was restarted.
    pub(super) async fn next(&mut self) -> Result<Properties, NotJoined> {
        loop {
            let signal = tokio::select! {
                signal = self.changes.next() => signal,
                () = self.owners.changed() => None,
            };
            let Some(signal) = signal else {
                return Err(NotJoined::other("wpa_supplicant has ended or was restarted"));
            };
            if let Some(changed) = Properties::changed(&signal, INTERFACE) {
                return Ok(changed);
            }
        }
    }

    /// Drops what has come already.
    pub(super) fn skip_pending(&mut self) {
        self.changes.skip_pending();
    }
}

/// With the file in which Debian's units have the networks of an interface, if there is one.
fn creation(name: &str) -> HashMap<&'static str, Variant<'_>> {
    let mut creation = HashMap::from([("Ifname", Variant::from(name)), ("Driver", Variant::from("nl80211"))]);
    let file = format!("/etc/wpa_supplicant/wpa_supplicant-{name}.conf");
    if fs::exists(&file).unwrap_or_default() {
        creation.insert("ConfigFile", Variant::from(file));
    }
    creation
}

fn scan_options<'o>(
    plan: ScanPlan,
    hidden: Option<&'o Credentials>,
    most_names: i32,
) -> HashMap<&'static str, Variant<'o>> {
    let mut options = HashMap::new();
    match hidden {
        // Names can be called in an active scan only.
        Some(credentials) => {
            // Nobody by name calls everybody.
            let names = [credentials.ssid.as_bytes(), &[]];
            let names = if most_names > 1 { &names[..] } else { &names[..1] };
            options.insert("Type", Variant::from("active"));
            options.insert("SSIDs", Variant::from(names.to_vec()));
        }
        None => {
            options.insert("Type", Variant::from(if plan.passive { "passive" } else { "active" }));
        }
    }
    if let ScanChannels::One(channel) = plan.channels
        && let Some(mhz) = frequency(channel)
    {
        options.insert("Channels", Variant::from(vec![(mhz, WIDTH)]));
    }
    options
}

/// For one that is under way and one after it, on all channels of all bands.
const SCAN_TIME: Duration = Duration::from_secs(30);
/// MHz of a channel; wpa_supplicant wants it and does not use it.
const WIDTH: u32 = 20;
