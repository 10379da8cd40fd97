use core::fmt;

use super::{NEWLINE, PromptFinder, hex};

/// What a device prints as the answer `message`: a new line, lower-case hexadecimal digits, a new line.
pub fn answer(message: &[u8]) -> impl Iterator<Item = u8> {
    let newline = || NEWLINE.iter().copied();
    let digits = message.iter().copied().flat_map(hex::digits);
    newline().chain(digits).chain(newline())
}

/// Finds the answer in what a device sends after a line was ended.
///
/// First comes the rest of the line's echo, then the answer on a line of its own, then the prompt. Log lines of other
/// tasks may stand anywhere, even inside the answer: what might be part of a broken one is never taken for a whole.
pub struct AnswerReader<'b> {
    message: &'b mut [u8],
    prompt: PromptFinder,
    line: Line,
    before: Before,
    /// Length of the answer, once its line is complete.
    found: Option<usize>,
    broken: bool,
}

/// What a device said to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// An answer of so many bytes, in the buffer.
    Answer(usize),
    /// None: it refused the request.
    Refused,
    /// A log line fell into the answer, or a line beside it looks like one.
    Broken,
    /// An answer that does not fit the buffer.
    TooLong,
}

/// The line being read.
#[derive(Clone, Copy)]
enum Line {
    /// The rest of the echo.
    Echo,
    /// So many digits, and nothing else.
    Digits(usize),
    /// Something else, after so many digits.
    Other { digits: usize },
}

/// The line before.
#[derive(Clone, Copy)]
enum Before {
    /// It was empty, and so many before it, this one counted.
    Empty(u8),
    /// It began with a digit: perhaps the first part of a broken answer.
    BeganWithDigit,
    Other,
}

impl<'b> AnswerReader<'b> {
    /// Reads an answer into `message`; the line's end has just been typed.
    pub fn new(message: &'b mut [u8]) -> Self {
        Self {
            message,
            prompt: PromptFinder::default(),
            line: Line::Echo,
            before: Before::Other,
            found: None,
            broken: false,
        }
    }

    /// Takes the next byte; gives what the device said when its prompt comes.
    pub fn hear(&mut self, byte: u8) -> Option<Reply> {
        if self.prompt.hear(byte) {
            return Some(self.reply());
        }
        match byte {
            b'\n' => self.end_line(),
            // Some consoles send more than one before a line feed.
            b'\r' => {}
            _ => self.line = self.continue_line(byte),
        }
        None
    }

    /// The answer, if it is there already though its prompt is not.
    pub fn early(&self) -> Option<Reply> {
        self.found.map(|_| self.reply())
    }

    fn continue_line(&mut self, byte: u8) -> Line {
        match self.line {
            Line::Digits(count) => match hex::value(byte).filter(|_| !byte.is_ascii_uppercase()) {
                Some(value) => {
                    self.store(count, value);
                    Line::Digits(count.saturating_add(1))
                }
                None => Line::Other { digits: count },
            },
            line => line,
        }
    }

    /// Keeps a digit, unless there is an answer already.
    fn store(&mut self, position: usize, value: u8) {
        if self.found.is_none()
            && let Some(byte) = self.message.get_mut(position / 2)
        {
            *byte = if position.is_multiple_of(2) {
                value << 4
            } else {
                *byte | value
            };
        }
    }

    fn end_line(&mut self) {
        self.before = match (self.line, self.before) {
            (Line::Digits(0), Before::Empty(count)) => Before::Empty(count.saturating_add(1)),
            (Line::Digits(0), _) => Before::Empty(1),
            (Line::Digits(count), before) => {
                let whole = count.is_multiple_of(2) && !matches!(before, Before::BeganWithDigit);
                if whole && self.found.is_none() {
                    self.found = Some(count / 2);
                } else {
                    self.broken = true;
                }
                Before::BeganWithDigit
            }
            // An empty line comes before an answer, hardly ever before a log line.
            (Line::Other { digits: 2.. }, Before::Empty(_)) => {
                self.broken = true;
                Before::BeganWithDigit
            }
            (Line::Other { digits: 1.. }, _) => Before::BeganWithDigit,
            (Line::Other { digits: 0 } | Line::Echo, _) => Before::Other,
        };
        self.line = Line::Digits(0);
    }

    fn reply(&self) -> Reply {
        match (self.found, self.before) {
            _ if self.broken => Reply::Broken,
            (Some(len), _) if len > self.message.len() => Reply::TooLong,
            (Some(len), _) => Reply::Answer(len),
            // The new lines around an answer of no bytes, and the one of the prompt.
            (None, Before::Empty(3..)) => Reply::Answer(0),
            (None, _) => Reply::Refused,
        }
    }
}

/// Shows no bytes of the answer.
impl fmt::Debug for AnswerReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerReader")
            .field("found", &self.found)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}
