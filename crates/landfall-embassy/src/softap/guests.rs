//! Addresses and names for whoever is in the access point.

use core::{
    net::Ipv4Addr,
    task::{Context, Poll},
};

use embassy_net::{
    IpEndpoint, Stack,
    udp::{PacketMetadata, UdpSocket},
};
use landfall_protocomm::Instant;
use landfall_softap::{
    dhcp::{self, Dhcp},
    dns,
};

use super::{StartError, once::once};

/// The two servers.
pub(super) struct Guests<'a> {
    addresses: UdpSocket<'a>,
    names: UdpSocket<'a>,
    own: Ipv4Addr,
    leases: Dhcp<LEASES>,
}

/// Their memory.
pub(super) struct Desk {
    addresses: Packets<1500, 600>,
    names: Packets<1024, 600>,
}

/// Memory for packets that come and go, octets of each.
struct Packets<const IN: usize, const OUT: usize> {
    incoming: ([PacketMetadata; PACKETS], [u8; IN]),
    outgoing: ([PacketMetadata; PACKETS], [u8; OUT]),
}

/// More guests than a chip's access point takes at once.
const LEASES: usize = 8;
/// Most packets that wait, each way.
const PACKETS: usize = 4;

impl<'a> Guests<'a> {
    pub(super) fn new(stack: Stack<'a>, desk: &'a mut Desk) -> Self {
        Self {
            addresses: desk.addresses.socket(stack),
            names: desk.names.socket(stack),
            own: Ipv4Addr::UNSPECIFIED,
            leases: Dhcp::new(Ipv4Addr::UNSPECIFIED),
        }
    }

    /// Serves the network of 24 bits that `own` is in.
    pub(super) fn open(&mut self, own: Ipv4Addr) -> Result<(), StartError> {
        self.close();
        self.own = own;
        self.leases = Dhcp::new(own);
        self.addresses.bind(dhcp::PORT).map_err(|_| StartError::Udp)?;
        self.names.bind(dns::PORT).map_err(|_| StartError::Udp)
    }

    pub(super) fn close(&mut self) {
        self.addresses.close();
        self.names.close();
    }

    /// Answers what has come. Guests ask again, so what cannot be sent is forgotten.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, now: Instant) {
        let leases = &mut self.leases;
        while self.addresses.is_open()
            && let Poll::Ready(answer) = once(
                self.addresses.recv_from_with(|packet, _| leases.answer(packet, now)),
                cx,
            )
        {
            if let Some(answer) = answer {
                let to = answer.to.unwrap_or(Ipv4Addr::BROADCAST);
                let to = IpEndpoint::new(to.into(), dhcp::GUEST_PORT);
                let _ = self.addresses.poll_send_to(&answer.bytes, to, cx);
            }
        }
        let own = self.own;
        while self.names.is_open()
            && let Poll::Ready((answer, from)) = once(
                self.names
                    .recv_from_with(|packet, from| (dns::answer(packet, own), from)),
                cx,
            )
        {
            if let Some(answer) = answer {
                let _ = self.names.poll_send_to(&answer, from.endpoint, cx);
            }
        }
    }
}

impl Desk {
    pub(super) const NEW: Self = Self {
        addresses: Packets::NEW,
        names: Packets::NEW,
    };
}

impl<const IN: usize, const OUT: usize> Packets<IN, OUT> {
    const NEW: Self = Self {
        incoming: ([PacketMetadata::EMPTY; PACKETS], [0; IN]),
        outgoing: ([PacketMetadata::EMPTY; PACKETS], [0; OUT]),
    };

    fn socket<'a>(&'a mut self, stack: Stack<'a>) -> UdpSocket<'a> {
        let Self {
            incoming: (in_meta, in_bytes),
            outgoing: (out_meta, out_bytes),
        } = self;
        UdpSocket::new(stack, in_meta, in_bytes, out_meta, out_bytes)
    }
}
