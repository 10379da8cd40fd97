//! A manager on the bench: its clock, its one client and its radio are the test's.

use core::{fmt, net::Ipv4Addr, time::Duration};

use landfall_manager::{
    AccessPoint, Bssid, Command, Config, DisconnectReason, Event, Handled, Manager, Output, RequestError, ScanChannels,
    Ssid, Station, WifiEvent,
};
use landfall_protocomm::{
    Instant, SessionId,
    device::Security,
    wire::{
        AuthMode, ConfigRequest, ConfigResponse, CtrlRequest, CtrlResponse, ScanRequest, ScanResponse, ScanStart,
        SetConfig, StationStatus, Status,
    },
};

/// The network of most tests, as [`Bench::joins`] reports it.
pub(crate) const SSID: &str = "myssid";
pub(crate) const PASSPHRASE: &str = "correct horse";

pub(crate) struct Bench<'a, const SCAN: usize = 16> {
    pub(crate) manager: Manager<'a, SCAN>,
    pub(crate) now: Instant,
    pub(crate) session: SessionId,
}

/// What came of a request; owns its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Bytes(Vec<u8>),
    Application(usize, Vec<u8>),
    Later,
    Failed(RequestError),
}

impl Bench<'static> {
    /// A started manager of Espressif's defaults under security 0 with session 1, its outputs drained.
    pub(crate) fn started() -> Self {
        Self::with(Config::default())
    }
}

impl<'a> Bench<'a> {
    pub(crate) fn with(config: Config<'a>) -> Self {
        Self::keeping(config)
    }

    pub(crate) fn idle(security: Security<'a>, config: Config<'a>) -> Self {
        Self::resting(security, config)
    }
}

impl<'a, const SCAN: usize> Bench<'a, SCAN> {
    /// As [`Bench::with`], with any number of scan results.
    pub(crate) fn keeping(config: Config<'a>) -> Self {
        let mut bench = Self::resting(Security::Security0, config);
        bench.start();
        bench
    }

    fn resting(security: Security<'a>, config: Config<'a>) -> Self {
        let manager = Manager::new(security, config).expect("a good configuration");
        Self {
            manager,
            now: Instant::ZERO,
            session: session(1),
        }
    }

    #[track_caller]
    pub(crate) fn start(&mut self) {
        self.manager.start(self.now).expect("idle");
        self.manager.session_opened(self.session);
        self.seen();
    }

    /// A request of the bench's session.
    pub(crate) fn ask(&mut self, endpoint: &str, request: &[u8]) -> Answer {
        let mut message = request.to_vec();
        let mut response = [0xAA; 4096];
        let mut random = |bytes: &mut [u8]| bytes.fill(0x5A);
        match self.manager.handle_request(
            self.session,
            endpoint,
            &mut message,
            &mut response,
            self.now,
            &mut random,
        ) {
            Ok(Handled::Reply(len)) => Answer::Bytes(response[..len].to_vec()),
            Ok(Handled::Application { endpoint, len }) => Answer::Application(endpoint, message[..len].to_vec()),
            Ok(Handled::Later) => Answer::Later,
            Err(error) => Answer::Failed(error),
        }
    }

    #[track_caller]
    pub(crate) fn bytes(&mut self, endpoint: &str, request: &[u8]) -> Vec<u8> {
        match self.ask(endpoint, request) {
            Answer::Bytes(bytes) => bytes,
            other => panic!("an answer was expected, not {other:?}"),
        }
    }

    /// GetStatus, as hexadecimal text of the whole answer.
    #[track_caller]
    pub(crate) fn status(&mut self) -> String {
        hex(&self.bytes("prov-config", &unhex("5200")))
    }

    #[track_caller]
    pub(crate) fn config(&mut self, request: &ConfigRequest<'_>) -> Status {
        let bytes = self.bytes("prov-config", &encoded(|buffer| request.encode(buffer)));
        match ConfigResponse::decode(&bytes).expect("a config response") {
            ConfigResponse::GetStatus(StationStatus { status, .. })
            | ConfigResponse::SetConfig(status)
            | ConfigResponse::ApplyConfig(status)
            | ConfigResponse::SetThreadConfig(status)
            | ConfigResponse::ApplyThreadConfig(status) => status,
            ConfigResponse::GetThreadStatus(thread) => thread.status,
        }
    }

