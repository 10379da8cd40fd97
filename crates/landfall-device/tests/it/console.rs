//! The console from outside: what is typed and what is printed, to the byte (spec transports.md 3).

use core::time::Duration;
use std::sync::{Arc, Mutex};

use landfall_device::{
    Builder, ClientEvent, ConsoleService, Device, Ended, Event, Handle, Peer, Refusal, RunError, Security,
    SimulatedWifi,
    protocomm::{
        client::{Handshake, Session, Step},
        console::LineError,
    },
};
use serial2_tokio::SerialPort;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    client::{APPLY_CONFIG, Client, GET_STATUS, SCAN_BLOCKING, SCAN_STATUS, set_config},
    harness::{all_schemes, device},
};

/// Longest wait for anything: a test that fails is better than one that hangs.
const PATIENCE: Duration = Duration::from_secs(60);
const PROMPT: &str = "\n>> ";

/// Somebody who types at the console and reads all that is printed.
struct Typist<S> {
    stream: S,
}

/// A device that runs.
struct Running {
    handle: Handle,
    events: Arc<Mutex<Vec<Event>>>,
    task: JoinHandle<Result<Ended, RunError>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Typist<S> {
    async fn type_in(&mut self, typed: impl AsRef<[u8]>) {
        self.stream.write_all(typed.as_ref()).await.expect("the device reads");
    }

    /// All that is printed up to the next prompt, with it.
    async fn printed(&mut self) -> String {
        self.printed_until(PROMPT).await
    }

    /// All that is printed up to `end`, with it, and nothing after that.
    async fn printed_until(&mut self, end: &str) -> String {
        let mut printed = Vec::new();
        while !printed.ends_with(end.as_bytes()) {
            let byte = timeout(PATIENCE, self.stream.read_u8()).await;
            printed.push(byte.expect("it comes in time").expect("the device is there"));
        }
        String::from_utf8(printed).expect("ASCII")
    }

    /// Types a request and gives the answer; `None` if only the prompt comes back.
    async fn ask(&mut self, endpoint: &str, session: &str, message: &[u8]) -> Option<Vec<u8>> {
        let line = format!("{endpoint} {session} {}", hex(message));
        self.type_in(format!("{line}\r")).await;
        let printed = self.printed().await;
        let printed = printed.strip_prefix(&format!("{line}\r\n")).expect("an echo");
        let answer = printed.strip_suffix(PROMPT).expect("a prompt");
        if answer.is_empty() {
            return None;
        }
        let digits = answer
            .strip_prefix("\r\n")
            .and_then(|answer| answer.strip_suffix("\r\n"));
        Some(bytes(digits.expect("an answer on a line of its own")))
    }

    /// Makes a handshake; `None` if the device refuses it.
    async fn establish(&mut self, scheme: u8, session: &str) -> Option<Session> {
        let mut request = [0; Handshake::MAX_MESSAGE];
        let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).expect("random bytes");
        let secret = Client::secret(scheme);
        let (mut handshake, mut len) = Handshake::start(secret, &mut request, &mut random).expect("a secret");
        loop {
            let answer = self.ask("prov-session", session, &request[..len]).await?;
            match handshake.advance(&answer, &mut request).expect("an honest device") {
                Step::Send(next, next_len) => (handshake, len) = (next, next_len),
                Step::Done(session) => return Some(session),
            }
        }
    }

    /// Asks under a session and gives the plain answer.
    async fn request(&mut self, keys: &mut Session, endpoint: &str, session: &str, plain: &[u8]) -> Option<Vec<u8>> {
        let mut message = plain.to_vec();
        message.resize(plain.len() + 16, 0);
        let len = keys.encrypt(&mut message, plain.len()).expect("a usable session");
        let mut answer = self.ask(endpoint, session, &message[..len]).await?;
        Some(keys.decrypt(&mut answer).expect("an honest device").to_vec())
    }
}

impl Running {
    fn events(&self) -> Vec<Event> {
        self.events.lock().expect("no panic").clone()
    }

    fn refusals(&self) -> Vec<Refusal> {
        let refusals = self.events().into_iter().filter_map(|event| match event {
            Event::Client(ClientEvent::Refused { peer, reason }) => {
                assert_eq!(peer, Peer::Console);
                Some(reason)
            }
            _ => None,
        });
        refusals.collect()
    }

    async fn ended(self) -> Ended {
        let ended = timeout(PATIENCE, self.task).await.expect("an end in time");
        ended.expect("no panic").expect("provisioning runs")
    }
}

fn provision(device: Builder<SimulatedWifi>, service: ConsoleService) -> Running {
    let mut device: Device<SimulatedWifi> = device.build().expect("buildable");
    let handle = device.handle();
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let task = tokio::spawn(async move {
        let tell = |event: &Event| seen.lock().expect("no panic").push(event.clone());
        device.provision(service, tell).await
    });
    Running { handle, events, task }
}

