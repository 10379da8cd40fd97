//! `landfall factory`

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use landfall_client::protocomm::srp::{Credentials, CredentialsError};
use landfall_device::{
    PayloadSecret, PayloadTransport,
    manager::factory::{Factory, FactorySecret},
    payload_url, provisioning_payload,
};
use zeroize::Zeroizing;

use super::{bluetooth::LONGEST_NAME, credentials, files, simulated::random_name};
use crate::{
    args::{FactoryArgs, QrTransport},
    failure::{Failure, Problem},
    print::{Event, Printer, qr},
};

/// Makes a secret, writes the device's part of it, and shows the label.
pub(super) fn run(args: &FactoryArgs, printer: &Printer) -> Result<(), Failure> {
    let name = args.name.clone().map_or_else(random_name, Ok)?;
    if args.transport == QrTransport::Ble && name.len() > LONGEST_NAME {
        return Err(Failure::new(Problem::BadArgument)
            .saying("the name is too long for Bluetooth")
            .because(format!(
                "no more than {LONGEST_NAME} bytes of it are advertised, and apps look for all of it"
            )));
    }
    let secret = Secret::draw(args)?;
    let factory = Factory {
        secret: secret.for_device(),
        name: Some(&name),
        service_uuid: args.service_uuid,
    };
    let mut image = Zeroizing::new([0xff; IMAGE]);
    factory.encode(&mut *image).map_err(|error| {
        Failure::new(Problem::BadArgument)
            .saying("no device can have this")
            .because(error)
    })?;
    let transport = match args.transport {
        QrTransport::Softap => PayloadTransport::SoftAp { service_key: None },
        QrTransport::Ble => PayloadTransport::Ble,
    };
    let payload = Zeroizing::new(provisioning_payload(&name, &secret.for_label(args), transport));
    // Before anything is written: a device without a label is of no use.
    let too_long = || Failure::new(Problem::QrTooLong);
    let svg = qr::svg(&payload).ok_or_else(too_long)?;
    let png = args.png.as_ref().map(|path| (path, qr::png(&payload, args.scale)));
    write(&args.image, &*image)?;
    printer.event(&Event::Written {
        file: args.image.display().to_string(),
    });
    printer.event(&Event::Qr {
        payload: &payload,
        url: payload_url(&payload),
    });
    if let Some(path) = &args.svg {
        files::write(path, svg.as_bytes())?;
    }
    if let Some((path, png)) = png {
        files::write(path, &png.ok_or_else(too_long)?)?;
    }
    Ok(())
}

/// Bytes of the image: a page of flash.
const IMAGE: usize = 4096;

/// Letters and digits that nobody mistakes for one another.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// So many of them are worth 79 bits.
const LENGTH: usize = 16;

/// A secret that nobody has yet.
struct Secret {
    /// What is on the label.
    text: Zeroizing<String>,
    /// What a device of security 2 has in its place.
    credentials: Option<Credentials>,
}

impl Secret {
    fn draw(args: &FactoryArgs) -> Result<Self, Failure> {
        loop {
            let text = random_text()?;
            if args.sec_ver == 1 {
                let credentials = None;
                return Ok(Self { text, credentials });
            }
            match credentials::generate(args.username.as_bytes(), text.as_bytes(), SALT) {
                Ok(made) => {
                    let credentials = Some(made);
                    return Ok(Self { text, credentials });
                }
                // One password in 256.
                Err(CredentialsError::AmbiguousHash) => {}
                Err(error) => {
                    return Err(Failure::new(Problem::BadArgument)
                        .saying("this user name cannot be used")
                        .because(error));
                }
            }
        }
    }

    fn for_device(&self) -> FactorySecret<'_> {
        match &self.credentials {
            None => FactorySecret::Pop(self.text.as_bytes()),
            Some(made) => FactorySecret::Verifier {
                salt: made.salt(),
                verifier: made.verifier(),
            },
        }
    }

    fn for_label<'a>(&'a self, args: &'a FactoryArgs) -> PayloadSecret<'a> {
        match self.credentials {
            None => PayloadSecret::Pop(&self.text),
            Some(_) => PayloadSecret::UsernameAndPop {
                username: &args.username,
                pop: &self.text,
            },
        }
    }
}

/// Length of the salt, in bytes: that of Espressif's tool.
const SALT: usize = 16;

fn random_text() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(LENGTH));
    let mut byte = [0];
    while text.len() < LENGTH {
        getrandom::fill(&mut byte).map_err(|error| {
            Failure::new(Problem::SystemRefuses)
                .saying("the operating system gives no random bytes")
                .because(error)
        })?;
        // Of 32 values one is none, so that all letters are equally likely.
        if let Some(&letter) = LETTERS.get(usize::from(byte[0] & 31)) {
            text.push(letter.into());
        }
    }
    Ok(text)
}

/// Writes a file that is not there yet, for its owner only.
fn write(path: &Path, image: &[u8]) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(image)?;
        file.sync_all()
    });
    written.map_err(|error| {
        let failure = Failure::new(Problem::FileUnwritable);
        if error.kind() == ErrorKind::AlreadyExists {
            return failure
                .saying(format!("{} is there already", path.display()))
                .because("it may hold what a device's label opens, and is not replaced")
                .hint("give another name, or remove the file if no device has it");
        }
        failure
            .saying(format!("{} cannot be written", path.display()))
            .because(error)
    })
}
