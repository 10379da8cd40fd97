//! `landfall info`

use super::{remote::Remote, visits::Visits};
use crate::{
    args::Info,
    failure::Failure,
    print::{Event, Printer},
};

/// Shows what the device says of itself, without a session.
pub(super) async fn run(args: &Info, visits: &Visits, printer: &Printer) -> Result<(), Failure> {
    let mut remote = Remote::reach(&args.target, None, visits, printer).await?;
    let version = match remote.connection.version().await {
        Ok(version) => version.clone(),
        Err(error) => return Err(remote.failure(&error)),
    };
    printer.event(&Event::info(remote.place(), &version));
    Ok(())
}
