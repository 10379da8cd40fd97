//! The station beside the loop: it drives a [`Drive`] towards what is wanted, one thing at a time.

use core::{convert::Infallible, future::pending, mem};

use embassy_futures::select::{Either, select};
use embassy_sync::{
    blocking_mutex::raw::NoopRawMutex,
    channel::Channel,
    mutex::{Mutex, MutexGuard},
    signal::Signal,
};
use embassy_time::{Duration, with_timeout};
use landfall_manager::{Credentials, DisconnectReason, ScanPlan, Station};

use crate::{Drive, Networks, ScanFailed};

/// For a network to be joined, with an address: an access point that gives none must not hold up the device for ever.
const JOIN_TIME: Duration = Duration::from_secs(40);
/// For a network to be left.
const LEAVE_TIME: Duration = Duration::from_secs(5);

/// What joins the loop, which knows what is wanted, and the station, which does it. Both run in one task, and the station
/// hears of an order before it gets to tell of anything older.
pub(crate) struct Desk {
    scan: Signal<NoopRawMutex, Option<ScanPlan>>,
    network: Signal<NoopRawMutex, Option<Credentials>>,
    scanned: Signal<NoopRawMutex, Result<(), ScanFailed>>,
    /// That the network was joined, and that it was lost: after one order no more can happen.
    told: Channel<NoopRawMutex, Result<Station, DisconnectReason>, 2>,
    found: Mutex<NoopRawMutex, Networks>,
}

/// What the station tells.
#[derive(Debug)]
pub(crate) enum Report {
    /// The scan is over; [`Desk::found`] has the networks.
    Scanned(Result<(), ScanFailed>),
    /// The station is on its network, or is not, or no more.
    Network(Result<Station, DisconnectReason>),
}

impl Desk {
    pub(crate) const fn new() -> Self {
        Self {
            scan: Signal::new(),
            network: Signal::new(),
            scanned: Signal::new(),
            told: Channel::new(),
            found: Mutex::new(Networks::new()),
        }
    }

    pub(crate) fn scan(&self, plan: ScanPlan) {
        self.scanned.reset();
        self.scan.signal(Some(plan));
    }

    pub(crate) fn cancel_scan(&self) {
        self.scanned.reset();
        self.scan.signal(None);
    }

    pub(crate) fn join(&self, credentials: &Credentials) {
        self.told.clear();
        self.network.signal(Some(credentials.clone()));
    }

    pub(crate) fn leave(&self) {
        self.told.clear();
        self.network.signal(None);
    }

    /// Waits for the next report. Dropping the future loses nothing.
    pub(crate) async fn report(&self) -> Report {
        match select(self.told.receive(), self.scanned.wait()).await {
            Either::First(told) => Report::Network(told),
            Either::Second(scanned) => Report::Scanned(scanned),
        }
    }

    /// What the last scan found; `None` while another one is being made.
    pub(crate) fn found(&self) -> Option<MutexGuard<'_, NoopRawMutex, Networks>> {
        self.found.try_lock().ok()
    }
}

/// A station, and how far it is.
pub(crate) struct Radio<D> {
    drive: D,
    scan: Option<ScanPlan>,
    /// The network that is to be joined.
    target: Option<Credentials>,
    joined: bool,
    /// Something was begun that is not wanted any more.
    unsettled: bool,
}

/// What is wanted.
enum Order {
    Scan(Option<ScanPlan>),
    Network(Option<Credentials>),
}

impl<D: Drive> Radio<D> {
    pub(crate) const fn new(drive: D) -> Self {
        Self {
            drive,
            scan: None,
            target: None,
            joined: false,
            unsettled: false,
        }
    }

    /// Whether there is a connection, as far as the last run saw.
    pub(crate) const fn is_joined(&self) -> bool {
        self.joined
    }

    pub(crate) const fn drive_mut(&mut self) -> &mut D {
        &mut self.drive
    }

    /// Does what `desk` says, without end. Dropping the future stops everything but a connection that is there.
    pub(crate) async fn run(&mut self, desk: &Desk) -> Infallible {
        self.scan = None;
        self.target = None;
        loop {
            self.settle().await;
            let order = match self.scan {
                // Other orders wait for a scan: it takes seconds, and would only begin anew.
                Some(plan) => match select(desk.scan.wait(), self.make_scan(plan, desk)).await {
                    Either::First(scan) => Order::Scan(scan),
                    Either::Second(()) => continue,
                },
                None => match select(ordered(desk), self.be_joined(desk)).await {
                    Either::First(order) => order,
                    Either::Second(()) => continue,
                },
            };
            self.take(order);
        }
    }

    /// Leaves the network, whatever is under way.
    pub(crate) async fn leave(&mut self) {
        self.take(Order::Network(None));
        self.settle().await;
    }

    /// Gives up what was begun and is not wanted any more.
    pub(crate) async fn settle(&mut self) {
        if self.unsettled {
            // A driver that does not manage to is told what comes next all the same.
            let _ = with_timeout(LEAVE_TIME, self.drive.leave()).await;
            self.unsettled = false;
        }
    }

    /// As [`Radio::settle`], with orders that nobody has taken yet.
    pub(crate) async fn settle_orders(&mut self, desk: &Desk) {
        if let Some(network) = desk.network.try_take() {
            self.take(Order::Network(network));
        }
        self.settle().await;
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Scan(scan) => self.scan = scan,
            Order::Network(target) => {
                self.unsettled |= mem::take(&mut self.joined) || target.is_none();
                self.target = target;
            }
        }
    }

    async fn make_scan(&mut self, plan: ScanPlan, desk: &Desk) {
        let scanned = {
            let mut found = desk.found.lock().await;
            found.clear();
            self.drive.scan(&plan, &mut found).await
        };
        self.scan = None;
        desk.scanned.signal(scanned);
    }

    /// Joins the target, or waits until it is lost.
    async fn be_joined(&mut self, desk: &Desk) {
        let told = if self.joined {
            let reason = self.drive.lost().await;
            self.joined = false;
            Err(reason)
        } else if let Some(target) = &self.target {
            self.unsettled = true;
            let joined = with_timeout(JOIN_TIME, self.drive.join(target)).await;
            // Only what was broken off is to be left.
            self.unsettled = joined.is_err();
            self.target = None;
            let joined = joined.unwrap_or(Err(DisconnectReason::Other));
            self.joined = joined.is_ok();
            joined
        } else {
            pending().await
        };
        let sent = desk.told.try_send(told);
        debug_assert!(sent.is_ok(), "after one order there are at most two reports");
    }
}

async fn ordered(desk: &Desk) -> Order {
    match select(desk.network.wait(), desk.scan.wait()).await {
        Either::First(network) => Order::Network(network),
        Either::Second(scan) => Order::Scan(scan),
    }
}
