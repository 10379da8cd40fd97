//! The end of the service (spec transports.md 1.6).

use core::time::Duration;
use std::time::Instant;

use bt_hci::event::EventKind;
use landfall_trouble::peripheral::Error;
use tokio::time::timeout;

use crate::{
    air::{ATT, Air, CLIENT, DEVICE, Hand},
    device::{Device, config},
};

/// Runs a device to its end, with a client that has written and not yet read.
async fn with_an_answer_to_read(air: &Air, test: impl AsyncFnOnce(&Device, &Hand<'_>)) -> Result<(), Error> {
    Device::to_its_end(config(), air, async |device| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        assert_eq!(hand.ask(b"\x12\x03\x00last").await, [0x13]);
        test(device, &hand).await;
    })
    .await
}

#[tokio::test]
async fn a_device_that_keeps_on_sends_its_client_away_and_is_not_found_again() {
    let air = Air::new();
    let ended = with_an_answer_to_read(&air, async |device, hand| {
        device.link.keep_on(true);
        assert_eq!(hand.ask(&[0x0a, 3, 0]).await, b"\x0btsal");
        assert_eq!(hand.next_on(ATT).await, None, "sent away");
        device.until_told("disconnected").await;
        device.until_told("kepton").await;
        assert!(!air.is_advertising());
        device.link.stop();
    })
    .await;
    assert_eq!(ended, Ok(()));
}

#[tokio::test]
async fn a_client_that_stays_gets_errors_until_it_goes() {
    let air = Air::new();
    let ended = with_an_answer_to_read(&air, async |device, hand| {
        device.link.keep_on(false);
        assert_eq!(hand.ask(&[0x0a, 3, 0]).await, b"\x0btsal");
        device.until_told("kepton").await;
        assert_eq!(hand.ask(&[0x0a, 3, 0]).await, [0x01, 0x0a, 3, 0, 4]);
        assert_eq!(hand.ask(&[0x0c, 3, 0, 1, 0]).await, [0x01, 0x0c, 3, 0, 4]);
        assert_eq!(hand.ask(b"\x12\x03\x00more").await, [0x01, 0x12, 3, 0, 4]);
        assert_eq!(hand.ask(b"\x16\x03\x00\x00\x00more").await[0], 0x17);
        assert_eq!(hand.ask(&[0x18, 1]).await, [0x01, 0x18, 0, 0, 4]);
        assert_eq!(
            hand.ask(&[0x0a, 4, 0]).await,
            b"\x0bprov-session",
            "the names stay open"
        );
        air.disconnect();
        device.until_told("disconnected").await;
        assert!(!air.is_advertising());
        device.link.stop();
    })
    .await;
    assert_eq!(ended, Ok(()));
}

#[tokio::test]
async fn a_request_under_way_fails_when_the_service_ends() {
    let air = Air::new();
    Device::with(config(), &air, async |device| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        hand.send(b"\x12\x03\x00wait");
        device.until_told("wait").await;
        device.link.keep_on(false);
        assert_eq!(hand.next_on(ATT).await, Some(vec![0x01, 0x12, 3, 0, 4]));
    })
    .await;
}

#[tokio::test]
async fn another_value_that_is_read_is_not_the_last_answer() {
    let air = Air::new();
    let ended = with_an_answer_to_read(&air, async |device, hand| {
        device.link.stop();
        assert_eq!(hand.ask(&[0x0a, 6, 0]).await, [0x0b]);
        // Who has read all is sent away before.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(hand.ask(&[0x0a, 3, 0]).await, b"\x0btsal");
        assert_eq!(hand.next_on(ATT).await, None, "sent away");
    })
    .await;
    assert_eq!(ended, Ok(()));
}

/// Has the host give up, by an event of a connection that it does not know.
fn knock_over(air: &Air) {
    air.event(DEVICE, EventKind::EncryptionChangeV1, &[0, 9, 0, 1]);
}

#[tokio::test]
async fn a_host_that_gives_up_begins_again() {
    let air = Air::new();
    Device::with(config(), &air, async |device| {
        air.hand(CLIENT).connect().await;
        device.until_told("connected").await;
        knock_over(&air);
        device.until_told("disconnected").await;
        device.until_told("advertising").await;
    })
    .await;
}

#[tokio::test]
async fn a_device_stops_though_the_host_gives_up_over_it() {
    let air = Air::new();
    let ended = with_an_answer_to_read(&air, async |device, _| {
        device.link.stop();
        // The client has an answer to read, so the device waits for it.
        tokio::time::sleep(Duration::from_millis(50)).await;
        knock_over(&air);
    });
    let ended = timeout(Duration::from_secs(10), ended).await.expect("it ends");
    assert_eq!(ended, Ok(()));
    assert!(!air.is_advertising());
}

#[tokio::test]
async fn a_device_keeps_on_though_the_host_gives_up_over_it() {
    let air = Air::new();
    let ended = with_an_answer_to_read(&air, async |device, _| {
        device.link.keep_on(false);
        tokio::time::sleep(Duration::from_millis(50)).await;
        knock_over(&air);
        device.until_told("disconnected").await;
        device.until_told("kepton").await;
        knock_over(&air);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!air.is_advertising(), "the service has ended");
        device.link.stop();
    });
    let ended = timeout(Duration::from_secs(10), ended).await.expect("it ends");
    assert_eq!(ended, Ok(()));
}

#[tokio::test]
async fn without_a_client_keeping_on_only_ends_the_advertising() {
    let air = Air::new();
    let ended = Device::to_its_end(config(), &air, async |device| {
        device.until_told("advertising").await;
        device.link.keep_on(true);
        device.until_told("kepton").await;
        assert!(!air.is_advertising());
        device.link.stop();
    })
    .await;
    assert_eq!(ended, Ok(()));
}

#[tokio::test]
async fn a_device_stops_though_a_client_stays() {
    let air = Air::new();
    let ended = Device::to_its_end(config(), &air, async |device| {
        air.hand(CLIENT).connect().await;
        device.until_told("connected").await;
        device.link.keep_on(false);
        device.until_told("kepton").await;
        device.link.stop();
    })
    .await;
    assert_eq!(ended, Ok(()));
    assert!(!air.is_connected());
}

#[tokio::test]
async fn a_controller_that_never_answers_is_noticed() {
    let air = Air::new();
    air.silent.set(true);
    let began = Instant::now();
    let ended = Device::to_its_end(config(), &air, async |_| {}).await;
    assert_eq!(ended, Err(Error::NotAnswering));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_controller_that_falls_silent_is_noticed() {
    let air = Air::new();
    let ended = Device::to_its_end(config(), &air, async |device| {
        air.hand(CLIENT).connect().await;
        device.until_told("connected").await;
        air.silent.set(true);
    })
    .await;
    assert_eq!(ended, Err(Error::NotAnswering));
}

#[tokio::test]
async fn a_controller_that_says_it_failed_is_believed() {
    let air = Air::new();
    let ended = Device::to_its_end(config(), &air, async |device| {
        device.until_told("advertising").await;
        air.event(DEVICE, EventKind::HardwareError, &[0]);
    })
    .await;
    assert_eq!(ended, Err(Error::NotAnswering));
}
