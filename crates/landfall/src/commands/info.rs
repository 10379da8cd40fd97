//! `landfall info`

use super::remote::Remote;
use crate::{
    args::Info,
    failure::Failure,
    print::{Event, Printer},
};

/// Shows what the device says of itself, without a session.
pub(super) async fn run(args: &Info, printer: &Printer) -> Result<(), Failure> {
    let mut remote = Remote::new(&args.target)?;
    match remote.connection.version().await {
        Ok(info) => printer.event(&Event::info(&args.target.place(), info)),
        Err(error) => return Err(remote.failure(&error)),
    }
    Ok(())
}
