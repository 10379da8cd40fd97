//! The list while somebody chooses: what is in it, where the cursor is, what a key does.

use super::{
    super::keys::Key,
    subject::{Row, Subject},
};

/// Rows, and after them the entry for what is not among them.
pub(super) struct List<S: Subject> {
    subject: S,
    rows: Vec<Row<S>>,
    /// All that was found, listed or not.
    found: Vec<Row<S>>,
    /// The entry under the cursor; the one after the last row is for something else.
    cursor: usize,
    /// The first entry that is seen.
    top: usize,
    /// The number that is being typed.
    typed: usize,
    /// What the person should know; gone with the next key.
    note: Option<String>,
    scanning: bool,
}

/// What came of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act<R> {
    /// This one.
    Take(R),
    /// One that is not in the list.
    Other,
    /// Another scan.
    Rescan,
    /// None of all.
    Leave,
    /// None of all, and the program is to end.
    Interrupt,
}

impl<S: Subject> List<S> {
    /// An empty list while a scan is under way, with something to know.
    pub(super) fn new(subject: S, note: Option<String>) -> Self {
        Self {
            subject,
            rows: Vec::new(),
            found: Vec::new(),
            cursor: 0,
            top: 0,
            typed: 0,
            note,
            scanning: true,
        }
    }

    /// What is listed.
    pub(super) fn rows(&self) -> &[Row<S>] {
        &self.rows
    }

    /// The last entry's words.
    pub(super) fn other(&self) -> String {
        self.subject.other(&self.found)
    }

    /// The entry under the cursor, which may be the one after all rows.
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// What the person should know.
    pub(super) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether more may come.
    pub(super) fn is_scanning(&self) -> bool {
        self.scanning
    }

    /// Another scan begins. What was found before stays until something new is, if it takes its time.
    pub(super) fn scan_began(&mut self) {
        self.scanning = true;
        if S::WORDS.under_way.is_none() {
            (self.rows, self.found, self.cursor) = (Vec::new(), Vec::new(), 0);
        }
    }

    /// This is found by now. The cursor stays on its row.
    pub(super) fn show(&mut self, found: Vec<Row<S>>) {
        self.found = found;
        self.rearrange();
    }

    /// This is all there is.
    pub(super) fn scan_ended(&mut self, found: Vec<Row<S>>) {
        self.scanning = false;
        self.show(found);
        if self.rows.is_empty() {
            self.note = Some(self.subject.nothing());
        }
    }

    fn rearrange(&mut self) {
        let here = self.rows.get(self.cursor).cloned();
        let was_empty = self.rows.is_empty();
        self.rows = self.subject.arrange(&self.rows, &self.found, !self.scanning);
        self.cursor = match here {
            Some(here) => self.rows.iter().position(|row| S::is_same(row, &here)),
            None if was_empty => Some(0),
            None => Some(self.rows.len()),
        }
        .unwrap_or_else(|| self.cursor.min(self.rows.len()));
    }

    /// The entries that are seen where there is room for `room` of them: those around the cursor, with no more movement
    /// than needed.
    pub(super) fn window(&mut self, room: usize) -> core::ops::Range<usize> {
        let entries = self.rows.len() + 1;
        let room = room.clamp(1, entries);
        self.top = self
            .top
            .clamp((self.cursor + 1).saturating_sub(room), self.cursor)
            .min(entries - room);
        self.top..self.top + room
    }

    /// Does what `key` is for, where `room` entries are seen.
    pub(super) fn press(&mut self, key: Key, room: usize) -> Option<Act<Row<S>>> {
        self.note = None;
        let typed = core::mem::take(&mut self.typed);
        match key {
            Key::Up | Key::Character('k') => self.cursor = self.cursor.saturating_sub(1),
            Key::Down | Key::Character('j') => self.go(self.cursor + 1),
            Key::PageUp => self.cursor = self.cursor.saturating_sub(room),
            Key::PageDown => self.go(self.cursor + room),
            Key::Home => self.cursor = 0,
            Key::End => self.go(self.rows.len()),
            Key::Character(c @ '0'..='9') => self.digit(typed, c),
            Key::Character('r') => match S::WORDS.under_way.filter(|_| self.scanning) {
                Some(under_way) => self.note = Some(under_way.into()),
                None => return Some(Act::Rescan),
            },
            Key::Character(c) if c == S::WORDS.other_key => return self.take_other(),
            Key::Character('q') | Key::Escape => return Some(Act::Leave),
            Key::Interrupt => return Some(Act::Interrupt),
            Key::Enter => match self.rows.get(self.cursor) {
                Some(row) => return Some(Act::Take(row.clone())),
                None => return self.take_other(),
            },
            Key::Character(_) => {}
        }
        None
    }

    /// Does what the last entry is for.
    fn take_other(&mut self) -> Option<Act<Row<S>>> {
        if !self.subject.take_other() {
            return Some(Act::Other);
        }
        self.rearrange();
        None
    }

    fn go(&mut self, entry: usize) {
        self.cursor = entry.min(self.rows.len());
    }

    /// Jumps to the number that is being typed, or to that of this digit alone if no row has so many digits.
    fn digit(&mut self, typed: usize, c: char) {
        let digit = c.to_digit(10).unwrap_or_default() as usize;
        let rows = self.rows.len();
        let number = match typed * 10 {
            tens if tens <= rows => tens + digit,
            _ => digit,
        };
        if (1..=rows).contains(&number) {
            self.cursor = number - 1;
            self.typed = number;
        } else {
            let (one, several) = (S::WORDS.one, S::WORDS.several);
            self.note = Some(match rows {
                0 => format!("There is no {one} with a number yet."),
                1 => format!("There is no number {number}: the only {one} has number 1."),
                rows => format!("There is no number {number}: the {several} have 1 to {rows}."),
            });
        }
    }
}

#[cfg(test)]
mod tests;
