//! `landfall send`

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use landfall_client::protocomm::Endpoint;

use super::{remote::Remote, visits::Visits};
use crate::{
    args::Send,
    failure::{Failure, Problem},
    input,
    print::{Event, Printer, text::from_hex},
};

/// Sends data to an endpoint and prints the answer.
pub(super) async fn run(args: &Send, visits: &Visits, printer: &Printer) -> Result<(), Failure> {
    Endpoint::new(&args.endpoint).map_err(|error| Failure::new(Problem::BadArgument).saying(error.to_string()))?;
    let data = data(args).await?;
    if data.is_empty() {
        return Err(Failure::new(Problem::NothingToSend));
    }
    let quiet_for_raw = if args.raw { printer.silent() } else { *printer };
    let mut remote = Remote::open(&args.target, &args.secret, visits, &quiet_for_raw).await?;
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

async fn data(args: &Send) -> Result<Vec<u8>, Failure> {
    if let Some(path) = &args.data_file {
        let file = path.clone();
        return input::apart(move || read(&file)).await.map_err(|error| {
            Failure::new(Problem::FileUnreadable)
                .saying(format!("the data cannot be read from {}", path.display()))
                .because(error)
        });
    }
    let text = args.data.as_deref().unwrap_or_default();
    if args.hex {
        return from_hex(text).ok_or_else(|| {
            Failure::new(Problem::NotHex)
                .saying("DATA is not hex")
                .hint("leave out --hex to send text")
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
