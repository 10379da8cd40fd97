use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use landfall_manager::{AccessPoint, Credentials, DisconnectReason, ScanPlan};
use landfall_protocomm::wire::AuthMode;
use tokio::time::timeout;
use zbus::OwnedObjectPath;

use super::{
    SERVICE,
    attempt::{Attempt, Change, State, Turn},
    bss::Bss,
    dhcp::Dhcp,
    interface::{Interface, Watch},
    network::{self, Known, Mark},
};
use crate::{
    Error,
    bus::Bus,
    kernel,
    station::{Link, NotJoined, Target, is_wanted},
};

/// An interface that wpa_supplicant drives, with a DHCP client beside it.
///
/// A network of ours bears a mark in wpa_supplicant, so nothing about it has to be remembered here. What is remembered is
/// how the interface was before.
#[derive(Debug)]
pub(crate) struct Station {
    bus: Bus,
    interface: kernel::Interface,
    before: Mutex<Option<Before>>,
    dhcp: Dhcp,
}

/// What a try replaces, and has to be put back.
#[derive(Debug, Clone)]
struct Before {
    /// Of which run of wpa_supplicant: another one knows nothing of these paths.
    owner: String,
    network: Option<OwnedObjectPath>,
    enabled: Vec<OwnedObjectPath>,
}

impl Station {
    pub(crate) async fn open(bus: &Bus, interface: &kernel::Interface) -> Result<Self, Error> {
        let station = Self {
            bus: bus.clone(),
            interface: interface.clone(),
            before: Mutex::new(None),
            dhcp: Dhcp::new(bus, interface),
        };
        station.driven().await?;
        Ok(station)
    }

    pub(crate) const fn interface(&self) -> &kernel::Interface {
        &self.interface
    }

    pub(crate) async fn scan(&self, plan: ScanPlan, hidden: Option<&Credentials>) -> Result<Vec<AccessPoint>, Error> {
        let heard = self.driven().await?.scan(plan, hidden).await?;
        let points = heard.iter().filter_map(Bss::access_point);
        Ok(points.filter(|point| is_wanted(point, plan.channels)).collect())
    }

    pub(crate) async fn join(&self, target: &Target) -> Result<(), NotJoined> {
        let settings = network::settings(target)?;
        let interface = self.driven().await.map_err(unusable)?;
        let prepared = async {
            let networks = interface.networks().await?;
            self.remember(&interface, &networks).await?;
            remove(&interface, &networks, Mark::Tried).await?;
            interface.add(settings).await
        };
        let network = prepared.await.map_err(unusable)?;
        self.dhcp.end().await;
        let has_sae = matches!(target.heard.auth, AuthMode::Wpa3Psk | AuthMode::Wpa2Wpa3Psk);
        let is_pinned = network::is_pinned(target);
        if let Err(failure) = self.select(&interface, &network, has_sae, is_pinned).await {
            // It would go on trying: an access point may lock those out who do so.
            let _ = interface.remove(&network).await;
            return Err(failure);
        }
        if is_pinned {
            interface.set(&network, network::unpinned()).await.map_err(unusable)?;
        }
        self.dhcp.begin(target.is_visit).await.map_err(unusable)
    }

