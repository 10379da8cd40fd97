//! The console: what is typed and printed, to the byte (spec transports.md 3), and whole provisionings over it.

mod pages;

use core::{cell::RefCell, future::poll_fn, task::Poll};
use std::{collections::VecDeque, rc::Rc};

use embassy_futures::{block_on, poll_once};
use embedded_io_adapters::tokio_1::FromTokio;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use landfall_client::{Connection, Network, Provisioning, Secret, SystemEnvironment, console::ConsoleTransport};
use landfall_embassy::{
    App, ClientEvent, Control, Device, Ended, Event, MemoryStore, RequestId, Service, ServiceEvent,
    console::{ConsoleError, ConsoleService},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    join,
    time::{Duration, timeout},
};

use crate::{
    harness::{Log, Random, config, device, run, ssid},
    world::World,
};

/// Somebody at a serial line: what was typed, and what came on the screen.
#[derive(Clone, Default)]
struct Terminal(Rc<RefCell<Line>>);

#[derive(Default)]
struct Line {
    typed: VecDeque<Result<u8, ErrorKind>>,
    screen: Vec<u8>,
    /// Everything takes two attempts.
    is_slow: bool,
    attempted: bool,
    is_closed: bool,
}

impl Terminal {
    fn type_in(&self, typed: impl AsRef<[u8]>) {
        self.0
            .borrow_mut()
            .typed
            .extend(typed.as_ref().iter().map(|&byte| Ok(byte)));
    }

    fn screen(&self) -> String {
        let screen = core::mem::take(&mut self.0.borrow_mut().screen);
        String::from_utf8(screen).expect("ASCII")
    }

