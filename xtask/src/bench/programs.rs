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
    instructions::{MEASURE, value},
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
    // The original's figures are of another machine of the same kind, so they are laid beside and guard nothing.
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
        limit: Some(5.0),
        reference: Some(190.0),
    });
    Ok(())
}

/// From the device knowing the result to the client telling it.
fn results(program: &Path, report: &mut Report) -> Result<()> {
    let cases = [
        (
            "told after the device connected (of 1.5 s and more)",
            "mypassword",
            "joined",
            3900.0,
        ),
        (
            "told after the device knew that the password is wrong",
            "notmypassword",
            "join_failed",
            15_600.0,
        ),
    ];
    for (cost, passphrase, event, reference) in cases {
        let mut delays = Vec::new();
        for _ in 0..3 {
            delays.push(delay(program, passphrase, event)?);
        }
        let measured = delays.into_iter().fold(f64::MAX, f64::min);
        report.push(Row {
            cost,
            measured,
            unit: "ms",
            limit: Some(100.0),
            reference: Some(reference),
        });
    }
    Ok(())
}

fn delay(program: &Path, passphrase: &str, event: &str) -> Result<f64> {
    let mut device = Device::start(program, &["--sec-ver", "2", "--attempts", "1"])?;
    let host = format!("127.0.0.1:{}", device.port);
    let known = device.take_lines().ok_or("the device's lines are taken")?;
    let watcher = {
        let event = event.to_owned();
        std::thread::spawn(move || {
            known
                .map_while(core::result::Result::ok)
                .find(|l| is(l, &event))
                .map(|_| Instant::now())
        })
    };
    let mut client = Command::new(program)
        .args(["provision", "--json", "--host", &host, "--ssid", "myssid"])
        .envs([
            ("LANDFALL_PASSPHRASE", passphrase),
            ("LANDFALL_PASSWORD", "abcd1234"),
            ("LANDFALL_USERNAME", "wifiprov"),
        ])
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()?;
    let lines = BufReader::new(client.stdout.take().ok_or("no output")?).lines();
    let told = lines
        .map_while(core::result::Result::ok)
        .find(|l| is(l, event))
        .map(|_| Instant::now());
    client.wait()?;
    let told = told.ok_or_else(|| format!("the client never said {event}"))?;
    drop(device);
    let known = watcher
        .join()
        .map_err(|_| "the watcher died")?
        .ok_or_else(|| format!("the device never said {event}"))?;
    Ok(told.saturating_duration_since(known).as_secs_f64() * 1000.0)
}

fn is(line: &str, event: &str) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|v| v["event"] == event)
}

/// Resident memory of one simulated device, and of each further one in the same process.
fn memory(program: &Path, report: &mut Report) -> Result<()> {
    let device = Device::start(program, &["--sec-ver", "2"])?;
    let status = fs::read_to_string(format!("/proc/{}/status", device.id()))?;
    let resident = value(&status, "VmRSS:")? / 1024.0;
    let cost = "resident memory of a simulated device";
    report.push(Row {
        cost,
        measured: resident,
        unit: "MB",
        limit: Some(6.0),
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
