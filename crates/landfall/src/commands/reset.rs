//! `landfall reset`

use super::{remote::Remote, visits::Visits};
use crate::{
    args::Reset,
    failure::Failure,
    print::{Event, Printer},
};

/// Has the device accept new credentials after a failure.
pub(super) async fn run(args: &Reset, visits: &Visits, printer: &Printer) -> Result<(), Failure> {
    let mut remote = Remote::open(&args.target, &args.secret, visits, printer).await?;
    remote
        .connection
        .reset()
        .await
        .map_err(|error| remote.failure(&error))?;
    printer.event(&Event::ResetDone);
    Ok(())
}