    async fn attempt(&self) {
        poll_fn(|_| {
            let line = &mut *self.0.borrow_mut();
            line.attempted ^= line.is_slow;
            if line.attempted { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

impl ErrorType for Terminal {
    type Error = ErrorKind;
}

impl Read for Terminal {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ErrorKind> {
        self.attempt().await;
        poll_fn(|_| {
            let line = &mut *self.0.borrow_mut();
            let mut len = 0;
            while let (Some(&Ok(byte)), Some(place)) = (line.typed.front(), bytes.get_mut(len)) {
                *place = byte;
                line.typed.pop_front();
                len += 1;
            }
            if len > 0 {
                return Poll::Ready(Ok(len));
            }
            match line.typed.pop_front() {
                Some(Ok(_)) => unreachable!("it was taken"),
                Some(Err(error)) => Poll::Ready(Err(error)),
                None if line.is_closed => Poll::Ready(Ok(0)),
                None => Poll::Pending,
            }
        })
        .await
    }
}

impl Write for Terminal {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.attempt().await;
        let len = bytes.len().min(3);
        self.0.borrow_mut().screen.extend(&bytes[..len]);
        Ok(len)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

type Console = ConsoleService<Terminal, 256>;

/// What a service says, kept.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Opened(u32),
    Request(RequestId, Option<u32>, usize, Vec<u8>),
    Refused,
    Failed(ConsoleError),
}

fn said(event: Result<ServiceEvent<'_>, ConsoleError>) -> Said {
    match event {
        Ok(ServiceEvent::SessionOpened(session)) => Said::Opened(session.get()),
        Ok(ServiceEvent::Request {
            id,
            session,
            endpoint,
            message,
        }) => Said::Request(id, session.map(|session| session.get()), endpoint, message.to_vec()),
        Ok(ServiceEvent::Client(ClientEvent::Refused)) => Said::Refused,
        Ok(other) => panic!("{other:?}"),
        Err(error) => Said::Failed(error),
    }
}

/// A console that serves `proto-ver` and `custom-data`, and its terminal.
fn console() -> (Console, Terminal) {
    let terminal = Terminal::default();
    let mut console = Console::new(terminal.clone());
    block_on(console.start(&["proto-ver", "custom-data"])).expect("it opens");
    (console, terminal)
}

/// The next thing, if what was typed gives one.
fn next(console: &mut Console) -> Option<Said> {
    match poll_once(console.next()) {
        Poll::Ready(event) => Some(said(event)),
        Poll::Pending => None,
    }
}

fn request(number: u32, session: u32, endpoint: usize, message: &[u8]) -> Option<Said> {
    Some(Said::Request(
        RequestId(number),
        Some(session),
        endpoint,
        message.to_vec(),
    ))
}

#[test]
fn request_is_echoed_answered_and_followed_by_a_prompt() {
    let (mut console, terminal) = console();
    assert_eq!(next(&mut console), None);
    assert_eq!(terminal.screen(), "\n>> ");
    terminal.type_in("proto-ver 0 2D2d2d\r");
    assert_eq!(next(&mut console), Some(Said::Opened(0)));
    assert_eq!(next(&mut console), request(1, 0, 0, b"---"));
    assert_eq!(terminal.screen(), "proto-ver 0 2D2d2d\r\n");
    block_on(console.respond(RequestId(1), Some(&[0x0a, 0xff, 0x00])));
    assert_eq!(terminal.screen(), "\r\n0aff00\r\n\n>> ");
    // The same number goes on with the session; another one ends it.
    terminal.type_in("custom-data 00 61\r");
    assert_eq!(next(&mut console), request(2, 0, 1, b"a"));
    block_on(console.respond(RequestId(2), None));
    assert_eq!(terminal.screen(), "custom-data 00 61\r\n\n>> ");
    terminal.type_in("custom-data 7 \"\"\r");
    assert_eq!(next(&mut console), Some(Said::Opened(7)));
    assert_eq!(next(&mut console), request(3, 7, 1, b""));
}

#[test]
fn an_answer_that_nobody_waits_for_prints_nothing() {
    let (mut console, terminal) = console();
    terminal.type_in("proto-ver 0 00\r");
    assert_eq!(next(&mut console), Some(Said::Opened(0)));
    assert_eq!(next(&mut console), request(1, 0, 0, b"\0"));
    block_on(console.respond(RequestId(9), Some(b"x")));
    block_on(console.respond(RequestId(1), Some(b"y")));
    block_on(console.respond(RequestId(1), Some(b"z")));
    assert_eq!(terminal.screen(), "\n>> proto-ver 0 00\r\n\r\n79\r\n\n>> ");
}

#[test]
fn what_is_typed_before_an_answer_waits() {
    let (mut console, terminal) = console();
    terminal.type_in("proto-ver 0 00\rcustom-data 0 01\r");
    assert_eq!(next(&mut console), Some(Said::Opened(0)));
    assert_eq!(next(&mut console), request(1, 0, 0, b"\0"));
    assert_eq!(next(&mut console), None);
    assert_eq!(terminal.screen(), "\n>> proto-ver 0 00\r\n");
    block_on(console.respond(RequestId(1), Some(b"y")));
    assert_eq!(next(&mut console), request(2, 0, 1, b"\x01"));
    assert_eq!(terminal.screen(), "\r\n79\r\n\n>> custom-data 0 01\r\n");
}

#[test]
fn long_answer_is_printed_whole() {
    let (mut console, terminal) = console();
    terminal.type_in("proto-ver 0 00\r");
    assert_eq!(next(&mut console), Some(Said::Opened(0)));
    assert_eq!(next(&mut console), request(1, 0, 0, b"\0"));
    terminal.screen();
    block_on(console.respond(RequestId(1), Some(&[0x5a; 4096])));
    assert_eq!(terminal.screen(), format!("\r\n{}\r\n\n>> ", "5a".repeat(4096)));
}

#[test]
fn line_is_edited_as_people_are_used_to() {
    let erase = "\x08 \x08";
    for (typed, screen) in [
        ("proto-vex\x7fr 0 61\r", format!("proto-vex{erase}r 0 61\r\n")),
        (
            "abc\x15proto-ver 0 61\r",
            format!("abc{}proto-ver 0 61\r\n", erase.repeat(3)),
        ),
        ("\x15\x15proto-ver 0 61\r", "proto-ver 0 61\r\n".to_owned()),
        ("abc\x03proto-ver 0 61\r", "abc\r\n\n>> proto-ver 0 61\r\n".to_owned()),
        ("\x1b\x07proto-ver\t0\n 61\r", "proto-ver 0 61\r\n".to_owned()),
    ] {
        let (mut console, terminal) = console();
        terminal.type_in(typed);
        assert_eq!(next(&mut console), Some(Said::Opened(0)));
        assert_eq!(next(&mut console), request(1, 0, 0, b"a"));
        assert_eq!(terminal.screen(), format!("\n>> {screen}"));
    }
}

#[test]
fn what_is_no_request_gives_only_the_next_prompt() {
    let (mut console, terminal) = console();
    assert_eq!(next(&mut console), None);
    terminal.screen();
    for line in ["help", "no-such 0 00", "custom-data 0 0g", "custom-data 4294967295 00"] {
        terminal.type_in(format!("{line}\r"));
        assert_eq!(next(&mut console), Some(Said::Refused), "{line}");
        assert_eq!(next(&mut console), None);
        assert_eq!(terminal.screen(), format!("{line}\r\n\n>> "));
    }
    for line in ["", "   "] {
        terminal.type_in(format!("{line}\r"));
        assert_eq!(next(&mut console), None, "{line:?}");
        assert_eq!(terminal.screen(), format!("{line}\r\n\n>> "));
    }
}

#[test]
fn line_that_is_too_long_is_refused_and_its_rest_ignored() {
    for end in ["\r", "\x15", "\x03"] {
        let (mut console, terminal) = console();
        terminal.type_in("custom-data 0 ".to_owned() + &"61".repeat(2000) + end);
        assert_eq!(next(&mut console), Some(Said::Refused));
        assert_eq!(next(&mut console), None);
        assert!(terminal.screen().len() < 280);
        terminal.type_in("custom-data 0 62\r");
        assert_eq!(next(&mut console), Some(Said::Opened(0)));
        assert_eq!(next(&mut console), request(1, 0, 1, b"b"));
    }
}

#[test]
fn every_dropped_future_loses_nothing() {
    let (mut console, terminal) = console();
    terminal.0.borrow_mut().is_slow = true;
    terminal.type_in("xyz\x15custom-data 5 6162\r");
    let mut told = Vec::new();
    for _ in 0..500 {
        // Each future is polled once and dropped.
        told.extend(next(&mut console));
        if told.len() == 2 {
            break;
        }
    }
    assert_eq!(told, [Said::Opened(5), request(1, 5, 1, b"ab").expect("one")]);
    let erased = "\x08 \x08".repeat(3);
    assert_eq!(terminal.screen(), format!("\n>> xyz{erased}custom-data 5 6162\r\n"));
}

#[test]
fn noise_on_the_line_drops_what_was_typed_and_nothing_more() {
    let (mut console, terminal) = console();
    terminal.type_in("custom-data 0 6");
    terminal.0.borrow_mut().typed.push_back(Err(ErrorKind::InvalidData));
    terminal.type_in("1\r");
    assert_eq!(block_on(async { said(console.next().await) }), Said::Refused);
    terminal.type_in("custom-data 0 61\r");
    assert_eq!(block_on(async { said(console.next().await) }), Said::Opened(0));
    assert_eq!(next(&mut console), request(1, 0, 1, b"a"));
}

#[test]
fn line_that_only_fails_is_told() {
    let (mut console, terminal) = console();
    terminal.0.borrow_mut().typed.extend([Err(ErrorKind::InvalidData); 200]);
    let told = block_on(async { said(console.next().await) });
    assert_eq!(told, Said::Failed(ConsoleError::Failed(ErrorKind::InvalidData)));
    // Not without end: one prompt for all of them.
    assert_eq!(terminal.screen(), "\n>> \r\n\n>> ");
}

#[test]
fn line_at_its_end_is_looked_at_again() {
    let (mut console, terminal) = console();
    terminal.0.borrow_mut().is_closed = true;
    assert_eq!(next(&mut console), None);
    terminal.type_in("proto-ver 3 00\r");
    assert_eq!(block_on(async { said(console.next().await) }), Said::Opened(3));
}

#[test]
fn session_of_an_earlier_service_does_not_go_on() {
    let (mut console, terminal) = console();
    terminal.type_in("proto-ver 3 00\r");
    assert_eq!(next(&mut console), Some(Said::Opened(3)));
    assert_eq!(next(&mut console), request(1, 3, 0, b"\0"));
    block_on(console.stop());
    block_on(console.start(&["custom-data"])).expect("it opens again");
    terminal.type_in("custom-data 3 00\r");
    assert_eq!(next(&mut console), Some(Said::Opened(3)));
    assert_eq!(next(&mut console), request(2, 3, 0, b"\0"));
}

#[test]
fn more_names_than_there_is_room_for_are_refused() {
    let mut console = Console::new(Terminal::default());
    let name = "a".repeat(64);
    let started = block_on(console.start(&[name.as_str(); 5]));
    assert_eq!(started, Err(ConsoleError::Endpoints));
}

#[test]
fn nothing_typed_shows_in_debug() {
    let (mut console, terminal) = console();
    terminal.type_in("proto-ver 0 2d2d2d");
    assert_eq!(next(&mut console), None);
    assert_eq!(format!("{console:?}"), "ConsoleService { session: None, .. }");
}

/// A line on which the firmware's log is printed, too.
struct Shared {
    line: FromTokio<DuplexStream>,
    log: Rc<RefCell<Vec<u8>>>,
}

impl ErrorType for Shared {
    type Error = std::io::Error;
}

impl Read for Shared {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Self::Error> {
        self.line.read(bytes).await
    }
}

impl Write for Shared {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        let log = self.log.take();
        self.line.write_all(&log).await?;
        self.line.write(bytes).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.line.flush().await
    }
}

/// An application that logs on the console's line.
struct Logging(Rc<RefCell<Vec<u8>>>);

impl App for Logging {
    fn on_event(&mut self, event: &Event<'_>) {
        let line = format!("\x1b[0;32mI (1234) app: {event}\x1b[0m\r\n");
        self.0.borrow_mut().extend(line.as_bytes());
    }
}

fn line() -> (ConsoleService<FromTokio<DuplexStream>>, DuplexStream) {
    let (near, far) = duplex(64);
    (ConsoleService::new(FromTokio::new(near)), far)
}

fn secret(scheme: u8) -> Secret {
    let word = || Some(b"abcd1234".to_vec().into());
    match scheme {
        0 => Secret::default(),
        1 => Secret {
            pop: word(),
            ..Secret::default()
        },
        _ => Secret {
            username: Some("wifiprov".to_owned()),
            password: word(),
            ..Secret::default()
        },
    }
}

async fn provision(scheme: u8, stream: DuplexStream) {
    let transport = ConsoleTransport::new(stream).with_timeout(Duration::from_secs(20));
    let mut client = Connection::new(transport, SystemEnvironment::new());
    let network = Network {
        ssid: b"myssid".to_vec(),
        passphrase: b"mypassword".to_vec().into(),
        bssid: None,
        channel: None,
    };
    let secret = secret(scheme);
    let provisioned = client.provision(&secret, &network, Provisioning::default(), |_| ());
    provisioned.await.expect("it joins");
}

#[tokio::test]
async fn landfall_s_client_provisions_under_every_scheme() {
    for scheme in 0..=2 {
        let (world, log) = (World::new(), Log::default());
        let mut device = device(config(scheme), &world);
        let (service, far) = line();
        let (ended, ()) = join!(run(&mut device, service, &log), provision(scheme, far));
        assert_eq!(ended.expect("it runs"), Ended::Provisioned(ssid("myssid")), "{scheme}");
    }
}

#[tokio::test]
async fn log_lines_of_the_firmware_on_the_same_line_are_passed_over() {
    let world = World::new();
    let mut device: Device<'_, _, MemoryStore, Random> = device(config(2), &world);
    let (near, far) = duplex(64);
    let log = Rc::new(RefCell::new(Vec::new()));
    let line = Shared {
        line: FromTokio::new(near),
        log: log.clone(),
    };
    let mut app = Logging(log);
    let provisioned = timeout(
        Duration::from_secs(60),
        device.provision(ConsoleService::<_>::new(line), &mut app),
    );
    let (ended, ()) = join!(provisioned, provision(2, far));
    assert_eq!(
        ended.expect("in time").expect("it runs"),
        Ended::Provisioned(ssid("myssid"))
    );
}

#[tokio::test]
async fn what_nobody_reads_is_dropped_and_the_device_serves_on() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(0);
    config.control = Some(&CONTROL);
    let mut device = device(config, &world);
    let (service, mut far) = line();
    let typist = async {
        // The memory between holds 64 bytes: with nobody reading, the device is held up until it drops something.
        far.write_all(b"proto-ver 0 2d2d2d\r").await.expect("it is read");
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let read = async {
            while timeout(Duration::from_millis(300), far.read_u8()).await.is_ok() {}
            far.write_all(b"custom-data 0 61\r").await.expect("it is read");
            let mut screen = Vec::new();
            while !screen.ends_with(b"\n>> ") {
                screen.push(far.read_u8().await.expect("the device is there"));
            }
            assert_eq!(
                screen.escape_ascii().to_string(),
                r"custom-data 0 61\r\n\r\n61206865617264\r\n\n>> "
            );
        };
        timeout(Duration::from_secs(20), read)
            .await
            .expect("the device serves on");
        CONTROL.stop();
    };
    let (ended, ()) = join!(run(&mut device, service, &log), typist);
    assert_eq!(ended.expect("it runs"), Ended::Stopped);
}
