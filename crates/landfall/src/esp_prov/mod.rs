//! `esp-prov`: takes the flags of Espressif's `esp_prov.py` and prints what it prints (spec esp_prov.md), so that
//! scripts written for it keep working. Where the original is plainly wrong this one is right instead; docs/esp-prov.md
//! lists each such place.
//!
//! [`flow`] has the steps that all devices share, [`wifi`] and [`thread`] those after the session. What both do alike
//! stands once: [`scan`] (scan and choice), [`poll`] (asking for the result), [`request`] (typed requests).
//! [`link`] is the way to the device: over HTTP, over Bluetooth ([`ble`]), or by the user's hands ([`paste`]).

mod args;
mod ble;
mod console;
mod flow;
mod link;
mod paste;
mod poll;
mod raised;
mod request;
mod scan;
mod session;
mod text;
mod thread;
mod watched;
mod wifi;

use crate::{
    commands::{block_on, c_arrays, generate},
    exit::Exit,
    terminal::Interrupts,
};

pub(crate) use args::Args;
use console::say;
#[cfg(test)]
pub(crate) use raised::Entry;
pub(crate) use raised::Exception;
use raised::Raised;

/// Does what the arguments ask for.
pub(crate) fn run(args: Args) -> Exit {
    match try_run(&args) {
        Ok(exit) => exit,
        Err(raised) => {
            console::complain(&raised.to_string());
            console::complain(&format!("cause: {}", raised.cause()));
            console::complain(&format!("hint: {}", raised.way_out()));
            raised.exit()
        }
    }
}

fn try_run(args: &Args) -> Result<Exit, Raised> {
    if args.sec_ver == Some(2) && args.sec2_gen_cred {
        return generate_credentials(args);
    }
    let interrupts = Interrupts::default();
    block_on(interrupts.race(async { Ok(flow::run(args).await) })).map_err(|failure| Raised::of_run(&failure))?
}

/// Step 1 of spec esp_prov.md 2.
fn generate_credentials(args: &Args) -> Result<Exit, Raised> {
    if args.sec2_username.is_empty() || args.sec2_pwd.expose().is_empty() {
        return Err(Raised::new(Exception::NoCredentials));
    }
    // A length below zero is refused like any other that makes no salt.
    let salt_len = usize::try_from(args.sec2_salt_len).unwrap_or_default();
    let password = args.sec2_pwd.to_bytes();
    let made = generate(args.sec2_username.as_bytes(), &password, salt_len)
        .map_err(|error| Raised::new(Exception::BadValue).saying(error.to_string()))?;
    say("==== Salt-verifier for security scheme 2 (SRP6a) ====");
    console::write(&c_arrays(&made));
    Ok(Exit::Success)
}