/// A device and somebody at its console, joined by memory that holds so many bytes.
fn console(security: Security, capacity: usize) -> (Running, Typist<DuplexStream>) {
    let (near, far) = duplex(capacity);
    let device = device(security).endpoint("custom-data", |request| Some(request.to_vec()));
    let running = provision(device, ConsoleService::on_stream(near));
    (running, Typist { stream: far })
}

/// The same on a pseudo-terminal.
fn terminal(security: Security) -> (Running, Typist<SerialPort>) {
    let (service, path) = ConsoleService::pseudo_terminal().expect("a pseudo-terminal");
    let stream = SerialPort::open(path, ConsoleService::DEFAULT_BAUD).expect("the pseudo-terminal is there");
    let device = device(security).cleanup_delay(Duration::from_millis(100));
    (provision(device, service), Typist { stream })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(digits: &str) -> Vec<u8> {
    assert!(!digits.bytes().any(|digit| digit.is_ascii_uppercase()), "{digits}");
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(pair, 16).expect("digits")
        })
        .collect()
}

#[tokio::test]
async fn request_is_echoed_answered_and_followed_by_a_prompt() {
    let (_running, mut typist) = console(Security::Security0, 64);
    assert_eq!(typist.printed().await, PROMPT);
    typist.type_in("custom-data 0 0aFF1\r").await;
    let printed = typist.printed().await;
    assert_eq!(printed, "custom-data 0 0aFF1\r\n\r\n0aff\r\n\n>> ");
    let version = typist.ask("proto-ver", "0", b"---").await.expect("an answer");
    assert!(version.starts_with(b"{\n\t\"prov\":"), "{}", version.escape_ascii());
}

#[tokio::test]
async fn line_is_edited_as_people_are_used_to() {
    let (running, mut typist) = console(Security::Security0, 64);
    typist.printed().await;
    for typed in [
        "xxx\x15custom-data 0 61\r\n",
        "custom-datx\x7fa 0 61\r\n",
        "custom\n-data 0 61\r",
        "\x1b\x07custom-data\t0 \"61\" \r",
    ] {
        typist.type_in(typed).await;
        let printed = typist.printed().await;
        assert!(printed.ends_with("\r\n\r\n61\r\n\n>> "), "{printed:?}");
        assert!(!printed.contains('\x1b') && !printed.contains('\x07'), "{printed:?}");
    }
    typist.type_in("custom-data 0 61\x03").await;
    assert_eq!(typist.printed().await, "custom-data 0 61\r\n\n>> ");
    assert_eq!(running.refusals(), []);
}

#[tokio::test]
async fn what_is_no_request_gives_only_the_next_prompt_and_is_told() {
    let (running, mut typist) = console(Security::Security0, 64);
    typist.printed().await;
    for line in [
        "",
        "  ",
        "help",
        "no-such 0 00",
        "custom-data 0 0g",
        "custom-data 4294967295 00",
    ] {
        typist.type_in(format!("{line}\r")).await;
        assert_eq!(typist.printed().await, format!("{line}\r\n\n>> "));
    }
    let expected = [
        Refusal::Line(LineError::Words),
        Refusal::UnknownEndpoint,
        Refusal::Line(LineError::Message),
        Refusal::Line(LineError::Session),
    ];
    assert_eq!(running.refusals(), expected);
}

#[tokio::test]
async fn line_that_is_too_long_is_refused_and_its_rest_ignored() {
    let (running, mut typist) = console(Security::Security0, 64 * 1024);
    typist.printed().await;
    typist.type_in("custom-data 0 ".to_owned() + &"61".repeat(10_000)).await;
    let printed = typist.printed().await;
    assert!(printed.len() < 9_000 && printed.ends_with("61\r\n\n>> "));
    typist.type_in("custom-data 0 61\r").await;
    assert_eq!(typist.printed().await, "\r\n\n>> ");
    assert_eq!(typist.ask("custom-data", "0", b"a").await.as_deref(), Some(&b"a"[..]));
    assert_eq!(running.refusals(), [Refusal::LineTooLong]);
}

#[tokio::test]
async fn requests_of_4096_bytes_fit() {
    let (_running, mut typist) = console(Security::Security0, 64 * 1024);
    typist.printed().await;
    let message = [0x5a; 4096];
    assert_eq!(
        typist.ask("custom-data", "2147483647", &message).await,
        Some(message.to_vec())
    );
}

#[tokio::test]
async fn every_scheme_provisions_by_typed_lines() {
    for (scheme, security) in (0..).zip(all_schemes()) {
        let (running, mut typist) = terminal(security);
        typist.printed().await;
        let mut keys = typist.establish(scheme, "7").await.expect("the right secret");
        let set = set_config(b"MyHomeWiFiAP", b"mypassword");
        let networks = [set.as_slice(), APPLY_CONFIG];
        for request in networks {
            let answer = typist.request(&mut keys, "prov-config", "7", request).await;
            assert!(answer.is_some(), "{scheme}");
        }
        let connecting = |status: &[u8]| status.starts_with(b"\x08\x01\x5a\x02\x10\x01");
        loop {
            sleep(Duration::from_millis(200)).await;
            let status = typist.request(&mut keys, "prov-config", "7", GET_STATUS).await;
            if !connecting(&status.expect("a status")) {
                break;
            }
        }
        assert!(matches!(running.ended().await, Ended::Provisioned(_)), "{scheme}");
    }
}