    #[track_caller]
    pub(crate) fn set(&mut self, ssid: &str, passphrase: &str) -> Status {
        let (ssid, passphrase) = (ssid.as_bytes(), passphrase.as_bytes());
        self.config(&ConfigRequest::SetConfig(SetConfig {
            ssid,
            passphrase,
            ..SetConfig::default()
        }))
    }

    #[track_caller]
    pub(crate) fn apply(&mut self) -> Status {
        self.config(&ConfigRequest::ApplyConfig)
    }

    #[track_caller]
    pub(crate) fn ctrl(&mut self, request: CtrlRequest) -> Status {
        let bytes = self.bytes("prov-ctrl", &encoded(|buffer| request.encode(buffer)));
        let response = CtrlResponse::decode(&bytes).expect("a ctrl response");
        assert_eq!(response.answers, request);
        response.status
    }

    pub(crate) fn scan(&mut self, request: ScanRequest) -> Answer {
        self.ask("prov-scan", &encoded(|buffer| request.encode(buffer)))
    }

    #[track_caller]
    pub(crate) fn scan_start(&mut self, start: ScanStart) -> Status {
        match self.scan(ScanRequest::Start(start)) {
            Answer::Bytes(bytes) => ScanResponse::decode(&bytes).expect("a scan response").status,
            other => panic!("an answer at once was expected, not {other:?}"),
        }
    }

    /// The answer to a blocking scan.
    #[track_caller]
    pub(crate) fn finish(&mut self) -> Status {
        let mut response = [0; 64];
        let (session, len) = self.manager.finish_later(&mut response).expect("an answer is ready");
        assert_eq!(session, self.session);
        ScanResponse::decode(&response[..len]).expect("a scan response").status
    }

    /// Applies credentials for `ssid`, lets the second pass and the join begin.
    #[track_caller]
    pub(crate) fn connects_to(&mut self, ssid: &str) {
        assert_eq!(self.set(ssid, PASSPHRASE), Status::Success);
        assert_eq!(self.apply(), Status::Success);
        assert_eq!(self.seen(), [format!("CredentialsReceived {ssid}")]);
        assert_eq!(self.passes(1000), [format!("Connect {ssid}/{PASSPHRASE}")]);
    }

    pub(crate) fn joins(&mut self, ssid: &str) -> Vec<String> {
        self.manager.handle_wifi(WifiEvent::Connected(station(ssid)), self.now);
        self.seen()
    }

    pub(crate) fn loses(&mut self, reason: DisconnectReason) -> Vec<String> {
        self.manager.handle_wifi(WifiEvent::Disconnected(reason), self.now);
        self.seen()
    }

    pub(crate) fn hears(&mut self, networks: &[AccessPoint]) -> Vec<String> {
        self.manager.handle_wifi(WifiEvent::ScanDone(networks), self.now);
        self.seen()
    }

    /// A manager in state Connected, the client not yet told.
    #[track_caller]
    pub(crate) fn connected(mut self) -> Self {
        self.connects_to(SSID);
        assert_eq!(
            self.joins(SSID),
            [
                format!("Save {SSID}/{PASSPHRASE}"),
                format!("CredentialsSucceeded {SSID}")
            ]
        );
        self
    }

    /// A manager in state Failed with this reason.
    #[track_caller]
    pub(crate) fn failed(mut self, reason: DisconnectReason) -> Self {
        self.connects_to(SSID);
        for _ in 0..256 {
            if self
                .loses(reason)
                .iter()
                .any(|seen| seen.starts_with("CredentialsFailed"))
            {
                return self;
            }
        }
        panic!("a limit of at most 255 attempts was expected");
    }

