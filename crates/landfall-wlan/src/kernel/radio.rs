//! Radios, and the interface that an access point needs on one.

use core::net::Ipv4Addr;
use std::io::ErrorKind;

use futures_util::TryStreamExt as _;
use netlink_packet_route::AddressFamily;
use rtnetlink::LinkUnspec;
use wl_nl80211::{
    Nl80211Attr, Nl80211Error, Nl80211Handle, Nl80211IfMode, Nl80211IfaceComb, Nl80211IfaceCombAttribute,
    Nl80211IfaceCombLimitAttribute, Nl80211Interface, Nl80211InterfaceType, Nl80211NewInterface,
};

use super::{Driving, drive, refused};
use crate::Error;

/// What a radio can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Radio {
    /// It can be an access point.
    pub(crate) can_be_ap: bool,
    /// On how many channels it can be an access point and a station at the same time; 0: it cannot.
    pub(crate) channels_together: u32,
}

impl Radio {
    /// Why it cannot be an access point, by itself or beside a station, and what can be done.
    pub(crate) const fn unfit(self, is_alone: bool) -> Option<&'static str> {
        if !self.can_be_ap {
            return Some("its radio or driver has no access point mode; use another Wi-Fi adapter");
        }
        if !is_alone && self.channels_together == 0 {
            return Some(
                "its radio cannot be an access point and a station at once; use a second Wi-Fi adapter for one of them",
            );
        }
        None
    }
}

/// What the radio with this number can do. One that cannot be asked is taken for able to do what most can: the kernel
/// says no later, if it must.
pub(crate) async fn radio(wiphy: u32) -> Radio {
    let usual = Radio {
        can_be_ap: true,
        channels_together: 1,
    };
    let Ok((_driving, handle)) = connect() else {
        return usual;
    };
    let mut answers = handle.wireless_physic().get().wiphy_index(wiphy).execute().await;
    let (mut modes, mut combinations) = (Vec::new(), Vec::new());
    while let Ok(Some(answer)) = answers.try_next().await {
        for attribute in answer.payload.attributes {
            match attribute {
                Nl80211Attr::SupportedIftypes(found) => modes.extend(found),
                Nl80211Attr::InterfaceCombination(found) => combinations.extend(found),
                _ => {}
            }
        }
    }
    if modes.is_empty() {
        return usual;
    }
    Radio {
        can_be_ap: modes.contains(&Nl80211IfMode::Ap),
        channels_together: combinations
            .iter()
            .map(|told| Combination::read(told).channels_together())
            .max()
            .unwrap_or(0),
    }
}

/// Adds an interface for an access point to a radio, and gives its number.
pub(crate) async fn add_access_point(wiphy: u32, name: &str) -> Result<u32, Error> {
    const WHAT: &str = "add an interface for the access point";
    let (_driving, handle) = connect()?;
    let wish = Nl80211NewInterface::new(wiphy, Nl80211InterfaceType::Ap, name.to_owned()).build();
    let mut answers = handle.interface().add(wish).execute().await;
    let answer = answers.try_next().await.map_err(|error| denied(WHAT, &error))?;
    let attributes = answer.map(|answer| answer.payload.attributes).unwrap_or_default();
    let index = attributes.iter().find_map(|attribute| match attribute {
        Nl80211Attr::IfIndex(index) => Some(*index),
        _ => None,
    });
    index.ok_or_else(|| refused(WHAT, &"it does not say which"))
}

/// Removes a Wi-Fi interface.
pub(crate) async fn remove(index: u32) -> Result<(), Error> {
    let (_driving, handle) = connect()?;
    let wish = Nl80211Interface::new(index).build();
    let mut answers = handle.interface().delete(wish).execute().await;
    while let Some(_answer) = answers
        .try_next()
        .await
        .map_err(|error| denied("remove the access point's interface", &error))?
    {}
    Ok(())
}

/// Gives an interface that is down another hardware address.
pub(crate) async fn set_mac(index: u32, mac: [u8; 6]) -> Result<(), Error> {
    const WHAT: &str = "give the access point's interface a hardware address of its own";
    let (connection, handle, _) = rtnetlink::new_connection().map_err(|error| refused(WHAT, &error))?;
    let _driving = drive(connection);
    let wish = LinkUnspec::new_with_index(index).address(mac.to_vec()).build();
    let changed = handle.link().change(wish).execute().await;
    changed.map_err(|error| refused(WHAT, &error))
}

