//! Running programs, and where things are.

use core::error::Error;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub(crate) type Result<T> = core::result::Result<T, Box<dyn Error>>;

/// The repository's top folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask stands in the top folder")
        .to_path_buf()
}

/// A command in the top folder.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// `cargo` as it runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments)
}

/// Runs `command`, its output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say(&format!("$ {}", line(command)));
    let status = command
        .status()
        .map_err(|e| format!("cannot run {}: {e}", line(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} ended with {status}", line(command)).into())
    }
}

/// Runs `command` and gives what it printed.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::piped())
        .output()
        .map_err(|e| format!("cannot run {}: {e}", line(command)))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} ended with {}\n{text}{errors}", line(command), output.status).into())
}

/// Makes sure that `program` is there before anything is waited for; `purpose` says what for.
pub(crate) fn need(program: &str, version: &str, purpose: &str) -> Result<()> {
    match Command::new(program).arg(version).output() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("{program} is needed, {purpose}: apt-get install {program}").into()),
    }
}

/// A headline between the steps of a chore.
#[expect(clippy::print_stdout, reason = "a chore's printer")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

fn line(command: &Command) -> String {
    let words = core::iter::once(command.get_program()).chain(command.get_args());
    words.map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
