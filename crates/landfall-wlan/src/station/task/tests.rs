//! The order of things, with a service that is played. The interface is the loopback's, which has an
//! address.

use core::{future::pending, panic::AssertUnwindSafe};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use landfall_manager::{Bssid, Passphrase, Ssid};
use landfall_protocomm::wire::AuthMode;
use tokio::{sync::oneshot, time::sleep};

use super::*;
use crate::{
    kernel::Interface,
    station::{Link, Station},
};

/// What happened to the service, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// A service that does everything in a moment, and knows one network.
struct Played {
    interface: Interface,
    log: Log,
    /// How the next attempts to join end.
    outcomes: Mutex<Vec<Result<(), NotJoined>>>,
    kept: Mutex<Option<Credentials>>,
    /// Why the kept network cannot be joined, once.
    kept_fails: Mutex<Option<NotJoined>>,
    loses: Mutex<Option<oneshot::Receiver<()>>>,
    /// It answers no more.
    is_silent: bool,
    /// The network that is being joined until it is given up.
    endless: Option<&'static str>,
}

/// How long everything takes. It is real time, as the kernel is asked for the address.
const MOMENT: Duration = Duration::from_millis(60);
/// The loopback's.
const INDEX: u32 = 1;

impl Played {
    fn new(outcomes: Vec<Result<(), NotJoined>>) -> (Self, Log) {
        let log = Log::default();
        let played = Self {
            interface: Interface {
                name: "played".to_owned(),
                index: INDEX,
                wiphy: u32::MAX,
                mac: [0; 6],
                is_station: true,
                frequency: None,
            },
            log: Arc::clone(&log),
            outcomes: Mutex::new(outcomes),
            kept: Mutex::new(None),
            kept_fails: Mutex::new(None),
            loses: Mutex::new(None),
            is_silent: false,
            endless: None,
        };
        (played, log)
    }

    fn note(&self, what: &str) {
        self.log.lock().expect("no test panicked").push(what.to_owned());
    }
}

impl Drive for Played {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    async fn scan(&self, _: ScanPlan, hidden: Option<&Credentials>) -> Result<Vec<AccessPoint>, Error> {
        self.note(if hidden.is_some() { "scan by name" } else { "scan" });
        sleep(MOMENT).await;
        let open = AccessPoint {
            auth: AuthMode::Open,
            ..point("shop", 4, -10)
        };
        Ok(vec![
            point("home", 1, -60),
            point("home", 2, -40),
            point("shop", 3, -30),
            open,
        ])
    }

    async fn join(&self, target: &Target) -> Result<(), NotJoined> {
        self.note(&format!("join {} at {}", target.credentials.ssid, target.heard.bssid));
        if self
            .endless
            .is_some_and(|ssid| target.credentials.ssid == network(ssid).ssid)
        {
            pending().await
        }
        sleep(MOMENT).await;
        let mut outcomes = self.outcomes.lock().expect("no test panicked");
        if outcomes.is_empty() {
            Ok(())
        } else {
            outcomes.remove(0)
        }
    }

    async fn part(&self) -> Result<(), Error> {
        self.note("part");
        Ok(())
    }

    async fn rejoin(&self, credentials: &Credentials) -> Result<bool, NotJoined> {
        self.note("rejoin");
        if let Some(failure) = self.kept_fails.lock().expect("no test panicked").take() {
            return Err(failure);
        }
        Ok(self.kept.lock().expect("no test panicked").as_ref() == Some(credentials))
    }

    async fn leave(&self) {
        self.note("leave");
    }

    async fn keep(&self, credentials: &Credentials) -> Result<(), Error> {
        self.note(&format!("keep {}", credentials.ssid));
        *self.kept.lock().expect("no test panicked") = Some(credentials.clone());
        Ok(())
    }

    async fn forget(&self) -> Result<(), Error> {
        self.note("forget");
        if self.is_silent {
            pending().await
        }
        Ok(())
    }

    async fn lost(&self) -> NotJoined {
        let loses = self.loses.lock().expect("no test panicked").take();
        match loses {
            Some(loses) => {
                let _ = loses.await;
                NotJoined::other("the router is gone")
            }
            None => pending().await,
        }
    }

    async fn link(&self) -> Result<Link, Error> {
        Ok(Link {
            bssid: Bssid([2; 6]),
            frequency: 2437,
            auth: AuthMode::Wpa2Psk,
        })
    }
}

/// An access point on the channel of its number.
fn point(ssid: &str, number: u8, rssi: i8) -> AccessPoint {
    AccessPoint {
        ssid: Ssid::new(ssid.as_bytes()).expect("short"),
        bssid: Bssid([number; 6]),
        channel: number,
        rssi,
        auth: AuthMode::Wpa2Psk,
    }
}

