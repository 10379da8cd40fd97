//! The one printer: everything the programs say goes through here.
//!
//! Results and progress go to standard output, as words or, with `--json`, as one event a line. Errors, hints and
//! prompts go to standard error. Colour is for terminals, and every line reads well without it.

mod event;
mod human;
pub(crate) mod qr;
mod table;
pub(crate) mod text;

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Instant,
};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::{args::Output, exit::Exit, failure::Failure};

pub(crate) use event::{DeviceEvent, Event, FoundNetworks, NetworkRow, Reason};

/// Where the words go and what they look like.
#[derive(Clone, Copy)]
pub(crate) struct Printer {
    format: Format,
    quiet: bool,
    verbose: bool,
    start: Instant,
    side: Option<Side>,
}

/// For whom is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Human,
    Json,
}

/// Whose line it is, where both ends print to one terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The simulated device.
    Device,
    /// The client.
    Client,
}

impl Printer {
    /// A printer whose clock starts now.
    pub(crate) fn new(output: &Output) -> Self {
        match output.color {
            clap::ColorChoice::Auto => {}
            clap::ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
            clap::ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self {
            format: if output.json { Format::Json } else { Format::Human },
            quiet: output.quiet,
            verbose: output.verbose > 0,
            start: Instant::now(),
            side: None,
        }
    }

    /// The same printer, with every line marked as `side`'s.
    #[must_use]
    pub(crate) fn on_side(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// The same printer, telling results and errors only.
    #[must_use]
    pub(crate) fn silent(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Whether machines read along.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether more is to be told.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Milliseconds since the program started.
    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Tells what happened.
    pub(crate) fn event(&self, event: &Event<'_>) {
        let at_ms = self.elapsed_ms();
        match self.format {
            Format::Json => self.json(&Timed { event, at_ms }),
            Format::Human if self.quiet && event.is_progress() => {}
            Format::Human => human::lines(event, at_ms).iter().for_each(|line| self.line(line)),
        }
    }

    /// Writes one line of words to standard output; nothing for machines.
    pub(crate) fn words(&self, line: &str) {
        if self.format == Format::Human && !self.quiet {
            self.line(line);
        }
    }

    /// Writes bytes to standard output as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) {
        let mut output = io::stdout().lock();
        end_on_closed_pipe(output.write_all(bytes).and_then(|()| output.flush()));
    }

    /// Tells why a command failed and what to do next.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.is_json() {
            self.json(&FailureEvent {
                event: "error",
                code: failure.exit as u8,
                message: &failure.message,
                cause: failure.cause.as_deref(),
                hints: &failure.hints,
            });
        }
        let (red, bold) = (style(AnsiColor::Red).bold(), Style::new().bold());
        to_stderr(&format!("{red}error{red:#}{bold}:{bold:#} {}", failure.message));
        if let Some(cause) = &failure.cause {
            to_stderr(&format!("cause: {cause}"));
        }
        failure.hints.iter().for_each(|hint| self.hint(hint));
    }

    /// Gives a piece of advice, on standard error.
    pub(crate) fn hint(&self, hint: &str) {
        if !self.quiet {
            let cyan = style(AnsiColor::Cyan).bold();
            to_stderr(&format!("{cyan}hint{cyan:#}: {hint}"));
        }
    }

    /// Tells the user what was wrong with an answer, before asking again.
    pub(crate) fn correct(&self, words: &str) {
        to_stderr(words);
    }

    /// Advises against a secret on the command line.
    pub(crate) fn exposed(&self, flag: &str) {
        if self.is_verbose() || io::stderr().is_terminal() {
            self.hint(&format!(
                "others on this machine can see {flag} in the process list; {flag}-file hides it"
            ));
        }
    }

    fn line(&self, line: &str) {
        let mut output = anstream::stdout().lock();
        end_on_closed_pipe(match self.side {
            None => writeln!(output, "{line}"),
            Some(side) => writeln!(output, "{} {line}", side.mark()),
        });
    }

    fn json(&self, event: &impl Serialize) {
        let line = serde_json::to_string(event).expect("events have text keys and no maps, so they always serialize");
        let mut output = io::stdout().lock();
        end_on_closed_pipe(writeln!(output, "{line}").and_then(|()| output.flush()));
    }
}

impl Side {
    fn mark(self) -> String {
        let (name, style) = match self {
            Self::Device => ("device |", style(AnsiColor::Cyan)),
            Self::Client => ("client |", style(AnsiColor::Magenta)),
        };
        format!("{style}{name}{style:#}")
    }
}

/// A style of one colour.
fn style(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(color.into()))
}

#[derive(Serialize)]
struct Timed<'a> {
    #[serde(flatten)]
    event: &'a Event<'a>,
    at_ms: u64,
}

#[derive(Serialize)]
struct FailureEvent<'a> {
    event: &'static str,
    code: u8,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    hints: &'a [String],
}

fn to_stderr(line: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// A reader that has seen enough, as in `landfall scan | head`, is no failure: the program is done.
#[expect(clippy::exit, reason = "the only place that knows that nobody reads any more")]
fn end_on_closed_pipe(written: io::Result<()>) {
    if written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        std::process::exit(Exit::Success as i32);
    }
}
