//! What a scan for Thread asks and prints.

use landfall_client::protocomm::wire::{ScanRequest, ScanResponseBody, ThreadScanEntry};

use crate::{
    esp_prov::scan::Found,
    print::text::{hex, printable},
};

/// One Thread network that the device hears, as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ThreadNetwork {
    pub(super) pan_id: u32,
    pub(super) channel: u32,
    pub(super) rssi: i32,
    pub(super) lqi: u32,
    pub(super) ext_addr: Vec<u8>,
    pub(super) name: Vec<u8>,
    pub(super) ext_pan_id: Vec<u8>,
}

impl From<ThreadScanEntry<'_>> for ThreadNetwork {
    fn from(entry: ThreadScanEntry<'_>) -> Self {
        Self {
            pan_id: entry.pan_id,
            channel: entry.channel,
            rssi: entry.rssi,
            lqi: entry.lqi,
            ext_addr: entry.ext_addr.to_vec(),
            name: entry.network_name.to_vec(),
            ext_pan_id: entry.ext_pan_id.to_vec(),
        }
    }
}

impl Found for ThreadNetwork {
    const WHAT: &'static str = "Thread Networks";
    const RESULTS: &'static str = "==== Thread Scan results ====";
    const NONE: &'static str = "No Thread Networks found!";
    const QUESTION: &'static str = "Select Network by number (0 to rescan) : ";

    fn start(_group_channels: u32) -> ScanRequest {
        ScanRequest::ThreadStart {
            blocking: true,
            channel_mask: 0,
        }
    }

    fn status() -> ScanRequest {
        ScanRequest::ThreadStatus
    }

    fn entries(start_index: u32, count: u32) -> ScanRequest {
        ScanRequest::ThreadResult { start_index, count }
    }

    /// The original asks for as few over any transport.
    fn page(_page: u32) -> u32 {
        4
    }

    fn read(body: ScanResponseBody<'_>) -> Option<Vec<Self>> {
        match body {
            ScanResponseBody::ThreadResult(entries) => Some(entries.iter().map(Self::from).collect()),
            _ => None,
        }
    }

    fn heading() -> String {
        row(["S.N.", "PAN ID", "EXT PAN ID", "NAME", "EXT ADDR", "CHN", "RSSI", "LQI"])
    }

    fn row(&self, number: usize) -> String {
        row([
            &format!("[{number:>2}]"),
            &self.pan_id.to_string(),
            &hex(&self.ext_pan_id),
            &printable(&self.name),
            &hex(&self.ext_addr),
            &self.channel.to_string(),
            &self.rssi.to_string(),
            &self.lqi.to_string(),
        ])
    }
}

fn row([number, pan_id, ext_pan_id, name, ext_addr, channel, rssi, lqi]: [&str; 8]) -> String {
    format!("{number:>4} {pan_id:<8} {ext_pan_id:<18} {name:<18} {ext_addr:<18} {channel:<4} {rssi:<4} {lqi:<16}")
}
