//! What was typed on the command line of `landfall`. What it means is for the commands to say.

mod bluetooth;
mod device;
mod groups;
mod join;
mod linux;
mod on_air;
mod secret;
mod target;
mod tools;

use clap::{Args, ColorChoice, Parser, Subcommand};

use crate::exit::Exit;

pub(crate) use bluetooth::BluetoothArgs;
pub(crate) use device::{
    ConfigArgs, ConsoleArgs, Demo, DeviceGeneration, DeviceSecret, DeviceTransport, FailFirst, Simulate, WorldSource,
};
pub(crate) use join::JoinArgs;
pub(crate) use linux::{
    AccessPointArgs, Backend, ButtonLine, ControlArgs, DriverArgs, Forget, LinuxDevice, Open, Run, Status, Window,
};
pub(crate) use on_air::{DeviceBluetooth, KeepBleOn};
pub(crate) use target::{
    Info, NetworkArgs, Provision, Reprovision, Reset, Scan, SecretArgs, Send, Target, TransportKind,
};
pub(crate) use tools::{
    Completions, CredentialFormat, CredentialsArgs, Discover, FactoryArgs, Man, Program, Qr, QrTransport,
};

/// Brings any protocomm device (ESP32 and others) onto Wi-Fi, and plays one.
#[derive(Parser)]
#[command(
    name = "landfall",
    version,
    help_template = groups::template(),
    after_help = format!("{EXAMPLES}\n\n{}", Exit::HELP),
    args_override_self = true,
    propagate_version = false,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The common tasks.
const EXAMPLES: &str = "\
Examples:
  landfall demo                                    see it work, without any device
  landfall discover                                find devices
  landfall provision --qr label.png                bring one onto a network; you choose which
  landfall provision --qr label.png --ssid home    the same, without a question but the passphrase
  landfall COMMAND --help                          more examples, and everything a command takes";

/// How to print, for every command.
#[derive(Args, Clone, Copy)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Print one JSON event a line to standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
    /// Tell more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    Simulate(Simulate),
    /// Makes this machine a device, whose own Wi-Fi clients bring onto a network
    #[command(subcommand)]
    Device(Box<LinuxDevice>),
    Provision(Provision),
    Info(Info),
    Scan(Scan),
    Send(Send),
    Reset(Reset),
    Reprovision(Reprovision),
    Credentials(CredentialsArgs),
    Qr(Qr),
    Factory(FactoryArgs),
    Discover(Discover),
    Completions(Completions),
    Man(Man),
}

impl Command {
    /// What the device that this command is asks of its clients.
    pub(crate) fn device_secret(&mut self) -> Option<&mut DeviceSecret> {
        match self {
            Self::Simulate(simulate) => Some(&mut simulate.secret),
            Self::Device(device) => match &mut **device {
                LinuxDevice::Run(run) => Some(&mut run.secret),
                LinuxDevice::Status(_) | LinuxDevice::Open(_) | LinuxDevice::Reset(_) => None,
            },
            _ => None,
        }
    }
}
