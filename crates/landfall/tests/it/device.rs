//! `landfall device` on a machine without Wi-Fi, and what its commands say to a device that runs. The device's life itself
//! is tested where it is (src/commands/device/tests.rs), and with real radios in the lab.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::UnixListener,
    path::Path,
    thread,
};

use tempfile::TempDir;

use crate::{
    failures::assert_problem,
    support::{Finished, LANDFALL, command, landfall},
};

fn place() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// A device that answers one request with `answer`; gives what the command made of it, and the request.
fn told(command: &[&str], answer: &'static str) -> (Finished, String) {
    let place = place();
    let socket = place.path().join("control");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let device = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody who asks");
        let mut request = String::new();
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        reader.read_line(&mut request).expect("a line");
        writeln!(stream, "{answer}").expect("somebody who listens");
        request.trim().to_owned()
    });
    let finished = landfall(&[&["device"], command, &["--control", text(&socket)]].concat());
    (finished, device.join().expect("a good end"))
}

#[test]
fn without_wifi_the_device_says_so_at_once_and_leaves_nothing_behind() {
    let place = place();
    let (control, state) = (place.path().join("control"), place.path().join("state"));
    let ended = landfall(&["device", "run", "--control", text(&control), "--state", text(&state)]);
    assert_problem(&ended, "wifi-no-adapter", 3);
    assert_eq!(fs::read_dir(place.path()).expect("it is there").count(), 0);
}

