//! The core crates and Bluetooth in a binary that has neither std nor an allocator.

use crate::shell::{self, Result, cargo, command, root};

pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    let manifest = root().join("no-std/Cargo.toml");
    let manifest = manifest.to_str().ok_or("the path is not UTF-8")?;
    shell::run(&mut cargo(&[
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        manifest,
    ]))?;
    shell::run(&mut command("no-std/target/release/landfall-no-std", &[]))
}
