//! Generated messages, whole and damaged: prost and the codec must read the same, and write the same bytes.

use core::fmt::Debug;

use landfall_protocomm::wire::{
    ConfigRequest, ConfigResponse, CtrlRequest, CtrlResponse, DecodeError, Entries, ScanRequest, ScanResponse,
    ScanResponseBody, SessionData,
};
use prop::{collection::vec, sample::select};
use proptest::prelude::*;
use prost::Message;

use super::Codec;
use crate::oracle::{
    ConfigMember, CtrlMember, Empty, NetworkConfigPayload, NetworkCtrlPayload, NetworkScanPayload, ScanMember,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn session_messages_agree_with_prost(bytes in soup(SESSION)) {
        agree::<SessionData<'_>>(&bytes, session)?;
    }

    #[test]
    fn config_messages_agree_with_prost(bytes in payload(CONFIG)) {
        agree::<ConfigRequest<'_>>(&bytes, config_request)?;
        agree::<ConfigResponse<'_>>(&bytes, config_response)?;
    }

    #[test]
    fn scan_messages_agree_with_prost(bytes in payload(SCAN)) {
        agree::<ScanRequest>(&bytes, scan_request)?;
        agree::<ScanResponse<'_>>(&bytes, scan_response)?;
    }

    #[test]
    fn ctrl_messages_agree_with_prost(bytes in payload(CTRL)) {
        agree::<CtrlRequest>(&bytes, ctrl_request)?;
        agree::<CtrlResponse>(&bytes, ctrl_response)?;
    }

    #[test]
    fn damaged_messages_agree_with_prost(
        mut bytes in prop_oneof![soup(SESSION), payload(CONFIG), payload(SCAN), payload(CTRL)],
        place: prop::sample::Index,
        flipped in 1_u8..,
        kept: prop::sample::Index,
    ) {
        if !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] ^= flipped;
            bytes.truncate(kept.index(bytes.len()) + 1);
        }
        all_agree(&bytes)?;
    }

    #[test]
    fn random_bytes_agree_with_prost(bytes in vec(any::<u8>(), 0..48)) {
        all_agree(&bytes)?;
    }

    #[test]
    fn entries_listed_again_encode_like_those_received(bytes in payload(SCAN)) {
        if let Ok(received) = ScanResponse::decode(&bytes) {
            let (wifi, thread): (Vec<_>, Vec<_>);
            let body = match received.body {
                ScanResponseBody::Result(entries) => {
                    wifi = entries.iter().collect();
                    prop_assert_eq!((entries.len(), entries.is_empty()), (wifi.len(), wifi.is_empty()));
                    ScanResponseBody::Result(Entries::List(&wifi))
                }
                ScanResponseBody::ThreadResult(entries) => {
                    thread = entries.iter().collect();
                    prop_assert_eq!((entries.len(), entries.is_empty()), (thread.len(), thread.is_empty()));
                    ScanResponseBody::ThreadResult(Entries::List(&thread))
                }
                other => other,
            };
            let listed = ScanResponse { body, ..received };
            prop_assert_eq!(received, listed);
            prop_assert_eq!(received.encoded(), listed.encoded());
        }
    }
}

/// What prost makes of bytes: not protobuf; or, by `msg`, no message; or the message's canonical bytes.
type Verdict = Result<Result<Vec<u8>, DecodeError>, prost::DecodeError>;

fn all_agree(bytes: &[u8]) -> Result<(), TestCaseError> {
    agree::<SessionData<'_>>(bytes, session)?;
    agree::<ConfigRequest<'_>>(bytes, config_request)?;
    agree::<ConfigResponse<'_>>(bytes, config_response)?;
    agree::<ScanRequest>(bytes, scan_request)?;
    agree::<ScanResponse<'_>>(bytes, scan_response)?;
    agree::<CtrlRequest>(bytes, ctrl_request)?;
    agree::<CtrlResponse>(bytes, ctrl_response)
}

