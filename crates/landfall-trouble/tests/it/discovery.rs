//! What our client asks a device for to find its endpoints, and what a device cannot do to it.

use landfall_protocomm::gatt::ServiceUuid;

use crate::{
    air::{ATT, Air, DEVICE, SIGNALS},
    device::{Device, config},
    pairing::connected,
};

#[tokio::test]
async fn endpoints_are_found_without_asking_past_the_last_name() {
    let air = Air::new();
    Device::with(config(), &air, async |_| {
        let names = connected(&air, async |peer| {
            let service = peer.service(ServiceUuid::EXAMPLE.uuid()).await.expect("an answer");
            let found = peer.characteristics(&service.expect("the service")).await;
            let found = found.expect("the characteristics");
            found
                .iter()
                .map(|found| String::from_utf8_lossy(found.name.as_ref().expect("a name")).into_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(names.await, Ok(vec!["prov-session".to_owned(), "proto-ver".to_owned()]));
    })
    .await;
    // The size of packets; the service; its declarations at once, and that there are no more, as the service has no end;
    // two names of different lengths.
    assert_eq!(air.asked(), [0x02, 0x06, 0x08, 0x08, 0x08, 0x08]);
}

/// Plays a device whose one characteristic has a name at each of the handles.
fn answer_of_endless_names(request: &[u8]) -> Vec<u8> {
    match *request {
        [0x02, ..] => vec![0x03, 0, 1],
        [0x06, ..] => vec![0x07, 1, 0, 0xff, 0xff],
        [0x08, 1, 0, _, _, 0x03, 0x28] => vec![0x09, 7, 2, 0, 0x0a, 0xfe, 0xff, 0x51, 0xff],
        [0x08, low, high, _, _, 0x01, 0x29] => {
            let [low, high] = u16::from_le_bytes([low, high]).max(3).to_le_bytes();
            vec![0x09, 3, low, high, b'n']
        }
        [kind, low, high, ..] => vec![0x01, kind, low, high, 0x0a],
        _ => panic!("not a request: {request:02x?}"),
    }
}

#[tokio::test]
async fn a_device_that_lists_names_without_end_is_not_asked_for_all() {
    let air = Air::new();
    air.advertise();
    let client = connected(&air, async |peer| {
        let service = peer.service(ServiceUuid::EXAMPLE.uuid()).await.expect("an answer");
        let found = peer.characteristics(&service.expect("the service")).await;
        found.expect("the characteristics").len()
    });
    let device = async {
        let hand = air.hand(DEVICE);
        let mut requests = 0;
        while let Some(request) = hand.next_on(ATT).await {
            hand.send(&answer_of_endless_names(&request));
            requests += 1;
        }
        requests
    };
    let (found, requests) = tokio::join!(client, device);
    assert_eq!(found, Ok(1));
    assert!(requests < 100, "{requests} requests");
}

#[tokio::test]
async fn a_device_cannot_stop_our_client_with_signals() {
    let air = Air::new();
    air.advertise();
    let client = connected(&air, async |peer| {
        let mut value = [0; 4];
        let len = peer.read(3, &mut value).await.expect("the value");
        value[..len].to_vec()
    });
    let device = async {
        let hand = air.hand(DEVICE);
        assert_eq!(hand.next_on(ATT).await.expect("a request")[0], 0x02);
        hand.send(&[0x03, 0, 1]);
        assert_eq!(hand.next_on(ATT).await, Some(vec![0x0a, 3, 0]));
        hand.send_on(SIGNALS, &[0x06, 1, 4, 0, 0, 0, 0, 0]);
        hand.send_on(SIGNALS, &[0x15, 1, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0]);
        hand.send_on(0x40, b"to a channel that nobody opened");
        hand.send_on(SIGNALS, &[0x12, 7, 8, 0, 24, 0, 40, 0, 0, 0, 200, 0]);
        // The host counts identifiers for itself.
        let granted = hand.next_on(SIGNALS).await.expect("an answer");
        assert!(matches!(granted[..], [0x13, _, 2, 0, 0, 0]), "{granted:02x?}");
        hand.send(b"\x0bESP");
        hand.next_on(ATT).await
    };
    let (read, _) = tokio::join!(client, device);
    assert_eq!(read, Ok(b"ESP".to_vec()));
}
