//! The device looks around.

use landfall_client::ScanOptions;
use landfall_testkit::{CLEAN, Scheme, networks};

use crate::support::{SCHEMES, assert_joined, pair, provision};

#[test]
fn scan_lists_the_world_strongest_first() {
    for scheme in SCHEMES {
        let mut pair = pair(scheme);
        let mut client = pair.client(CLEAN);
        pair.run(client.open_session(&pair.secret())).expect("an honest client");
        let mut pages = 0;
        let found = pair
            .run(client.scan(ScanOptions::default(), |_, _| pages += 1))
            .expect("the device can scan");
        let seen: Vec<_> = found
            .iter()
            .map(|network| (network.ssid.as_slice(), network.rssi, network.channel))
            .collect();
        let expected: [(&[u8], i32, u32); 5] = [
            (b"home", -40, 6),
            (b"previous", -50, 13),
            (b"cafe", -60, 1),
            (b"home", -70, 11),
            (b"flaky", -85, 3),
        ];
        assert_eq!(seen, expected);
        assert_eq!(pages, 2, "four entries a page");
        assert_joined(&provision(&mut pair, &mut client, &networks::home()), &networks::home());
    }
}

#[test]
fn client_that_leaves_during_a_scan_does_not_hinder_the_next_one() {
    let mut pair = pair(Scheme::Security1);
    let mut first = pair.client(CLEAN);
    pair.run(first.open_session(&pair.secret())).expect("an honest client");
    {
        let mut scan = core::pin::pin!(first.scan(ScanOptions::default(), |_, _| {}));
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        assert!(scan.as_mut().poll(&mut context).is_pending());
    }
    drop(first);
    let mut second = pair.client(CLEAN);
    pair.run(second.open_session(&pair.secret()))
        .expect("it is the second client's turn");
    let found = pair
        .run(second.scan(ScanOptions::default(), |_, _| {}))
        .expect("the device can scan");
    assert_eq!(found.len(), 5);
}