fn agree<'a, M: Codec<'a> + Debug>(bytes: &'a [u8], judge: fn(&[u8]) -> Verdict) -> Result<(), TestCaseError> {
    match (M::decoded(bytes), judge(bytes)) {
        (Ok(ours), Ok(Ok(canonical))) => prop_assert_eq!(ours.encoded(), canonical),
        (Err(DecodeError::Truncated | DecodeError::Malformed(_)), Err(_)) => {}
        // prost skips groups, the device does not.
        (Err(DecodeError::Malformed("wire type")), Ok(_)) => {}
        (Err(ours), Ok(Err(theirs))) => prop_assert_eq!(ours, theirs),
        (ours, theirs) => prop_assert!(false, "ours {ours:?}, theirs {theirs:?}"),
    }
    Ok(())
}

fn session(bytes: &[u8]) -> Verdict {
    Ok(Ok(crate::oracle::SessionData::decode(bytes)?.encode_to_vec()))
}

fn config_request(bytes: &[u8]) -> Verdict {
    use ConfigMember as Member;
    let mut payload = NetworkConfigPayload::decode(bytes)?;
    payload.payload = match (payload.msg, payload.payload) {
        (0, _) => Some(Member::CmdGetStatus(Empty {})),
        (2, member @ Some(Member::CmdSetConfig(_))) | (8, member @ Some(Member::CmdSetThreadConfig(_))) => member,
        (msg @ (2 | 8), _) => return Ok(Err(DecodeError::MissingBody(msg))),
        (4 | 10, _) => None,
        (6, _) => Some(Member::CmdGetThreadStatus(Empty {})),
        (msg, _) => return Ok(Err(DecodeError::UnknownMessage(msg))),
    };
    Ok(Ok(payload.encode_to_vec()))
}

fn config_response(bytes: &[u8]) -> Verdict {
    use ConfigMember as Member;
    let payload = NetworkConfigPayload::decode(bytes)?;
    Ok(match (payload.msg, &payload.payload) {
        (1, Some(Member::RespGetStatus(_)))
        | (3, Some(Member::RespSetConfig(_)))
        | (5, Some(Member::RespApplyConfig(_)))
        | (7, Some(Member::RespGetThreadStatus(_)))
        | (9, Some(Member::RespSetThreadConfig(_)))
        | (11, Some(Member::RespApplyThreadConfig(_))) => Ok(payload.encode_to_vec()),
        (msg @ (1 | 3 | 5 | 7 | 9 | 11), _) => Err(DecodeError::MissingBody(msg)),
        (msg, _) => Err(DecodeError::UnknownMessage(msg)),
    })
}

fn scan_request(bytes: &[u8]) -> Verdict {
    use ScanMember as Member;
    let mut payload = NetworkScanPayload::decode(bytes)?;
    payload.status = 0;
    payload.payload = match (payload.msg, payload.payload) {
        (0, member @ Some(Member::CmdScanStart(_)))
        | (4, member @ Some(Member::CmdScanResult(_)))
        | (6, member @ Some(Member::CmdScanThreadStart(_)))
        | (10, member @ Some(Member::CmdScanThreadResult(_))) => member,
        (msg @ (0 | 4 | 6 | 10), _) => return Ok(Err(DecodeError::MissingBody(msg))),
        (2 | 8, _) => None,
        (msg, _) => return Ok(Err(DecodeError::UnknownMessage(msg))),
    };
    Ok(Ok(payload.encode_to_vec()))
}

fn scan_response(bytes: &[u8]) -> Verdict {
    use ScanMember as Member;
    let payload = NetworkScanPayload::decode(bytes)?;
    Ok(match (payload.msg, &payload.payload) {
        (1, Some(Member::RespScanStart(_)))
        | (3, Some(Member::RespScanStatus(_)))
        | (5, Some(Member::RespScanResult(_)))
        | (7, Some(Member::RespScanThreadStart(_)))
        | (9, Some(Member::RespScanThreadStatus(_)))
        | (11, Some(Member::RespScanThreadResult(_))) => Ok(payload.encode_to_vec()),
        (msg @ (1 | 3 | 5 | 7 | 9 | 11), _) => Err(DecodeError::MissingBody(msg)),
        (msg, _) => Err(DecodeError::UnknownMessage(msg)),
    })
}

