//! The networks of a scan as a table, as wide as they need or as a window allows.

use clap::builder::styling::Style;

use super::{
    NetworkRow,
    signal::{self, bars, strength},
    text::{auth_name, network_name},
};
use crate::terminal::{fit, width};

/// A table with a numbered line for each row, whose columns fall away where there is little room.
pub(crate) trait Columns {
    /// What a line tells of.
    type Row: Clone;

    /// A table of `rows` that fits into `cells`: columns fall away before names are cut short.
    fn within(rows: &[Self::Row], cells: usize) -> Self;

    /// The line above the rows.
    fn heading(&self) -> String;

    /// One row. The name of one that `stands_out` is bold.
    fn row(&self, number: usize, row: &Self::Row, stands_out: bool) -> String;
}

/// A table of networks: which columns there are, and how wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table {
    detail: Detail,
    name: usize,
    channels: usize,
}

/// How much is told of a network. Each says what those before say, and one thing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    Name,
    Security,
    Bars,
    Strength,
    Channels,
    AccessPoints,
}

impl Detail {
    /// What falls away last comes last.
    const ALL: [Self; 6] = [
        Self::AccessPoints,
        Self::Channels,
        Self::Strength,
        Self::Bars,
        Self::Security,
        Self::Name,
    ];
}

impl Table {
    /// A table of `rows` that leaves nothing out.
    fn of(rows: &[NetworkRow]) -> Self {
        Self {
            detail: Detail::AccessPoints,
            name: widest(rows, |row| network_name(&row.octets)).max(NAME.len()),
            channels: widest(rows, channels).max(CHANNELS),
        }
    }

    /// The cells of the widest row without its name.
    fn beside_name(&self, rows: &[NetworkRow]) -> usize {
        let mut cells = NUMBER;
        if self.detail >= Detail::Bars {
            cells += 2 + self.signal();
        }
        if self.detail >= Detail::Channels {
            cells += 2 + self.channels;
        }
        if self.detail >= Detail::Security {
            cells += 2 + widest(rows, |row| self.tail(row)).max("SECURITY".len());
        }
        cells
    }

    fn signal(&self) -> usize {
        if self.detail >= Detail::Strength {
            signal::WIDTH
        } else {
            SIGNAL.len()
        }
    }

    /// What stands in no column of its own, since nothing follows it.
    fn tail(&self, row: &NetworkRow) -> String {
        let security = auth_name(row.auth_mode);
        match row.access_points {
            several @ 2.. if self.detail >= Detail::AccessPoints => format!("{security}  ({several} access points)"),
            _ => security,
        }
    }
}

impl Columns for Table {
    type Row = NetworkRow;

    fn within(rows: &[NetworkRow], cells: usize) -> Self {
        let whole = Self::of(rows);
        let room = |detail| cells.checked_sub(Self { detail, ..whole }.beside_name(rows));
        let enough = whole.name.min(SHORT_NAME);
        let fitting = Detail::ALL
            .into_iter()
            .find_map(|detail| Some((detail, room(detail).filter(|room| *room >= enough)?)));
        let (detail, room) = fitting.unwrap_or_else(|| (Detail::Name, room(Detail::Name).unwrap_or_default()));
        Self {
            detail,
            name: whole.name.min(room),
            ..whole
        }
    }

    fn heading(&self) -> String {
        let bold = Style::new().bold();
        let mut line = format!("{bold}{:>4}  {}", "", fit(NAME, self.name));
        if self.detail >= Detail::Bars {
            line += &format!("  {}", fit(SIGNAL, self.signal()));
        }
        if self.detail >= Detail::Channels {
            line += &format!("  {}", fit("CHANNEL", self.channels));
        }
        if self.detail >= Detail::Security {
            line += "  SECURITY";
        }
        format!("{line}{bold:#}")
    }

    fn row(&self, number: usize, row: &NetworkRow, stands_out: bool) -> String {
        let bold = if stands_out { Style::new().bold() } else { Style::new() };
        let name = fit(&network_name(&row.octets), self.name);
        let mut line = format!("{number:>3}.  {bold}{name}{bold:#}");
        if self.detail >= Detail::Strength {
            line += &format!("  {}", strength(row.rssi));
        } else if self.detail >= Detail::Bars {
            line += &format!("  {}  ", bars(row.rssi));
        }
        if self.detail >= Detail::Channels {
            line += &format!("  {}", fit(&channels(row), self.channels));
        }
        if self.detail >= Detail::Security {
            line += &format!("  {}", self.tail(row));
        }
        line
    }
}

/// All rows without anything left out, under a line of headings.
pub(super) fn lines(rows: &[NetworkRow]) -> Vec<String> {
    let table = Table::of(rows);
    let numbered = rows.iter().enumerate();
    let rows = numbered.map(|(index, row)| table.row(index + 1, row, false));
    core::iter::once(table.heading()).chain(rows).collect()
}

const NAME: &str = "NETWORK";
const SIGNAL: &str = "SIGNAL";
/// Cells for most channels, so that the columns seldom move while a scan comes in.
const CHANNELS: usize = 9;
/// Cells for a number and what follows it.
pub(super) const NUMBER: usize = 6;
/// A name that is told apart by so many cells is worth less than another column.
pub(super) const SHORT_NAME: usize = 12;

/// The cells that the widest of all cells takes.
pub(super) fn widest<R>(rows: &[R], cell: impl Fn(&R) -> String) -> usize {
    rows.iter().map(|row| width(&cell(row))).max().unwrap_or_default()
}

fn channels(row: &NetworkRow) -> String {
    row.channels.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::terminal::examples::{found, named};

    fn shown(cells: usize) -> Vec<String> {
        let mut rows = found([
            named("MyHomeWiFiAP", -60),
            named("a name of thirty-two characters..", -70),
        ])
        .networks;
        rows[0].access_points = 2;
        rows[0].channels = vec![1, 11];
        let table = Table::within(&rows, cells);
        let lines = [
            table.heading(),
            table.row(1, &rows[0], true),
            table.row(2, &rows[1], false),
        ];
        lines.iter().map(|line| strip_str(line).to_string()).collect()
    }

    #[test]
    fn no_line_is_wider_than_the_window() {
        for cells in 8..130 {
            for line in shown(cells) {
                assert!(
                    width(&line) <= cells.max(NUMBER),
                    "{cells}: {line:?} has {}",
                    width(&line)
                );
            }
        }
    }

    #[test]
    fn columns_fall_away_before_names_are_cut_short() {
        let mut all = String::new();
        for cells in [110, 80, 60, 50, 40, 34, 28, 16] {
            all += &format!("{}\n{}\n", "-".repeat(cells), shown(cells).join("\n"));
        }
        insta::assert_snapshot!(all);
    }
}
