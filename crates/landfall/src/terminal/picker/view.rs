//! What the list looks like in a window.

use core::time::Duration;

use clap::builder::styling::{AnsiColor, Color, Style};

use super::{list::List, subject::Subject};
use crate::{
    print::Columns as _,
    terminal::{
        Size,
        spinner::{Seconds, frame},
        width::cut,
    },
};

/// The lines for a window of this size; none of them is wider. The scan has taken so long.
pub(super) fn lines<S: Subject>(list: &mut List<S>, size: Size, taken: Duration) -> Vec<String> {
    let cells = size.columns.saturating_sub(MARK);
    let table = S::Table::within(list.rows(), cells);
    let window = list.window(room(size));
    let mut lines = Vec::new();
    if size.rows > SMALL {
        lines.push(title(list, size, taken));
        lines.push(format!("{:MARK$}{}", "", table.heading()));
    }
    lines.extend(window.map(|entry| {
        let is_here = entry == list.cursor();
        let text = match list.rows().get(entry) {
            Some(row) => table.row(entry + 1, row, is_here),
            None => other(list, cells, is_here),
        };
        format!("{}{text}", mark(is_here))
    }));
    if size.rows > 1 {
        lines.push(footer(list, size));
    }
    lines.iter().map(|line| within(line, size.columns)).collect()
}

/// The entries that are seen in a window of this size.
pub(super) fn room(size: Size) -> usize {
    let others = if size.rows > SMALL { 3 } else { 1 };
    // One line stays free, so that nothing scrolls away above.
    size.rows.saturating_sub(others + 1).max(1)
}

/// Windows of no more rows show entries and nothing above them.
const SMALL: usize = 6;
/// Cells of the mark before each entry.
const MARK: usize = 2;

fn title<S: Subject>(list: &List<S>, size: Size, taken: Duration) -> String {
    let count = match list.rows().len() {
        0 if list.is_scanning() => String::new(),
        1 => format!("1 {}", S::WORDS.one),
        several => format!("{several} {}", S::WORDS.several),
    };
    let scanning = if list.is_scanning() {
        format!("{} Scanning ... {}", frame(taken), Seconds(taken))
    } else {
        String::new()
    };
    let parts = [S::WORDS.question, &scanning, &count].map(str::to_owned);
    let told: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    cut(&told.join("  "), size.columns)
}

/// A mark that can be seen without colours.
fn mark(is_here: bool) -> String {
    if is_here {
        let cyan = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Cyan))).bold();
        format!("{cyan}>{cyan:#} ")
    } else {
        "  ".into()
    }
}

fn other<S: Subject>(list: &List<S>, cells: usize, stands_out: bool) -> String {
    let bold = if stands_out { Style::new().bold() } else { Style::new() };
    let text = cut(&format!("  {}.  {}", S::WORDS.other_key, list.other()), cells);
    format!("{bold}{text}{bold:#}")
}

fn footer<S: Subject>(list: &List<S>, size: Size) -> String {
    match list.note() {
        Some(note) => {
            let yellow = Style::new().fg_color(Some(Color::Ansi(AnsiColor::Yellow)));
            format!("{yellow}{}{yellow:#}", cut(note, size.columns))
        }
        None => {
            let dim = Style::new().dimmed();
            format!("{dim}{}{dim:#}", cut(S::WORDS.help, size.columns))
        }
    }
}

/// `line` as it is, or without its styles and cut in a window so narrow that not even a number fits.
fn within(line: &str, columns: usize) -> String {
    let plain = anstream::adapter::strip_str(line).to_string();
    if crate::terminal::width(&plain) <= columns {
        line.to_owned()
    } else {
        cut(&plain, columns)
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::terminal::{
        examples::{heard, hidden, named},
        keys::Key,
        picker::{Devices, Networks},
        width,
    };

    fn list() -> List<Networks> {
        let mut list = List::new(Networks, None);
        list.scan_ended(vec![
            named("MyHomeWiFiAP", -40),
            named("家のネットワーク", -58),
            named("e\x1b[2Jvil\r\n", -66),
            hidden(1, -70),
            named("a name of thirty-two characters..", -80),
        ]);
        list
    }

    fn devices() -> List<Devices> {
        let mut list = List::new(Devices::new("devices called PROV_...".into()), None);
        list.show(vec![
            heard("PROV_261FCC", 1, -41),
            heard("PROV_e\x1b[2Jvil\r\n", 2, -66),
            heard("some headphones", 3, -70),
        ]);
        list
    }

    fn shown<S: Subject>(list: &mut List<S>, columns: usize, rows: usize) -> Vec<String> {
        lines(list, Size { columns, rows }, Duration::from_millis(2149))
            .iter()
            .map(|line| strip_str(line).to_string())
            .collect()
    }

    #[test]
    fn the_list_fits_any_window() {
        for columns in 1..120 {
            for rows in 1..20 {
                for lines in [shown(&mut list(), columns, rows), shown(&mut devices(), columns, rows)] {
                    assert!(lines.len() <= rows.max(2), "{columns}x{rows}: {lines:#?}");
                    for line in lines {
                        assert!(width(&line) <= columns, "{columns}x{rows}: {line:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn windows_of_several_sizes() {
        let mut all = String::new();
        for (columns, rows) in [(99, 30), (60, 30), (39, 8), (20, 5)] {
            all += &format!("{columns}x{rows}\n{}\n\n", shown(&mut list(), columns, rows).join("\n"));
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn devices_in_windows_of_several_sizes() {
        let mut all = String::new();
        for (columns, rows) in [(99, 30), (60, 30), (39, 8), (20, 5)] {
            all += &format!(
                "{columns}x{rows}\n{}\n\n",
                shown(&mut devices(), columns, rows).join("\n")
            );
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn a_scan_that_has_found_nothing_yet_shows_how_long_it_takes() {
        assert!(shown(&mut List::new(Networks, None), 80, 24)[0].ends_with(" Scanning ... 2.1 s"));
        let mut list = list();
        list.scan_began();
        assert!(shown(&mut list, 80, 24)[0].ends_with(" Scanning ... 2.1 s  5 networks"));
    }

    #[test]
    fn a_note_stands_where_the_keys_are_explained() {
        let mut list = list();
        list.press(Key::Character('9'), 10);
        assert_eq!(
            shown(&mut list, 80, 24).last().map(String::as_str),
            Some("There is no number 9: the networks have 1 to 5.")
        );
    }

    #[test]
    fn without_colours_the_cursor_is_a_sign() {
        let marked: Vec<String> = shown(&mut list(), 80, 24)
            .into_iter()
            .filter(|line| line.starts_with('>'))
            .collect();
        assert_eq!(marked.len(), 1);
        assert!(marked[0].starts_with(">   1.  MyHomeWiFiAP"));
    }
}
