//! What a station does, one thing after the other, while it goes on listening to what it is told.

#[cfg(test)]
mod tests;

use core::{
    future,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use landfall_manager::{AccessPoint, Credentials, DisconnectReason, ScanChannels, ScanPlan, Station as Details};
use landfall_protocomm::wire::AuthMode;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{Drive, Epoch, NotJoined, Order, Report, StationOptions, Target, address::address};
use crate::{Error, channel, kernel};

type Work<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Follows `orders` until nobody can give any more.
pub(super) async fn run<D: Drive>(
    driver: D,
    options: StationOptions,
    mut orders: mpsc::UnboundedReceiver<(Epoch, Order)>,
    tell: mpsc::UnboundedSender<(Epoch, Report)>,
) {
    let home = Mutex::default();
    let epoch = AtomicU64::new(0);
    let machine = Machine {
        driver: &driver,
        options: &options,
        tell: &tell,
        home: &home,
        epoch: &epoch,
    };
    let mut life = Life::default();
    let mut is_closing = false;
    while !(is_closing && life.has_nothing_to_do()) {
        life.begin_next(machine);
        let is_joined = life.is_joined;
        tokio::select! {
            biased;
            order = orders.recv(), if !is_closing => match order {
                Some(order) => life.take(order, machine),
                None => {
                    is_closing = true;
                    life.close();
                }
            },
            found = done(&mut life.scanning) => {
                life.scanning = None;
                life.scanned(found, machine);
            }
            ended = done(&mut life.working) => {
                life.working = None;
                life.worked(ended, machine);
            }
            lost = driver.lost(), if is_joined => {
                life.is_joined = false;
                machine.tell_not_joined(lost);
            }
        }
    }
    if life.owes_leave {
        // What was begun must not stay behind in the service.
        machine.leave().await;
    }
}

/// What all work is done with.
struct Machine<'a, D> {
    driver: &'a D,
    options: &'a StationOptions,
    tell: &'a mpsc::UnboundedSender<(Epoch, Report)>,
    /// Of the order that is followed.
    epoch: &'a AtomicU64,
    /// Where the station was tuned to before the first try that was neither left nor kept, in MHz.
    home: &'a Mutex<Option<Option<u32>>>,
}

/// What is under way.
#[derive(Default)]
struct Life<'a> {
    scanning: Option<Work<'a, Result<Vec<AccessPoint>, Error>>>,
    /// Whatever changes something, one at a time.
    working: Option<Work<'a, Ended>>,
    /// The present work is to join, which another order breaks off.
    is_joining: bool,
    waiting: VecDeque<(Epoch, Order)>,
    /// Something was tried that was neither reached nor left.
    owes_leave: bool,
    is_joined: bool,
    heard: Heard,
}

/// The last scan of everything, for as long as it is worth something.
#[derive(Default, Clone)]
struct Heard {
    points: Vec<AccessPoint>,
    at: Option<Instant>,
}

/// How a piece of work ended.
enum Ended {
    Joined(Result<Details, NotJoined>),
    Left,
    Kept(Result<(), Error>),
    Forgotten,
}

/// For an attempt that fails for no reason that the network gives.
const LEAST_TIME: Duration = Duration::from_secs(3);
/// A scan so old says nothing about now.
const HEARD_TIME: Duration = Duration::from_secs(30);
/// Scans in which a network has to be missing before it counts as absent: one alone misses some.
const SCANS: usize = 2;

impl<'a> Life<'a> {
    fn take<D: Drive>(&mut self, (epoch, order): (Epoch, Order), machine: Machine<'a, D>) {
        match order {
            Order::Scan(plan) => self.scanning = Some(Box::pin(machine.driver.scan(plan, None))),
            Order::CancelScan => self.scanning = None,
            other => {
                if self.is_joining {
                    self.working = None;
                    self.is_joining = false;
                }
                self.waiting.push_back((epoch, other));
            }
        }
    }

    /// Gives up what is tried; the rest is done.
    fn close(&mut self) {
        self.scanning = None;
        if self.is_joining {
            self.working = None;
            self.is_joining = false;
        }
        self.waiting
            .retain(|(_, order)| !matches!(order, Order::Connect(_) | Order::Rejoin(_)));
    }

    fn has_nothing_to_do(&self) -> bool {
        self.working.is_none() && self.waiting.is_empty()
    }

