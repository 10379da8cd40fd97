//! Debian's kernel, unpacked and not installed.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use crate::shell::{Result, capture};

/// The package whose only purpose is to depend on the newest kernel.
const NEWEST: &str = "linux-image-amd64";

/// A kernel in a folder of its own, with its modules.
pub(super) struct Kernel {
    pub(super) version: String,
    folder: PathBuf,
}

impl Kernel {
    /// The kernel that Debian's own package names, from `folder` or from the package archive.
    pub(super) fn of_debian(folder: &Path) -> Result<Self> {
        let version = newest()?;
        let kernel = Self {
            folder: folder.join(format!("kernel-{version}")),
            version,
        };
        if !kernel.image().exists() {
            kernel.unpack()?;
        }
        Ok(kernel)
    }

    /// The uncompressed kernel. QEMU starts it in less than half the time that the compressed one takes to unpack itself.
    pub(super) fn image(&self) -> PathBuf {
        self.folder.join("vmlinux")
    }

    /// The folder that the machine sees as its /lib/modules/VERSION.
    pub(super) fn modules(&self) -> PathBuf {
        self.folder.join("lib/modules").join(&self.version)
    }

    /// The files of these modules and of what they need, in the order of loading.
    pub(super) fn files_of(&self, modules: &[&str]) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for module in modules {
            let listed = capture(Command::new("/sbin/modprobe").arg("--dirname").arg(&self.folder).args([
                "--set-version",
                &self.version,
                "--show-depends",
                module,
            ]))?;
            for file in listed.lines().filter_map(|line| line.strip_prefix("insmod ")) {
                let file = PathBuf::from(file.trim());
                if !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        Ok(files)
    }

    fn unpack(&self) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        fs::create_dir_all(&self.folder)?;
        // As root, apt-get would fetch as a user that may not write here.
        capture(
            Command::new("apt-get")
                .args(["download", "--quiet=2", "--option", "APT::Sandbox::User=root"])
                .arg(format!("linux-image-{}", self.version))
                .current_dir(&self.folder),
        )?;
        let package = file_with_ending(&self.folder, "deb")?;
        capture(Command::new("dpkg").arg("--extract").args([&package, &self.folder]))?;
        fs::remove_file(package)?;
        capture(
            Command::new("/sbin/depmod")
                .arg("--basedir")
                .arg(&self.folder)
                .arg(&self.version),
        )?;
        let compressed = self.folder.join("boot").join(format!("vmlinuz-{}", self.version));
        let image = unxz(payload(&fs::read(compressed)?)?)?;
        // Last and at once: this file says that all is there.
        let half = self.folder.join("vmlinux.part");
        fs::write(&half, image)?;
        fs::rename(half, self.image())?;
        Ok(())
    }
}

/// The version in the name of the package that [`NEWEST`] depends on.
fn newest() -> Result<String> {
    let listed = capture(Command::new("apt-cache").args(["depends", NEWEST]))?;
    let version = listed
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: linux-image-"));
    version
        .map(str::to_owned)
        .ok_or_else(|| format!("apt knows no kernel ({NEWEST}): apt-get update").into())
}

fn file_with_ending(folder: &Path, ending: &str) -> Result<PathBuf> {
    fs::read_dir(folder)?
        .filter_map(core::result::Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|it| it == ending))
        .ok_or_else(|| format!("no .{ending} in {}", folder.display()).into())
}

/// The compressed kernel within a bootable image (Linux' Documentation/arch/x86/boot.rst: setup_sects, payload_offset and
/// payload_length). Its last four bytes are the length of what it holds.
fn payload(image: &[u8]) -> Result<&[u8]> {
    let cut = || -> Option<&[u8]> {
        let number = |at: usize| Some(u32::from_le_bytes(*image.get(at..)?.first_chunk()?) as usize);
        let setup = (usize::from(*image.get(0x1f1)?) + 1) * 512;
        let begin = setup.checked_add(number(0x248)?)?;
        let end = begin.checked_add(number(0x24c)?)?.checked_sub(4)?;
        image.get(begin..end)
    };
    cut().ok_or_else(|| "the kernel's image is shorter than it says".into())
}

fn unxz(packed: &[u8]) -> Result<Vec<u8>> {
    let mut xz = Command::new("xz")
        .args(["--decompress", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = xz.stdin.take().ok_or("no input")?;
    let output = thread::scope(|scope| {
        // It ends early if xz does, which tells the reason.
        scope.spawn(move || drop(input.write_all(packed)));
        xz.wait_with_output()
    })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err("the kernel is not packed with xz: the lab knows no other way".into())
    }
}
