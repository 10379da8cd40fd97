use std::{vec, vec::Vec};

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
    assert_eq!(answer.as_slice(), expected);
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
    for kind in [28, 15, 65, 64_999] {
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
    // Another class than the Internet's.
    let mut chaos = good.clone();
    *chaos.last_mut().expect("it is not empty") = 3;
    assert_eq!(answer(&chaos, OWN), None);
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
            prop_assert!(answer.len() <= MAX_ANSWER);
            prop_assert_eq!(&answer[..2], &bytes[..2]);
        }
    }
}
