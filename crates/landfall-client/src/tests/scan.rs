use alloc::{vec, vec::Vec};
use core::time::Duration;

use landfall_protocomm::wire::{
    AuthMode, Entries, ScanEntry, ScanRequest, ScanResponse, ScanResponseBody, ScanStart, Status,
};

use super::{Answer, Clock, block_on, connect, security0};
use crate::{Error, FoundNetwork, ScanOptions, Secret};

#[test]
fn all_pages_are_read_and_the_strongest_comes_first() {
    let mut scanner = Scanner::of(&[-70, -40, -90, -41, -60, -50]);
    let (found, pages) = scanner.scan().expect("scans");
    assert_eq!(
        found.iter().map(|network| network.rssi).collect::<Vec<_>>(),
        [-40, -41, -50, -60, -70, -90]
    );
    assert_eq!(found[0], network(1, -40));
    assert_eq!(pages, [(4, 6), (6, 6)]);
    assert_eq!(scanner.pages_asked(), [(0, 4), (4, 2)]);
    let start = ScanStart {
        blocking: true,
        passive: false,
        group_channels: 0,
        period_ms: 120,
    };
    assert_eq!(scanner.asked[0], ScanRequest::Start(start));
}

#[test]
fn no_networks_are_an_empty_list() {
    let mut scanner = Scanner::of(&[]);
    assert_eq!(scanner.scan(), Ok((vec![], vec![])));
    assert!(scanner.pages_asked().is_empty());
}

#[test]
fn an_unfinished_scan_is_waited_for() {
    let mut scanner = Scanner::of(&[-40]);
    scanner.finished_after = 5;
    assert_eq!(scanner.scan().expect("scans").0.len(), 1);
    assert_eq!(scanner.clock.now(), Duration::from_millis(5 * 250));
}

#[test]
fn a_scan_that_never_ends_is_given_up() {
    let mut scanner = Scanner::of(&[-40]);
    scanner.finished_after = usize::MAX;
    assert_eq!(scanner.scan(), Err(Error::TimedOut(30)));
    assert_eq!(scanner.clock.now(), Duration::from_secs(30));
}

#[test]
fn a_list_that_became_shorter_is_read_as_far_as_it_goes() {
    let mut scanner = Scanner::of(&[-40, -50, -60]);
    scanner.promised = 9;
    assert_eq!(scanner.scan().expect("scans").0.len(), 3);
    assert_eq!(scanner.pages_asked(), [(0, 4)]);
}

#[test]
fn a_promise_of_billions_is_bounded() {
    let mut scanner = Scanner::of(&[-40; 300]);
    scanner.promised = u32::MAX;
    assert_eq!(scanner.scan().expect("scans").0.len(), 255);
}

#[test]
fn more_entries_than_asked_for_are_dropped() {
    let mut scanner = Scanner::of(&[-40; 300]);
    scanner.promised = 2;
    scanner.generous = true;
    assert_eq!(scanner.scan().expect("scans").0.len(), 2);
}

#[test]
fn a_refused_scan_gives_the_status() {
    let mut scanner = Scanner::of(&[]);
    scanner.start_status = Status::InternalError;
    assert_eq!(
        scanner.scan(),
        Err(Error::Status {
            operation: "ScanStart",
            status: Status::InternalError
        })
    );
}

#[test]
fn a_device_without_the_capability_is_not_asked() {
    let version = r#"{"prov":{"sec_ver":0,"cap":["no_sec"]}}"#;
    let mut device = connect(&Clock::default(), move |endpoint, _| match endpoint {
        "proto-ver" => Ok(version.into()),
        _ => Ok(super::SECURITY0_RESPONSE.into()),
    });
    block_on(device.open_session(&Secret::default())).expect("security 0");
    assert_eq!(
        block_on(device.scan(ScanOptions::default(), |_, _| ())),
        Err(Error::ScanUnsupported)
    );
    assert!(device.transport().requests_to("prov-scan").is_empty());
}

/// A device that has scanned.
struct Scanner {
    clock: Clock,
    networks: Vec<FoundNetwork>,
    promised: u32,
    finished_after: usize,
    start_status: Status,
    /// Sends everything, whatever was asked for.
    generous: bool,
    asked: Vec<ScanRequest>,
}

type Found = (Vec<FoundNetwork>, Vec<(usize, u32)>);

impl Scanner {
    fn of(rssi: &[i32]) -> Self {
        let networks: Vec<_> = rssi
            .iter()
            .enumerate()
            .map(|(index, rssi)| network(index as u8, *rssi))
            .collect();
        Self {
            clock: Clock::default(),
            promised: networks.len() as u32,
            networks,
            finished_after: 0,
            start_status: Status::Success,
            generous: false,
            asked: Vec::new(),
        }
    }

    fn scan(&mut self) -> Result<Found, Error> {
        let clock = self.clock.clone();
        let mut device = connect(&clock, security0(|_, request| self.answer(request)));
        block_on(device.open_session(&Secret::default()))?;
        let mut pages = Vec::new();
        let found = block_on(device.scan(ScanOptions::default(), |list, total| pages.push((list.len(), total))))?;
        Ok((found, pages))
    }

    fn answer(&mut self, request: &[u8]) -> Answer {
        let request = ScanRequest::decode(request).expect("the client sends what can be read");
        self.asked.push(request);
        let mut entries = Vec::new();
        let (status, body) = match request {
            ScanRequest::Start(_) => (self.start_status, ScanResponseBody::Start),
            ScanRequest::Status => {
                let scan_finished = self.finished_after == 0;
                self.finished_after = self.finished_after.saturating_sub(1);
                (
                    Status::Success,
                    ScanResponseBody::Status {
                        scan_finished,
                        result_count: self.promised,
                    },
                )
            }
            ScanRequest::Result { start_index, count } => {
                let most = if self.generous { usize::MAX } else { count as usize };
                entries.extend(self.networks.iter().skip(start_index as usize).take(most).map(entry));
                let status = if entries.len() < count as usize {
                    Status::InternalError
                } else {
                    Status::Success
                };
                (status, ScanResponseBody::Result(Entries::List(&entries)))
            }
            _ => panic!("Thread is not asked for"),
        };
        let response = ScanResponse { status, body };
        let mut answer = vec![0; response.encoded_len()];
        response.encode(&mut answer).expect("the length is right");
        Ok(answer)
    }

    fn pages_asked(&self) -> Vec<(u32, u32)> {
        let pages = self.asked.iter().filter_map(|request| match request {
            ScanRequest::Result { start_index, count } => Some((*start_index, *count)),
            _ => None,
        });
        pages.collect()
    }
}

fn network(number: u8, rssi: i32) -> FoundNetwork {
    FoundNetwork {
        ssid: vec![b'n', number],
        bssid: vec![number; 6],
        channel: 6,
        rssi,
        auth: AuthMode::Wpa2Psk,
    }
}

fn entry(network: &FoundNetwork) -> ScanEntry<'_> {
    let FoundNetwork {
        ssid,
        bssid,
        channel,
        rssi,
        auth,
    } = network;
    ScanEntry {
        ssid,
        bssid,
        channel: *channel,
        rssi: *rssi,
        auth: *auth,
    }
}
