//! Checks, counted.

use crate::machine::say;

/// Why a check failed.
pub type Wrong = &'static str;

/// How many checks passed and failed. Each says so in a line of its own.
#[derive(Debug, Default)]
pub struct Tally {
    passed: u32,
    failed: u32,
}

impl Tally {
    /// Counts a check. Its name is what is checked, and on which case.
    pub fn count(&mut self, check: &str, case: &str, outcome: Result<(), Wrong>) {
        match outcome {
            Ok(()) => {
                self.passed += 1;
                say(format_args!("ok {check}: {case}"));
            }
            Err(wrong) => {
                self.failed += 1;
                say(format_args!("FAILED {check}: {case}: {wrong}"));
            }
        }
    }

    /// Says the sum; gives whether all is well. Nothing checked is not well.
    pub fn close(self) -> bool {
        say(format_args!("{} checks passed, {} failed", self.passed, self.failed));
        self.passed > 0 && self.failed == 0
    }
}

/// `Ok` if it is so.
pub fn require(so: bool, or_else: Wrong) -> Result<(), Wrong> {
    if so { Ok(()) } else { Err(or_else) }
}
