//! Encrypted links (spec transports.md 1.5).

use core::time::Duration;

use bt_hci::event::EventKind;
use landfall_trouble::{
    Address, Seed,
    central::{Error, Peer, run},
    peripheral::{Config, Pairing},
};

use crate::{
    air::{ATT, Air, CLIENT, Card, DEVICE, Hand, SMP},
    device::{ADDRESS, Device, SEED, config},
};

/// The handle of `prov-session`.
const SESSION: u16 = 3;
const PATIENCE: Duration = Duration::from_secs(5);

fn required() -> Config<'static> {
    Config {
        pairing: Pairing::Required(&SEED),
        ..config()
    }
}

/// Our client, connected to what is there.
pub(crate) async fn connected<'a, R>(
    air: &'a Air,
    work: impl AsyncFnOnce(&Peer<'_, '_, Card<'a>>) -> R,
) -> Result<R, Error> {
    let own = Address::random([1, 2, 3, 4, 5, 0xc6]);
    let seed = Seed::new([9; 32]);
    air.hand(CLIENT).find().await;
    run(air.card(CLIENT), Some(own), &seed, async |central| {
        central.connect(Address::random(ADDRESS), PATIENCE, work).await
    })
    .await
    .expect("the controller works")
}

async fn exchange(peer: &Peer<'_, '_, Card<'_>>) -> Vec<u8> {
    peer.write(SESSION, b"request").await.expect("the device takes it");
    let mut answer = [0; 512];
    let len = peer.read(SESSION, &mut answer).await.expect("there is an answer");
    answer[..len].to_vec()
}

#[tokio::test]
async fn our_client_pairs_with_a_device_that_wants_it() {
    for long in [false, true] {
        let air = Air::new();
        Device::with(required(), &air, async |device| {
            connected(&air, async |peer| {
                let mut name = [0; 64];
                let len = peer.read(SESSION + 1, &mut name).await.expect("names are open");
                assert_eq!(&name[..len], b"prov-session");
                assert!(!air.is_encrypted());
                if long {
                    peer.write(SESSION, &[7; 400]).await.expect("long writes pair too");
                }
                assert_eq!(exchange(peer).await, b"tseuqer");
                assert!(air.is_encrypted());
            })
            .await
            .expect("a connection");
            device.until_told("disconnected").await;
        })
        .await;
    }
}

