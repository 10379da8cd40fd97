//! A scan's networks, all at once: the longest answer that the protocol has of its own.

use landfall_client::{
    Connection, ScanOptions, SystemEnvironment, Transport, TransportError, console::ConsoleTransport,
};
use landfall_embassy::{Control, Ended};
use tokio::{
    io::DuplexStream,
    join,
    time::{Duration, timeout},
};

use super::{line, secret};
use crate::{
    harness::{Log, config, device, run},
    world::World,
};

/// As many as a device keeps.
const NETWORKS: u32 = 16;

/// A client of the console that asks for all networks at once, as over HTTP.
struct AtOnce(ConsoleTransport<DuplexStream>);

impl Transport for AtOnce {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.send(endpoint, request).await
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.0.reconnect().await
    }

    fn scan_page(&self) -> u32 {
        NETWORKS
    }
}

/// As many names, each as long as one can be.
fn names() -> Vec<&'static str> {
    let name = |number| &*format!("{number:032}").leak();
    (0..NETWORKS).map(name).collect()
}

#[tokio::test]
async fn all_networks_with_the_longest_names_are_one_answer() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let names = names();
    world.networks.replace(names.iter().map(|name| (*name, "")).collect());
    let mut config = config(2);
    config.control = Some(&CONTROL);
    let mut device = device(config, &world);
    let (service, far) = line();
    let client = async {
        let transport = ConsoleTransport::new(far).with_timeout(Duration::from_secs(20));
        let mut client = Connection::new(AtOnce(transport), SystemEnvironment::new());
        client.open_session(&secret(2)).await.expect("it knows the secret");
        let mut pages = 0;
        let found = client.scan(ScanOptions::default(), |_, _| pages += 1).await;
        CONTROL.stop();
        (found, pages)
    };
    let both = async { join!(run(&mut device, service, &log), client) };
    let (ended, (found, pages)) = timeout(Duration::from_secs(60), both).await.expect("in time");
    let found = found.expect("it fits");
    let found: Vec<_> = found.iter().map(|network| network.ssid.as_slice()).collect();
    let expected: Vec<_> = names.iter().map(|name| name.as_bytes()).collect();
    assert_eq!((found, pages), (expected, 1));
    assert_eq!(ended.expect("it runs"), Ended::Stopped);
}
