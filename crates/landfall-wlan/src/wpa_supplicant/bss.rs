use landfall_manager::{AccessPoint, Bssid, Ssid};

use crate::{
    bus::Properties,
    channel::channel,
    heard::{Heard, Security, Signal},
};

/// An access point that wpa_supplicant has heard, as it tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bss {
    /// Empty if it is hidden.
    pub(super) ssid: Vec<u8>,
    pub(super) bssid: Option<Bssid>,
    /// MHz.
    pub(super) frequency: u32,
    /// Seconds since it was heard.
    pub(super) age: u32,
    /// dBm.
    signal: i16,
    security: Security,
}

impl Bss {
    /// `None` for one whose name is not told.
    pub(super) fn read(mut properties: Properties) -> Option<Self> {
        let methods = |mut of: Properties| of.take::<Vec<String>>("KeyMgmt").unwrap_or_default();
        let wpa = methods(properties.take_all("WPA"));
        let rsn = methods(properties.take_all("RSN"));
        let has = |methods: &[String], part: &str| methods.iter().any(|method| method.contains(part));
        let ssid: Vec<u8> = properties.take("SSID")?;
        Some(Self {
            // Some routers hide a name behind as many zeros.
            ssid: if ssid.iter().all(|&octet| octet == 0) {
                Vec::new()
            } else {
                ssid
            },
            bssid: properties
                .take::<Vec<u8>>("BSSID")
                .and_then(|octets| Some(Bssid(octets.try_into().ok()?))),
            frequency: properties.take::<u16>("Frequency").unwrap_or_default().into(),
            age: properties.take("Age").unwrap_or_default(),
            signal: properties.take("Signal").unwrap_or(WEAKEST),
            security: Security {
                privacy: properties.take("Privacy").unwrap_or_default(),
                wpa_psk: has(&wpa, "psk"),
                rsn_psk: has(&rsn, "psk"),
                sae: has(&rsn, "sae"),
                enterprise: has(&wpa, "eap") || has(&rsn, "eap"),
                enterprise_192: has(&rsn, "suite-b-192"),
                owe: has(&rsn, "owe"),
            },
        })
    }

    pub(super) fn heard(self, is_joined: bool) -> Heard {
        Heard {
            ssid: self.ssid,
            bssid: self.bssid.map(|bssid| bssid.to_string()),
            signal: Signal::Dbm(self.signal.into()),
            channel: channel(self.frequency),
            auth: self.security.auth(),
            is_joined,
        }
    }

    /// `None` for one without an address, or with a name or on a channel that the protocol cannot tell.
    pub(super) fn access_point(&self) -> Option<AccessPoint> {
        let weakest = i16::from(i8::MIN);
        let strongest = i16::from(i8::MAX);
        Some(AccessPoint {
            ssid: Ssid::new(&self.ssid)?,
            bssid: self.bssid?,
            channel: channel(self.frequency)?.try_into().ok()?,
            rssi: self.signal.clamp(weakest, strongest).try_into().ok()?,
            auth: self.security.auth(),
        })
    }
}

/// For one that does not say, dBm.
const WEAKEST: i16 = -100;
