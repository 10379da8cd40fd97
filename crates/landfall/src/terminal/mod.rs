//! People on a terminal: what they type, what is drawn for them in place, and that the terminal is theirs again in the end.
//!
//! Everything here writes to standard error or to the terminal itself. What a command has to say goes to standard
//! output through [`crate::print`], whether somebody watches or not.

mod canvas;
#[cfg(test)]
pub(crate) mod examples;
mod guard;
mod interrupt;
mod keyboard;
mod keys;
mod picker;
mod reader;
pub(crate) mod spinner;
mod watch;
mod width;

use std::{
    env,
    ffi::OsStr,
    io::{self, IsTerminal as _},
};

pub(crate) use canvas::{Canvas, Size};
pub(crate) use guard::{RawMode, Reading, open, restore_for_good};
pub(crate) use interrupt::{Interrupts, Signal};
pub(crate) use picker::{Choice, Devices, Networks, pick};
pub(crate) use reader::{Farewell, is_done_without_reader, reader_gone};
pub(crate) use watch::watch;
pub(crate) use width::{cut, fit, width};

/// Whether standard error is a terminal that can draw over what it shows.
pub(crate) fn can_draw() -> bool {
    io::stderr().is_terminal() && !is_dumb(env::var_os("TERM").as_deref())
}

/// A terminal that knows no more than to go to the next line, or of which nothing is known.
fn is_dumb(term: Option<&OsStr>) -> bool {
    term.is_none_or(|term| term.is_empty() || term == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_does_not_say_what_it_can_is_dumb() {
        assert!(is_dumb(None));
        assert!(is_dumb(Some(OsStr::new(""))));
        assert!(is_dumb(Some(OsStr::new("dumb"))));
        assert!(!is_dumb(Some(OsStr::new("xterm-256color"))));
    }
}
