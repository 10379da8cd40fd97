//! What no honest client sends. Whatever comes, the device lives, and answers every request exactly once.

use core::time::Duration;

use bt_hci::data::AclPacketBoundary;
use landfall_trouble::peripheral::{Config, Pairing};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};

use crate::{
    air::{ATT, Air, CLIENT, Hand, SIGNALS, SMP},
    device::{Device, SEED, config},
};

const SESSION: u8 = 3;
const VERSION: u8 = 6;

/// Looks whether the device still takes requests and gives answers.
async fn is_alive(hand: &Hand<'_>) {
    assert_eq!(hand.ask(&[0x12, VERSION, 0, b'E', b'S', b'P']).await, [0x13]);
    assert_eq!(hand.ask(&[0x0a, VERSION, 0]).await, b"\x0bPSE");
}

async fn with_a_client(test: impl AsyncFnOnce(&Device, &Hand<'_>)) {
    let air = Air::new();
    Device::with(config(), &air, async |device| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        test(device, &hand).await;
        is_alive(&hand).await;
    })
    .await;
}

#[tokio::test]
async fn long_values_pass_at_every_mtu() {
    let air = Air::new();
    let widest = Config { mtu: 508, ..config() };
    let value: Vec<u8> = (0..512_u16).map(|n| n as u8).collect();
    let backwards: Vec<u8> = value.iter().rev().copied().collect();
    Device::with(widest, &air, async |_| {
        let hand = air.hand(CLIENT);
        for mtu in 23_u16..=517 {
            if !air.is_connected() {
                hand.connect().await;
            }
            let granted = mtu.min(508);
            let [low, high] = mtu.to_le_bytes();
            let [granted_low, granted_high] = granted.to_le_bytes();
            assert_eq!(hand.ask(&[0x02, low, high]).await, [0x03, granted_low, granted_high]);
            write_long(&hand, &value, usize::from(granted) - 5).await;
            assert_eq!(read_long(&hand, usize::from(granted) - 1).await, backwards, "MTU {mtu}");
            air.disconnect();
        }
    })
    .await;
}

async fn write_long(hand: &Hand<'_>, value: &[u8], step: usize) {
    for (part, offset) in value.chunks(step).zip((0..).step_by(step)) {
        let [low, high] = u16::to_le_bytes(offset);
        let request = [&[0x16, SESSION, 0, low, high], part].concat();
        let answer = hand.ask(&request).await;
        assert_eq!((answer[0], &answer[1..]), (0x17, &request[1..]));
    }
    assert_eq!(hand.ask(&[0x18, 1]).await, [0x19]);
}

async fn read_long(hand: &Hand<'_>, room: usize) -> Vec<u8> {
    let mut value = hand.ask(&[0x0a, SESSION, 0]).await.split_off(1);
    while value.len() % room == 0 && !value.is_empty() {
        let [low, high] = u16::try_from(value.len()).expect("short").to_le_bytes();
        let part = hand.ask(&[0x0c, SESSION, 0, low, high]).await;
        assert_eq!(part[0], 0x0d);
        value.extend(&part[1..]);
        if part.len() - 1 < room {
            break;
        }
    }
    value
}

