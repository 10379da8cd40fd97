//! Client and device joined by a real pseudo-terminal, in real time: the operating system carries the bytes.

mod line;
mod running;

use core::time::Duration;
use std::path::Path;

use landfall_client::{
    Error, Network, Outcome, Provisioning, ScanOptions, Secret, SystemEnvironment, Transport, TransportError,
    console::ConsoleTransport,
};
use landfall_device::{ClientEvent, Ended, Event, Peer, Refusal};
use landfall_protocomm::console::LineError;
use landfall_testkit::{Scheme, networks};
use tokio::time::timeout;

use self::{
    line::{Original, Seen, chatty, pseudo_terminal},
    running::{Running, device},
};
use crate::support::SCHEMES;

type Connection = landfall_client::Connection<ConsoleTransport, SystemEnvironment>;

const BAUD: u32 = ConsoleTransport::DEFAULT_BAUD;
/// Longest wait for an answer: a test that fails is better than one that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

macro_rules! assert_matches {
    ($value:expr, $($pattern:tt)+) => {
        let value = $value;
        assert!(matches!(value, $($pattern)+), "{value:?}");
    };
}

#[tokio::test]
async fn every_scheme_provisions() {
    for scheme in SCHEMES {
        let running = Running::start(device(scheme));
        let mut client = running.connect();
        assert_joined(provision(&mut client, scheme).await);
        assert_matches!(running.ended().await, Ended::Provisioned(_));
    }
}

#[tokio::test]
async fn wrong_secret_is_told_and_the_right_one_then_works() {
    for scheme in [Scheme::Security1, Scheme::Security2] {
        let running = Running::start(device(scheme));
        let mut client = running.connect();
        assert_eq!(
            client.open_session(&scheme.wrong_secret()).await,
            Err(Error::WrongSecret)
        );
        assert_joined(provision(&mut client, scheme).await);
    }
}

#[tokio::test]
async fn scan_finds_every_access_point() {
    let running = Running::start(device(Scheme::Security2));
    let mut client = running.connect();
    client
        .open_session(&Scheme::Security2.secret())
        .await
        .expect("an honest device");
    let found = client.scan(ScanOptions::default(), |_, _| {}).await.expect("a scan");
    let mut names: Vec<_> = found.iter().map(|network| network.ssid.as_slice()).collect();
    names.sort_unstable();
    assert_eq!(names, [&b"cafe"[..], b"flaky", b"home", b"home", b"previous"]);
}

#[tokio::test]
async fn log_lines_do_not_disturb_a_provisioning() {
    for scheme in SCHEMES {
        let running = Running::start(device(scheme));
        let (client_side, client) = pseudo_terminal();
        let relay = tokio::spawn(chatty(client_side, running.port()));
        let mut client = connection(ConsoleTransport::new(client));
        assert_joined(provision(&mut client, scheme).await);
        relay.abort();
    }
}

#[tokio::test]
async fn client_that_vanishes_in_the_middle_of_a_line_harms_nobody() {
    let running = Running::start(device(Scheme::Security1));
    for left_behind in [
        &b"prov-config 77 0a0b"[..],
        b"proto-ver 77 2d2d2d\r",
        b"proto-ver 77 \"",
        b"\r\r\r",
    ] {
        let port = running.port();
        port.write_all(left_behind).await.expect("a pseudo-terminal");
        drop(port);
        let version = running.connect().version_raw(b"---").await.expect("the device answers");
        assert!(version.starts_with(b"{"), "{}", version.escape_ascii());
    }
    assert_joined(provision(&mut running.connect(), Scheme::Security1).await);
}

#[tokio::test]
async fn request_given_up_anywhere_does_not_harm_the_next_one() {
    let running = Running::start(device(Scheme::Security0));
    let mut client = transport(&running);
    let long = [0x5a; 1000];
    for patience in [0, 1, 5, 20, 50, 200, 400, 700, 1000] {
        let given_up = timeout(Duration::from_millis(patience), client.send("custom-data", &long)).await;
        let answer = client.send("custom-data", &[1, 2, 3]).await;
        assert_eq!(answer.as_deref(), Ok(&[1, 2, 3][..]), "{patience} ms, {given_up:?}");
    }
}

