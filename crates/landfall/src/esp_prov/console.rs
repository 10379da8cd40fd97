//! Lines out, answers in.

use std::io::{self, Write as _};

use zeroize::Zeroizing;

use super::Raised;
use crate::input;

/// Prints one line to standard output.
pub(super) fn say(line: &str) {
    write(&format!("{line}\n"));
}

/// Prints a line that only `--verbose` shows, in green as the original has it (spec esp_prov.md 5).
pub(super) fn say_verbose(text: &str) {
    say(&format!("\x1b[32;20m++++ {text} ++++\x1b[0m"));
}

/// Prints text to standard output as it is.
pub(super) fn write(text: &str) {
    let mut output = io::stdout().lock();
    // A reader that has seen enough does not stop a provisioning half-way.
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// Prints one line to standard error.
pub(super) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Asks a question; the answer is seen while it is typed.
pub(super) fn ask(prompt: &str) -> Result<String, Raised> {
    answered(input::visible(prompt, io::stdout()))
}

/// Asks for a secret.
pub(super) fn ask_hidden(prompt: &str) -> Result<Zeroizing<String>, Raised> {
    answered(input::hidden(prompt, io::stdout()))
}

fn answered<T>(answer: io::Result<Option<T>>) -> Result<T, Raised> {
    match answer {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(Raised {
            kind: "EOFError",
            text: "EOF when reading a line".into(),
            hint: None,
        }
        .hint("the input has fewer lines than there are questions: give the answer as an option")),
        Err(error) => Err(Raised::runtime(error.to_string())),
    }
}
