//! Scenarios on virtual radios, in a virtual machine that boots Debian's kernel (lab/README.md).

mod guest;
mod initramfs;
mod kernel;
mod machine;

use core::{cmp::Reverse, iter, time::Duration};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
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
    /// The longest that it may take, boot included: several times what it takes.
    limit: Duration,
    needs: &'static [&'static [Needed]],
}

/// A file of the system, and the Debian package that it comes with.
type Needed = (&'static str, &'static str);

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "ble",
        purpose: "provisionings over Bluetooth with the real bluetoothd, on virtual controllers",
        limit: Duration::from_secs(2000),
        needs: &[BUS, BLUETOOTH],
    },
    Scenario {
        name: "world",
        purpose: "the Wi-Fi of the scenarios below by itself: routers, wpa_supplicant, NetworkManager",
        limit: Duration::from_secs(1200),
        needs: &[BUS, WIFI, MANAGER],
    },
    Scenario {
        name: "supplicant",
        purpose: "the machine as a station, by wpa_supplicant",
        limit: Duration::from_secs(1900),
        needs: &[BUS, WIFI],
    },
    Scenario {
        name: "manager",
        purpose: "the machine as a station, by NetworkManager",
        limit: Duration::from_secs(1800),
        needs: &[BUS, WIFI, MANAGER],
    },
    Scenario {
        name: "softap",
        purpose: "the machine's own access point, beside its station on one radio",
        limit: Duration::from_secs(1700),
        needs: &[BUS, WIFI, MANAGER],
    },
    Scenario {
        name: "visit",
        purpose: "a computer as a guest in a device's access point",
        limit: Duration::from_secs(2400),
        needs: &[BUS, WIFI, MANAGER],
    },
    Scenario {
        name: "device",
        purpose: "`landfall device` from nothing to the network, and through what can go wrong",
        limit: Duration::from_secs(3000),
        needs: &[BUS, WIFI, MANAGER, BLUETOOTH],
    },
    Scenario {
        name: "power",
        purpose: "`landfall device` at ten power cuts",
        limit: Duration::from_secs(2900),
        needs: &[BUS, WIFI, MANAGER, BLUETOOTH, DISK],
    },
    Scenario {
        name: "package",
        purpose: "the Debian package (cargo xtask deb) under systemd: it installs, runs, is watched, and goes",
        limit: Duration::from_secs(2200),
        needs: &[BUS, WIFI, MANAGER, BLUETOOTH, SYSTEMD],
    },
];

const BUS: &[Needed] = &[("/lib/systemd/system/dbus.socket", "dbus")];
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

const USAGE: &str = "cargo xtask lab [--list] [--programs FOLDER] [SCENARIO[,SCENARIO...] [STEP...]]";

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
    let lab = Lab::prepare(order.programs, order.scenarios.len() > 1)?;
    let failed = lab.play_all(order.scenarios, &order.steps);
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")).into())
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
                names if order.scenarios.is_empty() => {
                    order.scenarios = names.split(',').map(named).collect::<Result<_>>()?;
                }
                _ => order.steps.push(word.clone()),
            }
        }
        if order.scenarios.is_empty() {
            order.scenarios.extend(SCENARIOS);
        }
        // The longest first, lest one is left alone in the end.
        order.scenarios.sort_by_key(|scenario| Reverse(scenario.limit));
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
    programs: Vec<PathBuf>,
    /// Whether what scenarios say has to be told apart.
    are_several: bool,
}

/// Machines at once: each has two processors, and waits for radios and clocks half of the time.
const MACHINES: usize = 2;

impl Lab {
    fn prepare(programs: Option<PathBuf>, are_several: bool) -> Result<Self> {
        let folder = root().join("target/lab");
        fs::create_dir_all(&folder)?;
        let machine = Machine::new(kernel::Kernel::of_debian(&folder)?, &folder)?;
        Ok(Self {
            machine,
            python: environment()?,
            programs: programs.map_or_else(build, |folder| Ok(in_folder(&folder)))?,
            are_several,
            folder,
        })
    }

    /// Plays them, some at once. Gives the names of those that did not go well, and why, if the lab itself failed.
    fn play_all(&self, scenarios: Vec<&'static Scenario>, steps: &[String]) -> Vec<String> {
        let waiting = Mutex::new(scenarios.into_iter());
        let next = || waiting.lock().ok()?.next();
        let worker = || {
            let play = |scenario: &Scenario| match self.play(scenario, steps) {
                Ok(true) => None,
                Ok(false) => Some(scenario.name.to_owned()),
                Err(error) => Some(format!("{} ({error})", scenario.name)),
            };
            iter::from_fn(next).filter_map(play).collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..MACHINES).map(|_| scope.spawn(worker)).collect();
            let ended = workers.into_iter().map(|worker| worker.join());
            ended
                .flat_map(|failed| failed.unwrap_or_else(|_| vec!["a panic".to_owned()]))
                .collect()
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
        copy_programs(&self.programs, &programs)?;
        let mut script = Command::new(&self.python);
        script
            .arg(root().join("lab").join(format!("{name}.py")))
            .args(steps)
            .env("LAB_PROGRAMS", &programs);
        say(&format!("lab {name}: {}", scenario.purpose));
        let begin = Instant::now();
        let tell = |line: &str| match self.are_several {
            true => say(&format!("{name:<10} | {line}")),
            false => say(line),
        };
        let outcome = self.machine.run(&script, &logs, scenario.limit, &tell)?;
        if !matches!(outcome, Outcome::Ended(_)) {
            machine::show_last(&logs, &mut |line| {
                tell(line);
                Ok(())
            })?;
        }
        let (seconds, kept) = (begin.elapsed().as_secs(), logs.display());
        let (verdict, well) = match outcome {
            Outcome::Ended(0) => ("ok".to_owned(), true),
            Outcome::Ended(code) => (format!("FAILED, exit code {code}"), false),
            Outcome::OutOfTime => (format!("FAILED, not done after {:?}", scenario.limit), false),
            Outcome::Died => (format!("FAILED, the machine died: {kept}/console.log"), false),
            Outcome::NotReady => (
                "FAILED, twice its surroundings were not there in time".to_owned(),
                false,
            ),
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
fn copy_programs(programs: &[PathBuf], folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for program in programs {
        if !program.exists() {
            return Err(format!("there is no {}: {BUILD}", program.display()).into());
        }
        fs::copy(program, folder.join(program.file_name().ok_or("a program has a name")?))?;
    }
    Ok(())
}

/// What scenarios start besides `landfall`, as it is called in Cargo's folder.
const EXAMPLES: [&str; 2] = ["examples/wlan", "examples/softap"];
const BUILD: &str =
    "cargo build -p landfall && cargo build -p landfall-wlan -p landfall-device --example wlan --example softap";

/// The programs in a folder of Cargo's.
fn in_folder(folder: &Path) -> Vec<PathBuf> {
    ["landfall"]
        .iter()
        .chain(&EXAMPLES)
        .map(|name| folder.join(name))
        .collect()
}

/// Builds them: `landfall` for release, the examples, which nobody measures, as tests have built them.
fn build() -> Result<Vec<PathBuf>> {
    let landfall = peers::build()?;
    let packages = ["--package", "landfall-wlan", "--package", "landfall-device"];
    let examples = ["--example", "wlan", "--example", "softap"];
    shell::run(cargo(&["build", "--locked"]).args(packages).args(examples))?;
    let debug = root().join("target/debug");
    Ok(iter::once(landfall)
        .chain(EXAMPLES.iter().map(|name| debug.join(name)))
        .collect())
}