#[tokio::test]
async fn every_connection_pairs_for_itself() {
    let air = Air::new();
    Device::with(required(), &air, async |_| {
        for _ in 0..3 {
            let answer = connected(&air, exchange).await;
            assert_eq!(answer, Ok(b"tseuqer".to_vec()));
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_pairs_where_it_is_not_wanted() {
    let air = Air::new();
    let offered = Config {
        pairing: Pairing::Offered(&SEED),
        ..config()
    };
    Device::with(offered, &air, async |_| {
        let encrypted = connected(&air, async |peer| {
            assert_eq!(exchange(peer).await, b"tseuqer");
            air.is_encrypted()
        });
        assert_eq!(encrypted.await, Ok(false));
    })
    .await;
}

#[tokio::test]
async fn values_need_encryption_and_nothing_else_does() {
    let air = Air::new();
    let notify = Config {
        notify: true,
        ..required()
    };
    Device::with(notify, &air, async |_| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        assert_eq!(hand.ask(&[0x0a, 3, 0]).await, [0x01, 0x0a, 3, 0, 0x05]);
        assert_eq!(hand.ask(&[0x0c, 3, 0, 1, 0]).await, [0x01, 0x0c, 3, 0, 0x05]);
        assert_eq!(hand.ask(b"\x12\x03\x00abc").await, [0x01, 0x12, 3, 0, 0x05]);
        assert_eq!(hand.ask(b"\x16\x03\x00\x00\x00abc").await[..2], [0x01, 0x16]);
        assert_eq!(hand.ask(&[0x18, 1]).await, [0x19], "nothing was prepared");
        hand.send(b"\x52\x03\x00abc");
        assert_eq!(hand.ask(&[0x0a, 5, 0]).await, b"\x0bprov-session");
        assert_eq!(hand.ask(&[0x12, 4, 0, 1, 0]).await, [0x13]);
    })
    .await;
}

/// Plays a device that wants encryption, as far as the client's request for pairing.
async fn wants_encryption(hand: &Hand<'_>) {
    assert_eq!(hand.next_on(ATT).await.expect("a request")[0], 0x02);
    hand.send(&[0x03, 0, 1]);
    assert_eq!(hand.next_on(ATT).await, Some(b"\x12\x03\x00request".to_vec()));
    hand.send(&[0x01, 0x12, 3, 0, 0x0f]);
    let request = hand.next_on(SMP).await.expect("a request for pairing");
    assert_eq!(
        request,
        [0x01, 0x03, 0, 0x08, 16, 0, 0],
        "nothing to type, Secure Connections"
    );
}

#[tokio::test]
async fn a_device_that_does_not_pair_is_told_apart() {
    let air = Air::new();
    air.advertise();
    let client = connected(&air, async |peer| peer.write(SESSION, b"request").await);
    let device = async {
        let hand = air.hand(DEVICE);
        wants_encryption(&hand).await;
        hand.send_on(SMP, &[0x05, 0x05]);
        hand.next_on(ATT).await
    };
    let (result, _) = tokio::join!(client, device);
    assert_eq!(result, Ok(Err(Error::Pairing)));
}

#[tokio::test]
async fn a_device_that_leaves_while_pairing_is_lost() {
    let air = Air::new();
    air.advertise();
    let client = connected(&air, async |peer| peer.write(SESSION, b"request").await);
    let device = async {
        wants_encryption(&air.hand(DEVICE)).await;
        air.disconnect();
    };
    let (result, ()) = tokio::join!(client, device);
    assert_eq!(result, Err(Error::Disconnected));
}

const PAIRING_REQUEST: [u8; 7] = [0x01, 0x03, 0, 0x08, 16, 0, 0];

#[tokio::test]
async fn a_device_that_does_not_offer_pairing_says_nothing_to_it() {
    let air = Air::new();
    Device::with(config(), &air, async |_| {
        let hand = air.hand(CLIENT);
        hand.connect().await;
        hand.send_on(SMP, &PAIRING_REQUEST);
        // The answer comes, and nothing before it.
        hand.send(&[0x0a, 4, 0]);
        assert_eq!(hand.next_on(ATT).await, Some(b"\x0bprov-session".to_vec()));
    })
    .await;
}

/// What clients can do to the host's notion of pairing; after each the device is found and answers.
#[tokio::test]
async fn a_client_cannot_stop_a_device_by_pairing_badly() {
    type Mischief = fn(&Air, &Hand<'_>);
    let mischiefs: [(&str, Mischief); 9] = [
        ("asks for a key that nobody has", |air, _| air.ask_for_key(&[1; 16])),
        ("asks for keys again and again", |air, _| {
            (0..10).for_each(|_| air.ask_for_key(&[1; 16]))
        }),
        ("asks for a key in the middle", |air, hand| {
            hand.send_on(SMP, &PAIRING_REQUEST);
            air.ask_for_key(&[1; 16]);
        }),
        ("is encrypted in the middle", |air, hand| {
            hand.send_on(SMP, &PAIRING_REQUEST);
            air.event(DEVICE, EventKind::EncryptionChangeV1, &[0, 1, 0, 1]);
        }),
        ("is encrypted anew in the middle", |air, hand| {
            hand.send_on(SMP, &PAIRING_REQUEST);
            air.event(DEVICE, EventKind::EncryptionKeyRefreshComplete, &[0, 1, 0]);
        }),
        ("fails to be encrypted", |air, _| {
            air.event(DEVICE, EventKind::EncryptionChangeV1, &[0x3d, 1, 0, 0]);
        }),
        ("fails to be encrypted when it is gone", |air, _| {
            air.disconnect();
            air.event(DEVICE, EventKind::EncryptionChangeV1, &[0x3d, 1, 0, 0]);
        }),
        ("presses many keys, and asks for one", |air, hand| {
            hand.send_on(SMP, &PAIRING_REQUEST);
            (0..20).for_each(|_| hand.send_on(SMP, &[0x0e, 0]));
            air.ask_for_key(&[1; 16]);
        }),
        ("sends points that lie on no curve", |_, hand| {
            hand.send_on(SMP, &PAIRING_REQUEST);
            hand.send_on(SMP, &[&[0x0c][..], &[0xff; 64]].concat());
            hand.send_on(SMP, &PAIRING_REQUEST);
            hand.send_on(SMP, &[&[0x0c][..], &[0; 64]].concat());
        }),
    ];
    let air = Air::new();
    Device::with(required(), &air, async |device| {
        for (what, mischief) in mischiefs {
            let hand = air.hand(CLIENT);
            hand.connect().await;
            device.until_told("connected").await;
            mischief(&air, &hand);
            tokio::time::sleep(Duration::from_millis(50)).await;
            air.disconnect();
            device.until_told("disconnected").await;
            let answer = connected(&air, exchange).await;
            assert_eq!(answer, Ok(b"tseuqer".to_vec()), "{what}");
            device.until_told("disconnected").await;
        }
    })
    .await;
}

#[tokio::test]
async fn truncated_packets_of_pairing_are_refused() {
    let air = Air::new();
    Device::with(required(), &air, async |_| {
        let hand = air.hand(CLIENT);
        for kind in 0..=16 {
            for len in [0, 1, 2, 6, 7, 16, 17, 64, 65, 80] {
                if !air.is_connected() {
                    hand.connect().await;
                }
                hand.send_on(SMP, &[&[kind][..], &vec![kind; len]].concat());
                hand.send(&[0x0a, 4, 0]);
                // The host ends some connections over it.
                if let Some(answer) = hand.next_on(ATT).await {
                    assert_eq!(answer, b"\x0bprov-session");
                }
            }
        }
    })
    .await;
}
