//! The flows against devices made up of closures, in virtual time: nothing here really waits.

mod device;
mod handshake;
mod hostile;
mod provision;
mod scan;
mod version;

use alloc::{
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::{
    cell::Cell,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::{Connection, Environment, Network, Secret, Transport, TransportError};

type Answer = Result<Vec<u8>, TransportError>;

/// Time that passes only when somebody sleeps.
#[derive(Clone, Default)]
struct Clock(Rc<Cell<Duration>>);

impl Clock {
    fn now(&self) -> Duration {
        self.0.get()
    }

    fn advance(&self, duration: Duration) {
        self.0.set(self.now() + duration);
    }
}

/// A clock and a reproducible generator.
struct TestEnvironment {
    clock: Clock,
    state: u64,
}

impl Environment for TestEnvironment {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    fn fill_random(&mut self, bytes: &mut [u8]) {
        fill(&mut self.state, bytes);
    }
}

/// splitmix64.
fn fill(state: &mut u64, bytes: &mut [u8]) {
    for byte in bytes {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        *byte = (mixed >> 56) as u8;
    }
}

/// One request, as the device would see it.
#[derive(Debug, Clone, PartialEq)]
struct Sent {
    at: Duration,
    endpoint: String,
    request: Vec<u8>,
}

/// A transport that asks a closure, and remembers.
struct Fake<F> {
    clock: Clock,
    answer: F,
    sent: Vec<Sent>,
    reconnects: Vec<Duration>,
    /// The request of this number is never answered, and nothing says so.
    silent_at: Option<usize>,
    /// So many reconnects fail.
    unreachable: usize,
    status_interval: Duration,
}

impl<F: FnMut(&str, &[u8]) -> Answer> Transport for Fake<F> {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Answer {
        self.sent.push(Sent {
            at: self.clock.now(),
            endpoint: endpoint.to_string(),
            request: request.to_vec(),
        });
        if self.silent_at == Some(self.sent.len()) {
            core::future::pending::<()>().await;
        }
        let answer = (self.answer)(endpoint, request);
        if let Err(TransportError::TimedOut(seconds)) = answer {
            self.clock.advance(Duration::from_secs(seconds));
        }
        answer
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.reconnects.push(self.clock.now());
        if self.unreachable == 0 {
            return Ok(());
        }
        self.unreachable -= 1;
        Err(TransportError::Unreachable("out of range".to_string()))
    }

    fn status_interval(&self) -> Duration {
        self.status_interval
    }
}

impl<F> Fake<F> {
    fn requests_to(&self, endpoint: &str) -> Vec<&Sent> {
        self.sent.iter().filter(|sent| sent.endpoint == endpoint).collect()
    }
}

fn connect<F: FnMut(&str, &[u8]) -> Answer>(clock: &Clock, answer: F) -> Connection<Fake<F>, TestEnvironment> {
    let transport = Fake {
        clock: clock.clone(),
        answer,
        sent: Vec::new(),
        reconnects: Vec::new(),
        silent_at: None,
        unreachable: 0,
        status_interval: Duration::ZERO,
    };
    Connection::new(
        transport,
        TestEnvironment {
            clock: clock.clone(),
            state: 1,
        },
    )
}

/// A device of security 0, its other endpoints answered by `requests`.
fn security0(mut requests: impl FnMut(&str, &[u8]) -> Answer) -> impl FnMut(&str, &[u8]) -> Answer {
    move |endpoint, request| match endpoint {
        "proto-ver" => Ok(SECURITY0_VERSION.into()),
        "prov-session" => Ok(SECURITY0_RESPONSE.into()),
        _ => requests(endpoint, request),
    }
}

#[track_caller]
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing in these tests really waits"),
    }
}

fn home() -> Network {
    Network {
        ssid: b"home".to_vec(),
        passphrase: b"a passphrase".to_vec().into(),
        bssid: None,
        channel: None,
    }
}

fn pop(pop: &str) -> Secret {
    Secret {
        pop: Some(pop.as_bytes().to_vec().into()),
        ..Secret::default()
    }
}

fn login(username: &str, password: &str) -> Secret {
    let password = Some(password.as_bytes().to_vec().into());
    Secret {
        username: Some(username.to_string()),
        password,
        ..Secret::default()
    }
}

const SECURITY0_VERSION: &str = r#"{"prov":{"ver":"v1.1","sec_ver":0,"sec_patch_ver":0,"cap":["no_sec","wifi_scan"]}}"#;
const SECURITY0_RESPONSE: &[u8] = &[0x52, 0x05, 0x08, 0x01, 0xaa, 0x01, 0x00];
