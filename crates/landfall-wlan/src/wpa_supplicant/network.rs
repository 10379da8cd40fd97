//! A network as wpa_supplicant is told of it, and tells of it.

use std::collections::HashMap;

use landfall_manager::{DisconnectReason, Passphrase, Ssid};
use landfall_protocomm::wire::AuthMode;
use zbus::Variant;

use crate::{
    bus::Properties,
    station::{NotJoined, Target},
};

/// Whose a network is. wpa_supplicant keeps it beside the network, so it outlasts this program: `id_str` is our name, and
/// `priority` tells the one from the other. For whatever else is changed about a network that is joined by WPA3,
/// wpa_supplicant ends the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Ours, until it is kept or left.
    Tried,
    /// Ours for good.
    Kept,
}

/// A network that wpa_supplicant knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) ssid: Option<Ssid>,
    /// `None` if it is somebody else's.
    pub(super) mark: Option<Mark>,
    pub(super) is_enabled: bool,
    /// Whether it may be joined by WPA3.
    pub(super) has_sae: bool,
}

/// What wpa_supplicant is told of a network.
pub(super) type Settings<'s> = HashMap<&'static str, Variant<'s>>;

/// What is told of `target`, that it can be joined.
pub(super) fn settings(target: &Target) -> Result<Settings<'_>, NotJoined> {
    let ssid = target.credentials.ssid.as_bytes();
    let mut settings = Settings::from([
        ("ssid", Variant::from(ssid)),
        ("id_str", Variant::from(OURS)),
        ("scan_ssid", Variant::from(u32::from(target.is_hidden))),
    ]);
    let pinned = is_pinned(target).then_some(target.heard.bssid);
    if let Some(bssid) = target.credentials.bssid.or(pinned) {
        settings.insert("bssid", Variant::from(bssid.to_string()));
    }
    settings.extend(security(target.heard.auth, &target.credentials.passphrase)?);
    Ok(settings)
}

/// Whether `settings` choose the access point for joining only, as one that was asked for by its channel: it may go to
/// another channel later, or be replaced.
pub(super) fn is_pinned(target: &Target) -> bool {
    target.credentials.bssid.is_none() && target.credentials.channel == Some(target.heard.channel)
}

/// Takes the choice back.
pub(super) fn unpinned() -> Settings<'static> {
    Settings::from([("bssid", Variant::from("any"))])
}

/// What makes of a network that was tried one that is kept, before those that others have configured.
pub(super) fn kept() -> Settings<'static> {
    Settings::from([("priority", Variant::from(PRIORITY))])
}

fn security(auth: AuthMode, passphrase: &Passphrase) -> Result<Settings<'_>, NotJoined> {
    Ok(match auth {
        AuthMode::Open => Settings::from([("key_mgmt", Variant::from("NONE"))]),
        AuthMode::WpaPsk | AuthMode::Wpa2Psk | AuthMode::WpaWpa2Psk => Settings::from([
            ("key_mgmt", Variant::from("WPA-PSK")),
            ("psk", Variant::from(psk(passphrase)?)),
        ]),
        AuthMode::Wpa2Wpa3Psk => Settings::from([
            ("key_mgmt", Variant::from("WPA-PSK SAE")),
            ("ieee80211w", Variant::from(1_u32)),
            ("psk", Variant::from(psk(passphrase)?)),
        ]),
        // No rule for its length, nor for its characters.
        AuthMode::Wpa3Psk if !passphrase.is_empty() => Settings::from([
            ("key_mgmt", Variant::from("SAE")),
            ("ieee80211w", Variant::from(2_u32)),
            ("sae_password", Variant::from(passphrase.expose())),
        ]),
        AuthMode::Wpa3Psk => return Err(refused("the network asks for a passphrase")),
        other => {
            return Err(NotJoined::other(format!(
                "the network asks for what this device cannot give: {other:?}"
            )));
        }
    })
}

