use zeroize::Zeroize as _;

use super::{
    Limits,
    request::{self, LEAST_MTU, Refusal, Verdict},
};

/// The longest request that the host takes, behind the header of its channel.
pub(crate) const REQUEST_LEN: usize = 508;
/// The header of a channel: the length of what follows, and the channel's number.
const HEADER_LEN: usize = 4;
/// A whole request.
pub(crate) const PDU_LEN: usize = HEADER_LEN + REQUEST_LEN;
/// The channel of the attribute protocol.
const ATT: u16 = 4;
/// The channel of signals.
const SIGNALS: u16 = 5;
/// The channel of pairing.
const SMP: u16 = 6;

/// A request of which not all parts have come yet. The parts of one are never mixed with those of another.
pub(crate) struct Assembly {
    limits: Limits,
    /// The largest packets on this connection.
    mtu: u16,
    parts: Parts,
    pdu: [u8; PDU_LEN],
}

/// What the parts belong to.
#[derive(Clone, Copy)]
enum Parts {
    /// Nothing that the host gets more of.
    None,
    /// Pairing.
    Pairing,
    /// A request.
    Request { expected: usize, got: usize },
}

/// What becomes of a part.
#[derive(Debug, PartialEq)]
pub(crate) enum Step<'a> {
    /// The host gets nothing (yet).
    Nothing,
    /// It belongs to pairing.
    Pairing,
    /// The host gets this request.
    Whole(&'a [u8]),
    /// The host gets this in the place of a request.
    Refused([u8; HEADER_LEN + Refusal::LEN]),
    /// The host gets this in the place of a signal, and rejects it.
    Rejected([u8; HEADER_LEN + SIGNAL_HEADER_LEN]),
}

impl Assembly {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits: Limits {
                mtu: limits.mtu.min(REQUEST_LEN as u16),
                ..limits
            },
            mtu: LEAST_MTU,
            parts: Parts::None,
            pdu: [0; PDU_LEN],
        }
    }

    /// Drops what has come of a request: its client is gone, and the next one must not bring it to an end.
    pub(crate) fn forget(&mut self) {
        self.mtu = LEAST_MTU;
        self.parts = Parts::None;
        self.pdu.zeroize();
    }

    /// Takes the next part of what the controller received.
    pub(crate) fn take(&mut self, first: bool, part: &[u8]) -> Step<'_> {
        if first {
            self.parts = Parts::begin(part, self.limits);
        }
        let Parts::Request { expected, got } = &mut self.parts else {
            return match self.parts {
                Parts::Pairing => Step::Pairing,
                _ if first => in_place_of_a_signal(part).map_or(Step::Nothing, Step::Rejected),
                _ => Step::Nothing,
            };
        };
        if let Some(free) = self.pdu.get_mut(*got..) {
            free.iter_mut().zip(part).for_each(|(place, byte)| *place = *byte);
        }
        *got += part.len();
        if *got < *expected {
            return Step::Nothing;
        }
        let (expected, too_much) = (*expected, *got > *expected);
        self.parts = Parts::None;
        if too_much {
            return Step::Nothing;
        }
        self.finish(expected)
    }

    /// Looks at a request that is there as far as there is room for it.
    fn finish(&mut self, len: usize) -> Step<'_> {
        let room = self.pdu.len();
        let Some((_, request)) = self
            .pdu
            .get_mut(..len.min(room))
            .and_then(|pdu| pdu.split_first_chunk_mut::<HEADER_LEN>())
        else {
            return Step::Nothing;
        };
        // The host would have no room for some of the answers.
        let verdict = if len > HEADER_LEN + usize::from(self.mtu) {
            Refusal::malformed(request).map_or(Verdict::Ignore, Verdict::Refuse)
        } else {
            request::examine(request, self.limits.mtu)
        };
        match verdict {
            Verdict::Resize(mtu) => {
                self.mtu = mtu;
                self.pdu.get(..len).map_or(Step::Nothing, Step::Whole)
            }
            Verdict::Pass => self.pdu.get(..len).map_or(Step::Nothing, Step::Whole),
            Verdict::Refuse(refusal) => Step::Refused(in_place_of_a_request(refusal)),
            Verdict::Ignore => Step::Nothing,
        }
    }
}

