//! The client over BlueZ, which is a stand-in on a message bus of the test's own.

use core::{ops::ControlFlow, time::Duration};
use std::{borrow::ToOwned, time::Instant};

use landfall_testbus::{
    TestBus,
    bluez::{FakeAdapter, FakeBluez, FakeDevice, FakeService, Fault, World},
};

use super::*;
use crate::{RadioProblem, ble::bluez::Place};

const ADDRESS: &str = "F0:F1:F2:F3:F4:01";
const OTHER: &str = "F0:F1:F2:F3:F4:02";

/// A computer with BlueZ and devices around it.
struct Computer {
    bluez: FakeBluez,
    bus: TestBus,
}

impl Computer {
    fn near(devices: impl IntoIterator<Item = FakeDevice>) -> Self {
        Self::in_world(World::with(devices))
    }

    fn in_world(world: World) -> Self {
        let bus = TestBus::start();
        Self {
            bluez: FakeBluez::start(bus.address(), world),
            bus,
        }
    }

    fn place(&self) -> Place {
        place(&self.bus)
    }

    async fn connect(&self) -> Result<BleTransport<StackLink>, TransportError> {
        self.place().connect(&found(ADDRESS)).await
    }

    async fn connected(&self) -> BleTransport<StackLink> {
        self.connect().await.expect("it is near")
    }

    /// How often BlueZ was asked for something.
    fn times(&self, what: &str) -> usize {
        self.bluez.log().iter().filter(|entry| entry.starts_with(what)).count()
    }
}

fn place(bus: &TestBus) -> Place {
    Place {
        bus: Some(bus.address().to_owned()),
        adapter: None,
    }
}

fn device() -> FakeDevice {
    FakeDevice::new(ADDRESS, "PROV_AB12")
}

fn found(address: &str) -> Found {
    Found {
        name: None,
        address: address.parse().expect("an address"),
        kind: AddressKind::Random,
        rssi: -60,
        service: None,
        manufacturer_data: None,
    }
}

