//! `landfall info`

use super::{discover::is_device, remote::Remote, visits::Visits};
use crate::{
    args::Info,
    failure::{Failure, Problem},
    print::{Event, Printer},
};

/// Shows what the device says of itself, without a session.
pub(super) async fn run(args: &Info, visits: &Visits, printer: &Printer) -> Result<(), Failure> {
    let mut remote = Remote::reach(&args.target, None, visits, printer).await?;
    let version = match remote.connection.version().await {
        Ok(version) => version.clone(),
        Err(error) => return Err(remote.failure(&error)),
    };
    if !is_device(&version) {
        return Err(Failure::new(Problem::NotADevice).because("it answers with something else than a version"));
    }
    printer.event(&Event::info(remote.place(), &version));
    Ok(())
}
