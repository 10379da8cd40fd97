//! The access points in range that are a device's own, as the service that drives this computer's Wi-Fi hears them.
//!
//! Nothing here changes what that service does: it is asked to listen, and told nothing.

mod bus;
mod network_manager;
mod wpa_supplicant;

use core::{cmp::Reverse, time::Duration};

use landfall_client::protocomm::wire::AuthMode;

use self::bus::Bus;

/// An access point that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccessPoint {
    /// Its network's name: 1 to 32 bytes, which need not be text.
    pub(super) ssid: Vec<u8>,
    /// Its address, as people write it.
    pub(super) bssid: Option<String>,
    pub(super) signal: Signal,
    pub(super) channel: Option<u32>,
    pub(super) auth: AuthMode,
    /// Whether this computer is in its network.
    pub(super) is_joined: bool,
}

/// How strongly an access point is heard, in the measure of who heard it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Signal {
    /// Of the strongest that is measured.
    Percent(u8),
    Dbm(i32),
}

/// Why no access points are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Miss {
    #[error("this computer's message bus (D-Bus) cannot be reached")]
    NoBus,
    #[error("neither NetworkManager nor wpa_supplicant is running")]
    NotRunning,
    #[error("{0} drives no Wi-Fi adapter")]
    NoWifi(&'static str),
    #[error("Wi-Fi is switched off")]
    Off,
    #[error("this user may not ask {0}")]
    NotPermitted(&'static str),
    #[error("{0} does not answer")]
    NotAnswering(&'static str),
    #[error("what {0} answers makes no sense")]
    NotUnderstood(&'static str),
    #[error("{service} refuses to tell: {why}")]
    Refused { service: &'static str, why: String },
}

/// Listens for `time`, and gives the access points whose names begin with `prefix`, the strongest first. Those that hide
/// their names are left out.
///
/// NetworkManager is asked if it drives the Wi-Fi, else wpa_supplicant.
pub(super) async fn softaps(prefix: &str, time: Duration) -> Result<Vec<AccessPoint>, Miss> {
    let bus = Bus::system().await?;
    let mut heard = match network_manager::access_points(&bus, time).await {
        Err(miss @ (Miss::NotRunning | Miss::NoWifi(_))) => match wpa_supplicant::access_points(&bus, time).await {
            Err(Miss::NotRunning) => return Err(miss),
            heard => heard?,
        },
        heard => heard?,
    };
    heard.retain(|point| !point.ssid.is_empty() && point.ssid.starts_with(prefix.as_bytes()));
    heard.sort_by_key(|point| Reverse(point.signal));
    Ok(each_once(heard))
}

/// Two adapters of this computer may hear the same access point: the stronger stays.
fn each_once(sorted: Vec<AccessPoint>) -> Vec<AccessPoint> {
    let mut once: Vec<AccessPoint> = Vec::new();
    for point in sorted {
        let same = |known: &&mut AccessPoint| known.bssid.is_some() && known.bssid == point.bssid;
        match once.iter_mut().find(same) {
            Some(known) => known.is_joined |= point.is_joined,
            None => once.push(point),
        }
    }
    once
}

/// The channel of a frequency in MHz; `None` outside the bands of Wi-Fi.
fn channel(frequency: u32) -> Option<u32> {
    match frequency {
        2484 => Some(14),
        2412..=2472 => Some((frequency - 2407) / 5),
        5160..=5885 => Some((frequency - 5000) / 5),
        5955..=7115 => Some((frequency - 5950) / 5),
        _ => None,
    }
}

/// What an access point asks of those who join, apart from how a service says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Security {
    /// Everything is encrypted.
    privacy: bool,
    /// WPA with a passphrase.
    wpa_psk: bool,
    /// WPA2 with a passphrase.
    rsn_psk: bool,
    /// WPA3 with a passphrase.
    sae: bool,
    /// With an account of a company.
    enterprise: bool,
    /// The same as strong as WPA3 has it.
    enterprise_192: bool,
    /// Encrypted without a passphrase.
    owe: bool,
}

impl Security {
    fn auth(self) -> AuthMode {
        match self {
            Self {
                sae: true,
                rsn_psk: true,
                ..
            } => AuthMode::Wpa2Wpa3Psk,
            Self { sae: true, .. } => AuthMode::Wpa3Psk,
            Self {
                rsn_psk: true,
                wpa_psk: true,
                ..
            } => AuthMode::WpaWpa2Psk,
            Self { rsn_psk: true, .. } => AuthMode::Wpa2Psk,
            Self { wpa_psk: true, .. } => AuthMode::WpaPsk,
            Self {
                enterprise_192: true, ..
            } => AuthMode::Wpa3Enterprise192,
            Self { enterprise: true, .. } => AuthMode::Wpa2Enterprise,
            Self { owe: true, .. } => AuthMode::Owe,
            Self { privacy: true, .. } => AuthMode::Wep,
            _ => AuthMode::Open,
        }
    }
}

/// What several adapters have heard; one that cannot listen does not count, unless none can.
fn together(heard: Vec<Result<Vec<AccessPoint>, Miss>>) -> Result<Vec<AccessPoint>, Miss> {
    let (heard, misses): (Vec<_>, Vec<_>) = heard.into_iter().partition(Result::is_ok);
    match misses.into_iter().find_map(Result::err) {
        Some(miss) if heard.is_empty() => Err(miss),
        _ => Ok(heard.into_iter().flatten().flatten().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_follow_from_frequencies() {
        for (frequency, expected) in [
            (2412, Some(1)),
            (2437, Some(6)),
            (2472, Some(13)),
            (2484, Some(14)),
            (5180, Some(36)),
            (5825, Some(165)),
            (5955, Some(1)),
            (7115, Some(233)),
            (0, None),
            (868, None),
            (u32::MAX, None),
        ] {
            assert_eq!(channel(frequency), expected, "{frequency} MHz");
        }
    }

    #[test]
    fn an_access_point_heard_twice_is_one_at_the_stronger_signal() {
        let point = |bssid: Option<&str>, dbm, is_joined| AccessPoint {
            ssid: b"PROV_1".to_vec(),
            bssid: bssid.map(str::to_owned),
            signal: Signal::Dbm(dbm),
            channel: None,
            auth: AuthMode::Open,
            is_joined,
        };
        let heard = vec![
            point(Some("24:0a:c4:00:00:01"), -40, false),
            point(Some("24:0a:c4:00:00:01"), -60, true),
            point(Some("24:0a:c4:00:00:02"), -61, false),
            point(None, -70, false),
            point(None, -71, false),
        ];
        let signals = |points: &[AccessPoint]| points.iter().map(|point| point.signal).collect::<Vec<_>>();
        let once = each_once(heard);
        assert_eq!(signals(&once), [-40, -61, -70, -71].map(Signal::Dbm));
        assert!(once[0].is_joined);
    }
}