    fn begin_next<D: Drive>(&mut self, machine: Machine<'a, D>) {
        if self.working.is_some() {
            return;
        }
        self.is_joining = false;
        let Some((epoch, order)) = self.waiting.pop_front() else {
            return;
        };
        machine.epoch.store(epoch, Ordering::Relaxed);
        let heard = self.heard.clone();
        self.working = Some(match order {
            Order::Connect(credentials) => {
                self.begin_to_join();
                self.owes_leave = true;
                Box::pin(async move { Ended::Joined(machine.connect(&credentials, heard).await) })
            }
            Order::Rejoin(credentials) => {
                self.begin_to_join();
                Box::pin(async move { Ended::Joined(machine.rejoin(&credentials, heard).await) })
            }
            Order::Disconnect => {
                self.is_joined = false;
                Box::pin(async move {
                    machine.leave().await;
                    Ended::Left
                })
            }
            Order::Keep(credentials) => Box::pin(async move { Ended::Kept(machine.keep(&credentials).await) }),
            Order::Forget(done) => {
                self.is_joined = false;
                Box::pin(async move {
                    // Who asked may have gone.
                    let _ = done.send(machine.driver.forget().await);
                    Ended::Forgotten
                })
            }
            Order::Scan(_) | Order::CancelScan => unreachable!("scans do not wait"),
        });
    }

    const fn begin_to_join(&mut self) {
        self.is_joined = false;
        self.is_joining = true;
    }

    fn scanned<D: Drive>(&mut self, found: Result<Vec<AccessPoint>, Error>, machine: Machine<'_, D>) {
        match found {
            Ok(points) => {
                self.heard.add(&points);
                machine.say(Report::ScanDone(points));
            }
            Err(error) => {
                machine.say(Report::Trouble(format!("no scan could be made: {error}")));
                machine.say(Report::ScanFailed);
            }
        }
    }

    fn worked<D: Drive>(&mut self, ended: Ended, machine: Machine<'_, D>) {
        self.is_joining = false;
        match ended {
            Ended::Joined(Ok(details)) => {
                self.is_joined = true;
                self.owes_leave = false;
                machine.say(Report::Connected(details));
            }
            Ended::Joined(Err(failure)) => machine.tell_not_joined(failure),
            Ended::Kept(Err(error)) => machine.say(Report::Trouble(format!(
                "the network is not kept by the system ({error}); it is joined again by this device itself"
            ))),
            Ended::Left | Ended::Forgotten => self.owes_leave = false,
            Ended::Kept(Ok(())) => {}
        }
    }
}

impl<D: Drive> Machine<'_, D> {
    async fn connect(&self, credentials: &Credentials, heard: Heard) -> Result<Details, NotJoined> {
        self.bounded(async {
            self.remember_home().await;
            let target = self.locate(credentials, heard).await?;
            self.make_way(channel::frequency(target.heard.channel)).await;
            self.driver.join(&target).await?;
            self.online(credentials).await
        })
        .await
    }

    async fn rejoin(&self, credentials: &Credentials, heard: Heard) -> Result<Details, NotJoined> {
        let is_kept = self.bounded(async {
            if !self.driver.rejoin(credentials).await? {
                return Ok(None);
            }
            self.online(credentials).await.map(Some)
        });
        match is_kept.await {
            Ok(Some(details)) => return Ok(details),
            Err(failure) if failure.reason == DisconnectReason::Other => return Err(failure),
            // Whoever drives the Wi-Fi does not know it, or knows it with another passphrase.
            Ok(None) | Err(_) => {}
        }
        let details = self.connect(credentials, heard).await?;
        if let Err(error) = self.keep(credentials).await {
            self.say(Report::Trouble(format!(
                "the network is not kept by the system: {error}"
            )));
        }
        Ok(details)
    }

    /// Gives up when the time for joining is over, but not at once: a service that is just being restarted, or a radio that
    /// is off for a moment, is not to use up all attempts.
    async fn bounded<T>(&self, work: impl Future<Output = Result<T, NotJoined>>) -> Result<T, NotJoined> {
        let begin = Instant::now();
        let time = self.options.join_time;
        let is_blocked = kernel::is_blocked(self.driver.interface());
        let ended = match is_blocked {
            true => Err(NotJoined::other(Error::Off.to_string())),
            false => timeout(time, work).await.unwrap_or_else(|_| {
                let seconds = time.as_secs();
                Err(NotJoined::other(format!("it took longer than {seconds} s")))
            }),
        };
        if let Err(NotJoined {
            reason: DisconnectReason::Other,
            ..
        }) = &ended
        {
            sleep_until(begin + LEAST_TIME).await;
        }
        ended
    }

    /// Finds the target's access point: the one that was asked for, or the strongest, first on the channel that was named.
    async fn locate(&self, credentials: &Credentials, heard: Heard) -> Result<Target, NotJoined> {
        let target = |point: &AccessPoint, is_hidden| Target {
            credentials: credentials.clone(),
            heard: *point,
            is_hidden,
            is_visit: false,
        };
        if let Some(point) = strongest(heard.recent(), credentials) {
            return guarded(point, credentials).map(|()| target(point, false));
        }
        for _ in 0..SCANS {
            let plan = ScanPlan {
                channels: ScanChannels::All,
                passive: false,
                dwell: None,
            };
            let found = self.driver.scan(plan, Some(credentials)).await;
            let found = found.map_err(|error| NotJoined::other(error.to_string()))?;
            if let Some(point) = strongest(&found, credentials) {
                // It may have answered only because it was called by its name.
                return guarded(point, credentials).map(|()| target(point, true));
            }
        }
        Err(NotJoined {
            reason: DisconnectReason::NetworkNotFound,
            why: "no access point of this network is in range".to_owned(),
        })
    }

    async fn leave(&self) {
        let home = self.home().take().flatten();
        self.make_way(home).await;
        self.driver.leave().await;
    }

    async fn keep(&self, credentials: &Credentials) -> Result<(), Error> {
        *self.home() = None;
        self.driver.keep(credentials).await
    }

    async fn remember_home(&self) {
        if self.home().is_none() && self.options.beside.is_some() {
            let now = self.frequency().await;
            *self.home() = Some(now);
        }
    }

    fn home(&self) -> MutexGuard<'_, Option<Option<u32>>> {
        self.home.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An access point of the machine's own on the same radio has to be on the target's channel first, or its guests
    /// would lose it without a word, or the radio could not go there at all.
    async fn make_way(&self, frequency: Option<u32>) {
        let (Some(mover), Some(frequency)) = (&self.options.beside, frequency) else {
            return;
        };
        if !mover.is_open() {
            return;
        }
        // A radio is on one channel: it cannot go while the station holds it where it is.
        let held = self.frequency().await.is_some_and(|now| now != frequency);
        let parted = if held { self.driver.part().await } else { Ok(()) };
        let moved = match parted {
            Ok(()) => mover.move_to(frequency).await,
            Err(error) => Err(error),
        };
        if let Err(error) = moved {
            self.say(Report::Trouble(format!(
                "the device's access point did not move to {frequency} MHz: {error}"
            )));
        }
    }

    /// What the station is tuned to, in MHz.
    async fn frequency(&self) -> Option<u32> {
        let interface = kernel::interface(Some(&self.driver.interface().name)).await;
        interface.ok()?.frequency
    }

    async fn online(&self, credentials: &Credentials) -> Result<Details, NotJoined> {
        let index = self.driver.interface().index;
        let ip = tokio::select! {
            // The time for all of it ends this one as well.
            found = address(index, self.options.ipv6_only, self.options.join_time) => found?,
            lost = self.driver.lost() => return Err(lost),
        };
        let link = self.driver.link().await;
        let link = link.map_err(|error| NotJoined::other(error.to_string()))?;
        Ok(Details {
            ip,
            ssid: credentials.ssid,
            bssid: link.bssid,
            channel: channel::channel(link.frequency).map_or(0, |number| u8::try_from(number).unwrap_or_default()),
            auth: link.auth,
        })
    }

    fn tell_not_joined(&self, NotJoined { reason, why }: NotJoined) {
        self.say(Report::Trouble(why));
        self.say(Report::Disconnected(reason));
    }

    fn say(&self, report: Report) {
        // Whoever listened is about to let the task end.
        let _ = self.tell.send((self.epoch.load(Ordering::Relaxed), report));
    }
}