#[tokio::test]
async fn requests_of_4096_bytes_fit_and_longer_ones_are_told() {
    let running = Running::start(device(Scheme::Security0));
    let mut client = transport(&running);
    for len in [0, 1, 120, 121, 122, 256, 4096] {
        let message = vec![0xa5; len];
        assert_eq!(client.send("custom-data", &message).await, Ok(message), "{len}");
    }
    let refused = client.send("custom-data", &[0xa5; 4200]).await;
    assert_matches!(refused, Err(TransportError::TooLong(8192..)));
    assert_eq!(client.send("custom-data", b"after").await.as_deref(), Ok(&b"after"[..]));
    let told = Event::Client(ClientEvent::Refused {
        peer: Peer::Console,
        reason: Refusal::LineTooLong,
    });
    assert_eq!(running.events().iter().filter(|event| **event == told).count(), 1);
}

#[tokio::test]
async fn original_console_provisions_with_security_1() {
    for limit in [255, 256] {
        let running = Running::start(device(Scheme::Security1));
        let (mut client, seen) = original(&running, limit);
        assert_joined(provision(&mut client, Scheme::Security1).await);
        let seen = seen();
        assert!(seen.requests > 5 && seen.cut == 0 && seen.overrun == 0, "{seen:?}");
    }
}

#[tokio::test]
async fn original_console_takes_no_security_2_and_is_not_overrun() {
    for limit in [255, 256] {
        let running = Running::start(device(Scheme::Security2));
        let (mut client, seen) = original(&running, limit);
        for cut in 1..3 {
            let refused = client.open_session(&Scheme::Security2.secret()).await;
            assert_eq!(refused, Err(Error::Transport(TransportError::TooLong(limit))));
            let seen = seen();
            assert!(seen.cut == cut && seen.overrun == 0, "{seen:?}");
        }
        // Whatever fits still goes.
        let version = client.version_raw(b"---").await;
        assert!(version.is_ok_and(|version| version.starts_with(b"{")));
    }
}

#[tokio::test]
async fn original_console_takes_every_line_that_fits() {
    let running = Running::start(device(Scheme::Security0));
    let (mut client, seen) = original(&running, 255);
    let client = client.transport_mut();
    // A name, two blanks and a number of ten digits are 23 characters; smaller numbers leave more.
    let mut fitted = 0;
    for len in 110..125 {
        match client.send("custom-data", &vec![7; len]).await {
            Ok(answer) => {
                assert_eq!(answer.len(), len);
                fitted = len;
            }
            refused => {
                assert_eq!(refused, Err(TransportError::TooLong(255)));
                assert!(len > fitted, "{len} bytes fit, as {fitted} did");
            }
        }
    }
    assert!(fitted >= 115 && seen().overrun == 0, "{fitted} {:?}", seen());
}

#[tokio::test]
async fn second_client_begins_a_session_of_its_own_and_the_first_comes_back_with_a_new_one() {
    let running = Running::start(device(Scheme::Security1));
    let secret = Scheme::Security1.secret();
    let (mut first, mut second) = (running.connect(), running.connect());
    first.open_session(&secret).await.expect("an honest device");
    second
        .open_session(&secret)
        .await
        .expect("it is the second client's turn");
    assert_eq!(
        second.request("custom-data", b"mine").await.as_deref(),
        Ok(&b"mine"[..])
    );
    let refused = first.request("custom-data", b"mine").await;
    assert_eq!(refused, Err(Error::Transport(TransportError::Refused)));
    first
        .open_session(&secret)
        .await
        .expect("it is the first client's turn again");
    assert_eq!(first.request("custom-data", b"mine").await.as_deref(), Ok(&b"mine"[..]));
}

#[tokio::test]
async fn session_goes_on_after_the_port_was_opened_again() {
    let running = Running::start(device(Scheme::Security2));
    let mut client = running.connect();
    client
        .open_session(&Scheme::Security2.secret())
        .await
        .expect("an honest device");
    for _ in 0..3 {
        client.transport_mut().reconnect().await.expect("the device is there");
        assert_eq!(client.request("custom-data", b"on").await.as_deref(), Ok(&b"on"[..]));
    }
}

