//! Which requests of the attribute protocol the host can take (Bluetooth Core, volume 3, part F, section 3.4).

use landfall_protocomm::gatt::Values;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The host takes it.
    Pass,
    /// It asks for packets of this size, and the host takes it.
    Resize(u16),
    /// It is answered with an error.
    Refuse(Refusal),
    /// Nothing is owed.
    Ignore,
}

/// The error that a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What was asked.
    pub(crate) request: u8,
    /// The attribute that it was about; 0 if none.
    pub(crate) handle: u16,
    /// Why not.
    pub(crate) code: u8,
}

const EXCHANGE_MTU: u8 = 0x02;
const FIND_INFORMATION: u8 = 0x04;
const FIND_BY_TYPE_VALUE: u8 = 0x06;
const READ_BY_TYPE: u8 = 0x08;
const READ: u8 = 0x0a;
const READ_BLOB: u8 = 0x0c;
const READ_BY_GROUP_TYPE: u8 = 0x10;
const WRITE: u8 = 0x12;
const PREPARE_WRITE: u8 = 0x16;
const EXECUTE_WRITE: u8 = 0x18;
const CONFIRMATION: u8 = 0x1e;
/// What the host takes as READ MULTIPLE; nobody else's gets through, so that it can stand for a [`Refusal`].
const READ_MULTIPLE_VARIABLE: u8 = 0x20;
/// Commands, to which no answer is owed.
const COMMAND_FLAG: u8 = 0x40;

const INVALID_HANDLE: u8 = 0x01;
const INVALID_PDU: u8 = 0x04;
const REQUEST_NOT_SUPPORTED: u8 = 0x06;
const INVALID_OFFSET: u8 = 0x07;
const ATTRIBUTE_NOT_FOUND: u8 = 0x0a;
const INVALID_LENGTH: u8 = 0x0d;
const UNSUPPORTED_GROUP_TYPE: u8 = 0x10;

/// The longest value of all (spec transports.md 1.3).
const LONGEST_VALUE: usize = Values::<0>::MAX_LEN;
/// Services, primary and secondary.
const GROUP_TYPES: [[u8; 2]; 2] = [[0x00, 0x28], [0x01, 0x28]];
/// The smallest packets that the protocol allows.
pub(crate) const LEAST_MTU: u16 = 23;

/// Looks at a request. The size of packets that a client asks for is brought into the bounds that hold.
pub(crate) fn examine(request: &mut [u8], most_mtu: u16) -> Verdict {
    let malformed = Refusal::malformed(request).map_or(Verdict::Ignore, Verdict::Refuse);
    match request {
        [] => Verdict::Ignore,
        [EXCHANGE_MTU, low, high] => {
            let mtu = u16::from_le_bytes([*low, *high]).min(most_mtu).max(LEAST_MTU);
            [*low, *high] = mtu.to_le_bytes();
            Verdict::Resize(mtu)
        }
        [READ, _, _] | [READ_BLOB, _, _, _, _] | [WRITE, _, _, ..] | [EXECUTE_WRITE, 0 | 1] => Verdict::Pass,
        // The host would say that its queue is full, or stop near the end of the offsets.
        [PREPARE_WRITE, _, _, low, high, part @ ..] => {
            let offset = usize::from(u16::from_le_bytes([*low, *high]));
            match offset {
                0..=LONGEST_VALUE => Refusal::unless(offset + part.len() <= LONGEST_VALUE, request, INVALID_LENGTH),
                _ => Verdict::Refuse(Refusal::new(request, INVALID_OFFSET)),
            }
        }
        [FIND_INFORMATION, range @ ..] if range.len() == 4 => in_range(request),
        [FIND_BY_TYPE_VALUE, range @ ..] if range.len() >= 6 => in_range(request),
        [READ_BY_TYPE, range @ ..] if range.len() == 6 => in_range(request),
        [READ_BY_GROUP_TYPE, _, _, _, _, low, high] if !GROUP_TYPES.contains(&[*low, *high]) => {
            Verdict::Refuse(Refusal::new(request, UNSUPPORTED_GROUP_TYPE))
        }
        [READ_BY_GROUP_TYPE, range @ ..] if range.len() == 6 => in_range(request),
        // No attribute is found by a 128-bit UUID but the values, which are found by their handles.
        [READ_BY_TYPE, uuid @ ..] if uuid.len() == 20 => Verdict::Refuse(Refusal::new(request, ATTRIBUTE_NOT_FOUND)),
        [READ_BY_GROUP_TYPE, uuid @ ..] if uuid.len() == 20 => {
            Verdict::Refuse(Refusal::new(request, UNSUPPORTED_GROUP_TYPE))
        }
        [
            EXCHANGE_MTU | FIND_INFORMATION | FIND_BY_TYPE_VALUE | READ_BY_TYPE | READ | READ_BLOB | READ_BY_GROUP_TYPE
            | WRITE | PREPARE_WRITE | EXECUTE_WRITE,
            ..,
        ] => malformed,
        // Nothing is ever indicated; answers are none of a server's business; commands are not offered.
        [CONFIRMATION, ..] => Verdict::Ignore,
        [opcode, ..] if *opcode % 2 == 1 || *opcode & COMMAND_FLAG != 0 => Verdict::Ignore,
        [opcode, ..] => Verdict::Refuse(Refusal {
            request: *opcode,
            handle: 0,
            code: REQUEST_NOT_SUPPORTED,
        }),
    }
}

