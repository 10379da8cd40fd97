//! Answers of the user: typed on a terminal, or lines of a pipe in order.

use std::io::{self, BufRead as _, IsTerminal as _};

use zeroize::Zeroizing;

/// Reads one line of standard input without its end; `None` at the end of the input.
pub(crate) fn line() -> io::Result<Option<String>> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Some(line))
}

/// Shows `prompt` on `output` and reads one line; `None` at the end of the input.
pub(crate) fn visible(prompt: &str, mut output: impl io::Write) -> io::Result<Option<String>> {
    write!(output, "{prompt}")?;
    output.flush()?;
    line()
}

/// Shows `prompt` and reads one line without echo. From a pipe it is an ordinary line, and the prompt goes to `output`.
pub(crate) fn hidden(prompt: &str, mut output: impl io::Write) -> io::Result<Option<Zeroizing<String>>> {
    if is_terminal() {
        return rpassword::prompt_password(prompt).map(|secret| Some(Zeroizing::new(secret)));
    }
    let secret = visible(prompt, &mut output)?.map(Zeroizing::new);
    writeln!(output)?;
    Ok(secret)
}

/// Whether a person can be asked.
pub(crate) fn is_terminal() -> bool {
    io::stdin().is_terminal()
}
