//! Which network an interface is in.

use futures_util::TryStreamExt as _;
use landfall_manager::{Bssid, Ssid};
use wl_nl80211::{Nl80211Attr, Nl80211BssInfo};

use super::refused;
use crate::Error;

/// The access point that a station is joined to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joined {
    /// Its network's name, which is empty if it hides that.
    pub(crate) ssid: Ssid,
    pub(crate) bssid: Bssid,
}

impl Joined {
    /// Whether both are in one network. One that hides its name is known by its access point.
    pub(crate) fn is_same_network(&self, other: &Self) -> bool {
        if self.ssid.is_empty() || other.ssid.is_empty() {
            self.bssid == other.bssid
        } else {
            self.ssid == other.ssid
        }
    }
}

/// Where the interface with this number is. The interface itself does not say it with every kernel: what was heard in the
/// last scan does, as one of those access points is marked.
pub(crate) async fn joined(index: u32) -> Result<Option<Joined>, Error> {
    let refuse = |error: &dyn core::fmt::Display| refused("tell of access points", error);
    let (connection, handle, _) = wl_nl80211::new_connection().map_err(|error| refuse(&error))?;
    let _driving = super::drive(connection);
    let mut answers = handle.scan().dump(index).execute().await;
    let mut found = None;
    while let Some(answer) = answers.try_next().await.map_err(|error| refuse(&error))? {
        let bss = answer.payload.attributes.iter().find_map(|attribute| match attribute {
            Nl80211Attr::Bss(bss) => Some(bss),
            _ => None,
        });
        found = found.or_else(|| read(bss?));
    }
    Ok(found)
}

/// `None` for an access point that was heard only.
fn read(bss: &[Nl80211BssInfo]) -> Option<Joined> {
    let is_joined = bss
        .iter()
        .any(|info| matches!(info, Nl80211BssInfo::Status(ASSOCIATED)));
    is_joined.then_some(())?;
    let bssid = bss.iter().find_map(|info| match info {
        Nl80211BssInfo::Bssid(octets) => Some(Bssid(*octets)),
        _ => None,
    })?;
    // Of an answer to somebody who knew the name, or of the beacon, which may hide it.
    let names = bss.iter().filter_map(|info| match info {
        Nl80211BssInfo::RawProbeResponseInformationElements(elements)
        | Nl80211BssInfo::RawInformationElements(elements)
        | Nl80211BssInfo::RawBeaconInformationElements(elements) => ssid(elements),
        _ => None,
    });
    let ssid = names.max_by_key(|name| !name.is_empty()).unwrap_or_default();
    Some(Joined { ssid, bssid })
}

/// The name among information elements, each a number, a length and as many octets (IEEE 802.11, 9.4.2). Hidden names are
/// empty, or as many zeros as they have octets.
fn ssid(mut elements: &[u8]) -> Option<Ssid> {
    while let [id, length, rest @ ..] = elements {
        let (element, after) = rest.split_at_checked((*length).into())?;
        if *id == SSID_ELEMENT {
            let is_hidden = element.iter().all(|octet| *octet == 0);
            return Ssid::new(if is_hidden { &[] } else { element });
        }
        elements = after;
    }
    None
}

/// NL80211_BSS_STATUS_ASSOCIATED.
const ASSOCIATED: u32 = 1;
const SSID_ELEMENT: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    fn point(status: u32, elements: &[u8]) -> Vec<Nl80211BssInfo> {
        vec![
            Nl80211BssInfo::Bssid([2; 6]),
            Nl80211BssInfo::RawInformationElements(elements.to_vec()),
            Nl80211BssInfo::Status(status),
        ]
    }

    fn name(bss: &[Nl80211BssInfo]) -> Option<Ssid> {
        read(bss).map(|joined| joined.ssid)
    }

    #[test]
    fn the_network_is_that_of_the_access_point_that_is_joined() {
        let home = Ssid::new(b"home");
        assert_eq!(name(&point(1, b"\x01\x02ab\x00\x04home")), home);
        for other in [0, 2] {
            assert_eq!(name(&point(other, b"\x00\x04home")), None, "it was heard only");
        }
        assert_eq!(name(&[Nl80211BssInfo::Bssid([2; 6])]), None);
    }

    #[test]
    fn a_hidden_name_is_empty_unless_an_answer_has_it() {
        let hidden = Some(Ssid::default());
        for elements in [&b"\x00\x00"[..], b"\x00\x04\0\0\0\0", b"", b"\x00\x05home", b"\x07"] {
            let bss = point(1, elements);
            assert_eq!(name(&bss), hidden, "{elements:?}");
            let answer = Nl80211BssInfo::RawProbeResponseInformationElements(b"\x00\x04home".to_vec());
            assert_eq!(name(&[bss, vec![answer]].concat()), Ssid::new(b"home"));
        }
    }

    #[test]
    fn a_network_without_a_name_is_known_by_its_access_point() {
        let joined = |name: &[u8], number| Joined {
            ssid: Ssid::new(name).expect("short"),
            bssid: Bssid([number; 6]),
        };
        assert!(joined(b"home", 1).is_same_network(&joined(b"home", 2)));
        assert!(!joined(b"home", 1).is_same_network(&joined(b"shop", 1)));
        assert!(joined(b"", 1).is_same_network(&joined(b"home", 1)));
        assert!(!joined(b"", 1).is_same_network(&joined(b"", 2)));
    }
}
