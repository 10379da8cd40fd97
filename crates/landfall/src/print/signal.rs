//! How strong a signal is, to be seen at a glance.

use clap::builder::styling::AnsiColor;

use super::style;

/// `rssi` in dBm behind its bars. It takes [`WIDTH`] cells.
pub(super) fn strength(rssi: i32) -> String {
    format!("{} {rssi:>4} dBm", bars(rssi))
}

/// The cells that a strength takes.
pub(super) const WIDTH: usize = 13;

/// Four bars for a signal that carries anything, one for a signal that hardly carries.
pub(super) fn bars(rssi: i32) -> String {
    let (bars, color) = match rssi {
        -55.. => ("▂▄▆█", AnsiColor::Green),
        -67..=-56 => ("▂▄▆ ", AnsiColor::Green),
        -75..=-68 => ("▂▄  ", AnsiColor::Yellow),
        _ => ("▂   ", AnsiColor::Red),
    };
    let style = style(color);
    format!("{style}{bars}{style:#}")
}
