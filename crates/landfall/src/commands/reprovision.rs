//! `landfall reprovision`

use super::{remote::Remote, visits::Visits};
use crate::{
    args::Reprovision,
    failure::Failure,
    print::{Event, Printer},
};

/// Has the device leave its network and accept new credentials.
pub(super) async fn run(args: &Reprovision, visits: &Visits, printer: &Printer) -> Result<(), Failure> {
    let mut remote = Remote::open(&args.target, &args.secret, visits, printer).await?;
    remote
        .connection
        .reprovision()
        .await
        .map_err(|error| remote.failure(&error))?;
    printer.event(&Event::ReprovisionDone);
    Ok(())
}
