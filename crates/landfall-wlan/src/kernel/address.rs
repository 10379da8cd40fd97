//! The addresses of an interface.

use core::net::{IpAddr, Ipv4Addr};

use futures_util::{StreamExt as _, TryStreamExt as _};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::{Handle, MulticastGroup, new_multicast_connection};

use super::{Driving, drive, refused};
use crate::Error;

/// The addresses of an interface, as they come and go.
pub(crate) struct AddressWatch {
    index: u32,
    handle: Handle,
    /// Set when something changed somewhere.
    news: tokio::sync::watch::Receiver<()>,
    _driving: [Driving; 2],
}

/// What an interface has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Addresses {
    /// One with which the machine can be reached from the network.
    pub(crate) v4: Option<Ipv4Addr>,
    /// Whether there is an IPv6 address that is good beyond the link.
    pub(crate) has_v6: bool,
}

impl AddressWatch {
    /// Watches the interface with this number.
    pub(crate) fn new(index: u32) -> Result<Self, Error> {
        let groups = [MulticastGroup::Ipv4Ifaddr, MulticastGroup::Ipv6Ifaddr];
        let (connection, handle, mut messages) =
            new_multicast_connection(&groups).map_err(|error| refused("tell of addresses", &error))?;
        let (tell, news) = tokio::sync::watch::channel(());
        let telling = async move {
            // That it changed is enough: what there is, is asked.
            while messages.next().await.is_some() {
                tell.send_replace(());
            }
        };
        Ok(Self {
            index,
            handle,
            news,
            _driving: [drive(connection), drive(telling)],
        })
    }

    /// What there is now.
    pub(crate) async fn now(&mut self) -> Result<Addresses, Error> {
        self.news.borrow_and_update();
        let request = self.handle.address().get().set_link_index_filter(self.index);
        let mut answers = request.execute();
        let mut addresses = Addresses::default();
        while let Some(answer) = answers
            .try_next()
            .await
            .map_err(|error| refused("tell of addresses", &error))?
        {
            addresses.add(&answer);
        }
        Ok(addresses)
    }

    /// Waits until something may have changed since [`AddressWatch::now`] was asked.
    pub(crate) async fn changed(&mut self) {
        if self.news.changed().await.is_err() {
            // The kernel tells nothing any more: the caller's time limit helps.
            core::future::pending::<()>().await;
        }
    }
}

impl core::fmt::Debug for AddressWatch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AddressWatch")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl Addresses {
    fn add(&mut self, message: &AddressMessage) {
        for attribute in &message.attributes {
            match attribute {
                // What a machine gives itself when nobody answers, is no address of a network.
                AddressAttribute::Local(IpAddr::V4(v4)) if !v4.is_link_local() => self.v4 = Some(*v4),
                AddressAttribute::Address(IpAddr::V6(v6)) if !v6.is_unicast_link_local() => self.has_v6 = true,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(attribute: AddressAttribute) -> AddressMessage {
        let mut message = AddressMessage::default();
        message.attributes.push(attribute);
        message
    }

    #[test]
    fn addresses_of_the_link_only_do_not_count() {
        let mut addresses = Addresses::default();
        let v6 = |text: &str| AddressAttribute::Address(IpAddr::V6(text.parse().expect("an address")));
        let v4 = |a, b, c, d| AddressAttribute::Local(IpAddr::V4(Ipv4Addr::new(a, b, c, d)));
        for of_the_link in [v6("fe80::1"), v4(169, 254, 3, 4)] {
            addresses.add(&message(of_the_link));
        }
        assert_eq!(addresses, Addresses::default());
        for good in [v6("2001:db8::1"), v4(192, 168, 1, 7)] {
            addresses.add(&message(good));
        }
        let expected = Addresses {
            v4: Some(Ipv4Addr::new(192, 168, 1, 7)),
            has_v6: true,
        };
        assert_eq!(addresses, expected);
    }
}
