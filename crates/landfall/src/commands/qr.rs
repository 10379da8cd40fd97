//! `landfall qr`

use std::fs;

use landfall_device::{PayloadSecret, PayloadTransport, payload_url, provisioning_payload};
use zeroize::Zeroizing;

use crate::{
    args::{Qr, QrTransport},
    exit::Exit,
    failure::Failure,
    print::{Event, Printer, qr},
};

/// Draws a code on the terminal, and into a file if asked to.
pub(super) fn run(args: &Qr, printer: &Printer) -> Result<(), Failure> {
    let payload = payload(args)?;
    let svg = qr::svg(&payload).ok_or_else(|| Failure::usage("the text is too long for a QR code"))?;
    if let Some(path) = &args.svg {
        fs::write(path, svg).map_err(|error| {
            Failure::new(Exit::Failure, format!("{} cannot be written", path.display())).because(error)
        })?;
    }
    printer.event(&Event::Qr {
        payload: &payload,
        url: payload_url(&payload),
    });
    Ok(())
}

fn payload(args: &Qr) -> Result<Zeroizing<String>, Failure> {
    let Some(name) = &args.name else {
        let text = args.text.as_ref().map(|text| text.expose()).unwrap_or_default();
        return Ok(Zeroizing::new(text.to_owned()));
    };
    let pop = args.pop_source().find()?;
    let pop = pop
        .as_ref()
        .map(|pop| core::str::from_utf8(pop))
        .transpose()
        .map_err(|_| Failure::usage("the proof of possession is no text"))?;
    let secret = match (&args.username, pop) {
        (None, None) => PayloadSecret::Hidden,
        (None, Some(pop)) => PayloadSecret::Pop(pop),
        (Some(username), Some(pop)) => PayloadSecret::UsernameAndPop { username, pop },
        (Some(_), None) => {
            return Err(
                Failure::usage("a user name needs a password").hint("give it with --pop-file FILE or LANDFALL_POP")
            );
        }
    };
    let transport = match args.transport {
        QrTransport::Softap => PayloadTransport::SoftAp,
        QrTransport::Ble => PayloadTransport::Ble,
    };
    Ok(Zeroizing::new(provisioning_payload(name, &secret, transport)))
}
