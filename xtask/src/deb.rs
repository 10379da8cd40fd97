//! A Debian package, made by dpkg-deb alone: the programs, what they say of themselves, and the service.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::shell::{self, Result, capture, cargo, command, root, say};

/// What is packed as it is: from `packaging`, or from the top folder, to where.
const FILES: &[(&str, &str)] = &[
    (
        "packaging/systemd/landfall.service",
        "usr/lib/systemd/system/landfall.service",
    ),
    ("packaging/systemd/sysusers.conf", "usr/lib/sysusers.d/landfall.conf"),
    (
        "packaging/dbus/landfall.conf",
        "usr/share/dbus-1/system.d/landfall.conf",
    ),
    (
        "packaging/polkit/50-landfall.rules",
        "usr/share/polkit-1/rules.d/50-landfall.rules",
    ),
    (
        "packaging/networkmanager/landfall.conf",
        "usr/lib/NetworkManager/conf.d/landfall.conf",
    ),
    ("packaging/device.toml", "etc/landfall/device.toml"),
];

/// What the administrator may change, and dpkg then leaves alone.
const CONFFILES: &str = "/etc/landfall/device.toml\n";

const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];
const PROGRAMS: [&str; 2] = ["landfall", "esp-prov"];

/// Shells, and where their completions are.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/"),
    ("zsh", "usr/share/zsh/vendor-completions/_"),
    ("fish", "usr/share/fish/vendor_completions.d/"),
];

/// Builds `target/deb/landfall_VERSION_ARCH.deb`, and looks at it as dpkg does. `--programs DIR`: from programs that are
/// built already.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    shell::need("dpkg-deb", "--version", "as it makes the package")?;
    let programs = match arguments {
        [] => built()?,
        [option, directory] if option == "--programs" => root().join(directory),
        _ => return Err("usage: cargo xtask deb [--programs DIR]".into()),
    };
    let package = Package::begin(programs)?;
    package.add_programs()?;
    package.add_words()?;
    for (from, to) in FILES {
        package.add(to, fs::read(root().join(from))?, 0o644)?;
    }
    package.add_control()?;
    let file = package.pack()?;
    check(&file)?;
    say(&format!("{}", file.display()));
    Ok(())
}

/// The folder of the release build.
fn built() -> Result<PathBuf> {
    shell::run(&mut cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "landfall",
        "--bins",
    ]))?;
    Ok(root().join("target/release"))
}

/// A package on its way.
struct Package {
    /// Of the programs as they were built.
    programs: PathBuf,
    /// The tree that is packed.
    tree: PathBuf,
    architecture: String,
}

impl Package {
    fn begin(programs: PathBuf) -> Result<Self> {
        let tree = root().join("target/deb/tree");
        if tree.exists() {
            fs::remove_dir_all(&tree)?;
        }
        fs::create_dir_all(&tree)?;
        fs::set_permissions(&tree, fs::Permissions::from_mode(0o755))?;
        let architecture = capture(&mut command("dpkg", &["--print-architecture"]))?
            .trim()
            .to_owned();
        Ok(Self {
            programs,
            tree,
            architecture,
        })
    }

