//! The main job.

use core::time::Duration;

use landfall_embassy::{
    Control, Device, Ended, MemoryStore, Store,
    manager::{AttemptLimit, AutoStop, Credentials, DisconnectReason},
};
use tokio::time::{Instant, sleep};

use crate::{
    harness::{Log, config, device, provision, random, ssid},
    wire::{GET_STATUS, SCAN_BLOCKING, SCAN_STATUS, secret},
    world::{World, credentials},
};

const FAILED_AUTH: &[u8] = b"\x08\x01\x5a\x04\x10\x03\x50\x00";
const FAILED_NOT_FOUND: &[u8] = b"\x08\x01\x5a\x04\x10\x03\x50\x01";

#[tokio::test]
async fn a_device_is_provisioned_under_every_scheme() {
    for scheme in 0..=2 {
        let (world, log) = (World::new(), Log::default());
        let mut device = device(config(scheme), &world);
        let ended = provision(&mut device, &log, async |wire| {
            let mut client = wire.establish(scheme).await;
            client.set_and_apply("myssid", "mypassword").await;
            let status = client.wait_for_result().await;
            assert!(
                status.windows(14).any(|text| text == b"192.168.43.243"),
                "{status:02x?}"
            );
        })
        .await;
        assert_eq!(ended, Ended::Provisioned(ssid("myssid")), "scheme {scheme}");
        assert_eq!(device.stored().await, Ok(Some(credentials("myssid", "mypassword"))));
        assert_eq!(device.station().map(|station| station.ssid), Some(ssid("myssid")));
        assert!(world.is_joined(), "it stays on its network");
        assert!(!format!("{:?}{:?}", log.lines, log.kinds).contains("mypassword"));
    }
}

#[tokio::test]
async fn the_log_reads_as_the_originals_does() {
    let (world, log) = (World::new(), Log::default());
    provision(&mut device(config(2), &world), &log, async |wire| {
        let mut client = wire.establish(2).await;
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
    })
    .await;
    assert_eq!(
        *log.lines.borrow(),
        [
            "Starting provisioning",
            "Provisioning started",
            "Secured session established!",
            "Received Wi-Fi credentials\n\tSSID     : myssid",
            "Joining myssid",
            "Stored the credentials of myssid",
            "Provisioning successful",
            "Connected with IP Address:192.168.43.243",
            "Provisioning stopped",
        ]
    );
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_told() {
    use landfall_embassy::protocomm::client::Security;
    let (world, log) = (World::new(), Log::default());
    static CONTROL: Control = Control::new();
    let mut config = config(1);
    config.control = Some(&CONTROL);
    let ended = provision(&mut device(config, &world), &log, async |wire| {
        assert!(
            wire.try_establish(Security::Security1 { pop: b"wrong" })
                .await
                .is_none()
        );
        assert!(wire.try_establish(secret(2)).await.is_none(), "another scheme");
        assert!(wire.try_establish(secret(1)).await.is_some());
        CONTROL.stop();
    })
    .await;
    assert_eq!(ended, Ended::Stopped);
    assert!(log.has("Received incorrect username and/or PoP for establishing secure session!"));
}

#[tokio::test]
async fn a_wrong_passphrase_is_told_and_the_right_one_taken_from_the_next_client() {
    let (world, log) = (World::new(), Log::default());
    let mut device = device(config(2), &world);
    let ended = provision(&mut device, &log, async |wire| {
        let mut first = wire.establish(2).await;
        first.set_and_apply("myssid", "wrong password").await;
        assert_eq!(first.wait_for_result().await, FAILED_AUTH);
        first.set_and_apply("nowhere", "mypassword").await;
        assert_eq!(first.wait_for_result().await, FAILED_NOT_FOUND);
        wire.close(first.id());
        let mut second = wire.establish(2).await;
        second.set_and_apply("myssid", "mypassword").await;
        second.wait_for_result().await;
    })
    .await;
    assert_eq!(ended, Ended::Provisioned(ssid("myssid")));
    assert!(log.has("Provisioning failed!\n\tReason : Wi-Fi station authentication failed"));
    assert!(log.has("Reason : Wi-Fi access-point not found"));
    assert_eq!(device.stored().await, Ok(Some(credentials("myssid", "mypassword"))));
}

#[tokio::test]
async fn a_wrong_passphrase_keeps_the_previous_network_in_the_store() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(0);
    config.control = Some(&CONTROL);
    let mut device = device(config, &world);
    let before = credentials("MobileHotspot", "mypassword");
    device.store_mut().save(&before).await.expect("memory");
    let ended = provision(&mut device, &log, async |wire| {
        let mut client = wire.establish(0).await;
        client.set_and_apply("myssid", "wrong password").await;
        client.wait_for_result().await;
        CONTROL.stop();
    })
    .await;
    assert_eq!(ended, Ended::Stopped);
    assert_eq!(device.stored().await, Ok(Some(before)));
}