#[tokio::test]
async fn unknown_endpoint_is_refused_and_begins_no_session() {
    let running = Running::start(device(Scheme::Security1));
    let mut client = running.connect();
    client
        .open_session(&Scheme::Security1.secret())
        .await
        .expect("an honest device");
    assert_eq!(
        transport(&running).send("no-such", b"x").await,
        Err(TransportError::Refused)
    );
    assert_eq!(
        client.request("custom-data", b"still").await.as_deref(),
        Ok(&b"still"[..])
    );
    let told = running.events().into_iter().filter_map(|event| match event {
        Event::Client(ClientEvent::Refused { reason, .. }) => Some(reason),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [Refusal::UnknownEndpoint]);
}

#[tokio::test]
async fn line_that_is_no_request_is_told_to_the_owner() {
    let running = Running::start(device(Scheme::Security1));
    let port = running.port();
    port.write_all(b"help\rproto-ver 0 zz\rproto-ver -1 00\r\r")
        .await
        .expect("a pseudo-terminal");
    let version = transport(&running).send("proto-ver", b"---").await;
    assert!(version.is_ok());
    let told = running.events().into_iter().filter_map(|event| match event {
        Event::Client(ClientEvent::Refused { peer, reason }) => Some((peer, reason)),
        _ => None,
    });
    let expected = [LineError::Words, LineError::Message, LineError::Session];
    let expected = expected.map(|error| (Peer::Console, Refusal::Line(error)));
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn device_that_has_gone_is_lost_and_then_unreachable() {
    let running = Running::start(device(Scheme::Security0));
    let mut client = transport(&running);
    client.send("proto-ver", b"---").await.expect("the device answers");
    running.stop();
    assert_eq!(running.ended().await, Ended::Stopped);
    assert_matches!(client.send("proto-ver", b"---").await, Err(TransportError::Lost(_)));
    assert_matches!(
        client.send("proto-ver", b"---").await,
        Err(TransportError::Unreachable(_))
    );
    assert_matches!(client.reconnect().await, Err(TransportError::Unreachable(_)));
}

#[tokio::test]
async fn port_that_is_not_there_is_unreachable() {
    let opened = ConsoleTransport::open(Path::new("/dev/no-such-port"), BAUD);
    assert_matches!(opened.err(), Some(TransportError::Unreachable(_)));
}

#[tokio::test]
async fn device_that_does_not_echo_is_timed_out() {
    let (_silent, client) = pseudo_terminal();
    let mut client = ConsoleTransport::new(client).with_timeout(Duration::from_millis(1200));
    assert_eq!(client.send("proto-ver", b"---").await, Err(TransportError::TimedOut(1)));
}

fn connection(transport: ConsoleTransport) -> Connection {
    Connection::new(transport.with_timeout(PATIENCE), SystemEnvironment::new())
}

fn transport(running: &Running) -> ConsoleTransport {
    ConsoleTransport::open(running.path(), BAUD)
        .expect("the pseudo-terminal is there")
        .with_timeout(PATIENCE)
}

/// A client of `running` with the original's line discipline between, and what that has seen.
fn original(running: &Running, limit: usize) -> (Connection, impl Fn() -> Seen) {
    let (client_side, client) = pseudo_terminal();
    let (original, seen) = Original::new(limit);
    tokio::spawn(original.serve(client_side, running.port()));
    let seen = move || *seen.lock().expect("no panic");
    (connection(ConsoleTransport::new(client)), seen)
}

async fn provision(connection: &mut Connection, scheme: Scheme) -> Result<Outcome, Error> {
    let home: Network = networks::home();
    let secret: Secret = scheme.secret();
    connection
        .provision(&secret, &home, Provisioning::default(), |_| {})
        .await
}

#[track_caller]
fn assert_joined(outcome: Result<Outcome, Error>) {
    assert_matches!(&outcome, Ok(Outcome::Joined(joined)) if joined.ssid == b"home");
}
