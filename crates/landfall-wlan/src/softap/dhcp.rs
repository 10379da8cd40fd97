//! Addresses for the guests of an access point (RFC 2131), as answers to packets.
//!
//! As Espressif's server does, it gives the machine's own address as router and name server as well.

use core::net::Ipv4Addr;

use edge_dhcp::{
    Options, Packet,
    server::{Server, ServerOptions},
};

/// Who has which address.
pub(super) struct Dhcp {
    own: Ipv4Addr,
    leases: Server<Now, { (LAST - FIRST + 1) as usize }>,
}

/// An answer, and where it goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    /// `None`: to everybody, as whoever has no address cannot be reached otherwise.
    pub(super) to: Option<Ipv4Addr>,
}

/// The time of the packet that is worked on, in seconds.
type Now = Box<dyn FnMut() -> u64 + Send>;

impl Dhcp {
    /// For the network of 24 bits that `own` is in.
    pub(super) fn new(own: Ipv4Addr) -> Self {
        let [a, b, c, host] = own.octets();
        // The longer half, if the machine's own address is in between.
        let (first, last) = match host {
            FIRST..=LAST if host - FIRST > LAST - host => (FIRST, host - 1),
            FIRST..=LAST => (host + 1, LAST),
            _ => (FIRST, LAST),
        };
        let mut leases: Server<Now, _> = Server::new(Box::new(|| 0), own);
        leases.range_start = Ipv4Addr::new(a, b, c, first);
        leases.range_end = Ipv4Addr::new(a, b, c, last);
        Self { own, leases }
    }

    /// The answer to a packet that came at `now`, seconds from anywhere; `None` if it gets none.
    pub(super) fn answer(&mut self, packet: &[u8], now: u64) -> Option<Answer> {
        let packet = plain(packet)?;
        let request = Packet::decode(&packet).ok()?;
        let own = [self.own];
        let mut options = ServerOptions::new(self.own, None);
        options.gateways = &own;
        options.dns = &own;
        options.lease_duration_secs = LEASE_TIME;
        self.leases.now = Box::new(move || now);
        let mut room = Options::buf();
        let reply = self.leases.handle_request(&mut room, &options, &request)?;
        let has_address = !reply.yiaddr.is_unspecified() && reply.yiaddr == request.ciaddr;
        let mut bytes = [0; MOST_ANSWER];
        Some(Answer {
            bytes: reply.encode(&mut bytes).ok()?.to_vec(),
            to: has_address.then_some(reply.yiaddr),
        })
    }
}

/// The packet with nothing but what an answer depends on, or `None` if it is no request of a guest's. What else a guest
/// says of itself may be written as it likes: the library refuses padding between options and host names that are no
/// UTF-8, and would panic at some options in a log.
fn plain(packet: &[u8]) -> Option<Vec<u8>> {
    let (head, mut options) = packet.split_at_checked(HEAD)?;
    let [REQUEST, ..] = head else { return None };
    // What came through a relay is of no guest of ours.
    if head.get(GIADDR..GIADDR + 4)? != [0; 4] || head.get(COOKIE_AT..)? != COOKIE {
        return None;
    }
    let mut plain = head.to_vec();
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
                    plain.extend([*code, *len]);
                    plain.extend(value);
                }
                options = rest;
            }
            [_] => return None,
        }
    }
    plain.push(END);
    Some(plain)
}

const FIRST: u8 = 10;
const LAST: u8 = 200;
/// Seconds. Guests stay for minutes, and who is gone without a word leaves its address soon.
const LEASE_TIME: u32 = 600;
/// Octets, far more than there can be.
const MOST_ANSWER: usize = 576;

