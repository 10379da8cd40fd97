//! The core crates on a bare RV32IMC machine that QEMU plays: the golden vectors and whole provisionings, and what each
//! step costs. A cost past its limit fails the chore, and so does one that is no longer what docs/costs.md says.

mod costs;
mod machine;
mod record;

use std::path::PathBuf;

use costs::Costs;

use crate::{
    elf::Program,
    riscv,
    shell::{self, Result, need, root, say},
};

const TARGET: &str = "riscv32imc-unknown-none-elf";

/// With the argument `write`, docs/costs.md is written anew in place of being compared.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let write = match arguments {
        [] => false,
        [argument] if argument == "write" => true,
        _ => return Err("usage: cargo xtask emulator [write]".into()),
    };
    need(machine::QEMU, "--version", "to run what was built for the chip")
        .map_err(|_| format!("{} is needed: apt-get install qemu-system-misc", machine::QEMU))?;
    let mut build = riscv::cargo(TARGET, "emulator", &["build", "--release", "--locked"])?;
    shell::run(&mut build)?;
    check()?;
    let costs = measure()?;
    say(&costs.tables());
    let compiler = riscv::version(TARGET)?;
    if write {
        record::write(&costs, &compiler)?;
    }
    costs.verdict()?;
    record::compare(&costs, &compiler)
}

/// Runs the golden vectors and the provisionings. The image's exit status decides; its lines are shown if it is bad.
fn check() -> Result<()> {
    let run = machine::run(&image("checks"))?;
    let sum = run.lines.lines().last().unwrap_or("the image said nothing");
    if run.good {
        say(&format!("on RV32IMC: {sum}"));
        return Ok(());
    }
    let bad = run
        .lines
        .lines()
        .filter(|line| !line.starts_with("ok "))
        .collect::<Vec<_>>();
    Err(format!("checks on RV32IMC failed:\n{}", bad.join("\n")).into())
}

fn measure() -> Result<Costs> {
    let run = machine::run(&image("costs"))?;
    if !run.good {
        return Err(format!("measuring failed:\n{}", run.lines).into());
    }
    let (device, empty) = (Program::read(&image("device"))?, Program::read(&image("empty"))?);
    Costs::new(&run.lines, &device, &empty)
}

fn image(name: &str) -> PathBuf {
    root().join("emulator/target").join(TARGET).join("release").join(name)
}
