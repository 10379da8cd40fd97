//! Which device to talk to, with which secret, and the commands that do.

use std::{env, ffi::OsString, path::PathBuf};

use clap::{Args, ValueEnum, ValueHint, value_parser};
use landfall_client::{console::ConsoleTransport, http::HttpTransport};

use super::{
    bluetooth::BluetoothArgs,
    join::JoinArgs,
    secret::{PasswordArgs, PopArgs},
};
use crate::{
    failure::{Failure, Problem},
    secrets::{Hidden, Source},
};

/// Where a device is and how to get in.
#[derive(Args, Clone)]
#[command(next_help_heading = "Device")]
pub(crate) struct Target {
    /// Where the device is (also LANDFALL_HOST); IPv6 addresses in brackets [default: 192.168.4.1:80]
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with = "port")]
    host: Option<String>,
    /// How to reach it [default: what its label says, or what the other options are for, or softap]
    #[arg(long, value_enum)]
    transport: Option<TransportKind>,
    /// Serial port of the device's console, for example /dev/ttyUSB0 (also LANDFALL_PORT)
    #[arg(long, value_name = "PATH")]
    port: Option<PathBuf>,
    /// Speed of the serial port, in bits per second
    #[arg(long, value_name = "N", default_value_t = ConsoleTransport::DEFAULT_BAUD, value_parser = value_parser!(u32).range(1..))]
    pub(crate) baud: u32,
    /// Longest wait for a result, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) join: JoinArgs,
    #[command(flatten)]
    pub(crate) bluetooth: BluetoothArgs,
}

impl Target {
    /// The transport that was named on the command line, or that something there is for.
    ///
    /// # Errors
    /// [`Problem::BadArgument`] if something there is for another transport than the one that was named.
    pub(crate) fn named_transport(&self) -> Result<Option<TransportKind>, Failure> {
        let given = [
            (self.host.is_some().then_some("--host"), TransportKind::Softap),
            (self.port.is_some().then_some("--port"), TransportKind::Console),
            (self.join.is_wanted().then_some("--join"), TransportKind::Softap),
            (self.bluetooth.given(), TransportKind::Ble),
        ];
        let given = given.iter().find_map(|(option, kind)| Some(((*option)?, *kind)));
        match (self.transport, given) {
            (Some(transport), Some((option, kind))) if transport.family() != kind => {
                Err(Failure::new(Problem::BadArgument)
                    .saying(format!("{option} cannot be used with --transport {}", transport.name()))
                    .because(format!("it is for {}", kind.words()))
                    .hint(format!("leave one of both out, or say --transport {}", kind.name())))
            }
            (Some(transport), _) => Ok(Some(transport)),
            (None, given) => Ok(given.map(|(_, kind)| kind)),
        }
    }

    /// Where the device is on the network.
    pub(crate) fn host(&self) -> String {
        let known = || from_environment(HOST).map(|host| host.to_string_lossy().into_owned());
        let host = self.host.clone().or_else(known);
        host.unwrap_or_else(|| HttpTransport::DEFAULT_HOST.to_owned())
    }

    /// The serial port, if one is known.
    pub(crate) fn port(&self) -> Option<PathBuf> {
        self.port.clone().or_else(|| from_environment(PORT).map(PathBuf::from))
    }
}

const HOST: &str = "LANDFALL_HOST";
const PORT: &str = "LANDFALL_PORT";

/// A variable that is empty is not set, as in `LANDFALL_PORT= landfall scan`.
fn from_environment(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// How a device is reached.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransportKind {
    /// The device's own access point, over HTTP
    Softap,
    /// The same, as esp_prov calls it
    Httpd,
    /// A device anywhere on the network, over HTTP
    Http,
    /// The command shell on the device's serial port
    Console,
    /// Bluetooth Low Energy
    Ble,
}

impl TransportKind {
    /// The transport that follows from the environment alone.
    pub(crate) fn usual() -> Self {
        match from_environment(PORT) {
            Some(_) => Self::Console,
            None => Self::Softap,
        }
    }

    /// The one of those that are the same on the way.
    fn family(self) -> Self {
        match self {
            Self::Softap | Self::Httpd | Self::Http => Self::Softap,
            other => other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Softap => "softap",
            Self::Httpd => "httpd",
            Self::Http => "http",
            Self::Console => "console",
            Self::Ble => "ble",
        }
    }

    fn words(self) -> &'static str {
        match self.family() {
            Self::Console => "serial ports",
            Self::Ble => "Bluetooth",
            _ => "networks",
        }
    }
}

/// What opens a session. A secret on the command line can be seen by others on this machine.
#[derive(Args, Clone)]
#[command(next_help_heading = "Secret")]
pub(crate) struct SecretArgs {
    /// The device's QR code, name and secret in one: its text, or a picture of it (PNG, JPEG); - is standard input
    #[arg(long, value_name = "TEXT|FILE", value_hint = ValueHint::FilePath)]
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
/// Without --ssid the device scans, and you choose from what it sees.
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall provision --qr label.png
  landfall provision --qr '{\"ver\":\"v1\",\"name\":\"PROV_261FCC\",\"pop\":\"abcd1234\",\"transport\":\"softap\"}'
  landfall provision --pop-file label.txt --ssid home
  landfall provision --join PROV_261FCC --pop-file label.txt --ssid home
  landfall provision --host 127.0.0.1:8080 --password-file - --ssid home --passphrase ''
  landfall provision --port /dev/ttyUSB0 --pop-file label.txt --ssid home
  landfall provision --transport ble --pop-file label.txt
  landfall provision --device PROV_261FCC --pop-file label.txt --ssid home
  landfall provision --hci tcp:127.0.0.1:7002 --device PROV_261FCC --pop-file label.txt --ssid home")]
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
#[command(after_help = "\
Examples:
  landfall info --host 127.0.0.1:8080
  landfall info --device PROV_261FCC
  landfall info --transport ble --service-uuid 021a9004-0382-4aea-bff4-6b3f1c5adfb4")]
pub(crate) struct Info {
    #[command(flatten)]
    pub(crate) target: Target,
}

/// Lists the Wi-Fi networks a device sees, strongest first
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall scan --host 127.0.0.1:8080 --password-file secret.txt
  landfall scan --qr label.png
  landfall scan --transport ble --adapter hci1 --password-file secret.txt")]
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
  landfall send my-settings --hex 0a0b0c --device PROV_261FCC
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
#[command(after_help = "\
Examples:
  landfall reset --pop-file label.txt
  landfall reset --device PROV_261FCC --pop-file label.txt")]
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
