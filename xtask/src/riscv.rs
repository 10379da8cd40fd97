//! How this machine compiles for a RISC-V chip: with the target that rustup installed, or else with Debian's packages of
//! compiler and standard library, which build the library for any target.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::shell::{Result, capture, command, root};

/// `cargo ARGUMENTS` for `target` in the folder `workspace` of this repository, so that its `.cargo/config.toml` holds.
///
/// # Errors
/// If there is no way to compile for it; the text says what to install.
pub(crate) fn cargo(target: &str, workspace: &str, arguments: &[&str]) -> Result<Command> {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo
        .current_dir(root().join(workspace))
        .args(arguments)
        .args(["--target", target]);
    if compiler(target)? == DEBIANS {
        let variable = target.replace('-', "_").to_uppercase();
        // The second variable is the compiler's own, for building the standard library, which takes unstable options.
        cargo
            .arg("-Zbuild-std=core,alloc")
            .env("RUSTC", DEBIANS)
            .env("RUSTC_BOOTSTRAP", "1")
            .env(format!("CARGO_TARGET_{variable}_LINKER"), linker()?);
    }
    Ok(cargo)
}

/// Which compiler compiles for `target`, as it says itself.
pub(crate) fn version(target: &str) -> Result<String> {
    Ok(capture(&mut command(compiler(target)?, &["--version"]))?.trim().into())
}

/// Rustup's, which chooses by the toolchain that runs us.
const RUSTUPS: &str = "rustc";

/// Debian's (package rustc-web), which stands outside rustup.
const DEBIANS: &str = "/usr/bin/rustc";

fn compiler(target: &str) -> Result<&'static str> {
    let has =
        |compiler, part: &Path| sysroot(compiler).is_ok_and(|sysroot| sysroot.join("lib/rustlib").join(part).is_dir());
    if has(RUSTUPS, &Path::new(target).join("lib")) {
        Ok(RUSTUPS)
    } else if has(DEBIANS, Path::new("src/rust/library")) {
        Ok(DEBIANS)
    } else {
        Err(format!(
            "there is no standard library for {target}: rustup target add {target} (or, where rustup cannot fetch it, \
             apt-get install rustc-web rust-web-src)"
        )
        .into())
    }
}

/// LLVM's linker: rustup brings it beside its compiler, Debian with the package rust-web-llvm.
fn linker() -> Result<PathBuf> {
    let host = capture(&mut command(RUSTUPS, &["--print", "host-tuple"]))?;
    let rustups = sysroot(RUSTUPS)?
        .join("lib/rustlib")
        .join(host.trim())
        .join("bin/rust-lld");
    let known = [rustups, PathBuf::from("/usr/bin/rust-lld")];
    let found = known.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| "no rust-lld beside rustup's compiler: apt-get install rust-web-llvm".into())
}

fn sysroot(compiler: &str) -> Result<PathBuf> {
    Ok(capture(&mut command(compiler, &["--print", "sysroot"]))?.trim().into())
}
