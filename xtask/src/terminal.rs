//! `landfall` on a terminal: tests that type into tmux and look at what it shows.

use crate::shell::{self, Result, cargo};

/// Runs them; `arguments` go to the test program, as a name or `--nocapture`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    shell::need("tmux", "-V", "the terminal that these tests type into")?;
    let target = ["--locked", "--package", "landfall", "--test", "terminal"];
    // The tests of the workspace leave this target out, and so do its lints.
    shell::run(cargo(&["clippy"]).args(target).args(["--", "-D", "warnings"]))?;
    shell::run(cargo(&["test"]).args(target).arg("--").args(arguments))
}
