//! The commands that play a device.

use core::{any::TypeId, net::SocketAddr};
use std::path::PathBuf;

use clap::{
    Arg, ArgAction, Args, Command, ValueEnum, ValueHint,
    builder::{PathBufValueParser, TypedValueParser as _},
    value_parser,
};
use landfall_device::{ConsoleService, World};

use super::{
    on_air::DeviceBluetooth,
    secret::{PasswordArgs, PopArgs},
};
use crate::secrets::Hidden;

/// Shows a simulated device being brought onto a network
#[derive(Args)]
#[command(
    after_help = "Examples:\n  landfall demo\n  landfall demo --fail wrong-password\n  landfall demo --sec-ver 1"
)]
pub(crate) struct Demo {
    /// Make the first try fail like this, then a second one succeed
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) fail: Option<FailFirst>,
    /// Security scheme of the device
    #[arg(long, value_name = "0|1|2", default_value_t = 2, value_parser = value_parser!(u8).range(0..=2))]
    pub(crate) sec_ver: u8,
}

/// How the demo's first try fails.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailFirst {
    /// The passphrase is wrong
    WrongPassword,
    /// No network has that name
    NotFound,
}

/// Plays a device without a network, for any client to provision
///
/// Without a secret the device takes the development credentials of Espressif's examples: proof of possession
/// abcd1234, or user name wifiprov with password abcd1234.
#[derive(Args)]
#[command(mut_args = as_setting, after_help = "\
Examples:
  landfall simulate
  landfall simulate --sec-ver 1 --pop abcd1234 --listen 0.0.0.0:8080
  landfall simulate --state ./device --world office.toml
  landfall simulate --transport console --link ./ttyDevice
  landfall simulate --transport ble
  landfall simulate --transport ble --hci tcp:127.0.0.1:7001
  landfall simulate --config device.toml --print-config
  landfall provision --host 127.0.0.1:8080 --password abcd1234 --ssid myssid --passphrase mypassword")]
pub(crate) struct Simulate {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// How clients reach the device
    #[arg(long, value_enum, default_value_t = DeviceTransport::Softap)]
    pub(crate) transport: DeviceTransport,
    /// Where to serve HTTP
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// Name of the device [default: PROV_ and six random hex digits]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The networks around the device, as TOML [default: a built-in world with `myssid`]
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        value_parser = PathBufValueParser::new().map(WorldSource::File)
    )]
    pub(crate) world: Option<WorldSource>,
    /// Where to keep the credentials [default: in memory only]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state: Option<PathBuf>,
    /// Forget the kept credentials first
    #[arg(long)]
    pub(crate) erase: bool,
    /// Attempts to join before credentials are given up
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u8).range(1..))]
    pub(crate) attempts: u8,
    /// Stay in service after success, so that clients can provision again
    #[arg(long)]
    pub(crate) no_auto_stop: bool,
    /// Which of Espressif's components to be
    #[arg(long, value_enum, default_value_t = DeviceGeneration::Wifi)]
    pub(crate) generation: DeviceGeneration,
    /// End when provisioning has ended
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) bluetooth: DeviceBluetooth,
    #[command(flatten)]
    pub(crate) secret: DeviceSecret,
}

/// The console of a device.
#[derive(Args)]
pub(crate) struct ConsoleArgs {
    /// Serial port of the console [default: a new pseudo-terminal]
    #[arg(long, value_name = "PATH", env = "LANDFALL_DEVICE_PORT", conflicts_with = "link")]
    pub(crate) port: Option<PathBuf>,
    /// Speed of the serial port, in bits per second
    #[arg(long, value_name = "N", default_value_t = ConsoleService::DEFAULT_BAUD, value_parser = value_parser!(u32).range(1..))]
    pub(crate) baud: u32,
    /// Symbolic link to make to the console's pseudo-terminal
    #[arg(long, value_name = "PATH")]
    pub(crate) link: Option<PathBuf>,
}

impl ConsoleArgs {
    /// The names of those that were given, but for what has a default.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let all = [("port", self.port.is_some()), ("link", self.link.is_some())];
        let given = all.iter().filter(|(_, is_given)| *is_given);
        given.map(|(name, _)| *name).collect()
    }
}