/// Handles begin at 1, and the last is not before the first (the host would name the wrong request in its error).
fn in_range(request: &[u8]) -> Verdict {
    let [_, low, high, end_low, end_high, ..] = request else {
        return Refusal::malformed(request).map_or(Verdict::Ignore, Verdict::Refuse);
    };
    let (start, end) = (
        u16::from_le_bytes([*low, *high]),
        u16::from_le_bytes([*end_low, *end_high]),
    );
    Refusal::unless((1..=end).contains(&start), request, INVALID_HANDLE)
}

impl Refusal {
    /// As long as what stands in the place of a request.
    pub(crate) const LEN: usize = 5;

    fn new(request: &[u8], code: u8) -> Self {
        let handle = match request {
            [_, low, high, ..] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        };
        Self {
            request: request.first().copied().unwrap_or_default(),
            handle,
            code,
        }
    }

    fn unless(right: bool, request: &[u8], code: u8) -> Verdict {
        if right {
            Verdict::Pass
        } else {
            Verdict::Refuse(Self::new(request, code))
        }
    }

    /// That a request has no form that the protocol knows; `None` if no answer is owed.
    pub(crate) fn malformed(request: &[u8]) -> Option<Self> {
        let opcode = request.first()?;
        let handle = match (*opcode, request.get(1..3)) {
            (READ | READ_BLOB | WRITE | PREPARE_WRITE, Some(&[low, high])) => u16::from_le_bytes([low, high]),
            _ => 0,
        };
        let owed = opcode % 2 == 0 && opcode & COMMAND_FLAG == 0 && *opcode != CONFIRMATION;
        owed.then_some(Self {
            request: *opcode,
            handle,
            code: INVALID_PDU,
        })
    }

