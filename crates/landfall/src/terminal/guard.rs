//! The terminal's modes: changed in one place, and brought back on every way out.

use std::{
    fs::File,
    io::{self, ErrorKind, Write as _},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crossterm::{cursor, queue};
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// While it lives, the terminal hands over what is typed byte by byte, shows none of it, and leaves Ctrl-C to us.
///
/// There is one at a time. What it changed is brought back when it is dropped, be it by a panic, or by
/// [`restore_for_good`].
pub(crate) struct RawMode(());

/// What reading does when nothing has been typed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It waits for a byte.
    Waits,
    /// It gives nothing.
    Returns,
}

impl RawMode {
    /// Changes the modes of this program's terminal.
    ///
    /// # Errors
    /// What the operating system says; [`ErrorKind::Interrupted`] after [`restore_for_good`].
    pub(crate) fn enter(reading: Reading) -> io::Result<Self> {
        let mut state = state();
        match *state {
            State::Usual => {
                let terminal = open()?;
                let modes = tcgetattr(&terminal)?;
                tcsetattr(&terminal, OptionalActions::Now, &raw(&modes, reading))?;
                *state = State::Raw {
                    terminal,
                    modes,
                    cursor_hidden: false,
                };
                Ok(Self(()))
            }
            State::Raw { .. } => Err(io::Error::other("the terminal is in use by another question")),
            State::Over => Err(io::Error::new(ErrorKind::Interrupted, "the program is ending")),
        }
    }

    /// Hides the cursor until the modes are brought back.
    pub(super) fn hide_cursor(&self) -> io::Result<()> {
        if let State::Raw {
            terminal,
            cursor_hidden,
            ..
        } = &mut *state()
        {
            *cursor_hidden = true;
            queue!(terminal, cursor::Hide)?;
            terminal.flush()?;
        }
        Ok(())
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        leave(State::Usual);
    }
}

/// Brings the terminal back as it was, for the end of the program: a question that is still waiting on another thread
/// cannot change it any more.
pub(crate) fn restore_for_good() {
    leave(State::Over);
}

/// This program's terminal, whatever the standard streams are.
pub(crate) fn open() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/tty")
}

/// In which modes the terminal is.
enum State {
    /// As we found it.
    Usual,
    /// Raw, and how it was before.
    Raw {
        terminal: File,
        modes: Termios,
        cursor_hidden: bool,
    },
    /// As we found it, and to stay so.
    Over,
}

static STATE: Mutex<State> = Mutex::new(State::Usual);

fn state() -> MutexGuard<'static, State> {
    // The state is whole after each assignment, so a panic elsewhere leaves nothing half done.
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leave(next: State) {
    let mut state = state();
    if matches!(*state, State::Over) {
        return;
    }
    if let State::Raw {
        mut terminal,
        modes,
        cursor_hidden,
    } = core::mem::replace(&mut *state, next)
    {
        // A terminal that is gone needs no modes and no cursor.
        let _ = tcsetattr(&terminal, OptionalActions::Now, &modes);
        if cursor_hidden {
            let _ = queue!(terminal, cursor::Show).and_then(|()| terminal.flush());
        }
    }
}

/// Input raw, output as it was: lines that others print meanwhile begin at the left.
fn raw(modes: &Termios, reading: Reading) -> Termios {
    let mut raw = modes.clone();
    raw.local_modes
        .remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
    raw.input_modes.remove(InputModes::IXON);
    raw.special_codes[SpecialCodeIndex::VMIN] = u8::from(reading == Reading::Waits);
    raw.special_codes[SpecialCodeIndex::VTIME] = 0;
    raw
}