fn network(ssid: &str) -> Credentials {
    Credentials {
        ssid: Ssid::new(ssid.as_bytes()).expect("short"),
        passphrase: Passphrase::new(b"correct horse").expect("short"),
        bssid: None,
        channel: None,
    }
}

fn everything() -> ScanPlan {
    ScanPlan {
        channels: ScanChannels::All,
        passive: false,
        dwell: None,
    }
}

/// A station on `played`.
fn station(played: Played) -> Station {
    let options = StationOptions::default();
    Station::on(played, crate::Backend::WpaSupplicant, options)
}

fn logged(log: &Log) -> Vec<String> {
    log.lock().expect("no test panicked").clone()
}

async fn joined(station: &mut Station) -> Details {
    match station.next().await {
        Report::Connected(details) => details,
        other => panic!("not joined but {other:?}"),
    }
}

#[tokio::test]
async fn the_strongest_access_point_of_the_network_is_joined_and_told_with_the_address() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    station.connect(&network("home"));
    let details = joined(&mut station).await;
    assert_eq!(details.ip, core::net::Ipv4Addr::LOCALHOST);
    assert_eq!((details.channel, details.bssid), (6, Bssid([2; 6])));
    assert_eq!(logged(&log), ["scan by name", "join home at 02:02:02:02:02:02"]);
}

#[tokio::test]
async fn what_was_just_scanned_is_not_scanned_again() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    station.scan(everything());
    assert!(matches!(station.next().await, Report::ScanDone(found) if found.len() == 4));
    station.connect(&network("home"));
    joined(&mut station).await;
    assert_eq!(logged(&log), ["scan", "join home at 02:02:02:02:02:02"]);
}

#[tokio::test]
async fn the_access_point_that_was_asked_for_is_taken_though_another_is_stronger() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    let asked_for = Credentials {
        bssid: Some(Bssid([1; 6])),
        ..network("home")
    };
    station.connect(&asked_for);
    joined(&mut station).await;
    assert_eq!(logged(&log)[1], "join home at 01:01:01:01:01:01");
}

#[tokio::test]
async fn the_channel_that_was_named_comes_first_and_a_wrong_one_does_not_matter() {
    for (channel, expected) in [
        (1, "join home at 01:01:01:01:01:01"),
        (9, "join home at 02:02:02:02:02:02"),
    ] {
        let (played, log) = Played::new(vec![]);
        let mut station = station(played);
        station.connect(&Credentials {
            channel: Some(channel),
            ..network("home")
        });
        joined(&mut station).await;
        assert_eq!(logged(&log)[1], expected);
    }
}

#[tokio::test]
async fn a_network_that_two_scans_miss_is_not_found() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    station.connect(&network("away"));
    assert!(matches!(station.next().await, Report::Trouble(_)));
    let expected = Report::Disconnected(DisconnectReason::NetworkNotFound);
    assert_eq!(station.next().await, expected);
    assert_eq!(logged(&log), ["scan by name", "scan by name"]);
}

#[tokio::test]
async fn a_refused_passphrase_is_told_with_words_before_the_reason() {
    let refused = NotJoined {
        reason: DisconnectReason::AuthError,
        why: "the access point refused the passphrase".to_owned(),
    };
    let (played, _) = Played::new(vec![Err(refused.clone())]);
    let mut station = station(played);
    station.connect(&network("home"));
    assert_eq!(station.next().await, Report::Trouble(refused.why));
    let expected = Report::Disconnected(DisconnectReason::AuthError);
    assert_eq!(station.next().await, expected);
}

#[tokio::test]
async fn a_second_network_takes_the_place_of_the_first_that_is_being_joined() {
    let (mut played, log) = Played::new(vec![]);
    played.endless = Some("home");
    let mut station = station(played);
    station.connect(&network("home"));
    while !logged(&log).iter().any(|line| line.starts_with("join home")) {
        sleep(MOMENT / 10).await;
    }
    station.connect(&network("shop"));
    let details = joined(&mut station).await;
    assert_eq!(details.ssid, network("shop").ssid);
    let joins = logged(&log).into_iter().filter(|line| line.starts_with("join"));
    let joins: Vec<_> = joins.collect();
    assert_eq!(
        joins,
        ["join home at 02:02:02:02:02:02", "join shop at 03:03:03:03:03:03"]
    );
}

#[tokio::test]
async fn giving_up_leaves_and_nothing_is_told() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    station.connect(&network("home"));
    sleep(MOMENT / 2).await;
    station.disconnect();
    station.scan(everything());
    assert!(matches!(station.next().await, Report::ScanDone(_)));
    assert_eq!(logged(&log), ["scan by name", "scan", "leave"]);
}

