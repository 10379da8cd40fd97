//! A device on its network, and how it gets back there.

use core::time::Duration;

use landfall_embassy::{
    Control, Device, Drive, Ended, MemoryStore, Networks, RequestId, ScanFailed, Service, ServiceEvent, StayError,
    Store,
    manager::{Credentials, DisconnectReason, ScanPlan, Station},
    protocomm::Random,
};
use tokio::time::{sleep, timeout};

use crate::{
    harness::{Log, TestDevice, config, device, provision, random, run, ssid},
    wire::{WireService, wire},
    world::{World, credentials},
};

/// A device that was provisioned some other day.
async fn provisioned<'a>(control: &'a Control, world: &'a World) -> TestDevice<'a> {
    let mut config = config(0);
    config.control = Some(control);
    let mut device = device(config, world);
    let stored = credentials("myssid", "mypassword");
    device.store_mut().save(&stored).await.expect("memory");
    device
}

/// Keeps `device` on its network while `test` is done, which tells it to stop.
async fn stay(device: &mut TestDevice<'_>, log: &Log, test: impl Future<Output = ()>) -> Ended {
    let mut app = log;
    let (ended, ()) = tokio::join!(timeout(Duration::from_secs(30), device.stay_joined(&mut app)), test);
    ended.expect("it stops in time").expect("there is a network")
}

#[tokio::test]
async fn a_provisioned_device_joins_and_comes_back_after_a_loss() {
    let control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut device = provisioned(&control, &world).await;
    let ended = stay(&mut device, &log, async {
        log.until("Connected with", 1).await;
        world.lose(DisconnectReason::Other);
        log.until("Connected with", 2).await;
        control.stop();
    })
    .await;
    assert_eq!(ended, Ended::Stopped);
    assert_eq!(
        *log.lines.borrow(),
        [
            "Already provisioned, starting Wi-Fi STA",
            "Joining myssid",
            "Connected with IP Address:192.168.43.243",
            "Disconnected. Connecting to the AP again...",
            "Joining myssid",
            "Connected with IP Address:192.168.43.243",
        ]
    );
    assert!(world.is_joined(), "who stops looking after it does not leave it");
}

#[tokio::test]
async fn a_network_that_is_away_is_tried_ever_more_rarely() {
    let control = Control::new();
    let (world, log) = (World::new(), Log::default());
    world.networks.borrow_mut().clear();
    let mut device = provisioned(&control, &world).await;
    stay(&mut device, &log, async {
        log.until("Disconnected", 3).await;
        control.stop();
    })
    .await;
    let kinds = log.kinds.borrow();
    let pauses: Vec<_> = kinds
        .iter()
        .filter_map(|kind| kind.split_once("retry_in: "))
        .map(|(_, pause)| pause)
        .collect();
    assert_eq!(pauses, ["1s }", "2s }", "4s }"]);
}

#[tokio::test]
async fn a_device_that_was_provisioned_just_now_stays_undisturbed() {
    let control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(0);
    config.control = Some(&control);
    let mut device = device(config, &world);
    provision(&mut device, &log, async |wire| {
        let mut client = wire.establish(0).await;
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
    })
    .await;
    assert_eq!(world.take_done(), ["leave", "join myssid"]);
    stay(&mut device, &log, async {
        sleep(Duration::from_millis(100)).await;
        assert_eq!(world.take_done(), [""; 0]);
        world.lose(DisconnectReason::Other);
        log.until("Connected with", 2).await;
        control.stop();
    })
    .await;
    assert_eq!(world.take_done(), ["lost", "join myssid"]);
    assert!(!log.has("Already provisioned"));
}

/// A service during whose end the network is lost.
struct LosesAtTheEnd<'a>(WireService, &'a World);

