//! The Bluetooth service, on a controller without a radio.

use core::time::Duration;

use landfall_device::{
    AfterProvisioning, BleOptions, BleService, ClientEvent, HciAddress, Peer, RequestId, Service as _, ServiceEvent,
    protocomm::{SessionId, gatt::ServiceUuid},
};
use tokio::time::timeout;

use crate::radio::{Antenna, Radio};

/// The values' handles.
const SESSION: u8 = 9;
const CONFIG: u8 = 12;
const VERSION: u8 = 15;

async fn on_air(options: impl FnOnce(&mut BleOptions)) -> (BleService, Radio) {
    let antenna = Antenna::raise().await;
    let mut settings = BleOptions::new("PROV_A1B2C3");
    options(&mut settings);
    let mut service = BleService::new(antenna.address(), settings);
    let endpoints = [
        "prov-session",
        "proto-ver",
        "prov-config",
        "prov-scan",
        "prov-ctrl",
        "custom-data",
    ];
    let (started, radio) = tokio::join!(service.start(&endpoints), antenna.on_air());
    started.expect("the service starts");
    (service, radio)
}

async fn next(service: &mut BleService) -> ServiceEvent {
    timeout(Duration::from_secs(20), service.next())
        .await
        .expect("something happens")
}

/// A client comes, and the device is told so.
async fn connect(service: &mut BleService, radio: &mut Radio) -> SessionId {
    radio.connect().await;
    let event = next(service).await;
    let ServiceEvent::Client(ClientEvent::Connected {
        peer: peer @ Peer::Bluetooth(_),
    }) = event
    else {
        panic!("{event:?}");
    };
    assert_eq!(peer.to_string(), "C0:00:00:00:00:02");
    match next(service).await {
        ServiceEvent::SessionOpened(session) => session,
        event => panic!("{event:?}"),
    }
}

async fn request(service: &mut BleService, session: SessionId) -> (RequestId, String, Vec<u8>) {
    match next(service).await {
        ServiceEvent::Request {
            id,
            session: Some(of),
            endpoint,
            message,
        } if of == session => (id, endpoint, message.to_vec()),
        event => panic!("{event:?}"),
    }
}

