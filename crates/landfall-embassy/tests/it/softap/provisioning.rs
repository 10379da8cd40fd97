//! The whole of it: a device that is provisioned by a guest in its access point.

use core::future::pending;

use landfall_client::{Connection, Network, Outcome, Provisioning, ScanOptions, Secret, SystemEnvironment};
use landfall_embassy::{
    Ended, ProvisionError,
    softap::{self, StartError},
};

use super::{
    air::Air,
    echo::{Task, beside, service},
    guest::{Guest, all, fixed},
};
use crate::{
    harness::{Log, config, device, run, ssid},
    world::World,
};

fn secret(scheme: u8) -> Secret {
    Secret {
        pop: (scheme == 1).then(|| b"abcd1234".to_vec().into()),
        username: (scheme == 2).then(|| "wifiprov".to_owned()),
        password: (scheme == 2).then(|| b"abcd1234".to_vec().into()),
        ..Secret::default()
    }
}

#[tokio::test]
async fn a_guest_provisions_a_device_under_every_scheme() {
    for scheme in 0..=2 {
        let air = Air::default();
        let (host, guest) = (air.host(softap::config(softap::ADDRESS), all), air.host(fixed(20), all));
        let mut client = Connection::new(Guest::new(guest.stack), SystemEnvironment::new());
        let (world, log) = (World::new(), Log::default());
        let mut device = device(config(scheme), &world);
        let provisioned = run(&mut device, service(&host), &log);
        let client = async {
            client.open_session(&secret(scheme)).await.expect("the right secret");
            let answer = client.request("custom-data", b"hello").await;
            assert_eq!(answer.expect("answered"), b"hello heard");
            let networks = client.scan(ScanOptions::default(), |_, _| ()).await.expect("a scan");
            assert_eq!(networks.len(), 2);
            let network = Network {
                ssid: "myssid".into(),
                passphrase: b"mypassword".to_vec().into(),
                bssid: None,
                channel: None,
            };
            let outcome = client
                .provision(&secret(scheme), &network, Provisioning::default(), drop)
                .await;
            let Ok(Outcome::Joined(joined)) = outcome else {
                panic!("scheme {scheme}: {outcome:?}");
            };
            assert_eq!(joined.ip, "192.168.43.243");
            pending().await
        };
        let tasks: [Task<'_, Result<Ended, ProvisionError<StartError>>>; 2] = [Box::pin(provisioned), Box::pin(client)];
        let ended = beside(host, guest, tasks).await;
        assert_eq!(
            ended.expect("it runs"),
            Ended::Provisioned(ssid("myssid")),
            "scheme {scheme}"
        );
        assert!(world.is_joined());
        assert_eq!(log.count("Secured session established!"), usize::from(scheme > 0));
        assert!(!format!("{:?}{:?}", log.lines, log.kinds).contains("mypassword"));
    }
}
