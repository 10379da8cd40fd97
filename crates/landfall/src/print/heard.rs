//! The devices that are heard over Bluetooth, as rows and as a table.

use clap::builder::styling::Style;
use landfall_client::{ble::Found, protocomm::gatt::ServiceUuid};
use serde::Serialize;

use super::{
    signal::{self, bars, strength},
    table::{Columns, NUMBER, SHORT_NAME, widest},
    text::printable,
};
use crate::terminal::fit;

/// A device that was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct HeardDevice {
    name: Option<String>,
    address: String,
    /// Signal strength in dBm, if the radio tells it.
    rssi: Option<i8>,
    /// The UUID of the service that it offers.
    service: Option<String>,
    /// Whether it is one of those that are looked for.
    pub(crate) matches: bool,
    /// The device itself.
    #[serde(skip)]
    pub(crate) found: Found,
}

impl HeardDevice {
    /// What is told of `found`.
    pub(crate) fn new(found: &Found, matches: bool) -> Self {
        Self {
            name: found.name.clone().filter(|name| !name.is_empty()),
            address: found.address.to_string(),
            rssi: Some(found.rssi).filter(|rssi| *rssi != UNKNOWN_RSSI),
            service: found.service.map(|service| service.uuid().to_string()),
            matches,
            found: found.clone(),
        }
    }

    /// Whether both are one device, heard at different moments.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (self.found.address, self.found.kind) == (other.found.address, other.found.kind)
    }

    /// How strongly it is heard, to compare.
    pub(crate) fn strength(&self) -> i8 {
        self.rssi.unwrap_or(i8::MIN)
    }

    /// Its name and address, as a person may read them.
    pub(crate) fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{} ({})", printable(name.as_bytes()), self.address),
            None => self.address.clone(),
        }
    }

    /// What somebody gives with `--device` to mean this one.
    pub(crate) fn handle(&self) -> String {
        let typable = |name: &&String| printable(name.as_bytes()) == **name;
        self.name.as_ref().filter(typable).unwrap_or(&self.address).clone()
    }

    fn shown_name(&self) -> String {
        let name = self.name.as_ref();
        name.map_or_else(|| "(no name)".into(), |name| printable(name.as_bytes()))
    }

    fn shown_service(&self) -> String {
        match self.found.service {
            Some(ServiceUuid::EXAMPLE | ServiceUuid::COMPONENT | ServiceUuid::EARLY) => "provisioning".into(),
            _ => self.service.clone().unwrap_or_else(|| "-".into()),
        }
    }
}

/// What a controller says that does not know how strong a signal is (Bluetooth Core, volume 4, part E, 7.7.65.2).
const UNKNOWN_RSSI: i8 = 127;

/// A table of devices: which columns there are, and how wide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeardTable {
    detail: Detail,
    name: usize,
}

/// How much is told of a device. Each says what those before say, and one thing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    Name,
    Bars,
    Strength,
    Address,
    Service,
}

impl Detail {
    /// What falls away last comes last.
    const ALL: [Self; 5] = [Self::Service, Self::Address, Self::Strength, Self::Bars, Self::Name];

    /// The cells of the widest row without its name.
    fn beside_name(self, rows: &[HeardDevice]) -> usize {
        let service = 2 + widest(rows, HeardDevice::shown_service).max("SERVICE".len());
        NUMBER
            + match self {
                Self::Name => 0,
                Self::Bars => 2 + SIGNAL.len(),
                Self::Strength => 2 + signal::WIDTH,
                Self::Address => 2 + signal::WIDTH + 2 + ADDRESS,
                Self::Service => 2 + signal::WIDTH + 2 + ADDRESS + service,
            }
    }
}

impl Columns for HeardTable {
    type Row = HeardDevice;

    fn within(rows: &[HeardDevice], cells: usize) -> Self {
        let name = widest(rows, HeardDevice::shown_name).max(NAME.len());
        let enough = name.min(SHORT_NAME);
        let room = |detail: Detail| cells.checked_sub(detail.beside_name(rows));
        let fitting = Detail::ALL
            .into_iter()
            .find_map(|detail| Some((detail, room(detail).filter(|room| *room >= enough)?)));
        let (detail, room) = fitting.unwrap_or_else(|| (Detail::Name, room(Detail::Name).unwrap_or_default()));
        Self {
            detail,
            name: name.min(room),
        }
    }

    fn heading(&self) -> String {
        let bold = Style::new().bold();
        let mut line = format!("{bold}{:>4}  {}", "", fit(NAME, self.name));
        line += &match self.detail {
            Detail::Name => String::new(),
            Detail::Bars => format!("  {SIGNAL}"),
            _ => format!("  {}", fit(SIGNAL, signal::WIDTH)),
        };
        if self.detail >= Detail::Address {
            line += &format!("  {}", fit("ADDRESS", ADDRESS));
        }
        if self.detail >= Detail::Service {
            line += "  SERVICE";
        }
        format!("{line}{bold:#}")
    }

    fn row(&self, number: usize, row: &HeardDevice, stands_out: bool) -> String {
        let bold = if stands_out { Style::new().bold() } else { Style::new() };
        let mut line = format!("{number:>3}.  {bold}{}{bold:#}", fit(&row.shown_name(), self.name));
        line += &match (self.detail, row.rssi) {
            (Detail::Name, _) => String::new(),
            (Detail::Bars, Some(rssi)) => format!("  {}  ", bars(rssi.into())),
            (Detail::Bars, None) => format!("  {}", fit("-", SIGNAL.len())),
            (_, Some(rssi)) => format!("  {}", strength(rssi.into())),
            (_, None) => format!("  {}", fit("-", signal::WIDTH)),
        };
        if self.detail >= Detail::Address {
            line += &format!("  {}", row.address);
        }
        if self.detail >= Detail::Service {
            line += &format!("  {}", row.shown_service());
        }
        line
    }
}

const NAME: &str = "DEVICE";
const SIGNAL: &str = "SIGNAL";
/// Cells of an address.
const ADDRESS: usize = 17;

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::terminal::{examples::heard, width};

    fn shown(cells: usize) -> Vec<String> {
        let rows = [
            heard("PROV_261FCC", 1, -41),
            heard("a name of twenty-nine letters", 2, -70),
            heard("", 3, UNKNOWN_RSSI),
        ];
        let table = HeardTable::within(&rows, cells);
        let numbered = rows.iter().enumerate();
        let rows = numbered.map(|(index, row)| table.row(index + 1, row, index == 0));
        core::iter::once(table.heading())
            .chain(rows)
            .map(|line| strip_str(&line).to_string())
            .collect()
    }

    #[test]
    fn no_line_is_wider_than_the_window() {
        for cells in 8..130 {
            for line in shown(cells) {
                assert!(width(&line) <= cells, "{cells}: {line:?} has {}", width(&line));
            }
        }
    }

    #[test]
    fn columns_fall_away_before_names_are_cut_short() {
        let mut all = String::new();
        for cells in [90, 76, 60, 50, 40, 34, 28, 16] {
            all += &format!("{}\n{}\n", "-".repeat(cells), shown(cells).join("\n"));
        }
        insta::assert_snapshot!(all);
    }
}
