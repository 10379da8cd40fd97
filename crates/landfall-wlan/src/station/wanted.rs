use landfall_manager::{AccessPoint, ScanChannels};

/// Whether `point` belongs among what a scan of `channels` gives. A service tells of all channels that it has listened to
/// lately, and of hidden networks, which the protocol's scans leave out (spec protocol.md 8.2).
pub(crate) fn is_wanted(point: &AccessPoint, channels: ScanChannels) -> bool {
    // Some routers hide a name behind as many zeros.
    let has_name = point.ssid.as_bytes().iter().any(|&octet| octet != 0);
    has_name
        && match channels {
            ScanChannels::All => true,
            ScanChannels::One(channel) => point.channel == channel,
        }
}

#[cfg(test)]
mod tests {
    use landfall_manager::{Bssid, Ssid};
    use landfall_protocomm::wire::AuthMode;

    use super::*;

    fn point(ssid: &[u8], channel: u8) -> AccessPoint {
        AccessPoint {
            ssid: Ssid::new(ssid).expect("short"),
            bssid: Bssid([2; 6]),
            channel,
            rssi: -50,
            auth: AuthMode::Wpa2Psk,
        }
    }

    #[test]
    fn a_scan_of_one_channel_gives_what_is_on_it() {
        let heard = [1, 6, 6, 11, 36].map(|channel| point(b"home", channel));
        let count = |channels| heard.iter().filter(|point| is_wanted(point, channels)).count();
        assert_eq!(count(ScanChannels::All), 5);
        assert_eq!(count(ScanChannels::One(6)), 2);
        assert_eq!(count(ScanChannels::One(7)), 0);
    }

    #[test]
    fn hidden_networks_are_left_out() {
        for channels in [ScanChannels::All, ScanChannels::One(6)] {
            for hidden in [b"".as_slice(), b"\0", &[0; 32]] {
                assert!(!is_wanted(&point(hidden, 6), channels), "{hidden:?}");
            }
            for named in [b"home".as_slice(), b"\0\0x"] {
                assert!(is_wanted(&point(named, 6), channels), "{named:?}");
            }
        }
    }
}
