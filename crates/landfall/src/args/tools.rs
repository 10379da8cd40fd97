//! The commands that talk to no device.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};
use clap_complete::Shell;
use landfall_client::{ble::hci::HciAddress, console::ConsoleTransport, http::HttpTransport, protocomm::gatt::Uuid};

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
  landfall qr --name PROV_261FCC --username wifiprov --pop-file label.txt --svg label.svg
  landfall qr --name PROV_261FCC --pop-file label.txt --png label.png --scale 12

Pictures hold the secret, as any label does: who can read the file can provision the device.")]
pub(crate) struct Qr {
    /// Text to draw as it is
    #[arg(required_unless_present = "name", conflicts_with_all = ["name", "pop", "pop_file", "username", "service_key", "service_key_file"])]
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
    /// Passphrase of the device's own access point, if it has one (also LANDFALL_SERVICE_KEY)
    #[arg(long, value_name = "KEY")]
    pub(crate) service_key: Option<Hidden>,
    /// File that holds that passphrase; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "service_key")]
    pub(crate) service_key_file: Option<PathBuf>,
    /// Write the code to this file as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write the code to this file as PNG
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
    /// Size of the PNG's modules, in pixels
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u8).range(1..=32))]
    pub(crate) scale: u8,
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

    /// Sources of the access point's key in the code.
    pub(crate) fn key_source(&self) -> Source<'_> {
        Source {
            name: "access point's key",
            flag: self.service_key.as_ref(),
            file: self.service_key_file.as_ref(),
            variable: "LANDFALL_SERVICE_KEY",
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

/// Makes a device its own secret: an image for its flash, and its label
///
/// Draws a secret and a name, writes what the device needs to know of them as an image of a flash partition, and draws the
/// label. The image of a device of security 2 holds no password: that is on the label only. So print the label, or put it
/// into a picture; it cannot be had again.
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall factory fctry.bin
  landfall factory fctry.bin --name ACME_0001 --png label.png
  landfall factory fctry.bin && espflash write-bin 0xd000 fctry.bin    # the partition's address

The image takes one page of flash, 4096 bytes, and is readable by you only. A file that is there is not replaced.
The label holds the secret, as any label does: who can read it can provision the device.")]
pub(crate) struct FactoryArgs {
    /// Where to write the image
    #[arg(value_name = "FILE")]
    pub(crate) image: PathBuf,
    /// Security scheme of the device
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = value_parser!(u8).range(1..=2))]
    pub(crate) sec_ver: u8,
    /// User name, for security 2; ASCII
    #[arg(long, value_name = "NAME", default_value = "wifiprov")]
    pub(crate) username: String,
    /// Name of the device, up to 32 bytes, over Bluetooth 29 [default: PROV_ and six random hex digits]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// UUID of the device's Bluetooth service [default: the firmware's]
    #[arg(long, value_name = "UUID")]
    pub(crate) service_uuid: Option<Uuid>,
    /// How the device is reached
    #[arg(long, value_enum, default_value_t = QrTransport::Ble)]
    pub(crate) transport: QrTransport,
    /// Write the label to this file as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write the label to this file as PNG
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
    /// Size of the PNG's modules, in pixels
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u8).range(1..=32))]
    pub(crate) scale: u8,
}

/// Lists the devices that can be provisioned from here
///
/// Listens over Bluetooth and Wi-Fi for devices and their access points, asks for one at the address that every device
/// has in its own Wi-Fi network, and lists the serial ports of this computer: all at once. Nothing is joined, and no
/// Bluetooth device is connected to without --ask. A port is only asked if it is named with --port: opening one restarts
/// many boards.
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall discover
  landfall discover --ask --time 10
  landfall discover --prefix ACME_
  landfall discover --hci tcp:127.0.0.1:7002 --all
  landfall discover --host 192.168.4.1 --host 127.0.0.1:8080
  landfall discover --port /dev/ttyUSB0 --timeout 5")]
pub(crate) struct Discover {
    /// Where to ask for a device, as often as wanted; IPv6 addresses in brackets
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        env = "LANDFALL_HOST",
        hide_env_values = true,
        default_value = HttpTransport::DEFAULT_HOST
    )]
    pub(crate) host: Vec<String>,
    /// Serial port to ask for a device, as often as wanted
    #[arg(long, value_name = "PATH")]
    pub(crate) port: Vec<PathBuf>,
    /// Speed of the serial ports, in bits per second
    #[arg(long, value_name = "N", default_value_t = ConsoleTransport::DEFAULT_BAUD, value_parser = value_parser!(u32).range(1..))]
    pub(crate) baud: u32,
    /// Longest wait for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = value_parser!(u64).range(1..=60))]
    pub(crate) timeout: u64,
    /// How long to listen over Bluetooth and Wi-Fi, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = value_parser!(u64).range(1..=300))]
    pub(crate) time: u64,
    /// What the names of devices and access points begin with [default: PROV_; over Bluetooth a well-known service will
    /// do as well]
    #[arg(long, value_name = "TEXT")]
    pub(crate) prefix: Option<String>,
    /// Service that Bluetooth devices have to offer
    #[arg(long, value_name = "UUID")]
    pub(crate) service_uuid: Option<Uuid>,
    /// List every Bluetooth device, whatever it is
    #[arg(long, conflicts_with = "service_uuid")]
    pub(crate) all: bool,
    /// Connect to each Bluetooth device listed, and ask for its version and security scheme
    #[arg(long)]
    pub(crate) ask: bool,
    /// Bluetooth adapter of the system, such as hci1 (also LANDFALL_ADAPTER)
    #[arg(long, value_name = "NAME")]
    pub(crate) adapter: Option<String>,
    /// Bluetooth controller without the system: its serial port, or tcp:HOST:PORT (also LANDFALL_HCI)
    #[arg(long, value_name = "ADDRESS", conflicts_with = "adapter")]
    pub(crate) hci: Option<HciAddress>,
    /// Where the system has its serial ports
    #[arg(long, value_name = "DIR", default_value = "/dev", hide = true)]
    pub(crate) device_dir: PathBuf,
}

/// Prints a script that has a shell complete commands and options
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall completions bash > ~/.local/share/bash-completion/completions/landfall
  landfall completions zsh > ~/.zfunc/_landfall    # with ~/.zfunc in $fpath
  landfall completions fish > ~/.config/fish/completions/landfall.fish
  landfall completions bash --program esp-prov > ~/.local/share/bash-completion/completions/esp-prov")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
    /// The program whose arguments are completed
    #[arg(long, value_enum, default_value_t = Program::Landfall)]
    pub(crate) program: Program,
}

/// One of the two programs.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// This program
    Landfall,
    /// The one with the flags of Espressif's esp_prov.py
    EspProv,
}

/// Writes the manual pages
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall man | man -l -
  landfall man ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Where to put a page for each command, made if it is not there [default: print landfall's own]
    #[arg(value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}
