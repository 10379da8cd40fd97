//! What a change must pass.

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
    run_steps(&[("tests", &["test", "--workspace", "--locked"])])?;
    say("\n== docs");
    shell::run(
        cargo(&[
            "doc",
            "--workspace",
            "--no-deps",
            "--locked",
            "--document-private-items",
        ])
        .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    say("\n== the core without std");
    no_std::run(&[])
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
