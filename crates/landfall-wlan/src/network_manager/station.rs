use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use landfall_manager::{AccessPoint, Credentials, ScanPlan};
use landfall_protocomm::wire::AuthMode;
use tokio::time::{Instant, sleep, timeout};
use zbus::OwnedObjectPath;

use super::{
    PROPERTIES, SERVICE,
    attempt::{Attempt, restarted, words},
    device::{Active, Device},
    profile::{self, Mark, Profile},
    scan::Scan,
    sweep::Sweep,
};
use crate::{
    Error,
    bus::Bus,
    kernel::{Interface, strengths},
    station::{Link, NotJoined, Target},
};

/// An interface that NetworkManager manages.
///
/// A profile of ours bears a mark in NetworkManager, so nothing about it has to be remembered here. One that is tried
/// lasts for as long as it is active, whatever becomes of this program.
#[derive(Debug)]
pub(crate) struct Station {
    bus: Bus,
    interface: Interface,
    memory: Mutex<Memory>,
    sweep: Mutex<Sweep>,
}

#[derive(Debug, Default)]
struct Memory {
    before: Option<Before>,
    /// What was joined last.
    joined: Option<OwnedObjectPath>,
    /// NetworkManager was told of a try, and has not answered yet.
    is_asked: bool,
}

/// What was active before the first try.
#[derive(Debug, Clone)]
struct Before {
    /// It outlasts a restart of NetworkManager.
    uuid: Option<String>,
}

impl Station {
    pub(crate) async fn open(bus: &Bus, interface: &Interface) -> Result<Self, Error> {
        Device::open(bus, &interface.name).await?;
        Ok(Self {
            bus: bus.clone(),
            interface: interface.clone(),
            memory: Mutex::default(),
            sweep: Mutex::default(),
        })
    }

    pub(crate) const fn interface(&self) -> &Interface {
        &self.interface
    }

    /// NetworkManager scans all channels actively, whatever `plan` wants: the others are left out of what was heard.
    pub(crate) async fn scan(&self, plan: ScanPlan, hidden: Option<&Credentials>) -> Result<Vec<AccessPoint>, Error> {
        if hidden.is_none()
            && let Some(points) = self.sweep().go_on(plan.channels, Instant::now())
        {
            return Ok(points);
        }
        let points = self.scan_all(hidden).await?;
        Ok(self.sweep().begin(plan.channels, points, Instant::now()))
    }

    async fn scan_all(&self, hidden: Option<&Credentials>) -> Result<Vec<AccessPoint>, Error> {
        let device = self.device().await?;
        let names: Vec<&[u8]> = hidden.iter().map(|credentials| credentials.ssid.as_bytes()).collect();
        let mut scan = Scan::begin(&device.adapter, &names).await?;
        if !scan.ended(SCAN_TIME).await {
            return Err(scan.refusal.unwrap_or(Error::TooLate("a scan")));
        }
        let points = self.points(&scan).await?;
        let is_missing = hidden.is_some_and(|hidden| points.iter().all(|point| point.ssid != hidden.ssid));
        // The one that has ended may have been under way already, without the name; then this one's turn is now.
        if is_missing && scan.ended(AGAIN_TIME).await {
            return self.points(&scan).await;
        }
        Ok(points)
    }

    pub(crate) async fn join(&self, target: &Target) -> Result<(), NotJoined> {
        let settings = profile::settings(target, &self.interface.name)?;
        let device = self.device().await?;
        self.remember(&device).await?;
        let has_sae = matches!(target.heard.auth, AuthMode::Wpa3Psk | AuthMode::Wpa2Wpa3Psk);
        let attempt = Attempt::new(&self.bus, &device, &self.interface.name, has_sae).await?;
        self.memory().is_asked = true;
        let active = device.try_out(settings, target.is_visit).await;
        self.memory().is_asked = false;
        let active = active?;
        attempt.follow(&device, &active).await?;
        self.memory().joined = Some(active);
        Ok(())
    }

    pub(crate) async fn part(&self) -> Result<(), Error> {
        let device = self.device().await?;
        self.remember(&device).await?;
        match device.disconnect().await {
            // It was in none.
            Err(Error::Refused { .. }) => Ok(()),
            parted => parted,
        }
    }

    pub(crate) async fn rejoin(&self, credentials: &Credentials) -> Result<bool, NotJoined> {
        let device = self.device().await?;
        let profiles = Profile::all(&self.bus).await?;
        let is_it = |profile: &&Profile<'_>| profile.mark == Mark::Kept && profile.is_of(credentials);
        let Some(profile) = profiles.iter().find(is_it) else {
            return Ok(false);
        };
        // How it authenticates is not known before it is heard.
        let attempt = Attempt::new(&self.bus, &device, &self.interface.name, true).await?;
        let active = match device.active().await? {
            Some(active) if active.profile == profile.path && !active.is_ending => active.path,
            _ => {
                self.remember(&device).await?;
                device.activate(&profile.path).await?
            }
        };
        attempt.follow(&device, &active).await?;
        self.memory().joined = Some(active);
        Ok(true)
    }

    pub(crate) async fn leave(&self) {
        // A service that is gone, or refuses by now, has nothing to be left.
        let _ = self.restore().await;
    }

    pub(crate) async fn keep(&self, credentials: &Credentials) -> Result<(), Error> {
        let profiles = self.ours().await?;
        let of_mark = |mark| {
            profiles
                .iter()
                .find(|profile| profile.mark == mark && profile.is_of(credentials))
        };
        let Some(profile) = of_mark(Mark::Tried).or_else(|| of_mark(Mark::Kept)) else {
            return Err(Error::NotJoined("it is not there any more".to_owned()));
        };
        profile.clone().keep(&credentials.passphrase).await?;
        self.memory().before = None;
        // First the new one, then without the old one: a power cut may come between.
        delete(profiles.iter().filter(|other| other.path != profile.path)).await
    }