    pub(crate) async fn part(&self) -> Result<(), Error> {
        let interface = self.driven().await?;
        let networks = interface.networks().await?;
        self.remember(&interface, &networks).await?;
        self.dhcp.end().await;
        let lost = self.lost();
        match interface.disconnect().await {
            // It was in none.
            Err(Error::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => timeout(PART_TIME, lost)
                .await
                .map(drop)
                .map_err(|_| Error::TooLate("leaving a network")),
        }
    }

    pub(crate) async fn rejoin(&self, credentials: &Credentials) -> Result<bool, NotJoined> {
        let interface = self.driven().await.map_err(unusable)?;
        let networks = interface.networks().await.map_err(unusable)?;
        let is_it = |known: &Known| known.mark == Some(Mark::Kept) && known.ssid == Some(credentials.ssid);
        let Some((network, known)) = networks.iter().find(|(_, known)| is_it(known)) else {
            return Ok(false);
        };
        if is_up(&interface, network).await.map_err(unusable)? {
            self.dhcp.ensure().await.map_err(unusable)?;
            return Ok(true);
        }
        self.remember(&interface, &networks).await.map_err(unusable)?;
        remove(&interface, &networks, Mark::Tried).await.map_err(unusable)?;
        self.dhcp.end().await;
        let joined = self.select(&interface, network, known.has_sae, false).await;
        self.enable_others(&interface).await;
        joined?;
        self.dhcp.begin(false).await.map_err(unusable)?;
        Ok(true)
    }

    pub(crate) async fn leave(&self) {
        // A service that is gone, or refuses by now, has nothing to be left.
        if let Ok(interface) = self.driven().await {
            let _ = self.restore(&interface).await;
        }
    }

    pub(crate) async fn keep(&self, credentials: &Credentials) -> Result<(), Error> {
        let interface = self.driven().await?;
        let networks = interface.networks().await?;
        let of_mark = |mark| {
            let is_it = move |known: &Known| known.mark == Some(mark) && known.ssid == Some(credentials.ssid);
            networks.iter().find(|(_, known)| is_it(known)).map(|(path, _)| path)
        };
        let Some(network) = of_mark(Mark::Tried).or_else(|| of_mark(Mark::Kept)) else {
            return Err(Error::NotJoined("it is not there any more".to_owned()));
        };
        interface.set(network, network::kept()).await?;
        self.enable_others(&interface).await;
        let has_file = interface.status().await?.has_file;
        // First the new one, then without the old one: a power cut may come between.
        let saved = if has_file { interface.save().await } else { Ok(()) };
        let old = |(path, known): &&(OwnedObjectPath, Known)| known.mark.is_some() && path != network;
        let old: Vec<_> = networks.iter().filter(old).collect();
        for (path, _) in &old {
            interface.remove(path).await?;
        }
        saved?;
        if has_file && !old.is_empty() {
            interface.save().await
        } else {
            Ok(())
        }
    }

    pub(crate) async fn forget(&self) -> Result<(), Error> {
        let interface = self.driven().await?;
        self.restore(&interface).await?;
        let networks = interface.networks().await?;
        let joined = interface.status().await?.network;
        let is_ours = |(path, known): &(OwnedObjectPath, Known)| known.mark.is_some() && joined.as_ref() == Some(path);
        if networks.iter().any(is_ours) {
            self.dhcp.end().await;
        }
        let forgotten = remove(&interface, &networks, Mark::Kept).await?;
        if forgotten && interface.status().await?.has_file {
            interface.save().await?;
        }
        Ok(())
    }

    pub(crate) async fn lost(&self) -> NotJoined {
        match self.watch_link().await {
            Ok(lost) => lost,
            Err(error) => unusable(error),
        }
    }

    pub(crate) async fn link(&self) -> Result<Link, Error> {
        let none = || Error::NotJoined("the link has ended".to_owned());
        let bss = self.driven().await?.current().await?.ok_or_else(none)?;
        let frequency = bss.frequency;
        let point = bss.access_point().ok_or_else(none)?;
        Ok(Link {
            bssid: point.bssid,
            frequency,
            auth: point.auth,
        })
    }

    /// The interface, which may be another object by now: wpa_supplicant may have been restarted.
    async fn driven(&self) -> Result<Interface<'_>, Error> {
        Interface::open(&self.bus, &self.interface.name).await
    }

    async fn watch_link(&self) -> Result<NotJoined, Error> {
        let interface = self.driven().await?;
        let mut watch = interface.watch(&self.bus).await?;
        let mut reason = None;
        if interface.status().await?.state == State::Idle {
            return Ok(lost(reason));
        }
        loop {
            match watch.next().await {
                Err(gone) => return Ok(gone),
                Ok(changed) => {
                    let change = Change::read(changed);
                    reason = change.reason().or(reason);
                    if change.is_loss() {
                        return Ok(lost(reason));
                    }
                }
            }
        }
    }

    /// Keeps in mind how it was before the first try.
    async fn remember(&self, interface: &Interface<'_>, networks: &[(OwnedObjectPath, Known)]) -> Result<(), Error> {
        let owner = self.bus.owner(&SERVICE).await?;
        if self.before().is_some_and(|before| before.owner == owner) {
            return Ok(());
        }
        let joined = interface.status().await?.network;
        let is_tried = |known: &Known| known.mark == Some(Mark::Tried);
        // A try that somebody else has left behind: a program of ours that was killed. It had disabled all others.
        let is_orphaned = networks.iter().any(|(_, known)| is_tried(known));
        let is_enabled = |known: &Known| !is_tried(known) && (known.is_enabled || is_orphaned);
        let (others, enabled): (Vec<_>, Vec<_>) = networks.iter().partition(|(_, known)| !is_enabled(known));
        let was_tried = |path: &OwnedObjectPath| others.iter().any(|(other, known)| other == path && is_tried(known));
        self.set_before(Some(Before {
            owner,
            network: joined.filter(|path| !was_tried(path)),
            enabled: enabled.into_iter().map(|(path, _)| path.clone()).collect(),
        }));
        Ok(())
    }

