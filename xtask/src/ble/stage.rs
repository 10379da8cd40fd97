//! An air with a device on it, and clients for it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    cases::{Central, Peripheral},
    process::Helper,
};
use crate::{
    peers::{self, Device},
    shell::{Result, capture, cargo, root, run},
};

/// The name of every device.
pub(crate) const NAME: &str = "PROV_B1E";

/// What is run on the air.
pub(crate) struct Tools {
    python: PathBuf,
    landfall: PathBuf,
    firmware: PathBuf,
}

/// Three controllers that hear each other: a device's, a client's, and another client's.
pub(crate) struct Air {
    helper: Helper,
    ports: [String; 3],
}

/// A device, which ends when this is dropped.
#[expect(dead_code, reason = "held until it is not needed any more")]
pub(crate) enum Running {
    Landfall(Helper),
    Bumble(Helper, Device),
}

impl Tools {
    /// Makes, at the first call, what is needed.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            python: environment()?,
            landfall: peers::build()?,
            firmware: firmware()?,
        })
    }

    /// Opens an air, with these arguments for air.py.
    pub(crate) fn air(&self, arguments: &[&str]) -> Result<Air> {
        let helper = Helper::start(self.script("air.py").arg("3").args(arguments), "AIR ")?;
        let ports: Vec<String> = helper.ready.split(' ').skip(1).map(str::to_owned).collect();
        match ports.try_into() {
            Ok(ports) => Ok(Air { helper, ports }),
            Err(_) => Err(format!("the air says {}, not three ports", helper.ready).into()),
        }
    }

    /// Puts a device on the air, with these arguments for `landfall simulate`.
    pub(crate) fn device(&self, air: &Air, kind: Peripheral, arguments: &[&str]) -> Result<Running> {
        match kind {
            Peripheral::Landfall { stays } => {
                let mut device = command(&self.landfall);
                device.args(["simulate", "--json", "--transport", "ble", "--name", NAME, "--hci"]);
                device.arg(hci(air.device())).args(arguments);
                device.args(stays.then_some("--no-auto-stop"));
                Helper::start(&mut device, "{\"event\":\"device_listening\"").map(Running::Landfall)
            }
            Peripheral::Firmware { stays } => {
                let mut device = command(&self.firmware);
                device
                    .args(["--name", NAME, "--hci"])
                    .arg(hci(air.device()))
                    .args(arguments);
                device.args(stays.then_some("--no-auto-stop"));
                Helper::start(&mut device, "Provisioning started").map(Running::Landfall)
            }
            Peripheral::Bumble(stack) => {
                let mut device = Device::start(&self.landfall, arguments)?;
                device.drain();
                let mut server = self.script("server.py");
                server.args([air.device(), NAME, stack, &device.port.to_string()]);
                Ok(Running::Bumble(Helper::start(&mut server, "SERVER ")?, device))
            }
        }
    }

    /// A client on the controller at `port`.
    pub(crate) fn client(&self, kind: Central, port: &str) -> Command {
        match kind {
            Central::Script(script, arguments) => {
                let mut client = self.script(script);
                client.args([port, NAME]).args(arguments);
                client
            }
            Central::EspProv(arguments) => {
                let mut client = command(&self.landfall.with_file_name("esp-prov"));
                client
                    .args(["--transport", "ble", "--service_name", NAME])
                    .args(arguments);
                client.env("LANDFALL_HCI", hci(port));
                client
            }
            Central::Landfall(arguments) => {
                let mut client = command(&self.landfall);
                client.args(arguments).args(["--json", "--hci"]).arg(hci(port));
                if !arguments.contains(&"--device") {
                    client.args(["--device", NAME]);
                }
                client
            }
        }
    }

    fn script(&self, name: &str) -> Command {
        let mut script = command(&self.python);
        script.arg(root().join("peers/ble").join(name));
        script
    }
}

impl Air {
    /// Where the device's controller is.
    fn device(&self) -> &str {
        &self.ports[0]
    }

    /// Where the client's controller is.
    pub(crate) fn client(&self) -> &str {
        &self.ports[1]
    }

    /// Where another client's controller is.
    pub(crate) fn another(&self) -> &str {
        &self.ports[2]
    }

    /// Closes it, and gives what it has said.
    pub(crate) fn close(self) -> Vec<String> {
        self.helper.finish()
    }
}

/// The firmware's example for this machine, with what the tests were built from.
fn firmware() -> Result<PathBuf> {
    let arguments = [
        "build",
        "--locked",
        "--package",
        "landfall-embassy",
        "--features",
        "ble,security",
    ];
    run(cargo(&arguments).args(["--example", "simulated"]))?;
    Ok(root().join("target/debug/examples/simulated"))
}

/// The Python of the peers, with bumble.
fn environment() -> Result<PathBuf> {
    let python = peers::environment()?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ])
    .arg(root().join("peers/ble/requirements.txt"));
    capture(&mut pip)?;
    Ok(python)
}

/// A program in the top folder.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

fn hci(port: &str) -> String {
    format!("tcp:127.0.0.1:{port}")
}
