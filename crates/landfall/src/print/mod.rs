//! The one printer: everything the programs say goes through here.
//!
//! Results and progress go to standard output, as words or, with `--json`, as one event a line. Errors, hints and
//! prompts go to standard error. Colour is for terminals, and every line reads well without it.

mod devices;
mod event;
mod heard;
mod human;
pub(crate) mod qr;
mod signal;
mod status;
mod table;
pub(crate) mod text;

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Instant,
};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::{
    args::Output,
    exit::Exit,
    failure::Failure,
    terminal::{self, spinner},
};

pub(crate) use event::{
    Advertised, DeviceEvent, Discovered, DiscoveredState, Event, FoundNetworks, NetworkRow, OnAir, Place, Reason, Way,
};
pub(crate) use heard::{HeardDevice, HeardTable};
pub(crate) use status::{DeviceStatus, NetworkState, Provisioning};
pub(crate) use table::{Columns, Table};

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
    /// Nobody: tests of what happens beside the words.
    #[cfg(test)]
    Mute,
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

    /// A printer that prints nothing.
    #[cfg(test)]
    pub(crate) fn mute() -> Self {
        Self {
            format: Format::Mute,
            quiet: true,
            verbose: false,
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

    /// Whether results and errors are all that is to be told.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether a person can be asked again.
    pub(crate) fn can_ask(&self) -> bool {
        !self.is_json() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether a person can be asked by means of a drawing on standard error.
    pub(crate) fn can_choose(&self) -> bool {
        self.can_ask() && terminal::can_draw()
    }

    /// Whether what is under way is drawn on standard error.
    pub(crate) fn draws(&self) -> bool {
        self.format == Format::Human && !self.quiet && self.side.is_none() && terminal::can_draw()
    }

    /// Shows, to a person on a terminal, that `step` is under way, until the next step or result.
    pub(crate) fn step(&self, step: &str) {
        if self.draws() {
            spinner::show(step);
        }
    }

    /// Tells what happened.
    pub(crate) fn event(&self, event: &Event<'_>) {
        let at_ms = self.elapsed_ms();
        if event.ends_step() {
            spinner::stop();
        }
        match self.format {
            Format::Json => self.json(&Timed { event, at_ms }),
            #[cfg(test)]
            Format::Mute => {}
            Format::Human if self.quiet && event.is_progress() => {}
            // Who sees the step itself need not read that it begins.
            Format::Human if event.begins_step() && self.draws() && io::stdout().is_terminal() => {}
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
        spinner::stop();
        let mut output = io::stdout().lock();
        end_on_closed_pipe(output.write_all(bytes).and_then(|()| output.flush()));
    }

    /// Tells why a command failed and what to do next.
    pub(crate) fn failure(&self, failure: &Failure) {
        spinner::stop();
        if self.is_json() {
            self.json(&FailureEvent {
                event: "error",
                code: failure.exit() as u8,
                problem: failure.code(),
                message: failure.message(),
                cause: failure.cause(),
                hints: failure.hints(),
            });
        }
        let (red, bold) = (style(AnsiColor::Red).bold(), Style::new().bold());
        let (code, message) = (failure.code(), failure.message());
        to_stderr(&format!("{red}error{red:#}[{code}]{bold}:{bold:#} {message}"));
        to_stderr(&format!("cause: {}", failure.cause()));
        failure.hints().iter().for_each(|hint| self.hint(hint));
    }

    /// Gives a piece of advice, on standard error.
    pub(crate) fn hint(&self, hint: &str) {
        if !self.quiet {
            let cyan = style(AnsiColor::Cyan).bold();
            to_stderr(&format!("{cyan}hint{cyan:#}: {hint}"));
        }
    }

    /// Tells the user, beside a question, what was wrong with an answer or why nothing is asked.
    pub(crate) fn remark(&self, words: &str) {
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
        end_on_closed_pipe(spinner::without(|| {
            let mut output = anstream::stdout().lock();
            match self.side {
                None => writeln!(output, "{line}"),
                Some(side) => writeln!(output, "{} {line}", side.mark()),
            }
        }));
    }

    fn json(&self, event: &impl Serialize) {
        let line = serde_json::to_string(event).expect("events have text keys and no maps, so they always serialize");
        let line = text::printable_json(&line);
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
    /// The code the program ends with.
    code: u8,
    /// The code of the catalogue.
    problem: &'static str,
    message: &'a str,
    cause: &'a str,
    hints: Vec<&'a str>,
}

fn to_stderr(line: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = spinner::without(|| writeln!(anstream::stderr().lock(), "{line}"));
}

/// A reader that has seen enough, as in `landfall scan | head`, is no failure: the program is done, unless it owes
/// somebody a farewell.
#[expect(clippy::exit, reason = "the only place that knows that nobody reads any more")]
fn end_on_closed_pipe(written: io::Result<()>) {
    let is_closed = written.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    if is_closed && terminal::is_done_without_reader() {
        terminal::restore_for_good();
        std::process::exit(Exit::Success as i32);
    }
}
