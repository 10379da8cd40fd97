//! Ctrl-C and the system's request to end.

use core::{cell::Cell, future::Future, pin::pin};
use std::io;

use tokio::{
    signal::unix::{self, SignalKind},
    sync::Notify,
};

use crate::failure::{Failure, Problem};

/// What asks the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C, or SIGINT from elsewhere.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    /// What it means for the command.
    pub(crate) fn failure(self) -> Failure {
        Failure::new(match self {
            Self::Interrupt => Problem::Interrupted,
            Self::Terminate => Problem::Terminated,
        })
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
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}
