//! Scenarios on virtual radios, in a virtual machine that boots Debian's kernel (lab/README.md).

mod guest;
mod initramfs;
mod kernel;
mod machine;

use core::time::Duration;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use machine::{Machine, Outcome};

use crate::{
    peers,
    shell::{self, Result, capture, cargo, root, say},
};

/// What a machine goes through: a script of the folder `lab`.
struct Scenario {
    name: &'static str,
    purpose: &'static str,
    /// The longest that it may take, boot included.
    limit: Duration,
    needs: &'static [&'static [Needed]],
}

/// A file of the system, and the Debian package that it comes with.
type Needed = (&'static str, &'static str);

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "ble",
        purpose: "provisionings over Bluetooth with the real bluetoothd, on virtual controllers",
        limit: Duration::from_secs(900),
        needs: &[BUS, BLUETOOTH],
    },
    Scenario {
        name: "world",
        purpose: "the Wi-Fi of the scenarios below by itself: routers, wpa_supplicant, NetworkManager",
        limit: Duration::from_secs(600),
        needs: &[BUS, WIFI, MANAGER],
    },
    Scenario {
        name: "supplicant",
        purpose: "the machine as a station, by wpa_supplicant",
        limit: Duration::from_secs(900),
        needs: &[BUS, WIFI],
    },
    Scenario {
        name: "manager",
        purpose: "the machine as a station, by NetworkManager",
        limit: Duration::from_secs(900),
        needs: &[BUS, WIFI, MANAGER],
    },
    Scenario {
        name: "softap",
        purpose: "the machine's own access point, beside its station on one radio",
        limit: Duration::from_secs(900),
        needs: &[BUS, WIFI, MANAGER],
    },
    Scenario {
        name: "visit",
        purpose: "a computer as a guest in a device's access point",
        limit: Duration::from_secs(900),
        needs: &[BUS, WIFI, MANAGER],
    },
    Scenario {
        name: "device",
        purpose: "`landfall device` from nothing to the network, and through what can go wrong",
        limit: Duration::from_secs(1800),
        needs: &[BUS, WIFI, MANAGER, BLUETOOTH],
    },
    Scenario {
        name: "power",
        purpose: "`landfall device` at ten power cuts",
        limit: Duration::from_secs(1800),
        needs: &[BUS, WIFI, MANAGER, BLUETOOTH, DISK],
    },
    Scenario {
        name: "package",
        purpose: "the Debian package (cargo xtask deb) under systemd: it installs, runs, is watched, and goes",
        limit: Duration::from_secs(900),
        needs: &[BUS, WIFI, MANAGER, BLUETOOTH, SYSTEMD],
    },
];

const BUS: &[Needed] = &[("/usr/share/dbus-1/system.conf", "dbus")];
const BLUETOOTH: &[Needed] = &[
    ("/usr/libexec/bluetooth/bluetoothd", "bluez"),
    ("/usr/bin/btmon", "bluez"),
];
/// Routers, and stations on wpa_supplicant.
const WIFI: &[Needed] = &[
    ("/usr/sbin/hostapd", "hostapd"),
    ("/sbin/wpa_supplicant", "wpasupplicant"),
    ("/usr/sbin/iw", "iw"),
    ("/usr/sbin/dnsmasq", "dnsmasq-base"),
    ("/lib/firmware/regulatory.db", "wireless-regdb"),
    ("/bin/ip", "iproute2"),
];
const MANAGER: &[Needed] = &[
    ("/usr/sbin/NetworkManager", "network-manager"),
    ("/lib/systemd/systemd-udevd", "udev"),
];
const SYSTEMD: &[Needed] = &[
    ("/lib/systemd/systemd", "systemd"),
    ("/usr/lib/polkit-1/polkitd", "polkitd"),
];
const DISK: &[Needed] = &[("/sbin/mkfs.ext4", "e2fsprogs")];

/// What every machine is made with.
const TOOLS: &[Needed] = &[
    ("/usr/bin/qemu-system-x86_64", "qemu-system-x86"),
    ("/usr/bin/apt-get", "apt"),
    ("/usr/bin/dpkg", "dpkg"),
    ("/usr/bin/xz", "xz-utils"),
    ("/bin/busybox", "busybox-static"),
    ("/sbin/depmod", "kmod"),
    ("/sbin/modprobe", "kmod"),
];

const USAGE: &str = "cargo xtask lab [--list] [--programs FOLDER] [SCENARIO [STEP...]]";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let order = Order::parse(arguments)?;
    if order.list {
        for scenario in SCENARIOS {
            say(&format!("{:<10} {}", scenario.name, scenario.purpose));
        }
        return Ok(());
    }
    let needs = order.scenarios.iter().flat_map(|scenario| scenario.needs);
    require(needs.chain([&TOOLS]).copied().flatten())?;
    let lab = Lab::prepare(order.programs)?;
    let mut failed = Vec::new();
    for scenario in order.scenarios {
        if !lab.play(scenario, &order.steps)? {
            failed.push(scenario.name);
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {failed:?}").into())
    }
}

