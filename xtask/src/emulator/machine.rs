//! QEMU, as a machine that runs an image and ends with it.

use core::time::Duration;
use std::{
    io::Read,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Instant,
};

use crate::shell::Result;

pub(super) const QEMU: &str = "qemu-system-riscv32";

/// How an image ended, and what it said.
pub(super) struct Run {
    pub(super) good: bool,
    pub(super) lines: String,
}

/// Longer than a slow machine takes; an image takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// `-icount shift=0` makes the counter of instructions exact: one instruction is one tick.
const MACHINE: &[&str] = &[
    "-machine",
    "virt",
    "-cpu",
    "rv32,a=false,f=false,d=false",
    "-icount",
    "shift=0",
    "-bios",
    "none",
];

/// What the image says comes out at ours; nothing else does.
const SURROUNDINGS: &[&str] = &[
    "-display",
    "none",
    "-monitor",
    "none",
    "-serial",
    "none",
    "-chardev",
    "stdio,id=out",
    "-semihosting-config",
    "enable=on,target=native,chardev=out",
];

pub(super) fn run(image: &Path) -> Result<Run> {
    let mut qemu = Command::new(QEMU)
        .args(MACHINE)
        .args(SURROUNDINGS)
        .arg("-kernel")
        .arg(image)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot run {QEMU}: {e}"))?;
    let mut out = qemu.stdout.take().ok_or("the output is not there")?;
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes)
            .map(|_| String::from_utf8_lossy(&bytes).into_owned())
    });
    let status = end(&mut qemu)?;
    let lines = reader.join().map_err(|_| "the output cannot be read")??;
    let good = status.is_some_and(|status| status.success());
    let lines = match status {
        Some(status) if !good => format!("{lines}{} ended with {status}", image.display()),
        Some(_) => lines,
        None => format!("{lines}{} did not end in {} s", image.display(), PATIENCE.as_secs()),
    };
    Ok(Run { good, lines })
}

/// Waits for the end, and makes it when patience ends: then there is no status.
fn end(qemu: &mut Child) -> Result<Option<ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = qemu.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(20));
    }
    qemu.kill()?;
    qemu.wait()?;
    Ok(None)
}
