use core::fmt;

use super::{CARRIAGE_RETURN, hex};
use crate::{Endpoint, SessionId};

/// A request as somebody typed it: `<endpoint> <session> <hex>`.
pub struct TypedRequest<'l> {
    /// The endpoint's name, as typed.
    pub endpoint: &'l str,
    /// The session's number.
    pub session: SessionId,
    /// What the request says, decoded.
    pub message: &'l mut [u8],
}

/// Why a line is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LineError {
    /// There is nothing on it. Devices only give the next prompt.
    #[error("the line is empty")]
    Empty,
    /// It is not three words.
    #[error("the line is not three words: endpoint, session number, message in hexadecimal")]
    Words,
    /// The endpoint's name is not text.
    #[error("the endpoint's name is not text")]
    Endpoint,
    /// The session's number has more than 32 bits, or is the one that stands for "no session".
    #[error("the session number is out of range")]
    Session,
    /// The message has characters that are no hexadecimal digits.
    #[error("the message is not hexadecimal")]
    Message,
}

impl<'l> TypedRequest<'l> {
    /// Reads a line without its end, decoding the message in place.
    ///
    /// Words are separated by blanks. A word in double quotes may have blanks, a backslash before a blank, a double
    /// quote or a backslash makes it an ordinary character. The session's number is read as C's `atoi` does: what
    /// follows the digits is ignored, no digits are 0. Numbers of more than 32 bits are refused, though, so that two
    /// of them are never one session, and so is 4,294,967,295 (or -1), which stands for "no session". An odd last
    /// digit of the message is ignored.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn parse(line: &'l mut [u8]) -> Result<Self, LineError> {
        let (endpoint, rest) = split_word(line).ok_or(LineError::Empty)?;
        let (session, rest) = split_word(rest).ok_or(LineError::Words)?;
        let (message, rest) = split_word(rest).ok_or(LineError::Words)?;
        if split_word(rest).is_some() {
            return Err(LineError::Words);
        }
        Ok(Self {
            endpoint: core::str::from_utf8(endpoint).map_err(|_| LineError::Endpoint)?,
            session: session_number(session).ok_or(LineError::Session)?,
            message: decode(message).ok_or(LineError::Message)?,
        })
    }
}

/// Shows no message: it may be one without protection.
impl fmt::Debug for TypedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedRequest")
            .field("endpoint", &self.endpoint)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// A request as a client types it.
#[derive(Clone, Copy)]
pub struct RequestLine<'a> {
    /// Where it goes. Such a name needs no quotes.
    pub endpoint: Endpoint<'a>,
    /// The session's number; devices read those above 2,147,483,647 each in its own way.
    pub session: SessionId,
    /// What it says.
    pub message: &'a [u8],
}

impl RequestLine<'_> {
    /// Number of characters, the carriage return at the end included.
    pub fn len(&self) -> usize {
        self.characters().count()
    }

    /// Whether there is nothing to type: never.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Writes the line with the carriage return at its end; gives its length, or `None` if `out` is too short.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut len = 0;
        for character in self.characters() {
            *out.get_mut(len)? = character;
            len += 1;
        }
        Some(len)
    }

    fn characters(&self) -> impl Iterator<Item = u8> {
        let endpoint = self.endpoint.as_str().bytes();
        // A message of no bytes is a word all the same.
        let quotes: &[u8] = if self.message.is_empty() { b"\"\"" } else { b"" };
        let message = self.message.iter().copied().flat_map(hex::digits);
        endpoint
            .chain([b' '])
            .chain(decimal(self.session.get()))
            .chain([b' '])
            .chain(quotes.iter().copied())
            .chain(message)
            .chain([CARRIAGE_RETURN])
    }
}

/// Shows no message: it may be one without protection.
impl fmt::Debug for RequestLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLine")
            .field("endpoint", &self.endpoint)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Splits the first word off, with its quotes and escapes resolved in place; `None` if there is none.
fn split_word(line: &mut [u8]) -> Option<(&mut [u8], &mut [u8])> {
    let start = line.iter().position(|&byte| byte != b' ')?;
    let (_, line) = line.split_at_mut(start);
    let quoted = line.first() == Some(&b'"');
    let end = if quoted { b'"' } else { b' ' };
    let mut read = usize::from(quoted);
    let mut len = 0;
    while let Some(&byte) = line.get(read) {
        read += 1;
        let byte = match byte {
            b'\\' => {
                let escaped = line.get(read).copied();
                read += usize::from(escaped.is_some());
                match escaped {
                    Some(byte @ (b' ' | b'"' | b'\\')) => byte,
                    // Nothing else can be escaped.
                    _ => continue,
                }
            }
            byte if byte == end => break,
            byte => byte,
        };
        // Never farther than what was read.
        *line.get_mut(len)? = byte;
        len += 1;
    }
    let (before, rest) = line.split_at_mut_checked(read)?;
    Some((before.get_mut(..len)?, rest))
}

/// A session's number as C's `atoi` reads it, but for numbers that do not fit.
fn session_number(word: &[u8]) -> Option<SessionId> {
    let word = word.trim_ascii_start();
    let (negative, digits) = match word.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, word),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(0_i64, |number, digit| {
        number.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
    });
    let number = if negative {
        i32::try_from(-number).ok()?.cast_unsigned()
    } else {
        u32::try_from(number).ok()?
    };
    SessionId::new(number)
}

/// Decodes pairs of digits in place; `None` if there is anything else.
fn decode(digits: &mut [u8]) -> Option<&mut [u8]> {
    if !digits.iter().all(|&digit| hex::value(digit).is_some()) {
        return None;
    }
    let len = digits.len() / 2;
    for index in 0..len {
        let high = hex::value(*digits.get(2 * index)?)?;
        let low = hex::value(*digits.get(2 * index + 1)?)?;
        *digits.get_mut(index)? = high << 4 | low;
    }
    digits.get_mut(..len)
}

/// The decimal digits of a number.
fn decimal(number: u32) -> impl Iterator<Item = u8> {
    let divisors = core::iter::successors(Some(1_000_000_000), |divisor| Some(divisor / 10)).take(10);
    let digits = divisors.map(move |divisor: u32| (divisor, (number / divisor % 10) as u8 + b'0'));
    digits
        .skip_while(move |&(divisor, _)| divisor > number && divisor > 1)
        .map(|(_, digit)| digit)
}
