//! Access points in range, as NetworkManager and wpa_supplicant tell of them.

use core::time::Duration;
use std::{collections::HashMap, time::Instant};

use landfall_testbus::TestBus;
use zbus::{OwnedVariant, Variant};

use super::system::{Answer, Scan, Service, System, Values, path, paths, value};
use crate::{
    failures::assert_problem,
    support::{LANDFALL, SYSTEM_BUS, command, run},
};

const MANAGER: &str = "/org/freedesktop/NetworkManager";
const WIRELESS: &str = "org.freedesktop.NetworkManager.Device.Wireless";
const WLAN: &str = "/nm/devices/2";

/// NetworkManager with one Wi-Fi adapter, which knows `points` but hears those of `heard` when it scans.
fn network_manager(points: &[(&str, Values)], heard: &[(&str, Values)]) -> Service {
    let all = |points: &[&[(&str, Values)]]| {
        let names: Vec<_> = points.concat().iter().map(|(at, _)| path(at)).collect();
        value(names)
    };
    let mut service = Service {
        name: "org.freedesktop.NetworkManager",
        objects: HashMap::new(),
        answers: HashMap::from([("GetDevices", Answer::Paths(paths(&["/nm/devices/1", WLAN])))]),
        scan: Scan {
            time: Duration::from_millis(300),
            changes: vec![(WLAN.to_owned(), WIRELESS, "AccessPoints", all(&[points, heard]))],
        },
    };
    let device = "org.freedesktop.NetworkManager.Device";
    let switches = Values::from([
        ("WirelessEnabled", value(true)),
        ("WirelessHardwareEnabled", value(true)),
    ]);
    let wired = Values::from([("DeviceType", value(1_u32)), ("State", value(100_u32))]);
    let wireless = Values::from([("DeviceType", value(2_u32)), ("State", value(30_u32))]);
    let scanned = Values::from([
        ("AccessPoints", all(&[points])),
        ("ActiveAccessPoint", value(path("/nm/points/joined"))),
        ("LastScan", value(1_000_000_i64)),
    ]);
    for (at, interface, values) in [
        (MANAGER, "org.freedesktop.NetworkManager", switches),
        ("/nm/devices/1", device, wired),
        (WLAN, device, wireless),
        (WLAN, WIRELESS, scanned),
    ] {
        service.objects.insert((at.to_owned(), interface), values);
    }
    for (at, values) in [points, heard].concat() {
        let interface = "org.freedesktop.NetworkManager.AccessPoint";
        service.objects.insert((at.to_owned(), interface), values);
    }
    service
}

/// An access point with WPA2, as NetworkManager tells of it.
fn point(ssid: &[u8], strength: u8, number: u8) -> Values {
    Values::from([
        ("Ssid", value(ssid.to_vec())),
        ("Strength", value(strength)),
        ("Frequency", value(2437_u32)),
        ("HwAddress", value(format!("24:0A:C4:00:00:{number:02X}"))),
        ("Flags", value(1_u32)),
        ("WpaFlags", value(0_u32)),
        ("RsnFlags", value(0x188_u32)),
        ("LastSeen", value(990_i32)),
    ])
}

/// An access point without encryption.
fn open(ssid: &[u8], strength: u8, number: u8) -> Values {
    let mut point = point(ssid, strength, number);
    point.extend([("Flags", value(0_u32)), ("RsnFlags", value(0_u32))]);
    point
}

/// What is in the air of a place where people live and somebody unpacks devices.
pub(super) fn neighbourhood() -> Service {
    let mut gone = point(b"PROV_GONE", 90, 9);
    gone.insert("LastSeen", value(900_i32));
    let known = [
        ("/nm/points/1", point(b"MyHomeWiFiAP", 90, 1)),
        ("/nm/points/2", open(b"PROV_261FCC", 80, 2)),
        ("/nm/points/joined", point(b"PROV_JOINED", 30, 3)),
        ("/nm/points/4", point(b"", 70, 4)),
        ("/nm/points/9", gone),
    ];
    let heard = [
        ("/nm/points/5", open(b"PROV_\xff\x1b[2J", 55, 5)),
        ("/nm/points/6", point(b"PROV_261FCD", 81, 6)),
    ];
    network_manager(&known, &heard)
}

const WPA: &str = "/wpa/interfaces/0";
const INTERFACE: &str = "fi.w1.wpa_supplicant1.Interface";

