//! What the commands of `landfall` do, one file each.

mod credentials;
mod demo;
mod info;
mod label;
mod provision;
mod qr;
mod remote;
mod reprovision;
mod reset;
mod scan;
mod send;
mod simulate;
mod simulated;

use core::future::Future;

use crate::{args::Command, exit::Exit, failure::Failure, print::Printer};

pub(crate) use credentials::{c_arrays, generate};

/// Runs `command` to its end.
pub(crate) fn run(command: Command, printer: &Printer) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => block_on(demo::run(&args, printer)),
        Command::Simulate(args) => block_on(simulate::run(&args, printer)),
        Command::Provision(args) => block_on(provision::run(&args, printer)),
        Command::Info(args) => block_on(info::run(&args, printer)),
        Command::Scan(args) => block_on(scan::run(&args, printer)),
        Command::Send(args) => block_on(send::run(&args, printer)),
        Command::Reset(args) => block_on(reset::run(&args, printer)),
        Command::Reprovision(args) => block_on(reprovision::run(&args, printer)),
        Command::Credentials(args) => credentials::run(&args, printer),
        Command::Qr(args) => qr::run(&args, printer),
    }
}

/// Drives `work` on a runtime of this thread: only commands that talk to somebody pay for one.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failure, "the system refuses what input and output need").because(error))?
        .block_on(work)
}