/// What was typed.
struct Order {
    list: bool,
    /// The folder of a `landfall` to run with. None: it is built for release.
    programs: Option<PathBuf>,
    scenarios: Vec<&'static Scenario>,
    /// Words of which a step's name must have one. None: all steps.
    steps: Vec<String>,
}

impl Order {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut order = Self {
            list: false,
            programs: None,
            scenarios: Vec::new(),
            steps: Vec::new(),
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--list" => order.list = true,
                "--programs" => order.programs = Some(words.next().ok_or(USAGE)?.into()),
                flag if flag.starts_with('-') => return Err(USAGE.into()),
                name if order.scenarios.is_empty() => order.scenarios.push(named(name)?),
                _ => order.steps.push(word.clone()),
            }
        }
        if order.scenarios.is_empty() {
            order.scenarios.extend(SCENARIOS);
        }
        Ok(order)
    }
}

fn named(name: &str) -> Result<&'static Scenario> {
    let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
    found.ok_or_else(|| format!("there is no scenario {name}: cargo xtask lab --list").into())
}

/// Says which packages are missing, all at once.
fn require<'n>(needed: impl IntoIterator<Item = &'n Needed>) -> Result<()> {
    let mut packages: Vec<_> = needed
        .into_iter()
        .filter(|(file, _)| !Path::new(file).exists())
        .map(|(_, package)| *package)
        .collect();
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    let packages = packages.join(" ");
    Err(format!("the lab needs Debian's {packages}: apt-get install --no-install-recommends {packages}").into())
}

/// What the machines of one call share.
struct Lab {
    /// Where everything is kept that is not in the repository.
    folder: PathBuf,
    machine: Machine,
    python: PathBuf,
    /// Where the programs were built.
    built: PathBuf,
}

impl Lab {
    fn prepare(programs: Option<PathBuf>) -> Result<Self> {
        let folder = root().join("target/lab");
        fs::create_dir_all(&folder)?;
        let machine = Machine::new(kernel::Kernel::of_debian(&folder)?, &folder)?;
        Ok(Self {
            machine,
            python: environment()?,
            built: programs.map_or_else(build, Ok)?,
            folder,
        })
    }

    /// Whether all went well.
    fn play(&self, scenario: &Scenario, steps: &[String]) -> Result<bool> {
        let name = scenario.name;
        let logs = self.folder.join(name);
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        fs::create_dir_all(&logs)?;
        let programs = self.folder.join("copies").join(name);
        copy_programs(&self.built, &programs)?;
        let mut script = Command::new(&self.python);
        script
            .arg(root().join("lab").join(format!("{name}.py")))
            .args(steps)
            .env("LAB_PROGRAMS", &programs);
        say(&format!("lab {name}: {}", scenario.purpose));
        let begin = Instant::now();
        let outcome = self.machine.run(&script, &logs, scenario.limit)?;
        let (seconds, kept) = (begin.elapsed().as_secs(), logs.display());
        let (verdict, well) = match outcome {
            Outcome::Ended(0) => ("ok".to_owned(), true),
            Outcome::Ended(code) => (format!("FAILED, exit code {code}"), false),
            Outcome::OutOfTime => (format!("FAILED, not done after {:?}", scenario.limit), false),
            Outcome::Died => (format!("FAILED, the machine died: {kept}/console.log"), false),
        };
        say(&format!("lab {name}: {verdict} ({seconds} s, logs in {kept})"));
        Ok(well)
    }
}

/// The Python of the peers, with what the scenarios need besides.
fn environment() -> Result<PathBuf> {
    let python = peers::environment()?;
    for requirements in ["peers/ble/requirements.txt", "lab/requirements.txt"] {
        let mut pip = Command::new(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(root().join(requirements));
        capture(&mut pip)?;
    }
    Ok(python)
}

/// Fills a scenario's own folder with copies of the programs: a build beside a running machine must not change them under
/// the machine, nor must another machine that starts.
fn copy_programs(built: &Path, programs: &Path) -> Result<()> {
    if programs.exists() {
        fs::remove_dir_all(programs)?;
    }
    fs::create_dir_all(programs)?;
    for program in PROGRAMS {
        let from = built.join(program);
        if !from.exists() {
            return Err(format!("there is no {}: {BUILD}", from.display()).into());
        }
        fs::copy(&from, programs.join(from.file_name().ok_or("a program has a name")?))?;
    }
    Ok(())
}

/// What scenarios start, as it is called in Cargo's folder.
const PROGRAMS: &[&str] = &["landfall", "examples/wlan", "examples/softap"];
const BUILD: &str =
    "cargo build -p landfall && cargo build -p landfall-wlan -p landfall-device --example wlan --example softap";

/// Builds them for release, and gives the folder.
fn build() -> Result<PathBuf> {
    let landfall = peers::build()?;
    let examples = [
        "build",
        "--release",
        "--locked",
        "--package",
        "landfall-wlan",
        "--package",
        "landfall-device",
        "--example",
        "wlan",
        "--example",
        "softap",
    ];
    shell::run(&mut cargo(&examples))?;
    Ok(landfall.parent().ok_or("Cargo has a folder")?.to_owned())
}
