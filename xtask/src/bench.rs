//! The guarded costs: instruction counts by callgrind, which do not depend on the machine's load, and times measured side
//! by side in one run where only a clock can tell. A cost past its limit fails the chore.

mod instructions;
mod programs;
mod report;

use report::Report;

use crate::shell::{Result, say};

pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    let mut report = Report::default();
    instructions::measure(&mut report)?;
    programs::measure(&mut report)?;
    say(&report.table());
    report.verdict()
}
