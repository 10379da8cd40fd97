//! The device's tables: states (spec protocol.md 5.4), input checks (5.5, 6.4), security 0 (4).

use landfall_protocomm::{
    NonceRule,
    device::{Error, Event, Security},
    wire::{DecodeError, Sec1Body, Sec2Body, Status},
};

use super::{
    PASSWORD, POP, USERNAME, ask, client1, client2, echo, events, id, next, open_device, pair, sec1, sec2, security1,
    security2, seeded, start, vectors,
};

const COUNTER: NonceRule = NonceRule::Counter;

#[test]
fn security0_answers_what_the_original_answers() {
    let recorded = vectors::load("device_behaviour");
    let cases = recorded["cases"].as_array().expect("a list").iter();
    let mut seen = 0;
    for case in cases.filter(|case| case["endpoint"] == "prov-session") {
        let mut device = open_device(Security::Security0);
        let result = ask(&mut device, &vectors::bytes(&case["request"]), &mut seeded(1));
        assert_eq!(result.is_ok(), case["result"] == "response", "{}", case["case"]);
        if let Ok(response) = result {
            assert_eq!(response, vectors::bytes(&case["response"]), "{}", case["case"]);
        }
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn security0_looks_at_sec_ver_alone() {
    let mut device = open_device(Security::Security0);
    let success = vec![0x52, 0x05, 0x08, 0x01, 0xaa, 0x01, 0x00];
    for ignored in [&[][..], &[0x5a, 0x00], &[0x62, 0x00], &[0x52, 0x02, 0x08, 0x07]] {
        assert_eq!(ask(&mut device, ignored, &mut seeded(1)), Ok(success.clone()));
    }
    assert_eq!(
        ask(&mut device, &[0x10, 0x02], &mut seeded(1)),
        Err(Error::SchemeMismatch)
    );
    assert!(matches!(
        ask(&mut device, &[0x52, 0x03], &mut seeded(1)),
        Err(Error::Decode(_))
    ));
    assert_eq!(events(&mut device), []);
}

#[test]
fn security0_takes_requests_of_the_open_session_without_a_handshake() {
    let mut device = open_device(Security::Security0);
    assert!(device.is_established());
    assert_eq!(device.decrypt(id(1), &mut [7, 8]), Ok(&mut [7, 8][..]));
    assert_eq!(device.encrypt(id(1), &mut [7, 8], 2), Ok(2));
    assert_eq!(device.decrypt(id(2), &mut [7]), Err(Error::UnknownSession));
    device.close_session(id(1)).expect("it is open");
    assert!(!device.is_established());
    assert_eq!(device.decrypt(id(1), &mut [7]), Err(Error::UnknownSession));
}

#[test]
fn opening_another_session_wipes_the_old_one() {
    let mut device = open_device(security1());
    pair(&mut device, client1(POP), &mut seeded(1)).expect("the right PoP");
    device.open_session(id(2));
    assert_eq!(device.session(), Some(id(2)));
    assert!(!device.is_established());
    assert_eq!(device.decrypt(id(2), &mut [1]), Err(Error::NotEstablished));
    assert_eq!(device.decrypt(id(1), &mut [1]), Err(Error::UnknownSession));
}

#[test]
fn opening_the_open_session_again_changes_nothing() {
    let mut device = open_device(security1());
    let mut session = pair(&mut device, client1(POP), &mut seeded(1)).expect("the right PoP");
    device.open_session(id(1));
    echo(&mut device, &mut session, b"still here");
}

#[test]
fn closing_wipes_the_open_session_and_only_that() {
    let mut device = open_device(security1());
    let mut session = pair(&mut device, client1(POP), &mut seeded(1)).expect("the right PoP");
    assert_eq!(device.close_session(id(2)), Err(Error::UnknownSession));
    echo(&mut device, &mut session, b"still here");
    assert_eq!(device.close_session(id(1)), Ok(()));
    assert_eq!(device.session(), None);
    assert_eq!(device.close_session(id(1)), Err(Error::UnknownSession));
    device.open_session(id(1));
    assert_eq!(device.decrypt(id(1), &mut [1]), Err(Error::NotEstablished));
}

#[test]
fn a_message_of_a_foreign_session_leaves_the_cipher_where_it_was() {
    for (security, credentials) in [
        (security1(), client1(POP)),
        (security2(COUNTER), client2(PASSWORD, COUNTER)),
    ] {
        let mut device = open_device(security);
        let mut session = pair(&mut device, credentials, &mut seeded(1)).expect("the right secret");
        let mut foreign = [9; 40];
        assert_eq!(device.decrypt(id(2), &mut foreign), Err(Error::UnknownSession));
        assert_eq!(device.encrypt(id(2), &mut foreign, 8), Err(Error::UnknownSession));
        assert_eq!(foreign, [9; 40]);
        let refused = device.handshake(id(2), &[], &mut [], Default::default(), &mut seeded(1));
        assert_eq!(refused, Err(Error::UnknownSession));
        echo(&mut device, &mut session, b"in step");
    }
}

#[test]
fn requests_before_the_handshake_is_done_are_refused() {
    for (security, credentials) in [
        (security1(), client1(POP)),
        (security2(COUNTER), client2(PASSWORD, COUNTER)),
    ] {
        let mut device = open_device(security);
        assert_eq!(device.decrypt(id(1), &mut [0; 32]), Err(Error::NotEstablished));
        let (_, command0) = start(credentials, &mut seeded(1));
        ask(&mut device, &command0, &mut seeded(2)).expect("a good Command0");
        assert_eq!(device.decrypt(id(1), &mut [0; 32]), Err(Error::NotEstablished));
        assert_eq!(device.encrypt(id(1), &mut [0; 32], 1), Err(Error::NotEstablished));
    }
}

#[test]
fn command0_in_the_middle_of_a_handshake_starts_it_again() {
    for (security, credentials) in [
        (security1(), client1(POP)),
        (security2(COUNTER), client2(PASSWORD, COUNTER)),
    ] {
        let mut device = open_device(security);
        let random = &mut seeded(1);
        let (given_up, command0) = start(credentials, random);
        let (_, late_command1) = next(given_up, &ask(&mut device, &command0, random).expect("a good Command0"));
        let mut session = pair(&mut device, credentials, random).expect("the second handshake");
        echo(&mut device, &mut session, b"new");
        assert_eq!(ask(&mut device, &late_command1, random), Err(Error::UnexpectedMessage));
        echo(&mut device, &mut session, b"not disturbed");
    }
}

#[test]
fn command0_in_an_established_session_replaces_it() {
    for (security, credentials) in [
        (security1(), client1(POP)),
        (security2(COUNTER), client2(PASSWORD, COUNTER)),
    ] {
        let mut device = open_device(security);
        let random = &mut seeded(1);
        pair(&mut device, credentials, random).expect("the first handshake");
        let (_, command0) = start(credentials, random);
        ask(&mut device, &command0, random).expect("a good Command0");
        assert!(!device.is_established());
        assert_eq!(device.session(), Some(id(1)));
    }
}

#[test]
fn a_refused_command0_wipes_the_old_session_but_for_security2_without_content() {
    let mut device = open_device(security1());
    pair(&mut device, client1(POP), &mut seeded(1)).expect("the right PoP");
    assert!(ask(&mut device, &sec1(0, None), &mut seeded(1)).is_err());
    assert!(!device.is_established());

    let mut device = open_device(security2(COUNTER));
    pair(&mut device, client2(PASSWORD, COUNTER), &mut seeded(1)).expect("the right password");
    assert!(ask(&mut device, &sec2(0, None), &mut seeded(1)).is_err());
    assert!(device.is_established());
    let short = sec2(
        0,
        Some(Sec2Body::Command0 {
            client_username: USERNAME,
            client_pubkey: &[1; 3],
        }),
    );
    assert!(ask(&mut device, &short, &mut seeded(1)).is_err());
    assert!(!device.is_established());
}

#[test]
fn command1_out_of_order_is_refused_and_changes_nothing() {
    let proof1 = sec1(
        2,
        Some(Sec1Body::Command1 {
            client_verify_data: &[1; 32],
        }),
    );
    let proof2 = sec2(2, Some(Sec2Body::Command1 { client_proof: &[1; 64] }));
    for (security, credentials, command1) in [
        (security1(), client1(POP), proof1),
        (security2(COUNTER), client2(PASSWORD, COUNTER), proof2),
    ] {
        let mut device = open_device(security);
        assert_eq!(
            ask(&mut device, &command1, &mut seeded(1)),
            Err(Error::UnexpectedMessage)
        );
        let mut session = pair(&mut device, credentials, &mut seeded(1)).expect("the right secret");
        assert_eq!(
            ask(&mut device, &command1, &mut seeded(1)),
            Err(Error::UnexpectedMessage)
        );
        echo(&mut device, &mut session, b"not disturbed");
        assert_eq!(events(&mut device), [Event::SetupOk]);
    }
}

/// Stricter than the original, which lets the client try again under the same keys.
#[test]
fn a_wrong_proof_ends_the_handshake_and_keeps_the_id_open() {
    for (security, wrong, right) in [
        (security1(), client1(b"wrong"), client1(POP)),
        (
            security2(COUNTER),
            client2(b"wrong", COUNTER),
            client2(PASSWORD, COUNTER),
        ),
    ] {
        let mut device = open_device(security);
        let random = &mut seeded(1);
        let (handshake, command0) = start(wrong, random);
        let (_, command1) = next(
            handshake,
            &ask(&mut device, &command0, random).expect("a good Command0"),
        );
        assert_eq!(ask(&mut device, &command1, random), Err(Error::WrongProof));
        assert_eq!(ask(&mut device, &command1, random), Err(Error::UnexpectedMessage));
        assert_eq!(events(&mut device), [Event::CredentialsMismatch]);
        assert_eq!(device.session(), Some(id(1)));
        pair(&mut device, right, random).expect("a new handshake");
    }
}

#[test]
fn messages_of_another_scheme_or_direction_are_refused_without_an_event() {
    let empty1 = Some(Sec1Body::Command1 {
        client_verify_data: &[],
    });
    let answer = Sec1Body::Response0 {
        status: Status::Success,
        device_pubkey: &[1; 32],
        device_random: &[],
    };
    for (message, error) in [
        (vec![0x10, 0x01], Error::SchemeMismatch),
        (vec![0x10, 0x03, 0x5a, 0x00], Error::SchemeMismatch),
        (vec![0x10, 0x01, 0x62, 0x00], Error::SchemeMismatch),
        (vec![0x5a, 0x00], Error::SchemeMismatch),
        (vec![], Error::SchemeMismatch),
        (sec2(0, None), Error::SchemeMismatch),
        (sec1(1, Some(answer)), Error::UnexpectedMessage),
        (sec1(3, empty1), Error::UnexpectedMessage),
        (sec1(-1, None), Error::UnexpectedMessage),
        (vec![0x10, 0x01, 0x5a], Error::Decode(DecodeError::Truncated)),
    ] {
        let mut device = open_device(security1());
        assert_eq!(ask(&mut device, &message, &mut seeded(1)), Err(error), "{message:02x?}");
        assert_eq!(events(&mut device), [], "{message:02x?}");
    }
    for message in [
        vec![0x10, 0x02],
        vec![0x10, 0x02, 0x5a, 0x00],
        sec1(0, None),
        sec2(1, None),
        sec2(4, None),
    ] {
        let mut device = open_device(security2(COUNTER));
        assert!(ask(&mut device, &message, &mut seeded(1)).is_err(), "{message:02x?}");
        assert_eq!(events(&mut device), [], "{message:02x?}");
    }
}

#[test]
fn security1_refuses_missing_and_ill_sized_parameters_with_an_event() {
    let command1 = Some(Sec1Body::Command1 {
        client_verify_data: &[1; 32],
    });
    let key = |bytes| Some(Sec1Body::Command0 { client_pubkey: bytes });
    for body in [None, command1, key(&[]), key(&[9; 31]), key(&[9; 33])] {
        let mut device = open_device(security1());
        let result = ask(&mut device, &sec1(0, body), &mut seeded(1));
        assert!(
            matches!(result, Err(Error::InvalidParameter(_))),
            "{body:?}: {result:?}"
        );
        assert_eq!(events(&mut device), [Event::InvalidSecurityParams], "{body:?}");
    }
    let data = |bytes| {
        Some(Sec1Body::Command1 {
            client_verify_data: bytes,
        })
    };
    for body in [None, key(&[9; 32]), data(&[]), data(&[1; 31]), data(&[1; 33])] {
        let mut device = open_device(security1());
        let (handshake, command0) = start(client1(POP), &mut seeded(1));
        let response0 = ask(&mut device, &command0, &mut seeded(2)).expect("a good Command0");
        let result = ask(&mut device, &sec1(2, body), &mut seeded(1));
        assert!(
            matches!(result, Err(Error::InvalidParameter(_))),
            "{body:?}: {result:?}"
        );
        assert_eq!(events(&mut device), [Event::InvalidSecurityParams], "{body:?}");
        let (_, command1) = next(handshake, &response0);
        ask(&mut device, &command1, &mut seeded(1)).expect("nothing was tried, so the handshake goes on");
    }
}

#[test]
fn security1_refuses_public_keys_of_low_order() {
    let p = |low: u8| core::array::from_fn(|index| [low, 0xff, 0x7f][(index > 0) as usize + (index > 30) as usize]);
    let mut one = [0; 32];
    one[0] = 1;
    for key in [[0; 32], one, p(0xec), p(0xed), p(0xee), ORDER_8[0], ORDER_8[1]] {
        for top_bit in [0, 0x80] {
            let mut key: [u8; 32] = key;
            key[31] |= top_bit;
            let mut device = open_device(security1());
            let command0 = sec1(0, Some(Sec1Body::Command0 { client_pubkey: &key }));
            let result = ask(&mut device, &command0, &mut seeded(1));
            assert!(
                matches!(result, Err(Error::InvalidParameter(_))),
                "{key:02x?}: {result:?}"
            );
            assert_eq!(events(&mut device), []);
        }
    }
}

/// The two points of order 8 of Curve25519, as u-coordinates on the wire.
const ORDER_8: [[u8; 32]; 2] = [
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
];

#[test]
fn security2_refuses_bad_command0_with_the_events_of_the_original() {
    let n_minus_0 = vectors::bytes(&serde_json::Value::from(super::hostile::N));
    let long_name = vec![b'n'; 65536];
    let params = &[Event::InvalidSecurityParams][..];
    let command0 = |client_username, client_pubkey| {
        Some(Sec2Body::Command0 {
            client_username,
            client_pubkey,
        })
    };
    for (body, expected) in [
        (None, &[][..]),
        (Some(Sec2Body::Command1 { client_proof: &[1; 64] }), &[]),
        (command0(USERNAME, &[]), params),
        (command0(USERNAME, &[1; 375]), params),
        (command0(USERNAME, &[1; 385]), params),
        (command0(b"", &[1; 384]), params),
        (command0(&long_name, &[1; 384]), params),
        (command0(USERNAME, &[0; 384]), &[]),
        (command0(USERNAME, &n_minus_0), &[]),
    ] {
        let mut device = open_device(security2(COUNTER));
        let result = ask(&mut device, &sec2(0, body), &mut seeded(1));
        assert!(matches!(result, Err(Error::InvalidParameter(_))), "{result:?}");
        assert_eq!(events(&mut device), expected);
    }
    let mut device = open_device(security2(COUNTER));
    let longest = sec2(0, command0(&long_name[1..], &[1; 384]));
    ask(&mut device, &longest, &mut seeded(1)).expect("65535 bytes are allowed");
}

#[test]
fn security2_refuses_bad_command1_without_an_event_and_goes_on() {
    let proof = |bytes| Some(Sec2Body::Command1 { client_proof: bytes });
    for body in [None, proof(&[]), proof(&[1; 55]), proof(&[1; 65])] {
        let mut device = open_device(security2(COUNTER));
        let (handshake, command0) = start(client2(PASSWORD, COUNTER), &mut seeded(1));
        let response0 = ask(&mut device, &command0, &mut seeded(2)).expect("a good Command0");
        let result = ask(&mut device, &sec2(2, body), &mut seeded(1));
        assert!(matches!(result, Err(Error::InvalidParameter(_))), "{result:?}");
        assert_eq!(events(&mut device), []);
        let (_, command1) = next(handshake, &response0);
        ask(&mut device, &command1, &mut seeded(1)).expect("nothing was tried, so the handshake goes on");
    }
}

#[test]
fn security2_notices_an_unknown_user_name_only_in_the_proof() {
    let mut device = open_device(security2(COUNTER));
    let stranger = landfall_protocomm::client::Security::Security2 {
        username: b"stranger",
        password: PASSWORD,
        nonce_rule: COUNTER,
        x_rule: Default::default(),
    };
    assert_eq!(
        pair(&mut device, stranger, &mut seeded(1)).err(),
        Some(Error::WrongProof)
    );
}

#[test]
fn a_response_buffer_that_is_too_small_is_named_with_its_need() {
    for (security, credentials, needed) in [
        (security1(), client1(POP), 61),
        (security2(COUNTER), client2(PASSWORD, COUNTER), 416),
    ] {
        let mut device = open_device(security);
        let (_, command0) = start(credentials, &mut seeded(1));
        let result = device.handshake(id(1), &command0, &mut [0; 60], Default::default(), &mut seeded(2));
        assert_eq!(result, Err(Error::BufferTooSmall { needed }));
    }
}