const REQUEST: u8 = 1;
/// Up to and with the cookie.
const HEAD: usize = 240;
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OWN: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);
    const DISCOVER: u8 = 1;
    const OFFER: u8 = 2;
    const REQUEST: u8 = 3;
    const ACK: u8 = 5;
    const NAK: u8 = 6;

    /// A guest's packet: its hardware's address ends in `guest`, and these are the options after the type.
    fn packet(kind: u8, guest: u8, options: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![0; 240];
        bytes[..4].copy_from_slice(&[1, 1, 6, 0]);
        bytes[4..8].copy_from_slice(&[9, 8, 7, guest]);
        bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, guest]);
        bytes[236..].copy_from_slice(&COOKIE);
        bytes.extend([53, 1, kind, 55, 3, 1, 3, 6]);
        bytes.extend(options.concat());
        bytes.push(END);
        bytes
    }

    fn host(answer: &Answer) -> u8 {
        answer.bytes[19]
    }

    /// Type of a DHCP answer, its first option.
    fn kind(answer: &Answer) -> u8 {
        assert_eq!(answer.bytes[240..242], [53, 1]);
        answer.bytes[242]
    }

    fn request(dhcp: &mut Dhcp, guest: u8, host: u8, now: u64) -> Answer {
        let wanted = [50, 4, 192, 168, 4, host];
        dhcp.answer(&packet(REQUEST, guest, &[&wanted]), now)
            .expect("an answer")
    }

    #[test]
    fn a_phone_gets_an_address_with_this_machine_as_router_and_name_server() {
        let mut dhcp = Dhcp::new(OWN);
        let offer = dhcp.answer(&packet(DISCOVER, 7, &[]), 0).expect("an answer");
        assert_eq!((kind(&offer), host(&offer), offer.to), (OFFER, 10, None));
        assert_eq!(offer.bytes[..8], [2, 1, 6, 0, 9, 8, 7, 7]);
        assert_eq!(offer.bytes[28..34], [2, 0, 0, 0, 0, 7]);
        let ack = request(&mut dhcp, 7, 10, 1);
        let mut options = vec![53, 1, ACK, 54, 4, 192, 168, 4, 1, 51, 4, 0, 0, 2, 88];
        options.extend([1, 4, 255, 255, 255, 0, 3, 4, 192, 168, 4, 1, 6, 4, 192, 168, 4, 1, 255]);
        assert!(ack.bytes[240..].starts_with(&options), "{:?}", &ack.bytes[240..]);
    }

    #[test]
    fn two_guests_get_two_addresses_and_each_keeps_its_own() {
        let mut dhcp = Dhcp::new(OWN);
        assert_eq!(kind(&request(&mut dhcp, 1, 10, 0)), ACK);
        assert_eq!(host(&dhcp.answer(&packet(DISCOVER, 2, &[]), 0).expect("an offer")), 11);
        assert_eq!(kind(&request(&mut dhcp, 2, 10, 1)), NAK);
        assert_eq!(kind(&request(&mut dhcp, 2, 11, 1)), ACK);
        assert_eq!(host(&dhcp.answer(&packet(DISCOVER, 1, &[]), 2).expect("an offer")), 10);
    }

    #[test]
    fn an_address_of_another_network_is_refused_at_once() {
        let mut dhcp = Dhcp::new(OWN);
        for address in [
            [192, 168, 1, 10],
            [192, 168, 4, 1],
            [192, 168, 4, 201],
            [192, 168, 4, 9],
        ] {
            let wanted = [&[50, 4][..], &address].concat();
            let answer = dhcp.answer(&packet(REQUEST, 1, &[&wanted]), 0).expect("an answer");
            assert_eq!((kind(&answer), answer.to), (NAK, None), "{address:?}");
        }
    }

    #[test]
    fn who_has_an_address_is_answered_there() {
        let mut dhcp = Dhcp::new(OWN);
        request(&mut dhcp, 1, 10, 0);
        let mut renewal = packet(REQUEST, 1, &[]);
        renewal[12..16].copy_from_slice(&[192, 168, 4, 10]);
        let ack = dhcp.answer(&renewal, 300).expect("an answer");
        assert_eq!((kind(&ack), ack.to), (ACK, Some(Ipv4Addr::new(192, 168, 4, 10))));
    }

    #[test]
    fn addresses_are_free_again_when_their_time_is_over() {
        let mut dhcp = Dhcp::new(OWN);
        for guest in FIRST..=LAST {
            assert_eq!(kind(&request(&mut dhcp, guest, guest, 0)), ACK);
        }
        assert_eq!(dhcp.answer(&packet(DISCOVER, 201, &[]), 600), None);
        let offer = dhcp.answer(&packet(DISCOVER, 201, &[]), 601).expect("an offer");
        assert_eq!(kind(&request(&mut dhcp, 201, host(&offer), 601)), ACK);
    }

    #[test]
    fn the_machines_own_address_is_never_given_away() {
        for own in [10, 11, 50, 104, 105, 106, 199, 200] {
            let mut dhcp = Dhcp::new(Ipv4Addr::new(192, 168, 4, own));
            let offer = dhcp.answer(&packet(DISCOVER, 1, &[]), 0).expect("an offer");
            assert!(host(&offer) != own && (FIRST..=LAST).contains(&host(&offer)), "{own}");
            assert_eq!(kind(&request(&mut dhcp, 1, own, 0)), NAK, "{own}");
        }
    }

    #[test]
    fn what_guests_say_of_themselves_does_not_matter() {
        let mut dhcp = Dhcp::new(OWN);
        // Padding, a name that is no UTF-8, an empty identifier, routers of a length that cannot be.
        let odd: [&[u8]; 4] = [&[0, 0, 0], &[12, 2, 0xff, 0xfe], &[61, 0], &[3, 3, 1, 2, 3]];
        assert!(dhcp.answer(&packet(DISCOVER, 1, &odd), 0).is_some());
    }

    #[test]
    fn packets_that_are_no_requests_get_no_answer() {
        let mut dhcp = Dhcp::new(OWN);
        let good = packet(DISCOVER, 1, &[]);
        for len in 0..243 {
            assert_eq!(dhcp.answer(&good[..len], 0), None, "the first {len} bytes");
        }
        // An answer, hardware that is no Wi-Fi, a relay, no cookie, an unknown type.
        for (at, byte) in [(0, 2), (2, 16), (27, 1), (236, 0), (242, 99)] {
            let mut bad = good.clone();
            bad[at] = byte;
            assert_eq!(dhcp.answer(&bad, 0), None, "byte {at}");
        }
        // For another server.
        assert_eq!(
            dhcp.answer(
                &packet(REQUEST, 1, &[&[54, 4, 10, 0, 0, 1], &[50, 4, 192, 168, 4, 10]]),
                0
            ),
            None
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_give_away_what_is_not_its(
            packets in prop::collection::vec((any::<u8>(), 0..300_usize, prop::collection::vec(any::<u8>(), 0..80)), 1..20),
        ) {
            let mut dhcp = Dhcp::new(OWN);
            for (now, (guest, at, noise)) in packets.into_iter().enumerate() {
                let mut bytes = packet(DISCOVER, guest, &[]);
                let at = at.min(bytes.len());
                bytes.splice(at.., noise);
                if let Some(answer) = dhcp.answer(&bytes, now as u64) {
                    prop_assert!(answer.bytes.len() <= MOST_ANSWER);
                    let given = &answer.bytes[16..20];
                    let is_ours = given[..3] == [192, 168, 4] && (FIRST..=LAST).contains(&given[3]);
                    prop_assert!(is_ours || given == [0; 4]);
                }
            }
        }
    }
}
