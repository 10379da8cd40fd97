//! Lines out, answers in.

use std::io::{self, Write as _};

use zeroize::Zeroizing;

use super::{Exception, Raised};
use crate::input;

/// Prints one line to standard output.
pub(super) fn say(line: &str) {
    write(&format!("{line}\n"));
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
pub(super) async fn ask(prompt: &str) -> Result<String, Raised> {
    let prompt = prompt.to_owned();
    answered(input::apart(move || input::visible(&prompt, io::stdout())).await)
}

/// Asks for a secret. Where there is no terminal, the prompt goes to standard error, as Python's `getpass` has it.
pub(super) async fn ask_hidden(prompt: &str) -> Result<Zeroizing<String>, Raised> {
    let prompt = prompt.to_owned();
    answered(input::apart(move || input::hidden(&prompt, io::stderr())).await)
}

/// Asks with `ask` until `read` takes the answer; what it says of one that it does not take is told. Not for ever: a
/// pipe may never end.
pub(super) async fn ask_until<T: AsRef<str>, A>(
    ask: impl AsyncFn() -> Result<T, Raised>,
    read: impl Fn(&str) -> Result<A, String>,
) -> Result<A, Raised> {
    let mut left = MOST_QUESTIONS;
    loop {
        let complaint = match read(ask().await?.as_ref()) {
            Ok(answer) => return Ok(answer),
            Err(complaint) => complaint,
        };
        say(&complaint);
        left -= 1;
        if left == 0 {
            return Err(Raised::new(Exception::TooManyAnswers));
        }
    }
}

/// Times that one question is asked.
const MOST_QUESTIONS: u32 = 20;

fn answered<T>(answer: io::Result<Option<T>>) -> Result<T, Raised> {
    match answer {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(Raised::new(Exception::EndOfInput)),
        Err(error) => Err(Raised::of_input(&error)),
    }
}
