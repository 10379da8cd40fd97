//! `landfall scan`

use landfall_client::ScanOptions;

use super::remote::Remote;
use crate::{
    args::Scan,
    failure::Failure,
    print::{Event, FoundNetworks, Printer},
};

/// Lists the networks the device sees.
pub(super) async fn run(args: &Scan, printer: &Printer) -> Result<(), Failure> {
    let mut remote = Remote::open(&args.target, &args.secret, printer).await?;
    let options = ScanOptions {
        passive: args.passive,
        ..ScanOptions::default()
    };
    let found = find(&mut remote, options, printer).await?;
    printer.event(&Event::Networks(found));
    Ok(())
}

/// Has the device scan and folds what it found.
pub(super) async fn find(
    remote: &mut Remote,
    options: ScanOptions,
    printer: &Printer,
) -> Result<FoundNetworks, Failure> {
    printer.event(&Event::Scanning);
    let found = remote
        .connection
        .scan(options, |_, _| {})
        .await
        .map_err(|error| remote.failure(&error))?;
    Ok(FoundNetworks::new(&found))
}
