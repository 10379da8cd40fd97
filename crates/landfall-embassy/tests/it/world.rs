//! Networks that are played, and a station among them that holds whoever drives it to the contract.

use core::{
    cell::{Cell, RefCell},
    net::Ipv4Addr,
    time::Duration,
};

use embassy_time::Timer;
use landfall_embassy::{
    Drive, Networks, ScanFailed,
    manager::{AccessPoint, Bssid, Credentials, DisconnectReason, Passphrase, ScanPlan, Ssid, Station},
    protocomm::wire::AuthMode,
};
use tokio::sync::Notify;

/// What the air has, and what became of the station. A test may change it at any time.
pub(crate) struct World {
    pub(crate) networks: RefCell<Vec<(&'static str, &'static str)>>,
    pub(crate) join_time: Cell<Duration>,
    pub(crate) scan_time: Cell<Duration>,
    /// Scans are refused.
    pub(crate) deaf: Cell<bool>,
    /// The next so many attempts to join fail for a passing reason.
    pub(crate) failures: Cell<u32>,
    /// What was done, in order.
    pub(crate) done: RefCell<Vec<String>>,
    /// Why the network was lost, if it was.
    lost: Cell<Option<DisconnectReason>>,
    news: Notify,
    joined: Cell<bool>,
    /// A join was dropped, and nobody has left since.
    torn: Cell<bool>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            networks: RefCell::new(vec![("myssid", "mypassword"), ("MobileHotspot", "mypassword")]),
            join_time: Cell::new(Duration::from_millis(20)),
            scan_time: Cell::new(Duration::from_millis(50)),
            deaf: Cell::new(false),
            failures: Cell::new(0),
            done: RefCell::default(),
            lost: Cell::new(None),
            news: Notify::new(),
            joined: Cell::new(false),
            torn: Cell::new(false),
        }
    }

    /// Ends the connection that the station has.
    pub(crate) fn lose(&self, reason: DisconnectReason) {
        assert!(self.joined.get(), "nothing to lose");
        self.lost.set(Some(reason));
        self.news.notify_one();
    }

    pub(crate) fn is_joined(&self) -> bool {
        self.joined.get()
    }

    /// What was done since the last time.
    pub(crate) fn take_done(&self) -> Vec<String> {
        self.done.take()
    }

    fn note(&self, what: impl Into<String>) {
        self.done.borrow_mut().push(what.into());
    }
}

pub(crate) fn station(ssid: &str) -> Station {
    Station {
        ip: Ipv4Addr::new(192, 168, 43, 243),
        ssid: Ssid::new(ssid.as_bytes()).expect("short"),
        bssid: Bssid([2, 0, 0, 0, 0, 1]),
        channel: 6,
        auth: AuthMode::Wpa2Psk,
    }
}

pub(crate) fn credentials(ssid: &str, passphrase: &str) -> Credentials {
    Credentials {
        ssid: Ssid::new(ssid.as_bytes()).expect("short"),
        passphrase: Passphrase::new(passphrase.as_bytes()).expect("short"),
        bssid: None,
        channel: None,
    }
}

/// Notes that a join was dropped before it was done.
struct Torn<'a>(Option<&'a World>);

impl Drop for Torn<'_> {
    fn drop(&mut self) {
        if let Some(world) = self.0 {
            world.torn.set(true);
            world.note("dropped");
        }
    }
}

impl Drive for &World {
    async fn scan(&mut self, _: &ScanPlan, found: &mut Networks) -> Result<(), ScanFailed> {
        assert!(!self.torn.get(), "a scan after half a join");
        self.note("scan");
        wait(self.scan_time.get()).await;
        if self.deaf.get() {
            return Err(ScanFailed);
        }
        for (number, (ssid, _)) in self.networks.borrow().iter().enumerate() {
            let heard = AccessPoint {
                ssid: Ssid::new(ssid.as_bytes()).expect("short"),
                bssid: Bssid([2, 0, 0, 0, 0, number as u8]),
                channel: 6,
                rssi: -40 - number as i8,
                auth: AuthMode::Wpa2Psk,
            };
            found.push(heard).expect("room");
        }
        Ok(())
    }

    async fn join(&mut self, credentials: &Credentials) -> Result<Station, DisconnectReason> {
        assert!(!self.torn.get(), "a join after half a join");
        assert!(!self.joined.get(), "a join on top of another");
        let ssid = String::from_utf8(credentials.ssid.as_bytes().to_vec()).expect("text");
        self.note(format!("join {ssid}"));
        let mut torn = Torn(Some(self));
        wait(self.join_time.get()).await;
        torn.0 = None;
        if let Some(left) = self.failures.get().checked_sub(1) {
            self.failures.set(left);
            return Err(DisconnectReason::Other);
        }
        let networks = self.networks.borrow();
        let (name, passphrase) = networks
            .iter()
            .find(|(name, _)| *name == ssid)
            .ok_or(DisconnectReason::NetworkNotFound)?;
        if passphrase.as_bytes() != credentials.passphrase.expose() {
            return Err(DisconnectReason::AuthError);
        }
        self.lost.set(None);
        self.joined.set(true);
        Ok(station(name))
    }

    async fn leave(&mut self) {
        self.note("leave");
        self.joined.set(false);
        self.torn.set(false);
    }

    async fn lost(&mut self) -> DisconnectReason {
        assert!(self.joined.get(), "waits for the loss of nothing");
        loop {
            if let Some(reason) = self.lost.take() {
                self.joined.set(false);
                self.note("lost");
                return reason;
            }
            self.news.notified().await;
        }
    }
}

/// Waits on any executor.
async fn wait(time: Duration) {
    Timer::after_millis(time.as_millis() as u64).await;
}