    /// Joins a network that wpa_supplicant knows.
    async fn select(
        &self,
        interface: &Interface<'_>,
        network: &OwnedObjectPath,
        has_sae: bool,
        is_pinned: bool,
    ) -> Result<(), NotJoined> {
        let mut watch = interface.watch(&self.bus).await.map_err(unusable)?;
        interface.select(network).await.map_err(unusable)?;
        // How the link before this one has ended.
        watch.skip_pending();
        let status = interface.status().await.map_err(unusable)?;
        if status.state == State::Up && status.network.as_ref() == Some(network) {
            return Ok(());
        }
        let attempt = Attempt::new(has_sae, status.state);
        follow(interface, network, is_pinned, attempt, watch).await
    }

    /// Puts back what was before the first try.
    async fn restore(&self, interface: &Interface<'_>) -> Result<(), Error> {
        let networks = interface.networks().await?;
        if networks.iter().any(|(_, known)| known.mark == Some(Mark::Tried)) {
            // The address goes while there is still somebody to hear of it.
            self.dhcp.end().await;
        } else if self.before().is_none() {
            // A program of ours that was killed may have parted from a network and not gone on. wpa_supplicant refuses if
            // it is not so.
            let _ = interface.reconnect().await;
            return Ok(());
        }
        self.remember(interface, &networks).await?;
        remove(interface, &networks, Mark::Tried).await?;
        let (before, enabled) = self
            .before()
            .map_or((None, Vec::new()), |before| (before.network, before.enabled));
        // wpa_supplicant may be about to join one of them, which was out of range when the try began.
        let others = before.is_some() || !enabled.is_empty();
        if let Some(network) = &before {
            // Its owner may have removed it meanwhile.
            let _ = interface.select(network).await;
        }
        self.enable_others(interface).await;
        if others {
            self.dhcp.ensure().await?;
        }
        Ok(())
    }

    /// Lets wpa_supplicant use again what it could use before, and begins anew to remember.
    async fn enable_others(&self, interface: &Interface<'_>) {
        let Some(before) = self.before() else { return };
        for network in &before.enabled {
            // Its owner may have removed it meanwhile.
            let _ = interface.enable(network).await;
        }
        self.set_before(None);
    }

    fn before(&self) -> Option<Before> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_before(&self, before: Option<Before>) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = before;
    }
}

async fn follow(
    interface: &Interface<'_>,
    network: &OwnedObjectPath,
    is_pinned: bool,
    mut attempt: Attempt,
    mut watch: Watch,
) -> Result<(), NotJoined> {
    loop {
        match attempt.take(Change::read(watch.next().await?)) {
            Some(Turn::Up) if is_up(interface, network).await.map_err(unusable)? => return Ok(()),
            // Another one of the network may be there still.
            Some(Turn::Unheard(1)) if is_pinned => {
                interface.set(network, network::unpinned()).await.map_err(unusable)?;
            }
            Some(Turn::Unheard(SCANS)) => {
                return Err(NotJoined {
                    reason: DisconnectReason::NetworkNotFound,
                    why: "no access point of this network is in range".to_owned(),
                });
            }
            Some(Turn::Failed(failure)) => return Err(failure),
            Some(Turn::Up | Turn::Unheard(_)) | None => {}
        }
    }
}

async fn is_up(interface: &Interface<'_>, network: &OwnedObjectPath) -> Result<bool, Error> {
    let status = interface.status().await?;
    Ok(status.state == State::Up && status.network.as_ref() == Some(network))
}

/// Removes those of `networks` with this mark. Whether there were any.
async fn remove(interface: &Interface<'_>, networks: &[(OwnedObjectPath, Known)], mark: Mark) -> Result<bool, Error> {
    let mut were_any = false;
    for (path, _) in networks.iter().filter(|(_, known)| known.mark == Some(mark)) {
        interface.remove(path).await?;
        were_any = true;
    }
    Ok(were_any)
}

fn lost(reason: Option<i32>) -> NotJoined {
    match reason {
        Some(reason) => NotJoined::other(format!("the link has ended with reason {}", reason.abs())),
        None => NotJoined::other("the link has ended"),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn unusable(error: Error) -> NotJoined {
    NotJoined::other(error.to_string())
}

/// For the access point to be told.
const PART_TIME: Duration = Duration::from_secs(5);
/// wpa_supplicant's scans in a row without the network, five seconds apart, before it counts as absent.
const SCANS: u32 = 3;
