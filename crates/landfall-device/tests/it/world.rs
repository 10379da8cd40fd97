//! World files.

use core::time::Duration;

use landfall_device::{
    World,
    manager::{Credentials, DisconnectReason, Passphrase, ScanChannels, ScanPlan, Ssid, Station},
    protocomm::wire::AuthMode,
};

const EVERYTHING: ScanPlan = ScanPlan {
    channels: ScanChannels::All,
    passive: false,
    dwell: None,
};

fn world(text: &str) -> World {
    World::from_toml(text).unwrap_or_else(|error| panic!("{error}"))
}

fn access_point(lines: &str) -> World {
    world(&format!("[[access_point]]\n{lines}"))
}

fn join(world: &mut World, ssid: &[u8], passphrase: &str) -> (Duration, Result<Station, DisconnectReason>) {
    let credentials = Credentials {
        ssid: Ssid::new(ssid).expect("short enough"),
        passphrase: Passphrase::new(passphrase.as_bytes()).expect("short enough"),
        bssid: None,
        channel: None,
    };
    world.join(&credentials, &mut |bytes: &mut [u8]| bytes.fill(0x7f))
}

#[test]
fn the_built_in_world_scans_as_the_seed_lists() {
    let (_, found) = World::built_in().scan(EVERYTHING);
    let rows: Vec<_> = found
        .iter()
        .map(|found| {
            format!(
                "{} {} {} {} {}",
                found.ssid, found.bssid, found.channel, found.rssi, found.auth
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            "MyHomeWiFiAP 78:8a:20:84:19:96 1 -45 WPA2_PSK",
            "MobileHotspot 7a:8a:20:84:19:96 11 -46 WPA2_PSK",
            "MyHomeWiFiAP 78:8a:20:8d:aa:26 11 -54 WPA2_PSK",
            "NeighborsWiFiAP 8a:8a:20:84:19:96 6 -61 WPA2_PSK",
            "InsecureWiFiAP dc:a4:ca:f1:22:7c 7 -74 Open",
        ]
    );
}

#[test]
fn the_networks_of_the_built_in_world_are_joined_in_half_a_second() {
    for ssid in ["MyHomeWiFiAP", "MobileHotspot", "NeighborsWiFiAP", "myssid"] {
        let (takes, outcome) = join(&mut World::built_in(), ssid.as_bytes(), "mypassword");
        assert_eq!((takes, outcome.is_ok()), (Duration::from_millis(500), true), "{ssid}");
    }
    let (_, open) = join(&mut World::built_in(), b"InsecureWiFiAP", "");
    assert_eq!(open.expect("joined").auth, AuthMode::Open);
    let (_, home) = join(&mut World::built_in(), b"MyHomeWiFiAP", "mypassword");
    assert_eq!(home.expect("joined").channel, 1, "the stronger of two");
    let (_, seed) = join(&mut World::built_in(), b"myssid", "mypassword");
    assert_eq!(seed.expect("joined").ip.to_string(), "192.168.43.243");
}

#[test]
fn failures_take_their_time_and_have_their_reason() {
    let mut world = World::built_in();
    let second = Duration::from_secs(1);
    assert_eq!(
        join(&mut world, b"nowhere", ""),
        (second, Err(DisconnectReason::NetworkNotFound))
    );
    let refused = (Duration::from_millis(700), Err(DisconnectReason::AuthError));
    assert_eq!(join(&mut world, b"myssid", "wrong password"), refused);
    assert_eq!(join(&mut world, b"myssid", ""), refused);
}

#[test]
fn flaky_networks_fail_as_often_as_they_say() {
    let mut first_two = access_point("ssid = \"a\"\nfail_times = 2");
    let outcomes = [(); 4].map(|()| join(&mut first_two, b"a", "").1.map(|_| ()));
    let failed = Err(DisconnectReason::Other);
    assert_eq!(outcomes, [failed, failed, Ok(()), Ok(())]);
    // The random source of these tests always says just under a half.
    assert_eq!(
        join(&mut access_point("ssid = \"a\"\nflakiness = 0.5"), b"a", "")
            .1
            .map(|_| ()),
        failed
    );
    assert!(
        join(&mut access_point("ssid = \"a\"\nflakiness = 0.49"), b"a", "")
            .1
            .is_ok()
    );
    assert!(
        join(&mut access_point("ssid = \"a\"\nflakiness = 0.0"), b"a", "")
            .1
            .is_ok()
    );
}

#[test]
fn names_may_be_any_32_octets_and_hidden() {
    let mut world = access_point(&format!("ssid_hex = \"{}\"\nhidden = true", "ff00".repeat(16)));
    assert_eq!(world.scan(EVERYTHING).1, []);
    assert!(join(&mut world, &[0xff, 0].repeat(16), "").1.is_ok());
}

#[test]
fn scans_of_one_channel_find_what_is_there_and_are_shorter() {
    let plan = ScanPlan {
        channels: ScanChannels::One(11),
        ..EVERYTHING
    };
    let (takes, found) = World::built_in().scan(plan);
    assert_eq!(found.len(), 2);
    assert!(takes < World::built_in().scan(EVERYTHING).0 / 10);
}

#[test]
fn mistakes_are_named_and_what_is_right_too() {
    for (lines, expected) in [
        (
            "ssid = \"a\"\npasphrase = \"mypassword\"",
            "line 3: unknown field `pasphrase`, expected one of",
        ),
        (
            "ssid = \"a\"\npassphrase = \"short\"",
            "access point 1: a passphrase has 8 to 63 octets",
        ),
        ("ssid = \"\"", "access point 1: a name has 1 to 32 octets"),
        (
            "ssid = \"123456789012345678901234567890123\"",
            "access point 1: a name has 1 to 32 octets",
        ),
        ("channel = 1", "access point 1: needs a name"),
        ("ssid = \"a\"\nssid_hex = \"61\"", "access point 1: needs a name"),
        ("ssid_hex = \"6\"", "access point 1: ssid_hex is not pairs"),
        (
            "ssid = \"a\"\nauth = \"WPA9\"",
            "access point 1: auth \"WPA9\" is not known; there are Open, WEP,",
        ),
        (
            "ssid = \"a\"\nauth = \"WPA2_PSK\"",
            "access point 1: auth WPA2_PSK needs a passphrase",
        ),
        ("ssid = \"a\"\nchannel = 0", "access point 1: a channel is 1 to 196"),
        (
            "ssid = \"a\"\nflakiness = 1.5",
            "access point 1: flakiness is 0.0 to 1.0",
        ),
        (
            "ssid = \"a\"\nbssid = \"78:8a\"",
            "access point 1: a bssid has six octets",
        ),
    ] {
        let error = World::from_toml(&format!("[[access_point]]\n{lines}")).expect_err(lines);
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn no_mistake_shows_a_passphrase() {
    for line in [
        "passphrase = 1234567890",
        "passphrase = \"1234567890",
        "passphrase = 1234567890 x",
        "passphrase = [\"1234567890\"]",
    ] {
        let error = World::from_toml(&format!("[[access_point]]\nssid = \"a\"\n{line}")).expect_err(line);
        assert!(!format!("{error} {error:?}").contains("1234567890"), "{error}");
    }
    let world = access_point("ssid = \"a\"\npassphrase = \"1234567890\"");
    assert!(!format!("{world:?}").contains("1234567890"));
}

#[test]
fn the_world_file_of_the_documentation_is_one() {
    let page = include_str!("../../../../docs/world.md");
    let (_, rest) = page.split_once("```toml\n").expect("the page has an example");
    let (example, _) = rest.split_once("```").expect("the example ends");
    let mut world = world(example);
    let (_, found) = world.scan(EVERYTHING);
    assert_eq!(
        found.iter().map(|found| found.rssi).collect::<Vec<_>>(),
        [-48, -50, -71]
    );
    let (time, joined) = join(&mut world, b"Office", "correct horse");
    assert_eq!(time, Duration::from_millis(1500));
    assert_eq!(joined.expect("the passphrase is right").ip.octets(), [10, 0, 0, 17]);
    assert!(
        join(&mut world, b"Backroom", "out of sight").1.is_ok(),
        "hidden networks can be joined"
    );
}
