//! `landfall` as a person on a terminal meets it. The terminal is tmux; `cargo xtask terminal` runs this.

#[path = "../it/air.rs"]
mod air;
mod bluetooth;
mod choosing;
mod interrupting;
mod looks;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "shared with the tests that need no terminal")]
mod support;
mod tmux;

use std::io::Write as _;

use tempfile::NamedTempFile;

/// A radio world of one's own.
fn world(toml: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(toml.as_bytes()).expect("there is room for it");
    file
}

/// The path of a world, as an argument.
#[track_caller]
fn path(world: &NamedTempFile) -> &str {
    world.path().to_str().expect("temporary files have plain names")
}
