//! Answers to questions for names: any name is this machine (RFC 1035).
//!
//! So an app or a person finds the device whatever they ask for, and a phone that looks for the Internet here hears at once
//! that there is none.

use core::net::Ipv4Addr;

use simple_dns::{
    CLASS, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE, header_buffer,
    rdata::{A, RData},
};

/// The answer to a question; `None` if it is none.
pub(super) fn answer(question: &[u8], own: Ipv4Addr) -> Option<Vec<u8>> {
    if !is_simple(question) {
        return None;
    }
    let mut packet = Packet::parse(question).ok()?;
    packet.name_servers.clear();
    packet.answers.clear();
    packet.additional_records.clear();
    let asked = packet.questions.first()?;
    let is_for_address = matches!(asked.qtype, QTYPE::TYPE(TYPE::A) | QTYPE::ANY);
    let record = ResourceRecord::new(
        asked.qname.clone(),
        CLASS::IN,
        LIFETIME,
        RData::A(A { address: own.into() }),
    );
    let has_recursion = packet.has_flags(PacketFlag::RECURSION_DESIRED);
    let mut reply = packet.into_reply();
    // A name without addresses of the kind that was asked for (IPv6) is a name all the same.
    *reply.rcode_mut() = RCODE::NoError;
    reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    if has_recursion {
        reply.set_flags(PacketFlag::RECURSION_DESIRED | PacketFlag::RECURSION_AVAILABLE);
    }
    if is_for_address {
        reply.answers.push(record);
    }
    let bytes = reply.build_bytes_vec_compressed().ok()?;
    (bytes.len() <= MOST_ANSWER).then_some(bytes)
}

/// Whether it is one question and nothing else that matters. The header's numbers are looked at before the library makes
/// room for as many records as they say.
fn is_simple(question: &[u8]) -> bool {
    let number = |of: fn(&[u8]) -> simple_dns::Result<u16>| of(question).unwrap_or(u16::MAX);
    !header_buffer::has_flags(question, PacketFlag::RESPONSE).unwrap_or(true)
        && header_buffer::opcode(question).is_ok_and(|opcode| opcode == simple_dns::OPCODE::StandardQuery)
        && number(header_buffer::questions) == 1
        && number(header_buffer::answers) == 0
        && number(header_buffer::name_servers) == 0
        && number(header_buffer::additional_records) <= MOST_ADDITIONS
}

/// Seconds. Whoever leaves for a real network asks anew there.
const LIFETIME: u32 = 10;
/// What every system sends at most with a question: EDNS, and perhaps a signature.
const MOST_ADDITIONS: u16 = 2;
/// Octets that everybody can take.
const MOST_ANSWER: usize = 512;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OWN: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

    /// As a phone asks: `connectivitycheck.gstatic.com`, with recursion.
    fn question(kind: u16, addition: &[u8]) -> Vec<u8> {
        let mut bytes = vec![
            0x12,
            0x34,
            0x01,
            0x00,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            u8::from(!addition.is_empty()),
        ];
        for label in ["connectivitycheck", "gstatic", "com", ""] {
            bytes.push(u8::try_from(label.len()).expect("short"));
            bytes.extend(label.as_bytes());
        }
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1]);
        bytes.extend(addition);
        bytes
    }

    #[test]
    fn any_name_is_this_machine() {
        let bytes = question(1, &[]);
        let answer = answer(&bytes, OWN).expect("an answer");
        // Its number, an authoritative answer of one record, the question, and the record with a reference to its name.
        let mut expected = vec![0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
        expected.extend(&bytes[12..]);
        expected.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4, 192, 168, 4, 1]);
        assert_eq!(answer, expected);
    }

    #[test]
    fn edns_is_understood() {
        // OPT: the root's name, type 41, 1232 octets.
        let opt = [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0];
        let answer = answer(&question(1, &opt), OWN).expect("an answer");
        assert!(answer.ends_with(&[0, 4, 192, 168, 4, 1]));
    }

    #[test]
    fn what_a_name_does_not_have_is_nothing_but_the_name_exists() {
        for kind in [28, 15, 65] {
            let answer = answer(&question(kind, &[]), OWN).expect("an answer");
            assert_eq!(&answer[2..8], [0x85, 0x80, 0, 1, 0, 0], "type {kind}");
        }
    }

    #[test]
    fn no_questions_get_no_answers() {
        let good = question(1, &[]);
        for len in 0..good.len() {
            assert_eq!(answer(&good[..len], OWN), None, "the first {len} bytes");
        }
        // A response, an update, two questions, 65,535 records that are not there.
        for (at, byte) in [(2, 0x81), (2, 0x29), (5, 2), (6, 0xff), (8, 0xff), (10, 0xff)] {
            let mut bad = good.clone();
            bad[at] = byte;
            assert_eq!(answer(&bad, OWN), None, "byte {at} is {byte:#x}");
        }
        // A type that nobody has ever heard of.
        assert_eq!(answer(&question(64_999, &[]), OWN), None);
        // A name that refers to itself.
        assert_eq!(
            answer(&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1], OWN),
            None
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_talk_much(
            at in 0..60_usize,
            noise in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut bytes = question(1, &[0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
            let at = at.min(bytes.len());
            bytes.splice(at.., noise);
            if let Some(answer) = answer(&bytes, OWN) {
                prop_assert!(answer.len() <= MOST_ANSWER);
                prop_assert_eq!(&answer[..2], &bytes[..2]);
            }
        }
    }
}
