//! The commands that make this machine a device.

use core::{net::Ipv4Addr, str::FromStr, time::Duration};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint, value_parser};
use zeroize::Zeroizing;

use super::{
    device::{ConfigArgs, ConsoleArgs, DeviceSecret, DeviceTransport, as_setting},
    on_air::DeviceBluetooth,
};
use crate::{
    failure::Failure,
    secrets::{Hidden, Source},
};

/// What to do with the device that this machine is.
#[derive(Subcommand)]
#[command(after_help = "\
Examples:
  landfall device run --pop-file /etc/landfall/pop
  landfall device status
  landfall device open --window 10m")]
pub(crate) enum LinuxDevice {
    Run(Box<Run>),
    Status(Status),
    Open(Open),
    Reset(Forget),
}

/// Waits for clients, joins the network they name with this machine's Wi-Fi, and stays on it
///
/// A machine that was provisioned before joins its network again at once; otherwise, or when `landfall device open`, a
/// signal SIGUSR1 or `landfall device reset` says so, it opens for clients. Without a secret it takes the development
/// credentials of Espressif's examples: everybody knows them.
#[derive(Args)]
#[command(mut_args = as_setting, after_help = "\
Examples:
  landfall device run --pop-file /etc/landfall/pop
  landfall device run --transport softap --service-key 'a good one' --pop abcd1234
  landfall device run --window 10m --hook /usr/local/lib/my-app/on-network
  landfall device run --config /etc/landfall/device.toml --print-config")]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// How clients reach the device
    #[arg(long, value_enum, default_value_t = DeviceTransport::Ble)]
    pub(crate) transport: DeviceTransport,
    /// Name of the device [default: PROV_ and the last six digits of the Wi-Fi interface's address]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Where to keep the credentials [default: the service's state directory, or /var/lib/landfall]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state: Option<PathBuf>,
    /// Close for clients when this long nobody has brought the device onto a network, as in 90s, 10m, 1h [default: never]
    #[arg(long, value_name = "TIME")]
    pub(crate) window: Option<Window>,
    /// Attempts to join before credentials are given up
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u8).range(1..))]
    pub(crate) attempts: u8,
    /// Stay in service after success, so that clients can provision again
    #[arg(long)]
    pub(crate) no_auto_stop: bool,
    /// Program to run whenever something happens; its environment tells what
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::FilePath)]
    pub(crate) hook: Option<PathBuf>,
    /// Push button that opens the device for clients again: chip and line, as in gpiochip0:17; with :high where pressing
    /// makes the line high
    #[arg(long, value_name = "CHIP:LINE")]
    pub(crate) button: Option<ButtonLine>,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
    #[command(flatten)]
    pub(crate) wifi: WifiArgs,
    #[command(flatten)]
    pub(crate) access_point: AccessPointArgs,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    #[command(flatten)]
    pub(crate) bluetooth: DeviceBluetooth,
    #[command(flatten)]
    pub(crate) secret: DeviceSecret,
}

/// Tells what the running device does
#[derive(Args)]
#[command(after_help = "Examples:\n  landfall device status\n  landfall device status --json | jq .network")]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Opens the running device for clients, again; it stays on its network until one brings it onto another
#[derive(Args)]
#[command(after_help = "Examples:\n  landfall device open\n  landfall device open --window 10m")]
pub(crate) struct Open {
    #[command(flatten)]
    pub(crate) control: ControlArgs,
    /// Close again after this long, as in 90s, 10m, 1h [default: the device's own window]
    #[arg(long, value_name = "TIME")]
    pub(crate) window: Option<Window>,
}

/// Forgets the network of the device, which then waits for clients again
///
/// If no device runs, it is done in its place, with its settings: --config takes the file of landfall device run. Where
/// nothing is set, that is /etc/landfall/device.toml, if it is there.
#[derive(Args)]
#[command(mut_args = as_setting, after_help = "\
Examples:
  landfall device reset
  landfall device reset --config device.toml")]
pub(crate) struct Forget {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
    /// Where the credentials are kept, if no device runs [default: /var/lib/landfall]
    #[arg(long, value_name = "DIR", env = "LANDFALL_STATE", hide_env_values = true, value_hint = ValueHint::DirPath)]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) wifi: DriverArgs,
}

/// Where a running device is asked.
#[derive(Args)]
pub(crate) struct ControlArgs {
    /// Socket on which the device is asked [default: control in the service's runtime directory, or in /run/landfall]
    #[arg(long, value_name = "PATH", env = "LANDFALL_CONTROL", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub(crate) control: Option<PathBuf>,
}

/// This machine's Wi-Fi.
#[derive(Args)]
#[command(next_help_heading = "Wi-Fi")]
pub(crate) struct WifiArgs {
    #[command(flatten)]
    pub(crate) driver: DriverArgs,
    /// Take a network that gives IPv6 addresses only as joined
    #[arg(long)]
    pub(crate) ipv6_only_ok: bool,
}

/// Which Wi-Fi, and who drives it.
#[derive(Args)]
pub(crate) struct DriverArgs {
    /// Wi-Fi interface [default: the first one]
    #[arg(long, value_name = "NAME", env = "LANDFALL_INTERFACE", hide_env_values = true)]
    pub(crate) interface: Option<String>,
    /// Who drives the Wi-Fi; auto: NetworkManager if it manages the interface, else wpa_supplicant
    #[arg(long, value_enum, env = "LANDFALL_BACKEND", hide_env_values = true, default_value_t = Backend::Auto)]
    pub(crate) backend: Backend,
}