#[tokio::test]
async fn session_goes_on_under_its_number_and_ends_with_another() {
    let [_, security, _] = all_schemes();
    let (_running, mut typist) = console(security, 4096);
    typist.printed().await;
    let mut keys = typist.establish(1, "5").await.expect("the right secret");
    // Read as C's atoi does, this is the same number; and what is no request is nobody's session.
    for session in ["5", "+5", "5x", "005"] {
        assert_eq!(typist.ask("no-such", "6", b"x").await, None);
        let answer = typist.request(&mut keys, "custom-data", session, b"same").await;
        assert_eq!(answer.as_deref(), Some(&b"same"[..]), "{session}");
    }
    assert!(typist.ask("proto-ver", "text", b"---").await.is_some());
    assert_eq!(typist.request(&mut keys, "custom-data", "5", b"over").await, None);
    assert!(typist.establish(1, "5").await.is_some());
}

#[tokio::test]
async fn what_is_typed_during_a_scan_waits() {
    let (_running, mut typist) = console(Security::Security0, 4096);
    typist.printed().await;
    let scan = format!("prov-scan 0 {}", hex(SCAN_BLOCKING));
    let status = format!("prov-scan 0 {}", hex(SCAN_STATUS));
    typist.type_in(format!("{scan}\r{status}\r")).await;
    let printed = typist.printed().await;
    assert!(printed.starts_with(&format!("{scan}\r\n\r\n")), "{printed:?}");
    let printed = typist.printed().await;
    assert!(printed.starts_with(&format!("{status}\r\n\r\n")), "{printed:?}");
}

#[tokio::test]
async fn answer_that_nobody_has_read_when_the_service_ends_can_still_be_read() {
    let (running, mut typist) = terminal(Security::Security0);
    typist.printed().await;
    typist.type_in("proto-ver 0 2d2d2d\r").await;
    // No further than to where the answer begins.
    let begun = typist.printed_until("\r\n\r\n7b").await;
    assert_eq!(begun, "proto-ver 0 2d2d2d\r\n\r\n7b");
    running.handle.stop();
    sleep(Duration::from_millis(300)).await;
    let rest = typist.printed().await;
    assert!(rest.starts_with("0a0922"), "{rest:?}");
    assert_eq!(running.ended().await, Ended::Stopped);
}

#[tokio::test]
async fn device_on_a_terminal_that_nobody_reads_ends_in_time() {
    let (running, mut typist) = terminal(Security::Security0);
    // More than the operating system keeps.
    let flood = "proto-ver 0 2d2d2d\r".repeat(10_000);
    let flood = typist.type_in(flood);
    assert!(
        timeout(Duration::from_millis(500), flood).await.is_err(),
        "the device is held up"
    );
    running.handle.stop();
    assert_eq!(running.ended().await, Ended::Stopped);
}

/// Without sockets or files, so that time can be virtual.
#[tokio::test(start_paused = true)]
async fn what_nobody_reads_is_dropped_and_the_device_serves_on() {
    let (_running, mut typist) = console(Security::Security0, 512);
    typist.printed().await;
    for _ in 0..100 {
        // Longer than what the memory between holds: the device has to drop something to read on.
        let typed = format!("custom-data 0 {}\r", "61".repeat(200));
        let typed = timeout(PATIENCE, typist.type_in(typed)).await;
        typed.expect("the device reads on");
    }
    sleep(PATIENCE).await;
    // What is left of it is read now, and the line is whole again.
    while timeout(Duration::from_secs(10), typist.stream.read(&mut [0; 64]))
        .await
        .is_ok()
    {}
    assert_eq!(typist.ask("custom-data", "0", b"a").await.as_deref(), Some(&b"a"[..]));
}

#[tokio::test]
async fn line_that_is_gone_is_told_and_ends_nothing_else() {
    let (running, typist) = console(Security::Security0, 64);
    drop(typist);
    let gone = |event: &Event| matches!(event, Event::Client(ClientEvent::AcceptFailed { .. }));
    let told = async {
        while !running.events().iter().any(gone) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, told).await.expect("it is told");
    running.handle.stop();
    assert_eq!(running.ended().await, Ended::Stopped);
}

#[tokio::test]
async fn port_that_is_not_there_is_an_error() {
    let opened = ConsoleService::serial_port("/dev/no-such-port".as_ref(), ConsoleService::DEFAULT_BAUD);
    assert!(opened.is_err());
}
