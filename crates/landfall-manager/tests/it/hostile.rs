//! Requests and reports that nobody in their right mind would send.

use landfall_manager::{AutoStop, Config, DisconnectReason, Handled, Manager, State, WifiEvent};
use landfall_protocomm::{Endpoint, Instant, device::Security};

use crate::bench::{Bench, SSID, network, session, station};

const ENDPOINTS: [&str; 7] = [
    "prov-session",
    "proto-ver",
    "prov-config",
    "prov-scan",
    "prov-ctrl",
    "custom-data",
    "no-such-endpoint",
];

/// A generator for tests: the same numbers in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> usize {
        (self.next() % bound) as usize
    }

    /// Any bytes, few enough to be a request now and then.
    fn noise(&mut self) -> Vec<u8> {
        let len = self.below(48);
        (0..len).map(|_| self.next() as u8).collect()
    }
}

#[test]
fn noise_on_every_endpoint_never_panics_and_never_connects() {
    for seed in 0..200 {
        let mut numbers = Numbers(seed);
        let endpoints = [Endpoint::CUSTOM_DATA];
        let mut bench = Bench::with(Config {
            endpoints: &endpoints,
            ..Config::default()
        });
        for _ in 0..100 {
            let endpoint = ENDPOINTS[numbers.below(7)];
            bench.ask(endpoint, &numbers.noise());
            let seen = bench.seen();
            assert!(
                !seen.iter().any(|seen| seen.starts_with("Save")),
                "seed {seed}: {seen:?}"
            );
        }
        assert!(
            matches!(bench.manager.state(), State::Started | State::Connecting),
            "seed {seed}"
        );
    }
}

#[test]
fn noise_under_encryption_leaves_the_state_machine_alone() {
    let mut numbers = Numbers(1);
    let mut bench = Bench::idle(Security::Security1 { pop: Some(b"abcd1234") }, Config::default());
    bench.start();
    for _ in 0..2_000 {
        let endpoint = ENDPOINTS[numbers.below(7)];
        bench.ask(endpoint, &numbers.noise());
        assert_eq!(bench.manager.state(), State::Started);
    }
}

/// Whatever comes in whatever order: no panic, drained outputs end, and the wake-up is never in the past.
#[test]
fn any_order_of_inputs_keeps_the_promises() {
    for seed in 0..300 {
        let mut numbers = Numbers(seed);
        let auto_stop = if seed % 2 == 0 {
            AutoStop::Disabled
        } else {
            AutoStop::default()
        };
        let config = Config {
            auto_stop,
            ..Config::default()
        };
        let mut manager = Manager::<4>::new(Security::Security0, config).expect("a good configuration");
        let mut now = Instant::ZERO;
        for step in 0..300 {
            now = now + core::time::Duration::from_millis(numbers.below(2_000) as u64);
            let before = manager.state();
            disturb(&mut manager, now, &mut numbers);
            manager.handle_timeout(now);
            let wake = drained(&mut manager).unwrap_or_else(|| panic!("seed {seed}, step {step}: no end of outputs"));
            assert!(
                wake.is_none_or(|wake| wake > now),
                "seed {seed}, step {step}: {wake:?} at {now:?}"
            );
            let after = manager.state();
            assert!(
                before != State::Idle || matches!(after, State::Idle | State::Started),
                "seed {seed}: {after:?}"
            );
            assert!(after != State::Idle || manager.session().is_none(), "seed {seed}");
        }
    }
}

fn disturb(manager: &mut Manager<'_, 4>, now: Instant, numbers: &mut Numbers) {
    let heard = [network("a", 1, -40), network("b", 1, -50), network("c", 1, -60)];
    let reasons = [
        DisconnectReason::AuthError,
        DisconnectReason::NetworkNotFound,
        DisconnectReason::Other,
    ];
    let id = session(numbers.below(3) as u32);
    match numbers.below(14) {
        0 => drop(manager.start(now)),
        1 if numbers.below(8) == 0 => manager.stop(now),
        2 => manager.session_opened(id),
        3 => manager.session_closed(id),
        4 => manager.handle_wifi(WifiEvent::Connected(station(SSID)), now),
        5 => manager.handle_wifi(WifiEvent::Disconnected(reasons[numbers.below(3)]), now),
        6 => manager.handle_wifi(WifiEvent::ScanDone(&heard[..numbers.below(4)]), now),
        7 => manager.handle_wifi(WifiEvent::ScanFailed, now),
        8 => drop(manager.finish_later(&mut [0; 32])),
        9 => drop(manager.reset_on_failure(now)),
        _ => sensible_request(manager, now, numbers),
    }
}

fn sensible_request(manager: &mut Manager<'_, 4>, now: Instant, numbers: &mut Numbers) {
    let requests: [(&str, &[u8]); 9] = [
        ("prov-config", &[0x52, 0]),
        ("prov-config", b"\x08\x02\x62\x08\x0a\x06myssid"),
        ("prov-config", &[8, 4]),
        ("prov-scan", &[0x52, 2, 8, 1]),
        ("prov-scan", &[0x52, 2, 0x18, 5]),
        ("prov-scan", &[8, 2]),
        ("prov-scan", &[8, 4, 0x72, 2, 0x10, 4]),
        ("prov-ctrl", &[8, 1]),
        ("prov-ctrl", &[8, 3]),
    ];
    let (endpoint, request) = requests[numbers.below(9)];
    let id = session(numbers.below(3) as u32);
    let (mut message, mut response) = (request.to_vec(), [0; 512]);
    let mut random = |bytes: &mut [u8]| bytes.fill(1);
    if let Ok(Handled::Reply(len)) = manager.handle_request(id, endpoint, &mut message, &mut response, now, &mut random)
    {
        assert!(len <= response.len());
    }
}

fn drained(manager: &mut Manager<'_, 4>) -> Option<Option<Instant>> {
    (0..16).find_map(|_| match manager.poll() {
        landfall_manager::Output::WakeAt(wake) => Some(wake),
        _ => None,
    })
}
