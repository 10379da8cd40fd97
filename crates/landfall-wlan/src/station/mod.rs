//! The machine as a station.

mod address;
mod driver;
mod task;
mod wanted;

use core::time::Duration;
use std::panic::resume_unwind;

use landfall_manager::{AccessPoint, Credentials, DisconnectReason, ScanPlan, Station as Details};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

pub(crate) use driver::{Drive, Driver, Link, NotJoined, Target};
pub(crate) use wanted::is_wanted;

use crate::{Error, Mover};

/// Who drives the Wi-Fi.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// NetworkManager.
    NetworkManager,
    /// wpa_supplicant, with a DHCP client beside it.
    WpaSupplicant,
}

/// What a [`Station`] is made with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StationOptions {
    /// The interface, as the kernel calls it; `None`: the machine's first Wi-Fi interface.
    pub interface: Option<String>,
    /// Who drives it; `None`: NetworkManager if it manages the interface, else wpa_supplicant.
    pub backend: Option<Backend>,
    /// The longest that one attempt to join may take, an address included.
    pub join_time: Duration,
    /// Whether a network that gives IPv6 addresses only counts as joined.
    pub ipv6_only: bool,
    /// The access point of the machine's own that has to be on the target's channel before the target is joined.
    pub beside: Option<Mover>,
}

/// A Wi-Fi station.
///
/// It does what it is told without making anybody wait; [`Station::next`] tells what comes of it. Dropped, it gives up
/// what it tries and leaves what it has joined as it is.
#[derive(Debug)]
pub struct Station {
    interface: String,
    mac: [u8; 6],
    backend: Backend,
    orders: mpsc::UnboundedSender<(Epoch, Order)>,
    reports: mpsc::UnboundedReceiver<(Epoch, Report)>,
    /// Of the last order that says where the station is to be.
    epoch: Epoch,
    task: JoinHandle<()>,
}

/// For forgetting, and for what is to be done before that.
const FORGET_TIME: Duration = Duration::from_secs(20);
/// For what is under way to come to its end.
const CLOSE_TIME: Duration = Duration::from_secs(20);

/// What a [`Station`] tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// The scan that was asked for is done.
    ScanDone(Vec<AccessPoint>),
    /// The scan could not be made.
    ScanFailed,
    /// The station is on the network that it was told to join, and has an address.
    Connected(Details),
    /// It could not join, or has lost its network.
    Disconnected(DisconnectReason),
    /// What the machine's owner should know, in words; nothing follows from it.
    Trouble(String),
}

/// Counts the orders that say where the station is to be, so that what is told of an earlier one is not taken for what
/// came of the last one.
type Epoch = u64;

/// What a [`Station`] is told.
#[derive(Debug)]
enum Order {
    Scan(ScanPlan),
    CancelScan,
    /// Join, as if never done before.
    Connect(Credentials),
    /// Join what is kept: nothing is changed if the station is there already.
    Rejoin(Credentials),
    Disconnect,
    Keep(Credentials),
    Forget(oneshot::Sender<Result<(), Error>>),
}

impl Default for StationOptions {
    fn default() -> Self {
        Self {
            interface: None,
            backend: None,
            join_time: Duration::from_secs(45),
            ipv6_only: false,
            beside: None,
        }
    }
}

impl Station {
    /// Finds out who drives the Wi-Fi, and begins.
    ///
    /// # Errors
    /// [`Error`], when the machine has no Wi-Fi or nobody drives it.
    pub async fn open(options: StationOptions) -> Result<Self, Error> {
        let driver = Driver::find(&options).await?;
        let backend = driver.backend();
        Ok(Self::on(driver, backend, options))
    }

    fn on(driver: impl Drive + 'static, backend: Backend, options: StationOptions) -> Self {
        let interface = driver.interface().name.clone();
        let mac = driver.interface().mac;
        let (orders, taken) = mpsc::unbounded_channel();
        let (tell, reports) = mpsc::unbounded_channel();
        let task = tokio::spawn(task::run(driver, options, taken, tell));
        Self {
            interface,
            mac,
            backend,
            orders,
            reports,
            epoch: 0,
            task,
        }
    }

    /// The interface.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// The interface's address.
    pub const fn mac(&self) -> [u8; 6] {
        self.mac
    }

    /// Who drives it.
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// Starts a scan, in place of one that is running. It ends with [`Report::ScanDone`] or [`Report::ScanFailed`].
    pub fn scan(&mut self, plan: ScanPlan) {
        self.order(Order::Scan(plan));
    }

    /// Forgets the running scan.
    pub fn cancel_scan(&mut self) {
        self.order(Order::CancelScan);
    }

    /// Starts to join a network, leaving another one. It ends with [`Report::Connected`] or [`Report::Disconnected`].
    /// What was kept before stays kept.
    pub fn connect(&mut self, credentials: &Credentials) {
        self.epoch += 1;
        self.order(Order::Connect(credentials.clone()));
    }

    /// Starts to join the network that is kept. A station that is there already stays there undisturbed.
    pub fn rejoin(&mut self, credentials: &Credentials) {
        self.epoch += 1;
        self.order(Order::Rejoin(credentials.clone()));
    }

    /// Gives up what [`Station::connect`] began or reached. What is kept is joined again by whoever drives the Wi-Fi.
    pub fn disconnect(&mut self) {
        self.epoch += 1;
        self.order(Order::Disconnect);
    }

    /// Keeps the network that was joined last, in place of the one that was kept before.
    pub fn keep(&mut self, credentials: &Credentials) {
        self.order(Order::Keep(credentials.clone()));
    }

    /// Leaves and forgets every network that this station has kept, be it in an earlier life.
    ///
    /// # Errors
    /// [`Error`], when whoever drives the Wi-Fi refuses, or is silent for 20 s.
    pub async fn forget(&mut self) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        self.order(Order::Forget(done));
        match timeout(FORGET_TIME, answer).await {
            Ok(answer) => answer.unwrap_or(Err(Error::NotRunning)),
            Err(_) => Err(Error::TooLate("forgetting the network")),
        }
    }

    /// Waits for the next report. Dropping the future loses nothing.
    ///
    /// # Panics
    /// When what does the work has panicked: nothing would ever be joined again, and nobody would know why.
    pub async fn next(&mut self) -> Report {
        loop {
            match self.reports.recv().await {
                // Of an order before the last one.
                Some((epoch, Report::Connected(_) | Report::Disconnected(_))) if epoch < self.epoch => {}
                Some((_, report)) => return report,
                None => match (&mut self.task).await {
                    Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                    // It was ended from outside, as the runtime is.
                    _ => core::future::pending().await,
                },
            }
        }
    }

    /// Gives up what is being tried, finishes the rest, and waits for that: 20 s at most. Nothing can be ordered any more.
    pub async fn close(mut self) {
        drop(self.orders);
        // What is not done by then is not going to be.
        let _ = timeout(CLOSE_TIME, &mut self.task).await;
    }

    fn order(&self, order: Order) {
        // The task goes only with this.
        let _ = self.orders.send((self.epoch, order));
    }
}
