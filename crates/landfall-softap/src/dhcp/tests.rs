use std::{vec, vec::Vec};

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

/// So many seconds after the beginning.
fn at(secs: u64) -> Instant {
    Instant::from_millis(secs * 1000)
}

fn host(answer: &Answer) -> u8 {
    answer.bytes[19]
}

/// Type of a DHCP answer, its first option.
fn kind(answer: &Answer) -> u8 {
    assert_eq!(answer.bytes[240..242], [53, 1]);
    answer.bytes[242]
}

fn request(dhcp: &mut Dhcp<MAX_LEASES>, guest: u8, host: u8, now: u64) -> Answer {
    let wanted = [50, 4, 192, 168, 4, host];
    dhcp.answer(&packet(REQUEST, guest, &[&wanted]), at(now))
        .expect("an answer")
}

#[test]
fn a_phone_gets_an_address_with_this_machine_as_router_and_name_server() {
    let mut dhcp = Dhcp::<MAX_LEASES>::new(OWN);
    let offer = dhcp.answer(&packet(DISCOVER, 7, &[]), at(0)).expect("an answer");
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
    let mut dhcp = Dhcp::<MAX_LEASES>::new(OWN);
    assert_eq!(kind(&request(&mut dhcp, 1, 10, 0)), ACK);
    assert_eq!(
        host(&dhcp.answer(&packet(DISCOVER, 2, &[]), at(0)).expect("an offer")),
        11
    );
    assert_eq!(kind(&request(&mut dhcp, 2, 10, 1)), NAK);
    assert_eq!(kind(&request(&mut dhcp, 2, 11, 1)), ACK);
    assert_eq!(
        host(&dhcp.answer(&packet(DISCOVER, 1, &[]), at(2)).expect("an offer")),
        10
    );
}

#[test]
fn an_address_of_another_network_is_refused_at_once() {
    let mut dhcp = Dhcp::<MAX_LEASES>::new(OWN);
    for address in [
        [192, 168, 1, 10],
        [192, 168, 4, 1],
        [192, 168, 4, 201],
        [192, 168, 4, 9],
    ] {
        let wanted = [&[50, 4][..], &address].concat();
        let answer = dhcp.answer(&packet(REQUEST, 1, &[&wanted]), at(0)).expect("an answer");
        assert_eq!((kind(&answer), answer.to), (NAK, None), "{address:?}");
    }
}

#[test]
fn who_has_an_address_is_answered_there() {
    let mut dhcp = Dhcp::<MAX_LEASES>::new(OWN);
    request(&mut dhcp, 1, 10, 0);
    let mut renewal = packet(REQUEST, 1, &[]);
    renewal[12..16].copy_from_slice(&[192, 168, 4, 10]);
    let ack = dhcp.answer(&renewal, at(300)).expect("an answer");
    assert_eq!((kind(&ack), ack.to), (ACK, Some(Ipv4Addr::new(192, 168, 4, 10))));
}

#[test]
fn addresses_are_free_again_when_their_time_is_over() {
    let mut dhcp = Dhcp::<MAX_LEASES>::new(OWN);
    for guest in FIRST..=LAST {
        assert_eq!(kind(&request(&mut dhcp, guest, guest, 0)), ACK);
    }
    assert_eq!(dhcp.answer(&packet(DISCOVER, 201, &[]), at(600)), None);
    let offer = dhcp.answer(&packet(DISCOVER, 201, &[]), at(601)).expect("an offer");
    assert_eq!(kind(&request(&mut dhcp, 201, host(&offer), 601)), ACK);
}

#[test]
fn the_machines_own_address_is_never_given_away() {
    for own in [10, 11, 50, 104, 105, 106, 199, 200] {
        let mut dhcp = Dhcp::<MAX_LEASES>::new(Ipv4Addr::new(192, 168, 4, own));
        let offer = dhcp.answer(&packet(DISCOVER, 1, &[]), at(0)).expect("an offer");
        assert!(host(&offer) != own && (FIRST..=LAST).contains(&host(&offer)), "{own}");
        assert_eq!(kind(&request(&mut dhcp, 1, own, 0)), NAK, "{own}");
    }
}

#[test]
fn what_guests_say_of_themselves_does_not_matter() {
    let mut dhcp = Dhcp::<MAX_LEASES>::new(OWN);
    // Padding, a name that is no UTF-8, an empty identifier, routers of a length that cannot be.
    let odd: [&[u8]; 4] = [&[0, 0, 0], &[12, 2, 0xff, 0xfe], &[61, 0], &[3, 3, 1, 2, 3]];
    assert!(dhcp.answer(&packet(DISCOVER, 1, &odd), at(0)).is_some());
}

#[test]
fn packets_that_are_no_requests_get_no_answer() {
    let mut dhcp = Dhcp::<MAX_LEASES>::new(OWN);
    let good = packet(DISCOVER, 1, &[]);
    for len in 0..243 {
        assert_eq!(dhcp.answer(&good[..len], at(0)), None, "the first {len} bytes");
    }
    // An answer, hardware that is no Wi-Fi, a relay, no cookie, an unknown type.
    for (place, byte) in [(0, 2), (2, 16), (27, 1), (236, 0), (242, 99)] {
        let mut bad = good.clone();
        bad[place] = byte;
        assert_eq!(dhcp.answer(&bad, at(0)), None, "byte {place}");
    }
    // For another server.
    assert_eq!(
        dhcp.answer(
            &packet(REQUEST, 1, &[&[54, 4, 10, 0, 0, 1], &[50, 4, 192, 168, 4, 10]]),
            at(0)
        ),
        None
    );
}

#[test]
fn a_device_with_little_room_serves_as_many_guests_as_it_has_room_for() {
    for own in [1, 10, 104, 105, 106, 200] {
        let own = Ipv4Addr::new(192, 168, 4, own);
        let mut dhcp = Dhcp::<2>::new(own);
        for guest in [1, 2] {
            let offer = dhcp.answer(&packet(DISCOVER, guest, &[]), at(0)).expect("an offer");
            let wanted = [50, 4, 192, 168, 4, host(&offer)];
            let ack = dhcp
                .answer(&packet(REQUEST, guest, &[&wanted]), at(0))
                .expect("an answer");
            assert_eq!(kind(&ack), ACK, "{own}");
        }
        assert_eq!(dhcp.answer(&packet(DISCOVER, 3, &[]), at(600)), None);
        let offer = dhcp.answer(&packet(DISCOVER, 3, &[]), at(601)).expect("an offer");
        let wanted = [50, 4, 192, 168, 4, host(&offer)];
        let ack = dhcp
            .answer(&packet(REQUEST, 3, &[&wanted]), at(601))
            .expect("an answer");
        assert_eq!(kind(&ack), ACK, "{own}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_give_away_what_is_not_its(
        packets in prop::collection::vec((any::<u8>(), 0..300_usize, prop::collection::vec(any::<u8>(), 0..80)), 1..20),
    ) {
        let mut dhcp = Dhcp::<MAX_LEASES>::new(OWN);
        for (now, (guest, place, noise)) in (0..).zip(packets) {
            let mut bytes = packet(DISCOVER, guest, &[]);
            let place = place.min(bytes.len());
            bytes.splice(place.., noise);
            if let Some(answer) = dhcp.answer(&bytes, at(now)) {
                prop_assert!(answer.bytes.len() <= MAX_ANSWER);
                let given = &answer.bytes[16..20];
                let is_ours = given[..3] == [192, 168, 4] && (FIRST..=LAST).contains(&given[3]);
                prop_assert!(is_ours || given == [0; 4]);
            }
        }
    }
}
