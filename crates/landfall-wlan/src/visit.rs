//! The machine as a guest in a device's access point.

#[cfg(test)]
mod tests;

use core::{future, net::Ipv4Addr, time::Duration};

use landfall_manager::{AccessPoint, Credentials, DisconnectReason, Passphrase, ScanChannels, ScanPlan, Ssid};
use landfall_protocomm::wire::AuthMode;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    Backend, Error, StationOptions,
    kernel::{self, AddressWatch, Addresses, Joined},
    station::{Drive, Driver, NotJoined, Target},
};

/// What a [`Visit`] is made with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VisitOptions {
    /// The interface; `None`: the machine's first Wi-Fi interface.
    pub interface: Option<String>,
    /// Who drives it; `None`: NetworkManager if it manages the interface, else wpa_supplicant.
    pub backend: Option<Backend>,
    /// The device's access point.
    pub ssid: Ssid,
    /// Its key; empty if it is open.
    pub key: Passphrase,
}

impl VisitOptions {
    /// A visit in the access point `ssid`, whose key is `key`.
    pub const fn new(ssid: Ssid, key: Passphrase) -> Self {
        Self {
            interface: None,
            backend: None,
            ssid,
            key,
        }
    }

    /// Has this interface go there; `None`: the machine's first one.
    #[must_use]
    pub fn with_interface(mut self, interface: Option<String>) -> Self {
        self.interface = interface;
        self
    }
}

/// A visit in a device's access point: the machine's Wi-Fi is there until this ends, and then where it was before.
///
/// A link that is lost on the way is made again: devices move to another channel, or restart their access point.
///
/// Dropped, the machine goes back by itself for as long as the runtime goes on; [`Visit::leave`] waits for that.
#[derive(Debug)]
pub struct Visit {
    interface: String,
    /// Where the machine was before.
    before: Option<Before>,
    stage: watch::Receiver<Stage>,
    /// The task goes home when this is gone.
    stay: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// The network that the machine was on.
#[derive(Debug)]
struct Before {
    network: Joined,
    addresses: Addresses,
}

/// How far a visit has come.
#[derive(Debug, Clone)]
enum Stage {
    Arriving,
    There(Ipv4Addr),
    Failed(Error),
}

impl Visit {
    /// Finds out who drives the Wi-Fi, and sets out.
    ///
    /// # Errors
    /// [`Error`], when the machine has no Wi-Fi, nobody drives it, or it is switched off. Nothing was changed then.
    pub async fn begin(options: VisitOptions) -> Result<Self, Error> {
        let driver = Driver::find(&StationOptions {
            interface: options.interface.clone(),
            backend: options.backend,
            ..StationOptions::default()
        })
        .await?;
        if kernel::is_blocked(driver.interface()) {
            return Err(Error::Off);
        }
        let before = Before::of(driver.interface()).await?;
        Ok(Self::set_out(driver, before, options))
    }

    fn set_out(driver: impl Drive + 'static, before: Option<Before>, options: VisitOptions) -> Self {
        let interface = driver.interface().name.clone();
        let (tell, stage) = watch::channel(Stage::Arriving);
        let (stay, end) = oneshot::channel();
        let elsewhere = before.as_ref().filter(|before| before.network.ssid != options.ssid);
        let elsewhere = elsewhere.and_then(|before| before.addresses.v4);
        let task = tokio::spawn(visit(driver, options, elsewhere, tell, end));
        Self {
            interface,
            before,
            stage,
            stay: Some(stay),
            task,
        }
    }

    /// The interface, which is in the device's network.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// Waits until the machine is there, and gives its address; also while a lost link is made again.
    ///
    /// # Errors
    /// [`Error::NotHeard`], [`Error::WrongKey`], [`Error::KeyMissing`], [`Error::KeyNotAsked`], [`Error::NotJoined`],
    /// and those of whoever drives the Wi-Fi. The visit then has to be left all the same.
    pub fn arrival(&self) -> impl Future<Output = Result<Ipv4Addr, Error>> + Send + use<> {
        let mut stage = self.stage.clone();
        async move {
            let reached = stage.wait_for(|stage| !matches!(stage, Stage::Arriving)).await;
            match reached.as_deref() {
                Ok(Stage::There(address)) => Ok(*address),
                Ok(Stage::Failed(error)) => Err(error.clone()),
                Ok(Stage::Arriving) | Err(_) => Err(Error::NotJoined("the visit is over".to_owned())),
            }
        }
    }