impl Parts {
    fn begin(part: &[u8], limits: Limits) -> Self {
        let [low, high, channel_low, channel_high, ..] = part else {
            return Self::None;
        };
        match u16::from_le_bytes([*channel_low, *channel_high]) {
            ATT => Self::Request {
                expected: HEADER_LEN + usize::from(u16::from_le_bytes([*low, *high])),
                got: 0,
            },
            SMP if limits.pairing => Self::Pairing,
            _ => Self::None,
        }
    }
}

fn in_place_of_a_request(refusal: Refusal) -> [u8; HEADER_LEN + Refusal::LEN] {
    let mut pdu = [0; HEADER_LEN + Refusal::LEN];
    let [length, _, channel, _, note @ ..] = &mut pdu;
    (*length, *channel, *note) = (Refusal::LEN as u8, ATT as u8, refusal.to_bytes());
    pdu
}

/// A signal of a kind that the host does not know, with the identifier of the one in `part`, if that wants an answer.
/// Signals are so short that they always come in one part (Bluetooth Core, volume 3, part A, section 4).
fn in_place_of_a_signal(part: &[u8]) -> Option<[u8; HEADER_LEN + SIGNAL_HEADER_LEN]> {
    let (&[low, high, channel_low, channel_high], signal) = part.split_first_chunk::<HEADER_LEN>()?;
    let is_whole = usize::from(u16::from_le_bytes([low, high])) == signal.len();
    let &[kind, identifier, _, _, ..] = signal else {
        return None;
    };
    let is_owed = is_whole && channel_low == SIGNALS as u8 && channel_high == 0 && !ANSWERS.contains(&kind);
    is_owed.then_some([SIGNAL_HEADER_LEN as u8, 0, SIGNALS as u8, 0, ECHO, identifier, 0, 0])
}

