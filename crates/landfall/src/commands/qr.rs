//! `landfall qr`

use landfall_device::{PayloadSecret, PayloadTransport, payload_url, provisioning_payload};
use zeroize::Zeroizing;

use super::files;
use crate::{
    args::{Qr, QrTransport},
    failure::{Failure, Problem},
    print::{Event, Printer, qr},
};

/// Draws a code on the terminal, and into files if asked to.
pub(super) fn run(args: &Qr, printer: &Printer) -> Result<(), Failure> {
    let payload = payload(args)?;
    let too_long = || Failure::new(Problem::QrTooLong);
    let svg = qr::svg(&payload).ok_or_else(too_long)?;
    if let Some(path) = &args.svg {
        files::write(path, svg.as_bytes())?;
    }
    if let Some(path) = &args.png {
        files::write(path, &qr::png(&payload, args.scale).ok_or_else(too_long)?)?;
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
        .map_err(|_| Failure::new(Problem::NotText).saying("the proof of possession is no text"))?;
    let secret = match (&args.username, pop) {
        (None, None) => PayloadSecret::Hidden,
        (None, Some(pop)) => PayloadSecret::Pop(pop),
        (Some(username), Some(pop)) => PayloadSecret::UsernameAndPop { username, pop },
        (Some(_), None) => {
            return Err(Failure::new(Problem::AnswerMissing)
                .saying("a user name needs a password")
                .because("a QR code carries both")
                .hint("give it with --pop-file FILE or LANDFALL_POP"));
        }
    };
    let transport = match args.transport {
        QrTransport::Softap => PayloadTransport::SoftAp,
        QrTransport::Ble => PayloadTransport::Ble,
    };
    Ok(Zeroizing::new(provisioning_payload(name, &secret, transport)))
}
