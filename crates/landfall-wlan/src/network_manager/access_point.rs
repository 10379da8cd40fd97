use landfall_manager::{AccessPoint, Bssid, Ssid};

use super::ACCESS_POINT;
use crate::{
    Error, Heard, Signal,
    bus::{Object, Properties},
    channel::channel,
    heard::Security,
};

/// An access point that NetworkManager has heard, as it tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    /// Empty if it is hidden.
    ssid: Vec<u8>,
    pub(super) bssid: Option<Bssid>,
    /// MHz.
    pub(super) frequency: u32,
    /// 0 to 100.
    percent: u8,
    /// When it was heard last, in seconds of the same clock as that of the last scan.
    pub(super) seen: Option<i64>,
    pub(super) security: Security,
}

impl Point {
    pub(super) async fn of(object: Object<'_>) -> Result<Self, Error> {
        Ok(Self::read(object.properties(ACCESS_POINT).await?))
    }

    fn read(mut properties: Properties) -> Self {
        let mut flags = |name| properties.take::<u32>(name).unwrap_or_default();
        let (flags, wpa, rsn) = (flags("Flags"), flags("WpaFlags"), flags("RsnFlags"));
        let either = |flag| (wpa | rsn) & flag != 0;
        let security = Security {
            privacy: flags & PRIVACY != 0,
            wpa_psk: wpa & PSK != 0,
            rsn_psk: rsn & PSK != 0,
            sae: rsn & SAE != 0,
            enterprise: either(ENTERPRISE),
            enterprise_192: either(ENTERPRISE_192),
            owe: rsn & OWE != 0,
        };
        Self {
            ssid: properties.take("Ssid").unwrap_or_default(),
            bssid: properties.take::<String>("HwAddress").and_then(|text| bssid(&text)),
            frequency: properties.take("Frequency").unwrap_or_default(),
            percent: properties.take::<u8>("Strength").unwrap_or_default().min(100),
            seen: properties.take::<i32>("LastSeen").map(i64::from),
            security,
        }
    }

    pub(super) fn heard(self, is_joined: bool) -> Heard {
        Heard {
            ssid: self.ssid,
            bssid: self.bssid.map(|bssid| bssid.to_string()),
            signal: Signal::Percent(self.percent),
            channel: channel(self.frequency),
            auth: self.security.auth(),
            is_joined,
        }
    }

    /// `dbm` is how strongly the kernel has heard it. `None` for one without an address, or with a name or on a channel
    /// that the protocol cannot tell.
    pub(super) fn access_point(&self, dbm: Option<i8>) -> Option<AccessPoint> {
        Some(AccessPoint {
            ssid: Ssid::new(&self.ssid)?,
            bssid: self.bssid?,
            channel: channel(self.frequency)?.try_into().ok()?,
            rssi: dbm.unwrap_or_else(|| from_percent(self.percent)),
            auth: self.security.auth(),
        })
    }
}

/// What NetworkManager made a percentage of: it counts evenly from -100 dBm to -40 dBm, and has forgotten what was beyond.
fn from_percent(percent: u8) -> i8 {
    let above = u16::from(percent.min(100)) * 60 / 100;
    i8::try_from(above).unwrap_or(i8::MAX).saturating_sub(100)
}

/// An address as people write it.
fn bssid(text: &str) -> Option<Bssid> {
    let octets: Option<Vec<u8>> = text
        .split(':')
        .map(|octet| u8::from_str_radix(octet, 16).ok())
        .collect();
    Some(Bssid(octets?.try_into().ok()?))
}

const PRIVACY: u32 = 0x1;
const PSK: u32 = 0x100;
const ENTERPRISE: u32 = 0x200;
const SAE: u32 = 0x400;
const OWE: u32 = 0x800;
const ENTERPRISE_192: u32 = 0x2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_turned_back_into_what_it_was_made_of() {
        let back = [0, 50, 100, 255].map(from_percent);
        assert_eq!(back, [-100, -70, -40, -40]);
    }

    #[test]
    fn an_address_is_read_only_if_it_is_one() {
        assert_eq!(bssid("02:00:00:00:0A:ff"), Some(Bssid([2, 0, 0, 0, 10, 255])));
        for wrong in [
            "",
            "02:00:00:00:0A",
            "02:00:00:00:0A:ff:00",
            "02:00:00:00:0A:fff",
            "02-00",
        ] {
            assert_eq!(bssid(wrong), None, "{wrong}");
        }
    }
}
