//! The devices that a discovery finds, as a table whose rows come one by one.

use clap::builder::styling::Style;

use super::{
    event::{Discovered, DiscoveredState, OnAir},
    signal,
    text::{auth_name, printable},
};
use crate::terminal::fit;

/// The row of a device, under the headings if it is the first.
pub(super) fn lines(device: &Discovered) -> Vec<String> {
    let place = place(device);
    let width = device.place_width.max(HEADING.len());
    let security = device
        .security
        .map_or_else(|| "-".to_owned(), |scheme| scheme.to_string());
    let (signal, transport) = (strength(device), device.transport);
    let row = format!(
        "{}  {transport:<9}  {signal}  {security:<8}  {}",
        fit(&place, width.max(crate::terminal::width(&place))),
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

fn place(device: &Discovered) -> String {
    match &device.heard {
        Some(OnAir::AccessPoint { octets, .. }) => printable(octets),
        _ => printable(device.place.as_bytes()),
    }
}

fn strength(device: &Discovered) -> String {
    let percent = match &device.heard {
        Some(OnAir::AccessPoint { signal_percent, .. }) => *signal_percent,
        _ => None,
    };
    match (device.signal_dbm, percent) {
        (Some(dbm), _) => signal::strength(dbm),
        (None, Some(percent)) => signal::share(percent),
        (None, None) => format!("{:<1$}", "-", signal::WIDTH),
    }
}

/// What is known beside the columns, and why no more is.
fn words(device: &Discovered) -> String {
    let mut words = state(device).to_owned();
    if let (Some(version), Some(_)) = (&device.version, &device.heard) {
        words += &format!(", version {}", printable(version.as_bytes()));
    }
    let details = device
        .heard
        .as_ref()
        .map(details)
        .into_iter()
        .chain(device.hardware.clone());
    for detail in details {
        words += &format!(" ({})", printable(detail.as_bytes()));
    }
    if let Some(reason) = &device.reason {
        words += &format!(": {}", printable(reason.as_bytes()));
    }
    words
}

fn state(device: &Discovered) -> &'static str {
    match (device.state, &device.heard) {
        (DiscoveredState::Ready, _) => "ready",
        (DiscoveredState::Busy, _) => "busy with another client",
        (DiscoveredState::NotAsked, Some(_)) => "in range, not asked",
        (DiscoveredState::NotAsked, None) => "serial port, not asked",
        (DiscoveredState::NoAnswer, Some(_)) => "in range, no answer",
        (DiscoveredState::NoAnswer, None) => "serial port, no answer",
        (DiscoveredState::Unusable, _) => "serial port that cannot be used",
        (DiscoveredState::NotJoined, _) => "access point, not joined",
        (DiscoveredState::Joined, _) => "access point, joined",
    }
}

/// What was heard on the air, apart from what stands in a column.
fn details(heard: &OnAir) -> String {
    let known: Vec<String> = match heard {
        OnAir::Device {
            name,
            address,
            service,
            manufacturer_data,
        } => {
            let address = name.is_some().then(|| address.clone());
            let service = service.as_ref().map(|service| format!("service {service}"));
            let data = manufacturer_data
                .as_ref()
                .map(|data| format!("manufacturer data {data}"));
            [address, service, data].into_iter().flatten().collect()
        }
        OnAir::AccessPoint {
            bssid,
            channel,
            auth_mode,
            ..
        } => {
            let channel = channel.map(|channel| format!("channel {channel}"));
            let all = [Some(auth_name(*auth_mode)), channel, bssid.clone()];
            all.into_iter().flatten().collect()
        }
    };
    if known.is_empty() {
        "nothing told".to_owned()
    } else {
        known.join(", ")
    }
}