#[test]
fn a_device_does_not_end_because_nobody_reads_what_it_says() {
    let place = place();
    let control = place.path().join("control");
    let mut device = command(LANDFALL, &["device", "run", "--control", text(&control)]);
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let ended = device.stdout(writer).output().expect("the program runs");
    // It has warned of its secret before it looked for a Wi-Fi.
    assert_eq!(
        ended.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

#[test]
fn a_device_with_a_secret_that_everybody_knows_says_so() {
    let place = place();
    let control = place.path().join("control");
    let run = |secret: &[&str]| {
        let finished = landfall(&[&["device", "run", "--control", text(&control)], secret].concat());
        finished.stdout.contains("anyone in range")
    };
    assert!(run(&[]));
    assert!(run(&["--sec-ver", "0"]));
    assert!(run(&["--sec-ver", "1", "--pop", ""]));
    assert!(!run(&["--pop", "known to few"]));
    assert!(!run(&["--username", "alice", "--password", "known to few"]));
}

#[test]
fn where_no_device_runs_its_commands_say_so_with_code_3() {
    let place = place();
    let control = place.path().join("control");
    for command in ["status", "open"] {
        assert_problem(
            &landfall(&["device", command, "--control", text(&control)]),
            "device-not-running",
            3,
        );
    }
    let beside = control.join("control");
    fs::write(&control, "no socket").expect("it can be written");
    let unusable = landfall(&["device", "status", "--control", text(&beside)]);
    assert_problem(&unusable, "control-unusable", 1);
    // What is in the way is not ours to replace.
    let run = landfall(&["device", "run", "--control", text(&control)]);
    assert_problem(&run, "control-unusable", 1);
    assert_eq!(fs::read(&control).expect("it is there"), b"no socket");
}

#[test]
fn a_reset_without_a_device_empties_the_store_even_where_the_wifi_is_gone() {
    let place = place();
    let (control, state) = (place.path().join("control"), place.path().join("state"));
    fs::create_dir(&state).expect("a directory");
    let stored = state.join("credentials.json");
    fs::write(&stored, "{}").expect("it can be written");
    let ended = landfall(&["device", "reset", "--control", text(&control), "--state", text(&state)]);
    assert_problem(&ended, "wifi-no-adapter", 3);
    assert!(!stored.exists(), "the network is still stored");
}

#[test]
fn a_reset_without_a_device_takes_the_settings_of_the_device() {
    let place = place();
    let (file, state) = (place.path().join("device.toml"), place.path().join("kept"));
    fs::create_dir(&state).expect("a directory");
    let stored = state.join("credentials.json");
    fs::write(&stored, "{}").expect("it can be written");
    let settings = "transport = \"softap\"\nservice_key_file = \"key\"\npop_file = \"pop\"\nstate = \"kept\"\n\
                    control = \"control\"\ninterface = \"nowhere0\"\n";
    fs::write(&file, settings).expect("it can be written");
    let ended = landfall(&["device", "reset", "--config", text(&file)]);
    assert_problem(&ended, "wifi-no-adapter", 3);
    assert!(ended.stderr.contains("nowhere0"), "{}", ended.stderr);
    assert!(!stored.exists(), "the network is still stored");
}

#[test]
fn commands_ask_the_running_device_in_one_line() {
    let (opened, request) = told(&["open", "--window", "10m"], r#"{"answer":"done"}"#);
    assert_eq!(
        (opened.code, opened.stdout.as_str()),
        (0, "The device is open for clients.\n")
    );
    assert_eq!(request, r#"{"ask":"open","window_s":600}"#);
    let (reset, request) = told(&["reset"], r#"{"answer":"done"}"#);
    assert_eq!((reset.code, request.as_str()), (0, r#"{"ask":"reset"}"#));
    let (refused, _) = told(
        &["open"],
        r#"{"answer":"refused","why":"this computer has no Bluetooth adapter"}"#,
    );
    assert_problem(&refused, "device-refuses", 1);
    assert!(refused.stderr.contains("no Bluetooth adapter"), "{}", refused.stderr);
    for nonsense in ["", "{}", r#"{"answer":"done"}"#, "\u{1b}[2J"] {
        assert_problem(&told(&["status"], nonsense).0, "device-silent", 7);
    }
}

#[test]
fn the_status_of_a_device_is_words_or_one_event() {
    const ANSWER: &str = r#"{"answer":"status","name":"PROV_A1B2C3","transport":"ble","interface":"wlan0","backend":"networkmanager","provisioning":"open","window_left_s":125,"provisioned":true,"network":"joined","ssid":"Ho\u001b[2Jme","ip":"192.168.1.7","last_failure":"the network refuses the passphrase"}"#;
    let (words, request) = told(&["status"], ANSWER);
    assert_eq!((words.code, request.as_str()), (0, r#"{"ask":"status"}"#));
    let expected = "\
Device        PROV_A1B2C3 over ble
Wi-Fi         wlan0, driven by networkmanager
Provisioning  open for 2 min 05 s more
Network       Ho\\x1b[2Jme, as 192.168.1.7
Last failure  the network refuses the passphrase
";
    assert_eq!(words.stdout, expected);
    let (event, _) = told(&["status", "--json"], ANSWER);
    let event = event.events().pop().expect("an event");
    for (field, value) in [
        ("event", "device_status"),
        ("network", "joined"),
        ("provisioning", "open"),
    ] {
        assert_eq!(event[field].as_str(), Some(value), "{event}");
    }
    assert_eq!(event["window_left_s"].as_u64(), Some(125), "{event}");
}

#[test]
fn a_second_device_a_hook_that_is_no_program_and_a_button_that_is_not_there_are_refused() {
    let place = place();
    let control = place.path().join("control");
    let run = ["device", "run", "--control", text(&control)];
    let hook = |path: &str| landfall(&[&run[..], &["--hook", path]].concat());
    assert_problem(&hook("/nonexistent/hook"), "hook-unusable", 2);
    assert_problem(&hook("/etc/passwd"), "hook-unusable", 2);
    let button = landfall(&[&run[..], &["--button", "gpiochip99:1"]].concat());
    assert_problem(&button, "button-unusable", 2);
    let _first = UnixListener::bind(&control).expect("a socket");
    assert_problem(&landfall(&run), "device-running", 8);
    assert!(control.exists(), "the first one's socket is gone");
}

#[test]
fn the_settings_of_a_device_come_from_a_file_the_environment_and_the_command_line() {
    let place = place();
    let file = place.path().join("device.toml");
    fs::write(
        &file,
        "transport = \"softap\"\nwindow = \"10m\"\nservice_key = \"a good one\"\nap_channel = 11\n",
    )
    .expect("it can be written");
    let shown = landfall(&[
        "device",
        "run",
        "--config",
        text(&file),
        "--window",
        "1h",
        "--print-config",
    ]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    for line in [
        "transport = \"softap\"",
        "window = \"1h\"",
        "ap_channel = 11",
        "# service_key = \"********\"",
    ] {
        assert!(shown.stdout.contains(line), "no {line} in\n{}", shown.stdout);
    }
    assert!(!shown.stdout.contains("a good one"), "{}", shown.stdout);
    let wrong = landfall(&["device", "run", "--window", "soon"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
}
