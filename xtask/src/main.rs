//! Chores of this repository: `cargo xtask NAME`. `.ci/run` calls the same names as people do.
#![expect(clippy::print_stderr, reason = "a chore's printer is its main")]

mod bench;
mod ble;
mod deb;
mod elf;
mod emulator;
mod figures;
mod firmware;
mod lab;
mod no_std;
mod peers;
mod riscv;
mod shell;
mod source;
mod terminal;
mod test;
mod tidy;

use std::process::ExitCode;

use shell::Result;

/// A chore: its name, what it is for, and what it runs.
type Chore = (&'static str, &'static str, fn(&[String]) -> Result<()>);

const CHORES: &[Chore] = &[
    (
        "test",
        "everything a change must pass: format, lints, tests, docs, tidy, the no_std link",
        test::run,
    ),
    (
        "peers",
        "clients that nobody here wrote (from PyPI) provision the simulated device",
        peers::run,
    ),
    (
        "ble",
        "provisionings over Bluetooth, on two virtual controllers from PyPI",
        ble::run,
    ),
    (
        "lab",
        "scenarios on virtual radios, in a virtual machine with Debian's kernel (needs qemu-system-x86)",
        lab::run,
    ),
    (
        "terminal",
        "landfall as a person on a terminal meets it (needs tmux)",
        terminal::run,
    ),
    (
        "bench",
        "the costs that are guarded, as a table with ratios (needs valgrind)",
        bench::run,
    ),
    (
        "deny",
        "licences, bans and sources of all dependencies (needs cargo-deny)",
        test::deny,
    ),
    (
        "deb",
        "a Debian package: programs, pages, completions, the service (needs dpkg-deb)",
        deb::run,
    ),
    ("tidy", "what a crate must not know, and other house rules", tidy::run),
    (
        "no-std",
        "links the core crates into a binary without std and allocator, and runs it",
        no_std::run,
    ),
    (
        "firmware",
        "the firmware for Espressif's chips, as an image, and its sizes held against budgets",
        firmware::run,
    ),
    (
        "emulator",
        "the core crates on a bare RV32IMC machine: vectors, provisionings, costs (needs qemu-system-riscv32)",
        emulator::run,
    ),
    (
        "figures",
        "sizes of files and functions, share of tests and docs",
        figures::run,
    ),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some((_, _, chore)) = CHORES.iter().find(|(n, ..)| *n == name) else {
        eprintln!("usage: cargo xtask NAME\n");
        for (name, purpose, _) in CHORES {
            eprintln!("  {name:<8} {purpose}");
        }
        return ExitCode::from(2);
    };
    let rest: Vec<String> = arguments.collect();
    match chore(&rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}
