//! What the original device code answers to plain requests, replayed.

use landfall_emulator::{
    tally::{Tally, Wrong, require},
    vectors::{BEHAVIOURS, Behaviour},
};
use landfall_manager::{
    AccessPoint, AutoStop, Bssid, Config, DisconnectReason, Handled, Manager, Output, Ssid, Station, WifiEvent,
};
use landfall_protocomm::{Endpoint, Instant, SessionId, device, wire::AuthMode};

pub(crate) fn check(tally: &mut Tally) {
    let complete = require(BEHAVIOURS.len() == 44, "there are more or fewer");
    tally.count("device behaviour", "all cases are known", complete);
    for case in BEHAVIOURS {
        tally.count("device behaviour", case.case, replays(case));
    }
}

/// Where we answer otherwise, on purpose; the reasons stand in landfall-manager's own test of these vectors.
const DIFFERENT: [(&str, &[u8]); 2] = [
    (
        "get_status: attempt failed, 0 left",
        b"\x08\x01\x5a\x04\x10\x03\x50\x01",
    ),
    ("get_status: status handler fails", b"\x08\x01\x5a\x02\x10\x01"),
];

fn replays(vector: &Behaviour) -> Result<(), Wrong> {
    let expected = match DIFFERENT.iter().find(|(case, _)| *case == vector.case) {
        Some((_, ours)) => Some(*ours),
        None => vector.response,
    };
    let mut bench = Bench::prepared(vector.case)?;
    let mut response = [0; 1024];
    let answer = bench.ask(vector.endpoint, vector.request, &mut response)?;
    require(answer == expected, "another answer")
}

/// A manager without protection, with one session.
struct Bench {
    manager: Manager<'static>,
    now: Instant,
    session: SessionId,
}

impl Bench {
    /// A manager in the state that the case speaks of.
    fn prepared(case: &str) -> Result<Self, Wrong> {
        let mut bench = Self::started(if case == "ctrl reprov" {
            AutoStop::Disabled
        } else {
            AutoStop::default()
        })?;
        match case {
            "apply_config, no sub-message" | "apply_config, empty sub-message" => bench.offer()?,
            "get_status: connecting" | "ctrl reset when the state machine refuses" => bench.connect()?,
            "get_status: attempt failed, 4 left" => {
                bench.connect()?;
                bench.lose(DisconnectReason::Other);
            }
            "get_status: attempt failed, 0 left" | "get_status: failed NetworkNotFound" => {
                bench.fail(DisconnectReason::NetworkNotFound)?;
            }
            "get_status: failed AuthError" | "ctrl reset" => bench.fail(DisconnectReason::AuthError)?,
            "get_status: connected" => {
                bench.connect()?;
                bench.manager.handle_wifi(WifiEvent::Connected(station()), bench.now);
                bench.drain();
            }
            _ if case == "scan_status" || case.contains("5 results exist") => bench.scan()?,
            _ => {}
        }
        Ok(bench)
    }

    fn started(auto_stop: AutoStop) -> Result<Self, Wrong> {
        let config = Config {
            auto_stop,
            endpoints: &[Endpoint::CUSTOM_DATA],
            ..Config::default()
        };
        let manager = Manager::new(device::Security::Security0, config).map_err(|_| "a bad configuration")?;
        let mut bench = Self {
            manager,
            now: Instant::ZERO,
            session: SessionId::new(1).ok_or("no session")?,
        };
        bench.manager.start(bench.now).map_err(|_| "no start")?;
        bench.manager.session_opened(bench.session);
        bench.drain();
        Ok(bench)
    }

