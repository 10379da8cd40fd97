//! Clients from PyPI against the simulated device, and against the firmware's access point (peers/README.md).

use std::{
    io::{BufRead, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use crate::shell::{self, Result, capture, cargo, command, root, say};

/// What a peer's exit status says (peers/README.md).
const JOINED: i32 = 0;
const NOT_JOINED: i32 = 1;
const REFUSED: i32 = 3;

/// Whose device it is.
#[derive(Clone, Copy)]
enum Kind {
    /// `landfall simulate`.
    Linux,
    /// The firmware's example on this machine (`examples/softap.rs` of landfall-embassy), with a network stack of its own.
    Firmware,
}
use Kind::{Firmware, Linux};

/// One peer against one device.
struct Case {
    name: &'static str,
    kind: Kind,
    device: &'static [&'static str],
    script: &'static str,
    /// Arguments after the port.
    arguments: &'static [&'static str],
    expect: i32,
    /// What the peer must print, besides.
    prints: &'static str,
}

const SEC0: &[&str] = &["--sec-ver", "0"];
const SEC1: &[&str] = &["--sec-ver", "1", "--pop", "abcd1234"];
const SEC2: &[&str] = &["--sec-ver", "2", "--username", "wifiprov", "--password", "abcd1234"];
const GOOD: &str = "mypassword";
const BAD: &str = "notmypassword";

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { name: "rmaker, security 0", kind: Linux, device: SEC0, script: "rmaker.py", arguments: &["0", "", "myssid", GOOD], expect: JOINED, prints: "found MobileHotspot" },
    Case { name: "rmaker, security 1", kind: Linux, device: SEC1, script: "rmaker.py", arguments: &["1", "abcd1234", "myssid", GOOD], expect: JOINED, prints: "found InsecureWiFiAP" },
    Case { name: "rmaker, security 2", kind: Linux, device: SEC2, script: "rmaker.py", arguments: &["2", "abcd1234", "myssid", GOOD], expect: JOINED, prints: "found MyHomeWiFiAP" },
    Case { name: "rmaker, security 1, wrong proof of possession", kind: Linux, device: SEC1, script: "rmaker.py", arguments: &["1", "wrong", "myssid", GOOD], expect: REFUSED, prints: "session refused" },
    Case { name: "rmaker, security 2, wrong password", kind: Linux, device: SEC2, script: "rmaker.py", arguments: &["2", "wrong", "myssid", GOOD], expect: REFUSED, prints: "session refused" },
    Case { name: "rmaker, wrong Wi-Fi password", kind: Linux, device: SEC2, script: "rmaker.py", arguments: &["2", "abcd1234", "myssid", BAD], expect: NOT_JOINED, prints: "RESULT" },
    Case { name: "rmaker, absent network", kind: Linux, device: SEC2, script: "rmaker.py", arguments: &["2", "abcd1234", "nowhere", GOOD], expect: NOT_JOINED, prints: "RESULT" },
    Case { name: "protocomm, security 1", kind: Linux, device: SEC1, script: "protocomm.py", arguments: &["abcd1234", "myssid", GOOD], expect: JOINED, prints: "RESULT" },
    Case { name: "protocomm, wrong proof of possession", kind: Linux, device: SEC1, script: "protocomm.py", arguments: &["wrong", "myssid", GOOD], expect: REFUSED, prints: "session refused" },
    Case { name: "protocomm, wrong Wi-Fi password", kind: Linux, device: SEC1, script: "protocomm.py", arguments: &["abcd1234", "myssid", BAD], expect: NOT_JOINED, prints: "RESULT" },
    Case { name: "rmaker, 600 security 2 handshakes, A stripped of its zeros", kind: Linux, device: SEC2, script: "rmaker.py", arguments: &["handshakes", "600", "abcd1234"], expect: JOINED, prints: "RESULT 600 of 600" },
    Case { name: "rmaker to our firmware, security 0", kind: Firmware, device: SEC0, script: "rmaker.py", arguments: &["0", "", "myssid", GOOD], expect: JOINED, prints: "found MobileHotspot" },
    Case { name: "rmaker to our firmware, security 1", kind: Firmware, device: SEC1, script: "rmaker.py", arguments: &["1", "abcd1234", "myssid", GOOD], expect: JOINED, prints: "found MobileHotspot" },
    Case { name: "rmaker to our firmware, security 2", kind: Firmware, device: SEC2, script: "rmaker.py", arguments: &["2", "abcd1234", "myssid", GOOD], expect: JOINED, prints: "found MyHomeWiFiAP" },
    Case { name: "rmaker to our firmware, wrong password", kind: Firmware, device: SEC2, script: "rmaker.py", arguments: &["2", "wrong", "myssid", GOOD], expect: REFUSED, prints: "session refused" },
    Case { name: "rmaker to our firmware, wrong Wi-Fi password", kind: Firmware, device: SEC2, script: "rmaker.py", arguments: &["2", "abcd1234", "myssid", BAD], expect: NOT_JOINED, prints: "RESULT" },
    Case { name: "protocomm to our firmware, security 1", kind: Firmware, device: SEC1, script: "protocomm.py", arguments: &["abcd1234", "myssid", GOOD], expect: JOINED, prints: "RESULT" },
    Case { name: "protocomm to our firmware, wrong proof of possession", kind: Firmware, device: SEC1, script: "protocomm.py", arguments: &["wrong", "myssid", GOOD], expect: REFUSED, prints: "session refused" },
];

