//! Clients that are broken or hostile; after each of them an honest one succeeds.

use landfall_embassy::{Control, manager::AppInfo};

use crate::{
    harness::{Log, config, device, provision},
    wire::{APPLY_CONFIG, CONNECTING, GET_STATUS, Wire, secret, set_config},
    world::World,
};

/// Has `hostile` at a device of `scheme`, and an honest client after it.
async fn survives(scheme: u8, hostile: impl AsyncFnOnce(&Wire, &Log)) {
    let control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(scheme);
    config.control = Some(&control);
    provision(&mut device(config, &world), &log, async |wire| {
        hostile(wire, &log).await;
        let mut honest = wire.establish(scheme).await;
        assert_eq!(honest.ask("prov-config", GET_STATUS).await, CONNECTING);
        control.stop();
    })
    .await;
}

#[tokio::test]
async fn garbage_on_every_endpoint_fails_and_harms_nobody() {
    for scheme in 0..=2 {
        survives(scheme, async |wire, log| {
            for endpoint in ["prov-session", "prov-config", "prov-scan", "prov-ctrl"] {
                for garbage in [&b"\xff"[..], b"\x08", b"\x0a\xff\xff\xff\xff\x0f", &[0xff; 4096]] {
                    let id = wire.open();
                    assert_eq!(
                        wire.post(Some(id), endpoint, garbage).await,
                        None,
                        "{endpoint} {garbage:02x?}"
                    );
                }
            }
            assert!(log.has("Request on prov-config failed: "));
        })
        .await;
    }
}

#[tokio::test]
async fn requests_before_the_handshake_are_refused() {
    for scheme in 1..=2 {
        survives(scheme, async |wire, _| {
            let id = wire.open();
            for (endpoint, request) in [
                ("prov-config", GET_STATUS),
                ("custom-data", b"hello"),
                ("prov-config", APPLY_CONFIG),
            ] {
                assert_eq!(wire.post(Some(id), endpoint, request).await, None, "{endpoint}");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn endpoints_that_are_not_there_are_refused() {
    survives(0, async |wire, _| {
        let mut client = wire.establish(0).await;
        assert_eq!(client.try_ask("nothing", b"x").await, None);
        assert_eq!(client.ask("prov-config", GET_STATUS).await, CONNECTING);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_over_is_answered_no_more() {
    survives(1, async |wire, _| {
        let mut first = wire.establish(1).await;
        let second = wire.establish(1).await;
        assert_eq!(first.try_ask("prov-config", GET_STATUS).await, None);
        wire.close(second.id());
        assert_eq!(wire.post(Some(second.id()), "prov-config", GET_STATUS).await, None);
    })
    .await;
}

#[tokio::test]
async fn what_one_client_offered_the_next_cannot_apply() {
    survives(0, async |wire, log| {
        let mut first = wire.establish(0).await;
        first.ask("prov-config", &set_config("myssid", "mypassword")).await;
        let mut second = wire.establish(0).await;
        assert_ne!(second.ask("prov-config", APPLY_CONFIG).await, b"\x08\x05\x7a\x00");
        assert!(!log.has("Received Wi-Fi credentials"));
    })
    .await;
}

#[tokio::test]
async fn a_message_that_was_tampered_with_ends_its_session() {
    survives(2, async |wire, _| {
        let mut client = wire.establish(2).await;
        assert_eq!(wire.post(Some(client.id()), "prov-config", &[7; 40]).await, None);
        assert_eq!(client.try_ask("prov-config", GET_STATUS).await, None);
    })
    .await;
}

#[tokio::test]
async fn anybody_may_ask_what_a_device_can_without_disturbing_its_client() {
    let control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(2);
    config.control = Some(&control);
    config.provisioning.app_info = &[AppInfo {
        label: "mine",
        version: "1.2",
        capabilities: &["blinks"],
    }];
    provision(&mut device(config, &world), &log, async |wire| {
        let mut client = wire.establish(2).await;
        let asked = wire.post(None, "proto-ver", b"---").await.expect("answered");
        let text = String::from_utf8(asked).expect("text");
        assert!(
            text.contains("\"sec_ver\":\t2") && text.contains("\"mine\":\t{"),
            "{text}"
        );
        assert_eq!(client.ask("prov-config", GET_STATUS).await, CONNECTING);
        control.stop();
    })
    .await;
}

#[tokio::test]
async fn wrong_proofs_in_a_row_lock_the_device_for_a_while() {
    let control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(1);
    config.control = Some(&control);
    provision(&mut device(config, &world), &log, async |wire| {
        use landfall_embassy::protocomm::client::Security;
        for _ in 0..5 {
            assert!(
                wire.try_establish(Security::Security1 { pop: b"wrong" })
                    .await
                    .is_none()
            );
        }
        assert!(wire.try_establish(secret(1)).await.is_none(), "locked");
        assert!(log.has("Too many wrong proofs in a row"));
        control.stop();
    })
    .await;
}
