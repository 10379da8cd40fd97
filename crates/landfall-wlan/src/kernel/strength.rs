use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use landfall_manager::Bssid;
use wl_nl80211::{Nl80211Attr, Nl80211BssInfo};

use super::drive;

/// How strongly the interface with this number has heard each access point last, in dBm; those of which the kernel does
/// not tell are missing.
pub(crate) async fn strengths(index: u32) -> HashMap<Bssid, i8> {
    let mut heard = HashMap::new();
    let Ok((connection, handle, _)) = wl_nl80211::new_connection() else {
        return heard;
    };
    let _driving = drive(connection);
    let mut answers = handle.scan().dump(index).execute().await;
    while let Ok(Some(answer)) = answers.try_next().await {
        for attribute in answer.payload.attributes {
            if let Nl80211Attr::Bss(facts) = attribute {
                heard.extend(strength(&facts));
            }
        }
    }
    heard
}

fn strength(facts: &[Nl80211BssInfo]) -> Option<(Bssid, i8)> {
    let (mut bssid, mut dbm) = (None, None);
    for fact in facts {
        match fact {
            Nl80211BssInfo::Bssid(octets) => bssid = Some(Bssid(*octets)),
            Nl80211BssInfo::SignalMbm(hundredths) => dbm = Some(hundredths / 100),
            _ => {}
        }
    }
    let dbm = dbm?.clamp(i8::MIN.into(), i8::MAX.into());
    Some((bssid?, dbm.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strength_is_given_in_whole_dbm_and_only_where_it_is_told() {
        let bssid = Nl80211BssInfo::Bssid([2, 0, 0, 0, 0, 1]);
        let told = [bssid.clone(), Nl80211BssInfo::SignalMbm(-3050)];
        assert_eq!(strength(&told), Some((Bssid([2, 0, 0, 0, 0, 1]), -30)));
        assert_eq!(strength(&[bssid]), None);
        assert_eq!(strength(&[Nl80211BssInfo::SignalMbm(-3050)]), None);
    }
}
