//! The programs `landfall` and `esp-prov`.
//!
//! What was typed (`args`), and what a file and the environment add to it (`config`), is apart from what it does
//! (`commands`) and from how it is told (`print`). `esp-prov` has its own arguments, flow and texts (`esp_prov`), since
//! every one of them is another program's.
//! What is drawn for people, and the keys they press, is the `terminal`'s.
//! Both end with a code of `exit`, and whatever goes wrong is a `failure` with a way out.

mod args;
mod commands;
mod config;
mod esp_prov;
mod exit;
mod failure;
mod input;
mod print;
mod secrets;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use config::CommandLine;
use exit::Exit;
use print::Printer;

/// Runs `landfall` with the arguments and the environment of this process.
pub fn landfall() -> ExitCode {
    let typed = CommandLine::read();
    let printer = Printer::new(typed.output());
    let command = typed.complete(&printer);
    let exit = match command.and_then(|command| command.map_or(Ok(()), |command| commands::run(command, &printer))) {
        Ok(()) => Exit::Success,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit()
        }
    };
    exit.into()
}

/// Runs `esp-prov` with the arguments and the environment of this process.
pub fn esp_prov() -> ExitCode {
    esp_prov::run(esp_prov::Args::parse()).into()
}
