//! Ctrl-C and the system's request to end.

use core::{
    cell::Cell,
    future::{self, Future},
    pin::pin,
};
use std::{fs, io};

use tokio::{
    signal::unix::{self, SignalKind},
    sync::Notify,
};

use super::reader_gone;
use crate::failure::{Failure, Problem};

/// What asks the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C, or SIGINT from elsewhere.
    Interrupt,
    /// SIGTERM, or SIGHUP as the terminal is gone.
    Terminate,
    /// Nobody reads what the program prints any more, and it owes somebody a farewell.
    Unread,
}

impl Signal {
    /// What it means for the command.
    pub(crate) fn failure(self) -> Failure {
        match self {
            Self::Interrupt => Failure::new(Problem::Interrupted),
            Self::Terminate => Failure::new(Problem::Terminated),
            Self::Unread => Failure::new(Problem::Terminated).because("nobody reads any more what it prints"),
        }
    }
}

/// Ends a command when a signal comes; work that needs a farewell may have one.
#[derive(Default)]
pub(crate) struct Interrupts {
    /// Whether somebody takes care of the next signal.
    is_awaited: Cell<bool>,
    /// The signal that came first.
    first: Cell<Option<Signal>>,
    came: Notify,
}

impl Interrupts {
    /// Drives `command` to its end, or until a signal comes.
    ///
    /// # Errors
    /// Those of the command, and [`Signal::failure`].
    pub(crate) async fn race<T>(&self, command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut signals = Signals::new().map_err(|error| {
            Failure::new(Problem::SystemRefuses)
                .saying("the system refuses to tell of signals")
                .because(error)
        })?;
        let mut command = pin!(command);
        loop {
            tokio::select! {
                biased;
                result = &mut command => return result,
                signal = signals.next() => {
                    let is_first = self.first.replace(Some(signal)).is_none();
                    if !(is_first && self.is_awaited.get()) {
                        return Err(signal.failure());
                    }
                    self.came.notify_one();
                }
            }
        }
    }

    /// Drives `work`, a part of the command. A signal ends it and is given to the caller, who then has the time for
    /// a farewell: only another signal ends the command at once.
    ///
    /// # Errors
    /// The signal that came.
    pub(crate) async fn hold<T>(&self, work: impl Future<Output = T>) -> Result<T, Signal> {
        self.is_awaited.set(true);
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    self.is_awaited.set(false);
                    return Ok(done);
                }
                () = self.came.notified() => {
                    if let Some(signal) = self.first.get() {
                        return Err(signal);
                    }
                }
            }
        }
    }
}

/// The signals of this process.
struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    /// `None` if whoever started the program wants it to outlive its terminal.
    hangup: Option<unix::Signal>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hangup: match is_hangup_ignored() {
                true => None,
                false => Some(unix::signal(SignalKind::hangup())?),
            },
        })
    }

    async fn next(&mut self) -> Signal {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            () = hangup => Signal::Terminate,
            () = reader_gone() => Signal::Unread,
        }
    }
}

/// Whether SIGHUP does nothing, as under nohup.
fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // A digit has four signals, the last one those from 1 on; SIGHUP is 1.
    let last = ignored.and_then(|digits| digits.trim_end().chars().last()?.to_digit(16));
    last.is_some_and(|bits| bits & 1 == 1)
}
