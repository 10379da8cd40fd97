//! The devices that a discovery finds, as a table whose rows come one by one.

use clap::builder::styling::Style;

use super::{
    event::{Discovered, DiscoveredState},
    signal,
    text::printable,
};

/// The row of a device, under the headings if it is the first.
pub(super) fn lines(device: &Discovered) -> Vec<String> {
    let width = device.place_width.max(HEADING.len());
    let signal = device
        .signal_dbm
        .map_or_else(|| format!("{:<1$}", "-", signal::WIDTH), signal::strength);
    let security = device
        .security
        .map_or_else(|| "-".to_owned(), |scheme| scheme.to_string());
    let (place, transport) = (printable(device.place.as_bytes()), device.transport);
    let row = format!(
        "{place:<width$}  {transport:<9}  {signal}  {security:<8}  {}",
        words(device)
    );
    if !device.is_first {
        return vec![row];
    }
    let bold = Style::new().bold();
    let heading = format!(
        "{bold}{HEADING:<width$}  {:<9}  {:<signal$}  {:<8}  STATE{bold:#}",
        "TRANSPORT",
        "SIGNAL",
        "SECURITY",
        signal = signal::WIDTH
    );
    vec![heading, row]
}

const HEADING: &str = "DEVICE";

fn words(device: &Discovered) -> String {
    let state = match device.state {
        DiscoveredState::Ready => "ready",
        DiscoveredState::Busy => "busy with another client",
        DiscoveredState::NotAsked => "serial port, not asked",
        DiscoveredState::NoAnswer => "serial port, no answer",
        DiscoveredState::Unusable => "serial port that cannot be used",
    };
    let mut words = state.to_owned();
    for (before, more, after) in [(" (", &device.hardware, ")"), (": ", &device.reason, "")] {
        if let Some(more) = more {
            words += &format!("{before}{}{after}", printable(more.as_bytes()));
        }
    }
    words
}
