//! Visits with a service that is played. The interface is the loopback's, which has an address.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use landfall_manager::Bssid;
use tokio::sync::Notify;

use super::*;
use crate::{kernel::Interface, station::Link};

/// What is told to the service, in order.
type Log = Arc<Mutex<Vec<&'static str>>>;

/// A service that does everything at once.
struct Played {
    interface: Interface,
    log: Log,
    /// How the access points that it hears authenticate; `None` if it hears none.
    heard: Option<AuthMode>,
    /// How the next attempts to join end.
    outcomes: Mutex<Vec<Result<(), NotJoined>>>,
    is_slow: bool,
    is_up: AtomicBool,
    loses: Arc<Notify>,
}

/// The loopback's.
const INDEX: u32 = 1;

impl Played {
    fn new(heard: Option<AuthMode>) -> Self {
        Self {
            interface: Interface {
                name: "played".to_owned(),
                index: INDEX,
                ..Interface::default()
            },
            log: Log::default(),
            heard,
            outcomes: Mutex::default(),
            is_slow: false,
            is_up: AtomicBool::new(false),
            loses: Arc::default(),
        }
    }

    fn with_outcomes(self, outcomes: impl IntoIterator<Item = DisconnectReason>) -> Self {
        let failure = |reason| {
            Err(NotJoined {
                reason,
                why: "it was told to".to_owned(),
            })
        };
        Self {
            outcomes: Mutex::new(outcomes.into_iter().map(failure).collect()),
            ..self
        }
    }

    fn note(&self, what: &'static str) {
        self.log.lock().expect("no test panicked").push(what);
    }
}

impl Drive for Played {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    async fn scan(&self, _: ScanPlan, hidden: Option<&Credentials>) -> Result<Vec<AccessPoint>, Error> {
        self.note(if hidden.is_some() { "scan by name" } else { "scan" });
        let point = |ssid: &str, rssi| {
            self.heard.map(|auth| AccessPoint {
                ssid: name(ssid),
                bssid: Bssid([2; 6]),
                channel: 6,
                rssi,
                auth,
            })
        };
        Ok([point("home", -20), point("PROV_1", -50)]
            .into_iter()
            .flatten()
            .collect())
    }

    async fn join(&self, target: &Target) -> Result<(), NotJoined> {
        assert!(target.is_visit && target.heard.ssid == target.credentials.ssid);
        self.note("join");
        if self.is_slow {
            future::pending::<()>().await;
        }
        let mut outcomes = self.outcomes.lock().expect("no test panicked");
        let outcome = if outcomes.is_empty() {
            Ok(())
        } else {
            outcomes.remove(0)
        };
        self.is_up.store(outcome.is_ok(), Ordering::Relaxed);
        outcome
    }

    async fn part(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn rejoin(&self, _: &Credentials) -> Result<bool, NotJoined> {
        unreachable!("nothing is kept")
    }

    async fn leave(&self) {
        self.note("leave");
    }

    async fn keep(&self, _: &Credentials) -> Result<(), Error> {
        unreachable!("nothing is kept")
    }

    async fn forget(&self) -> Result<(), Error> {
        unreachable!("nothing is kept")
    }

    async fn lost(&self) -> NotJoined {
        if self.is_up.load(Ordering::Relaxed) {
            self.loses.notified().await;
            self.is_up.store(false, Ordering::Relaxed);
        }
        NotJoined::other("the device moved")
    }

    async fn link(&self) -> Result<Link, Error> {
        unreachable!("nobody asks")
    }
}

fn name(ssid: &str) -> Ssid {
    Ssid::new(ssid.as_bytes()).expect("short")
}

/// A visit at PROV_1, and what is told to the service.
fn visit(played: Played, key: &str) -> (Visit, Log) {
    let log = Arc::clone(&played.log);
    let options = VisitOptions {
        interface: None,
        backend: None,
        ssid: name("PROV_1"),
        key: Passphrase::new(key.as_bytes()).expect("short"),
    };
    (Visit::set_out(played, None, options), log)
}

fn told(log: &Log) -> Vec<&'static str> {
    log.lock().expect("no test panicked").clone()
}

