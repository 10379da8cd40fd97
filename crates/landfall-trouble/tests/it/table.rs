//! What a client finds.

use landfall_trouble::peripheral::Config;

use crate::{
    air::{Air, CLIENT},
    device::{Device, config},
};

/// Handles and types, as a client lists them.
async fn attributes(config: Config<'_>) -> Vec<(u16, String)> {
    let air = Air::new();
    let mut attributes = vec![];
    Device::with(config, &air, async |_| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        let mut next = 1_u16;
        loop {
            let [low, high] = next.to_le_bytes();
            let answer = hand.ask(&[0x04, low, high, 0xff, 0xff]).await;
            let (&[0x05, format], entries) = answer.split_first_chunk().expect("a kind and a format") else {
                assert_eq!(answer, [0x01, 0x04, low, high, 0x0a], "the end of the table");
                return;
            };
            for entry in entries.chunks(if format == 1 { 4 } else { 18 }) {
                let handle = u16::from_le_bytes([entry[0], entry[1]]);
                let text = entry[2..].iter().rev().map(|byte| format!("{byte:02x}")).collect();
                attributes.push((handle, text));
                next = handle + 1;
            }
        }
    })
    .await;
    attributes
}

#[tokio::test]
async fn the_table_is_the_originals() {
    let expected = [
        (1, "2800"),
        (2, "2803"),
        (3, "021aff5103824aeabff46b3f1c5adfb4"),
        (4, "2901"),
        (5, "2803"),
        (6, "021aff5303824aeabff46b3f1c5adfb4"),
        (7, "2901"),
    ];
    assert_eq!(
        attributes(config()).await,
        expected.map(|(handle, kind)| (handle, kind.to_owned()))
    );
}

#[tokio::test]
async fn with_notifications_their_descriptor_comes_before_the_name() {
    let notify = Config {
        notify: true,
        ..config()
    };
    let expected = [
        (1, "2800"),
        (2, "2803"),
        (3, "021aff5103824aeabff46b3f1c5adfb4"),
        (4, "2902"),
        (5, "2901"),
        (6, "2803"),
        (7, "021aff5303824aeabff46b3f1c5adfb4"),
        (8, "2902"),
        (9, "2901"),
    ];
    assert_eq!(
        attributes(notify).await,
        expected.map(|(handle, kind)| (handle, kind.to_owned()))
    );
}

#[tokio::test]
async fn a_device_has_room_for_sixteen_endpoints_that_notify() {
    let names: Vec<String> = (0..16).map(|n| format!("endpoint-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let most = Config {
        notify: true,
        endpoints: &names,
        ..config()
    };
    assert_eq!(attributes(most).await.len(), 1 + 4 * 16);
}

#[tokio::test]
async fn properties_say_read_and_write_and_perhaps_notify() {
    for (notify, properties) in [(false, 0x0a), (true, 0x1a)] {
        let air = Air::new();
        Device::with(Config { notify, ..config() }, &air, async |_| {
            let hand = air.hand(CLIENT);
            hand.connect().await;
            assert_eq!(hand.ask(&[0x0a, 2, 0]).await[..4], [0x0b, properties, 3, 0]);
        })
        .await;
    }
}

#[tokio::test]
async fn a_client_may_ask_for_notifications_and_none_come() {
    let air = Air::new();
    let notify = Config {
        notify: true,
        ..config()
    };
    Device::with(notify, &air, async |_| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        assert_eq!(hand.ask(&[0x0a, 4, 0]).await, [0x0b, 0, 0]);
        assert_eq!(hand.ask(&[0x12, 4, 0, 1, 0]).await, [0x13]);
        assert_eq!(hand.ask(&[0x0a, 4, 0]).await, [0x0b, 1, 0]);
        assert_eq!(hand.ask(&[0x12, 4, 0, 1, 0, 0]).await, [0x01, 0x12, 4, 0, 0x0d]);
        assert_eq!(hand.ask(b"\x12\x03\x00abc").await, [0x13]);
        assert_eq!(hand.ask(&[0x0a, 3, 0]).await, b"\x0bcba");
        air.disconnect();
        hand.connect().await;
        assert_eq!(
            hand.ask(&[0x0a, 4, 0]).await,
            [0x0b, 0, 0],
            "the next client asked for none"
        );
    })
    .await;
}
