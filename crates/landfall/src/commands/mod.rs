//! What the commands of `landfall` do, one file each.

mod bluetooth;
mod completions;
mod credentials;
mod demo;
mod device;
mod discover;
mod factory;
mod files;
mod front;
mod info;
mod joining;
mod keeping;
mod label;
mod link;
mod man;
mod network;
mod picture;
mod provision;
mod qr;
mod radio;
mod remote;
mod reprovision;
mod reset;
mod scan;
mod secret;
mod send;
mod signals;
mod simulate;
mod simulated;
mod visits;

use core::future::Future;

use tokio::runtime::{self, Runtime};

use self::visits::visiting;
use crate::{
    args::Command,
    failure::{Failure, Problem},
    print::Printer,
    terminal::{self, Interrupts, spinner},
};

pub(crate) use credentials::{c_arrays, generate};

/// Runs `command` to its end.
pub(crate) fn run(command: Command, printer: &Printer) -> Result<(), Failure> {
    let interrupts = Interrupts::default();
    match command {
        Command::Demo(args) => block_on(demo::run(&args, printer)),
        Command::Simulate(args) => block_on(simulate::run(&args, printer)),
        Command::Device(command) => block_on(device::run(*command, printer)),
        Command::Provision(args) => block_on(visiting(&interrupts, async |visits| {
            provision::run(&args, visits, printer, &interrupts).await
        })),
        Command::Info(args) => block_on(visiting(&interrupts, async |visits| {
            info::run(&args, visits, printer).await
        })),
        Command::Scan(args) => block_on(visiting(&interrupts, async |visits| {
            scan::run(&args, visits, printer).await
        })),
        Command::Send(args) => block_on(visiting(&interrupts, async |visits| {
            send::run(&args, visits, printer).await
        })),
        Command::Reset(args) => block_on(visiting(&interrupts, async |visits| {
            reset::run(&args, visits, printer).await
        })),
        Command::Reprovision(args) => block_on(visiting(&interrupts, async |visits| {
            reprovision::run(&args, visits, printer).await
        })),
        Command::Credentials(args) => credentials::run(&args, printer),
        Command::Qr(args) => qr::run(&args, printer),
        Command::Factory(args) => factory::run(&args, printer),
        Command::Discover(args) => block_on(interrupts.race(discover::run(&args, printer))),
        Command::Completions(args) => {
            completions::run(&args, printer);
            Ok(())
        }
        Command::Man(args) => man::run(&args, printer),
    }
}

/// Drives `work` on a runtime of this thread: only commands that talk to somebody pay for one. In the end the terminal
/// is as it was, and a question that still waits for its answer holds up nobody.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(Problem::SystemRefuses)
                .saying("the system refuses what input and output need")
                .because(error)
        })?;
    Driver(Some(runtime)).block_on(work)
}

/// A runtime that leaves nothing behind, be it by a panic.
struct Driver(Option<Runtime>);

impl Driver {
    fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = self.0.as_ref().expect("the runtime is taken when this is dropped");
        runtime.block_on(work)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        spinner::stop();
        terminal::restore_for_good();
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