impl Service for LosesAtTheEnd<'_> {
    const NAME: &'static str = WireService::NAME;

    type Error = <WireService as Service>::Error;
    type Response = <WireService as Service>::Response;

    async fn start(&mut self, endpoints: &[&str]) -> Result<(), Self::Error> {
        self.0.start(endpoints).await
    }

    async fn next(&mut self) -> Result<ServiceEvent<'_>, Self::Error> {
        self.0.next().await
    }

    async fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        self.0.respond(request, answer).await;
    }

    async fn stop(&mut self) {
        self.1.lose(DisconnectReason::Other);
        sleep(Duration::from_millis(50)).await;
        assert!(!self.1.is_joined(), "the station has heard of it");
    }
}

#[tokio::test]
async fn a_network_that_is_lost_as_the_service_ends_is_joined_again() {
    let control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(0);
    config.control = Some(&control);
    let mut device = device(config, &world);
    let (service, wire) = wire();
    let client = async {
        let mut client = wire.establish(0).await;
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
    };
    let (ended, ()) = tokio::join!(run(&mut device, LosesAtTheEnd(service, &world), &log), client);
    assert_eq!(ended, Ok(Ended::Provisioned(ssid("myssid"))));
    assert_eq!(device.station(), None);
    stay(&mut device, &log, async {
        log.until("Connected with", 2).await;
        control.stop();
    })
    .await;
    assert!(world.is_joined());
}

#[tokio::test]
async fn a_join_that_is_dropped_is_left_before_the_next() {
    let control = Control::new();
    let (world, log) = (World::new(), Log::default());
    world.join_time.set(Duration::from_secs(5));
    let mut device = provisioned(&control, &world).await;
    let mut app = &log;
    let dropped = timeout(Duration::from_millis(50), device.stay_joined(&mut app)).await;
    assert!(dropped.is_err(), "{dropped:?}");
    world.join_time.set(Duration::ZERO);
    stay(&mut device, &log, async {
        log.until("Connected with", 1).await;
        control.stop();
    })
    .await;
    assert_eq!(world.take_done(), ["join myssid", "dropped", "leave", "join myssid"]);
}

#[tokio::test]
async fn a_factory_reset_leaves_and_forgets() {
    let control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut device = provisioned(&control, &world).await;
    stay(&mut device, &log, async {
        log.until("Connected with", 1).await;
        control.stop();
    })
    .await;
    device.reset().await.expect("memory");
    assert!(!world.is_joined());
    assert_eq!(device.stored().await, Ok(None));
    let nothing = device.stay_joined(&mut ()).await;
    assert!(matches!(nothing, Err(StayError::NothingStored)), "{nothing:?}");
}

/// Randomness that is drawn from a radio, which has to outlive it.
struct Entropy<'a>(&'a World);

impl Random for Entropy<'_> {
    fn fill(&mut self, bytes: &mut [u8]) {
        random(bytes);
    }
}

impl Drop for Entropy<'_> {
    fn drop(&mut self) {
        self.0.done.borrow_mut().push("randomness off".to_owned());
    }
}

/// A station that is switched off when it is dropped.
struct Switched<'a>(&'a World);

impl Drop for Switched<'_> {
    fn drop(&mut self) {
        self.0.done.borrow_mut().push("radio off".to_owned());
    }
}

impl Drive for Switched<'_> {
    async fn scan(&mut self, plan: &ScanPlan, found: &mut Networks) -> Result<(), ScanFailed> {
        self.0.scan(plan, found).await
    }

    async fn join(&mut self, credentials: &Credentials) -> Result<Station, DisconnectReason> {
        self.0.join(credentials).await
    }

    async fn leave(&mut self) {
        self.0.leave().await;
    }

    async fn lost(&mut self) -> DisconnectReason {
        self.0.lost().await
    }
}

#[test]
fn a_device_that_goes_lets_go_of_its_randomness_before_its_radio() {
    let world = World::new();
    drop(Device::new(
        config(0),
        Switched(&world),
        MemoryStore::default(),
        Entropy(&world),
    ));
    assert_eq!(world.take_done(), ["randomness off", "radio off"]);
}
