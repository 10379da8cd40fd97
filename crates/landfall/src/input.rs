//! Answers of the user: typed on a terminal, or lines of a pipe in order.

use std::{
    fs::File,
    io::{self, BufRead as _, ErrorKind, IsTerminal as _, Read as _, Write as _},
};

use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Problem},
    terminal::{self, RawMode, Reading, spinner},
};

/// Shows `prompt` on `output` and reads one line; `None` at the end of the input.
pub(crate) fn visible(prompt: &str, mut output: impl io::Write) -> io::Result<Option<String>> {
    spinner::stop();
    write!(output, "{prompt}")?;
    output.flush()?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Some(line))
}

/// Shows `prompt` and reads one line without echo. From a pipe it is an ordinary line, and the prompt goes to `output`.
pub(crate) fn hidden(prompt: &str, mut output: impl io::Write) -> io::Result<Option<Zeroizing<String>>> {
    if is_terminal() {
        spinner::stop();
        return SilentTerminal::open()?.ask(prompt);
    }
    let secret = visible(prompt, &mut output)?.map(Zeroizing::new);
    writeln!(output)?;
    Ok(secret)
}

/// Asks without holding up anything else: `ask` runs on a thread of its own, which the program's end does not wait for.
/// A prompt that reads goes on with that until its line has come, so only the end of the program may cut it off.
pub(crate) async fn apart<T: Send + 'static>(ask: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    match tokio::task::spawn_blocking(ask).await {
        Ok(answer) => answer,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(io::Error::new(ErrorKind::Interrupted, "the program is ending")),
        },
    }
}

/// What it means that `name` could not be read.
pub(crate) fn failure(error: &io::Error, name: &str) -> Failure {
    match error.kind() {
        ErrorKind::Interrupted => Failure::new(Problem::Interrupted),
        _ => Failure::new(Problem::SystemRefuses)
            .saying(format!("the {name} cannot be read"))
            .because(error),
    }
}

/// Whether a person can be asked.
pub(crate) fn is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// The terminal of this program, which shows nothing of what is typed until this is dropped, and leaves Ctrl-C to us,
/// so that it is never left silent.
struct SilentTerminal {
    terminal: File,
    _raw: RawMode,
}

impl SilentTerminal {
    fn open() -> io::Result<Self> {
        Ok(Self {
            terminal: terminal::open()?,
            _raw: RawMode::enter(Reading::Waits)?,
        })
    }

    /// Shows `prompt` (only now: whoever answers at once must not be seen) and reads a line.
    fn ask(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
        self.terminal.write_all(prompt.as_bytes())?;
        let typed = self.read_line();
        self.terminal.write_all(b"\n")?;
        let Some(typed) = typed? else {
            return Ok(None);
        };
        let text = core::str::from_utf8(&typed).map_err(|_| io::Error::new(ErrorKind::InvalidData, "not UTF-8"))?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    fn read_line(&mut self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        // Room for any secret, so that none is left behind where a growing vector has been.
        let mut typed = Zeroizing::new(Vec::with_capacity(1024));
        let mut byte = Zeroizing::new([0]);
        loop {
            if self.terminal.read(byte.as_mut_slice())? == 0 {
                return Ok(None);
            }
            match *byte {
                [b'\r' | b'\n'] => return Ok(Some(typed)),
                [CTRL_C] => return Err(io::Error::new(ErrorKind::Interrupted, "interrupted")),
                [CTRL_D] if typed.is_empty() => return Ok(None),
                [BACKSPACE | DELETE] => erase_character(&mut typed),
                [CTRL_U] => typed.clear(),
                [other] => typed.push(other),
            }
        }
    }
}

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const DELETE: u8 = 0x7f;

/// Takes the last character off, which may be several bytes of UTF-8.
fn erase_character(typed: &mut Vec<u8>) {
    while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_erased_whole() {
        let mut typed = "aé".as_bytes().to_vec();
        erase_character(&mut typed);
        assert_eq!(typed, b"a");
        erase_character(&mut typed);
        erase_character(&mut typed);
        assert_eq!(typed, b"");
    }
}
