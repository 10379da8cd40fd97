//! How strong a signal is, to be seen at a glance.

use clap::builder::styling::AnsiColor;

use super::style;

/// `rssi` in dBm behind its bars. It takes [`WIDTH`] cells.
pub(super) fn strength(rssi: i32) -> String {
    format!("{} {rssi:>4} dBm", bars(rssi))
}

/// `percent` of the strongest signal, behind the bars of about so many dBm.
pub(super) fn share(percent: u8) -> String {
    // As NetworkManager reckons: nothing at -100 dBm, all at -40 dBm.
    let about = i32::from(percent) * 3 / 5 - 100;
    format!("{} {percent:>4} %  ", bars(about))
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
