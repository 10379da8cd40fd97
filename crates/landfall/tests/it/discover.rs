//! What can be provisioned from this computer.

mod bluetooth;
mod bluez;
mod softaps;
mod system;

use core::time::Duration;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::Instant,
};

use crate::{
    failures::assert_problem,
    support::{Device, Finished, LANDFALL, command, landfall, run},
};

/// A computer with serial ports of its own.
struct Ports(tempfile::TempDir);

impl Ports {
    fn new(names: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir(directory.path().join("dev")).expect("it is made");
        for name in names {
            fs::write(directory.path().join("dev").join(name), "").expect("it is written");
        }
        Self(directory)
    }

    /// Runs `landfall discover` where `dev` is this directory.
    fn discover(&self, args: &[&str]) -> Finished {
        let mut discover = command(LANDFALL, &[&["discover", "--device-dir", "dev"], args].concat());
        discover.current_dir(self.0.path());
        run(discover)
    }
}

/// Gives every client the same answer, and its address.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = client.read(&mut [0; 1024]);
                let _ = client.write_all(answer.as_bytes());
            });
        }
    });
    address
}

const WEB_PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
const ANCIENT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nV0.1";

#[test]
fn devices_are_listed_as_a_table() {
    let ports = Ports::new(&["ttyUSB0", "ttyACM3", "ttyS0"]);
    let device = Device::start(&[]);
    let found = ports.discover(&["--host", &device.host]);
    insta::assert_snapshot!(found.redacted());
}

#[test]
fn a_port_is_asked_when_it_is_named() {
    let ports = Ports::new(&[]);
    let link = ports.0.path().join("dev/ttyUSB0");
    let device = Device::spawn(&["--transport", "console", "--link", link.to_str().expect("text")]);
    device.wait_for("Listening on");
    let found = ports.discover(&[
        "--host",
        "127.0.0.1:1",
        "--port",
        "dev/ttyUSB0",
        "--port",
        "dev/ttyUSB0",
    ]);
    insta::assert_snapshot!(found.redacted());
}

#[test]
fn machines_get_one_event_a_device() {
    let ports = Ports::new(&["ttyUSB0"]);
    let by_id = ports.0.path().join("dev/serial/by-id");
    fs::create_dir_all(&by_id).expect("it is made");
    std::os::unix::fs::symlink("../../ttyUSB0", by_id.join("usb-CP2102N")).expect("a link");
    let device = Device::start(&["--sec-ver", "1", "--pop", "abcd1234"]);
    let found = ports.discover(&["--json", "--host", &device.host]).events();
    assert_eq!(found.len(), 2);
    for (event, expected) in [
        (
            &found[0],
            serde_json::json!({
                "event": "discovered", "place": "dev/ttyUSB0", "transport": "console",
                "signal_dbm": null, "security": null, "state": "not_asked", "version": null, "hardware": "usb-CP2102N",
                "reason": null,
            }),
        ),
        (
            &found[1],
            serde_json::json!({
                "event": "discovered", "place": device.host, "transport": "http",
                "signal_dbm": null, "security": 1, "state": "ready", "version": "v1.1", "hardware": null,
                "reason": null,
            }),
        ),
    ] {
        let mut event = event.clone();
        assert!(
            event
                .as_object_mut()
                .is_some_and(|event| event.remove("at_ms").is_some())
        );
        assert_eq!(event, expected);
    }
}

#[test]
fn one_device_by_two_names_is_one_device() {
    let ports = Ports::new(&[]);
    let device = Device::start(&[]);
    let port = device.host.rsplit(':').next().expect("an address has a port");
    let other = format!("localhost:{port}");
    let found = ports.discover(&[
        "--json",
        "--host",
        &device.host,
        "--host",
        &other,
        "--host",
        &device.host,
    ]);
    assert_eq!(found.event_names(), ["discovered"]);
}

#[test]
fn who_is_busy_or_old_is_listed_and_who_is_no_device_is_not() {
    let ports = Ports::new(&[]);
    let (busy, ancient, page) = (answering(BUSY), answering(ANCIENT), answering(WEB_PAGE));
    let found = ports.discover(&["--json", "--host", &busy, "--host", &ancient, "--host", &page]);
    let mut states: Vec<_> = found
        .events()
        .iter()
        .map(|event| (event["place"].clone(), event["state"].clone()))
        .collect();
    states.sort_by_key(|(_, state)| state.to_string());
    assert_eq!(states, [(busy.into(), "busy".into()), (ancient.into(), "ready".into())]);
}

#[test]
fn when_nothing_is_found_the_places_and_a_way_out_are_told() {
    let ports = Ports::new(&["ttyS0"]);
    let page = answering(WEB_PAGE);
    let found = ports.discover(&["--host", &page]);
    assert_problem(&found, "nothing-found", 3);
    insta::assert_snapshot!(found.redacted());
    let found = ports.discover(&["--host", &page, "--port", "dev/ttyUSB9"]);
    insta::assert_snapshot!("a_port_that_cannot_be_used", found.redacted());
}

#[test]
fn places_that_keep_silent_are_waited_for_together_and_not_for_long() {
    let ports = Ports::new(&[]);
    let silent: Vec<TcpListener> = (0..20)
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"))
        .collect();
    let hosts: Vec<String> = silent
        .iter()
        .map(|listener| format!("--host={}", listener.local_addr().expect("it is bound")))
        .collect();
    let mut args = vec!["--timeout", "1"];
    args.extend(hosts.iter().map(String::as_str));
    let start = Instant::now();
    assert_eq!(ports.discover(&args).code, 3);
    // One after the other they would take twenty.
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[test]
fn a_host_on_the_command_line_counts_before_a_port_in_the_environment() {
    let device = Device::start(&[]);
    let mut info = command(LANDFALL, &["info", "--host", &device.host]);
    info.env("LANDFALL_PORT", "/nowhere");
    assert_eq!(run(info).code, 0);

    let mut by_port = command(LANDFALL, &["info"]);
    by_port
        .env("LANDFALL_PORT", "/nowhere")
        .env("LANDFALL_HOST", &device.host);
    let refused = run(by_port);
    assert!(refused.stderr.contains("/nowhere"), "{}", refused.stderr);

    let mut by_port = command(LANDFALL, &["info", "--port", "/nowhere"]);
    by_port.env("LANDFALL_HOST", &device.host);
    assert!(run(by_port).stderr.contains("/nowhere"));

    let mut by_name = command(LANDFALL, &["info", "--transport", "http"]);
    by_name
        .env("LANDFALL_PORT", "/nowhere")
        .env("LANDFALL_HOST", &device.host);
    assert_eq!(run(by_name).code, 0);

    assert_eq!(
        landfall(&["info", "--host", &device.host, "--port", "/nowhere"]).code,
        2
    );
}
