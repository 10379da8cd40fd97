use std::{vec, vec::Vec as StdVec};

use bt_hci::param::ConnHandle;
use trouble_host::att::{Att, AttRsp, AttServer};

use super::*;

fn acl(boundary: AclPacketBoundary, data: &[u8]) -> AclPacket<'_> {
    AclPacket::new(ConnHandle::new(1), boundary, AclBroadcastFlag::PointToPoint, data)
}

fn framed(pdu: &[u8]) -> StdVec<u8> {
    let [low, high] = u16::try_from(pdu.len()).expect("short").to_le_bytes();
    [&[low, high, ATT, 0], pdu].concat()
}

/// What the host gets of a packet that comes in these parts: the last of what it gets.
fn received(bridge: &Bridge, parts: &[&[u8]]) -> StdVec<u8> {
    let mut got = StdVec::new();
    for (index, part) in parts.iter().enumerate() {
        let boundary = if index == 0 {
            FIRST
        } else {
            AclPacketBoundary::Continuing
        };
        let mut checked = Packet::new();
        got = bridge.receive(acl(boundary, part), &mut checked).data().to_vec();
    }
    got
}

fn sent(bridge: &Bridge, write: Write, pdu: &[u8]) -> StdVec<u8> {
    bridge.translate_next(write);
    let packet = framed(pdu);
    let translated = bridge.send(&packet).map(|packet| packet.to_vec());
    translated.unwrap_or(packet)
}

#[test]
fn writes_leave_as_what_they_stand_for_once() {
    let bridge = Bridge::default();
    let write = [0x12, 3, 0, 18, 0, b'x', b'y'];
    assert_eq!(sent(&bridge, Write::Plain, &write), framed(&write));
    assert_eq!(
        sent(&bridge, Write::Prepare, &write),
        framed(&[0x16, 3, 0, 18, 0, b'x', b'y'])
    );
    assert_eq!(sent(&bridge, Write::Execute, &[0x12, 3, 0, 1]), framed(&[0x18, 1]));
    assert!(bridge.send(&framed(&write)).is_none(), "the next one is itself again");
}

#[test]
fn answers_to_long_writes_come_in_as_answers_to_writes() {
    let bridge = Bridge::default();
    let prepared = framed(&[0x17, 3, 0, 18, 0, b'x']);
    sent(&bridge, Write::Prepare, &[0x12, 3, 0, 18, 0, b'x']);
    assert_eq!(received(&bridge, &[&prepared]), framed(&[0x13, 3, 0, 18, 0, b'x']));
    sent(&bridge, Write::Execute, &[0x12, 3, 0, 1]);
    assert_eq!(received(&bridge, &[&framed(&[0x19])]), framed(&[0x13]));
    assert_eq!(received(&bridge, &[&prepared]), BAD_ANSWER, "nothing was prepared");
}

#[test]
fn a_packet_in_parts_reaches_the_host_whole() {
    let bridge = Bridge::default();
    let packet = framed(b"\x0bthe answer to a read");
    for cut in 4..packet.len() {
        let (first, second) = packet.split_at(cut);
        assert_eq!(received(&bridge, &[first]), IGNORED, "{cut}");
        assert_eq!(received(&bridge, &[first, second]), packet, "{cut}");
        assert_eq!(received(&bridge, &[first, second, second]), IGNORED, "{cut}: too much");
    }
    assert_eq!(received(&bridge, &[&packet, &packet]), IGNORED);
    assert_eq!(received(&bridge, &[&[2, 0]]), IGNORED);
    let longest = [0x0b; 600];
    let longest = framed(&longest);
    let parts: StdVec<_> = longest.chunks(27).collect();
    assert_eq!(received(&bridge, &parts), longest);
    let endless = framed(&[0x0b; 2000]);
    let parts: StdVec<_> = endless.chunks(27).collect();
    assert_eq!(received(&bridge, &parts), IGNORED);
}

#[test]
fn pairing_passes_as_it_is() {
    let bridge = Bridge::default();
    let request = [7, 0, SMP, 0, 0x02, 3, 0, 8, 16, 0, 0];
    let (first, second) = request.split_at(7);
    assert_eq!(received(&bridge, &[first]), first);
    assert_eq!(received(&bridge, &[first, second]), second);
}

#[test]
fn of_the_signals_only_the_wish_for_an_interval_passes() {
    let bridge = Bridge::default();
    let wish = [12, 0, SIGNALS, 0, 0x12, 1, 8, 0, 6, 0, 12, 0, 0, 0, 200, 0];
    assert_eq!(received(&bridge, &[&wish]), wish);
    let (first, second) = wish.split_at(7);
    assert_eq!(received(&bridge, &[first]), IGNORED);
    assert_eq!(received(&bridge, &[first, second]), wish);
    let end_of_a_channel = [8, 0, SIGNALS, 0, 0x06, 1, 4, 0, 0, 0, 0, 0];
    for signal in [
        &end_of_a_channel[..],
        &[14, 0, SIGNALS, 0, 0x15, 1, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0],
        &[8, 0, SIGNALS, 0, 0x12, 1, 4, 0, 6, 0, 12, 0],
        &[12, 0, SIGNALS, 0, 0x12, 1, 4, 0, 6, 0, 12, 0, 6, 1, 0, 0],
        &[&[20, 0], &wish[2..], &end_of_a_channel[4..]].concat(),
    ] {
        let (first, second) = signal.split_at(7);
        assert_eq!(received(&bridge, &[signal]), IGNORED, "{signal:x?}");
        assert_eq!(received(&bridge, &[first]), IGNORED, "{signal:x?}");
        assert_eq!(received(&bridge, &[first, second]), IGNORED, "{signal:x?}");
    }
}

