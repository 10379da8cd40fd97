//! Addresses for the guests of an access point (RFC 2131), as answers to packets.
//!
//! As Espressif's server does, it gives the device's own address as router and name server as well.

use core::{mem, net::Ipv4Addr};

use edge_dhcp::{
    Options, Packet,
    server::{Lease, Server, ServerOptions},
};
use heapless::{LinearMap, Vec};
use landfall_protocomm::Instant;

/// Port of a server, UDP.
pub const PORT: u16 = 67;

/// Port of a guest, UDP.
pub const GUEST_PORT: u16 = 68;

/// Octets that hold each answer.
pub const MAX_ANSWER: usize = 300;

/// As many addresses as a network of 24 bits has for guests.
pub const MAX_LEASES: usize = (LAST - FIRST + 1) as usize;

/// Who has which address, of at most `LEASES` guests at once; 28 octets for each.
#[derive(Debug)]
pub struct Dhcp<const LEASES: usize> {
    own: Ipv4Addr,
    first: Ipv4Addr,
    last: Ipv4Addr,
    leases: LinearMap<Ipv4Addr, Lease, LEASES>,
}

/// An answer, and where it goes.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// What is sent, to [`GUEST_PORT`].
    pub bytes: Vec<u8, MAX_ANSWER>,
    /// `None`: to everybody, as whoever has no address cannot be reached otherwise.
    pub to: Option<Ipv4Addr>,
}

impl<const LEASES: usize> Dhcp<LEASES> {
    /// For the network of 24 bits that `own`, the device's address, is in.
    pub fn new(own: Ipv4Addr) -> Self {
        const { assert!(LEASES > 0, "a server without addresses serves nobody") };
        let [a, b, c, host] = own.octets();
        // The longer half, if the device's own address is in between.
        let (first, last) = match host {
            FIRST..=LAST if host - FIRST > LAST - host => (FIRST, host - 1),
            FIRST..=LAST => (host + 1, LAST),
            _ => (FIRST, LAST),
        };
        // No more than there is room for: the library looks for free addresses first, and for room when it is too late.
        let most = u8::try_from(LEASES - 1).unwrap_or(u8::MAX);
        Self {
            own,
            first: Ipv4Addr::new(a, b, c, first),
            last: Ipv4Addr::new(a, b, c, first.saturating_add(most).min(last)),
            leases: LinearMap::new(),
        }
    }

    /// The answer to a packet that came at `now`; `None` if it gets none.
    pub fn answer(&mut self, packet: &[u8], now: Instant) -> Option<Answer> {
        let packet = plain(packet)?;
        let request = Packet::decode(&packet).ok()?;
        let own = [self.own];
        let mut options = ServerOptions::new(self.own, None);
        options.gateways = &own;
        options.dns = &own;
        options.lease_duration_secs = LEASE_TIME;
        let mut server = Server {
            now: || now.since_start().as_secs(),
            range_start: self.first,
            range_end: self.last,
            leases: mem::take(&mut self.leases),
        };
        let mut room = Options::buf();
        let reply = server.handle_request(&mut room, &options, &request);
        self.leases = server.leases;
        let reply = reply?;
        let has_address = !reply.yiaddr.is_unspecified() && reply.yiaddr == request.ciaddr;
        let mut bytes = [0; MAX_ANSWER];
        Some(Answer {
            bytes: Vec::from_slice(reply.encode(&mut bytes).ok()?).ok()?,
            to: has_address.then_some(reply.yiaddr),
        })
    }
}

/// The packet with nothing but what an answer depends on, or `None` if it is no request of a guest's. What else a guest
/// says of itself may be written as it likes: the library refuses padding between options and host names that are no
/// UTF-8, and would panic at some options in a log.
fn plain(packet: &[u8]) -> Option<Vec<u8, MAX_PLAIN>> {
    let (head, mut options) = packet.split_at_checked(HEAD)?;
    let [REQUEST, ..] = head else { return None };
    // What came through a relay is of no guest of ours.
    if head.get(GIADDR..GIADDR + 4)? != [0; 4] || head.get(COOKIE_AT..)? != COOKIE {
        return None;
    }
    let mut plain = Vec::from_slice(head).ok()?;
    loop {
        match options {
            // Some forget the end.
            [] | [END, ..] => break,
            [PAD, rest @ ..] => options = rest,
            [code, len, rest @ ..] => {
                let (value, rest) = rest.split_at_checked(usize::from(*len))?;
                let is_wanted = match *code {
                    MESSAGE_TYPE => value.len() == 1,
                    REQUESTED_ADDRESS | SERVER => value.len() == 4,
                    code => code == WANTED_OPTIONS,
                };
                if is_wanted {
                    plain.extend_from_slice(&[*code, *len]).ok()?;
                    plain.extend_from_slice(value).ok()?;
                }
                options = rest;
            }
            [_] => return None,
        }
    }
    plain.push(END).ok()?;
    Some(plain)
}

const FIRST: u8 = 10;
const LAST: u8 = 200;
/// Seconds. Guests stay for minutes, and who is gone without a word leaves its address soon.
const LEASE_TIME: u32 = 600;

const REQUEST: u8 = 1;
/// Up to and with the cookie.
const HEAD: usize = 240;
/// The head, each option that counts once, and the end. Nobody honest says one of them twice.
const MAX_PLAIN: usize = HEAD + 3 + 6 + 6 + 257 + 1;
const GIADDR: usize = 24;
const COOKIE_AT: usize = 236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
const PAD: u8 = 0;
const END: u8 = 255;
const REQUESTED_ADDRESS: u8 = 50;
const MESSAGE_TYPE: u8 = 53;
const SERVER: u8 = 54;
const WANTED_OPTIONS: u8 = 55;

#[cfg(test)]
mod tests;