    /// Ends the visit. Waits until whoever drives the Wi-Fi was told to go back, which takes 10 s at most; what was begun
    /// in the access point is forgotten then. Dropping the future changes nothing of that.
    pub async fn leave(&mut self) {
        self.stay = None;
        // One that has panicked said so; whether the machine is back is seen by looking.
        let _ = (&mut self.task).await;
    }

    /// Waits, after [`Visit::leave`], until the machine is on the network again that it was on before, whose name it gives,
    /// empty if that is hidden; `None` if it was on none.
    ///
    /// # Errors
    /// [`Error::NotBack`] if it is not in a minute, and [`Error::Kernel`].
    pub async fn back(&self) -> Result<Option<Ssid>, Error> {
        let Some(before) = &self.before else { return Ok(None) };
        let reached = timeout(BACK_TIME, before.reached_on(&self.interface)).await;
        reached.unwrap_or(Err(Error::NotBack(before.network.ssid)))?;
        Ok(Some(before.network.ssid))
    }
}

impl Before {
    async fn of(interface: &kernel::Interface) -> Result<Option<Self>, Error> {
        let Some(network) = kernel::joined(interface.index).await? else {
            return Ok(None);
        };
        let addresses = AddressWatch::new(interface.index)?.now().await?;
        Ok(Some(Self { network, addresses }))
    }

    /// Waits until the interface is there, with an address if it had one.
    async fn reached_on(&self, interface: &str) -> Result<(), Error> {
        let index = kernel::interface(Some(interface)).await?.index;
        let mut watch = AddressWatch::new(index)?;
        loop {
            let addresses = watch.now().await?;
            let is_reachable = addresses.v4.is_some() || self.addresses.v4.is_none();
            let network = kernel::joined(index).await?;
            if is_reachable && network.is_some_and(|network| network.is_same_network(&self.network)) {
                return Ok(());
            }
            // An address that stayed all the time brings no news when the link is there again.
            let _ = timeout(LOOK_AGAIN, watch.changed()).await;
        }
    }
}

/// Stays in the access point until nobody holds the other end of `end` any more.
async fn visit(
    driver: impl Drive,
    options: VisitOptions,
    elsewhere: Option<Ipv4Addr>,
    tell: watch::Sender<Stage>,
    end: oneshot::Receiver<()>,
) {
    let guest = Guest {
        driver: &driver,
        credentials: Credentials {
            ssid: options.ssid,
            passphrase: options.key,
            bssid: None,
            channel: None,
        },
        elsewhere,
        tell: &tell,
    };
    tokio::select! {
        biased;
        _ = end => {}
        () = guest.stay() => {}
    }
    // A service that hangs: more than telling it cannot be done.
    let _ = timeout(LEAVE_TIME, driver.leave()).await;
}

/// The machine in a device's access point, or on its way there.
struct Guest<'a, D> {
    driver: &'a D,
    credentials: Credentials,
    /// The address in the network that the machine was on before.
    elsewhere: Option<Ipv4Addr>,
    tell: &'a watch::Sender<Stage>,
}

