//! The two secrets, as every command takes them. On the command line others on this machine can see them.

use std::path::PathBuf;

use clap::Args;

use crate::secrets::{Hidden, Source};

/// A proof of possession.
#[derive(Args, Clone)]
pub(crate) struct PopArgs {
    /// Proof of possession, for security 1; '' for none (also LANDFALL_POP)
    #[arg(long)]
    pub(crate) pop: Option<Hidden>,
    /// File that holds it; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "pop")]
    pub(crate) pop_file: Option<PathBuf>,
}

/// A password of security 2.
#[derive(Args, Clone)]
pub(crate) struct PasswordArgs {
    /// Password, for security 2 (also LANDFALL_PASSWORD)
    #[arg(long)]
    pub(crate) password: Option<Hidden>,
    /// File that holds it; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    pub(crate) password_file: Option<PathBuf>,
}

impl PopArgs {
    /// Where the proof of possession may come from.
    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            name: "proof of possession",
            flag: self.pop.as_ref(),
            file: self.pop_file.as_ref(),
            variable: "LANDFALL_POP",
        }
    }

    /// Whether it stands on the command line, as itself or as a file.
    pub(crate) fn is_typed(&self) -> bool {
        self.pop.is_some() || self.pop_file.is_some()
    }
}

impl PasswordArgs {
    /// Where the password may come from.
    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            name: "password",
            flag: self.password.as_ref(),
            file: self.password_file.as_ref(),
            variable: "LANDFALL_PASSWORD",
        }
    }

    /// Whether it stands on the command line, as itself or as a file.
    pub(crate) fn is_typed(&self) -> bool {
        self.password.is_some() || self.password_file.is_some()
    }
}
