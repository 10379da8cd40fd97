//! Pieces of work for `cargo xtask bench`: `measure NAME` does one of them, in `measured_region` alone, so that
//! callgrind can count it: `valgrind --tool=callgrind --toggle-collect='*measured_region*' measure NAME`.

use core::error::Error;
use std::{env, process::ExitCode};

use landfall_testkit::Scheme;

mod devices;
mod ends;
mod times;
mod work;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match measure(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn measure(words: &[&str]) -> Result<(), Box<dyn Error>> {
    match words {
        ["sec1-device"] => work::security1_on_device(),
        ["sec2-device-all"] => work::security2_on_device(),
        ["sec2-command0"] => work::command0(),
        ["sec2-proof"] => work::proof(),
        ["sec2-client"] => work::security2_on_client(),
        ["echo1-1024"] => work::echo(Scheme::Security1),
        ["echo2-1024"] => work::echo(Scheme::Security2),
        ["verifier-table"] => work::verifier_table(),
        ["sizes"] => say(&work::sizes()),
        ["time-echo1"] => say(&format!("time-echo1 {:.2}", times::echo(Scheme::Security1))),
        ["time-echo2"] => say(&format!("time-echo2 {:.2}", times::echo(Scheme::Security2))),
        ["time-client2"] => say(&format!("time-client2 {:.2}", times::client())),
        ["devices", count] => devices::run(count.parse()?)?,
        _ => return Err("measure what? The names are in `fn measure`".into()),
    }
    Ok(())
}

/// Prints a line, of figures mostly: `name number`.
#[expect(clippy::print_stdout, reason = "the figures are what this program is for")]
fn say(line: &str) {
    println!("{line}");
}