    /// The bytes that stand in the place of the request.
    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        let [low, high] = self.handle.to_le_bytes();
        [READ_MULTIPLE_VARIABLE, self.request, self.code, low, high]
    }

    /// Reads what follows the first of those bytes.
    pub(crate) fn from_handles(handles: &[u8]) -> Option<Self> {
        let [request, code, low, high] = *handles else {
            return None;
        };
        Some(Self {
            request,
            handle: u16::from_le_bytes([low, high]),
            code,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use trouble_host::att::{Att, AttClient, AttReq};

    use super::*;

    /// Each request, well formed.
    const WELL_FORMED: [&[u8]; 10] = [
        b"\x02\x00\x02",
        b"\x04\x01\x00\xff\xff",
        b"\x06\x01\x00\xff\xff\x00\x28\xb4\xdf\x5a\x1c\x3f\x6b\xf4\xbf\xea\x4a\x82\x03\x04\x90\x1a\x02",
        b"\x08\x01\x00\xff\xff\x03\x28",
        b"\x0a\x03\x00",
        b"\x0c\x03\x00\x16\x00",
        b"\x10\x01\x00\xff\xff\x00\x28",
        b"\x12\x03\x00ESP",
        b"\x16\x03\x00\x00\x00value",
        b"\x18\x01",
    ];

    fn examined(request: &[u8]) -> (Verdict, Vec<u8>) {
        let mut request = request.to_vec();
        let verdict = examine(&mut request, 256);
        (verdict, request)
    }

    fn refused(request: u8, handle: u16, code: u8) -> Verdict {
        Verdict::Refuse(Refusal { request, handle, code })
    }

    #[test]
    fn well_formed_requests_pass() {
        for request in WELL_FORMED {
            assert!(
                matches!(examined(request).0, Verdict::Pass | Verdict::Resize(_)),
                "{request:02x?}"
            );
        }
    }

    #[test]
    fn the_host_decodes_every_truncation_that_passes() {
        for whole in WELL_FORMED {
            for len in 0..=whole.len() {
                let (verdict, request) = examined(&whole[..len]);
                match verdict {
                    // It would panic here.
                    Verdict::Pass | Verdict::Resize(_) => {
                        assert!(matches!(Att::decode(&request), Ok(Att::Client(_))), "{request:02x?}")
                    }
                    Verdict::Refuse(refusal) => assert_eq!((refusal.request, refusal.code), (whole[0], INVALID_PDU)),
                    Verdict::Ignore => assert_eq!(len, 0),
                }
            }
        }
    }

    #[test]
    fn the_host_panics_on_what_the_filter_holds_back() {
        for request in [
            &b"\x0a"[..],
            b"\x12\x03",
            b"\x02",
            b"\x04\x01\x00",
            b"\x06\x01\x00\xff\xff",
            b"\x08\x01",
            b"\x0c\x03\x00",
            b"\x10\x01\x00\xff\xff\xb4\xdf\x5a\x1c\x3f\x6b\xf4\xbf\xea\x4a\x82\x03\x04\x90\x1a\x02",
            b"\x16\x03\x00\x00",
            b"\x18",
            b"\x52\x03",
        ] {
            let decoded = std::panic::catch_unwind(|| Att::decode(request).is_ok());
            assert!(decoded.is_err(), "{request:02x?} can be let through now");
            assert_ne!(examined(request).0, Verdict::Pass, "{request:02x?}");
        }
    }

    #[test]
    fn every_opcode_with_every_length_is_safe_for_the_host() {
        for opcode in 0..=255 {
            for len in 1..40 {
                for filler in [0, 1, 0x28, 0xff] {
                    let mut request = vec![filler; len];
                    request[0] = opcode;
                    let (verdict, request) = examined(&request);
                    if matches!(verdict, Verdict::Pass | Verdict::Resize(_)) {
                        assert!(Att::decode(&request).is_ok(), "{request:02x?}");
                    }
                    let owed = opcode % 2 == 0 && opcode & COMMAND_FLAG == 0 && opcode != CONFIRMATION;
                    assert_eq!(verdict != Verdict::Ignore, owed, "{request:02x?}");
                }
            }
        }
    }

    #[test]
    fn the_size_of_packets_is_brought_into_bounds() {
        for (asked, granted) in [
            (0, 23),
            (22, 23),
            (23, 23),
            (185, 185),
            (256, 256),
            (512, 256),
            (u16::MAX, 256),
        ] {
            let [low, high] = u16::to_le_bytes(asked);
            let [granted_low, granted_high] = u16::to_le_bytes(granted);
            assert_eq!(
                examined(&[EXCHANGE_MTU, low, high]),
                (Verdict::Resize(granted), vec![EXCHANGE_MTU, granted_low, granted_high])
            );
        }
    }

    #[test]
    fn requests_that_make_no_sense_get_the_error_for_it() {
        for (request, verdict) in [
            (&b"\x04\x00\x00\xff\xff"[..], refused(0x04, 0, INVALID_HANDLE)),
            (b"\x08\x05\x00\x04\x00\x03\x28", refused(0x08, 5, INVALID_HANDLE)),
            (b"\x10\x02\x00\x01\x00\x00\x28", refused(0x10, 2, INVALID_HANDLE)),
            (
                b"\x10\x01\x00\xff\xff\x03\x28",
                refused(0x10, 1, UNSUPPORTED_GROUP_TYPE),
            ),
            (b"\x0e\x03\x00\x06\x00", refused(0x0e, 0, REQUEST_NOT_SUPPORTED)),
            (b"\x20\x03\x00\x06\x00", refused(0x20, 0, REQUEST_NOT_SUPPORTED)),
            (b"\x16\x03\x00\xff\x01v", Verdict::Pass),
            (b"\x16\x03\x00\x00\x02", Verdict::Pass),
            (b"\x16\x03\x00\x00\x02v", refused(0x16, 3, INVALID_LENGTH)),
            (b"\x16\x03\x00\xff\x01va", refused(0x16, 3, INVALID_LENGTH)),
            (b"\x16\x03\x00\x01\x02", refused(0x16, 3, INVALID_OFFSET)),
            (b"\x16\x03\x00\xff\xffv", refused(0x16, 3, INVALID_OFFSET)),
            (b"\x18\x02", refused(0x18, 0, INVALID_PDU)),
            (b"\x0a\x03\x00\x00", refused(0x0a, 3, INVALID_PDU)),
        ] {
            assert_eq!(examined(request).0, verdict, "{request:02x?}");
        }
    }

    #[test]
    fn a_refusal_comes_back_from_the_hosts_decoder() {
        let refusal = Refusal {
            request: READ_BLOB,
            handle: 0x1234,
            code: INVALID_PDU,
        };
        let bytes = refusal.to_bytes();
        let Ok(Att::Client(AttClient::Request(AttReq::ReadMultiple { handles }))) = Att::decode(&bytes) else {
            panic!("not what stands for a refusal");
        };
        assert_eq!(Refusal::from_handles(handles), Some(refusal));
    }
}
