use landfall_manager::{AccessPoint, Bssid, Credentials, DisconnectReason, ScanPlan};
use landfall_protocomm::wire::AuthMode;

use super::{Backend, StationOptions};
use crate::{
    Error,
    bus::Bus,
    kernel::{self, Interface},
    network_manager, wpa_supplicant,
};

/// What a service that drives Wi-Fi can do with one interface.
///
/// All futures can be dropped: what they began is undone by [`Drive::leave`], or replaced by the next [`Drive::join`].
pub(crate) trait Drive: Send + Sync {
    /// The interface.
    fn interface(&self) -> &Interface;

    /// Scans, the network called `hidden` by its name if one is given. Gives every access point that was heard in this
    /// scan on the plan's channels, but for those that tell nobody their names.
    fn scan(
        &self,
        plan: ScanPlan,
        hidden: Option<&Credentials>,
    ) -> impl Future<Output = Result<Vec<AccessPoint>, Error>> + Send;

    /// Joins, leaving another network, which stays kept. Replaces what an earlier try has left behind. Ends when the link
    /// is up and whoever gives addresses has been told to; an address need not be there yet. Is not bounded in time.
    fn join(&self, target: &Target) -> impl Future<Output = Result<(), NotJoined>> + Send;

    /// Leaves the network that the station is on, so that its radio can go elsewhere; it is remembered as [`Drive::join`]
    /// does, and not joined again before the next order. Ends when the link has ended.
    fn part(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Joins what is kept if it is these credentials' network; at once if the station is there. `false` if no such
    /// network is kept: it has to be joined anew.
    fn rejoin(&self, credentials: &Credentials) -> impl Future<Output = Result<bool, NotJoined>> + Send;

    /// Forgets what [`Drive::join`] began or reached, unless it was kept, and has the station go back to the network
    /// that it was on before, whoever had put it there.
    fn leave(&self) -> impl Future<Output = ()> + Send;

    /// Keeps what was joined last, over restarts if the service can, and forgets what was kept before. Does it all the
    /// same if it was kept already.
    fn keep(&self, credentials: &Credentials) -> impl Future<Output = Result<(), Error>> + Send;

    /// Leaves and forgets everything that was ever kept through this.
    fn forget(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Waits until the link that was joined is lost. A service that restarts or goes counts as that; so does an interface
    /// that is unplugged. It is dropped and called anew all the time: so it looks first at what is the case by now.
    fn lost(&self) -> impl Future<Output = NotJoined> + Send;

    /// The link that is there.
    fn link(&self) -> impl Future<Output = Result<Link, Error>> + Send;
}

/// The service that was found.
#[derive(Debug)]
pub(crate) enum Driver {
    NetworkManager(network_manager::Station),
    WpaSupplicant(wpa_supplicant::Station),
}

/// What is to be joined.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) credentials: Credentials,
    /// Its access point, as it was heard: the strongest, or the one that was asked for.
    pub(crate) heard: AccessPoint,
    /// Whether it may have answered only because it was called by its name.
    pub(crate) is_hidden: bool,
    /// Whether this is for as long as this program runs only: whatever ends it, the machine's Wi-Fi goes back to where it
    /// was, as far as the service can see to that.
    pub(crate) is_visit: bool,
}

/// Why a network was not joined, or is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotJoined {
    pub(crate) reason: DisconnectReason,
    /// The same in words, for the machine's owner.
    pub(crate) why: String,
}

impl Driver {
    /// Chooses interface and service as `options` say.
    pub(crate) async fn find(options: &StationOptions) -> Result<Self, Error> {
        let interface = kernel::interface(options.interface.as_deref()).await?;
        let bus = Bus::system().await?;
        let manages = async || network_manager::Station::open(&bus, &interface).await;
        let supplies = async || wpa_supplicant::Station::open(&bus, &interface).await;
        match options.backend {
            Some(Backend::NetworkManager) => manages().await.map(Self::NetworkManager),
            Some(Backend::WpaSupplicant) => supplies().await.map(Self::WpaSupplicant),
            None => match manages().await {
                Ok(station) => Ok(Self::NetworkManager(station)),
                // It is not there, or leaves this interface to others.
                Err(Error::NotRunning | Error::NoWifi(_)) => supplies().await.map(Self::WpaSupplicant),
                Err(error) => Err(error),
            },
        }
    }

    pub(crate) const fn backend(&self) -> Backend {
        match self {
            Self::NetworkManager(_) => Backend::NetworkManager,
            Self::WpaSupplicant(_) => Backend::WpaSupplicant,
        }
    }
}

impl Drive for Driver {
    fn interface(&self) -> &Interface {
        match self {
            Self::NetworkManager(station) => station.interface(),
            Self::WpaSupplicant(station) => station.interface(),
        }
    }

    async fn scan(&self, plan: ScanPlan, hidden: Option<&Credentials>) -> Result<Vec<AccessPoint>, Error> {
        match self {
            Self::NetworkManager(station) => station.scan(plan, hidden).await,
            Self::WpaSupplicant(station) => station.scan(plan, hidden).await,
        }
    }

    async fn join(&self, target: &Target) -> Result<(), NotJoined> {
        match self {
            Self::NetworkManager(station) => station.join(target).await,
            Self::WpaSupplicant(station) => station.join(target).await,
        }
    }

    async fn part(&self) -> Result<(), Error> {
        match self {
            Self::NetworkManager(station) => station.part().await,
            Self::WpaSupplicant(station) => station.part().await,
        }
    }

    async fn rejoin(&self, credentials: &Credentials) -> Result<bool, NotJoined> {
        match self {
            Self::NetworkManager(station) => station.rejoin(credentials).await,
            Self::WpaSupplicant(station) => station.rejoin(credentials).await,
        }
    }

    async fn leave(&self) {
        match self {
            Self::NetworkManager(station) => station.leave().await,
            Self::WpaSupplicant(station) => station.leave().await,
        }
    }

    async fn keep(&self, credentials: &Credentials) -> Result<(), Error> {
        match self {
            Self::NetworkManager(station) => station.keep(credentials).await,
            Self::WpaSupplicant(station) => station.keep(credentials).await,
        }
    }

    async fn forget(&self) -> Result<(), Error> {
        match self {
            Self::NetworkManager(station) => station.forget().await,
            Self::WpaSupplicant(station) => station.forget().await,
        }
    }

    async fn lost(&self) -> NotJoined {
        match self {
            Self::NetworkManager(station) => station.lost().await,
            Self::WpaSupplicant(station) => station.lost().await,
        }
    }

    async fn link(&self) -> Result<Link, Error> {
        match self {
            Self::NetworkManager(station) => station.link().await,
            Self::WpaSupplicant(station) => station.link().await,
        }
    }
}

/// A link that is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) bssid: Bssid,
    /// MHz.
    pub(crate) frequency: u32,
    pub(crate) auth: AuthMode,
}

impl NotJoined {
    /// For none of the reasons that the protocol knows: worth another try.
    pub(crate) fn other(why: impl Into<String>) -> Self {
        Self {
            reason: DisconnectReason::Other,
            why: why.into(),
        }
    }
}

impl From<Error> for NotJoined {
    fn from(error: Error) -> Self {
        Self::other(error.to_string())
    }
}
