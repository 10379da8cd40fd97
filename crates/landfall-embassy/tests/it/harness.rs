//! A device that runs beside a test, in one task, as on a chip.

use core::{cell::RefCell, time::Duration};
use std::sync::LazyLock;

use landfall_embassy::{
    App, Config, Device, Drive, Ended, Event, MemoryStore, ProvisionError, Service, Store,
    manager::{self, AttemptLimit},
    protocomm::{
        Endpoint, NonceRule,
        client::XRule,
        device::Security,
        srp::{Credentials, Verifier, VerifierTable},
    },
};
use tokio::{join, time::timeout};

use crate::{
    wire::{Wire, wire},
    world::World,
};

/// Longest run of a device.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) type Random = fn(&mut [u8]);

/// A device among the networks of `world`, which forgets when it goes.
pub(crate) type TestDevice<'a> = Device<'a, &'a World, MemoryStore, Random>;

pub(crate) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("random bytes");
}

/// A device at rest.
pub(crate) fn device<'a>(config: Config<'a>, world: &'a World) -> TestDevice<'a> {
    Device::new(config, world, MemoryStore::default(), random)
}

/// A device of this scheme, which stops soon when it is done.
pub(crate) fn config(scheme: u8) -> Config<'static> {
    let mut config = Config::new(security(scheme));
    config.provisioning.cleanup_delay = Duration::from_millis(100);
    config.provisioning.attempts = AttemptLimit::Total(1);
    config.provisioning.endpoints = &[Endpoint::CUSTOM_DATA];
    config
}

fn security(scheme: u8) -> Security<'static> {
    static CREDENTIALS: LazyLock<Credentials> =
        LazyLock::new(|| Credentials::derive(b"wifiprov", b"abcd1234", &[7; 16], XRule::Full).expect("in range"));
    static TABLE: LazyLock<VerifierTable> =
        LazyLock::new(|| VerifierTable::new(CREDENTIALS.verifier()).expect("a verifier"));
    match scheme {
        0 => Security::Security0,
        1 => Security::Security1 { pop: Some(b"abcd1234") },
        _ => Security::Security2 {
            verifier: Verifier::new(CREDENTIALS.salt(), &TABLE).expect("a salt"),
            nonce_rule: NonceRule::Counter,
        },
    }
}

/// An application that remembers what it heard, and answers `custom-data` with what it got and ` heard`; `no` it refuses.
#[derive(Default)]
pub(crate) struct Log {
    /// What events say.
    pub(crate) lines: RefCell<Vec<String>>,
    /// What they are.
    pub(crate) kinds: RefCell<Vec<String>>,
}

impl Log {
    /// Whether a line with this in it was heard.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.lines.borrow().iter().any(|line| line.contains(text))
    }

    /// How many lines with this in them were heard.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.lines.borrow().iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until so many lines with this in them were heard.
    pub(crate) async fn until(&self, text: &str, times: usize) {
        let heard = async {
            while self.count(text) < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = timeout(Duration::from_secs(20), heard).await;
        waited.unwrap_or_else(|_| panic!("never {text:?}: {:?}", self.lines.borrow()));
    }
}

impl App for &Log {
    fn on_event(&mut self, event: &Event<'_>) {
        self.lines.borrow_mut().push(event.to_string());
        self.kinds.borrow_mut().push(format!("{event:?}"));
    }

    async fn on_request(&mut self, endpoint: &str, request: &[u8], response: &mut [u8]) -> Option<usize> {
        assert_eq!(endpoint, "custom-data");
        match request {
            b"no" => None,
            // Longer than what there is room for.
            b"much" => Some(response.len() + 1),
            b"all" => Some(response.len()),
            _ => {
                let answer = [request, b" heard"].concat();
                response.get_mut(..answer.len())?.copy_from_slice(&answer);
                Some(answer.len())
            }
        }
    }
}

/// Provisions `device` while `client` does its work; gives how it ended.
pub(crate) async fn provision<D: Drive, S: Store>(
    device: &mut Device<'_, D, S, Random>,
    log: &Log,
    client: impl AsyncFnOnce(&Wire),
) -> Ended {
    let (service, wire) = wire();
    let (ended, ()) = join!(run(device, service, log), client(&wire));
    ended.expect("provisioning runs")
}

/// Provisions `device` over `service`, in time.
pub(crate) async fn run<D: Drive, S: Store, V: Service>(
    device: &mut Device<'_, D, S, Random>,
    service: V,
    mut log: &Log,
) -> Result<Ended, ProvisionError<V::Error>> {
    let run = timeout(PATIENCE, device.provision(service, &mut log)).await;
    run.unwrap_or_else(|_| panic!("it never ends: {:?}", log.lines.borrow()))
}

pub(crate) fn ssid(name: &str) -> manager::Ssid {
    manager::Ssid::new(name.as_bytes()).expect("short")
}