    /// Puts `content` at `path` of the tree.
    fn add(&self, path: &str, content: impl AsRef<[u8]>, mode: u32) -> Result<()> {
        let path = self.tree.join(path);
        let folders: Vec<&Path> = path
            .ancestors()
            .skip(1)
            .take_while(|folder| *folder != self.tree)
            .collect();
        // A umask of the builder's is none of the package's business.
        for folder in folders
            .into_iter()
            .rev()
            .filter(|folder| !folder.exists())
            .collect::<Vec<_>>()
        {
            fs::create_dir(folder)?;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        }
        fs::write(&path, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        Ok(())
    }

    fn add_programs(&self) -> Result<()> {
        for name in PROGRAMS {
            let path = format!("usr/bin/{name}");
            self.add(&path, fs::read(self.programs.join(name))?, 0o755)?;
            shell::run(
                Command::new("strip")
                    .args(["--strip-unneeded"])
                    .arg(self.tree.join(path)),
            )?;
        }
        Ok(())
    }

    /// What the programs say of themselves, and what is said of them.
    fn add_words(&self) -> Result<()> {
        let pages = root().join("target/deb/man");
        if pages.exists() {
            fs::remove_dir_all(&pages)?;
        }
        capture(self.landfall().arg("man").arg(&pages))?;
        for page in fs::read_dir(&pages)? {
            let page = page?;
            let name = page.file_name().into_string().map_err(|_| "a page's name is no text")?;
            self.add(&format!("usr/share/man/man1/{name}.gz"), zipped(&page.path())?, 0o644)?;
        }
        for (shell, place) in COMPLETIONS {
            for program in PROGRAMS {
                let script = capture(self.landfall().args(["completions", shell, "--program", program]))?;
                let end = if shell == "fish" { ".fish" } else { "" };
                self.add(&format!("{place}{program}{end}"), script, 0o644)?;
            }
        }
        self.add(
            "usr/share/doc/landfall/changelog.gz",
            zipped(&root().join("CHANGELOG.md"))?,
            0o644,
        )?;
        self.add("usr/share/doc/landfall/copyright", copyright()?, 0o644)
    }

    fn landfall(&self) -> Command {
        Command::new(self.programs.join("landfall"))
    }

    fn add_control(&self) -> Result<()> {
        self.add("DEBIAN/conffiles", CONFFILES, 0o644)?;
        for script in SCRIPTS {
            let content = fs::read(root().join("packaging/debian").join(script))?;
            self.add(&format!("DEBIAN/{script}"), content, 0o755)?;
        }
        let (needs, size) = (self.needs()?, installed_size(&self.tree)?);
        let (version, architecture) = (env!("CARGO_PKG_VERSION"), &self.architecture);
        let control = format!(
            "Package: landfall\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: The Landfall authors \
             <landfall@localhost>\nInstalled-Size: {size}\nDepends: {needs}, dbus\nRecommends: bluez, network-manager | \
             wpasupplicant, hostapd, iproute2, udhcpc | busybox | dhcpcd-base | isc-dhcp-client, polkitd | policykit-1, \
             wireless-regdb\nSuggests: systemd-resolved, iw\nSection: net\nPriority: \
             optional\n{DESCRIPTION}"
        );
        self.add("DEBIAN/control", control, 0o644)
    }

    /// The libraries' packages: as dpkg-shlibdeps finds them, if it is there.
    fn needs(&self) -> Result<String> {
        let folder = root().join("target/deb/shlibdeps");
        fs::create_dir_all(folder.join("debian"))?;
        fs::write(
            folder.join("debian/control"),
            "Source: landfall\n\nPackage: landfall\nArchitecture: any\n",
        )?;
        let programs = PROGRAMS.map(|name| self.tree.join("usr/bin").join(name));
        let mut asking = Command::new("dpkg-shlibdeps");
        asking.arg("-O").args(programs).current_dir(&folder);
        if asking.output().is_err() {
            return Ok("libc6, libgcc-s1".to_owned());
        }
        let told = capture(&mut asking)?;
        let found = told.lines().find_map(|line| line.strip_prefix("shlibs:Depends="));
        Ok(found.ok_or("dpkg-shlibdeps names no libraries")?.to_owned())
    }

    fn pack(&self) -> Result<PathBuf> {
        let name = format!(
            "target/deb/landfall_{}_{}.deb",
            env!("CARGO_PKG_VERSION"),
            self.architecture
        );
        let file = root().join(name);
        let mut packing = Command::new("dpkg-deb");
        packing
            .args(["--build", "--root-owner-group", "-Zxz"])
            .arg(&self.tree)
            .arg(&file);
        shell::run(&mut packing)?;
        Ok(file)
    }
}

/// Whether the package is what dpkg expects, and has all it should have.
fn check(file: &Path) -> Result<()> {
    let info = capture(Command::new("dpkg-deb").arg("--info").arg(file))?;
    for part in [
        "Package: landfall",
        "Depends: libc6",
        "conffiles",
        "postinst",
        "prerm",
        "postrm",
    ] {
        if !info.contains(part) {
            return Err(format!("{} has no {part}:\n{info}", file.display()).into());
        }
    }
    let contents = capture(Command::new("dpkg-deb").arg("--contents").arg(file))?;
    let pages = [
        "usr/share/man/man1/landfall-device-run.1.gz",
        "usr/bin/landfall",
        "usr/bin/esp-prov",
    ];
    for path in FILES.iter().map(|(_, path)| *path).chain(pages) {
        let line = contents.lines().find(|line| line.ends_with(&format!(" ./{path}")));
        let line = line.ok_or_else(|| format!("{} has no {path}:\n{contents}", file.display()))?;
        if !line.contains(" root/root ") || line.get(5..6) == Some("w") || line.get(8..9) == Some("w") {
            return Err(format!("this belongs to somebody else: {line}").into());
        }
    }
    for script in SCRIPTS {
        shell::run(&mut command("sh", &["-n", &format!("packaging/debian/{script}")]))?;
    }
    Ok(())
}

/// The file, as gzip has it without its name and date: the same package each time.
fn zipped(path: &Path) -> Result<Vec<u8>> {
    let output = Command::new("gzip").args(["-9", "-n", "-c"]).arg(path).output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("gzip ended with {}", output.status).into())
    }
}

/// In KiB, as the Debian Policy counts (5.6.20).
fn installed_size(folder: &Path) -> Result<u64> {
    let mut size = 1;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        size += match entry.file_type()? {
            kind if kind.is_dir() => installed_size(&entry.path())?,
            _ => entry.metadata()?.len().div_ceil(1024),
        };
    }
    Ok(size)
}

/// As machines read it (Debian's copyright format 1.0).
fn copyright() -> Result<String> {
    let licence = fs::read_to_string(root().join("LICENSE-MIT"))?;
    let lines = licence.lines().map(|line| {
        if line.is_empty() {
            " .\n".to_owned()
        } else {
            format!(" {line}\n")
        }
    });
    let mit: String = lines.collect();
    Ok(format!("{COPYRIGHT}License: MIT\n{mit}"))
}

const COPYRIGHT: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: landfall

Files: *
Copyright: The Landfall authors
License: MIT or Apache-2.0

License: Apache-2.0
 See /usr/share/common-licenses/Apache-2.0.

";

const DESCRIPTION: &str = "\
Description: Wi-Fi provisioning as Espressif's devices have it, both ends
 Brings any device that speaks Espressif's unified provisioning (protocomm) onto
 Wi-Fi, over Bluetooth LE, its own access point or a console; simulates such a
 device; and makes this machine one, which phones and computers bring onto a
 network that NetworkManager or wpa_supplicant then keeps.
 .
 With esp-prov, which takes the place of Espressif's esp_prov.py.
";
