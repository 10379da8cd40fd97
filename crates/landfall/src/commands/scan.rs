//! `landfall scan`

use landfall_client::ScanOptions;

use super::{remote::Remote, visits::Visits};
use crate::{
    args::Scan,
    failure::Failure,
    print::{Event, FoundNetworks, Printer},
    terminal,
};

/// Lists the networks the device sees.
pub(super) async fn run(args: &Scan, visits: &Visits, printer: &Printer) -> Result<(), Failure> {
    let mut remote = Remote::open(&args.target, &args.secret, visits, printer).await?;
    let options = ScanOptions {
        passive: args.passive,
        ..ScanOptions::default()
    };
    printer.event(&Event::Scanning);
    let found = if printer.draws() {
        terminal::watch(async |pages| find(&mut remote, options, |found| drop(pages.send(found))).await).await?
    } else {
        find(&mut remote, options, |_| {}).await?
    };
    printer.event(&Event::Networks(found));
    Ok(())
}

/// Has the device scan and folds what it found; `on_page` sees what is known so far.
pub(super) async fn find(
    remote: &mut Remote,
    options: ScanOptions,
    mut on_page: impl FnMut(FoundNetworks),
) -> Result<FoundNetworks, Failure> {
    let found = remote
        .connection
        .scan(options, |found, _| on_page(FoundNetworks::new(found)))
        .await
        .map_err(|error| remote.failure(&error))?;
    Ok(FoundNetworks::new(&found))
}
