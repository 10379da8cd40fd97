//! Runs the programs, and a simulated device for them to talk to.

use core::time::Duration;
use std::{
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Instant,
};

pub(crate) const LANDFALL: &str = env!("CARGO_BIN_EXE_landfall");
pub(crate) const ESP_PROV: &str = env!("CARGO_BIN_EXE_esp-prov");

/// Provisions a device that has the development credentials.
pub(crate) const PROVISION: [&str; 7] = [
    "provision",
    "--password",
    "abcd1234",
    "--ssid",
    "myssid",
    "--passphrase",
    "mypassword",
];

/// What a program left behind.
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Both outputs with everything that changes from run to run replaced.
    pub(crate) fn redacted(&self) -> String {
        let mut text = format!("exit code {}\n--- stdout\n{}", self.code, redact(&self.stdout));
        if !self.stderr.is_empty() {
            text.push_str(&format!("--- stderr\n{}", redact(&self.stderr)));
        }
        text
    }

    /// `esp-prov` ended with this exception, and said why and what to do.
    #[track_caller]
    pub(crate) fn assert_raised(&self, exception: &str) {
        let all = format!("{}\n{}", self.stdout, self.stderr);
        let Some((_, rest)) = self.stderr.split_once(&format!("{exception}\ncause: ")) else {
            panic!("{exception:?} was not raised:\n{all}");
        };
        assert_eq!((rest.lines().count(), rest.contains("\nhint: ")), (2, true), "{all}");
        assert_eq!(self.code, 1, "{all}");
    }

    /// The events of `--json`; every line has to be one.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<serde_json::Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("every line is JSON"))
            .collect()
    }

    /// The names of the events of `--json`.
    #[track_caller]
    pub(crate) fn event_names(&self) -> Vec<String> {
        let events = self.events();
        events
            .iter()
            .map(|event| event["event"].as_str().expect("every event has a name").to_owned())
            .collect()
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("the programs print UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("the programs print UTF-8"),
        }
    }
}

/// A program that is about to run, without anything of the surroundings that it would listen to.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let is_ours = |name: &OsString| name.as_encoded_bytes().starts_with(b"LANDFALL_");
    for (name, _) in env::vars_os().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    for variable in [
        "ESP_PROV_COMPAT_EXIT",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
    ] {
        command.env_remove(variable);
    }
    command.env(SYSTEM_BUS, "unix:path=/nowhere/bus");
    command
}

/// Where programs look for the system's services. Those of this machine are not for tests.
pub(crate) const SYSTEM_BUS: &str = "DBUS_SYSTEM_BUS_ADDRESS";

/// Runs `landfall` to its end.
pub(crate) fn landfall(args: &[&str]) -> Finished {
    run(command(LANDFALL, args))
}

/// Runs a program to its end.
pub(crate) fn run(mut command: Command) -> Finished {
    finish(command.spawn().expect("the program runs"))
}

/// Waits for the end of a program. One that does not end is ended: a test that fails is better than one that hangs.
fn finish(child: Child) -> Finished {
    let id = child.id().to_string();
    let (ended, end) = mpsc::channel::<()>();
    thread::spawn(move || {
        if end.recv_timeout(LONGEST_RUN) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").arg(id).status();
        }
    });
    let output = child.wait_with_output().expect("the program ends");
    drop(ended);
    output.into()
}

/// Nothing here takes half as long.
const LONGEST_RUN: Duration = Duration::from_secs(120);

/// Runs `program` to its end, with `input` at its standard input.
pub(crate) fn with_input(mut command: Command, input: &str) -> Finished {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program runs");
    let mut stdin = child.stdin.take().expect("it was piped");
    // A program that has heard enough is right not to read the rest.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    finish(child)
}

/// A simulated device in a process of its own, ended when dropped.
pub(crate) struct Device {
    child: Child,
    pub(crate) host: String,
    log: Arc<Mutex<String>>,
}