impl<D> Clone for Machine<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Machine<'_, D> {}

impl Heard {
    /// Takes in a scan, which may have been of one channel only.
    fn add(&mut self, points: &[AccessPoint]) {
        let now = Instant::now();
        if self.at.is_none_or(|at| now - at > HEARD_TIME) {
            self.points.clear();
            self.at = Some(now);
        }
        self.points
            .retain(|known| points.iter().all(|new| new.bssid != known.bssid));
        self.points.extend(points);
    }

    fn recent(&self) -> &[AccessPoint] {
        match self.at {
            Some(at) if at.elapsed() <= HEARD_TIME => &self.points,
            _ => &[],
        }
    }
}

/// Whether the access point protects the network as its passphrase says that it does.
fn is_guarded(point: &AccessPoint, credentials: &Credentials) -> bool {
    credentials.passphrase.is_empty() || !matches!(point.auth, AuthMode::Open | AuthMode::Owe)
}

/// A passphrase is not given up because somebody nearby calls his open network the same.
fn guarded(point: &AccessPoint, credentials: &Credentials) -> Result<(), NotJoined> {
    if is_guarded(point, credentials) {
        return Ok(());
    }
    Err(NotJoined {
        reason: DisconnectReason::AuthError,
        why: "the network takes no passphrase: it is open".to_owned(),
    })
}

fn strongest<'p>(points: &'p [AccessPoint], credentials: &Credentials) -> Option<&'p AccessPoint> {
    points
        .iter()
        .filter(|point| point.ssid == credentials.ssid)
        .filter(|point| credentials.bssid.is_none_or(|bssid| bssid == point.bssid))
        // A channel is a hint only: the network may have moved since somebody saw it there.
        .max_by_key(|point| {
            let is_asked_for = credentials.channel == Some(point.channel);
            (is_guarded(point, credentials), is_asked_for, point.rssi)
        })
}

/// Waits for `work`, for ever if there is none.
async fn done<T>(work: &mut Option<Work<'_, T>>) -> T {
    match work {
        Some(work) => work.await,
        None => future::pending().await,
    }
}
