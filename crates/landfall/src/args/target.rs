//! Which device to talk to, with which secret, and the commands that do.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use super::secret::{PasswordArgs, PopArgs};
use crate::secrets::{Hidden, Source};

/// Where a device is and how to get in.
#[derive(Args, Clone)]
#[command(next_help_heading = "Device")]
pub(crate) struct Target {
    /// Where the device is; IPv6 addresses in brackets
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        env = "LANDFALL_HOST",
        hide_env_values = true,
        default_value = "192.168.4.1:80"
    )]
    pub(crate) host: String,
    /// How to reach it; all three names mean HTTP
    #[arg(long, value_enum, default_value_t = TransportKind::Softap)]
    pub(crate) transport: TransportKind,
    /// Longest wait for a result, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
}

/// How a device is reached.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransportKind {
    /// The device's own access point
    Softap,
    /// The same, as esp_prov calls it
    Httpd,
    /// A device anywhere on the network
    Http,
}

/// What opens a session. A secret on the command line can be seen by others on this machine.
#[derive(Args, Clone)]
#[command(next_help_heading = "Secret")]
pub(crate) struct SecretArgs {
    /// Text of the device's QR code: name and secret in one
    #[arg(long, value_name = "TEXT")]
    pub(crate) qr: Option<Hidden>,
    #[command(flatten)]
    pub(crate) pop: PopArgs,
    /// User name, for security 2 [default: wifiprov, as in Espressif's examples]
    #[arg(long, value_name = "NAME", env = "LANDFALL_USERNAME", hide_env_values = true)]
    pub(crate) username: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// Security scheme to insist on [default: what the device says]
    #[arg(long, value_name = "0|1|2", value_parser = value_parser!(u8).range(0..=2))]
    pub(crate) sec_ver: Option<u8>,
    /// Refuse devices whose security 2 is broken (firmware before March 2025), whatever they say of themselves
    #[arg(long)]
    pub(crate) require_patched: bool,
}

/// Brings a device onto a Wi-Fi network
///
/// Without --ssid the device scans, and you choose by number.
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall provision --qr '{\"ver\":\"v1\",\"name\":\"PROV_261FCC\",\"pop\":\"abcd1234\",\"transport\":\"softap\"}'
  landfall provision --pop-file label.txt --ssid home
  landfall provision --host 127.0.0.1:8080 --password-file - --ssid home --passphrase ''")]
pub(crate) struct Provision {
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

/// The network a device should join.
#[derive(Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Name of the network [default: scan and choose]
    #[arg(long, value_name = "NAME")]
    pub(crate) ssid: Option<String>,
    /// The same in hex, for names that are no text
    #[arg(long, value_name = "HEX", conflicts_with = "ssid")]
    pub(crate) ssid_hex: Option<String>,
    /// Passphrase of the network; '' for an open one (also LANDFALL_PASSPHRASE)
    #[arg(long)]
    pub(crate) passphrase: Option<Hidden>,
    /// File that holds it; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl NetworkArgs {
    /// Sources of the passphrase.
    pub(crate) fn passphrase_source(&self) -> Source<'_> {
        Source {
            name: "passphrase",
            flag: self.passphrase.as_ref(),
            file: self.passphrase_file.as_ref(),
            variable: "LANDFALL_PASSPHRASE",
        }
    }
}

/// Shows what a device says of itself: version, security scheme, capabilities
#[derive(Args)]
#[command(after_help = "Example:\n  landfall info --host 127.0.0.1:8080")]
pub(crate) struct Info {
    #[command(flatten)]
    pub(crate) target: Target,
}

/// Lists the Wi-Fi networks a device sees, strongest first
#[derive(Args)]
#[command(after_help = "Example:\n  landfall scan --host 127.0.0.1:8080 --password-file secret.txt")]
pub(crate) struct Scan {
    /// Listen for beacons instead of probing
    #[arg(long)]
    pub(crate) passive: bool,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

/// Sends data to one of a device's endpoints and prints the answer
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall send custom-data 'hello' --pop-file label.txt
  landfall send my-settings --hex 0a0b0c
  landfall send my-settings --data-file settings.bin --raw > answer.bin")]
pub(crate) struct Send {
    /// Name of the endpoint
    pub(crate) endpoint: String,
    /// What to send, as text
    #[arg(required_unless_present = "data_file")]
    pub(crate) data: Option<String>,
    /// DATA is hex
    #[arg(long, conflicts_with = "data_file")]
    pub(crate) hex: bool,
    /// File to send; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub(crate) data_file: Option<PathBuf>,
    /// Write the answer's bytes as they are
    #[arg(long, conflicts_with = "json")]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

/// Has a device accept new credentials after a failed attempt
#[derive(Args)]
#[command(after_help = "Example:\n  landfall reset --pop-file label.txt")]
pub(crate) struct Reset {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}

/// Has a device leave its network and accept new credentials
#[derive(Args)]
#[command(
    after_help = "Example:\n  landfall reprovision --pop-file label.txt && landfall provision --pop-file label.txt"
)]
pub(crate) struct Reprovision {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) secret: SecretArgs,
}