impl Device {
    /// Starts `landfall simulate` on a free port, and waits until clients can come.
    #[track_caller]
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut device = Self::spawn(args);
        let line = device.wait_for("Listening on http://");
        device.host = line.trim().rsplit('/').next().expect("an address follows").to_owned();
        device
    }

    /// Starts `landfall simulate` on a free port.
    #[track_caller]
    pub(crate) fn spawn(args: &[&str]) -> Self {
        Self::run(&[&["--listen", "127.0.0.1:0", "--name", "PROV_261FCC"], args].concat())
    }

    /// Starts `landfall simulate` on the Bluetooth controller at `hci`, and waits until clients can come.
    #[track_caller]
    pub(crate) fn over_bluetooth(hci: &str, args: &[&str]) -> Self {
        let options = ["--transport", "ble", "--hci", hci, "--name", "PROV_261FCC"];
        let device = Self::run(&[&options, args].concat());
        device.wait_for("Listening on ");
        device
    }

    fn run(args: &[&str]) -> Self {
        Self::of(command(LANDFALL, &[&["simulate"], args].concat()))
    }

    /// The device that `command` plays.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program runs");
        let log = Arc::new(Mutex::new(String::new()));
        let stdout = child.stdout.take().expect("it was piped");
        thread::spawn({
            let log = Arc::clone(&log);
            move || collect(stdout, &log)
        });
        Self {
            child,
            host: String::new(),
            log,
        }
    }

    /// Waits until the log has a line with `text`, and gives that line.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if let Some(line) = self.log().lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{text:?} did not come; the log is:\n{}", self.log());
    }

    /// What it has printed so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("the collector does not panic").clone()
    }

    /// Sends it signal `name`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// Asks it to end with signal `name`, and gives its exit code.
    pub(crate) fn end(mut self, name: &str) -> Option<i32> {
        self.signal(name);
        self.child.wait().expect("it ends").code()
    }

    /// Waits for its own end, and gives its exit code and what it said on standard error.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().expect("it ends").code();
        let mut stderr = String::new();
        let pipe = self.child.stderr.take().expect("it was piped");
        BufReader::new(pipe)
            .read_to_string(&mut stderr)
            .expect("it prints UTF-8");
        (code, stderr)
    }

    /// Runs `landfall` with `args` against this device.
    pub(crate) fn client(&self, args: &[&str]) -> Finished {
        landfall(&[args, &["--host", &self.host]].concat())
    }

    /// Runs `esp-prov` with `args` against this device, with `input` at its standard input.
    pub(crate) fn esp_prov(&self, args: &[&str], input: &str) -> Finished {
        let all = [&["--transport", "softap", "--service_name", &self.host], args].concat();
        with_input(command(ESP_PROV, &all), input)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stdout: ChildStdout, log: &Mutex<String>) {
    for line in BufReader::new(stdout).lines() {
        let Ok(line) = line else { return };
        let mut log = log.lock().expect("readers do not panic");
        log.push_str(&line);
        log.push('\n');
    }
}

/// Replaces ports, times and QR codes, and makes escape sequences visible.
pub(crate) fn redact(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = redact_line(&line.replace('\x1b', "␛"));
        if line.contains(['█', '▀']) && !["dBm", " %  "].iter().any(|unit| line.contains(unit))
            || line.trim_start_matches("device |").trim().is_empty() && line.len() > 20
        {
            if lines.last().is_none_or(|last| last != "(QR code)") {
                lines.push("(QR code)".into());
            }
        } else {
            lines.push(line);
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn redact_line(line: &str) -> String {
    let line = mask(line, "127.0.0.1:", "", "PORT");
    let line = mask(&line, " (", ") ", "MS");
    let line = mask(&line, "\"at_ms\":", "}", "0");
    let line = mask(&line, "in ", " sec", "SECONDS");
    let line = mask(&line, "in ", " s.", "SECONDS");
    step_time(&line)
}

/// The time at the beginning of a step.
fn step_time(line: &str) -> String {
    let (mark, rest) = match line.find(" | ") {
        Some(at) => line.split_at(at + 3),
        None => ("", line),
    };
    match rest.split_once(" s") {
        Some((time, step)) if time.trim_start_matches("␛[2m").trim().parse::<f64>().is_ok() => {
            format!("{mark}  T.TTT s{step}")
        }
        _ => line.to_owned(),
    }
}

/// Replaces the number between `before` and `after` everywhere.
fn mask(text: &str, before: &str, after: &str, with: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(before) {
        let (head, tail) = rest.split_at(at + before.len());
        masked.push_str(head);
        let digits = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        rest = tail;
        if digits > 0 && tail[digits..].starts_with(after) {
            masked.push_str(with);
            rest = &tail[digits..];
        }
    }
    masked + rest
}
