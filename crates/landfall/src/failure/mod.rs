//! What went wrong, why, and what to do next.

mod client;
mod device;
mod problem;
mod wlan;

use core::fmt;

use crate::exit::Exit;

pub(crate) use problem::Problem;

/// A command that failed, as a person hears of it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Which one of the catalogue it is.
    pub(crate) problem: Problem,
    /// What happened, if more is known than the catalogue says. Without a full stop; never holds a secret.
    message: Option<String>,
    /// Why, if more is known than the catalogue says.
    cause: Option<String>,
    /// What to do next in this very case, best first, before what the catalogue advises.
    hints: Vec<String>,
}

impl Failure {
    /// The failure as the catalogue has it.
    pub(crate) fn new(problem: Problem) -> Self {
        Self {
            problem,
            message: None,
            cause: None,
            hints: Vec::new(),
        }
    }

    /// Says more exactly what happened.
    #[must_use]
    pub(crate) fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Says more exactly why it happened.
    #[must_use]
    pub(crate) fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The code the program ends with.
    pub(crate) fn exit(&self) -> Exit {
        self.problem.entry().exit
    }

    /// The code for searches and scripts.
    pub(crate) fn code(&self) -> &'static str {
        self.problem.entry().code
    }

    /// What happened.
    pub(crate) fn message(&self) -> &str {
        self.message.as_deref().unwrap_or_else(|| self.problem.entry().what)
    }

    /// Why it happened.
    pub(crate) fn cause(&self) -> &str {
        self.cause.as_deref().unwrap_or_else(|| self.problem.entry().why)
    }

    /// What to do next, best first.
    pub(crate) fn hints(&self) -> Vec<&str> {
        let way_out = self.problem.entry().way_out.iter().copied();
        self.hints.iter().map(String::as_str).chain(way_out).collect()
    }
}