fn radio(result: Result<Vec<Found>, TransportError>) -> RadioProblem {
    match result {
        Err(TransportError::Radio(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

async fn ask(transport: &mut BleTransport<StackLink>, endpoint: &str) -> Result<String, TransportError> {
    let answer = transport.send(endpoint, b"request").await?;
    Ok(String::from_utf8(answer).expect("text in, text out"))
}

const SHORT: Duration = Duration::from_millis(700);
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until what another process does has come to this.
async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes to that");
}

#[tokio::test]
async fn devices_are_told_as_they_are_heard_and_as_they_say_more() {
    let late = FakeDevice {
        name_comes: Duration::from_millis(200),
        manufacturer_data: Some((0x02e5, [7].to_vec())),
        ..device()
    };
    let gone = FakeDevice {
        is_near: false,
        is_listed: true,
        ..FakeDevice::new(OTHER, "PROV_GONE")
    };
    let computer = Computer::near([late, gone]);
    let mut told = Vec::new();
    let place = computer.place();
    let all = place.discover(PATIENCE, |found| {
        told.push(found.name.clone());
        if found.name.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let all = all.await.expect("Bluetooth works");
    assert_eq!(told, [None, Some("PROV_AB12".to_owned())]);
    let [device] = &*all else {
        panic!("what BlueZ only remembers is not heard: {all:?}");
    };
    assert_eq!(device.address.to_string(), ADDRESS);
    assert_eq!((device.kind, device.rssi), (AddressKind::Random, -60));
    assert_eq!(device.service, Some(ServiceUuid::EXAMPLE));
    assert_eq!(device.manufacturer_data.as_deref(), Some(&[0xe5, 0x02, 7][..]));
    assert_eq!(
        computer.bluez.log(),
        ["SetDiscoveryFilter", "StartDiscovery", "StopDiscovery"]
    );
}

#[tokio::test]
async fn a_scan_that_is_broken_off_or_given_up_ends_in_bluez_as_well() {
    let computer = Computer::near([device()]);
    let began = Instant::now();
    let long = Duration::from_secs(60);
    let all = computer.place().discover(long, |_| ControlFlow::Break(())).await;
    assert_eq!(all.expect("Bluetooth works").len(), 1);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(computer.times("StopDiscovery"), 1);

    let place = computer.place();
    let given_up = place.discover(long, |_| ControlFlow::Continue(()));
    tokio::select! {
        _ = given_up => panic!("it takes longer"),
        () = until(|| computer.times("StartDiscovery") == 2) => {}
    }
    until(|| computer.times("StopDiscovery") == 2).await;
}

#[tokio::test]
async fn whatever_keeps_bluetooth_from_working_is_told_apart() {
    let bus = TestBus::start();
    let nobody = place(&bus).discover(SHORT, |_| ControlFlow::Continue(())).await;
    assert_eq!(radio(nobody), RadioProblem::NoService);

    let mut world = World::with([]);
    world.adapters.clear();
    let computer = Computer::in_world(world);
    let scan = |place: Place| async move { radio(place.discover(SHORT, |_| ControlFlow::Continue(())).await) };
    assert_eq!(scan(computer.place()).await, RadioProblem::NoAdapter);

    computer.bluez.world().adapters.push(FakeAdapter {
        is_on: false,
        ..FakeAdapter::new("hci0")
    });
    assert_eq!(scan(computer.place()).await, RadioProblem::Off);
    computer.bluez.world().adapters[0].is_blocked = true;
    assert_eq!(scan(computer.place()).await, RadioProblem::Blocked);

    let other = Place {
        adapter: Some("hci7".to_owned()),
        ..computer.place()
    };
    let missing = RadioProblem::NoSuchAdapter {
        wanted: "hci7".to_owned(),
        known: ["hci0".to_owned()].to_vec(),
    };
    assert_eq!(scan(other).await, missing);
}

#[tokio::test]
async fn a_user_who_may_not_use_bluetooth_is_told_so() {
    let bus = TestBus::start_with(r#"<deny send_destination="org.bluez"/>"#);
    let _bluez = FakeBluez::start(bus.address(), World::with([device()]));
    let forbidden = place(&bus).discover(SHORT, |_| ControlFlow::Continue(())).await;
    assert_eq!(radio(forbidden), RadioProblem::NotPermitted);
}

#[tokio::test]
async fn a_daemon_that_ends_in_the_middle_of_a_scan_ends_it() {
    let computer = Computer::near([device()]);
    let began = Instant::now();
    let place = computer.place();
    let scan = place.discover(Duration::from_secs(60), |_| {
        computer.bluez.stop();
        ControlFlow::Continue(())
    });
    radio(scan.await);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_request_is_written_and_its_answer_read_and_nothing_is_left_behind() {
    let computer = Computer::near([device()]);
    let mut transport = computer.connected().await;
    for endpoint in ["proto-ver", "prov-session", "prov-config"] {
        let answer = ask(&mut transport, endpoint).await;
        assert_eq!(answer, Ok(format!("{endpoint}:request")));
    }
    let long = transport
        .send("prov-session", &[b'x'; 406])
        .await
        .expect("security 2 needs it");
    assert_eq!(long.len(), "prov-session:".len() + 406);
    drop(transport);
    let world = computer.bluez.world();
    assert!(!world.devices[0].is_connected && !world.devices[0].is_listed);
    assert_eq!(world.log.last(), Some(&format!("RemoveDevice {ADDRESS}")));
}

#[tokio::test]
async fn a_device_of_its_user_s_stays_in_bluez_s_list() {
    let own = FakeDevice {
        is_paired: true,
        is_listed: true,
        ..device()
    };
    let computer = Computer::near([own]);
    drop(computer.connected().await);
    let world = computer.bluez.world();
    assert!(world.devices[0].is_paired && world.devices[0].is_listed && !world.devices[0].is_connected);
}

#[tokio::test]
async fn a_connection_that_fails_in_passing_is_tried_again() {
    let mut shy = device();
    shy.connects.extend([
        Some("le-connection-abort-by-local"),
        Some("Software caused connection abort"),
    ]);
    let computer = Computer::near([shy]);
    let mut transport = computer.connected().await;
    assert_eq!(computer.times("Connect"), 3);
    ask(&mut transport, "proto-ver").await.expect("it works after all");
}

#[tokio::test]
async fn a_device_that_takes_no_connection_is_given_up() {
    let mut never = device();
    never.connects.extend([Some("le-connection-abort-by-local"); 20]);
    let computer = Computer::near([never]);
    let error = computer.connect().await.err().expect("it takes none");
    assert!(
        matches!(&error, TransportError::Unreachable(why) if why.contains("le-connection-abort-by-local")),
        "{error}"
    );
    assert!(computer.times("Connect") <= 5);
    assert!(!computer.bluez.world().devices[0].is_listed, "nothing is left behind");
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_is_lost_however_bluez_tells_it() {
    for fault in [
        Fault::Ends,
        Fault::EndsWithoutAnswer,
        Fault::Fails("Failed", "Not connected"),
        Fault::Fails("Failed", "Operation failed"),
    ] {
        let computer = Computer::near([device()]);
        let mut transport = computer.connected().await;
        ask(&mut transport, "proto-ver").await.expect("all is well");
        computer.bluez.world().devices[0].writes.push_back(fault);
        let error = ask(&mut transport, "prov-scan").await.expect_err("it ended");
        assert!(matches!(error, TransportError::Lost(_)), "{fault:?}: {error}");
        let again = ask(&mut transport, "prov-scan").await;
        assert_eq!(again, Ok("prov-scan:request".to_owned()), "{fault:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_between_requests_is_known_to_have_ended() {
    let computer = Computer::near([device()]);
    let mut transport = computer.connected().await;
    computer.bluez.end_connections();
    until(|| !transport.link().is_connected()).await;
    let error = ask(&mut transport, "prov-scan").await.expect_err("the session is gone");
    assert!(matches!(error, TransportError::Lost(_)), "{error}");
}

#[tokio::test]
async fn a_daemon_that_ends_in_the_middle_and_comes_back_costs_a_connection_and_no_more() {
    let computer = Computer::near([device()]);
    let mut transport = computer.connected().await;
    computer.bluez.world().devices[0].writes.push_back(Fault::Hangs);
    let began = Instant::now();
    let stop = async {
        tokio::time::sleep(SHORT).await;
        computer.bluez.stop();
    };
    let (lost, ()) = tokio::join!(ask(&mut transport, "prov-scan"), stop);
    assert!(matches!(lost, Err(TransportError::Lost(_))), "{lost:?}");
    assert!(began.elapsed() < PATIENCE);

    let restart = async {
        tokio::time::sleep(SHORT).await;
        computer.bluez.restart();
    };
    let (answer, ()) = tokio::join!(ask(&mut transport, "prov-scan"), restart);
    assert_eq!(answer, Ok("prov-scan:request".to_owned()));
}

#[tokio::test]
async fn errors_of_the_device_mean_what_they_mean_over_any_stack() {
    let computer = Computer::near([device()]);
    let mut transport = computer.connected().await;
    for (name, text, meaning) in [
        (
            "Failed",
            "Operation failed with ATT error: 0x04",
            TransportError::Refused,
        ),
        (
            "Failed",
            "Operation failed with ATT error: 0x85",
            TransportError::Refused,
        ),
        ("Failed", "Operation failed with ATT error: 0xfe", TransportError::Busy),
        ("InvalidArguments", "Invalid Length", TransportError::TooLong(6)),
        (
            "NotAuthorized",
            "Operation Not Authorized",
            TransportError::EncryptionNeeded,
        ),
    ] {
        computer.bluez.world().devices[0]
            .writes
            .push_back(Fault::Fails(name, text));
        assert_eq!(ask(&mut transport, "prov-scan").await, Err(meaning), "{text}");
        assert_eq!(
            ask(&mut transport, "prov-scan").await,
            Ok("prov-scan:request".to_owned())
        );
    }
    assert_eq!(computer.times("Connect"), 1);
}

#[tokio::test]
async fn pairing_is_done_when_the_device_demands_it_and_not_before() {
    let strict = FakeDevice {
        demands_pairing: true,
        ..device()
    };
    let computer = Computer::near([strict]);
    let mut transport = computer.connected().await;
    assert_eq!(transport.endpoint_names().await.expect("names are free").len(), 5);
    assert_eq!(computer.times("Pair"), 0);
    assert_eq!(
        ask(&mut transport, "prov-scan").await,
        Ok("prov-scan:request".to_owned())
    );
    assert_eq!(computer.times("Pair"), 1);
    let log = computer.bluez.log();
    let at = |what: &str| log.iter().position(|entry| entry.starts_with(what));
    assert!(
        at("RegisterAgent").is_some_and(|agent| Some(agent) < at("Connect")),
        "BlueZ pairs before it answers: {log:?}"
    );
    drop(transport);
    assert!(!computer.bluez.world().devices[0].is_paired, "the keys are forgotten");
}

#[tokio::test]
async fn what_bluez_remembers_wrongly_is_asked_anew_once() {
    let mut old = FakeService::example();
    // Where the endpoints once were: behind the end of what there is now.
    let moved = old.characteristics.clone();
    old.characteristics.splice(0..0, moved);
    for characteristic in &mut old.characteristics[..5] {
        characteristic.1 = None;
        characteristic.0 = characteristic.0.replace("021a", "021b");
    }
    let remembering = FakeDevice {
        is_listed: true,
        remembered: Some(old),
        ..device()
    };
    let computer = Computer::near([remembering]);
    let mut transport = computer.connected().await;
    assert_eq!(
        ask(&mut transport, "prov-config").await,
        Ok("prov-config:request".to_owned())
    );
    assert_eq!(computer.times("RemoveDevice"), 1);
    assert_eq!(
        ask(&mut transport, "no-such").await,
        Err(TransportError::NoSuchEndpoint)
    );
    assert_eq!(computer.times("Connect"), 2, "what is fresh is not asked again");
}

#[tokio::test]
async fn a_request_that_is_given_up_ends_the_connection() {
    let computer = Computer::near([device()]);
    let mut transport = computer.connected().await;
    computer.bluez.world().devices[0].writes.push_back(Fault::Hangs);
    tokio::select! {
        answer = ask(&mut transport, "prov-scan") => panic!("nothing comes, but {answer:?}"),
        () = until(|| computer.bluez.world().devices[0].writes.is_empty()) => {}
    }
    until(|| !computer.bluez.world().devices[0].is_connected).await;
    assert_eq!(
        ask(&mut transport, "prov-scan").await,
        Ok("prov-scan:request".to_owned())
    );
}

#[tokio::test]
async fn whoever_gives_up_a_request_and_goes_says_goodbye_once() {
    let computer = Computer::near([device()]);
    let mut transport = computer.connected().await;
    computer.bluez.world().devices[0].writes.push_back(Fault::Hangs);
    let before = computer.times("Disconnect");
    tokio::time::timeout(SHORT, ask(&mut transport, "prov-scan"))
        .await
        .expect_err("nothing comes");
    drop(transport);
    assert_eq!(
        computer.times("Disconnect"),
        before,
        "BlueZ ends it as it forgets the device"
    );
    assert_eq!(computer.times("RemoveDevice"), 1);
    assert!(!computer.bluez.world().devices[0].is_connected);
}

#[tokio::test]
async fn connecting_to_a_device_that_is_not_heard_is_given_up_at_once() {
    let computer = Computer::near([]);
    let began = Instant::now();
    tokio::time::timeout(SHORT, computer.connect())
        .await
        .err()
        .expect("it is listened for");
    assert!(began.elapsed() < SHORT + Duration::from_secs(2));
}

#[tokio::test]
async fn a_device_that_bluez_does_not_list_is_listened_for() {
    let computer = Computer::near([device()]);
    drop(computer.connected().await);
    assert_eq!(computer.times("StartDiscovery"), 1);
    computer.bluez.world().devices.clear();
    let began = Instant::now();
    let error = computer.connect().await.err().expect("it is gone");
    assert!(matches!(error, TransportError::Unreachable(_)), "{error}");
    assert!(began.elapsed() < Duration::from_secs(15));
}
