//! What travels on a console: requests typed as lines, answers printed as hexadecimal digits (spec transports.md 3).
//!
//! Both halves are fed one byte at a time, do no I/O and survive every byte sequence.
//!
//! * The device's: [`LineEditor`] collects a line and says what to echo, [`TypedRequest`] reads it, [`answer()`] prints.
//! * The client's: [`RequestLine`] is what to type, [`Echo`] says when the device has taken it, [`AnswerReader`] finds
//!   the answer among log lines, [`PromptFinder`] the next prompt.

mod answer;
mod echo;
mod editor;
mod hex;
mod request;
#[cfg(test)]
mod tests;

pub use answer::{AnswerReader, Reply, answer};
pub use echo::{Echo, PromptFinder};
pub use editor::{LineEditor, Step};
pub use request::{LineError, RequestLine, TypedRequest};

/// What a device prints when it waits for a line.
pub const PROMPT: &[u8] = b"\n>> ";
/// What a device prints for a carriage return, and around its answer.
pub const NEWLINE: &[u8] = b"\r\n";
/// What ends a line.
pub const CARRIAGE_RETURN: u8 = b'\r';
/// What erases the line typed so far, on devices that can edit lines. The original cannot.
pub const ERASE_LINE: u8 = 0x15;
/// The longest line that Espressif's firmware takes, its end included, in characters. It ends a longer one by itself,
/// and old versions write one byte out of bounds on the next character.
pub const ORIGINAL_LINE_LEN: usize = 255;
