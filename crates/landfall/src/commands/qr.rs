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
    let payload = payload(args, printer)?;
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

fn payload(args: &Qr, printer: &Printer) -> Result<Zeroizing<String>, Failure> {
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
    let key = service_key(args, printer)?;
    let service_key = key.as_ref().map(|key| key.as_str());
    let transport = match args.transport {
        QrTransport::Softap => PayloadTransport::SoftAp { service_key },
        QrTransport::Ble => PayloadTransport::Ble,
    };
    Ok(Zeroizing::new(provisioning_payload(name, &secret, transport)))
}

/// The key of the device's access point, if it has both.
fn service_key(args: &Qr, printer: &Printer) -> Result<Option<Zeroizing<String>>, Failure> {
    let source = args.key_source();
    if args.transport != QrTransport::Softap {
        if source.flag.is_some() || source.file.is_some() {
            printer.hint("ble takes no service-key: it is not used; you may want --transport softap");
        }
        return Ok(None);
    }
    let Some(octets) = source.find()?.filter(|octets| !octets.is_empty()) else {
        return Ok(None);
    };
    match core::str::from_utf8(&octets) {
        Ok(key) if (8..=63).contains(&key.len()) => Ok(Some(Zeroizing::new(key.to_owned()))),
        _ => Err(Failure::new(Problem::BadArgument)
            .saying("no access point can have this key")
            .because("an access point's key has 8 to 63 characters")),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::*;
    use crate::commands::label::Label;

    #[test]
    fn a_label_with_an_access_point_s_key_is_read_back() {
        let arguments = ["qr", "--name", "PROV_261FCC", "--service-key", "a \"good\" key"];
        let matches = Qr::augment_args(Command::new("qr")).get_matches_from(arguments);
        let args = Qr::from_arg_matches(&matches).expect("good arguments");
        let payload = payload(&args, &Printer::mute()).expect("a payload");
        let label = Label::find(&payload).expect("a label");
        let key = label.service_key.as_ref().map(|key| key.as_str());
        assert_eq!(key, Some("a \"good\" key"));
    }
}
