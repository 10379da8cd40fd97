//! Where a secret comes from: a flag, a file, the environment, or a prompt on a terminal.

use core::{fmt, str::FromStr};
use std::{
    env, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Problem},
    input,
};

/// A secret as it was typed. `Debug` hides it; it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hidden(Zeroizing<String>);

impl Hidden {
    /// The octets: UTF-8.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.as_bytes().to_vec())
    }

    /// The text.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Hidden {
    type Err = core::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// One secret's possible sources, tried in the order of the fields.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    /// What it is called, for messages.
    pub(crate) name: &'static str,
    /// Given on the command line, where others on this machine can see it.
    pub(crate) flag: Option<&'a Hidden>,
    /// A file that holds it; `-` is standard input.
    pub(crate) file: Option<&'a PathBuf>,
    /// The environment variable that may hold it.
    pub(crate) variable: &'static str,
}

impl Source<'_> {
    /// The secret, if a flag, a file or the environment has it. A file's last line end does not belong to it.
    pub(crate) fn find(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        if let Some(typed) = self.flag {
            return Ok(Some(typed.to_bytes()));
        }
        if let Some(path) = self.file {
            return read_file(path).map(Some).map_err(|error| self.unreadable(path, &error));
        }
        Ok(env::var_os(self.variable).map(|value| Zeroizing::new(value.into_encoded_bytes())))
    }

    /// [`Source::find`] for a command that can be interrupted while standard input keeps it waiting.
    pub(crate) async fn find_apart(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        match self.file {
            Some(path) if self.flag.is_none() => {
                let file = path.clone();
                let read = input::apart(move || read_file(&file)).await;
                read.map(Some).map_err(|error| self.unreadable(path, &error))
            }
            _ => self.find(),
        }
    }

    /// The secret from any source; the user is asked with `prompt` if there is a terminal.
    pub(crate) async fn find_or_ask(&self, prompt: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        match self.find_apart().await? {
            None if input::is_terminal() => self.ask_apart(prompt).await,
            found => Ok(found),
        }
    }

    /// The secret from a prompt; `None` if the input ends.
    pub(crate) fn ask(&self, prompt: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        ask(prompt).map_err(|error| input::failure(&error, self.name))
    }

    /// [`Source::ask`] for a command that can be interrupted while the prompt waits.
    pub(crate) async fn ask_apart(&self, prompt: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let prompt = prompt.to_owned();
        let typed = input::apart(move || ask(&prompt)).await;
        typed.map_err(|error| input::failure(&error, self.name))
    }

    /// Whether it stands on the command line, where others on this machine can see it.
    pub(crate) fn is_exposed(&self) -> bool {
        self.flag.is_some_and(|typed| !typed.expose().is_empty())
    }

    fn unreadable(&self, path: &Path, error: &io::Error) -> Failure {
        Failure::new(Problem::FileUnreadable)
            .saying(format!("the {} cannot be read from {}", self.name, path.display()))
            .because(error)
            .hint(format!("it can also be given as {}", self.variable))
    }
}

fn ask(prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let typed = input::hidden(prompt, io::stderr())?;
    Ok(typed.map(|text| Zeroizing::new(text.as_bytes().to_vec())))
}

fn read_file(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut secret = Zeroizing::new(Vec::new());
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut secret)?;
    } else {
        *secret = fs::read(path)?;
    }
    if secret.ends_with(b"\n") {
        secret.pop();
        if secret.ends_with(b"\r") {
            secret.pop();
        }
    }
    Ok(secret)
}