/// What the device asks of its clients.
#[derive(Args)]
#[command(next_help_heading = "Security")]
pub(crate) struct DeviceSecret {
    /// Security scheme [default: 1 with a proof of possession, else 2]
    #[arg(long, value_name = "0|1|2", value_parser = value_parser!(u8).range(0..=2))]
    pub(crate) sec_ver: Option<u8>,
    #[command(flatten)]
    pub(crate) pop: PopArgs,
    /// User name, for security 2
    #[arg(
        long,
        value_name = "NAME",
        env = "LANDFALL_USERNAME",
        hide_env_values = true,
        default_value = "wifiprov"
    )]
    pub(crate) username: String,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// Salt in hex, for security 2 without a password; see `landfall credentials` (also LANDFALL_SALT)
    #[arg(long, value_name = "HEX", requires = "verifier", conflicts_with_all = ["password", "password_file"])]
    pub(crate) salt: Option<Hidden>,
    /// Verifier in hex, or a file that holds it in hex (also LANDFALL_VERIFIER)
    #[arg(
        long,
        value_name = "HEX|FILE",
        value_hint = ValueHint::AnyPath,
        requires = "salt",
        conflicts_with_all = ["password", "password_file"]
    )]
    pub(crate) verifier: Option<Hidden>,
    /// Put the given password into the QR code
    #[arg(long)]
    pub(crate) qr_password: bool,
    /// Reuse security 2's nonce as firmware of 2022 did, for clients of 2022. Insecure
    #[arg(long)]
    pub(crate) insecure_static_nonce: bool,
}

impl DeviceSecret {
    /// Whether a password was given, or what a device keeps in its place.
    pub(crate) fn has_password(&self) -> bool {
        self.password.is_given() || self.salt.is_some()
    }

    /// Takes the scheme of the secret that was given nearest to the user, where no scheme was given: what is typed
    /// counts for more than what stands in a file for another scheme. `rank` is how near a setting was given.
    pub(crate) fn settle_scheme<R: Ord>(&mut self, rank: impl Fn(&str) -> Option<R>) {
        let nearest = |keys: &[&str]| keys.iter().filter_map(|key| rank(key)).max();
        if self.sec_ver.is_none() && nearest(&["pop", "pop_file"]) > nearest(&["password", "password_file", "salt"]) {
            self.sec_ver = Some(1);
        }
    }
}

/// Where the networks around a device are described.
#[derive(Clone)]
pub(crate) enum WorldSource {
    /// In a file of their own.
    File(PathBuf),
    /// In the configuration.
    Table(World),
}

/// Where the settings of a device come from.
#[derive(Args)]
pub(crate) struct ConfigArgs {
    /// File with settings, as TOML; variables and options win over it
    #[arg(long, value_name = "FILE", env = "LANDFALL_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Print all settings and where each comes from, as such a file, and end
    #[arg(long)]
    pub(crate) print_config: bool,
}

impl ConfigArgs {
    /// Whether `command` can be configured.
    pub(crate) fn are_in(command: &Command) -> bool {
        command.get_arguments().any(Self::own)
    }

    /// Whether `arg` is one of these, which say where settings come from and are none themselves.
    pub(crate) fn own(arg: &Arg) -> bool {
        ["config", "print_config"].contains(&arg.get_id().as_str())
    }
}

/// Makes an argument a setting: a variable of the environment can give it too, and a switch takes a value, so that a
/// command line can take back what a file says.
pub(super) fn as_setting(arg: Arg) -> Arg {
    if ConfigArgs::own(&arg) {
        return arg;
    }
    let variable = match arg.get_env() {
        Some(own) => own.to_owned(),
        None => format!("LANDFALL_{}", arg.get_id().as_str().to_uppercase()).into(),
    };
    let is_secret = arg.get_value_parser().type_id() == TypeId::of::<Hidden>();
    // The explanations of secrets name their variables themselves, since other commands read them in other ways.
    let arg = arg.env(variable).hide_env_values(true).hide_env(is_secret);
    match arg.get_action() {
        ArgAction::SetTrue => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .value_name("true|false")
            .hide_possible_values(true)
            .default_missing_value("true")
            .default_value("false")
            .hide_default_value(true),
        _ => arg,
    }
}

/// How a device of ours is reached.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceTransport {
    /// HTTP, as over a device's own access point
    #[value(alias = "httpd", alias = "http")]
    Softap,
    /// A command shell on a serial port or a pseudo-terminal
    Console,
    /// Bluetooth Low Energy: the system's, or a controller of its own with --hci
    Ble,
}

/// Which of Espressif's components a device claims to be.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceGeneration {
    /// wifi_provisioning, of ESP-IDF up to v5.5
    Wifi,
    /// network_provisioning, its successor
    Network,
}
