//! Pieces of work in `landfall-testkit`'s example `measure`, counted by callgrind, and the sizes it prints.

use super::report::{Report, Row};
use crate::shell::{self, Result, capture, cargo, command};

/// Name in `measure`, title, limit, and the original's figure (its C code compiled for the host with -O2), instructions.
const COSTS: &[(&str, &str, Option<f64>, Option<f64>)] = &[
    ("sec1-device", "security 1 handshake, device", Some(1.5e6), Some(15.0e6)),
    (
        "sec2-device-all",
        "security 2 handshake, device, all of it",
        Some(40.0e6),
        Some(77.5e6),
    ),
    (
        "sec2-proof",
        "security 2, Command0 in to Response1 out, ephemeral prepared",
        Some(30.0e6),
        Some(77.5e6),
    ),
    (
        "sec2-command0",
        "security 2, Command0 in to Response0 out",
        Some(1.0e6),
        Some(77.5e6),
    ),
    ("sec2-client", "security 2 handshake, client", None, None),
    ("verifier-table", "table of the verifier, once per start", None, None),
    ("echo1-1024", "1,024-byte echo, security 1", Some(22.0e3), None),
    ("echo2-1024", "1,024-byte echo, security 2", Some(33.0e3), None),
];

/// Name in `measure sizes`, title, limit in bytes.
const SIZES: &[(&str, &str, Option<f64>)] = &[
    (
        "device-session",
        "device session, no heap, without ephemeral",
        Some(1024.0),
    ),
    (
        "device-session-with-ephemeral",
        "device session, ephemeral included",
        Some(2048.0),
    ),
    ("client-session", "client session", None),
    ("manager", "manager with 16 scan results, session included", None),
];

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    shell::run(&mut cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "landfall-testkit",
        "--example",
        "measure",
    ]))?;
    for &(name, cost, limit, reference) in COSTS {
        let measured = count(name)?;
        report.push(Row {
            cost,
            measured,
            unit: "instructions",
            limit,
            reference,
        });
    }
    let sizes = capture(&mut command(MEASURE, &["sizes"]))?;
    for &(name, cost, limit) in SIZES {
        let measured = value(&sizes, name)?;
        report.push(Row {
            cost,
            measured,
            unit: "B",
            limit,
            reference: None,
        });
    }
    Ok(())
}

/// The built example.
pub(super) const MEASURE: &str = "target/release/examples/measure";

/// The number after `name` in lines of `name number`.
pub(super) fn value(lines: &str, name: &str) -> Result<f64> {
    let words = lines.lines().map(|l| l.split_whitespace().collect::<Vec<_>>());
    let found = words
        .filter_map(|w| Some((*w.first()?, *w.get(1)?)))
        .find(|(n, _)| *n == name);
    let (_, number) = found.ok_or_else(|| format!("`measure` printed no {name}:\n{lines}"))?;
    Ok(number.parse()?)
}

fn count(name: &str) -> Result<f64> {
    callgrind(&["--toggle-collect=*measured_region*", MEASURE, name])
}

/// Instructions of a program, which is the last of `arguments` with its own.
pub(super) fn callgrind(arguments: &[&str]) -> Result<f64> {
    let fixed = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let output = command("valgrind", &[&fixed, arguments].concat())
        .output()
        .map_err(|e| format!("cannot run valgrind: {e}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|l| l.split("Collected :").nth(1));
    let count: f64 = collected
        .ok_or_else(|| format!("callgrind counted nothing for {arguments:?}:\n{text}"))?
        .trim()
        .parse()?;
    // A region that was never entered counts as nothing, which is no measurement.
    if count < 100.0 {
        Err(format!("{arguments:?} were not measured: {count} instructions").into())
    } else {
        Ok(count)
    }
}
