//! A network as NetworkManager is told of it, and tells of it.

use std::collections::HashMap;

use futures_util::future::join_all;
use landfall_manager::{Credentials, Passphrase, Ssid};
use landfall_protocomm::wire::AuthMode;
use zbus::{OwnedObjectPath, OwnedVariant, Variant};

use super::{PROFILE, SERVICE, SETTINGS};
use crate::{
    Error,
    bus::{Bus, Object},
    station::{NotJoined, Target},
    wpa_supplicant::psk,
};

/// Whose a profile is. NetworkManager keeps it in the profile (`user`), so it outlasts this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Ours, until it is kept or left.
    Tried,
    /// Ours for good.
    Kept,
}

/// A part of a profile.
pub(super) type Section<'s> = HashMap<&'static str, Variant<'s>>;

/// A profile of ours.
#[derive(Clone)]
pub(super) struct Profile<'a> {
    object: Object<'a>,
    pub(super) path: OwnedObjectPath,
    pub(super) mark: Mark,
    pub(super) ssid: Option<Ssid>,
    interface: Option<String>,
    /// All of it but what is secret.
    sections: HashMap<String, HashMap<String, OwnedVariant>>,
}

impl<'a> Profile<'a> {
    /// All profiles of ours.
    pub(super) async fn all(bus: &'a Bus) -> Result<Vec<Self>, Error> {
        let settings = everybodys(bus).await?;
        let paths: Vec<OwnedObjectPath> = settings.call(SETTINGS, "ListConnections", &()).await?;
        let profiles = paths.into_iter().map(async |path| {
            let object = settings.other(path.clone());
            // One that is gone by now is none; nor is one that this user may not see.
            let sections = object.call(PROFILE, "GetSettings", &()).await.ok()?;
            Self::read(object, path, sections)
        });
        Ok(join_all(profiles).await.into_iter().flatten().collect())
    }

    /// `None` if it is somebody else's.
    fn read(
        object: Object<'a>,
        path: OwnedObjectPath,
        sections: HashMap<String, HashMap<String, OwnedVariant>>,
    ) -> Option<Self> {
        let value = |section: &str, name: &str| sections.get(section)?.get(name).cloned();
        let data: HashMap<String, String> = value("user", "data")?.try_into().ok()?;
        let ssid: Option<Vec<u8>> = value(WIRELESS, "ssid").and_then(|ssid| ssid.try_into().ok());
        Some(Self {
            mark: Mark::read(data.get(MARK)?)?,
            ssid: ssid.and_then(|octets| Ssid::new(&octets)),
            interface: value("connection", "interface-name").and_then(|name| name.try_into().ok()),
            object,
            path,
            sections,
        })
    }

    /// Whether it is a try on this interface, not one of another program of ours on another.
    pub(super) fn is_tried_on(&self, interface: &str) -> bool {
        self.mark == Mark::Tried && self.interface.as_deref() == Some(interface)
    }

    /// Writes it to the disk, to be joined whenever it is heard.
    pub(super) async fn keep(mut self, passphrase: &Passphrase) -> Result<(), Error> {
        let mut set = |section: &str, name: &str, value: Variant<'_>| {
            // Only a file descriptor could not be owned.
            if let Ok(value) = OwnedVariant::try_from(value) {
                let section = self.sections.entry(section.to_owned()).or_default();
                section.insert(name.to_owned(), value);
            }
        };
        set("connection", "autoconnect", Variant::from(true));
        set("connection", "autoconnect-priority", Variant::from(PRIORITY));
        set("connection", "autoconnect-retries", Variant::from(FOR_EVER));
        set("user", "data", Mark::Kept.as_data());
        let wireless = self.sections.entry(WIRELESS.to_owned()).or_default();
        // It may be on another channel later.
        for place in ["band", "channel"] {
            wireless.remove(place);
        }
        let mut sections: HashMap<&str, HashMap<&str, Variant<'_>>> = HashMap::new();
        for (name, section) in &self.sections {
            let values = section
                .iter()
                .map(|(name, value)| (name.as_str(), Variant::from(value.clone())));
            sections.insert(name, values.collect());
        }
        if let Some(security) = sections.get_mut(SECURITY) {
            let text = str::from_utf8(passphrase.expose()).unwrap_or_default();
            security.insert("psk", Variant::from(text));
        }
        let body = (sections, TO_DISK, HashMap::<&str, Variant<'_>>::new());
        let _: HashMap<String, OwnedVariant> = self.object.call(PROFILE, "Update2", &body).await?;
        Ok(())
    }