    /// Lets time pass as a runtime would: to each wake-up in turn, and at last to the end.
    pub(crate) fn passes(&mut self, millis: u64) -> Vec<String> {
        let end = self.now + Duration::from_millis(millis);
        let mut seen = Vec::new();
        loop {
            let wake = self.drain(&mut seen);
            self.now = match wake {
                Some(wake) if wake <= end => wake.max(self.now),
                _ => break,
            };
            self.manager.handle_timeout(self.now);
        }
        self.now = end;
        self.manager.handle_timeout(self.now);
        self.drain(&mut seen);
        seen
    }

    /// Drains the outputs and renders them.
    pub(crate) fn seen(&mut self) -> Vec<String> {
        let mut seen = Vec::new();
        self.drain(&mut seen);
        seen
    }

    /// Milliseconds until the manager wants to be called again.
    pub(crate) fn wakes_in(&mut self) -> Option<u128> {
        let wake = self.drain(&mut Vec::new())?;
        Some(wake.saturating_since(self.now).as_millis())
    }

    fn drain(&mut self, seen: &mut Vec<String>) -> Option<Instant> {
        loop {
            match self.manager.poll() {
                Output::WakeAt(wake) => return wake,
                output => seen.push(render(output)),
            }
        }
    }
}

pub(crate) fn session(id: u32) -> SessionId {
    SessionId::new(id).expect("not the reserved number")
}

pub(crate) fn station(ssid: &str) -> Station {
    Station {
        ip: Ipv4Addr::new(192, 168, 43, 243),
        ssid: name(ssid),
        bssid: Bssid([0x78, 0x8a, 0x20, 0x84, 0x19, 0x96]),
        channel: 1,
        auth: AuthMode::Wpa2Psk,
    }
}

pub(crate) fn name(ssid: &str) -> Ssid {
    Ssid::new(ssid.as_bytes()).expect("at most 32 octets")
}

pub(crate) fn network(ssid: &str, channel: u8, rssi: i8) -> AccessPoint {
    AccessPoint {
        ssid: name(ssid),
        channel,
        rssi,
        ..AccessPoint::default()
    }
}

/// What `encode` writes.
pub(crate) fn encoded<E: fmt::Debug>(encode: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Vec<u8> {
    let mut buffer = vec![0; 1024];
    let len = encode(&mut buffer).expect("room enough");
    buffer.truncate(len);
    buffer
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits = text
        .as_bytes()
        .chunks(2)
        .map(|pair| str::from_utf8(pair).expect("ASCII"));
    digits
        .map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits"))
        .collect()
}

fn render(output: Output) -> String {
    match output {
        Output::Command(command) => render_command(&command),
        Output::Event(event) => render_event(&event),
        Output::ReplyReady => "ReplyReady".into(),
        other => format!("{other:?}"),
    }
}

fn render_command(command: &Command) -> String {
    let text = |credentials: &landfall_manager::Credentials| {
        let passphrase = String::from_utf8_lossy(credentials.passphrase.expose()).into_owned();
        format!("{}/{passphrase}", credentials.ssid)
    };
    match command {
        Command::Connect(credentials) => format!("Connect {}", text(credentials)),
        Command::Save(credentials) => format!("Save {}", text(credentials)),
        Command::Scan(plan) => match plan.channels {
            ScanChannels::All => "Scan all".into(),
            ScanChannels::One(channel) => format!("Scan {channel}"),
        },
        other => format!("{other:?}"),
    }
}

fn render_event(event: &Event) -> String {
    match event {
        Event::CredentialsReceived { ssid } => format!("CredentialsReceived {ssid}"),
        Event::CredentialsSucceeded(station) => format!("CredentialsSucceeded {}", station.ssid),
        Event::CredentialsFailed { reason } => format!("CredentialsFailed {reason:?}"),
        Event::AttemptFailed {
            reason: Some(reason),
            remaining,
        } => format!("AttemptFailed {reason:?}, {remaining} left"),
        Event::AttemptFailed {
            reason: None,
            remaining,
        } => format!("AttemptFailed, {remaining} left"),
        other => format!("{other:?}"),
    }
}
