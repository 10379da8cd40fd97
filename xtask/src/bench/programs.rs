//! Costs of the programs as a user meets them.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::Value;

use super::{
    instructions::{MEASURE, callgrind, value},
    report::{Report, Row},
};
use crate::{
    peers::{self, Device},
    shell::{Result, capture, command, root},
};

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let program = peers::build()?;
    beside_python(report)?;
    start(&program, report)?;
    results(&program, report)?;
    memory(&program, report)
}

/// Our client's side of a security 2 handshake and the Python client's, on this machine in this run; and the echo.
fn beside_python(report: &mut Report) -> Result<()> {
    let python = peers::environment()?;
    let script = root().join("peers/rmaker.py");
    let printed = capture(Command::new(python).arg(script).args(["-", "client-cost"]))?;
    let reference: f64 = printed
        .split_whitespace()
        .nth(1)
        .ok_or("the peer printed no time")?
        .parse()?;
    let measured = time("time-client2")?;
    let cost = "security 2 handshake, client, CPU time beside the Python client";
    report.push(Row {
        cost,
        measured,
        unit: "us",
        limit: Some(reference / 4.0),
        reference: Some(reference),
    });
    // The original's figures are of another machine of the same kind. Instructions are what is guarded here.
    let (cost, measured) = ("1,024-byte echo, security 1, time", time("time-echo1")?);
    report.push(Row {
        cost,
        measured,
        unit: "us",
        limit: None,
        reference: Some(6.0),
    });
    let (cost, measured) = ("1,024-byte echo, security 2, time", time("time-echo2")?);
    report.push(Row {
        cost,
        measured,
        unit: "us",
        limit: None,
        reference: Some(12.0),
    });
    Ok(())
}

fn time(name: &str) -> Result<f64> {
    value(&capture(&mut command(MEASURE, &[name]))?, name)
}

/// `--help`: the best of several runs, as the machine's noise only adds.
fn start(program: &Path, report: &mut Report) -> Result<()> {
    let mut best = f64::MAX;
    for _ in 0..20 {
        let begin = Instant::now();
        capture(Command::new(program).arg("--help"))?;
        best = best.min(begin.elapsed().as_secs_f64() * 1000.0);
    }
    let cost = "start of the program (--help)";
    report.push(Row {
        cost,
        measured: best,
        unit: "ms",
        limit: None,
        reference: Some(190.0),
    });
    let program_path = program.to_str().ok_or("a path that is no text")?;
    report.push(Row {
        cost: "the same, which a slow machine does not change",
        measured: callgrind(&[program_path, "--help"])?,
        unit: "instructions",
        limit: Some(9.0e6),
        reference: None,
    });
    // GNU time, since a child's peak as its parent reads it counts what the parent had before the child began.
    let mut help = command("/usr/bin/time", &["--format", "%M kB"]);
    help.arg(program).arg("--help").stdout(Stdio::null());
    let output = help
        .output()
        .map_err(|e| format!("cannot run GNU time (Debian's package time): {e}"))?;
    let printed = String::from_utf8_lossy(&output.stderr);
    let peak: f64 = printed
        .split_whitespace()
        .next()
        .ok_or("GNU time printed nothing")?
        .parse()?;
    report.push(Row {
        cost: "peak memory of --help",
        measured: peak / 1024.0,
        unit: "MB",
        limit: Some(6.0),
        reference: Some(38.0),
    });
    Ok(())
}

/// From the device knowing the result to the client telling it: as long as the client waits between two questions, 100 ms, and
/// what a question takes.
fn results(program: &Path, report: &mut Report) -> Result<()> {
    report.push(Row {
        cost: "told after the device connected (original: of 5.4 s in all)",
        measured: delay(program, "mypassword", ["device_connected", "joined"])?,
        unit: "ms",
        limit: Some(200.0),
        reference: Some(3900.0),
    });
    report.push(Row {
        cost: "told after the device knew that the password is wrong (original: 20.6 s in all)",
        measured: delay(program, "notmypassword", ["device_credentials_failed", "failed"])?,
        unit: "ms",
        limit: Some(200.0),
        reference: Some(19_000.0),
    });
    Ok(())
}

/// The best of a few runs, in milliseconds: the machine's noise only adds.
fn delay(program: &Path, passphrase: &str, events: [&'static str; 2]) -> Result<f64> {
    (0..5)
        .map(|_| delay_once(program, passphrase, events))
        .try_fold(f64::MAX, |best, delay| Ok(best.min(delay?)))
}

fn delay_once(program: &Path, passphrase: &str, [known, told]: [&'static str; 2]) -> Result<f64> {
    let mut device = Device::start(program, &["--sec-ver", "2", "--attempts", "1"])?;
    let host = format!("127.0.0.1:{}", device.port);
    let lines = device.take_lines().ok_or("the device's lines are taken")?;
    let known = std::thread::spawn(move || moment(lines, known));
    let mut client = Command::new(program)
        .args([
            "provision",
            "--json",
            "--host",
            &host,
            "--ssid",
            "myssid",
            "--username",
            "wifiprov",
        ])
        .envs([("LANDFALL_PASSPHRASE", passphrase), ("LANDFALL_PASSWORD", "abcd1234")])
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()?;
    let lines = BufReader::new(client.stdout.take().ok_or("no output")?).lines();
    let told = moment(lines, told);
    client.wait()?;
    drop(device);
    let known = known.join().map_err(|_| "the watching thread died")?;
    match (known, told) {
        (Some(known), Some(told)) => Ok(told.saturating_duration_since(known).as_secs_f64() * 1000.0),
        _ => Err("the device or the client never told the result".into()),
    }
}

/// When a line with this event came.
fn moment(mut lines: impl Iterator<Item = std::io::Result<String>>, event: &str) -> Option<Instant> {
    let is = |line: &str| serde_json::from_str::<Value>(line).is_ok_and(|v| v["event"] == event);
    lines
        .by_ref()
        .map_while(core::result::Result::ok)
        .find(|line| is(line))
        .map(|_| Instant::now())
}

/// Memory of one simulated device, and of each further one in the same process.
///
/// The program's code is resident as well, as far as it ran; the system shares it and can take it back.
fn memory(program: &Path, report: &mut Report) -> Result<()> {
    let device = Device::start(program, &["--sec-ver", "2"])?;
    let status = fs::read_to_string(format!("/proc/{}/status", device.id()))?;
    report.push(Row {
        cost: "memory of a simulated device, its own",
        measured: value(&status, "RssAnon:")? / 1024.0,
        unit: "MB",
        limit: Some(2.0),
        reference: None,
    });
    report.push(Row {
        cost: "memory of a simulated device, with the program's code",
        measured: value(&status, "VmRSS:")? / 1024.0,
        unit: "MB",
        limit: Some(8.0),
        reference: Some(2.8),
    });
    let cost = "each further device in the same process";
    let measured = value(&capture(&mut command(MEASURE, &["devices", "17"]))?, "each-further")?;
    report.push(Row {
        cost,
        measured,
        unit: "kB",
        limit: Some(64.0),
        reference: None,
    });
    Ok(())
}