    /// Ends it, if it is active, and forgets it.
    pub(super) async fn delete(&self) -> Result<(), Error> {
        self.object.call(PROFILE, "Delete", &()).await
    }

    /// Whether one would say so of a network with these credentials.
    pub(super) fn is_of(&self, credentials: &Credentials) -> bool {
        self.ssid == Some(credentials.ssid)
    }
}

/// The profile with this identity, whoever's it is.
pub(super) async fn of_uuid(bus: &Bus, uuid: &str) -> Result<OwnedObjectPath, Error> {
    everybodys(bus)
        .await?
        .call(SETTINGS, "GetConnectionByUuid", &(uuid,))
        .await
}

/// The object that knows all profiles.
async fn everybodys(bus: &Bus) -> Result<Object<'_>, Error> {
    let path = OwnedObjectPath::try_from("/org/freedesktop/NetworkManager/Settings").expect("it is a path");
    Ok(bus.running(&SERVICE).await?.other(path))
}

/// What NetworkManager is told of `target`, that it can be joined through `interface`.
pub(super) fn settings<'t>(
    target: &'t Target,
    interface: &'t str,
) -> Result<HashMap<&'static str, Section<'t>>, NotJoined> {
    let connection = Section::from([
        ("id", Variant::from(format!("landfall {}", target.credentials.ssid))),
        ("type", Variant::from(WIRELESS)),
        ("interface-name", Variant::from(interface)),
        ("autoconnect", Variant::from(false)),
    ]);
    let mut settings = HashMap::from([
        ("connection", connection),
        ("user", Section::from([("data", Mark::Tried.as_data())])),
        (WIRELESS, wireless(target)),
    ]);
    if let Some(security) = security(target.heard.auth, &target.credentials.passphrase)? {
        settings.insert(SECURITY, security);
    }
    settings.extend(addresses(target.is_visit));
    Ok(settings)
}

fn wireless(target: &Target) -> Section<'_> {
    let mut wireless = Section::from([
        ("ssid", Variant::from(target.credentials.ssid.as_bytes())),
        ("mode", Variant::from("infrastructure")),
        ("hidden", Variant::from(target.is_hidden)),
    ]);
    if let Some(bssid) = target.credentials.bssid {
        wireless.insert("bssid", Variant::from(bssid.0.to_vec()));
    }
    // Where it was just heard, if it was asked for there.
    let channel = target.heard.channel;
    if target.credentials.channel == Some(channel) {
        wireless.insert(
            "band",
            Variant::from(if channel <= LAST_OF_2_4_GHZ { "bg" } else { "a" }),
        );
        wireless.insert("channel", Variant::from(u32::from(channel)));
    }
    wireless
}

/// A guest wants nothing from its host but an address: the way to the Internet is elsewhere.
fn addresses(is_visit: bool) -> [(&'static str, Section<'static>); 2] {
    let mut v4 = Section::from([("method", Variant::from("auto"))]);
    if is_visit {
        v4.insert("never-default", Variant::from(true));
        v4.insert("ignore-auto-dns", Variant::from(true));
    }
    let v6 = Section::from([("method", Variant::from(if is_visit { "disabled" } else { "auto" }))]);
    [("ipv4", v4), ("ipv6", v6)]
}

/// `None` for an open network.
fn security(auth: AuthMode, passphrase: &Passphrase) -> Result<Option<Section<'_>>, NotJoined> {
    Ok(match auth {
        AuthMode::Open => None,
        // NetworkManager goes on to WPA3 by itself where both are spoken.
        AuthMode::WpaPsk | AuthMode::Wpa2Psk | AuthMode::WpaWpa2Psk | AuthMode::Wpa2Wpa3Psk => Some(Section::from([
            ("key-mgmt", Variant::from("wpa-psk")),
            ("psk", Variant::from(psk(passphrase)?)),
        ])),
        AuthMode::Wpa3Psk => Some(Section::from([
            ("key-mgmt", Variant::from("sae")),
            ("pmf", Variant::from(PMF_REQUIRED)),
            ("psk", Variant::from(sae(passphrase)?)),
        ])),
        other => {
            return Err(NotJoined::other(format!(
                "the network asks for what this device cannot give: {other:?}"
            )));
        }
    })
}

/// The passphrase of WPA3, which has no rule for its length; NetworkManager takes text only.
fn sae(passphrase: &Passphrase) -> Result<&str, NotJoined> {
    match str::from_utf8(passphrase.expose()) {
        Ok("") | Err(_) => psk(passphrase),
        Ok(text) => Ok(text),
    }
}

