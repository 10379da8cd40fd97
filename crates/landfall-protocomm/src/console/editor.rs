use core::{fmt, iter};

use super::{CARRIAGE_RETURN, ERASE_LINE, NEWLINE, PROMPT};

/// Collects a line of at most `N` characters from what is typed.
///
/// What is taken is exactly what is echoed: printable ASCII, and a tab as a blank. Backspace erases a character, Ctrl-U
/// the line, Ctrl-C drops it. A carriage return ends it; a line feed does not, and is not taken, so that those who
/// send both are understood. Everything else is not taken either: a terminal would obey it if it came back.
pub struct LineEditor<const N: usize> {
    line: [u8; N],
    len: usize,
    /// Whether the line has become too long, so that the rest of it is not taken.
    swallowing: bool,
}

/// What a typed byte did.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'l> {
    /// Nothing.
    Ignored,
    /// A character was taken.
    Taken(u8),
    /// So many characters were erased.
    Erased(usize),
    /// The line is complete, without its end. The caller may write into it; it is gone with the next byte.
    Line(&'l mut [u8]),
    /// The line is too long: all of it is refused, its rest will be ignored. The next prompt is due, as the original
    /// also ends a line that is too long by itself.
    TooLong,
    /// The line was dropped; the next prompt is due.
    Dropped,
}

const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;
const INTERRUPT: u8 = 0x03;
const TAB: u8 = b'\t';

impl<const N: usize> LineEditor<N> {
    /// Nothing typed yet.
    pub const fn new() -> Self {
        Self {
            line: [0; N],
            len: 0,
            swallowing: false,
        }
    }

    /// Takes the next byte.
    pub fn feed(&mut self, byte: u8) -> Step<'_> {
        match byte {
            INTERRUPT => self.drop_line(),
            CARRIAGE_RETURN if self.swallowing => self.drop_line(),
            CARRIAGE_RETURN => self.complete(),
            ERASE_LINE => {
                self.swallowing = false;
                self.erase(self.len)
            }
            BACKSPACE | DELETE => self.erase(self.len.min(1)),
            _ if self.swallowing => Step::Ignored,
            TAB => self.take(b' '),
            b' '..=b'~' => self.take(byte),
            _ => Step::Ignored,
        }
    }

    /// Where lines stand: after [`Step::Line`] the last one from the first byte on, until the next byte is fed. Whoever
    /// keeps what is typed secret wipes it.
    pub const fn buffer_mut(&mut self) -> &mut [u8; N] {
        &mut self.line
    }

    fn take(&mut self, character: u8) -> Step<'_> {
        let Some(place) = self.line.get_mut(self.len) else {
            self.swallowing = true;
            self.len = 0;
            return Step::TooLong;
        };
        *place = character;
        self.len += 1;
        Step::Taken(character)
    }

    fn erase(&mut self, count: usize) -> Step<'_> {
        self.len -= count;
        match count {
            0 => Step::Ignored,
            _ => Step::Erased(count),
        }
    }

    fn complete(&mut self) -> Step<'_> {
        let (line, _) = self.line.split_at_mut(self.len);
        self.len = 0;
        Step::Line(line)
    }

    fn drop_line(&mut self) -> Step<'_> {
        self.len = 0;
        self.swallowing = false;
        Step::Dropped
    }
}

impl<const N: usize> Default for LineEditor<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows no characters: a request without protection is among them.
impl<const N: usize> fmt::Debug for LineEditor<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineEditor")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl Step<'_> {
    /// What the device prints for it.
    pub fn echo(&self) -> impl Iterator<Item = u8> + use<> {
        let (first, then, erased): (_, &[u8], _) = match *self {
            Self::Ignored => (None, b"", 0),
            Self::Taken(character) => (Some(character), b"", 0),
            Self::Erased(count) => (None, b"", count),
            Self::Line(_) => (None, NEWLINE, 0),
            Self::TooLong | Self::Dropped => (None, DROPPED, 0),
        };
        let erasing = iter::repeat_n(*b"\x08 \x08", erased).flatten();
        first.into_iter().chain(erasing).chain(then.iter().copied())
    }
}

const DROPPED: &[u8] = b"\r\n\n>> ";
const _: () = assert!(DROPPED.len() == NEWLINE.len() + PROMPT.len());
