use core::time::Duration;

use landfall_manager::{AccessPoint, ScanChannels};
use tokio::time::Instant;

use crate::station::is_wanted;

/// What a scan of all channels has heard, for scans of one channel after the other.
///
/// NetworkManager cannot be told which channels to scan. A round over 13 channels (spec protocol.md 8.2) would be as many
/// scans of everything, which take longer than the manager waits for all of it.
#[derive(Debug, Default)]
pub(super) struct Sweep(Option<Heard>);

#[derive(Debug)]
struct Heard {
    points: Vec<AccessPoint>,
    at: Instant,
    /// The channel that was asked for last. A round goes upwards.
    channel: u8,
}

impl Sweep {
    /// What was heard on `channels`, if they continue a round that has begun a short time ago. If not, the round is over:
    /// it has to be listened anew.
    pub(super) fn go_on(&mut self, channels: ScanChannels, now: Instant) -> Option<Vec<AccessPoint>> {
        let heard = self.0.take()?;
        let ScanChannels::One(channel) = channels else {
            return None;
        };
        if channel <= heard.channel || now.saturating_duration_since(heard.at) >= ROUND_TIME {
            return None;
        }
        let heard = self.0.insert(Heard { channel, ..heard });
        Some(wanted(&heard.points, channels))
    }

    /// Takes what was heard of all channels just now, and gives what belongs to `channels`.
    pub(super) fn begin(&mut self, channels: ScanChannels, points: Vec<AccessPoint>, now: Instant) -> Vec<AccessPoint> {
        let found = wanted(&points, channels);
        self.0 = match channels {
            ScanChannels::All => None,
            ScanChannels::One(channel) => Some(Heard {
                points,
                at: now,
                channel,
            }),
        };
        found
    }
}

fn wanted(points: &[AccessPoint], channels: ScanChannels) -> Vec<AccessPoint> {
    let wanted = points.iter().filter(|point| is_wanted(point, channels));
    wanted.copied().collect()
}

/// A round lasts shorter: the manager gives it up after 25 s.
const ROUND_TIME: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use landfall_manager::{Bssid, Ssid};
    use landfall_protocomm::wire::AuthMode;

    use super::*;

    const ONE: ScanChannels = ScanChannels::One(1);

    /// One access point on each of these channels.
    fn heard(channels: &[u8]) -> Vec<AccessPoint> {
        let point = |&channel| AccessPoint {
            ssid: Ssid::new(b"home").expect("short"),
            bssid: Bssid([channel; 6]),
            channel,
            rssi: -50,
            auth: AuthMode::Wpa2Psk,
        };
        channels.iter().map(point).collect()
    }

    /// A round that has begun, and when.
    fn begun() -> (Sweep, Instant) {
        let (mut sweep, now) = (Sweep::default(), Instant::now());
        let found = sweep.begin(ONE, heard(&[1, 6, 6, 13, 36]), now);
        assert_eq!(found, heard(&[1]));
        (sweep, now)
    }

    #[test]
    fn one_scan_is_enough_for_a_round() {
        let (mut sweep, now) = begun();
        for channel in 2..=13 {
            let expected = match channel {
                6 => heard(&[6, 6]),
                13 => heard(&[13]),
                _ => Vec::new(),
            };
            let now = now + Duration::from_secs(channel.into());
            assert_eq!(
                sweep.go_on(ScanChannels::One(channel), now),
                Some(expected),
                "{channel}"
            );
        }
        assert_eq!(sweep.go_on(ONE, now), None, "the next round");
    }

    #[test]
    fn a_channel_that_is_not_the_next_ends_the_round() {
        for channel in [1, 4, 5] {
            let (mut sweep, now) = begun();
            assert!(sweep.go_on(ScanChannels::One(5), now).is_some());
            assert_eq!(sweep.go_on(ScanChannels::One(channel), now), None, "{channel}");
            // Its scan may never have ended.
            assert_eq!(sweep.go_on(ScanChannels::One(9), now), None);
        }
    }

    #[test]
    fn a_round_ends_after_a_while() {
        let (mut sweep, now) = begun();
        let nearly = now + ROUND_TIME - Duration::from_millis(1);
        assert!(sweep.go_on(ScanChannels::One(2), nearly).is_some());
        assert_eq!(sweep.go_on(ScanChannels::One(3), now + ROUND_TIME), None);
    }

    #[test]
    fn a_scan_of_everything_ends_the_round_and_begins_none() {
        let (mut sweep, now) = begun();
        assert_eq!(sweep.go_on(ScanChannels::All, now), None);
        assert_eq!(sweep.begin(ScanChannels::All, heard(&[1, 36]), now), heard(&[1, 36]));
        assert_eq!(sweep.go_on(ScanChannels::One(2), now), None);
    }
}