#[tokio::test]
async fn what_is_kept_is_joined_again_without_a_scan_and_the_rest_is_joined_and_kept() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    station.rejoin(&network("home"));
    joined(&mut station).await;
    station.rejoin(&network("home"));
    joined(&mut station).await;
    let expected = [
        "rejoin",
        "scan by name",
        "join home at 02:02:02:02:02:02",
        "keep home",
        "rejoin",
    ];
    assert_eq!(logged(&log), expected);
}

#[tokio::test]
async fn what_is_kept_with_another_passphrase_is_joined_anew_and_replaced() {
    let (played, log) = Played::new(vec![]);
    *played.kept_fails.lock().expect("no test panicked") = Some(NotJoined {
        reason: DisconnectReason::AuthError,
        why: "refused".to_owned(),
    });
    let mut station = station(played);
    station.rejoin(&network("home"));
    joined(&mut station).await;
    let expected = ["rejoin", "scan by name", "join home at 02:02:02:02:02:02", "keep home"];
    assert_eq!(logged(&log), expected);
}

#[tokio::test]
async fn an_open_network_of_the_same_name_does_not_get_what_has_a_passphrase() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    station.connect(&network("shop"));
    joined(&mut station).await;
    assert_eq!(logged(&log)[1], "join shop at 03:03:03:03:03:03");
    let only_the_open_one = Credentials {
        bssid: Some(Bssid([4; 6])),
        ..network("shop")
    };
    station.connect(&only_the_open_one);
    assert!(matches!(station.next().await, Report::Trouble(why) if why.contains("open")));
    assert_eq!(station.next().await, Report::Disconnected(DisconnectReason::AuthError));
}

#[tokio::test]
async fn what_came_of_an_earlier_order_is_not_told_after_the_next_one() {
    let (played, _) = Played::new(vec![]);
    let mut station = station(played);
    station.connect(&network("home"));
    sleep(4 * MOMENT).await;
    // It is joined by now, and nobody has heard of it yet.
    station.connect(&network("shop"));
    assert_eq!(joined(&mut station).await.ssid, network("shop").ssid);
}

#[tokio::test]
async fn closing_gives_up_what_is_tried_and_finishes_the_rest() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    station.connect(&network("home"));
    joined(&mut station).await;
    station.keep(&network("home"));
    station.connect(&network("shop"));
    station.close().await;
    assert_eq!(logged(&log)[2..], ["keep home"]);

    let (played, log) = Played::new(vec![]);
    let mut station = self::station(played);
    station.connect(&network("home"));
    sleep(MOMENT / 2).await;
    station.close().await;
    assert_eq!(logged(&log), ["scan by name", "leave"]);
}

#[tokio::test]
async fn a_router_that_goes_is_told() {
    let (played, _) = Played::new(vec![]);
    let (lose, loses) = oneshot::channel();
    *played.loses.lock().expect("no test panicked") = Some(loses);
    let mut station = station(played);
    station.rejoin(&network("home"));
    // While the address was waited for, the link was watched, too.
    let _ = lose.send(());
    assert_eq!(station.next().await, Report::Trouble("the router is gone".to_owned()));
    let expected = Report::Disconnected(DisconnectReason::Other);
    assert_eq!(station.next().await, expected);
}

#[tokio::test]
async fn forgetting_waits_for_the_service() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    station.connect(&network("home"));
    joined(&mut station).await;
    station.keep(&network("home"));
    assert_eq!(station.forget().await, Ok(()));
    assert_eq!(logged(&log)[2..], ["keep home", "forget"]);
}

#[tokio::test]
async fn a_station_that_goes_while_it_joins_leaves_nothing_behind() {
    let (played, log) = Played::new(vec![]);
    let mut station = station(played);
    station.connect(&network("home"));
    sleep(MOMENT / 2).await;
    drop(station);
    sleep(MOMENT / 2).await;
    assert_eq!(logged(&log), ["scan by name", "leave"]);
}

#[tokio::test]
async fn forgetting_ends_though_the_service_is_silent() {
    let (mut played, log) = Played::new(vec![]);
    played.is_silent = true;
    let mut station = station(played);
    let mut forgetting = Box::pin(station.forget());
    assert!(timeout(MOMENT, &mut forgetting).await.is_err());
    assert_eq!(logged(&log), ["forget"]);
    tokio::time::pause();
    assert!(matches!(forgetting.await, Err(Error::TooLate(_))));
}

#[tokio::test]
async fn a_task_that_has_panicked_is_no_silent_station() {
    let (played, log) = Played::new(vec![]);
    let poisoned = std::thread::spawn(move || {
        let _held = log.lock();
        panic!("the service is to panic when it notes something");
    });
    assert!(poisoned.join().is_err());
    let mut station = station(played);
    station.scan(everything());
    let next = AssertUnwindSafe(station.next()).catch_unwind();
    let ended = timeout(Duration::from_secs(5), next).await.expect("it ends");
    assert!(ended.is_err(), "the panic goes on in whoever listens");
}
