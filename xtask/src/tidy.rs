//! What a crate must not know (ARCHITECTURE.md), and other rules that no compiler checks.

use serde_json::Value;

use crate::{
    shell::{Result, capture, cargo, say},
    source::{self, Source},
};

/// Who may use whom, within the workspace. Not listed: nobody.
const ARROWS: &[(&str, &[&str])] = &[
    ("landfall-protocomm", &[]),
    ("landfall-manager", &["landfall-protocomm"]),
    ("landfall-trouble", &["landfall-protocomm"]),
    ("landfall-bluez", &["landfall-protocomm"]),
    ("landfall-softap", &["landfall-protocomm"]),
    (
        "landfall-embassy",
        &[
            "landfall-manager",
            "landfall-protocomm",
            "landfall-softap",
            "landfall-trouble",
        ],
    ),
    (
        "landfall-wlan",
        &["landfall-manager", "landfall-protocomm", "landfall-softap"],
    ),
    (
        "landfall-client",
        &["landfall-bluez", "landfall-protocomm", "landfall-trouble"],
    ),
    (
        "landfall-device",
        &[
            "landfall-bluez",
            "landfall-manager",
            "landfall-protocomm",
            "landfall-softap",
            "landfall-trouble",
            "landfall-wlan",
        ],
    ),
    ("landfall", &["landfall-client", "landfall-device", "landfall-wlan"]),
    (
        "landfall-testkit",
        &[
            "landfall-client",
            "landfall-device",
            "landfall-manager",
            "landfall-protocomm",
        ],
    ),
    ("xtask", &[]),
];

/// The crates without clock, random source, allocator and runtime.
const CORE: &[&str] = &["landfall-protocomm", "landfall-manager", "landfall-softap"];

/// Words that a core crate's code does not have.
const FOREIGN_TO_CORE: &[&str] = &[
    "std::",
    "alloc::",
    "extern crate alloc",
    "getrandom",
    "rand::",
    "tokio",
    "SystemTime",
    "Instant::now",
    "println!",
];

/// Words that no code has.
const FOREIGN_TO_ALL: &[&str] = &["#[ignore", "#[should_panic", "todo!(", "unimplemented!(", "#![allow("];

/// Longest file that is neither test nor generated.
const MAX_LINES: usize = 1000;

pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    let mut breaches = arrows()?;
    for source in source::all()? {
        check(&source, &mut breaches);
    }
    if breaches.is_empty() {
        say("tidy: nothing to say");
        return Ok(());
    }
    Err(format!("{} breaches\n{}", breaches.len(), breaches.join("\n")).into())
}

fn arrows() -> Result<Vec<String>> {
    let metadata: Value = serde_json::from_str(&capture(&mut cargo(&[
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
    ]))?)?;
    let mut breaches = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let allowed = ARROWS.iter().find(|(n, _)| *n == name).map_or(&[][..], |(_, to)| to);
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        // Tests may look anywhere; what ships may not.
        for dependency in dependencies.filter(|d| d["kind"].is_null()) {
            let to = dependency["name"].as_str().unwrap_or_default();
            if to.starts_with("landfall") && !allowed.contains(&to) {
                breaches.push(format!("{name} must not use {to} (ARCHITECTURE.md, rooms)"));
            }
        }
    }
    Ok(breaches)
}

fn check(source: &Source, breaches: &mut Vec<String>) {
    let place = source.path.display();
    if source.krate() == "xtask" {
        return;
    }
    if !source.is_test() && source.text.lines().count() > MAX_LINES {
        breaches.push(format!("{place} is longer than {MAX_LINES} lines"));
    }
    let core = CORE.contains(&source.krate()) && !source.is_test();
    let mut in_tests = source.is_test();
    for (number, line) in (1..).zip(source.text.lines()) {
        let code = line.split("//").next().unwrap_or_default();
        in_tests |= code.contains("#[cfg(test)]");
        let foreign = if core && !in_tests { FOREIGN_TO_CORE } else { &[] };
        for word in foreign.iter().chain(FOREIGN_TO_ALL) {
            if code.contains(word) {
                breaches.push(format!("{place}:{number} has `{word}`"));
            }
        }
        if code.trim_start().starts_with("fn test_") {
            breaches.push(format!(
                "{place}:{number}: a test's name is the scenario and its outcome, without `test_`"
            ));
        }
    }
}
