//! `landfall device`: this machine as a device.
//!
//! [`mod@run`] is the device itself, a [`life`] on this machine's Wi-Fi; the other commands ask a running one over its
//! socket ([`control`]).

mod button;
mod control;
mod hooks;
mod life;
mod run;
mod systemd;
#[cfg(test)]
mod tests;
mod watch;

use std::{
    env,
    path::{Path, PathBuf},
};

use landfall_device::Store as _;
use landfall_wlan::{Station, StationOptions};

use self::control::{Answer, Request};
use super::keeping;
use crate::{
    args::{Backend, ControlArgs, DriverArgs, Forget, LinuxDevice, Open, Status},
    failure::{Failure, Problem},
    print::{Event, Printer},
};

/// Does what is to be done with the device that this machine is.
pub(super) async fn run(command: LinuxDevice, printer: &Printer) -> Result<(), Failure> {
    match command {
        LinuxDevice::Run(args) => run::run(&args, printer).await,
        LinuxDevice::Status(args) => status(&args, printer).await,
        LinuxDevice::Open(args) => open(&args, printer).await,
        LinuxDevice::Reset(args) => reset(&args, printer).await,
    }
}

async fn status(args: &Status, printer: &Printer) -> Result<(), Failure> {
    match control::ask(&socket(&args.control), Request::Status).await? {
        Answer::Status(status) => {
            printer.event(&Event::DeviceStatus(&status));
            Ok(())
        }
        Answer::Done | Answer::Refused { .. } => Err(misunderstood()),
    }
}

async fn open(args: &Open, printer: &Printer) -> Result<(), Failure> {
    let window_s = args.window.map(|window| window.0.as_secs());
    expect_done(control::ask(&socket(&args.control), Request::Open { window_s }).await?)?;
    printer.event(&Event::DeviceOpened);
    Ok(())
}

async fn reset(args: &Forget, printer: &Printer) -> Result<(), Failure> {
    match control::ask(&socket(&args.control), Request::Reset).await {
        Ok(answer) => expect_done(answer)?,
        Err(failure) if failure.problem == Problem::DeviceNotRunning => forget(args).await?,
        Err(failure) => return Err(failure),
    }
    printer.event(&Event::DeviceForgot);
    Ok(())
}

/// Forgets the network in place of a device that does not run.
async fn forget(args: &Forget) -> Result<(), Failure> {
    let state = state(args.state.as_deref());
    // Before the Wi-Fi: what is not stored is never joined again, and a device without Wi-Fi can be reset, too.
    let erased = keeping::open(&state)?.erase();
    erased.map_err(|error| keeping::failure(&error, Some(&state)))?;
    let mut wifi = Station::open(station(&args.wifi))
        .await
        .map_err(|error| Failure::of_wlan(&error))?;
    wifi.forget().await.map_err(|error| Failure::of_wlan(&error))
}

fn expect_done(answer: Answer) -> Result<(), Failure> {
    match answer {
        Answer::Done => Ok(()),
        Answer::Status(_) | Answer::Refused { .. } => Err(misunderstood()),
    }
}

fn misunderstood() -> Failure {
    Failure::new(Problem::DeviceSilent).because("it answers something else: it may be another version")
}

fn socket(args: &ControlArgs) -> PathBuf {
    args.control.clone().unwrap_or_else(control::default_path)
}

/// Where the credentials are kept.
fn state(given: Option<&Path>) -> PathBuf {
    given.map_or_else(|| of_service("STATE_DIRECTORY", "/var/lib/landfall"), Path::to_owned)
}

/// A directory that the service manager made, or what is usual where there is none. Of several the first is meant.
fn of_service(variable: &str, usual: &str) -> PathBuf {
    let given = env::var(variable).ok().filter(|paths| !paths.is_empty());
    let first = given.as_deref().and_then(|paths| paths.split(':').next());
    PathBuf::from(first.unwrap_or(usual))
}

/// The Wi-Fi that was chosen.
fn station(args: &DriverArgs) -> StationOptions {
    let mut options = StationOptions::default();
    options.interface.clone_from(&args.interface);
    options.backend = match args.backend {
        Backend::Auto => None,
        Backend::NetworkManager => Some(landfall_wlan::Backend::NetworkManager),
        Backend::WpaSupplicant => Some(landfall_wlan::Backend::WpaSupplicant),
    };
    options
}