/// wpa_supplicant with one interface, which hears `points` when it scans.
fn wpa_supplicant(points: &[(&str, Values)]) -> Service {
    let names: Vec<_> = points.iter().map(|(at, _)| path(at)).collect();
    let mut service = Service {
        name: "fi.w1.wpa_supplicant1",
        objects: HashMap::new(),
        answers: HashMap::new(),
        scan: Scan {
            time: Duration::from_millis(300),
            changes: vec![(WPA.to_owned(), INTERFACE, "BSSs", value(names))],
        },
    };
    let supplicant = Values::from([("Interfaces", value(paths(&[WPA])))]);
    let interface = Values::from([("State", value("inactive")), ("CurrentBSS", value(path("/")))]);
    for (at, interface, values) in [
        ("/fi/w1/wpa_supplicant1", "fi.w1.wpa_supplicant1", supplicant),
        (WPA, INTERFACE, interface),
    ] {
        service.objects.insert((at.to_owned(), interface), values);
    }
    for (at, values) in points {
        let interface = "fi.w1.wpa_supplicant1.BSS";
        service.objects.insert(((*at).to_owned(), interface), values.clone());
    }
    service
}

/// An access point, as wpa_supplicant tells of it.
fn bss(ssid: &[u8], signal: i16, methods: &[&str]) -> Values {
    let privacy = !methods.is_empty();
    let methods = HashMap::from([("KeyMgmt", Variant::from(methods.to_vec()))]);
    Values::from([
        ("SSID", value(ssid.to_vec())),
        (
            "BSSID",
            value(vec![0x24, 0x0a, 0xc4, 0, 0, signal.unsigned_abs() as u8]),
        ),
        ("Signal", value(signal)),
        ("Frequency", value(2412_u16)),
        ("Privacy", value(privacy)),
        ("RSN", value(methods)),
        ("WPA", value(HashMap::<&str, Variant<'_>>::new())),
        ("Age", value(1_u32)),
    ])
}

#[test]
fn network_manager_tells_of_access_points_which_it_hears_anew() {
    let system = System::new([neighbourhood()]);
    insta::assert_snapshot!(system.discover(&[]).redacted());
}

#[test]
fn machines_get_an_event_for_each_access_point() {
    let system = System::new([neighbourhood()]);
    insta::assert_snapshot!(system.discover(&["--json"]).redacted());
}

#[test]
fn access_points_of_another_maker_are_found_by_their_prefix() {
    let system = System::new([neighbourhood()]);
    let found = system.discover(&["--json", "--prefix", "MyHome"]).events();
    let places: Vec<_> = found.iter().map(|event| event["place"].as_str()).collect();
    assert_eq!(places, [Some("MyHomeWiFiAP")]);
}

#[test]
fn wpa_supplicant_is_asked_where_network_manager_does_not_run() {
    let mut old = bss(b"PROV_OLD", -30, &[]);
    old.insert("Age", value(100_u32));
    let points = [
        ("/wpa/bss/1", bss(b"PROV_OPEN", -45, &[])),
        ("/wpa/bss/2", bss(b"PROV_WPA2", -60, &["wpa-psk"])),
        ("/wpa/bss/3", bss(b"PROV_WPA3", -71, &["wpa-psk", "sae"])),
        ("/wpa/bss/4", bss(b"MyHomeWiFiAP", -40, &["wpa-psk"])),
        ("/wpa/bss/5", old),
    ];
    let system = System::new([wpa_supplicant(&points)]);
    insta::assert_snapshot!(system.discover(&[]).redacted());
}

#[test]
fn wpa_supplicant_is_asked_where_network_manager_leaves_the_adapter_to_it() {
    let mut manager = neighbourhood();
    let wlan = (WLAN.to_owned(), "org.freedesktop.NetworkManager.Device");
    manager
        .objects
        .get_mut(&wlan)
        .expect("it is there")
        .insert("State", value(10_u32));
    let system = System::new([manager, wpa_supplicant(&[("/wpa/bss/1", bss(b"PROV_OPEN", -45, &[]))])]);
    let found = system.discover(&["--json"]).events();
    let places: Vec<_> = found.iter().map(|event| event["place"].as_str()).collect();
    assert_eq!(places, [Some("PROV_OPEN")]);
}

#[test]
fn a_scan_that_is_refused_leaves_what_is_known() {
    let mut manager = neighbourhood();
    let refusal = Answer::Refusal("org.freedesktop.NetworkManager.Device.NotAllowed");
    manager.answers.insert("RequestScan", refusal);
    let system = System::new([manager]);
    let found = system.discover(&["--json", "--time", "1"]).events();
    let places: Vec<_> = found.iter().map(|event| event["place"].as_str()).collect();
    assert_eq!(places, [Some("PROV_261FCC"), Some("PROV_JOINED")]);
}

/// What is told of Wi-Fi on a computer with `services`.
#[track_caller]
fn wifi_miss(system: &System) -> String {
    let found = system.discover(&["--time", "1"]);
    assert_problem(&found, "nothing-found", 3);
    let cause = found.stderr.lines().find_map(|line| line.strip_prefix("cause: "));
    let misses = cause.expect("a cause is told").split("; ");
    misses.last().expect("Wi-Fi comes last").to_owned()
}

#[test]
fn why_no_access_points_are_known_is_told() {
    let mut off = neighbourhood();
    let switches = (MANAGER.to_owned(), "org.freedesktop.NetworkManager");
    let switches = off.objects.get_mut(&switches).expect("it is there");
    switches.insert("WirelessEnabled", value(false));
    let answering = |method, answer| {
        let mut manager = neighbourhood();
        manager.answers.insert(method, answer);
        manager
    };
    for (services, expected) in [
        (
            vec![],
            "no access points are known: neither NetworkManager nor wpa_supplicant is running",
        ),
        (vec![off], "no access points are known: Wi-Fi is switched off"),
        (
            vec![answering("GetDevices", Answer::Paths(Vec::new()))],
            "no access points are known: NetworkManager drives no Wi-Fi adapter",
        ),
        (
            vec![answering("GetDevices", Answer::Nonsense)],
            "no access points are known: what NetworkManager answers makes no sense",
        ),
        (
            vec![answering(
                "GetDevices",
                Answer::Refusal("org.freedesktop.DBus.Error.AccessDenied"),
            )],
            "no access points are known: this user may not ask NetworkManager",
        ),
        (
            vec![answering(
                "GetDevices",
                Answer::Refusal("org.freedesktop.NetworkManager.Failed"),
            )],
            "no access points are known: NetworkManager refuses to tell: it may not be",
        ),
        (
            vec![network_manager(&[("/nm/points/1", point(b"MyHomeWiFiAP", 90, 1))], &[])],
            "no access point in range has a name that begins with PROV_",
        ),
    ] {
        assert_eq!(wifi_miss(&System::new(services)), expected);
    }
}

#[test]
fn a_bus_that_lets_nobody_ask_is_told() {
    let bus = TestBus::start_with(
        r#"<deny send_destination="fi.w1.wpa_supplicant1" send_interface="org.freedesktop.DBus.Properties"/>"#,
    );
    let system = System::on(bus, [wpa_supplicant(&[])]);
    assert_eq!(
        wifi_miss(&system),
        "no access points are known: this user may not ask wpa_supplicant"
    );
}

#[test]
fn without_a_bus_the_rest_is_found() {
    let mut discover = command(
        LANDFALL,
        &[
            "discover",
            "--device-dir",
            "/nowhere",
            "--host",
            "127.0.0.1:1",
            "--json",
        ],
    );
    discover.env(SYSTEM_BUS, "unix:path=/nowhere/bus");
    let found = run(discover);
    assert_problem(&found, "nothing-found", 3);
    let cause = found.events()[0]["cause"].to_string();
    assert!(
        cause.contains("no access points are known: this computer's message bus (D-Bus) cannot be reached"),
        "{cause}"
    );
}

#[test]
fn a_service_that_keeps_silent_is_not_waited_for_for_long() {
    for method in ["GetDevices", "RequestScan", "GetAll"] {
        let mut manager = neighbourhood();
        manager.answers.insert(method, Answer::Silence);
        let system = System::new([manager]);
        let start = Instant::now();
        let found = system.discover(&["--time", "1"]);
        assert!(
            start.elapsed() < Duration::from_secs(9),
            "{method}: {:?}",
            start.elapsed()
        );
        match method {
            "RequestScan" => assert_eq!(found.code, 0, "{}", found.stderr),
            _ => assert!(
                found.stderr.contains("NetworkManager does not answer"),
                "{}",
                found.stderr
            ),
        }
    }
}

#[test]
fn properties_that_make_no_sense_are_passed_over() {
    let good = ("/nm/points/1", point(b"PROV_GOOD", 60, 1));
    let nonsense: [(&str, OwnedVariant); 7] = [
        ("Ssid", value("text")),
        ("Ssid", value(vec!["a"])),
        ("Strength", value(250_u8)),
        ("Frequency", value("high")),
        ("HwAddress", value(7_u32)),
        ("Flags", value("all")),
        ("LastSeen", value(i32::MIN)),
    ];
    let broken = nonsense.into_iter().enumerate().map(|(number, (name, wrong))| {
        let mut values = point(format!("PROV_{number}").as_bytes(), 50, 10 + number as u8);
        values.insert(name, wrong);
        values
    });
    let names = ["/p/0", "/p/1", "/p/2", "/p/3", "/p/4", "/p/5", "/p/6"];
    let mut points: Vec<_> = names.into_iter().zip(broken).collect();
    points.push(good);
    points.push(("/p/missing", Values::new()));
    let system = System::new([network_manager(&points, &[])]);
    let found = system.discover(&["--json"]).events();
    let told: Vec<_> = found
        .iter()
        .map(|event| {
            let strength = event["signal_percent"].as_u64();
            (
                event["place"].as_str().unwrap_or_default(),
                strength.unwrap_or_default(),
            )
        })
        .collect();
    let expected = [
        ("PROV_2", 100),
        ("PROV_GOOD", 60),
        ("PROV_3", 50),
        ("PROV_4", 50),
        ("PROV_5", 50),
    ];
    assert_eq!(told, expected);
}
