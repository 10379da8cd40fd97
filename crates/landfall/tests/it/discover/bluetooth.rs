//! Devices heard over Bluetooth.

use core::time::Duration;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::Command,
    time::Instant,
};

use crate::{
    air::{Air, Beacon},
    failures::assert_problem,
    support::{Device, Finished, LANDFALL, command, landfall, run},
};

/// A street with devices that wait, one of another maker, and things that are none.
const EVERYBODY: [Beacon; 4] = [
    Beacon::device("PROV_261FCD", 1, -48),
    Beacon::device("ACME-7", 2, -72),
    Beacon {
        name: "Headphones",
        number: 3,
        rssi: -60,
        service: None,
    },
    Beacon {
        name: "PROV_\u{1b}[2J",
        number: 4,
        rssi: -80,
        service: Some([7; 16]),
    },
];

/// Runs `landfall discover` with a controller on `air`, where nothing answers elsewhere.
fn discover(air: &Air, args: &[&str]) -> Finished {
    let elsewhere = [
        "discover",
        "--device-dir",
        "/nowhere",
        "--host",
        "127.0.0.1:1",
        "--time",
        "2",
    ];
    landfall(&[&elsewhere[..], &["--hci", air.of_client()], args].concat())
}

/// What devices call themselves in the last event of each, in order.
fn names(found: &Finished) -> Vec<String> {
    let events = found.events();
    let told = events
        .iter()
        .filter_map(|event| Some((event["address"].as_str()?, event["place"].as_str()?)));
    let last: BTreeMap<_, _> = told.collect();
    let mut names: Vec<_> = last.into_values().map(str::to_owned).collect();
    names.sort();
    names
}

/// The output with the rows in order: who is heard first is a matter of chance.
fn in_order(found: &Finished) -> String {
    let mut lines: Vec<_> = found.stdout.lines().collect();
    if let Some((_heading, rows)) = lines.split_first_mut() {
        rows.sort_unstable();
    }
    let stdout = lines.join("\n") + "\n";
    Finished {
        code: found.code,
        stdout,
        stderr: found.stderr.clone(),
    }
    .redacted()
}

#[test]
fn devices_that_look_like_it_are_listed_with_what_they_say() {
    let air = Air::with(&EVERYBODY);
    insta::assert_snapshot!(in_order(&discover(&air, &[])));
}

#[test]
fn machines_hear_of_a_device_whenever_it_says_more() {
    let air = Air::with(&EVERYBODY[..1]);
    let found = discover(&air, &["--json"]);
    let events = found.events();
    let last = events.last().expect("it is heard");
    let mut expected = serde_json::json!({
        "event": "discovered", "place": "PROV_261FCD", "transport": "ble", "signal_dbm": -48, "security": null,
        "state": "not_asked", "version": null, "hardware": null, "reason": null,
        "name": "PROV_261FCD", "address": "C0:00:00:00:00:01", "service": "021a9004-0382-4aea-bff4-6b3f1c5adfb4",
        "manufacturer_data": null,
    });
    expected["at_ms"] = last["at_ms"].clone();
    assert_eq!(*last, expected);
    // The name comes with a second packet, if the first was not lost.
    assert!((1..=2).contains(&events.len()), "{}", found.stdout);
}

#[test]
fn devices_are_chosen_by_prefix_by_service_or_not_at_all() {
    let air = Air::with(&EVERYBODY);
    let service = "07070707-0707-0707-0707-070707070707";
    for (args, expected) in [
        (vec!["--prefix", "ACME-"], vec!["ACME-7"]),
        (vec!["--service-uuid", service], vec!["PROV_\u{1b}[2J"]),
        (vec!["--service-uuid", service, "--prefix", "ACME-"], vec![]),
        (
            vec!["--all"],
            vec!["ACME-7", "Headphones", "PROV_\u{1b}[2J", "PROV_261FCD"],
        ),
    ] {
        let found = discover(&air, &[&["--json"], args.as_slice()].concat());
        assert_eq!(names(&found), expected, "{args:?}");
    }
}

