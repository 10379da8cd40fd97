//! The access points in range, as the service that drives this machine's Wi-Fi hears them.
//!
//! Nothing here changes what that service does: it is asked to listen, and told nothing.

use core::{cmp::Reverse, time::Duration};

use landfall_protocomm::wire::AuthMode;

use crate::{Error, bus::Bus, network_manager, wpa_supplicant};

/// An access point that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its network's name: 1 to 32 bytes, which need not be text.
    pub ssid: Vec<u8>,
    /// Its address, as people write it.
    pub bssid: Option<String>,
    /// How strongly.
    pub signal: Signal,
    /// Its channel, where its frequency is one of Wi-Fi's.
    pub channel: Option<u32>,
    /// What it asks of those who join.
    pub auth: AuthMode,
    /// Whether this computer is in its network.
    pub is_joined: bool,
}

/// How strongly an access point is heard, in the measure of who heard it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Of the strongest that is measured.
    Percent(u8),
    /// Measured.
    Dbm(i32),
}

/// Listens for `time`, and gives the access points whose names begin with `prefix`, the strongest first. Those that hide
/// their names are left out.
///
/// NetworkManager is asked if it drives the Wi-Fi, else wpa_supplicant.
pub async fn softaps(prefix: &str, time: Duration) -> Result<Vec<Heard>, Error> {
    let bus = Bus::for_a_look().await?;
    let mut heard = match network_manager::listen::access_points(&bus, time).await {
        Err(error @ (Error::NotRunning | Error::NoWifi(_))) => {
            match wpa_supplicant::listen::access_points(&bus, time).await {
                Err(Error::NotRunning) => return Err(error),
                heard => heard?,
            }
        }
        heard => heard?,
    };
    heard.retain(|point| !point.ssid.is_empty() && point.ssid.starts_with(prefix.as_bytes()));
    heard.sort_by_key(|point| Reverse(point.signal));
    Ok(each_once(heard))
}

/// Two adapters of this computer may hear the same access point: the stronger stays.
fn each_once(sorted: Vec<Heard>) -> Vec<Heard> {
    let mut once: Vec<Heard> = Vec::new();
    for point in sorted {
        let same = |known: &&mut Heard| known.bssid.is_some() && known.bssid == point.bssid;
        match once.iter_mut().find(same) {
            Some(known) => known.is_joined |= point.is_joined,
            None => once.push(point),
        }
    }
    once
}

/// What an access point asks of those who join, apart from how a service says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Security {
    /// Everything is encrypted.
    pub(crate) privacy: bool,
    /// WPA with a passphrase.
    pub(crate) wpa_psk: bool,
    /// WPA2 with a passphrase.
    pub(crate) rsn_psk: bool,
    /// WPA3 with a passphrase.
    pub(crate) sae: bool,
    /// With an account of a company.
    pub(crate) enterprise: bool,
    /// The same as strong as WPA3 has it.
    pub(crate) enterprise_192: bool,
    /// Encrypted without a passphrase.
    pub(crate) owe: bool,
}

impl Security {
    pub(crate) fn auth(self) -> AuthMode {
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
pub(crate) fn together(heard: Vec<Result<Vec<Heard>, Error>>) -> Result<Vec<Heard>, Error> {
    let (heard, errors): (Vec<_>, Vec<_>) = heard.into_iter().partition(Result::is_ok);
    match errors.into_iter().find_map(Result::err) {
        Some(error) if heard.is_empty() => Err(error),
        _ => Ok(heard.into_iter().flatten().flatten().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_point_heard_twice_is_one_at_the_stronger_signal() {
        let point = |bssid: Option<&str>, dbm, is_joined| Heard {
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
        let signals = |points: &[Heard]| points.iter().map(|point| point.signal).collect::<Vec<_>>();
        let once = each_once(heard);
        assert_eq!(signals(&once), [-40, -61, -70, -71].map(Signal::Dbm));
        assert!(once[0].is_joined);
    }
}