fn ctrl_request(bytes: &[u8]) -> Verdict {
    let payload = NetworkCtrlPayload::decode(bytes)?;
    Ok(match payload.msg {
        msg @ (1 | 3 | 5 | 7) => Ok(NetworkCtrlPayload {
            msg,
            ..NetworkCtrlPayload::default()
        }
        .encode_to_vec()),
        msg => Err(DecodeError::UnknownMessage(msg)),
    })
}

fn ctrl_response(bytes: &[u8]) -> Verdict {
    use CtrlMember as Member;
    let payload = NetworkCtrlPayload::decode(bytes)?;
    Ok(match (payload.msg, &payload.payload) {
        (2, Some(Member::RespCtrlReset(_)))
        | (4, Some(Member::RespCtrlReprov(_)))
        | (6, Some(Member::RespCtrlThreadReset(_)))
        | (8, Some(Member::RespCtrlThreadReprov(_))) => Ok(payload.encode_to_vec()),
        (msg @ (2 | 4 | 6 | 8), _) => Err(DecodeError::MissingBody(msg)),
        (msg, _) => Err(DecodeError::UnknownMessage(msg)),
    })
}

/// A payload with some `msg` and the member that fits it, in either order, among other fields.
fn payload(schema: Schema) -> impl Strategy<Value = Vec<u8>> {
    let member = select(schema).prop_filter("a member of the oneof", |(number, _)| *number >= 10);
    let fitting = member.prop_flat_map(|(number, kind)| {
        let msg = tagged(1, varint(Just(u64::from(number - 10)).boxed()), 0);
        (msg, field(number, kind), any::<bool>()).prop_map(|(msg, member, swapped)| match swapped {
            false => [msg, member].concat(),
            true => [member, msg].concat(),
        })
    });
    let others = vec(any_field(schema), 0..3).prop_map(|fields| fields.concat());
    (others.clone(), fitting, others).prop_map(|(before, fitting, after)| [before, fitting, after].concat())
}

/// Fields of a message in any order and number, and some that do not belong there.
fn soup(schema: Schema) -> BoxedStrategy<Vec<u8>> {
    vec(any_field(schema), 0..6).prop_map(|fields| fields.concat()).boxed()
}

fn any_field(schema: Schema) -> BoxedStrategy<Vec<u8>> {
    let unknown = 24_u32..1 << 29;
    let stranger = prop_oneof![20 => unknown, 1 => 1_u32..24].prop_flat_map(|number| {
        prop_oneof![
            field(number, Integer),
            field(number, Bytes),
            tagged(number, vec(any::<u8>(), 8).boxed(), 1),
            tagged(number, vec(any::<u8>(), 4).boxed(), 5),
        ]
    });
    match schema {
        [] => stranger.boxed(),
        known => {
            let known = select(known).prop_flat_map(|(number, kind)| field(number, kind));
            prop_oneof![9 => known, 1 => stranger].boxed()
        }
    }
}

fn field(number: u32, kind: Kind) -> BoxedStrategy<Vec<u8>> {
    match kind {
        Integer => tagged(
            number,
            varint(prop_oneof![4 => 0_u64..13, 1 => any::<u64>()].boxed()),
            0,
        ),
        Bytes => tagged(number, delimited(vec(any::<u8>(), 0..12).boxed()), 2),
        Kind::Message(schema) => tagged(number, delimited(soup(schema)), 2),
    }
}

fn tagged(number: u32, value: BoxedStrategy<Vec<u8>>, wire_type: u32) -> BoxedStrategy<Vec<u8>> {
    let tag = minimal((number << 3 | wire_type).into());
    value.prop_map(move |value| [tag.clone(), value].concat()).boxed()
}

fn delimited(content: BoxedStrategy<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    content
        .prop_map(|content| [minimal(content.len() as u64), content].concat())
        .boxed()
}

/// The number, now and then with a needless last byte.
fn varint(number: BoxedStrategy<u64>) -> BoxedStrategy<Vec<u8>> {
    let spread = |(number, padded)| {
        let mut bytes = minimal(number);
        if padded && bytes.len() < 10 {
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(0);
        }
        bytes
    };
    (number, prop::bool::weighted(0.1)).prop_map(spread).boxed()
}

fn minimal(number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(number, &mut bytes);
    bytes
}

/// Field numbers and kinds of a message, to make likely ones.
type Schema = &'static [(u32, Kind)];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Integer,
    Bytes,
    Message(Schema),
}