#[tokio::test]
async fn the_machine_arrives_and_goes_back() {
    let (mut visit, log) = visit(Played::new(Some(AuthMode::Wpa2Psk)), "correct horse");
    assert_eq!(visit.interface(), "played");
    assert_eq!(visit.arrival().await, Ok(Ipv4Addr::LOCALHOST));
    assert_eq!(told(&log), ["scan", "join"]);
    visit.leave().await;
    assert_eq!(told(&log), ["scan", "join", "leave"]);
    assert_eq!(visit.back().await, Ok(None), "it was nowhere before");
}

#[tokio::test]
async fn whatever_fails_ends_with_a_leave() {
    use DisconnectReason::{AuthError, NetworkNotFound, Other};
    let ssid = name("PROV_1");
    for (key, auth, outcomes, expected) in [
        ("", AuthMode::Wpa2Psk, vec![], Error::KeyMissing),
        ("correct horse", AuthMode::Open, vec![], Error::KeyNotAsked),
        ("wrong", AuthMode::Wpa2Psk, vec![AuthError], Error::WrongKey),
        ("", AuthMode::Open, vec![NetworkNotFound], Error::NotHeard(ssid)),
        (
            "",
            AuthMode::Open,
            vec![Other, Other],
            Error::NotJoined("it was told to".to_owned()),
        ),
    ] {
        let (mut visit, log) = visit(Played::new(Some(auth)).with_outcomes(outcomes), key);
        assert_eq!(visit.arrival().await, Err(expected));
        visit.leave().await;
        assert_eq!(told(&log).last(), Some(&"leave"), "{key} {auth:?}");
    }
}

#[tokio::test]
async fn a_failure_without_a_reason_is_tried_once_more() {
    let played = Played::new(Some(AuthMode::Open)).with_outcomes([DisconnectReason::Other]);
    let (visit, log) = visit(played, "");
    assert_eq!(visit.arrival().await, Ok(Ipv4Addr::LOCALHOST));
    assert_eq!(told(&log), ["scan", "join", "join"]);
}

#[tokio::test(start_paused = true)]
async fn an_access_point_that_is_not_there_is_looked_for_for_some_time_also_by_its_name() {
    let (visit, log) = visit(Played::new(None), "");
    let begin = Instant::now();
    assert_eq!(visit.arrival().await, Err(Error::NotHeard(name("PROV_1"))));
    assert!(begin.elapsed() >= SEARCH_TIME && begin.elapsed() < SEARCH_TIME + SCAN_TIME);
    assert!(told(&log).starts_with(&["scan", "scan by name", "scan"]));
}

#[tokio::test]
async fn a_link_that_is_lost_is_made_again() {
    let played = Played::new(Some(AuthMode::Open));
    let loses = Arc::clone(&played.loses);
    let (visit, log) = visit(played, "");
    visit.arrival().await.expect("it is there");
    loses.notify_one();
    while told(&log).len() < 4 {
        tokio::task::yield_now().await;
    }
    assert_eq!(visit.arrival().await, Ok(Ipv4Addr::LOCALHOST));
    assert_eq!(told(&log), ["scan", "join", "scan", "join"]);
}

#[tokio::test]
async fn a_visit_that_is_left_or_dropped_on_its_way_goes_back() {
    let slow = || Played {
        is_slow: true,
        ..Played::new(Some(AuthMode::Open))
    };
    let on_its_way = async |log: &Log| {
        while told(log).last() != Some(&"join") {
            tokio::task::yield_now().await;
        }
    };
    let (mut left, log) = visit(slow(), "");
    on_its_way(&log).await;
    left.leave().await;
    assert_eq!(told(&log), ["scan", "join", "leave"]);
    assert_eq!(
        left.arrival().await,
        Err(Error::NotJoined("the visit is over".to_owned()))
    );

    let (dropped, log) = visit(slow(), "");
    on_its_way(&log).await;
    drop(dropped);
    while told(&log).last() != Some(&"leave") {
        tokio::task::yield_now().await;
    }
}
