//! `landfall send`

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use landfall_client::protocomm::Endpoint;

use super::remote::Remote;
use crate::{
    args::Send,
    failure::Failure,
    print::{Event, Printer, text::from_hex},
};

/// Sends data to an endpoint and prints the answer.
pub(super) async fn run(args: &Send, printer: &Printer) -> Result<(), Failure> {
    Endpoint::new(&args.endpoint).map_err(|error| Failure::usage(error.to_string()))?;
    let data = data(args)?;
    if data.is_empty() {
        return Err(Failure::usage("there is nothing to send").because("devices refuse empty requests"));
    }
    let quiet_for_raw = if args.raw { printer.silent() } else { *printer };
    let mut remote = Remote::open(&args.target, &args.secret, &quiet_for_raw).await?;
    let answer = remote
        .connection
        .request(&args.endpoint, &data)
        .await
        .map_err(|error| remote.failure(&error))?;
    if args.raw {
        printer.raw(&answer);
    } else {
        printer.event(&Event::answer(&args.endpoint, &answer));
    }
    Ok(())
}

fn data(args: &Send) -> Result<Vec<u8>, Failure> {
    if let Some(path) = &args.data_file {
        return read(path).map_err(|error| {
            Failure::usage(format!("the data cannot be read from {}", path.display())).because(error)
        });
    }
    let text = args.data.as_deref().unwrap_or_default();
    if args.hex {
        return from_hex(text).ok_or_else(|| {
            Failure::usage("DATA is not hex")
                .hint("two digits a byte, as in --hex 0a0b0c; leave out --hex to send text")
        });
    }
    Ok(text.into())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut data = Vec::new();
        io::stdin().lock().read_to_end(&mut data)?;
        return Ok(data);
    }
    fs::read(path)
}