#[test]
fn a_device_is_asked_if_that_is_wanted_and_answers_or_not() {
    let air = Air::with(&EVERYBODY[..1]);
    let _device = Device::over_bluetooth(air.of_device(), &["--sec-ver", "1", "--pop", "abcd1234"]);
    let found = discover(&air, &["--ask", "--timeout", "1", "--json"]);
    assert_eq!(found.code, 0, "{}", found.stderr);
    let events = found.events();
    let asked = |name: &str| {
        let told = events
            .iter()
            .rfind(|event| event["place"] == name)
            .expect("it is heard");
        (told["state"].clone(), told["security"].clone(), told["version"].clone())
    };
    assert_eq!(asked("PROV_261FCC"), ("ready".into(), 1.into(), "v1.1".into()));
    assert_eq!(
        asked("PROV_261FCD"),
        ("no_answer".into(), serde_json::Value::Null, serde_json::Value::Null)
    );
    let shown = discover(&air, &["--ask", "--timeout", "1"]).stdout;
    assert!(shown.contains("1         ready, version v1.1 ("), "{shown}");
    assert!(
        shown.contains("-         in range, no answer (C0:00:00:00:00:01, "),
        "{shown}"
    );
}

#[test]
fn a_device_that_is_not_asked_sees_no_client() {
    let air = Air::with(&[]);
    let device = Device::over_bluetooth(air.of_device(), &[]);
    let found = discover(&air, &[]);
    assert!(found.stdout.contains("PROV_261FCC"), "{}", found.stdout);
    assert!(!device.log().contains("onnected"), "{}", device.log());
}

#[test]
fn nobody_who_looks_like_it_is_told_with_how_to_see_all() {
    let air = Air::with(&EVERYBODY[2..3]);
    let found = discover(&air, &[]);
    assert_problem(&found, "nothing-found", 3);
    insta::assert_snapshot!(found.redacted());
    let quiet = discover(&Air::with(&[]), &[]);
    assert!(
        quiet.stderr.contains("no device was heard over Bluetooth in 2 s"),
        "{}",
        quiet.stderr
    );
}

#[test]
fn a_controller_that_was_named_and_is_missing_is_told_though_others_were_found() {
    let device = Device::start(&[]);
    let places = ["discover", "--device-dir", "/nowhere", "--host", &device.host];
    let found = landfall(&[&places[..], &["--hci", "tcp:127.0.0.1:1"]].concat());
    assert_eq!(found.code, 0, "{}", found.stderr);
    assert!(
        found.stderr.contains("nothing was heard over Bluetooth: "),
        "{}",
        found.stderr
    );
    let unnamed = landfall(&places);
    assert_eq!((unnamed.code, unnamed.stderr.as_str()), (0, ""));
    let verbose = landfall(&[&places[..], &["-v"]].concat());
    assert!(
        verbose.stderr.contains("nothing was heard over Bluetooth: "),
        "{}",
        verbose.stderr
    );
}

#[test]
fn the_controller_may_stand_in_the_environment() {
    let air = Air::with(&EVERYBODY[..1]);
    let args = [
        "discover",
        "--device-dir",
        "/nowhere",
        "--host",
        "127.0.0.1:1",
        "--time",
        "1",
    ];
    let mut program = command(LANDFALL, &args);
    program.env("LANDFALL_HCI", air.of_client());
    assert!(run(program).stdout.contains("PROV_261FCD"));
    let mut program = command(LANDFALL, &args);
    program.env("LANDFALL_HCI", "tcp:nowhere");
    assert_problem(&run(program), "bad-argument", 2);
}

#[test]
fn places_are_looked_at_together() {
    let air = Air::with(&[]);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let host = silent.local_addr().expect("it is bound").to_string();
    let start = Instant::now();
    let found = landfall(&[
        "discover",
        "--device-dir",
        "/nowhere",
        "--host",
        &host,
        "--timeout",
        "6",
        "--time",
        "6",
        "--hci",
        air.of_client(),
    ]);
    assert_problem(&found, "nothing-found", 3);
    // One after the other they would take twelve.
    assert!(start.elapsed() < Duration::from_secs(11), "{:?}", start.elapsed());
}

#[test]
fn ctrl_c_ends_the_search() {
    let air = Air::with(&EVERYBODY[..1]);
    let args = [
        "discover",
        "--device-dir",
        "/nowhere",
        "--time",
        "60",
        "--hci",
        air.of_client(),
    ];
    let mut child = command(LANDFALL, &args).spawn().expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();
    assert!(
        lines
            .next()
            .is_some_and(|line| line.expect("text").starts_with("DEVICE"))
    );
    assert!(
        lines
            .next()
            .is_some_and(|line| line.expect("text").starts_with("PROV_261FCD"))
    );
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let start = Instant::now();
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}
