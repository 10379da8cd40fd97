//! The simulated station, in tokio's paused time.

use core::time::Duration;

use landfall_device::{
    OwnedWifiEvent, SimulatedWifi, Wifi, World,
    manager::{Credentials, DisconnectReason, Passphrase, ScanChannels, ScanPlan, Ssid},
};
use tokio::time::{Instant, timeout};

const EVERYTHING: ScanPlan = ScanPlan {
    channels: ScanChannels::All,
    passive: false,
    dwell: None,
};

fn station() -> SimulatedWifi {
    SimulatedWifi::new(World::built_in())
}

fn network(passphrase: &[u8]) -> Credentials {
    Credentials {
        ssid: Ssid::new(b"myssid").expect("short enough"),
        passphrase: Passphrase::new(passphrase).expect("short enough"),
        bssid: None,
        channel: None,
    }
}

async fn is_silent(station: &mut SimulatedWifi) -> bool {
    timeout(Duration::from_secs(60), station.next()).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn reports_come_when_their_time_has_come() {
    let mut station = station();
    let begun = Instant::now();
    station.connect(&network(b"mypassword"));
    station.scan(EVERYTHING);
    assert!(matches!(station.next().await, OwnedWifiEvent::Connected(_)));
    assert_eq!(begun.elapsed().as_millis(), 500);
    assert!(matches!(station.next().await, OwnedWifiEvent::ScanDone(found) if found.len() == 5));
    assert_eq!(begun.elapsed().as_millis(), 600);
    assert!(is_silent(&mut station).await);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_loses_nothing() {
    let mut station = station();
    let begun = Instant::now();
    station.connect(&network(b"mypassword"));
    for _ in 0..4 {
        assert!(timeout(Duration::from_millis(100), station.next()).await.is_err());
    }
    assert!(matches!(station.next().await, OwnedWifiEvent::Connected(_)));
    assert_eq!(begun.elapsed().as_millis(), 500);
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_is_not_reported() {
    let mut station = station();
    station.scan(EVERYTHING);
    station.cancel_scan();
    station.connect(&network(b"mypassword"));
    station.disconnect();
    assert!(is_silent(&mut station).await);
}

#[tokio::test(start_paused = true)]
async fn a_new_attempt_takes_the_place_of_the_old_one() {
    let mut station = station();
    station.connect(&network(b"mypassword"));
    station.connect(&network(b"wrong password"));
    assert_eq!(
        station.next().await,
        OwnedWifiEvent::Disconnected(DisconnectReason::AuthError)
    );
    assert!(is_silent(&mut station).await);
}
