//! `esp-prov`: takes the flags of Espressif's `esp_prov.py` and prints what it prints (spec esp_prov.md), so that
//! scripts written for it keep working.
//!
//! Where the original is plainly wrong this one is right instead:
//! * security 2 is found by itself, from the device's `sec_ver`;
//! * a failed provisioning ends with code 1; `ESP_PROV_COMPAT_EXIT=0` in the environment gives the old 0;
//! * text travels as UTF-8, and a network chosen from a scan is sent back byte for byte;
//! * authentication modes beyond the protocol's eight are listed;
//! * "Connected" without any details is not believed;
//! * the device is asked for its status at once and often, where the original sleeps for 5 s each time. The lines
//!   stay those of the original: "Connecting..." is printed every 5 s and when an attempt has failed;
//! * errors have no traceback, and `--verbose` shows what travels in the clear but no key and no secret.

mod args;
mod console;
mod flow;
mod scan;
mod session;
mod status;
mod text;
mod watched;

use crate::{
    commands::{block_on, c_arrays, generate},
    exit::Exit,
};

pub(crate) use args::Args;
use console::say;

/// Does what the arguments ask for.
pub(crate) fn run(args: Args) -> Exit {
    match try_run(&args) {
        Ok(exit) => exit,
        Err(raised) => {
            console::complain(&raised.to_string());
            raised
                .hint
                .iter()
                .for_each(|hint| console::complain(&format!("hint: {hint}")));
            Exit::Failure
        }
    }
}

/// What ends the original with a traceback.
#[derive(Debug, thiserror::Error)]
#[error("{kind}: {text}")]
struct Raised {
    kind: &'static str,
    text: String,
    hint: Option<String>,
}

impl Raised {
    fn runtime(text: impl Into<String>) -> Self {
        Self {
            kind: "RuntimeError",
            text: text.into(),
            hint: None,
        }
    }

    fn value(text: impl Into<String>) -> Self {
        Self {
            kind: "ValueError",
            text: text.into(),
            hint: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

fn try_run(args: &Args) -> Result<Exit, Raised> {
    if args.sec_ver == Some(2) && args.sec2_gen_cred {
        return generate_credentials(args);
    }
    block_on(async { Ok(flow::run(args).await) }).map_err(|failure| Raised::runtime(failure.message))?
}

fn generate_credentials(args: &Args) -> Result<Exit, Raised> {
    if args.sec2_username.is_empty() || args.sec2_pwd.expose().is_empty() {
        return Err(Raised::value(
            "Username/password cannot be empty for security scheme 2 (SRP6a)",
        ));
    }
    let password = args.sec2_pwd.to_bytes();
    let made = generate(args.sec2_username.as_bytes(), &password, args.sec2_salt_len)
        .map_err(|error| Raised::value(error.to_string()))?;
    say("==== Salt-verifier for security scheme 2 (SRP6a) ====");
    console::write(&c_arrays(&made));
    Ok(Exit::Success)
}