/// Gives an interface an address in a network of 24 bits.
pub(crate) async fn add_address(index: u32, address: Ipv4Addr) -> Result<(), Error> {
    const WHAT: &str = "give the access point its address";
    let (connection, handle, _) = rtnetlink::new_connection().map_err(|error| refused(WHAT, &error))?;
    let _driving = drive(connection);
    let wish = handle.address().add(index, address.into(), PREFIX).replace();
    wish.execute().await.map_err(|error| refused(WHAT, &error))
}

/// Takes all IPv4 addresses from an interface. An interface that is gone has none.
pub(crate) async fn remove_addresses(index: u32) {
    let Ok((connection, handle, _)) = rtnetlink::new_connection() else {
        return;
    };
    let _driving = drive(connection);
    let mut answers = handle.address().get().set_link_index_filter(index).execute();
    while let Ok(Some(address)) = answers.try_next().await {
        if address.header.family == AddressFamily::Inet {
            let _ = handle.address().del(address).execute().await;
        }
    }
}

fn connect() -> Result<(Driving, Nl80211Handle), Error> {
    let (connection, handle, _) = wl_nl80211::new_connection().map_err(|error| refused("tell of radios", &error))?;
    Ok((drive(connection), handle))
}

/// What the kernel says, without the words around it.
fn denied(what: &'static str, error: &Nl80211Error) -> Error {
    match error {
        Nl80211Error::NetlinkError(message) => match message.to_io() {
            error if error.kind() == ErrorKind::PermissionDenied => Error::NeedsRights("an access point"),
            error => refused(what, &error),
        },
        error => refused(what, error),
    }
}

/// Which interfaces a radio can have at the same time.
#[derive(Debug, Default)]
struct Combination {
    channels: u32,
    most: u32,
    limits: Vec<Limit>,
}

/// How many interfaces there may be of some kinds.
#[derive(Debug, Clone, Copy, Default)]
struct Limit {
    most: u32,
    has_station: bool,
    has_ap: bool,
}

impl Combination {
    fn read(told: &Nl80211IfaceComb) -> Self {
        let mut combination = Self::default();
        for attribute in &told.attributes {
            match attribute {
                Nl80211IfaceCombAttribute::NumChannels(number) => combination.channels = *number,
                Nl80211IfaceCombAttribute::Maxnum(number) => combination.most = *number,
                Nl80211IfaceCombAttribute::Limits(limits) => {
                    combination.limits = limits.iter().map(|limit| Limit::read(&limit.attributes)).collect();
                }
                _ => {}
            }
        }
        combination
    }

    /// On how many channels an access point and a station can be; 0: not together.
    fn channels_together(&self) -> u32 {
        // One of each kind, by two limits, or by one that allows two.
        let makes_room = |station: usize| {
            let mut limits = self.limits.iter().enumerate();
            limits.any(|(ap, limit)| limit.has_ap && (ap != station || limit.most > 1))
        };
        let mut limits = self.limits.iter().enumerate();
        let has_both = limits.any(|(at, limit)| limit.has_station && makes_room(at));
        if has_both && self.most > 1 { self.channels } else { 0 }
    }
}

impl Limit {
    fn read(told: &[Nl80211IfaceCombLimitAttribute]) -> Self {
        let mut limit = Self::default();
        for attribute in told {
            match attribute {
                Nl80211IfaceCombLimitAttribute::Max(most) => limit.most = *most,
                Nl80211IfaceCombLimitAttribute::Iftypes(kinds) => {
                    limit.has_station = kinds.contains(&Nl80211InterfaceType::Station);
                    limit.has_ap = kinds.contains(&Nl80211InterfaceType::Ap);
                }
                _ => {}
            }
        }
        limit
    }
}

const PREFIX: u8 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    const fn limit(most: u32, has_station: bool, has_ap: bool) -> Limit {
        Limit {
            most,
            has_station,
            has_ap,
        }
    }

    #[test]
    fn an_access_point_beside_a_station_needs_a_limit_for_each_or_one_for_two() {
        for (limits, most, expected) in [
            (vec![limit(1, true, false), limit(1, false, true)], 2, 3),
            (vec![limit(2, true, true)], 2, 3),
            (vec![limit(1, true, true)], 2, 0),
            (vec![limit(1, true, true), limit(1, false, true)], 2, 3),
            (vec![limit(1, true, false), limit(1, false, true)], 1, 0),
            (vec![limit(4, true, false)], 4, 0),
            (vec![], 8, 0),
        ] {
            let combination = Combination {
                channels: 3,
                most,
                limits,
            };
            assert_eq!(combination.channels_together(), expected, "{combination:?}");
        }
    }
}