use Kind::{Bytes, Integer};

const SESSION: Schema = &[
    (2, Integer),
    (10, Kind::Message(SEC0)),
    (11, Kind::Message(SEC1)),
    (12, Kind::Message(SEC2)),
];
const SEC0: Schema = &[(1, Integer), (20, Kind::Message(&[])), (21, Kind::Message(OUTCOME))];
const SEC1: Schema = &[
    (1, Integer),
    (20, Kind::Message(&[(1, Bytes)])),
    (21, Kind::Message(&[(1, Integer), (2, Bytes), (3, Bytes)])),
    (22, Kind::Message(&[(2, Bytes)])),
    (23, Kind::Message(&[(1, Integer), (3, Bytes)])),
];
const SEC2: Schema = &[
    (1, Integer),
    (20, Kind::Message(&[(1, Bytes), (2, Bytes)])),
    (21, Kind::Message(&[(1, Integer), (2, Bytes), (3, Bytes)])),
    (22, Kind::Message(&[(1, Bytes)])),
    (23, Kind::Message(&[(1, Integer), (2, Bytes), (3, Bytes)])),
];
const OUTCOME: Schema = &[(1, Integer)];

const CONFIG: Schema = &[
    (1, Integer),
    (10, Kind::Message(&[])),
    (11, Kind::Message(STATION)),
    (12, Kind::Message(&[(1, Bytes), (2, Bytes), (3, Bytes), (4, Integer)])),
    (13, Kind::Message(OUTCOME)),
    (14, Kind::Message(&[])),
    (15, Kind::Message(OUTCOME)),
    (16, Kind::Message(&[])),
    (17, Kind::Message(THREAD)),
    (18, Kind::Message(&[(1, Bytes)])),
    (19, Kind::Message(OUTCOME)),
    (20, Kind::Message(&[])),
    (21, Kind::Message(OUTCOME)),
];
const STATION: Schema = &[
    (1, Integer),
    (2, Integer),
    (10, Integer),
    (
        11,
        Kind::Message(&[(1, Bytes), (2, Integer), (3, Bytes), (4, Bytes), (5, Integer)]),
    ),
    (12, Kind::Message(&[(1, Integer)])),
];
const THREAD: Schema = &[
    (1, Integer),
    (2, Integer),
    (10, Integer),
    (11, Kind::Message(&[(1, Integer), (2, Bytes), (3, Integer), (4, Bytes)])),
];

const SCAN: Schema = &[
    (1, Integer),
    (2, Integer),
    (
        10,
        Kind::Message(&[(1, Integer), (2, Integer), (3, Integer), (4, Integer)]),
    ),
    (11, Kind::Message(&[])),
    (12, Kind::Message(&[])),
    (13, Kind::Message(TWO_NUMBERS)),
    (14, Kind::Message(TWO_NUMBERS)),
    (15, Kind::Message(&[(1, Kind::Message(ACCESS_POINT))])),
    (16, Kind::Message(TWO_NUMBERS)),
    (17, Kind::Message(&[])),
    (18, Kind::Message(&[])),
    (19, Kind::Message(TWO_NUMBERS)),
    (20, Kind::Message(TWO_NUMBERS)),
    (21, Kind::Message(&[(1, Kind::Message(THREAD_NETWORK))])),
];
const TWO_NUMBERS: Schema = &[(1, Integer), (2, Integer)];
const ACCESS_POINT: Schema = &[(1, Bytes), (2, Integer), (3, Integer), (4, Bytes), (5, Integer)];
const THREAD_NETWORK: Schema = &[
    (1, Integer),
    (2, Integer),
    (3, Integer),
    (4, Integer),
    (5, Bytes),
    (6, Bytes),
    (7, Bytes),
];

const CTRL: Schema = &[
    (1, Integer),
    (2, Integer),
    (11, Kind::Message(&[])),
    (12, Kind::Message(&[])),
    (13, Kind::Message(&[])),
    (14, Kind::Message(&[])),
    (15, Kind::Message(&[])),
    (16, Kind::Message(&[])),
    (17, Kind::Message(&[])),
    (18, Kind::Message(&[])),
];
