//! Answers to questions for names: any name is the device (RFC 1035).
//!
//! So an app or a person finds the device whatever they ask for, and a phone that looks for the Internet here hears at once
//! that there is none.

use core::net::Ipv4Addr;

/// Port of a server, UDP.
pub const PORT: u16 = 53;

/// Octets of the longest question that is answered: header, the longest name, type and class, and room for what systems
/// add (EDNS, RFC 6891).
pub const MAX_QUESTION: usize = 512;

/// Octets that hold each answer: header, the longest name, type and class, and one record.
pub const MAX_ANSWER: usize = HEADER + MAX_NAME + 4 + RECORD_LEN;

/// An answer's octets.
pub type Answer = heapless::Vec<u8, MAX_ANSWER>;

/// The answer to a question; `None` if it is none. What follows the question, as EDNS does, is not looked at.
pub fn answer(packet: &[u8], own: Ipv4Addr) -> Option<Answer> {
    let (header, rest) = packet.split_first_chunk::<HEADER>()?;
    let [id_high, id_low, flags, _, counts @ ..] = *header;
    let [questions, answers, authorities, additions] = words(counts);
    let is_question = flags & (RESPONSE | OPCODE) == 0;
    if !is_question || questions != 1 || answers != 0 || authorities != 0 || additions > MOST_ADDITIONS {
        return None;
    }
    let name = name_len(rest)?;
    let [kind_high, kind_low, class_high, class_low, ..] = *rest.get(name..)? else {
        return None;
    };
    if !matches!(u16::from_be_bytes([class_high, class_low]), IN | ANY) {
        return None;
    }
    let has_address = matches!(u16::from_be_bytes([kind_high, kind_low]), A | ANY);
    let recursion = flags & RECURSION_DESIRED;
    let mut bytes = Answer::new();
    let flags = [
        RESPONSE | AUTHORITATIVE | recursion,
        if recursion == 0 { 0 } else { RECURSION_AVAILABLE },
    ];
    // A name without addresses of the kind that was asked for (IPv6) is a name all the same.
    let counts = [0, 1, 0, u8::from(has_address), 0, 0, 0, 0];
    bytes.extend_from_slice(&[id_high, id_low]).ok()?;
    bytes.extend_from_slice(&flags).ok()?;
    bytes.extend_from_slice(&counts).ok()?;
    bytes.extend_from_slice(rest.get(..name + 4)?).ok()?;
    if has_address {
        bytes.extend_from_slice(&RECORD).ok()?;
        bytes.extend_from_slice(&own.octets()).ok()?;
    }
    Some(bytes)
}

/// The length of the name at the beginning, with its last, empty label. In a question nothing comes before the name, so
/// what refers elsewhere (RFC 1035 4.1.4) is no honest question.
fn name_len(bytes: &[u8]) -> Option<usize> {
    let mut len = 0;
    loop {
        let label = usize::from(*bytes.get(len)?);
        len += 1 + label;
        if label > MAX_LABEL || len > MAX_NAME {
            return None;
        }
        if label == 0 {
            return Some(len);
        }
    }
}

const fn words([a, b, c, d, e, f, g, h]: [u8; 8]) -> [u16; 4] {
    [
        u16::from_be_bytes([a, b]),
        u16::from_be_bytes([c, d]),
        u16::from_be_bytes([e, f]),
        u16::from_be_bytes([g, h]),
    ]
}

const HEADER: usize = 12;
/// Octets of a name, and of one label of it (RFC 1035 2.3.4).
const MAX_NAME: usize = 255;
const MAX_LABEL: usize = 63;
/// What every system sends at most with a question: EDNS, and perhaps a signature.
const MOST_ADDITIONS: u16 = 2;

// In the header's third octet.
const RESPONSE: u8 = 0x80;
const OPCODE: u8 = 0x78;
const AUTHORITATIVE: u8 = 0x04;
const RECURSION_DESIRED: u8 = 0x01;
// In its fourth.
const RECURSION_AVAILABLE: u8 = 0x80;

/// Type of an IPv4 address.
const A: u16 = 1;
/// Class of the Internet.
const IN: u16 = 1;
/// Any type, or any class.
const ANY: u16 = 255;

/// A record up to the address: the name is the question's (at octet 12), type A, class IN, 10 seconds (whoever leaves for
/// a real network asks anew there), 4 octets.
const RECORD: [u8; 12] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4];
const RECORD_LEN: usize = RECORD.len() + 4;

#[cfg(test)]
mod tests;
