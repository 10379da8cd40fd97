//! The commands that talk to no device.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use super::secret::PasswordArgs;
use crate::secrets::{Hidden, Source};

/// Makes salt and verifier, which a security 2 device keeps in place of the password
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall credentials --username wifiprov
  landfall credentials --username wifiprov --password-file secret.txt --format hex")]
pub(crate) struct CredentialsArgs {
    /// User name; ASCII, as known clients can use no other
    #[arg(long, value_name = "NAME", env = "LANDFALL_USERNAME", hide_env_values = true)]
    pub(crate) username: String,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// Length of the salt, in bytes
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = value_parser!(u8).range(1..=64))]
    pub(crate) salt_len: u8,
    /// How to print them
    #[arg(long, value_enum, default_value_t = CredentialFormat::C)]
    pub(crate) format: CredentialFormat,
}

/// How salt and verifier are printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialFormat {
    /// Two C arrays for a firmware's source
    C,
    /// Two lines of hex
    Hex,
    /// One JSON object
    Json,
}

/// Draws the QR code that provisioning apps scan
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall qr --name PROV_261FCC --pop abcd1234
  landfall qr --name PROV_261FCC --username wifiprov --pop-file label.txt --svg label.svg")]
pub(crate) struct Qr {
    /// Text to draw as it is
    #[arg(required_unless_present = "name", conflicts_with_all = ["name", "pop", "pop_file", "username"])]
    pub(crate) text: Option<Hidden>,
    /// Name of the device
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Proof of possession, or password of security 2 (also LANDFALL_POP)
    #[arg(long)]
    pub(crate) pop: Option<Hidden>,
    /// File that holds it; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "pop")]
    pub(crate) pop_file: Option<PathBuf>,
    /// User name, for security 2
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// How the device is reached
    #[arg(long, value_enum, default_value_t = QrTransport::Softap)]
    pub(crate) transport: QrTransport,
    /// Write the code to this file as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

impl Qr {
    /// Sources of the secret in the code.
    pub(crate) fn pop_source(&self) -> Source<'_> {
        Source {
            name: "proof of possession",
            flag: self.pop.as_ref(),
            file: self.pop_file.as_ref(),
            variable: "LANDFALL_POP",
        }
    }
}

/// Transports that a QR code can name.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QrTransport {
    /// The device's own access point
    Softap,
    /// Bluetooth
    Ble,
}
