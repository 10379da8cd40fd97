//! Bytes of a terminal as keys.

/// A key that somebody pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    Enter,
    Escape,
    /// Ctrl-C.
    Interrupt,
    /// A letter, digit or sign.
    Character(char),
}

/// Makes keys of bytes, however they are cut.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
}

/// What has come of a key so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    /// ESC, which may be a key of its own.
    Escape,
    /// ESC O.
    Single,
    /// ESC [ and the first number, if there was one.
    Control { number: Option<u8>, more: bool },
}

impl Decoder {
    /// Takes one byte; gives the key that it completes, if it does and we have a use for it.
    pub(super) fn take(&mut self, byte: u8) -> Option<Key> {
        let (state, key) = match self.state {
            State::Start | State::Escape if byte == ESC => (State::Escape, None),
            State::Start => (State::Start, plain(byte)),
            State::Escape => match byte {
                b'[' => (
                    State::Control {
                        number: None,
                        more: false,
                    },
                    None,
                ),
                b'O' => (State::Single, None),
                // Alt and a key: we have no use for it.
                _ => (State::Start, None),
            },
            State::Single => (State::Start, named(byte)),
            State::Control { number, more } => match byte {
                b'0'..=b'9' if !more => (
                    State::Control {
                        number: Some(number.unwrap_or(0).saturating_mul(10).saturating_add(byte - b'0')),
                        more,
                    },
                    None,
                ),
                // What follows are modifiers (Shift, Ctrl): the key stays the same.
                0x20..=0x3f => (State::Control { number, more: true }, None),
                b'~' => (State::Start, number.and_then(numbered)),
                _ => (State::Start, named(byte)),
            },
        };
        self.state = state;
        key
    }

    /// Whether more bytes of a key may be on their way.
    pub(super) fn is_waiting(&self) -> bool {
        self.state != State::Start
    }

    /// No more bytes came: what was begun is all there is.
    pub(super) fn give_up(&mut self) -> Option<Key> {
        match core::mem::take(&mut self.state) {
            State::Escape => Some(Key::Escape),
            _ => None,
        }
    }
}

const ESC: u8 = 0x1b;

fn plain(byte: u8) -> Option<Key> {
    match byte {
        b'\r' | b'\n' => Some(Key::Enter),
        0x03 => Some(Key::Interrupt),
        b' '..=b'~' => Some(Key::Character(char::from(byte))),
        _ => None,
    }
}

/// The last byte of a sequence that names its key by a letter.
fn named(byte: u8) -> Option<Key> {
    match byte {
        b'A' => Some(Key::Up),
        b'B' => Some(Key::Down),
        b'H' => Some(Key::Home),
        b'F' => Some(Key::End),
        b'M' => Some(Key::Enter),
        _ => None,
    }
}

/// A sequence that names its key by a number.
fn numbered(number: u8) -> Option<Key> {
    match number {
        1 | 7 => Some(Key::Home),
        4 | 8 => Some(Key::End),
        5 => Some(Key::PageUp),
        6 => Some(Key::PageDown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut decoder = Decoder::default();
        let mut keys: Vec<Key> = bytes.iter().filter_map(|byte| decoder.take(*byte)).collect();
        keys.extend(decoder.give_up());
        keys
    }

    #[test]
    fn terminals_of_every_kind_move_the_cursor() {
        assert_eq!(
            keys(b"\x1b[A\x1b[B\x1bOA\x1bOB"),
            [Key::Up, Key::Down, Key::Up, Key::Down]
        );
        assert_eq!(
            keys(b"\x1b[H\x1b[F\x1bOH\x1bOF"),
            [Key::Home, Key::End, Key::Home, Key::End]
        );
        assert_eq!(
            keys(b"\x1b[1~\x1b[4~\x1b[5~\x1b[6~\x1b[7~\x1b[8~"),
            [Key::Home, Key::End, Key::PageUp, Key::PageDown, Key::Home, Key::End]
        );
        assert_eq!(keys(b"\x1b[1;5A\x1b[6;2~"), [Key::Up, Key::PageDown]);
    }

    #[test]
    fn letters_enter_and_ctrl_c_are_keys() {
        assert_eq!(
            keys(b"j9\r\n\x03"),
            [
                Key::Character('j'),
                Key::Character('9'),
                Key::Enter,
                Key::Enter,
                Key::Interrupt
            ]
        );
    }

    #[test]
    fn escape_alone_is_a_key_and_before_others_it_is_none() {
        assert_eq!(keys(b"\x1b"), [Key::Escape]);
        assert_eq!(keys(b"\x1b\x1b[A"), [Key::Up]);
        assert_eq!(keys(b"\x1bq"), []);
    }

    #[test]
    fn what_is_unknown_is_passed_over_whole() {
        assert_eq!(
            keys(b"\x1b[200~\x1b[Z\x1b[?1;2c\x1bOP\xc3\xa9\x01j"),
            [Key::Character('j')]
        );
        assert_eq!(keys(b"\x1b[999999999999~\x1b["), []);
    }
}
