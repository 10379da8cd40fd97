//! Step 9 of spec esp_prov.md 2: what a scan for Wi-Fi asks and prints.

use landfall_client::{
    FoundNetwork,
    protocomm::wire::{ScanRequest, ScanResponseBody, ScanStart},
};

use crate::{
    esp_prov::{scan::Found, text::ssid},
    print::text::hex,
};

impl Found for FoundNetwork {
    const WHAT: &'static str = "Wi-Fi APs";
    const RESULTS: &'static str = "==== Wi-Fi Scan results ====";
    const NONE: &'static str = "No APs found!";
    const QUESTION: &'static str = "Select AP by number (0 to rescan) : ";

    fn start(group_channels: u32) -> ScanRequest {
        ScanRequest::Start(ScanStart {
            blocking: true,
            passive: false,
            group_channels,
            period_ms: 120,
        })
    }

    fn status() -> ScanRequest {
        ScanRequest::Status
    }

    fn entries(start_index: u32, count: u32) -> ScanRequest {
        ScanRequest::Result { start_index, count }
    }

    fn page(page: u32) -> u32 {
        page
    }

    fn read(body: ScanResponseBody<'_>) -> Option<Vec<Self>> {
        match body {
            ScanResponseBody::Result(entries) => Some(entries.iter().map(Self::from).collect()),
            _ => None,
        }
    }

    fn heading() -> String {
        row("S.N.", "SSID", "BSSID", "CHN", "RSSI", "AUTH")
    }

    fn row(&self, number: usize) -> String {
        row(
            &format!("[{number:>2}]"),
            &ssid(&self.ssid),
            &hex(&self.bssid),
            &self.channel.to_string(),
            &self.rssi.to_string(),
            &self.auth.to_string(),
        )
    }
}

fn row(number: &str, ssid: &str, bssid: &str, channel: &str, rssi: &str, auth: &str) -> String {
    format!("{number:>4} {ssid:<33} {bssid:<12} {channel:>4} {rssi:<4} {auth:<16}")
}

#[cfg(test)]
mod tests {
    use landfall_client::protocomm::wire::AuthMode;

    use super::*;

    #[test]
    fn the_seed_s_rows_come_out_in_its_columns() {
        let network = FoundNetwork {
            ssid: b"MyHomeWiFiAP".to_vec(),
            bssid: vec![0x78, 0x8a, 0x20, 0x84, 0x19, 0x96],
            channel: 1,
            rssi: -45,
            auth: AuthMode::Wpa2Psk,
        };
        assert_eq!(
            FoundNetwork::heading(),
            "S.N. SSID                              BSSID         CHN RSSI AUTH            "
        );
        assert_eq!(
            network.row(1),
            "[ 1] MyHomeWiFiAP                      788a20841996    1 -45  WPA2_PSK        "
        );
    }

    #[test]
    fn authentication_modes_beyond_the_protocol_s_are_listed() {
        let network = |number: i32| FoundNetwork {
            ssid: Vec::new(),
            bssid: Vec::new(),
            channel: 1,
            rssi: -45,
            auth: AuthMode::from(number),
        };
        assert!(network(9).row(1).ends_with(" OWE             "));
        assert!(network(16).row(1).ends_with(" AUTH_16         "));
    }
}