#[test]
fn other_channels_are_closed() {
    let bridge = Bridge::default();
    for channel in [0_u16, 1, 7, 0x3a, 0x40, 0x41, 0x0105, 0x0106, 0xffff] {
        let [low, high] = channel.to_le_bytes();
        let whole = [12, 0, low, high, 0x12, 1, 8, 0, 6, 0, 12, 0, 0, 0, 200, 0];
        let (first, second) = whole.split_at(7);
        assert_eq!(received(&bridge, &[&whole]), IGNORED);
        assert_eq!(received(&bridge, &[first, second]), IGNORED);
    }
    assert_eq!(received(&bridge, &[&[12, 0]]), IGNORED);
}

#[test]
fn a_new_connection_begins_with_nothing_under_way() {
    let bridge = Bridge::default();
    let write = framed(&[0x12, 3, 0, b'x']);
    bridge.translate_next(Write::Prepare);
    bridge.reset();
    assert!(bridge.send(&write).is_none(), "itself");
    sent(&bridge, Write::Prepare, &[0x12, 3, 0, 0, 0, b'x']);
    let answer = framed(&[0x17, 3, 0, 0, 0, b'x']);
    let (first, second) = answer.split_at(6);
    assert_eq!(received(&bridge, &[first]), IGNORED);
    bridge.reset();
    let mut checked = Packet::new();
    let rest = bridge.receive(acl(AclPacketBoundary::Continuing, second), &mut checked);
    assert_eq!(rest.data(), IGNORED);
    assert_eq!(received(&bridge, &[&answer]), BAD_ANSWER, "nothing was prepared");
}

#[test]
fn what_a_device_asks_is_refused_under_its_own_name() {
    let bridge = Bridge::default();
    for request in [
        &[0x0a, 3, 0][..],
        &[0x0a],
        &[0x08, 1, 0, 0xff, 0xff, 0, 0x28],
        &[0x02],
        &[0x18],
    ] {
        let [kind, rest @ ..] = request else {
            panic!("requests have a kind")
        };
        let replaced = [&[UNKNOWN_REQUEST], rest].concat();
        assert_eq!(received(&bridge, &[&framed(request)]), framed(&replaced));
        let refusal = framed(&[0x01, UNKNOWN_REQUEST, 0, 0, 6]);
        let answer = bridge.send(&refusal).expect("translated");
        assert_eq!(answer.to_vec(), framed(&[0x01, *kind, 0, 0, 6]));
    }
    let mtu = framed(&[0x02, 0, 1]);
    assert_eq!(received(&bridge, &[&mtu]), mtu, "the host itself answers this one");
    assert_eq!(received(&bridge, &[&framed(&[0x52, 1])]), IGNORED, "a command");
    assert_eq!(received(&bridge, &[&framed(&[])]), IGNORED);
}

#[test]
fn lists_that_would_mislead_the_host_are_no_answers() {
    let bridge = Bridge::default();
    for answer in [
        &[0x09, 0, 1, 0][..],
        &[0x09, 1, 1],
        &[0x09, 4],
        &[0x09, 4, 1, 0, 9, 9, 2],
        &[0x09, 4, 2, 0, 9, 9, 2, 0, 9, 9],
        &[0x09, 4, 0xff, 0xff, 9, 9],
        &[0x09, 4, 0, 0, 9, 9],
        &[0x11, 6, 5, 0, 4, 0, 0, 0x18],
        &[0x11, 6, 1, 0, 0xff, 0xff, 0, 0x18, 2, 0, 3, 0, 0, 0x18],
        &[0x11, 4, 1, 0, 2, 0],
        &[0x05, 3, 1, 0, 1, 0x29],
        &[0x07],
        &[0x03, 23],
        &[0x01, 0x0a, 3, 0],
    ] {
        assert_eq!(received(&bridge, &[&framed(answer)]), BAD_ANSWER, "{answer:x?}");
    }
    let last = framed(&[0x11, 6, 1, 0, 3, 0, 0, 0x18, 4, 0, 0xff, 0xff, 1, 0x18]);
    assert_eq!(received(&bridge, &[&last]), last, "a service may go on to the end");
}

#[test]
fn whatever_a_device_sends_the_host_s_decoder_takes() {
    for kind in 0..=u8::MAX {
        for len in 0..32 {
            for fill in [0, 1, 2, 4, 20, 0xff] {
                let bridge = Bridge::default();
                let pdu = [vec![kind], vec![fill; len]].concat();
                let got = received(&bridge, &[&framed(&pdu)]);
                let pdu = got.get(HEADER_LEN..).expect("a header");
                // The decoder panics rather than fail; so do its lists.
                if let Ok(Att::Server(AttServer::Response(response))) = Att::decode(pdu) {
                    walk(response);
                }
            }
        }
    }
}

fn walk(response: AttRsp<'_>) {
    match response {
        AttRsp::FindByTypeValue { mut it } => while it.next().is_some() {},
        AttRsp::FindInformation { mut it } => while it.next().is_some() {},
        AttRsp::ReadByType { mut it } | AttRsp::ReadByGroupType { mut it } => while it.next().is_some() {},
        _ => {}
    }
}
