//! The two secrets, as every command takes them. On the command line others on this machine can see them.

use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use crate::{
    failure::Failure,
    secrets::{Hidden, Source},
};

/// A proof of possession.
#[derive(Args, Clone)]
pub(crate) struct PopArgs {
    /// Proof of possession, for security 1; '' for none (also LANDFALL_POP)
    #[arg(long)]
    pub(crate) pop: Option<Hidden>,
    /// File that holds the proof of possession; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "pop")]
    pub(crate) pop_file: Option<PathBuf>,
}

/// A password of security 2.
#[derive(Args, Clone)]
pub(crate) struct PasswordArgs {
    /// Password, for security 2 (also LANDFALL_PASSWORD)
    #[arg(long)]
    pub(crate) password: Option<Hidden>,
    /// File that holds the password; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    pub(crate) password_file: Option<PathBuf>,
}

impl PopArgs {
    /// The proof of possession, if it was given; the environment is not asked once more.
    pub(crate) fn given(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        if self.is_given() {
            self.source().find()
        } else {
            Ok(None)
        }
    }

    /// Where the proof of possession may come from.
    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            name: "proof of possession",
            flag: self.pop.as_ref(),
            file: self.pop_file.as_ref(),
            variable: "LANDFALL_POP",
        }
    }

    /// Whether it was given, as itself or as a file; a variable counts where it is a setting.
    pub(crate) fn is_given(&self) -> bool {
        self.pop.is_some() || self.pop_file.is_some()
    }
}

impl PasswordArgs {
    /// The password, if it was given; the environment is not asked once more.
    pub(crate) fn given(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        if self.is_given() {
            self.source().find()
        } else {
            Ok(None)
        }
    }

    /// Where the password may come from.
    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            name: "password",
            flag: self.password.as_ref(),
            file: self.password_file.as_ref(),
            variable: "LANDFALL_PASSWORD",
        }
    }

    /// Whether it was given, as itself or as a file; a variable counts where it is a setting.
    pub(crate) fn is_given(&self) -> bool {
        self.password.is_some() || self.password_file.is_some()
    }
}
