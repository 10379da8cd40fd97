//! The image that goes into the flash, made by Espressif's own tool.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::shell::{self, Result, capture, command, root};

const ESPTOOL: &str = "esptool==5.1.0";
/// What partitions.csv gives the application, bytes.
const ROOM: u64 = 0x1f_0000;

/// Makes the image of `program` beside it, and has it checked.
pub(super) fn make(chip: &str, program: &Path) -> Result<PathBuf> {
    let python = environment()?;
    let image = program.with_extension("bin");
    let esptool = || {
        let mut esptool = Command::new(&python);
        esptool.args(["-m", "esptool", "--chip", chip]);
        esptool
    };
    // By segments: by sections, the image of a C6 has more pieces than a boot loader takes.
    capture(
        esptool()
            .args(["elf2image", "--use-segments", "--flash-size", "2MB", "--output"])
            .arg(&image)
            .arg(program),
    )?;
    let told = capture(esptool().arg("image-info").arg(&image))?;
    for (what, valid) in [("checksum", "Checksum: "), ("hash", "Validation hash: ")] {
        let line = told.lines().find(|line| line.starts_with(valid));
        if !line.is_some_and(|line| line.ends_with("(valid)")) {
            return Err(format!("the image's {what} is not valid:\n{told}").into());
        }
    }
    let size = std::fs::metadata(&image)?.len();
    if size > ROOM {
        return Err(
            format!("the image has {size} bytes, and its partition {ROOM}: see firmware/partitions.csv").into(),
        );
    }
    Ok(image)
}

/// The Python of a virtual environment that has the tool; made at the first call.
fn environment() -> Result<PathBuf> {
    let folder = root().join("target/esptool");
    let python = folder.join("bin/python");
    if !python.exists() {
        let folder = folder.to_str().ok_or("the path is not UTF-8")?;
        shell::run(&mut command("python3", &["-m", "venv", folder]))?;
    }
    let installed = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        ESPTOOL,
    ];
    capture(Command::new(&python).args(installed))?;
    Ok(python)
}