/// The passphrase of WPA and WPA2, if it can be one: then it is text, too.
pub(crate) fn psk(passphrase: &Passphrase) -> Result<&str, NotJoined> {
    let octets = passphrase.expose();
    let is_allowed = |&octet: &u8| octet >= b' ' && octet != 0x7f;
    match str::from_utf8(octets) {
        _ if octets.is_empty() => Err(refused("the network asks for a passphrase")),
        Ok(text) if octets.len() >= SHORTEST && octets.iter().all(is_allowed) => Ok(text),
        Ok(_) if octets.len() < SHORTEST => Err(refused("a passphrase has at least 8 characters")),
        _ => Err(refused(
            "the passphrase has characters that a WPA2 passphrase cannot have",
        )),
    }
}

fn refused(why: &str) -> NotJoined {
    NotJoined {
        reason: DisconnectReason::AuthError,
        why: why.to_owned(),
    }
}

impl Known {
    /// Out of the properties of the network's object. They have the passphrase as well, which is not taken.
    pub(super) fn read(mut properties: Properties) -> Self {
        let mut told = properties.take_all("Properties");
        let mut text = |name| told.take::<String>(name);
        let ssid = text("ssid").and_then(|text| Ssid::new(&octets(&text)?));
        let is_ours = text("id_str").is_some_and(|text| unquoted(&text) == Some(OURS));
        let is_kept = text("priority").is_some_and(|text| text == PRIORITY.to_string());
        Self {
            ssid,
            mark: is_ours.then_some(if is_kept { Mark::Kept } else { Mark::Tried }),
            is_enabled: properties.take("Enabled").unwrap_or_default(),
            has_sae: text("key_mgmt").is_some_and(|methods| methods.contains("SAE")),
        }
    }
}

/// A name as wpa_supplicant writes it: in quotation marks if it is text, else in hexadecimal digits.
fn octets(written: &str) -> Option<Vec<u8>> {
    if let Some(text) = unquoted(written) {
        return Some(text.as_bytes().to_vec());
    }
    let digit = |octet: &u8| char::from(*octet).to_digit(16);
    let octet = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    written.as_bytes().chunks(2).map(octet).collect()
}

fn unquoted(written: &str) -> Option<&str> {
    written.strip_prefix('"')?.strip_suffix('"')
}

/// Octets of a WPA2 passphrase, at least (IEEE 802.11, annex J.4).
const SHORTEST: usize = 8;
/// What our networks are called, for whoever reads wpa_supplicant's file.
const OURS: &str = "landfall";
/// More than the 0 of networks that others have configured without a thought.
const PRIORITY: i32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_wpa_supplicant_writes_them() {
        for (written, expected) in [
            ("\"Lab\"", Some(b"Lab".to_vec())),
            ("\"a \"b\" c\"", Some(b"a \"b\" c".to_vec())),
            ("\"\"", Some(Vec::new())),
            ("ff00Ab", Some(vec![0xff, 0, 0xab])),
            ("ff0", None),
            ("fg", None),
            ("\"", None),
            ("ü", None),
        ] {
            assert_eq!(octets(written), expected, "{written}");
        }
    }

    #[test]
    fn a_passphrase_that_cannot_be_one_is_refused_as_wrong() {
        for bad in ["", "1234567", "line\nbreak!", "delete\x7fdelete"] {
            let passphrase = Passphrase::new(bad.as_bytes()).expect("short enough");
            let refused = security(AuthMode::Wpa2Psk, &passphrase).expect_err(bad);
            assert_eq!(refused.reason, DisconnectReason::AuthError, "{bad:?}");
        }
        let latin = Passphrase::new(b"gr\xfc\xdfe aus").expect("short enough");
        assert!(security(AuthMode::Wpa2Psk, &latin).is_err());
        assert!(security(AuthMode::Wpa3Psk, &latin).is_ok());
    }
}
