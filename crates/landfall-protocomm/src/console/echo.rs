/// Follows the echo of what was typed, so that no more is typed than the device has taken.
///
/// Log lines of other tasks may fall between its characters, even between two digits. So what is awaited is looked
/// for in order, and anything between is passed over; [`Echo::is_disturbed`] then tells that the echo may seem
/// complete too early, when characters of a log line looked like its own.
#[derive(Clone)]
pub struct Echo<'t> {
    awaited: &'t [u8],
    disturbed: bool,
}

impl<'t> Echo<'t> {
    /// Awaits the echo of `typed`.
    pub const fn of(typed: &'t [u8]) -> Self {
        Self {
            awaited: typed,
            disturbed: false,
        }
    }

    /// Takes the next byte from the device; gives whether the echo is complete.
    pub fn hear(&mut self, byte: u8) -> bool {
        match self.awaited.split_first() {
            None => {}
            Some((&next, rest)) if next == byte => self.awaited = rest,
            Some(_) => self.disturbed = true,
        }
        self.awaited.is_empty()
    }

    /// Whether all of it has come back.
    pub const fn is_complete(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Number of characters that have not come back.
    pub const fn missing(&self) -> usize {
        self.awaited.len()
    }

    /// Whether something else came between.
    pub const fn is_disturbed(&self) -> bool {
        self.disturbed
    }
}

/// Finds the prompt, [`PROMPT`](super::PROMPT), in what a device sends.
#[derive(Debug, Clone, Copy, Default)]
pub struct PromptFinder {
    state: Found,
}

#[derive(Debug, Clone, Copy, Default)]
enum Found {
    #[default]
    Nothing,
    LineFeed,
    FirstMark,
    SecondMark,
}

impl PromptFinder {
    /// Takes the next byte; gives whether it is the last one of a prompt.
    pub const fn hear(&mut self, byte: u8) -> bool {
        let (state, whole) = match (self.state, byte) {
            (_, b'\n') => (Found::LineFeed, false),
            (Found::LineFeed, b'>') => (Found::FirstMark, false),
            (Found::FirstMark, b'>') => (Found::SecondMark, false),
            (Found::SecondMark, b' ') => (Found::Nothing, true),
            _ => (Found::Nothing, false),
        };
        self.state = state;
        whole
    }
}
