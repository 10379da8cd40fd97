//! The main job, over HTTP.

use core::{net::Ipv4Addr, time::Duration};

use landfall_device::{
    Device, Ended, Event, FileStore, Security, SimulatedWifi, Store, StoreError, World,
    manager::{self, AttemptLimit, AutoStop, Credentials, FailReason, Passphrase, Ssid},
};
use tokio::time::{Instant, timeout};

use crate::{
    client::{Client, GET_STATUS, SCAN_BLOCKING, SCAN_STATUS},
    harness::{all_schemes, device, provision, provision_built},
};

fn credentials(ssid: &[u8], passphrase: &[u8]) -> Credentials {
    Credentials {
        ssid: Ssid::new(ssid).expect("short enough"),
        passphrase: Passphrase::new(passphrase).expect("short enough"),
        bssid: None,
        channel: None,
    }
}

#[tokio::test]
async fn a_device_is_provisioned_under_every_scheme() {
    for security in all_schemes() {
        let scheme = security.scheme();
        let running = provision(device(security)).await;
        let mut client = Client::establish(running.address, scheme).await;
        client.set_and_apply(b"myssid", b"mypassword").await;
        let status = client.wait_for_result().await;
        assert!(
            status.windows(14).any(|text| text == b"192.168.43.243"),
            "scheme {scheme}: {status:02x?}"
        );

        let (ended, device, events) = running.ended().await;
        assert_eq!(
            ended,
            Ended::Provisioned(Ssid::new(b"myssid").expect("short")),
            "scheme {scheme}"
        );
        assert_eq!(
            device.stored().expect("readable"),
            Some(credentials(b"myssid", b"mypassword"))
        );
        assert_eq!(
            device.station().map(|station| station.ip),
            Some(Ipv4Addr::new(192, 168, 43, 243))
        );
        assert!(events.contains(&Event::Manager(manager::Event::Ended)));
        assert!(!format!("{events:?}").contains("mypassword"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_runs_on_several_threads_in_real_time_too() {
    let running = provision(device(Security::development())).await;
    let mut client = Client::establish(running.address, 2).await;
    client.set_and_apply(b"myssid", b"mypassword").await;
    client.wait_for_result().await;
    let (ended, ..) = running.ended().await;
    assert_eq!(ended, Ended::Provisioned(Ssid::new(b"myssid").expect("short")));
}

#[tokio::test]
async fn events_come_in_the_order_of_the_job() {
    let running = provision(device(Security::Security0)).await;
    let mut client = Client::establish(running.address, 0).await;
    client.set_and_apply(b"myssid", b"mypassword").await;
    client.wait_for_result().await;
    let (_, device, events) = running.ended().await;
    let ssid = Ssid::new(b"myssid").expect("short");
    let station = *device.station().expect("joined");
    let told: Vec<_> = events
        .into_iter()
        .filter(|event| !matches!(event, Event::Client(_)))
        .collect();
    assert_eq!(
        told,
        [
            Event::Manager(manager::Event::Started),
            Event::Manager(manager::Event::CredentialsReceived { ssid }),
            Event::Joining { ssid },
            Event::Saved { ssid },
            Event::Manager(manager::Event::CredentialsSucceeded(station)),
            Event::Manager(manager::Event::Ended),
        ]
    );
}

#[tokio::test]
async fn a_wrong_password_keeps_the_previous_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = FileStore::open(folder.path()).expect("free");
    store
        .save(&credentials(b"MobileHotspot", b"mypassword"))
        .expect("writable");
    let builder = device(Security::Security0)
        .store(store)
        .attempts(AttemptLimit::Total(1));
    let running = provision(builder).await;
    let mut client = Client::establish(running.address, 0).await;
    client.set_and_apply(b"myssid", b"wrong password").await;
    assert_eq!(client.wait_for_result().await, b"\x08\x01\x5a\x04\x10\x03\x50\x00");
    let failed = Event::Manager(manager::Event::CredentialsFailed {
        reason: FailReason::AuthError,
    });
    assert!(running.events().contains(&failed));

    running.handle.stop();
    let (ended, device, _) = running.ended().await;
    assert_eq!(ended, Ended::Stopped);
    assert_eq!(
        device.stored().expect("readable"),
        Some(credentials(b"MobileHotspot", b"mypassword"))
    );
}

#[tokio::test]
async fn a_second_try_succeeds_in_a_new_session_without_a_reset() {
    let running = provision(device(Security::development()).attempts(AttemptLimit::Total(1))).await;
    let mut first = Client::establish(running.address, 2).await;
    first.set_and_apply(b"nowhere", b"mypassword").await;
    assert_eq!(first.wait_for_result().await, b"\x08\x01\x5a\x04\x10\x03\x50\x01");
    drop(first);
    let mut second = Client::establish(running.address, 2).await;
    second.set_and_apply(b"myssid", b"mypassword").await;
    second.wait_for_result().await;
    let (ended, ..) = running.ended().await;
    assert_eq!(ended, Ended::Provisioned(Ssid::new(b"myssid").expect("short")));
}

#[tokio::test]
async fn a_client_that_lost_its_connection_goes_on_with_its_cookie() {
    let running = provision(device(Security::development())).await;
    let mut client = Client::establish(running.address, 2).await;
    client.set_and_apply(b"myssid", b"mypassword").await;
    client.connection = crate::client::Connection::open(running.address).await;
    client.wait_for_result().await;
    running.ended().await;
}

#[tokio::test]
async fn a_blocking_scan_answers_when_it_is_done() {
    let running = provision(device(Security::development())).await;
    let mut client = Client::establish(running.address, 2).await;
    let begun = Instant::now();
    assert_eq!(client.ask("prov-scan", SCAN_BLOCKING).await, b"\x08\x01\x5a\x00");
    assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
    assert_eq!(
        client.ask("prov-scan", SCAN_STATUS).await,
        b"\x08\x03\x6a\x04\x08\x01\x10\x05"
    );
}

#[tokio::test]
async fn a_client_that_leaves_a_blocking_scan_leaves_the_device_working() {
    let running = provision(device(Security::Security0)).await;
    let mut client = Client::establish(running.address, 0).await;
    client
        .connection
        .send(crate::client::request("prov-scan", None, SCAN_BLOCKING))
        .await;
    drop(client);
    let mut next = Client::establish(running.address, 0).await;
    assert_eq!(next.ask("prov-config", GET_STATUS).await, b"\x08\x01\x5a\x02\x10\x01");
}

#[tokio::test]
async fn an_application_endpoint_answers_under_every_scheme_and_may_refuse() {
    for security in all_schemes() {
        let scheme = security.scheme();
        let mut calls = 0;
        let builder = device(security).endpoint("custom-data", move |request| {
            calls += 1;
            (request != b"no").then(|| [request, b" heard ", &[b'0' + calls]].concat())
        });
        let running = provision(builder).await;
        let mut client = Client::establish(running.address, scheme).await;
        assert_eq!(client.ask("custom-data", b"hello").await, b"hello heard 1");
        assert_eq!(client.ask("custom-data", b"again").await, b"again heard 2");
        assert_eq!(client.try_ask("custom-data", b"no").await, None);
        let failed =
            |event: &Event| matches!(event, Event::RequestFailed { endpoint, .. } if endpoint == "custom-data");
        assert!(running.events().iter().any(failed), "scheme {scheme}");
    }
}

#[tokio::test]
async fn an_application_answer_that_is_too_long_fails_its_request_only() {
    let builder = device(Security::Security0).endpoint("long", |request| Some(vec![b'x'; request.len() * 1000]));
    let running = provision(builder).await;
    let mut client = Client::establish(running.address, 0).await;
    assert_eq!(client.ask("long", b"four").await.len(), 4000);
    assert_eq!(client.try_ask("long", b"fives").await, None);
    let mut next = Client::establish(running.address, 0).await;
    assert_eq!(next.ask("long", b"x").await.len(), 1000);
}

#[tokio::test]
async fn a_stop_order_ends_the_service_and_frees_the_port() {
    let running = provision(device(Security::Security0)).await;
    let address = running.address;
    let mut idle = crate::client::Connection::open(address).await;
    assert_eq!(
        idle.post("proto-ver", None, b"---").await.expect("answered").status,
        200
    );
    running.handle.stop();
    let (ended, device, _) = running.ended().await;
    assert_eq!(ended, Ended::Stopped);
    assert!(idle.is_closed().await);
    let again = landfall_device::HttpService::bind(address).await;
    assert!(again.is_ok(), "the port is free again");
    assert_eq!(device.stored().expect("readable"), None);
}

#[tokio::test]
async fn reprovisioning_takes_a_second_network() {
    let running = provision(device(Security::Security0).auto_stop(AutoStop::Disabled)).await;
    let mut client = Client::establish(running.address, 0).await;
    client.set_and_apply(b"MobileHotspot", b"mypassword").await;
    client.wait_for_result().await;
    running.handle.reprovision();
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.set_and_apply(b"myssid", b"mypassword").await;
    client.wait_for_result().await;
    running.handle.stop();
    let (ended, device, _) = running.ended().await;
    assert_eq!(ended, Ended::Provisioned(Ssid::new(b"myssid").expect("short")));
    assert_eq!(
        device.stored().expect("readable"),
        Some(credentials(b"myssid", b"mypassword"))
    );
}

#[tokio::test]
async fn a_device_that_stays_home_goes_back_after_a_failed_try_and_takes_that_for_no_success() {
    let home = credentials(b"myssid", b"mypassword");
    let mut store = landfall_device::MemoryStore::default();
    store.save(&home).expect("memory");
    let staying = device(Security::Security0)
        .store(store)
        .stay_home()
        .attempts(AttemptLimit::Total(1));
    let running = provision(staying).await;
    let mut client = Client::establish(running.address, 0).await;
    let joins = |event: &&Event| matches!(event, Event::Joined(_));
    let until_home = async |times: usize| {
        while running.events().iter().filter(joins).count() < times {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), until_home(1))
        .await
        .expect("it goes home first");
    // The same network with another passphrase: being at home again is not what the client wants to hear.
    client.set_and_apply(b"myssid", b"wrong password").await;
    client.wait_for_result().await;
    timeout(Duration::from_secs(10), until_home(2))
        .await
        .expect("it goes home again");
    let failed = |event: &Event| matches!(event, Event::Manager(manager::Event::CredentialsFailed { .. }));
    assert!(running.events().iter().any(failed));
    let succeeded = |event: &Event| matches!(event, Event::Manager(manager::Event::CredentialsSucceeded(_)));
    assert!(!running.events().iter().any(succeeded));
    running.handle.stop();
    let (ended, device, _) = running.ended().await;
    assert_eq!(ended, Ended::Provisioned(home.ssid));
    assert_eq!(device.stored().expect("memory"), Some(home));
}

#[tokio::test]
async fn a_new_device_that_stays_home_goes_back_to_the_network_it_was_given() {
    let staying = device(Security::Security0).stay_home().auto_stop(AutoStop::Disabled);
    let running = provision(staying).await;
    let mut client = Client::establish(running.address, 0).await;
    client.set_and_apply(b"myssid", b"mypassword").await;
    client.wait_for_result().await;
    // It leaves, and nobody has named another network yet.
    running.handle.reprovision();
    let is_home = async {
        let joined = |event: &Event| matches!(event, Event::Joined(_));
        while !running.events().iter().any(joined) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), is_home).await.expect("it goes home");
    running.handle.stop();
    let (ended, ..) = running.ended().await;
    assert_eq!(ended, Ended::Provisioned(Ssid::new(b"myssid").expect("short")));
}

/// A store that cannot be written.
struct FullDisk;

impl Store for FullDisk {
    fn load(&self) -> Result<Option<Credentials>, StoreError> {
        Ok(None)
    }

    fn save(&mut self, _: &Credentials) -> Result<(), StoreError> {
        let source = std::io::ErrorKind::StorageFull.into();
        Err(StoreError::Io {
            action: "write",
            path: "/full".into(),
            source,
        })
    }

    fn erase(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_failed_save_is_told_and_the_device_still_joins() {
    let running = provision(device(Security::Security0).store(FullDisk)).await;
    let mut client = Client::establish(running.address, 0).await;
    client.set_and_apply(b"myssid", b"mypassword").await;
    client.wait_for_result().await;
    let (ended, _, events) = running.ended().await;
    assert_eq!(ended, Ended::Provisioned(Ssid::new(b"myssid").expect("short")));
    let told = |event: &Event| matches!(event, Event::SaveFailed(why) if why.starts_with("cannot write /full: "));
    assert!(events.iter().any(told), "{events:?}");
}

#[tokio::test]
async fn a_provisioned_device_stays_joined_and_a_restarted_one_joins_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = FileStore::open(folder.path()).expect("free");
    let running = provision(device(Security::Security0).store(store)).await;
    let mut client = Client::establish(running.address, 0).await;
    client.set_and_apply(b"myssid", b"mypassword").await;
    client.wait_for_result().await;
    let (_, mut provisioned, _) = running.ended().await;
    let station = *provisioned.station().expect("joined");
    assert_eq!(
        joining(&mut provisioned, Duration::from_secs(5)).await,
        [Event::Joined(station)]
    );
    drop(provisioned);

    let store = FileStore::open(folder.path()).expect("free again");
    let mut restarted = device(Security::Security0).store(store).build().expect("buildable");
    let events = joining(&mut restarted, Duration::from_secs(5)).await;
    assert_eq!(events, [Event::Joining { ssid: station.ssid }, Event::Joined(station)]);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_away_is_tried_ever_more_rarely() {
    let world = World::from_toml("").expect("an empty world");
    let mut store = landfall_device::MemoryStore::default();
    store.save(&credentials(b"myssid", b"mypassword")).expect("memory");
    let builder = Device::builder("PROV_TEST", Security::Security0)
        .wifi(SimulatedWifi::new(world))
        .store(store);
    let mut device = builder.build().expect("buildable");
    let events = joining(&mut device, Duration::from_secs(400)).await;
    let pauses: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Unjoined { retry_in, .. } => Some(retry_in.as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
    *device.wifi_mut().world_mut() = World::built_in();
    let joined = joining(&mut device, Duration::from_secs(5)).await;
    assert!(matches!(joined.last(), Some(Event::Joined(_))), "{joined:?}");
}

/// What a device tells while it stays on its network for so long.
async fn joining(device: &mut Device<SimulatedWifi>, time: Duration) -> Vec<Event> {
    let mut events = Vec::new();
    let joined = timeout(time, device.join_stored(|event| events.push(event.clone()))).await;
    assert!(joined.is_err(), "it goes on until it is dropped: {joined:?}");
    events
}

#[tokio::test]
async fn a_stop_order_ends_joining_and_nothing_stored_is_an_error() {
    let mut device = device(Security::Security0).build().expect("buildable");
    let nothing = device.join_stored(|_| {}).await;
    assert!(
        matches!(nothing, Err(landfall_device::RunError::NothingStored)),
        "{nothing:?}"
    );
    let running = provision_built(device).await;
    let mut client = Client::establish(running.address, 0).await;
    client.set_and_apply(b"myssid", b"mypassword").await;
    client.wait_for_result().await;
    let (_, mut device, _) = running.ended().await;
    device.handle().stop();
    assert!(matches!(device.join_stored(|_| {}).await, Ok(Ended::Stopped)));
    device.erase().expect("memory");
    assert_eq!(device.stored().expect("memory"), None);
}
