//! The networks of a scan as a table.

use clap::builder::styling::{AnsiColor, Style};

use super::{
    NetworkRow, style,
    text::{auth_name, network_name},
};

/// One numbered line a network, under a line of headings.
pub(super) fn lines(rows: &[NetworkRow]) -> Vec<String> {
    let names: Vec<String> = rows.iter().map(|row| network_name(&row.octets)).collect();
    let width = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or_default()
        .max("NETWORK".len());
    let bold = Style::new().bold();
    let heading = format!(
        "{bold}{:>4}  {:<width$}  {:<13}  {:<9}  SECURITY{bold:#}",
        "", "NETWORK", "SIGNAL", "CHANNEL"
    );
    core::iter::once(heading)
        .chain(
            rows.iter()
                .zip(names)
                .enumerate()
                .map(|(index, (row, name))| line(index + 1, row, &name, width)),
        )
        .collect()
}

fn line(number: usize, row: &NetworkRow, name: &str, width: usize) -> String {
    let channels = row.channels.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let signal = format!("{} {:>4} dBm", bars(row.rssi), row.rssi);
    let count = match row.access_points {
        1 => String::new(),
        several => format!("  ({several} access points)"),
    };
    format!(
        "{number:>3}.  {name:<width$}  {signal}  {channels:<9}  {}{count}",
        auth_name(row.auth_mode)
    )
}

/// Four bars for a signal that carries anything, one for a signal that hardly carries.
fn bars(rssi: i32) -> String {
    let (bars, color) = match rssi {
        -55.. => ("▂▄▆█", AnsiColor::Green),
        -67..=-56 => ("▂▄▆ ", AnsiColor::Green),
        -75..=-68 => ("▂▄  ", AnsiColor::Yellow),
        _ => ("▂   ", AnsiColor::Red),
    };
    let style = style(color);
    format!("{style}{bars}{style:#}")
}
