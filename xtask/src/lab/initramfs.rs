//! The machine's first file system: busybox, the modules for the way to the host's files, and `init`.

use std::{fs, path::Path};

use crate::{lab::kernel::Kernel, shell::Result};

/// What the kernel has to load before it sees the host's files, and before the machine can say something.
const MODULES: &[&str] = &["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"];
const FOLDERS: &[&str] = &["bin", "modules", "dev", "proc", "sys", "host", "changes", "root"];
const INIT: &[u8] = include_bytes!("init.sh");
const BUSYBOX: &str = "/bin/busybox";
/// What a program names at its beginning if it needs libraries, which are not there.
const LOADER: &[u8] = b"ld-linux";
const HEAD: usize = 4096;

/// Writes it to `file`.
pub(super) fn write(kernel: &Kernel, file: &Path) -> Result<()> {
    let busybox = fs::read(BUSYBOX)?;
    let head = busybox.get(..HEAD).unwrap_or_default();
    if head.windows(LOADER.len()).any(|bytes| bytes == LOADER) {
        return Err("the lab needs Debian's busybox-static, not busybox: apt-get install busybox-static".into());
    }
    let mut archive = Archive::default();
    for folder in FOLDERS {
        archive.add(folder, FOLDER, &[]);
    }
    archive.add("init", PROGRAM, INIT);
    archive.add("bin/busybox", PROGRAM, &busybox);
    // `init` loads them in the order of their names.
    for (number, module) in kernel.files_of(MODULES)?.iter().enumerate() {
        archive.add(&format!("modules/{number:02}.ko"), PROGRAM, &fs::read(module)?);
    }
    fs::write(file, archive.finish())?;
    Ok(())
}

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

/// An archive in the kernel's own format, cpio's "newc" (Linux' Documentation/driver-api/early-userspace/buffer-format.rst).
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    entries: usize,
}

impl Archive {
    fn add(&mut self, name: &str, mode: u32, data: &[u8]) {
        self.entries += 1;
        let (links, length, name_length) = (1, data.len(), name.len() + 1);
        let header = format!(
            "070701{:08x}{mode:08x}{:08x}{:08x}{links:08x}{:08x}{length:08x}{}{name_length:08x}{:08x}{name}\0",
            self.entries,
            0,
            0,
            0,
            "00000000".repeat(4),
            0
        );
        self.bytes.extend_from_slice(header.as_bytes());
        self.pad();
        self.bytes.extend_from_slice(data);
        self.pad();
    }

    fn finish(mut self) -> Vec<u8> {
        self.add("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
