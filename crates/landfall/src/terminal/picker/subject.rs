//! What lists are about.

use crate::{
    print::{
        Columns, HeardDevice, HeardTable, NetworkRow, Table,
        text::{auth_name, network_name},
    },
    terminal::picker::Choice,
};

/// What a list is about: its rows, and the words for them.
pub(crate) trait Subject {
    /// How the rows are shown.
    type Table: Columns;

    /// The words that never change.
    const WORDS: Words;

    /// Whether two rows of different moments are one thing.
    fn is_same(one: &Row<Self>, other: &Row<Self>) -> bool;

    /// What is listed now that `found` is known, where `listed` was; the scan goes on unless `is_over`.
    fn arrange(&self, listed: &[Row<Self>], found: &[Row<Self>], is_over: bool) -> Vec<Row<Self>>;

    /// What the last entry says, which stands for something that is not listed.
    fn other(&self, found: &[Row<Self>]) -> String;

    /// Takes the last entry. Gives whether the list goes on with other rows; otherwise the choice is made with it.
    fn take_other(&mut self) -> bool;

    /// What to know when a scan has found nothing.
    fn nothing(&self) -> String;

    /// The line that is left behind.
    fn chosen(choice: &Choice<Row<Self>>) -> String;
}

/// A row of a list about `S`.
pub(crate) type Row<S> = <<S as Subject>::Table as Columns>::Row;

/// Words of a list.
pub(crate) struct Words {
    /// The title.
    pub(super) question: &'static str,
    /// One of those that are listed.
    pub(super) one: &'static str,
    /// Several of them.
    pub(super) several: &'static str,
    /// The key for the last entry.
    pub(super) other_key: char,
    /// What is said to somebody who wants another scan in the middle of one; `None` if a scan can be cut off at any
    /// time, by another one or by the choice.
    pub(super) under_way: Option<&'static str>,
    /// The keys.
    pub(super) help: &'static str,
}

/// The networks that a device sees.
#[derive(Debug, Default)]
pub(crate) struct Networks;

impl Subject for Networks {
    type Table = Table;

    const WORDS: Words = Words {
        question: "Which network?",
        one: "network",
        several: "networks",
        other_key: 'h',
        // A scan that is cut off would cost its session.
        under_way: Some("The device is scanning already."),
        help: "Enter takes it, arrows or a number move, r scans again, h another, q leaves",
    };

    /// Hidden ones are told apart by their access points.
    fn is_same(one: &NetworkRow, other: &NetworkRow) -> bool {
        one.octets == other.octets
            && one.auth_mode == other.auth_mode
            && (!one.octets.is_empty() || one.bssids == other.bssids)
    }

    /// A scan folds and sorts what it finds itself.
    fn arrange(&self, _: &[NetworkRow], found: &[NetworkRow], _: bool) -> Vec<NetworkRow> {
        found.to_vec()
    }

    fn other(&self, _: &[NetworkRow]) -> String {
        "Other network (hidden) ...".into()
    }

    fn take_other(&mut self) -> bool {
        false
    }

    fn nothing(&self) -> String {
        "The device sees no network. Move it closer to an access point, then scan again (r).".into()
    }

    fn chosen(choice: &Choice<NetworkRow>) -> String {
        match choice {
            Choice::Listed(row) => format!("Network: {} ({})", network_name(&row.octets), auth_name(row.auth_mode)),
            Choice::Other => "Network: another one".into(),
        }
    }
}

/// The devices that are heard over Bluetooth.
#[derive(Debug)]
pub(crate) struct Devices {
    /// What those that are looked for are like.
    wanted: String,
    /// Whether the others are listed too.
    shows_all: bool,
}

impl Devices {
    /// Those that are looked for, first: they are like `wanted` says, as in "devices to provision".
    pub(crate) fn new(wanted: String) -> Self {
        Self {
            wanted,
            shows_all: false,
        }
    }

    fn lists(&self, row: &HeardDevice) -> bool {
        self.shows_all || row.matches
    }
}

impl Subject for Devices {
    type Table = HeardTable;

    const WORDS: Words = Words {
        question: "Which device?",
        one: "device",
        several: "devices",
        other_key: 'a',
        under_way: None,
        help: "Enter takes it, arrows or a number move, r scans again, a shows all, q leaves",
    };

    fn is_same(one: &HeardDevice, other: &HeardDevice) -> bool {
        one.is_same(other)
    }