impl<D: Drive> Guest<'_, D> {
    /// Goes there, and there again when the link is lost. Ends only by being dropped.
    async fn stay(&self) {
        let mut patience = Duration::ZERO;
        loop {
            match self.arrive_within(patience).await {
                Ok(address) => self.tell.send_replace(Stage::There(address)),
                Err(error) => {
                    self.tell.send_replace(Stage::Failed(error));
                    return future::pending().await;
                }
            };
            self.driver.lost().await;
            self.tell.send_replace(Stage::Arriving);
            patience = PATIENCE;
        }
    }

    /// Tries once, and again for as long as `patience` lasts.
    async fn arrive_within(&self, patience: Duration) -> Result<Ipv4Addr, Error> {
        let begin = Instant::now();
        loop {
            match self.arrive().await {
                Err(_) if begin.elapsed() < patience => sleep(PAUSE).await,
                result => return result,
            }
        }
    }

    async fn arrive(&self) -> Result<Ipv4Addr, Error> {
        let target = self.locate().await?;
        self.check_key(target.heard.auth)?;
        let mut tries = 1..=TRIES;
        loop {
            tries.next();
            match self.join(&target).await {
                Err(failure) if failure.reason == DisconnectReason::Other && !tries.is_empty() => {}
                result => return result.map_err(|failure| self.refused(failure)),
            }
        }
    }

    async fn join(&self, target: &Target) -> Result<Ipv4Addr, NotJoined> {
        let too_late = || {
            Err(NotJoined::other(format!(
                "it took longer than {} s",
                JOIN_TIME.as_secs()
            )))
        };
        timeout(JOIN_TIME, self.driver.join(target))
            .await
            .unwrap_or_else(|_| too_late())?;
        tokio::select! {
            found = timeout(ADDRESS_TIME, self.address()) => {
                found.unwrap_or_else(|_| Err(NotJoined::other("the device gave no address (DHCP)")))
            }
            lost = self.driver.lost() => Err(lost),
        }
    }

    /// Waits for an address of the device's network. One that was set by hand for another network may stay all the time.
    async fn address(&self) -> Result<Ipv4Addr, NotJoined> {
        let unknown = |error: Error| NotJoined::other(error.to_string());
        let mut watch = AddressWatch::new(self.driver.interface().index).map_err(unknown)?;
        loop {
            match watch.now().await.map_err(unknown)?.v4 {
                Some(address) if Some(address) != self.elsewhere => return Ok(address),
                _ => watch.changed().await,
            }
        }
    }

    /// Scans until the access point is heard. One that hides answers to its name only.
    async fn locate(&self) -> Result<Target, Error> {
        let begin = Instant::now();
        let mut miss = Error::NotHeard(self.credentials.ssid);
        for scan in 0.. {
            let is_hidden = scan % 2 == 1;
            match self.scan(is_hidden).await {
                Ok(Some(heard)) => {
                    return Ok(Target {
                        credentials: self.credentials.clone(),
                        heard,
                        is_hidden,
                        is_visit: true,
                    });
                }
                Ok(None) => miss = Error::NotHeard(self.credentials.ssid),
                Err(error) if is_for_good(&error) => return Err(error),
                Err(error) => miss = error,
            }
            if begin.elapsed() >= SEARCH_TIME {
                break;
            }
            sleep(PAUSE).await;
        }
        Err(miss)
    }

    async fn scan(&self, is_hidden: bool) -> Result<Option<AccessPoint>, Error> {
        let plan = ScanPlan {
            channels: ScanChannels::All,
            passive: false,
            dwell: None,
        };
        let found = self.driver.scan(plan, is_hidden.then_some(&self.credentials));
        let found = timeout(SCAN_TIME, found)
            .await
            .unwrap_or(Err(Error::TooLate("a scan")))?;
        let ours = found.into_iter().filter(|point| point.ssid == self.credentials.ssid);
        Ok(ours.max_by_key(|point| point.rssi))
    }

    /// An open access point where a key is known may be anybody's.
    fn check_key(&self, auth: AuthMode) -> Result<(), Error> {
        let is_open = matches!(auth, AuthMode::Open | AuthMode::Owe);
        match (is_open, self.credentials.passphrase.is_empty()) {
            (true, false) => Err(Error::KeyNotAsked),
            (false, true) => Err(Error::KeyMissing),
            _ => Ok(()),
        }
    }

    fn refused(&self, NotJoined { reason, why }: NotJoined) -> Error {
        match reason {
            DisconnectReason::AuthError if !self.credentials.passphrase.is_empty() => Error::WrongKey,
            DisconnectReason::NetworkNotFound => Error::NotHeard(self.credentials.ssid),
            _ => Error::NotJoined(why),
        }
    }
}

/// Whether another scan would come to the same.
const fn is_for_good(error: &Error) -> bool {
    matches!(
        error,
        Error::NoBus
            | Error::NotRunning
            | Error::NoWifi(_)
            | Error::Off
            | Error::NotPermitted(_)
            | Error::NoInterface(_)
    )
}

/// A device that was just switched on opens its access point after some seconds.
const SEARCH_TIME: Duration = Duration::from_secs(20);
/// Every channel of all bands, some of them twice as long for radar's sake.
const SCAN_TIME: Duration = Duration::from_secs(15);
const JOIN_TIME: Duration = Duration::from_secs(40);
/// Devices answer DHCP at once; a first packet may be lost.
const ADDRESS_TIME: Duration = Duration::from_secs(15);
/// Joining fails now and then for no reason that anybody knows.
const TRIES: u32 = 2;
/// For a device whose access point is gone to come back with it, on another channel perhaps.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two scans.
const PAUSE: Duration = Duration::from_millis(500);
const LEAVE_TIME: Duration = Duration::from_secs(10);
const BACK_TIME: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_secs(1);