#[tokio::test]
async fn attempts_are_limited_and_counted_anew_for_new_credentials() {
    let (world, log) = (World::new(), Log::default());
    let mut config = config(0);
    config.provisioning.attempts = AttemptLimit::Total(3);
    world.failures.set(3);
    let ended = provision(&mut device(config, &world), &log, async |wire| {
        let mut client = wire.establish(0).await;
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
        assert_eq!(log.count("attempts left: "), 2);
        // Two more failures are one too few to give up.
        world.failures.set(2);
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
    })
    .await;
    assert_eq!(ended, Ended::Provisioned(ssid("myssid")));
    assert_eq!(
        world.take_done().iter().filter(|done| *done == "join myssid").count(),
        6
    );
}

#[tokio::test]
async fn a_reset_after_a_failure_has_the_device_wait_again() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(0);
    config.control = Some(&CONTROL);
    provision(&mut device(config, &world), &log, async |wire| {
        let mut client = wire.establish(0).await;
        client.set_and_apply("nowhere", "").await;
        client.wait_for_result().await;
        CONTROL.reset_on_failure();
        sleep(Duration::from_millis(50)).await;
        assert_eq!(client.ask("prov-config", GET_STATUS).await, crate::wire::CONNECTING);
        CONTROL.stop();
    })
    .await;
}

#[tokio::test]
async fn reprovisioning_takes_a_second_network() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(0);
    config.control = Some(&CONTROL);
    config.provisioning.auto_stop = AutoStop::Disabled;
    let mut device = device(config, &world);
    let ended = provision(&mut device, &log, async |wire| {
        let mut client = wire.establish(0).await;
        client.set_and_apply("MobileHotspot", "mypassword").await;
        client.wait_for_result().await;
        CONTROL.reprovision();
        log.until("Provisioning started", 2).await;
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
        CONTROL.stop();
    })
    .await;
    assert_eq!(ended, Ended::Provisioned(ssid("myssid")));
    assert_eq!(device.stored().await, Ok(Some(credentials("myssid", "mypassword"))));
    assert_eq!(
        world.take_done(),
        ["leave", "join MobileHotspot", "leave", "join myssid"]
    );
}

#[tokio::test]
async fn credentials_from_elsewhere_are_joined_without_a_client() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(2);
    config.control = Some(&CONTROL);
    let mut device = device(config, &world);
    let ended = provision(&mut device, &log, async |_| {
        log.until("Provisioning started", 1).await;
        CONTROL.configure(credentials("myssid", "mypassword"));
        log.until("Provisioning successful", 1).await;
        CONTROL.stop();
    })
    .await;
    assert_eq!(ended, Ended::Provisioned(ssid("myssid")));
    assert_eq!(device.stored().await, Ok(Some(credentials("myssid", "mypassword"))));
}

#[tokio::test]
async fn a_blocking_scan_answers_when_it_is_done() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    world.scan_time.set(Duration::from_millis(300));
    let mut config = config(2);
    config.control = Some(&CONTROL);
    provision(&mut device(config, &world), &log, async |wire| {
        let mut client = wire.establish(2).await;
        let begun = Instant::now();
        assert_eq!(client.ask("prov-scan", SCAN_BLOCKING).await, b"\x08\x01\x5a\x00");
        assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
        assert_eq!(
            client.ask("prov-scan", SCAN_STATUS).await,
            b"\x08\x03\x6a\x04\x08\x01\x10\x02"
        );
        CONTROL.stop();
    })
    .await;
    assert!(world.take_done().contains(&"scan".to_owned()));
}