/// A signal's kind, its identifier and the length of what follows.
const SIGNAL_HEADER_LEN: usize = 4;
/// A signal that the host rejects, whoever sends it: not for links of this kind.
const ECHO: u8 = 0x08;
/// Signals that want no answer: answers, and a note of credits.
const ANSWERS: [u8; 11] = [0x01, 0x03, 0x05, 0x07, 0x09, 0x0b, 0x13, 0x15, 0x16, 0x18, 0x1a];

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use super::*;

    const LIMITS: Limits = Limits {
        mtu: 256,
        pairing: true,
    };

    fn pdu(channel: u16, payload: &[u8]) -> Vec<u8> {
        let mut pdu = vec![];
        pdu.extend((payload.len() as u16).to_le_bytes());
        pdu.extend(channel.to_le_bytes());
        pdu.extend(payload);
        pdu
    }

    #[test]
    fn a_request_in_parts_comes_out_whole() {
        let write = pdu(ATT, b"\x12\x03\x00hello");
        for cut in 4..write.len() {
            let mut assembly = Assembly::new(LIMITS);
            assert_eq!(assembly.take(true, &write[..cut]), Step::Nothing, "{cut}");
            assert_eq!(assembly.take(false, &write[cut..]), Step::Whole(&write), "{cut}");
        }
    }

    #[test]
    fn a_malformed_request_in_parts_is_refused() {
        let read = pdu(ATT, b"\x0a\x03");
        let refused = Step::Refused(*b"\x05\0\x04\0\x20\x0a\x04\0\0");
        let mut assembly = Assembly::new(LIMITS);
        assert_eq!(assembly.take(true, &read[..4]), Step::Nothing);
        assert_eq!(assembly.take(false, &read[4..5]), Step::Nothing);
        assert_eq!(assembly.take(false, &read[5..]), refused);
        assert_eq!(assembly.take(true, &read), refused);
    }

    #[test]
    fn a_request_longer_than_the_packets_of_the_connection_is_refused() {
        let mut assembly = Assembly::new(Limits {
            mtu: u16::MAX,
            ..LIMITS
        });
        let widen = pdu(ATT, b"\x02\xff\xff");
        let mut long = vec![0x12, 3, 0];
        for (mtu, widened) in [(23, false), (REQUEST_LEN, true)] {
            if widened {
                assert!(matches!(assembly.take(true, &widen), Step::Whole(_)));
            }
            long.resize(mtu + 1, 7);
            let whole = pdu(ATT, &long);
            let (last, rest) = whole.split_last().expect("not empty");
            assert_eq!(assembly.take(true, rest), Step::Nothing);
            let refused = Step::Refused(*b"\x05\0\x04\0\x20\x12\x04\x03\0");
            assert_eq!(assembly.take(false, &[*last]), refused);
            let fits = pdu(ATT, &long[..mtu]);
            assert_eq!(assembly.take(true, &fits), Step::Whole(&fits));
        }
        assembly.forget();
        let narrow_again = pdu(ATT, &long[..24]);
        assert!(matches!(assembly.take(true, &narrow_again), Step::Refused(_)));
    }

    #[test]
    fn parts_without_a_beginning_and_too_much_are_dropped() {
        let write = pdu(ATT, b"\x12\x03\x00hello");
        let mut assembly = Assembly::new(LIMITS);
        assert_eq!(assembly.take(false, &write), Step::Nothing);
        assert_eq!(assembly.take(true, &write[..6]), Step::Nothing);
        assert_eq!(assembly.take(false, b"much more than there should be"), Step::Nothing);
        assert_eq!(assembly.take(false, b"still"), Step::Nothing);
        assert_eq!(assembly.take(true, &write), Step::Whole(&write));
    }

    #[test]
    fn a_request_that_was_begun_ends_with_its_client() {
        let write = pdu(ATT, b"\x12\x03\x00hello");
        let mut assembly = Assembly::new(LIMITS);
        assert_eq!(assembly.take(true, &write[..9]), Step::Nothing);
        assembly.forget();
        assert_eq!(assembly.take(false, &write[9..]), Step::Nothing);
        assert_eq!(assembly.pdu, [0; PDU_LEN]);
    }

    #[test]
    fn signals_become_one_that_the_host_rejects() {
        let mut assembly = Assembly::new(LIMITS);
        let disconnect = pdu(5, b"\x06\x07\x04\0\0\0\0\0");
        let rejected = Step::Rejected(*b"\x04\0\x05\0\x08\x07\0\0");
        assert_eq!(assembly.take(true, &disconnect), rejected);
        for (first, part) in [
            (true, &disconnect[..9]),
            (false, &disconnect[9..]),
            (false, &disconnect),
        ] {
            assert_eq!(assembly.take(first, part), Step::Nothing);
        }
        for answer in ANSWERS {
            let answer = pdu(5, &[answer, 1, 2, 0, 3, 0]);
            assert_eq!(assembly.take(true, &answer), Step::Nothing);
        }
        assert_eq!(assembly.take(true, &pdu(5, b"\x06\x07\x04")), Step::Nothing);
    }

    #[test]
    fn other_channels_are_closed() {
        let mut assembly = Assembly::new(LIMITS);
        for channel in [0, 1, 3, 7, 0x3a, 0x40, 0x41, 0x0105, 0xffff] {
            let whole = pdu(channel, b"\x06\x07\x04\0\0\0\0\0");
            assert_eq!(assembly.take(true, &whole), Step::Nothing);
            assert_eq!(assembly.take(true, &whole[..7]), Step::Nothing);
            assert_eq!(assembly.take(false, &whole[7..]), Step::Nothing);
        }
        assert_eq!(assembly.take(true, &[1, 0]), Step::Nothing);
        assert_eq!(assembly.take(true, &pdu(ATT, b"")), Step::Nothing);
    }

    #[test]
    fn pairing_passes_only_where_it_is_offered() {
        let request = pdu(SMP, b"\x01\x03\x00\x08\x10\x00\x00");
        let mut assembly = Assembly::new(LIMITS);
        assert_eq!(assembly.take(true, &request[..7]), Step::Pairing);
        assert_eq!(assembly.take(false, &request[7..]), Step::Pairing);
        let mut assembly = Assembly::new(Limits {
            pairing: false,
            ..LIMITS
        });
        assert_eq!(assembly.take(true, &request[..7]), Step::Nothing);
        assert_eq!(assembly.take(false, &request[7..]), Step::Nothing);
    }
}
