//! The Bluetooth service on BlueZ, whose daemon is played.

use core::time::Duration;
use std::collections::HashMap;

use landfall_device::{
    AfterProvisioning, BleOptions, BleService, BluezError, ClientEvent, Peer, Radio, RadioError, RequestId,
    Service as _, ServiceEvent, protocomm::SessionId,
};
use landfall_testbus::{
    TestBus,
    bluez::host::{FakeHost, HostState},
};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

const PHONE: &str = "C0:00:00:00:00:02";
const LAPTOP: &str = "00:00:00:00:00:03";

const ENDPOINTS: [&str; 6] = [
    "prov-session",
    "proto-ver",
    "prov-config",
    "prov-scan",
    "prov-ctrl",
    "custom-data",
];

/// The characteristics' places in the table.
const SESSION: usize = 2;
const CONFIG: usize = 3;
const VERSION: usize = 4;

fn service(bus: &TestBus, options: impl FnOnce(&mut BleOptions)) -> BleService {
    let mut settings = BleOptions::new("PROV_A1B2C3");
    options(&mut settings);
    BleService::new(Radio::System { adapter: None }, settings).on_bus(bus.address())
}

async fn on_air(options: impl FnOnce(&mut BleOptions)) -> (TestBus, FakeHost, BleService) {
    let bus = TestBus::start();
    let host = FakeHost::start(bus.address(), HostState::default()).await;
    let mut service = service(&bus, options);
    service.start(&ENDPOINTS).await.expect("the service starts");
    (bus, host, service)
}

async fn next(service: &mut BleService) -> ServiceEvent {
    timeout(Duration::from_secs(20), service.next())
        .await
        .expect("something happens")
}

/// The device is told that a client came.
async fn connected(service: &mut BleService, address: &str) -> SessionId {
    let event = next(service).await;
    let ServiceEvent::Client(ClientEvent::Connected {
        peer: peer @ Peer::Bluetooth(_),
    }) = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(peer.to_string(), address);
    match next(service).await {
        ServiceEvent::SessionOpened(session) => session,
        event => panic!("{event:?}"),
    }
}

async fn request(service: &mut BleService) -> (RequestId, String, Vec<u8>) {
    match next(service).await {
        ServiceEvent::Request {
            id, endpoint, message, ..
        } => (id, endpoint, message.to_vec()),
        event => panic!("{event:?}"),
    }
}

/// The device is told that its client is gone.
async fn disconnected(service: &mut BleService, session: SessionId) {
    let closed = next(service).await;
    assert!(
        matches!(closed, ServiceEvent::SessionClosed(of) if of == session),
        "{closed:?}"
    );
    let gone = next(service).await;
    assert!(
        matches!(gone, ServiceEvent::Client(ClientEvent::Disconnected { .. })),
        "{gone:?}"
    );
}

async fn lost(service: &mut BleService) -> String {
    match next(service).await {
        ServiceEvent::Client(ClientEvent::ServiceLost { error }) => error,
        event => panic!("{event:?}"),
    }
}

async fn back(service: &mut BleService) {
    let event = next(service).await;
    assert!(
        matches!(event, ServiceEvent::Client(ClientEvent::ServiceBack)),
        "{event:?}"
    );
}