#[tokio::test]
async fn a_scan_that_cannot_be_made_is_an_answer() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    world.deaf.set(true);
    let mut config = config(0);
    config.control = Some(&CONTROL);
    provision(&mut device(config, &world), &log, async |wire| {
        let mut client = wire.establish(0).await;
        // InternalError.
        assert_eq!(
            client.ask("prov-scan", SCAN_BLOCKING).await,
            b"\x08\x01\x10\x05\x5a\x00"
        );
        world.deaf.set(false);
        assert_eq!(client.ask("prov-scan", SCAN_BLOCKING).await, b"\x08\x01\x5a\x00");
        CONTROL.stop();
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_a_blocking_scan_is_owed_nothing() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    world.scan_time.set(Duration::from_millis(300));
    let mut config = config(0);
    config.control = Some(&CONTROL);
    provision(&mut device(config, &world), &log, async |wire| {
        let client = wire.establish(0).await;
        let owed = wire.post(Some(client.id()), "prov-scan", SCAN_BLOCKING);
        let next = wire.establish(0).await;
        assert_eq!(owed.await, None);
        assert_ne!(next.id(), client.id());
        CONTROL.stop();
    })
    .await;
}

#[tokio::test]
async fn a_client_that_is_gone_after_it_applied_changes_nothing() {
    let (world, log) = (World::new(), Log::default());
    let mut config = config(1);
    config.provisioning.auto_stop = AutoStop::After(Duration::from_secs(6));
    let ended = provision(&mut device(config, &world), &log, async |wire| {
        let mut client = wire.establish(1).await;
        client.set_and_apply("myssid", "mypassword").await;
        wire.close(client.id());
    })
    .await;
    assert_eq!(ended, Ended::Provisioned(ssid("myssid")));
}

#[tokio::test]
async fn an_application_endpoint_answers_under_every_scheme_and_may_refuse() {
    for scheme in 0..=2 {
        let control = Control::new();
        let (world, log) = (World::new(), Log::default());
        let mut config = config(scheme);
        config.control = Some(&control);
        provision(&mut device(config, &world), &log, async |wire| {
            let mut client = wire.establish(scheme).await;
            assert_eq!(client.ask("custom-data", b"hello").await, b"hello heard");
            assert_eq!(client.ask("custom-data", b"again").await, b"again heard");
            // All that there is room for: the buffer without the tag.
            assert_eq!(client.ask("custom-data", b"all").await.len(), 1024 - 16);
            assert_eq!(client.try_ask("custom-data", b"no").await, None);
            let mut next = wire.establish(scheme).await;
            assert_eq!(next.try_ask("custom-data", b"much").await, None);
            control.stop();
        })
        .await;
        assert_eq!(
            log.count("Request on custom-data failed: the application refused the request"),
            2
        );
    }
}

/// Memory that cannot be written.
struct WornOut;

#[derive(Debug, thiserror::Error)]
#[error("the flash memory is worn out")]
struct Worn;

impl Store for WornOut {
    type Error = Worn;

    async fn load(&mut self) -> Result<Option<Credentials>, Worn> {
        Ok(None)
    }

    async fn save(&mut self, _: &Credentials) -> Result<(), Worn> {
        Err(Worn)
    }

    async fn erase(&mut self) -> Result<(), Worn> {
        Err(Worn)
    }
}

#[tokio::test]
async fn a_failed_save_is_told_and_the_device_still_joins() {
    let (world, log) = (World::new(), Log::default());
    let mut device = Device::new(config(0), &world, WornOut, random as fn(&mut [u8]));
    let ended = provision(&mut device, &log, async |wire| {
        let mut client = wire.establish(0).await;
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
    })
    .await;
    assert_eq!(ended, Ended::Provisioned(ssid("myssid")));
    assert!(log.has("The credentials could not be stored: the flash memory is worn out"));
}

#[tokio::test]
async fn a_device_can_be_stopped_in_every_state() {
    for state in ["waiting", "session", "trying", "joining", "failed", "joined", "before"] {
        let control = Control::new();
        let (world, log) = (World::new(), Log::default());
        let mut config = config(1);
        config.control = Some(&control);
        if state == "joining" {
            world.join_time.set(Duration::from_secs(30));
        }
        if state == "before" {
            control.stop();
        }
        let mut device: Device<'_, _, MemoryStore, _> = device(config, &world);
        let ended = provision(&mut device, &log, async |wire| {
            log.until("Provisioning started", 1).await;
            if !["waiting", "before"].contains(&state) {
                let mut client = wire.establish(1).await;
                match state {
                    "trying" | "joining" | "joined" => client.set_and_apply("myssid", "mypassword").await,
                    "failed" => client.set_and_apply("nowhere", "").await,
                    _ => {}
                }
            }
            match state {
                "joining" => log.until("Joining", 1).await,
                "failed" => log.until("Provisioning failed!", 1).await,
                "joined" => log.until("Provisioning successful", 1).await,
                _ => {}
            }
            control.stop();
        })
        .await;
        let joined = state == "joined";
        let expected = if joined {
            Ended::Provisioned(ssid("myssid"))
        } else {
            Ended::Stopped
        };
        assert_eq!(ended, expected, "{state}");
        assert_eq!(world.is_joined(), joined, "{state}");
        assert_eq!(device.stored().await.expect("memory").is_some(), joined, "{state}");
        assert!(log.has("Provisioning stopped"), "{state}");
    }
}

#[tokio::test]
async fn a_device_that_stays_home_goes_back_after_a_failed_try_and_takes_that_for_no_success() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let home = credentials("myssid", "mypassword");
    let mut config = config(0);
    config.control = Some(&CONTROL);
    config.stay_home = true;
    let mut device = device(config, &world);
    device.store_mut().save(&home).await.expect("memory");
    let ended = provision(&mut device, &log, async |wire| {
        log.until("Connected with", 1).await;
        let mut client = wire.establish(0).await;
        // A scan beside the connection.
        assert_eq!(client.ask("prov-scan", SCAN_BLOCKING).await, b"\x08\x01\x5a\x00");
        assert!(world.is_joined());
        // The same network with another passphrase: being at home again is not what the client wants to hear.
        client.set_and_apply("myssid", "wrong password").await;
        assert_eq!(client.wait_for_result().await, FAILED_AUTH);
        log.until("Connected with", 2).await;
        assert!(!log.has("Provisioning successful"));
        CONTROL.stop();
    })
    .await;
    assert_eq!(ended, Ended::Provisioned(home.ssid));
    assert_eq!(device.stored().await, Ok(Some(home)));
}