    /// The answer to a request; none if it fails.
    fn ask<'r>(&mut self, endpoint: &str, request: &[u8], response: &'r mut [u8]) -> Result<Option<&'r [u8]>, Wrong> {
        let mut message = [0; 256];
        let message = message.get_mut(..request.len()).ok_or("a request is too long")?;
        message.copy_from_slice(request);
        let mut random = |bytes: &mut [u8]| bytes.fill(0x5a);
        let handled = self
            .manager
            .handle_request(self.session, endpoint, message, response, self.now, &mut random);
        let len = match handled {
            Err(_) => return Ok(None),
            Ok(Handled::Reply(len)) => len,
            Ok(Handled::Application { endpoint: 0, len }) => {
                require(
                    message.get(..len) == Some(b"hi"),
                    "the application is told something else",
                )?;
                // The example's application: always the same eight bytes (spec protocol.md 8.5).
                response.get_mut(..8).ok_or("no room")?.copy_from_slice(b"SUCCESS\0");
                let finished = self.manager.finish_application(self.session, response, 8);
                finished.map_err(|_| "the application's answer fails")?
            }
            Ok(_) => return Err("an answer at once was expected"),
        };
        Ok(response.get(..len))
    }

    /// As [`Self::ask`], for what prepares a case and must succeed.
    fn must(&mut self, endpoint: Endpoint<'_>, request: &[u8]) -> Result<(), Wrong> {
        let mut response = [0; 64];
        let answered = self.ask(endpoint.as_str(), request, &mut response)?.is_some();
        require(answered, "what prepares the case fails")?;
        self.drain();
        Ok(())
    }

    fn offer(&mut self) -> Result<(), Wrong> {
        self.must(Endpoint::CONFIG, b"\x08\x02\x62\x08\x0a\x06myssid")
    }

    /// Credentials are applied, and the second before joining passes.
    fn connect(&mut self) -> Result<(), Wrong> {
        self.offer()?;
        self.must(Endpoint::CONFIG, b"\x08\x04")?;
        self.now = self.drain().ok_or("nothing to wait for")?;
        self.manager.handle_timeout(self.now);
        self.drain();
        Ok(())
    }

    fn lose(&mut self, reason: DisconnectReason) {
        self.manager.handle_wifi(WifiEvent::Disconnected(reason), self.now);
        self.drain();
    }

    fn fail(&mut self, reason: DisconnectReason) -> Result<(), Wrong> {
        self.connect()?;
        for _ in 0..256 {
            if self.manager.state() == landfall_manager::State::Failed {
                return Ok(());
            }
            self.lose(reason);
        }
        Err("it never fails")
    }

    /// A scan that does not block, and its five networks.
    fn scan(&mut self) -> Result<(), Wrong> {
        self.must(Endpoint::SCAN, b"\x52\x00")?;
        self.manager
            .handle_wifi(WifiEvent::ScanDone(&five_networks()), self.now);
        self.drain();
        Ok(())
    }

    fn drain(&mut self) -> Option<Instant> {
        loop {
            if let Output::WakeAt(at) = self.manager.poll() {
                return at;
            }
        }
    }
}

fn station() -> Station {
    Station {
        ip: core::net::Ipv4Addr::new(192, 168, 43, 243),
        ssid: name("myssid"),
        bssid: Bssid([0x78, 0x8a, 0x20, 0x84, 0x19, 0x96]),
        channel: 1,
        auth: AuthMode::Wpa2Psk,
    }
}

/// Not in order: sorting is the manager's.
fn five_networks() -> [AccessPoint; 5] {
    let network = |ssid, channel, rssi, bssid, auth| AccessPoint {
        ssid: name(ssid),
        bssid: Bssid(bssid),
        channel,
        rssi,
        auth,
    };
    [
        network(
            "InsecureWiFiAP",
            7,
            -74,
            [0xdc, 0xa4, 0xca, 0xf1, 0x22, 0x7c],
            AuthMode::Open,
        ),
        network(
            "MyHomeWiFiAP",
            1,
            -45,
            [0x78, 0x8a, 0x20, 0x84, 0x19, 0x96],
            AuthMode::Wpa2Psk,
        ),
        network(
            "MobileHotspot",
            11,
            -46,
            [0x7a, 0x8a, 0x20, 0x84, 0x19, 0x96],
            AuthMode::Wpa2Psk,
        ),
        network(
            "NeighborsWiFiAP",
            6,
            -61,
            [0x8a, 0x8a, 0x20, 0x84, 0x19, 0x96],
            AuthMode::Wpa2Psk,
        ),
        network(
            "MyHomeWiFiAP",
            11,
            -54,
            [0x78, 0x8a, 0x20, 0x8d, 0xaa, 0x26],
            AuthMode::Wpa2Psk,
        ),
    ]
}

fn name(ssid: &str) -> Ssid {
    Ssid::new(ssid.as_bytes()).unwrap_or_default()
}