impl Mark {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Tried => "tried",
            Self::Kept => "kept",
        }
    }

    fn as_data(self) -> Variant<'static> {
        Variant::from(HashMap::from([(MARK, self.as_str())]))
    }

    fn read(text: &str) -> Option<Self> {
        [Self::Tried, Self::Kept].into_iter().find(|mark| mark.as_str() == text)
    }
}

const WIRELESS: &str = "802-11-wireless";
const SECURITY: &str = "802-11-wireless-security";
/// The name of our mark; NetworkManager wants a dot in it.
const MARK: &str = "landfall.network";
/// More than the 0 of networks that others have configured without a thought.
const PRIORITY: i32 = 100;
/// How often it is tried in a row before NetworkManager rests: a router may need an hour to be sound again.
const FOR_EVER: i32 = 0;
/// Protected management frames, which WPA3 asks for.
const PMF_REQUIRED: i32 = 3;
const LAST_OF_2_4_GHZ: u8 = 14;
/// Of `Update2`.
const TO_DISK: u32 = 1;

#[cfg(test)]
mod tests {
    use landfall_manager::{AccessPoint, Bssid, DisconnectReason};

    use super::*;

    fn target(auth: AuthMode, passphrase: &str, channel: Option<u8>, is_visit: bool) -> Target {
        let ssid = Ssid::new(b"\xffLab").expect("short enough");
        Target {
            credentials: Credentials {
                ssid,
                passphrase: Passphrase::new(passphrase.as_bytes()).expect("short enough"),
                bssid: None,
                channel,
            },
            heard: AccessPoint {
                ssid,
                bssid: Bssid([2, 0, 0, 0, 0, 1]),
                channel: 6,
                rssi: -40,
                auth,
            },
            is_hidden: false,
            is_visit,
        }
    }

    fn value<'s>(
        settings: &'s HashMap<&'static str, Section<'_>>,
        section: &str,
        name: &str,
    ) -> Option<&'s Variant<'s>> {
        settings.get(section)?.get(name)
    }

    #[test]
    fn a_network_is_tried_with_what_it_speaks() {
        for (auth, method) in [
            (AuthMode::Wpa2Psk, "wpa-psk"),
            (AuthMode::Wpa2Wpa3Psk, "wpa-psk"),
            (AuthMode::Wpa3Psk, "sae"),
        ] {
            let target = target(auth, "correct-horse", None, false);
            let settings = settings(&target, "wlan0").expect("it can be joined");
            assert_eq!(
                value(&settings, SECURITY, "key-mgmt"),
                Some(&Variant::from(method)),
                "{auth:?}"
            );
            assert_eq!(
                value(&settings, WIRELESS, "ssid"),
                Some(&Variant::from(b"\xffLab".to_vec()))
            );
            assert_eq!(
                value(&settings, "connection", "autoconnect"),
                Some(&Variant::from(false))
            );
        }
        let open = target(AuthMode::Open, "", None, false);
        assert!(
            !settings(&open, "wlan0")
                .expect("it can be joined")
                .contains_key(SECURITY)
        );
    }

    #[test]
    fn a_channel_counts_only_where_the_network_was_heard() {
        for (asked, expected) in [(None, None), (Some(1), None), (Some(6), Some(6_u32))] {
            let target = target(AuthMode::Open, "", asked, false);
            let settings = settings(&target, "wlan0").expect("it can be joined");
            assert_eq!(
                value(&settings, WIRELESS, "channel"),
                expected.map(Variant::from).as_ref(),
                "{asked:?}"
            );
        }
    }

    #[test]
    fn a_visit_leaves_the_way_to_the_internet_alone() {
        for (is_visit, expected) in [(true, Some(true)), (false, None)] {
            let target = target(AuthMode::Open, "", None, is_visit);
            let settings = settings(&target, "wlan0").expect("it can be joined");
            assert_eq!(
                value(&settings, "ipv4", "never-default"),
                expected.map(Variant::from).as_ref()
            );
        }
    }

    #[test]
    fn what_cannot_be_joined_is_refused_before_it_is_tried() {
        let refused = |auth, passphrase| {
            let target = target(auth, passphrase, None, false);
            settings(&target, "wlan0").map(drop).expect_err("it cannot be joined")
        };
        assert_eq!(refused(AuthMode::Wpa2Psk, "short").reason, DisconnectReason::AuthError);
        assert_eq!(refused(AuthMode::Wpa3Psk, "").reason, DisconnectReason::AuthError);
        assert_eq!(refused(AuthMode::Wep, "correct-horse").reason, DisconnectReason::Other);
        let refused = refused(AuthMode::Wpa2Enterprise, "correct-horse");
        assert!(!refused.why.contains("horse"), "{}", refused.why);
    }
}