    /// Strongest first, but what is listed stays where it is, however its signal changes: nothing moves under the
    /// finger but to make room.
    fn arrange(&self, listed: &[HeardDevice], found: &[HeardDevice], is_over: bool) -> Vec<HeardDevice> {
        let now = |row: &HeardDevice| found.iter().find(|found| Self::is_same(found, row));
        let stays = listed.iter().filter_map(|row| match now(row) {
            Some(now) => Some(now.clone()),
            None => (!is_over).then(|| row.clone()),
        });
        let mut rows: Vec<HeardDevice> = stays.filter(|row| self.lists(row)).collect();
        for new in found.iter().filter(|row| self.lists(row)) {
            if !rows.iter().any(|row| Self::is_same(row, new)) {
                let place = rows.iter().position(|row| row.strength() < new.strength());
                rows.insert(place.unwrap_or(rows.len()), new.clone());
            }
        }
        rows
    }

    fn other(&self, found: &[HeardDevice]) -> String {
        if self.shows_all {
            return format!("Show only {} ...", self.wanted);
        }
        match found.iter().filter(|row| !row.matches).count() {
            0 => "Show all devices that are heard ...".into(),
            more => format!("Show all devices that are heard ({more} more) ..."),
        }
    }

    fn take_other(&mut self) -> bool {
        self.shows_all = !self.shows_all;
        true
    }

    fn nothing(&self) -> String {
        if self.shows_all {
            return "No device is heard. Switch it on and bring it close, then scan again (r).".into();
        }
        format!(
            "No {} are heard. Bring one close and switch it on, then scan again (r).",
            self.wanted
        )
    }

    fn chosen(choice: &Choice<HeardDevice>) -> String {
        match choice {
            Choice::Listed(row) => format!("Device: {}", row.label()),
            Choice::Other => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::examples::heard;

    fn names(rows: &[HeardDevice]) -> Vec<String> {
        rows.iter().map(HeardDevice::handle).collect()
    }

    #[test]
    fn a_stronger_device_comes_before_weaker_ones() {
        let devices = Devices::new(String::new());
        let found = [
            heard("PROV_b", 1, -60),
            heard("PROV_a", 2, -40),
            heard("PROV_c", 3, -80),
        ];
        assert_eq!(
            names(&devices.arrange(&[], &found, false)),
            ["PROV_a", "PROV_b", "PROV_c"]
        );
    }

    #[test]
    fn what_is_listed_keeps_its_place_when_signals_change() {
        let devices = Devices::new(String::new());
        let before = devices.arrange(&[], &[heard("PROV_a", 1, -40), heard("PROV_b", 2, -60)], false);
        let now = [
            heard("PROV_a", 1, -80),
            heard("PROV_b", 2, -30),
            heard("PROV_c", 3, -50),
        ];
        let after = devices.arrange(&before, &now, false);
        assert_eq!(names(&after), ["PROV_c", "PROV_a", "PROV_b"]);
        assert_eq!(after[1].strength(), -80, "the signal is shown as it is now");
        let anew = devices.arrange(&[], &after, false);
        assert_eq!(names(&anew), ["PROV_b", "PROV_c", "PROV_a"], "another scan sorts anew");
    }

    #[test]
    fn a_device_that_is_not_heard_again_goes_when_the_scan_is_over() {
        let devices = Devices::new(String::new());
        let before = [heard("PROV_a", 1, -40), heard("PROV_b", 2, -60)];
        let now = [heard("PROV_b", 2, -60)];
        assert_eq!(names(&devices.arrange(&before, &now, false)), ["PROV_a", "PROV_b"]);
        assert_eq!(names(&devices.arrange(&before, &now, true)), ["PROV_b"]);
    }

    #[test]
    fn other_devices_are_counted_and_shown_when_that_is_asked_for() {
        let mut devices = Devices::new("devices called PROV_...".into());
        let found = [heard("lamp", 1, -30), heard("PROV_b", 2, -60), heard("", 3, -70)];
        assert_eq!(names(&devices.arrange(&[], &found, true)), ["PROV_b"]);
        assert_eq!(devices.other(&found), "Show all devices that are heard (2 more) ...");
        assert!(devices.take_other());
        let all = devices.arrange(&[], &found, true);
        assert_eq!(names(&all), ["lamp", "PROV_b", "C0:00:00:00:00:03"]);
        assert_eq!(devices.other(&found), "Show only devices called PROV_... ...");
        assert!(devices.take_other());
        assert_eq!(names(&devices.arrange(&all, &found, true)), ["PROV_b"]);
    }
}