#[tokio::test]
async fn a_scan_comes_before_the_way_home_which_is_begun_anew() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    // It is not over before the scan, however slow the client is.
    world.join_time.set(Duration::from_secs(60));
    let mut config = config(0);
    config.control = Some(&CONTROL);
    config.stay_home = true;
    let mut device = device(config, &world);
    let home = credentials("myssid", "mypassword");
    device.store_mut().save(&home).await.expect("memory");
    let ended = provision(&mut device, &log, async |wire| {
        while world.done.borrow().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
        world.join_time.set(Duration::from_millis(20));
        let mut client = wire.establish(0).await;
        assert_eq!(client.ask("prov-scan", SCAN_BLOCKING).await, b"\x08\x01\x5a\x00");
        log.until("Connected with", 1).await;
        CONTROL.stop();
    })
    .await;
    assert_eq!(ended, Ended::Provisioned(home.ssid));
    let done = world.take_done();
    assert_eq!(done, ["join myssid", "dropped", "leave", "scan", "join myssid"]);
}

#[tokio::test]
async fn a_new_device_that_stays_home_comes_back_to_the_network_it_was_given() {
    static CONTROL: Control = Control::new();
    let (world, log) = (World::new(), Log::default());
    let mut config = config(0);
    config.control = Some(&CONTROL);
    config.stay_home = true;
    config.provisioning.auto_stop = AutoStop::Disabled;
    let ended = provision(&mut device(config, &world), &log, async |wire| {
        let mut client = wire.establish(0).await;
        client.set_and_apply("myssid", "mypassword").await;
        client.wait_for_result().await;
        let away = world.networks.take();
        world.lose(DisconnectReason::Other);
        log.until("Provisioning failed!", 1).await;
        log.until("Disconnected. Connecting to the AP again...", 1).await;
        world.networks.replace(away);
        log.until("Connected with", 2).await;
        CONTROL.stop();
    })
    .await;
    assert_eq!(ended, Ended::Provisioned(ssid("myssid")));
}
