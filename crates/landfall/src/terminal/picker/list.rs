//! The list of networks while somebody chooses: what is in it, where the cursor is, what a key does.

use crate::print::{FoundNetworks, NetworkRow};

use super::super::keys::Key;

/// Networks, and after them the entry for one that is not among them.
#[derive(Debug, Default)]
pub(super) struct List {
    rows: Vec<NetworkRow>,
    /// The entry under the cursor; the one after the last row is for another network.
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
pub(super) enum Act {
    /// This network.
    Take(NetworkRow),
    /// One that is not in the list.
    Other,
    /// The device is to scan again.
    Rescan,
    /// None of all.
    Leave,
    /// None of all, and the program is to end.
    Interrupt,
}

impl List {
    /// An empty list while the device scans, with something to know.
    pub(super) fn new(note: Option<String>) -> Self {
        Self {
            note,
            scanning: true,
            ..Self::default()
        }
    }

    /// The networks, strongest first.
    pub(super) fn rows(&self) -> &[NetworkRow] {
        &self.rows
    }

    /// The entry under the cursor, which may be the one after all rows.
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// What the person should know.
    pub(super) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether more networks may come.
    pub(super) fn is_scanning(&self) -> bool {
        self.scanning
    }

    /// The device scans again; what it saw before stays until it sees something new.
    pub(super) fn scan_began(&mut self) {
        self.scanning = true;
    }

    /// The device has seen these networks by now. The cursor stays on its network.
    pub(super) fn show(&mut self, found: FoundNetworks) {
        let here = self.rows.get(self.cursor).cloned();
        let was_empty = self.rows.is_empty();
        self.rows = found.networks;
        self.cursor = match here {
            Some(here) => self.rows.iter().position(|row| is_same(row, &here)),
            None if was_empty => Some(0),
            None => Some(self.rows.len()),
        }
        .unwrap_or_else(|| self.cursor.min(self.rows.len()));
    }

    /// The device has seen all there is.
    pub(super) fn scan_ended(&mut self, found: FoundNetworks) {
        self.scanning = false;
        self.show(found);
        if self.rows.is_empty() {
            self.note =
                Some("The device sees no network. Move it closer to an access point, then scan again (r).".into());
        }
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
    pub(super) fn press(&mut self, key: Key, room: usize) -> Option<Act> {
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
            Key::Character('r') if self.scanning => self.note = Some("The device is scanning already.".into()),
            Key::Character('r') => return Some(Act::Rescan),
            Key::Character('h') => return Some(Act::Other),
            Key::Character('q') | Key::Escape => return Some(Act::Leave),
            Key::Interrupt => return Some(Act::Interrupt),
            Key::Enter => return Some(self.rows.get(self.cursor).cloned().map_or(Act::Other, Act::Take)),
            Key::Character(_) => {}
        }
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
            self.note = Some(match rows {
                0 => "There is no network with a number yet.".into(),
                1 => format!("There is no number {number}: the only network has number 1."),
                rows => format!("There is no number {number}: the networks have 1 to {rows}."),
            });
        }
    }
}

/// Whether two rows of different moments are one network. Hidden ones are told apart by their access points.
fn is_same(one: &NetworkRow, other: &NetworkRow) -> bool {
    one.octets == other.octets
        && one.auth_mode == other.auth_mode
        && (!one.octets.is_empty() || one.bssids == other.bssids)
}

#[cfg(test)]
mod tests;