#[tokio::test]
async fn the_mtu_can_be_asked_for_twice() {
    with_a_client(async |_, hand| {
        assert_eq!(hand.ask(&[0x02, 0, 2]).await, [0x03, 0, 1]);
        assert_eq!(hand.ask(&[0x02, 185, 0]).await, [0x03, 185, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_second_request_before_the_answer_is_refused() {
    with_a_client(async |device, hand| {
        hand.send(b"\x12\x03\x00wait");
        device.until_told("wait").await;
        assert_eq!(hand.ask(b"\x12\x06\x00ESP").await, [0x01, 0x12, VERSION, 0, 0xfe]);
        assert_eq!(hand.ask(b"\x16\x06\x00\x00\x00ESP").await[0], 0x17);
        assert_eq!(hand.ask(&[0x18, 1]).await, [0x01, 0x18, 0, 0, 0xfe]);
        assert_eq!(hand.ask(&[0x0a, 4, 0]).await, b"\x0bprov-session");
        device.answer_the_first(b"late").await;
        assert_eq!(hand.next_on(ATT).await, Some(vec![0x13]));
        assert_eq!(hand.ask(&[0x0a, SESSION, 0]).await, b"\x0blate");
    })
    .await;
}

#[tokio::test]
async fn prepared_writes_are_queued_for_one_value_in_order() {
    with_a_client(async |_, hand| {
        assert_eq!(hand.ask(b"\x16\x03\x00\x00\x00abc").await, b"\x17\x03\x00\x00\x00abc");
        // NimBLE queues these too, and fails at the execution. There is memory for one value here.
        assert_eq!(
            hand.ask(b"\x16\x06\x00\x00\x00abc").await,
            [0x01, 0x16, VERSION, 0, 0x09]
        );
        assert_eq!(
            hand.ask(b"\x16\x03\x00\x05\x00abc").await,
            [0x01, 0x16, SESSION, 0, 0x09]
        );
        assert_eq!(hand.ask(&[0x18, 1]).await, [0x19]);
        assert_eq!(hand.ask(&[0x0a, SESSION, 0]).await, b"\x0bcba");
        assert_eq!(hand.ask(&[0x18, 1]).await, [0x19], "nothing is left to execute");
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_write_is_forgotten() {
    with_a_client(async |_, hand| {
        assert_eq!(hand.ask(b"\x16\x03\x00\x00\x00abc").await[0], 0x17);
        assert_eq!(hand.ask(&[0x18, 0]).await, [0x19]);
        assert_eq!(hand.ask(&[0x18, 1]).await, [0x19]);
        assert_eq!(hand.ask(&[0x0a, SESSION, 0]).await, [0x0b]);
        assert_eq!(hand.ask(b"\x16\x03\x00\x00\x00def").await[0], 0x17);
        assert_eq!(hand.ask(&[0x18, 1]).await, [0x19]);
        assert_eq!(hand.ask(&[0x0a, SESSION, 0]).await, b"\x0bfed");
    })
    .await;
}

#[tokio::test]
async fn what_was_prepared_ends_with_its_client() {
    let air = Air::new();
    Device::with(config(), &air, async |_| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        assert_eq!(hand.ask(b"\x16\x03\x00\x00\x00abc").await[0], 0x17);
        air.disconnect();
        hand.connect().await;
        assert_eq!(hand.ask(&[0x18, 1]).await, [0x19]);
        assert_eq!(hand.ask(&[0x0a, SESSION, 0]).await, [0x0b]);
        is_alive(&hand).await;
    })
    .await;
}

#[tokio::test]
async fn a_request_in_two_parts_is_not_ended_by_the_next_client() {
    let air = Air::new();
    Device::with(config(), &air, async |_| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        hand.send_part(AclPacketBoundary::FirstFlushable, b"\x09\0\x04\0\x12\x03\0sec");
        air.disconnect();
        hand.connect().await;
        hand.send_part(AclPacketBoundary::Continuing, b"ret");
        assert_eq!(hand.ask(&[0x0a, SESSION, 0]).await, [0x0b]);
        is_alive(&hand).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_offered_is_refused_or_ignored() {
    with_a_client(async |_, hand| {
        hand.send(b"\x52\x03\x00a command");
        hand.send(b"\xd2\x03\x00signed\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(hand.ask(&[0x0a, SESSION, 0]).await, [0x0b], "commands do nothing");
        assert_eq!(hand.ask(&[0x0e, 3, 0, 6, 0]).await, [0x01, 0x0e, 0, 0, 0x06]);
        assert_eq!(hand.ask(&[0x20, 3, 0, 6, 0]).await, [0x01, 0x20, 0, 0, 0x06]);
    })
    .await;
}

#[tokio::test]
async fn signals_are_rejected() {
    with_a_client(async |_, hand| {
        for signal in [
            &[0x06, 7, 4, 0, 0, 0, 0, 0][..],
            &[0x06, 7, 4, 0, 0x40, 0, 0x40, 0],
            &[0x12, 7, 8, 0, 6, 0, 12, 0, 0, 0, 200, 0],
            &[0x14, 7, 10, 0, 0x80, 0, 0x40, 0, 64, 0, 64, 0, 1, 0],
            &[0x17, 7, 0, 0],
        ] {
            hand.send_on(SIGNALS, signal);
            let rejected = hand.next_on(SIGNALS).await;
            assert_eq!(rejected, Some(vec![0x01, 7, 2, 0, 0, 0]), "{signal:02x?}");
        }
        hand.send_on(SIGNALS, &[0x15, 7, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0]);
        hand.send_on(0x40, b"to a channel that nobody opened");
    })
    .await;
}

#[tokio::test]
async fn a_client_is_there_until_the_controller_says_that_it_is_gone() {
    let air = Air::new();
    let offered = Config {
        pairing: Pairing::Offered(&SEED),
        ..config()
    };
    Device::with(offered, &air, async |device| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        hand.send(b"\x12\x03\x00wait");
        device.until_told("wait").await;
        air.lingers.set(true);
        // Too much of a packet: the host ends the connection.
        hand.send_on(SMP, &[0x05, 0x05]);
        hand.send_part(AclPacketBoundary::Continuing, b"more");
        tokio::time::sleep(Duration::from_millis(50)).await;
        device.answer_the_first(b"late").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!air.is_advertising());
        air.disconnect();
        air.lingers.set(false);
        device.until_told("disconnected").await;
        hand.connect().await;
        is_alive(&hand).await;
    })
    .await;
}

#[tokio::test]
async fn values_are_not_found_by_their_type() {
    with_a_client(async |_, hand| {
        is_alive(hand).await;
        let version = *b"\xb4\xdf\x5a\x1c\x3f\x6b\xf4\xbf\xea\x4a\x82\x03\x53\xff\x1a\x02";
        let request = [&b"\x08\x01\x00\xff\xff"[..], &version].concat();
        assert_eq!(hand.ask(&request).await, [0x01, 0x08, 1, 0, 0x0a]);
    })
    .await;
}

/// A packet of the attribute protocol: any bytes, or a request of a known kind with any content.
fn pdu() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop::sample::select(vec![
        0x02_u8, 0x04, 0x06, 0x08, 0x0a, 0x0c, 0x0e, 0x10, 0x12, 0x16, 0x18, 0x1e, 0x20, 0x52, 0xd2,
    ]);
    let byte = prop_oneof![0_u8..10, Just(0x28), Just(0x29), any::<u8>()];
    let known = (kinds, vec(byte, 0..30)).prop_map(|(kind, rest)| [&[kind][..], &rest].concat());
    prop_oneof![1 => vec(any::<u8>(), 0..300), 8 => known]
}

/// Whether a packet wants an answer.
fn is_owed(pdu: &[u8]) -> bool {
    pdu.first()
        .is_some_and(|kind| kind % 2 == 0 && kind & 0x40 == 0 && *kind != 0x1e)
}

#[test]
fn no_sequence_of_packets_stops_a_device_and_every_request_has_one_answer() {
    let pairings = prop_oneof![Just(Pairing::Refused), Just(Pairing::Required(&SEED))];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let mut runner = TestRunner::new(ProptestConfig::with_cases(200));
    let case = (vec(pdu(), 1..20), pairings, any::<bool>());
    let tested = runner.run(&case, |(pdus, pairing, notify)| {
        runtime.block_on(async {
            let air = Air::new();
            let config = Config {
                pairing,
                notify,
                ..config()
            };
            Device::with(config, &air, async |_| {
                let hand = air.hand(CLIENT);
                hand.connect().await;
                for pdu in &pdus {
                    if is_owed(pdu) {
                        let answer = hand.ask(pdu).await;
                        let names_it = match answer[0] {
                            0x01 => answer[1] == pdu[0],
                            kind => kind == pdu[0] + 1,
                        };
                        assert!(names_it, "{pdu:02x?} is answered with {answer:02x?}");
                    } else {
                        hand.send(pdu);
                    }
                }
                assert_eq!(
                    hand.ask(&[0x0a, if notify { 5 } else { 4 }, 0]).await,
                    b"\x0bprov-session"
                );
            })
            .await;
        });
        Ok(())
    });
    tested.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn no_parts_of_any_channel_stop_a_device() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let mut runner = TestRunner::new(ProptestConfig::with_cases(200));
    let first = (
        prop_oneof![Just(4_u8), Just(5), Just(6), any::<u8>()],
        0_u8..40,
        vec(any::<u8>(), 0..40),
    );
    let whole = first.prop_map(|(channel, len, payload)| [&[len, 0, channel, 0][..], &payload].concat());
    let fitting = (4_u8..8, vec(any::<u8>(), 0..70))
        .prop_map(|(channel, payload)| [&[payload.len() as u8, 0, channel, 0][..], &payload].concat());
    let channel = prop_oneof![4 => Just(SIGNALS), 1 => 0x40_u8..0x43];
    // What is known is of these lengths.
    let kind = prop::sample::select(vec![
        (0x01_u8, 2),
        (0x06, 4),
        (0x07, 4),
        (0x12, 8),
        (0x13, 2),
        (0x14, 10),
        (0x15, 10),
        (0x16, 4),
        (0x17, 10),
    ]);
    let low = || prop_oneof![6 => Just(0), 2 => 1_u8..4, 1 => Just(0x40), 1 => any::<u8>()];
    let content = kind.prop_flat_map(move |(kind, len)| (Just(kind), vec(low(), len)));
    let signal = (channel, low(), content).prop_map(|(channel, identifier, (kind, content))| {
        let len = content.len() as u8;
        [&[len + 4, 0, channel, 0, kind, identifier, len, 0][..], &content].concat()
    });
    let part = (
        any::<bool>(),
        prop_oneof![3 => whole, 3 => fitting, 4 => signal, 1 => vec(any::<u8>(), 0..40)],
    );
    let tested = runner.run(&vec(part, 1..20), |parts| {
        runtime.block_on(async {
            let air = Air::new();
            let offered = Config {
                pairing: Pairing::Offered(&SEED),
                ..config()
            };
            Device::with(offered, &air, async |device| {
                let hand = air.hand(CLIENT);
                hand.connect().await;
                device.until_told("connected").await;
                for (goes_on, part) in &parts {
                    let boundary = match goes_on {
                        true => AclPacketBoundary::Continuing,
                        false => AclPacketBoundary::FirstFlushable,
                    };
                    hand.send_part(boundary, part);
                    tokio::task::yield_now().await;
                }
                air.disconnect();
                device.until_told("disconnected").await;
                hand.connect().await;
                is_alive(&hand).await;
            })
            .await;
        });
        Ok(())
    });
    tested.unwrap_or_else(|failure| panic!("{failure}"));
}
