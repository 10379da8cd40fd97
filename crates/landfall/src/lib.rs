//! The programs `landfall` and `esp-prov`.
//!
//! What was typed (`args`) is apart from what it does (`commands`) and from how it is told (`print`). `esp-prov`
//! has its own arguments, flow and texts (`esp_prov`), since every one of them is another program's.
//! Both end with a code of `exit`, and whatever goes wrong is a `failure` with a way out.

mod args;
mod commands;
mod esp_prov;
mod exit;
mod failure;
mod input;
mod print;
mod secrets;

use std::process::ExitCode;

use clap::Parser as _;

use exit::Exit;
use print::Printer;

/// Runs `landfall` with the arguments and the environment of this process.
pub fn landfall() -> ExitCode {
    let cli = args::Cli::parse();
    let printer = Printer::new(&cli.output);
    let exit = match commands::run(cli.command, &printer) {
        Ok(()) => Exit::Success,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit
        }
    };
    exit.into()
}

/// Runs `esp-prov` with the arguments and the environment of this process.
pub fn esp_prov() -> ExitCode {
    esp_prov::run(esp_prov::Args::parse()).into()
}
