//! The guarded costs: instruction counts by callgrind, which do not depend on the machine's load, and times measured side
//! by side in one run where only a clock can tell, and what goes over the air, counted there. A cost past its limit fails
//! the chore.

mod bluetooth;
mod instructions;
mod programs;
mod report;

use report::Report;

use crate::shell::{Result, say};

/// A part of the costs, and its name.
type Part = (&'static str, fn(&mut Report) -> Result<()>);

const PARTS: &[Part] = &[
    ("instructions", instructions::measure),
    ("programs", programs::measure),
    ("bluetooth", bluetooth::measure),
];

/// Measures the parts whose names have the first argument in them.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let wanted = arguments.first().map_or("", String::as_str);
    let mut report = Report::default();
    for (_, measure) in PARTS.iter().filter(|(name, _)| name.contains(wanted)) {
        measure(&mut report)?;
    }
    say(&report.table());
    report.verdict()
}