/// A simulated device, ended when dropped.
pub(crate) struct Device {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    lines: Option<DeviceLines>,
}

/// What a device prints after it began to listen. Someone must read on, or the device stops at a full pipe.
pub(crate) type DeviceLines = Lines<BufReader<ChildStdout>>;

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let python = environment()?;
    let (program, firmware) = (build()?, build_firmware()?);
    let wanted = arguments.first().map_or("", String::as_str);
    let (mut passed, mut failed) = (0, Vec::new());
    for case in CASES.iter().filter(|c| c.name.contains(wanted)) {
        let device = match case.kind {
            Linux => Device::start(&program, case.device),
            Firmware => Device::start_firmware(&firmware, case.device),
        };
        match device.and_then(|device| check(case, &python, device)) {
            Ok(()) => {
                passed += 1;
                say(&format!("ok    {}", case.name));
            }
            Err(error) => {
                say(&format!("FAIL  {}\n{error}", case.name));
                failed.push(case.name);
            }
        }
    }
    say(&format!("{passed} passed, {} failed", failed.len()));
    if failed.is_empty() && passed > 0 {
        Ok(())
    } else {
        Err(format!("failed: {failed:?}").into())
    }
}

fn check(case: &Case, python: &Path, mut device: Device) -> Result<()> {
    device.drain();
    let script = root().join("peers").join(case.script);
    let output = Command::new(python)
        .arg(script)
        .arg(device.port.to_string())
        .args(case.arguments)
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(case.expect) && printed.contains(case.prints) {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "expected exit {} and \"{}\", got {}:\n{printed}{errors}",
        case.expect, case.prints, output.status
    )
    .into())
}

/// The Python of a virtual environment that has the peers; made at the first call.
pub(crate) fn environment() -> Result<PathBuf> {
    let folder = root().join("target/peers");
    let python = folder.join("bin/python");
    let requirements = root().join("peers/requirements.txt");
    let requirements = requirements.to_str().ok_or("the path is not UTF-8")?;
    let pip = |arguments: &[&str]| -> Result<String> {
        let mut pip = Command::new(&python);
        capture(
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(arguments),
        )
    };
    if !python.exists() {
        let folder = folder.to_str().ok_or("the path is not UTF-8")?;
        shell::run(&mut command("python3", &["-m", "venv", folder]))?;
    }
    pip(&["--no-deps", "--requirement", requirements])?;
    pip(&["protobuf", "cryptography"])?;
    Ok(python)
}

/// Builds the programs for release and gives the path of `landfall`.
pub(crate) fn build() -> Result<PathBuf> {
    shell::run(&mut cargo(&["build", "--release", "--locked", "--package", "landfall"]))?;
    Ok(root().join("target/release/landfall"))
}

/// Builds the firmware's example that has an access point.
fn build_firmware() -> Result<PathBuf> {
    let package = ["--package", "landfall-embassy", "--features", "softap"];
    shell::run(cargo(&["build", "--locked", "--example", "softap"]).args(package))?;
    Ok(root().join("target/debug/examples/softap"))
}

impl Device {
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["simulate", "--json"]);
        Self::run(command, arguments)
    }

    fn start_firmware(example: &Path, arguments: &[&str]) -> Result<Self> {
        Self::run(Command::new(example), arguments)
    }

    fn run(mut command: Command, arguments: &[&str]) -> Result<Self> {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--no-auto-stop"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let port = lines
            .by_ref()
            .map_while(core::result::Result::ok)
            .find_map(|line| port_of(&line));
        match port {
            Some(port) => Ok(Self {
                child,
                port,
                lines: Some(lines),
            }),
            None => Err(format!("the device did not start: {:?}", child.wait()?).into()),
        }
    }

    /// What the device prints from now on; once.
    pub(crate) fn take_lines(&mut self) -> Option<DeviceLines> {
        self.lines.take()
    }

    /// Reads what the device prints, and forgets it.
    pub(crate) fn drain(&mut self) {
        if let Some(lines) = self.take_lines() {
            std::thread::spawn(move || lines.for_each(drop));
        }
    }

    /// The device's process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn port_of(line: &str) -> Option<u16> {
    let event: Value = serde_json::from_str(line).ok()?;
    let url = event
        .get("url")
        .filter(|_| event["event"] == "device_listening")?
        .as_str()?;
    url.rsplit(':').next()?.parse().ok()
}