/// The device's own access point.
#[derive(Args)]
#[command(next_help_heading = "Access point, with --transport softap")]
pub(crate) struct AccessPointArgs {
    /// Passphrase of the device's access point (WPA2), 8 to 63 characters [default: none, it is open] (also LANDFALL_SERVICE_KEY)
    #[arg(long, value_name = "KEY")]
    pub(crate) service_key: Option<Hidden>,
    /// File that holds that passphrase; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "service_key")]
    pub(crate) service_key_file: Option<PathBuf>,
    /// The device's address in its access point
    #[arg(long, value_name = "ADDRESS", default_value = "192.168.4.1")]
    pub(crate) ap_address: Ipv4Addr,
    /// Channel of the access point, 1 to 14 [default: 6, or that of the network the machine is in]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(1..=14))]
    pub(crate) ap_channel: Option<u8>,
    /// Interface of a second radio to take for the access point [default: one beside the station's]
    #[arg(long, value_name = "NAME")]
    pub(crate) ap_interface: Option<String>,
}

/// Who drives the Wi-Fi.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Whoever manages the interface
    Auto,
    /// NetworkManager
    #[value(name = "networkmanager")]
    NetworkManager,
    /// wpa_supplicant
    #[value(name = "wpa_supplicant")]
    WpaSupplicant,
}

/// A line of a GPIO chip, to which a button is wired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ButtonLine {
    pub(crate) chip: PathBuf,
    pub(crate) offset: u32,
    /// Whether the line is high, not low, while the button is pressed.
    pub(crate) high: bool,
}

/// For how long a device is open for clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window(pub(crate) Duration);

impl AccessPointArgs {
    /// The passphrase, if it was given; the environment is not asked once more.
    pub(crate) fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let source = Source {
            name: "access point's key",
            flag: self.service_key.as_ref(),
            file: self.service_key_file.as_ref(),
            variable: "LANDFALL_SERVICE_KEY",
        };
        if source.flag.is_some() || source.file.is_some() {
            source.find()
        } else {
            Ok(None)
        }
    }

    /// The names of those that were given, but for what has a default.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let all = [
            ("service-key", self.service_key.is_some()),
            ("service-key-file", self.service_key_file.is_some()),
            ("ap-channel", self.ap_channel.is_some()),
            ("ap-interface", self.ap_interface.is_some()),
        ];
        let given = all.iter().filter(|(_, is_given)| *is_given);
        given.map(|(name, _)| *name).collect()
    }
}

impl Window {
    /// That many seconds.
    ///
    /// # Errors
    ///
    /// What it has to be, in words.
    pub(crate) const fn of_seconds(seconds: u64) -> Result<Self, &'static str> {
        match seconds {
            1..=LONGEST_WINDOW => Ok(Self(Duration::from_secs(seconds))),
            _ => Err("it is at least a second and at most a week"),
        }
    }
}

impl FromStr for Window {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let seconds_each = match text.get(digits.len()..) {
            Some("" | "s") => 1,
            Some("m") => 60,
            Some("h") => 3600,
            _ => return Err("it is a number with s, m or h, as in 90s, 10m, 1h"),
        };
        let number: u64 = digits
            .parse()
            .map_err(|_| "it is a number with s, m or h, as in 90s, 10m, 1h")?;
        // What is too much to count is too long as well.
        Self::of_seconds(number.saturating_mul(seconds_each))
    }
}

impl FromStr for ButtonLine {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (text, high) = match text.strip_suffix(":high") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (chip, offset) = text.rsplit_once(':').ok_or(BUTTON_FORM)?;
        let offset = offset.parse().map_err(|_| BUTTON_FORM)?;
        if chip.is_empty() {
            return Err(BUTTON_FORM);
        }
        // A full path stays what it is.
        let chip = PathBuf::from("/dev").join(chip);
        Ok(Self { chip, offset, high })
    }
}

const BUTTON_FORM: &str = "it is a chip and a line's number, as in gpiochip0:17 or gpiochip0:17:high";

/// A week; who wants longer wants no end.
const LONGEST_WINDOW: u64 = 7 * 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_are_a_chip_and_a_line() {
        for (text, chip, offset, high) in [
            ("gpiochip0:17", "/dev/gpiochip0", 17, false),
            ("/dev/gpiochip4:3:high", "/dev/gpiochip4", 3, true),
        ] {
            let chip = PathBuf::from(chip);
            assert_eq!(text.parse(), Ok(ButtonLine { chip, offset, high }), "{text}");
        }
        for bad in [
            "",
            "17",
            "gpiochip0",
            ":17",
            "gpiochip0:",
            "gpiochip0:-1",
            "gpiochip0:high",
            "gpiochip0:1:low",
        ] {
            assert!(bad.parse::<ButtonLine>().is_err(), "{bad}");
        }
    }

    #[test]
    fn windows_are_seconds_minutes_and_hours() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("10m", 600),
            ("1h", 3600),
            ("168h", LONGEST_WINDOW),
        ] {
            assert_eq!(text.parse(), Ok(Window(Duration::from_secs(seconds))), "{text}");
        }
        for bad in [
            "",
            "m",
            "0",
            "0s",
            "10 m",
            "-1s",
            "1d",
            "1h30m",
            "169h",
            "99999999999999999999h",
            "18446744073709551615h",
        ] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
    }
}
