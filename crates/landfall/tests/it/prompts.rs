//! Questions that a pipe answers, and signals that come meanwhile.

use core::time::Duration;
use std::{
    io::{Read, Write as _},
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

use crate::support::{Device, LANDFALL, PROVISION, command, with_input};

/// `landfall` at a question, with an input that stays open.
struct Asking {
    child: Child,
}

impl Asking {
    /// Runs `landfall` with `input`, until it asks `question`.
    #[track_caller]
    fn start(args: &[&str], input: &str, question: &str) -> Self {
        Self::run(command(LANDFALL, args), input, question)
    }

    /// The same as `env` runs it, which knows what becomes of SIGHUP.
    #[track_caller]
    fn start_with_hangup(how: &str, args: &[&str], question: &str) -> Self {
        Self::run(command("env", &[&[how, LANDFALL], args].concat()), "", question)
    }

    #[track_caller]
    fn run(mut program: Command, input: &str, question: &str) -> Self {
        let mut child = program.stdin(Stdio::piped()).spawn().expect("the program runs");
        let stdin = child.stdin.as_mut().expect("it was piped");
        stdin.write_all(input.as_bytes()).expect("the program listens");
        read_until(child.stderr.as_mut().expect("it was piped"), question);
        Self { child }
    }

    /// Waits until the program takes care of SIGINT itself, which it does before it reads.
    #[track_caller]
    fn wait_for_signal_handler(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        let path = format!("/proc/{}/status", self.child.id());
        let is_caught = |status: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let set = line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
            set.is_some_and(|set| set & (1 << (SIGINT - 1)) != 0)
        };
        while !is_caught(&std::fs::read_to_string(&path).expect("the program runs")) {
            assert!(Instant::now() < deadline, "the program does not take care of SIGINT");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal; the exit code, which must come soon, and what the program says.
    #[track_caller]
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args([signal, &id]).status().expect("kill runs");
        assert!(killed.success());
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.child.try_wait().expect("it is our child").is_none() {
            assert!(Instant::now() < deadline, "the program goes on after {signal}");
            thread::sleep(Duration::from_millis(10));
        }
        let mut rest = String::new();
        let mut stderr = self.child.stderr.take().expect("it was piped");
        stderr.read_to_string(&mut rest).expect("it prints UTF-8");
        (self.child.wait().expect("it has ended").code(), rest)
    }
}

const SIGINT: u32 = 2;

/// Reads until `text` has come, and no further.
#[track_caller]
fn read_until(stream: &mut impl Read, text: &str) {
    let mut read = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&read).ends_with(text) {
        let len = stream.read(&mut byte).expect("the program prints");
        assert_ne!(len, 0, "{text:?} did not come: {}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&byte);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn signals_end_a_question_at_once_and_the_device_is_free() {
    let device = Device::start(&[]);
    let args = ["provision", "--password", "abcd1234", "--host", &device.host];
    for (signal, code, problem) in [("-INT", 130, "interrupted"), ("-TERM", 143, "terminated")] {
        for (input, question) in [
            ("", "h for a hidden one): "),
            ("h\n", "Name of the network: "),
            ("2\n", "Passphrase of MobileHotspot (WPA2): "),
        ] {
            let (exit, said) = Asking::start(&args, input, question).end(signal);
            assert_eq!(exit, Some(code), "{signal} at {question:?}: {said}");
            assert!(said.contains(&format!("error[{problem}]")), "{said}");
        }
    }
    assert_eq!(device.client(&PROVISION).code, 0);
}

#[test]
fn a_terminal_that_is_gone_ends_a_command_unless_it_is_to_go_on() {
    let device = Device::start(&[]);
    let args = ["provision", "--password", "abcd1234", "--host", &device.host];
    let question = "h for a hidden one): ";
    let (exit, said) = Asking::start_with_hangup("--default-signal=HUP", &args, question).end("-HUP");
    assert_eq!(exit, Some(143), "{said}");
    let mut on_its_own = Asking::start_with_hangup("--ignore-signal=HUP", &args, question);
    let id = on_its_own.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-HUP", &id])
            .status()
            .expect("kill runs")
            .success()
    );
    let stdin = on_its_own.child.stdin.as_mut().expect("it was piped");
    stdin.write_all(b"h\n").expect("the program listens");
    let stderr = on_its_own.child.stderr.as_mut().expect("it was piped");
    read_until(stderr, "Name of the network: ");
}

#[test]
fn a_client_that_leaves_while_the_device_scans_makes_room_for_the_next_one() {
    let mut world = tempfile::NamedTempFile::new().expect("a temporary file");
    let slow = "scan_ms = 5000\n[[access_point]]\nssid = \"myssid\"\npassphrase = \"mypassword\"\n";
    world.write_all(slow.as_bytes()).expect("there is room for it");
    let path = world.path().to_str().expect("temporary files have plain names");
    let device = Device::start(&["--world", path]);
    let args = ["scan", "--password", "abcd1234", "--host", &device.host];
    let mut asking = Asking::start(&args, "", "");
    let stdout = asking.child.stdout.as_mut().expect("it was piped");
    read_until(stdout, "The device scans for networks ...\n");
    assert_eq!(asking.end("-INT").0, Some(130));
    let done = device.client(&PROVISION);
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[test]
fn a_device_that_was_left_while_joining_is_waited_for() {
    let mut world = tempfile::NamedTempFile::new().expect("a temporary file");
    let slow = "[[access_point]]\nssid = \"slow\"\njoin_ms = 8000\n[[access_point]]\nssid = \"other\"\n";
    world.write_all(slow.as_bytes()).expect("there is room for it");
    let path = world.path().to_str().expect("temporary files have plain names");
    let wait_for_it = |next: &str, code: i32| {
        let device = Device::start(&["--no-auto-stop", "--world", path]);
        let secret = ["provision", "--password", "abcd1234", "--passphrase", "", "--ssid"];
        let args = [&secret[..], &["slow", "--host", &device.host]].concat();
        let mut asking = Asking::start(&args, "", "");
        let stdout = asking.child.stdout.as_mut().expect("it was piped");
        read_until(stdout, "The device is connecting ...\n");
        let (exit, said) = asking.end("-INT");
        assert_eq!(exit, Some(130), "{said}");
        assert!(said.contains("goes on joining by itself"), "{said}");
        let done = device.client(&[&secret[..], &[next]].concat());
        assert_eq!(done.code, code, "{next}: {}", done.stderr);
        assert!(done.stderr.contains("waiting for its end"), "{}", done.stderr);
        assert_eq!(
            done.stderr.contains("the device has joined slow instead"),
            next == "other"
        );
    };
    // Side by side, as both wait long.
    thread::scope(|scope| {
        scope.spawn(|| wait_for_it("slow", 0));
        scope.spawn(|| wait_for_it("other", 1));
    });
}

#[test]
fn signals_end_the_wait_for_a_secret_or_data_from_standard_input() {
    let device = Device::start(&[]);
    for args in [
        &["provision", "--ssid", "myssid", "--passphrase-file", "-"][..],
        &["scan", "--password-file", "-"],
        &["send", "custom-data", "--data-file", "-"],
    ] {
        let all = [args, &["--host", &device.host]].concat();
        let asking = Asking::start(&all, "abc", "");
        asking.wait_for_signal_handler();
        assert_eq!(asking.end("-INT").0, Some(130), "{args:?}");
    }
}

#[test]
fn a_hidden_network_is_named_from_a_pipe() {
    let device = Device::start(&[]);
    let args = ["provision", "--password", "abcd1234", "--host", &device.host];
    let done = with_input(command(LANDFALL, &args), "h\n\nmyssid\nmypassword\n");
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("The device is on myssid"), "{}", done.stdout);
    assert!(
        done.stderr.contains("A network name has 1 to 32 bytes."),
        "{}",
        done.stderr
    );
}

#[test]
fn a_passphrase_that_is_too_short_is_told_and_asked_for_again() {
    let device = Device::start(&[]);
    let args = ["provision", "--password", "abcd1234", "--host", &device.host];
    let done = with_input(command(LANDFALL, &args), "2\nshort\nmypassword\n");
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(
        done.stderr
            .contains("A passphrase of WPA has 8 to 63 characters; this one is too short."),
        "{}",
        done.stderr
    );
}

#[test]
fn a_wrong_passphrase_from_a_pipe_has_no_second_try() {
    let device = Device::start(&["--attempts", "1"]);
    let args = ["provision", "--password", "abcd1234", "--host", &device.host];
    let done = with_input(command(LANDFALL, &args), "2\nnotmypassword\nmypassword\n");
    assert_eq!(done.code, 5, "{}", done.stderr);
}

#[test]
fn an_input_that_ends_before_the_answers_is_told() {
    let device = Device::start(&[]);
    let args = ["provision", "--password", "abcd1234", "--host", &device.host];
    for (input, problem) in [
        ("", "no network was chosen"),
        ("h\n", "no network was chosen"),
        ("2\n", "the passphrase of the network is missing"),
    ] {
        let done = with_input(command(LANDFALL, &args), input);
        assert_eq!(done.code, 2, "{input:?}: {}", done.stderr);
        assert!(
            done.stderr.contains(&format!("error[answer-missing]: {problem}")),
            "{}",
            done.stderr
        );
    }
}