/// The client goes, and the device is told so.
async fn disconnect(service: &mut BleService, radio: &mut Radio, session: SessionId) {
    radio.disconnect().await;
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

#[tokio::test]
async fn the_device_is_found_by_service_and_name() {
    let (_service, radio) = on_air(|options| {
        options.manufacturer_data = vec![0xe5, 0x02, 7];
        options.address = Some([0xc6, 5, 4, 3, 2, 1]);
    })
    .await;
    let service = ServiceUuid::EXAMPLE.uuid().to_le_bytes();
    assert_eq!(radio.advertisement, [&[2, 1, 6, 17, 7][..], &service].concat());
    assert_eq!(radio.scan_response, b"\x0c\x09PROV_A1B2C3\x04\xff\xe5\x02\x07");
    assert_eq!(radio.random_address, [1, 2, 3, 4, 5, 0xc6]);
}

#[tokio::test]
async fn a_connection_is_a_session() {
    let (mut service, mut radio) = on_air(|_| ()).await;
    let first = connect(&mut service, &mut radio).await;
    disconnect(&mut service, &mut radio, first).await;
    radio.until_advertising().await;
    let second = connect(&mut service, &mut radio).await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn requests_are_written_and_answers_are_read() {
    let (mut service, mut radio) = on_air(|_| ()).await;
    let session = connect(&mut service, &mut radio).await;
    for len in [1, 20, 21, 406, 512] {
        let sent: Vec<u8> = (0..len).map(|n: u16| n as u8).collect();
        radio.write(SESSION, &sent).await;
        let (id, endpoint, message) = request(&mut service, session).await;
        assert_eq!((endpoint.as_str(), &message), ("prov-session", &sent));
        let answer: Vec<u8> = sent.iter().rev().copied().collect();
        service.respond(id, Some(&answer));
        assert!(matches!(*radio.answer().await, [0x13 | 0x19]));
        assert_eq!(radio.read(SESSION).await, answer);
    }
    assert_eq!(radio.read(CONFIG).await, b"");
}

#[tokio::test]
async fn endpoints_are_found_by_their_descriptions() {
    let (mut service, mut radio) = on_air(|_| ()).await;
    connect(&mut service, &mut radio).await;
    let names = [
        "prov-ctrl",
        "prov-scan",
        "prov-session",
        "prov-config",
        "proto-ver",
        "custom-data",
    ];
    for (handle, name) in (4..).step_by(3).zip(names) {
        assert_eq!(radio.read(handle).await, name.as_bytes());
    }
}

#[tokio::test]
async fn a_request_that_fails_is_an_error_at_the_write() {
    let (mut service, mut radio) = on_air(|_| ()).await;
    let session = connect(&mut service, &mut radio).await;
    radio.write(CONFIG, b"no").await;
    let (id, _, _) = request(&mut service, session).await;
    service.respond(id, None);
    assert_eq!(radio.answer().await, [0x01, 0x12, CONFIG, 0, 0x04]);
    assert_eq!(radio.read(CONFIG).await, b"");
    assert_eq!(radio.ask(&[0x12, CONFIG, 0]).await, [0x13], "an empty write is ignored");
}

#[tokio::test]
async fn nothing_of_a_client_is_left_for_the_next() {
    let (mut service, mut radio) = on_air(|_| ()).await;
    let session = connect(&mut service, &mut radio).await;
    radio.write(VERSION, b"ESP").await;
    let (id, _, _) = request(&mut service, session).await;
    service.respond(id, Some(b"the first client's"));
    assert_eq!(radio.answer().await, [0x13]);
    assert_eq!(radio.ask(b"\x16\x0f\x00\x00\x00prepared").await[0], 0x17);
    radio.write(CONFIG, b"too late").await;
    let (late, _, _) = request(&mut service, session).await;
    disconnect(&mut service, &mut radio, session).await;
    service.respond(late, Some(b"the first client's"));

    radio.until_advertising().await;
    let session = connect(&mut service, &mut radio).await;
    assert_eq!(radio.read(VERSION).await, b"");
    assert_eq!(radio.read(CONFIG).await, b"");
    assert_eq!(radio.ask(&[0x18, 1]).await, [0x19], "nothing was prepared");
    radio.write(CONFIG, b"mine").await;
    let (id, _, message) = request(&mut service, session).await;
    assert_eq!(message, b"mine");
    service.respond(late, Some(b"the first client's"));
    service.respond(id, Some(b"the second client's"));
    assert_eq!(radio.answer().await, [0x13]);
    assert_eq!(radio.read(CONFIG).await, b"the second client's");
}

#[tokio::test]
async fn malformed_requests_are_answered_and_stop_nothing() {
    let (mut service, mut radio) = on_air(|_| ()).await;
    connect(&mut service, &mut radio).await;
    for opcode in [0x02, 0x04, 0x06, 0x08, 0x0a, 0x0c, 0x10, 0x12, 0x16, 0x18] {
        assert_eq!(radio.ask(&[opcode]).await, [0x01, opcode, 0, 0, 0x04]);
    }
    assert_eq!(radio.ask(&[0x20, 9, 0, 9, 0]).await, [0x01, 0x20, 0, 0, 0x06]);
    radio.send(&[]).await;
    radio.send(&[0x52, SESSION]).await;
    assert_eq!(radio.read(4).await, b"prov-ctrl");
}

#[tokio::test]
async fn the_last_answer_is_read_before_the_service_ends() {
    let (mut service, mut radio) = on_air(|_| ()).await;
    let session = connect(&mut service, &mut radio).await;
    radio.write(CONFIG, b"status?").await;
    let (id, _, _) = request(&mut service, session).await;
    service.respond(id, Some(&[7; 100]));
    let client = async {
        assert_eq!(radio.answer().await, [0x13]);
        assert_eq!(radio.read(CONFIG).await, [7; 100]);
        radio.until_hung_up().await;
        radio.until_off().await;
        assert!(!radio.advertising);
    };
    tokio::join!(service.stop(), client);
}

#[tokio::test]
async fn bluetooth_that_is_kept_on_answers_with_errors_until_the_service_is_dropped() {
    let (mut service, mut radio) =
        on_air(|options| options.after = AfterProvisioning::KeepOn { disconnect: false }).await;
    connect(&mut service, &mut radio).await;
    assert_eq!(radio.read(VERSION).await, b"");
    let refused = async {
        loop {
            let answer = radio.ask(&[0x0a, VERSION, 0]).await;
            if answer.first() == Some(&0x01) {
                return;
            }
        }
    };
    timeout(Duration::from_secs(10), async { tokio::join!(service.stop(), refused) })
        .await
        .expect("requests fail in the end");
    drop(service);
    timeout(Duration::from_secs(10), radio.until_hung_up())
        .await
        .expect("the client is sent away");
}

#[tokio::test]
async fn a_service_that_ends_advertises_no_more() {
    let (mut service, mut radio) = on_air(|_| ()).await;
    tokio::join!(service.stop(), radio.until_off());
    assert!(!radio.advertising);
}

#[tokio::test]
async fn a_controller_that_goes_is_told() {
    let (mut service, mut radio) = on_air(|_| ()).await;
    let session = connect(&mut service, &mut radio).await;
    drop(radio);
    assert!(matches!(next(&mut service).await, ServiceEvent::SessionClosed(of) if of == session));
    assert!(matches!(
        next(&mut service).await,
        ServiceEvent::Client(ClientEvent::Disconnected { .. })
    ));
    assert!(matches!(
        next(&mut service).await,
        ServiceEvent::Client(ClientEvent::AcceptFailed { .. })
    ));
    service.stop().await;
}

#[tokio::test]
async fn a_service_without_a_controller_does_not_start() {
    let antenna = Antenna::raise().await;
    let hci: HciAddress = antenna.address();
    drop(antenna);
    let mut service = BleService::new(hci, BleOptions::new("PROV_A1B2C3"));
    let error = service.start(&["prov-session"]).await.expect_err("nobody is there");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_client_that_leaves_at_once_takes_nobody_the_device() {
    let (_service, mut radio) = on_air(|_| ()).await;
    for _ in 0..20 {
        radio.connect().await;
        radio.disconnect().await;
        radio.until_advertising().await;
    }
    radio.connect().await;
    assert_eq!(radio.read(4).await, b"prov-ctrl");
}
