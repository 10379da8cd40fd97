//! What a change must pass.

use std::thread;

use crate::{
    no_std,
    shell::{self, Result, cargo, say},
    tidy,
};

fn run_steps(steps: &[(&str, &[&str])]) -> Result<()> {
    for (title, arguments) in steps {
        say(&format!("\n== {title}"));
        shell::run(&mut cargo(arguments))?;
    }
    Ok(())
}

/// The whole of it, cheapest first.
pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    shell::need(
        "jq",
        "--version",
        "as pages of the documentation use it, and the tests run them",
    )?;
    shell::need(
        "dbus-daemon",
        "--version",
        "as tests play services of the system on a bus of their own",
    )?;
    run_steps(&[
        ("format", &["fmt", "--all", "--check"]),
        (
            "lints",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ],
        ),
        (
            "the client without operating system",
            &[
                "clippy",
                "--package",
                "landfall-client",
                "--no-default-features",
                "--locked",
                "--",
                "-D",
                "warnings",
            ],
        ),
    ])?;
    say("\n== tidy");
    tidy::run(&[])?;
    say("\n== tests");
    // Most of them run programs that wait for one another.
    let threads = 3 * thread::available_parallelism()?.get();
    shell::run(cargo(&["test", "--workspace", "--locked"]).env("RUST_TEST_THREADS", threads.to_string()))?;
    say("\n== docs");
    document(&["--workspace"])?;
    // Most of it is behind features, which nobody in the workspace switches on.
    document(&["--package", "landfall-embassy", "--all-features"])?;
    say("\n== the core without std");
    no_std::run(&[])
}

fn document(what: &[&str]) -> Result<()> {
    let always = ["--no-deps", "--locked", "--document-private-items"];
    let mut doc = cargo(&["doc"]);
    shell::run(doc.args(what).args(always).env("RUSTDOCFLAGS", "-D warnings"))
}

pub(crate) fn deny(_arguments: &[String]) -> Result<()> {
    shell::run(&mut cargo(&[
        "deny",
        "--all-features",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]))
}
