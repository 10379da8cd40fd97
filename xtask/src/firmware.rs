//! The firmware for Espressif's chips: built, made into images, and its sizes held against budgets (firmware/README.md).

mod budget;
mod image;
mod sizes;

use std::path::PathBuf;

use self::{budget::Verdict, sizes::Sizes};
use crate::{
    riscv,
    shell::{self, Result, cargo, root, say},
};

/// A chip, and the compiler's name for what it has inside.
struct Chip {
    name: &'static str,
    target: &'static str,
}

/// The H2 has no Wi-Fi, so there is nothing to provision; Xtensa chips need a compiler of Espressif's own.
const CHIPS: &[Chip] = &[
    Chip {
        name: "esp32c2",
        target: "riscv32imc-unknown-none-elf",
    },
    Chip {
        name: "esp32c3",
        target: "riscv32imc-unknown-none-elf",
    },
    Chip {
        name: "esp32c6",
        target: "riscv32imac-unknown-none-elf",
    },
];

/// What is built if nobody says otherwise.
const SETS: &[(&str, &str)] = &[
    ("esp32c3", "ble"),
    ("esp32c3", "ble,accelerated"),
    ("esp32c3", "softap"),
    ("esp32c3", "console"),
];

/// A firmware that is to be built.
struct Build<'a> {
    chip: &'static Chip,
    features: &'a str,
}

/// `[CHIP [FEATURES]] [--record]`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (options, words): (Vec<_>, Vec<_>) = arguments.iter().partition(|word| word.starts_with("--"));
    let builds: Vec<Build<'_>> = match words.as_slice() {
        [] => SETS
            .iter()
            .map(|&(chip, features)| Build::of(chip, features))
            .collect::<Result<_>>()?,
        [chip] => vec![Build::of(chip, "ble")?],
        [chip, features] => vec![Build::of(chip, features)?],
        _ => return Err(USAGE.into()),
    };
    shell::run(cargo(&["fmt", "--check"]).current_dir(root().join("firmware")))?;
    let all = words.is_empty();
    match options.as_slice() {
        [] => check(&builds, all),
        [option] if *option == "--record" => record(&builds, all),
        _ => Err(USAGE.into()),
    }
}

const USAGE: &str = "usage: cargo xtask firmware [CHIP [FEATURE,...]] [--record]";

/// Makes what is measured the budget.
fn record(builds: &[Build<'_>], all: bool) -> Result<()> {
    if all {
        // What was measured before may be another compiler's.
        budget::forget()?;
    }
    for build in builds {
        budget::record(&build.name(), &build.make()?, &sizes::compiler(build.chip.target)?)?;
    }
    budget::write_table()
}

/// Holds what is measured against the budget.
fn check(builds: &[Build<'_>], all: bool) -> Result<()> {
    budget::check_table()?;
    let mut failed = Vec::new();
    for build in builds {
        let name = build.name();
        match budget::check(&name, &build.make()?, &sizes::compiler(build.chip.target)?)? {
            Verdict::Within => {}
            Verdict::Grown(why) => {
                say(&why);
                failed.push(name);
            }
            Verdict::Unknown if all => return Err(format!("{name}: there is no budget").into()),
            Verdict::Unknown => say("there is no budget for it"),
        }
    }
    if all {
        others()?;
    }
    if failed.is_empty() {
        return Ok(());
    }
    let failed = failed.join(", ");
    Err(format!("over budget: {failed}; make it smaller, or accept it with cargo xtask firmware --record").into())
}

/// Builds what has no budget: what docs/how-to/own-firmware.md has people write, and the features that are left.
fn others() -> Result<()> {
    let build = |package: &str, features: &str| {
        say(&format!("\n== firmware: {package} {features}"));
        let mut arguments = vec!["build", "--release", "--locked", "--package", package];
        if !features.is_empty() {
            arguments.extend(["--no-default-features", "--features", features]);
        }
        shell::run(&mut riscv::cargo(
            "riscv32imc-unknown-none-elf",
            "firmware",
            &arguments,
        )?)
    };
    build("landfall-esp32", "esp32c3,ble,factory,reprovisioning")?;
    build("landfall-esp32", "esp32c3,ble,security1")?;
    build("landfall-minimal", "")
}

impl<'a> Build<'a> {
    fn of(chip: &str, features: &'a str) -> Result<Self> {
        let known = || CHIPS.iter().map(|chip| chip.name).collect::<Vec<_>>().join(", ");
        let found = CHIPS.iter().find(|known| known.name == chip);
        let chip = found.ok_or_else(|| format!("no chip {chip}: there are {}", known()))?;
        Ok(Self { chip, features })
    }

    /// What it is called among the budgets.
    fn name(&self) -> String {
        format!("{} {}", self.chip.name, self.features.replace(',', " "))
    }

    /// Builds it and makes its image.
    fn make(&self) -> Result<Sizes> {
        let features = format!("{},{}", self.chip.name, self.features);
        say(&format!("\n== firmware: {features}"));
        shell::run(&mut riscv::cargo(
            self.chip.target,
            "firmware",
            &[
                "build",
                "--release",
                "--locked",
                "--package",
                "landfall-esp32",
                "--no-default-features",
                "--features",
                &features,
            ],
        )?)?;
        let program = self.folder().join("landfall-esp32");
        // Further builds put theirs in the same place.
        let kept = self.folder().join(self.name().replace(' ', "-"));
        std::fs::copy(&program, &kept)?;
        let image = image::make(self.chip.name, &kept)?;
        let sizes = Sizes::of(&kept, &image)?;
        say(&format!("{}: {sizes}", self.name()));
        Ok(sizes)
    }

    fn folder(&self) -> PathBuf {
        root().join("firmware/target").join(self.chip.target).join("release")
    }
}