    pub(crate) async fn forget(&self) -> Result<(), Error> {
        delete(self.ours().await?.iter()).await?;
        *self.memory() = Memory::default();
        Ok(())
    }

    pub(crate) async fn lost(&self) -> NotJoined {
        match self.watch_link().await {
            Ok(lost) => lost,
            Err(error) => error.into(),
        }
    }

    pub(crate) async fn link(&self) -> Result<Link, Error> {
        let device = self.device().await?;
        let mut changes = device.adapter.signals(PROPERTIES, "PropertiesChanged").await?;
        let point = async {
            loop {
                if let Some(point) = device.access_point().await? {
                    return Ok(point);
                }
                // NetworkManager finds out which one it is a moment after the link is up.
                changes.next().await;
            }
        };
        let none = || Error::NotJoined("the link has ended".to_owned());
        let point = timeout(LINK_TIME, point).await.unwrap_or_else(|_| Err(none()))?;
        Ok(Link {
            bssid: point.bssid.ok_or_else(none)?,
            frequency: point.frequency,
            auth: point.security.auth(),
        })
    }

    /// What this scan has found.
    async fn points(&self, scan: &Scan<'_>) -> Result<Vec<AccessPoint>, Error> {
        let found = scan.found().await?;
        let dbm = strengths(self.interface.index).await;
        let age = found.took.as_secs().cast_signed() + 1;
        let points = found.heard_within(age).filter_map(|(point, _)| {
            let dbm = point.bssid.and_then(|bssid| dbm.get(&bssid).copied());
            point.access_point(dbm)
        });
        Ok(points.collect())
    }

    /// The interface, which may be another object by now: NetworkManager may have been restarted.
    async fn device(&self) -> Result<Device<'_>, Error> {
        Device::find(&self.bus, &self.interface.name).await
    }

    /// Our profiles but those that another program of ours tries on another interface.
    async fn ours(&self) -> Result<Vec<Profile<'_>>, Error> {
        let mut profiles = Profile::all(&self.bus).await?;
        profiles.retain(|profile| profile.mark == Mark::Kept || profile.is_tried_on(&self.interface.name));
        Ok(profiles)
    }

    /// Keeps in mind what was active before the first try.
    async fn remember(&self, device: &Device<'_>) -> Result<(), Error> {
        if self.memory().before.is_some() {
            return Ok(());
        }
        let active = device.active().await?.filter(|active| !active.is_ending);
        let tried = self.ours().await?;
        // A try that somebody else has left behind: a program of ours that was killed.
        let is_tried = |active: &Active| {
            let is_it = |profile: &Profile<'_>| profile.mark == Mark::Tried && profile.path == active.profile;
            tried.iter().any(is_it)
        };
        let uuid = active.filter(|active| !is_tried(active)).map(|active| active.uuid);
        self.memory().before = Some(Before { uuid });
        Ok(())
    }

    /// Goes back to what was active before the first try.
    async fn restore(&self) -> Result<(), Error> {
        if self.memory().is_asked {
            // A try was given up before NetworkManager had answered. What comes of it can be undone only when it is there.
            sleep(ANSWER_TIME).await;
        }
        let device = self.device().await?;
        let mut tried = self.ours().await?;
        tried.retain(|profile| profile.mark == Mark::Tried);
        let before = self.memory().before.clone().and_then(|before| before.uuid);
        if let Some(uuid) = before {
            let active = device.active().await?.filter(|active| !active.is_ending);
            // Its owner may have gone elsewhere meanwhile.
            let is_free = active.is_none_or(|active| tried.iter().any(|profile| profile.path == active.profile));
            if is_free && let Ok(profile) = profile::of_uuid(&self.bus, &uuid).await {
                // That ends what is active; else NetworkManager would choose by itself what comes next.
                let _ = device.activate(&profile).await;
            }
        }
        delete(tried.iter()).await?;
        *self.memory() = Memory::default();
        // A program of ours that was killed may have parted from a network and not gone on.
        if device.active().await?.is_none() {
            let _ = device.let_autoconnect().await;
        }
        Ok(())
    }

    async fn watch_link(&self) -> Result<NotJoined, Error> {
        let device = self.device().await?;
        let mut states = device.states().await?;
        let mut owners = self.bus.owners(&SERVICE).await?;
        let joined = self.memory().joined.clone();
        loop {
            let status = device.status().await?;
            if !joined.as_ref().is_some_and(|joined| status.is_linked_by(joined)) {
                return Ok(NotJoined::other(format!(
                    "the link has ended: {}",
                    words(status.reason)
                )));
            }
            tokio::select! {
                _ = states.next() => {}
                () = owners.changed() => return Ok(restarted()),
            }
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sweep(&self) -> MutexGuard<'_, Sweep> {
        self.sweep.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Deletes all of them, also if one cannot be; a volatile one may have gone by itself.
async fn delete<'p>(profiles: impl Iterator<Item = &'p Profile<'p>>) -> Result<(), Error> {
    let mut result = Ok(());
    for profile in profiles {
        match profile.delete().await {
            Ok(()) | Err(Error::Refused { .. }) => {}
            Err(error) => result = Err(error),
        }
    }
    result
}

/// For one that is under way and one after it, on all channels of all bands.
const SCAN_TIME: Duration = Duration::from_secs(30);
/// NetworkManager begins one a second after another at the earliest.
const AGAIN_TIME: Duration = Duration::from_secs(6);
/// For NetworkManager to do what it was asked for; it may ask others whether it may.
const ANSWER_TIME: Duration = Duration::from_secs(1);
const LINK_TIME: Duration = Duration::from_secs(3);