async fn does_not_start(mut service: BleService) -> BluezError {
    let error = service.start(&ENDPOINTS).await.expect_err("it cannot start");
    let error = error.into_inner().expect("an error of its own");
    match *error.downcast().expect("an error of the radio's") {
        RadioError::Bluez(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_device_is_found_by_service_and_name() {
    let (_bus, host, service) = on_air(|options| options.manufacturer_data = vec![0xe5, 2, 7]).await;
    let advertisement = host.state().advertisement.clone().expect("it advertises");
    let shown = |name| advertisement[name].to_string();
    assert_eq!(shown("LocalName"), r#""PROV_A1B2C3""#);
    assert_eq!(shown("ServiceUUIDs"), r#"["021a9004-0382-4aea-bff4-6b3f1c5adfb4"]"#);
    assert_eq!(shown("Type"), r#""peripheral""#);
    assert_eq!(shown("Discoverable"), "true");
    let place = service.place().expect("on the air");
    assert_eq!(
        (place.adapter.as_str(), place.address.to_string().as_str()),
        ("hci0", "C0:00:00:00:00:01")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_table_is_that_of_the_original() {
    let (_bus, host, _service) = on_air(|_| ()).await;
    let uuids: Vec<_> = host.table().iter().map(|(uuid, _)| uuid[4..8].to_owned()).collect();
    let expected = [
        "9004", "ff4f", "2901", "ff50", "2901", "ff51", "2901", "ff52", "2901", "ff53", "2901", "ff54", "2901",
    ];
    assert_eq!(uuids, expected);
    let phone = host.connect(PHONE).await;
    let names = [
        "prov-ctrl",
        "prov-scan",
        "prov-session",
        "prov-config",
        "proto-ver",
        "custom-data",
    ];
    for (number, name) in names.into_iter().enumerate() {
        assert_eq!(phone.describe(number).await.as_deref(), Ok(name.as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn encryption_and_notifications_are_flags_of_the_values() {
    let (_bus, host, _service) = on_air(|options| (options.encryption, options.notify) = (true, true)).await;
    let (_, flags) = &host.table()[1];
    assert_eq!(*flags, ["encrypt-read", "encrypt-write", "notify"]);
    assert_eq!(host.table()[2].1, ["read"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn requests_are_written_and_answers_are_read() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await.with_mtu(23);
    for (count, len) in [1, 21, 22, 44, 406, 512].into_iter().enumerate() {
        let sent: Vec<u8> = (0..len).map(|n: u16| n as u8).collect();
        let device = async {
            if count == 0 {
                connected(&mut service, PHONE).await;
            }
            let (id, endpoint, message) = request(&mut service).await;
            assert_eq!((endpoint.as_str(), &message), ("prov-session", &sent));
            let answer: Vec<u8> = sent.iter().rev().copied().collect();
            service.respond(id, Some(&answer));
            answer
        };
        let (written, answer) = tokio::join!(phone.write(SESSION, &sent), device);
        assert_eq!(written, Ok(()));
        assert_eq!(phone.read(SESSION).await, Ok(answer));
    }
    assert_eq!(phone.read(CONFIG).await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_no_request_is_answered_as_the_original_does() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await;
    assert_eq!(phone.write(SESSION, b"").await, Ok(()));
    assert_eq!(phone.write(SESSION, &[7; 513]).await, Err(0x0d));
    assert_eq!(phone.write_at(SESSION, 1, b"second part").await, Err(0x07));
    assert_eq!(phone.read_at(SESSION, 1).await, Err(0x07));
    connected(&mut service, PHONE).await;
    let device = async {
        let (id, _, _) = request(&mut service).await;
        service.respond(id, None);
    };
    let (written, ()) = tokio::join!(phone.write(CONFIG, b"no"), device);
    assert_eq!(written, Err(0x80));
    assert_eq!(phone.read(CONFIG).await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_late_answer_is_waited_for_by_the_read() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await;
    let (is_written, written) = oneshot::channel();
    let device = async {
        connected(&mut service, PHONE).await;
        let (id, _, _) = request(&mut service).await;
        // The write does not wait for the answer, and the read does.
        written.await.expect("the client goes on");
        sleep(Duration::from_secs(1)).await;
        service.respond(id, Some(b"networks"));
    };
    let client = async {
        assert_eq!(phone.write(1, b"scan").await, Ok(()));
        is_written.send(()).expect("the device waits for it");
        phone.read(1).await
    };
    let (read, ()) = tokio::join!(client, device);
    assert_eq!(read.as_deref(), Ok(&b"networks"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_client_at_a_time() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await;
    let laptop = host.connect(LAPTOP).await;
    assert_eq!(phone.read(SESSION).await, Ok(vec![]));
    let session = connected(&mut service, PHONE).await;
    host.until(|state| state.advertisement.is_none()).await;
    assert_eq!(laptop.write(SESSION, b"mine").await, Err(0xfe));
    assert_eq!(laptop.read(SESSION).await, Err(0xfe));
    phone.disconnect().await;
    disconnected(&mut service, session).await;
    host.until_advertising().await;
    assert_eq!(laptop.read(SESSION).await, Ok(vec![]));
    connected(&mut service, LAPTOP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn somebody_who_asks_nothing_of_the_service_is_no_client() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    let laptop = host.connect(LAPTOP).await;
    let phone = host.connect(PHONE).await;
    laptop.disconnect().await;
    assert!(host.state().advertisement.is_some());
    assert_eq!(phone.read(SESSION).await, Ok(vec![]));
    connected(&mut service, PHONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_looks_for_endpoints_is_the_client() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await;
    assert_eq!(phone.describe(SESSION).await.as_deref(), Ok(&b"prov-session"[..]));
    connected(&mut service, PHONE).await;
    host.until(|state| state.advertisement.is_none()).await;
    let laptop = host.connect(LAPTOP).await;
    assert_eq!(laptop.describe(SESSION).await.as_deref(), Ok(&b"prov-session"[..]));
    assert_eq!(laptop.read(SESSION).await, Err(0xfe));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_adapter_is_called_like_the_device_as_long_as_it_is_on_the_air() {
    for before in ["", "my laptop"] {
        let bus = TestBus::start();
        let state = HostState {
            alias: before.to_owned(),
            ..HostState::default()
        };
        let host = FakeHost::start(bus.address(), state).await;
        let mut service = service(&bus, |_| ());
        service.start(&ENDPOINTS).await.expect("it starts");
        assert_eq!(host.state().alias, "PROV_A1B2C3");
        // The daemon keeps the name.
        let stored = host.stop().await;
        assert!(lost(&mut service).await.contains("not running"));
        let host = FakeHost::start(bus.address(), stored).await;
        back(&mut service).await;
        service.stop().await;
        assert_eq!(host.state().alias, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_of_a_client_is_left_for_the_next() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await;
    let device = async {
        let session = connected(&mut service, PHONE).await;
        let (id, _, _) = request(&mut service).await;
        service.respond(id, Some(b"the first client's"));
        session
    };
    let (written, session) = tokio::join!(phone.write(VERSION, b"ESP"), device);
    assert_eq!(written, Ok(()));
    // It writes, and goes before it is answered.
    let late = timeout(Duration::from_millis(300), phone.write(CONFIG, b"too late")).await;
    assert!(late.is_err());
    let (late, _, _) = request(&mut service).await;
    // The next one is there before the device has heard of the first one's end.
    phone.disconnect().await;
    let phone = host.connect(PHONE).await;
    assert_eq!(phone.read(VERSION).await, Ok(vec![]));
    assert_eq!(phone.read(CONFIG).await, Ok(vec![]));
    disconnected(&mut service, session).await;
    connected(&mut service, PHONE).await;
    service.respond(late, Some(b"the first client's"));
    let device = async {
        let (id, _, message) = request(&mut service).await;
        assert_eq!(message, b"mine");
        service.respond(late, Some(b"the first client's"));
        service.respond(id, Some(b"the second client's"));
    };
    let (written, ()) = tokio::join!(phone.write(CONFIG, b"mine"), device);
    assert_eq!(written, Ok(()));
    assert_eq!(phone.read(CONFIG).await.as_deref(), Ok(&b"the second client's"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_daemon_that_restarts_gets_everything_again() {
    let (bus, host, mut service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await;
    assert_eq!(phone.read(SESSION).await, Ok(vec![]));
    let session = connected(&mut service, PHONE).await;
    let stored = host.stop().await;
    disconnected(&mut service, session).await;
    let why = lost(&mut service).await;
    // As it was about to take the advertisement away, that may be what fails first.
    assert!(
        why.contains("not running") || why.contains("gone") || why.contains("UnregisterAdvertisement"),
        "{why}"
    );
    // Its adapter takes a moment longer.
    let host = FakeHost::start(
        bus.address(),
        HostState {
            has_adapter: false,
            ..stored
        },
    )
    .await;
    sleep(Duration::from_millis(300)).await;
    host.state().has_adapter = true;
    host.until_advertising().await;
    back(&mut service).await;
    assert!(host.state().agent.is_some());
    let phone = host.connect(PHONE).await;
    assert_eq!(phone.read(SESSION).await, Ok(vec![]));
    assert_ne!(connected(&mut service, PHONE).await, session);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_adapter_that_is_pulled_is_waited_for() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await;
    assert_eq!(phone.read(SESSION).await, Ok(vec![]));
    let session = connected(&mut service, PHONE).await;
    host.pull_adapter().await;
    disconnected(&mut service, session).await;
    assert!(lost(&mut service).await.contains("gone"));
    host.state().has_adapter = true;
    host.until_advertising().await;
    back(&mut service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_adapter_that_somebody_switches_off_is_left_off() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    host.power(false).await;
    assert!(lost(&mut service).await.contains("switched it off"));
    host.state().advertisement = None;
    sleep(Duration::from_millis(500)).await;
    assert!(!host.state().is_on);
    host.power(true).await;
    host.until_advertising().await;
    back(&mut service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_adapter_that_is_off_is_switched_on() {
    let bus = TestBus::start();
    let off = HostState {
        is_on: false,
        ..HostState::default()
    };
    let host = FakeHost::start(bus.address(), off).await;
    service(&bus, |_| ()).start(&ENDPOINTS).await.expect("it starts");
    assert!(host.state().is_on);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn why_a_service_does_not_start_is_told_apart() {
    let bus = TestBus::start();
    assert_eq!(does_not_start(service(&bus, |_| ())).await, BluezError::NotRunning);

    let host = FakeHost::start(bus.address(), HostState::default()).await;
    let wanted = Radio::System {
        adapter: Some("hci7".to_owned()),
    };
    let other = BleService::new(wanted, BleOptions::new("PROV_A1B2C3")).on_bus(bus.address());
    let error = does_not_start(other).await;
    assert_eq!(error.to_string(), "there is no Bluetooth adapter hci7; there are: hci0");

    host.state().has_adapter = false;
    assert_eq!(does_not_start(service(&bus, |_| ())).await, BluezError::NoAdapter);

    *host.state() = HostState {
        is_on: false,
        refuses_power: Some("org.bluez.Error.Blocked"),
        ..HostState::default()
    };
    assert_eq!(does_not_start(service(&bus, |_| ())).await, BluezError::Blocked);

    host.state().refuses_power = Some("org.bluez.Error.Failed");
    let error = does_not_start(service(&bus, |_| ())).await;
    assert!(matches!(error, BluezError::Off { .. }), "{error:?}");

    *host.state() = HostState {
        refuses_advertising: true,
        ..HostState::default()
    };
    let error = does_not_start(service(&bus, |_| ())).await;
    assert!(matches!(error, BluezError::Refused { .. }), "{error:?}");
    assert_eq!(host.state().alias, "", "the adapter has its name back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_may_not_use_bluetooth_is_told_so() {
    let bus = TestBus::start_with(r#"<deny send_destination="org.bluez"/>"#);
    let _host = FakeHost::start(bus.address(), HostState::default()).await;
    assert_eq!(does_not_start(service(&bus, |_| ())).await, BluezError::NotPermitted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_a_bus_there_is_no_bluetooth() {
    let bus = TestBus::start();
    let service = service(&bus, |_| ());
    drop(bus);
    let error = does_not_start(service).await;
    assert!(matches!(error, BluezError::NoBus(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn clients_pair_without_keys() {
    let (_bus, host, _service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await;
    assert_eq!(host.ask_agent("RequestAuthorization", phone.path()).await, Ok(()));
    let refused = Err("org.bluez.Error.Rejected".to_owned());
    assert_eq!(host.ask_agent("RequestPinCode", phone.path()).await, refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nobody_else_on_the_bus_can_ask() {
    let (bus, host, mut service) = on_air(|_| ()).await;
    let (owner, objects) = host.state().application.clone().expect("on the air");
    let path = objects
        .keys()
        .find(|path| path.ends_with("value002"))
        .expect("a value")
        .clone();
    let stranger = bus.connect().await;
    let options = (HashMap::<&str, zbus::Variant<'_>>::new(),);
    let interface = Some("org.bluez.GattCharacteristic1");
    let asked = stranger.call_method(Some(owner.as_str()), &path, interface, "ReadValue", &options);
    assert!(timeout(Duration::from_millis(500), asked).await.is_err());
    let phone = host.connect(PHONE).await;
    assert_eq!(phone.read(SESSION).await, Ok(vec![]));
    connected(&mut service, PHONE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_last_answer_is_read_before_the_service_ends() {
    let (_bus, host, mut service) = on_air(|_| ()).await;
    let phone = host.connect(PHONE).await.with_mtu(23);
    let device = async {
        connected(&mut service, PHONE).await;
        let (id, _, _) = request(&mut service).await;
        service.respond(id, Some(&[7; 100]));
        service.stop().await;
    };
    let client = async {
        assert_eq!(phone.write(CONFIG, b"status?").await, Ok(()));
        sleep(Duration::from_millis(300)).await;
        assert_eq!(phone.read(CONFIG).await, Ok(vec![7; 100]));
        phone.until_sent_away().await;
    };
    tokio::join!(device, client);
    let state = host.state().clone();
    assert!(state.advertisement.is_none() && state.application.is_none() && state.agent.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bluetooth_that_is_kept_on_answers_with_errors() {
    for disconnect in [false, true] {
        let (_bus, host, mut service) =
            on_air(|options| options.after = AfterProvisioning::KeepOn { disconnect }).await;
        let phone = host.connect(PHONE).await;
        assert_eq!(phone.read(SESSION).await, Ok(vec![]));
        connected(&mut service, PHONE).await;
        service.stop().await;
        assert!(host.state().advertisement.is_none() && host.state().application.is_some());
        assert_eq!(host.state().connected.is_empty(), disconnect);
        assert_eq!(phone.read(SESSION).await, Err(0x80));
        assert_eq!(phone.write(SESSION, b"more").await, Err(0x80));
        drop(service);
        assert!(host.state().application.is_none());
    }
}

/// A program that a signal ends does not leave anything behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_service_that_is_dropped_is_off_the_air_by_then() {
    let (_bus, host, service) = on_air(|_| {}).await;
    assert!(host.state().advertisement.is_some());
    drop(service);
    assert!(host.state().advertisement.is_none() && host.state().application.is_none());
}
