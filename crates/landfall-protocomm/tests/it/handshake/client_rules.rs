//! What a client refuses.

use landfall_protocomm::{
    NonceRule,
    client::{Error, Handshake, Security, XRule},
    wire::{Sec1Body, Sec2Body, Status},
};

use super::{
    PASSWORD, POP, ask, client1, client2, finish, next, open_device, refusal, sec1, sec2, security1, security2, seeded,
    start,
};

const COUNTER: NonceRule = NonceRule::Counter;

#[test]
fn an_answer_of_another_scheme_is_refused() {
    for credentials in [Security::Security0, client1(POP), client2(PASSWORD, COUNTER)] {
        for answer in [
            &[0x52, 0x05, 0x08, 0x01, 0xaa, 0x01, 0x00][..],
            &[0x10, 0x01],
            &[0x10, 0x02],
            &[0x10, 0x09],
        ] {
            let (handshake, _) = start(credentials, &mut seeded(1));
            let result = handshake.advance(answer, &mut [0; 512]);
            let is_right = matches!(credentials, Security::Security0) && answer.first() == Some(&0x52);
            assert_eq!(result.is_ok(), is_right, "{credentials:?} {answer:02x?}");
        }
        let (handshake, _) = start(credentials, &mut seeded(1));
        assert_eq!(refusal(handshake, &[0x10, 0x03]), Error::SchemeMismatch);
        let (handshake, _) = start(credentials, &mut seeded(1));
        assert!(matches!(refusal(handshake, &[0x10]), Error::Decode(_)));
    }
}

#[test]
fn an_echoed_request_is_not_an_answer() {
    for credentials in [Security::Security0, client1(POP), client2(PASSWORD, COUNTER)] {
        let (handshake, command0) = start(credentials, &mut seeded(1));
        assert_eq!(refusal(handshake, &command0), Error::UnexpectedMessage);
    }
}

#[test]
fn a_status_in_an_answer_is_a_refusal() {
    let status = Status::InvalidSession;
    let (handshake, _) = start(Security::Security0, &mut seeded(1));
    assert_eq!(
        refusal(handshake, &[0x52, 0x07, 0x08, 0x01, 0xaa, 0x01, 0x02, 0x08, 0x07]),
        Error::Refused(status)
    );

    let (handshake, _) = start(client1(POP), &mut seeded(1));
    let answer = sec1(
        1,
        Some(Sec1Body::Response0 {
            status,
            device_pubkey: &[],
            device_random: &[],
        }),
    );
    assert_eq!(refusal(handshake, &answer), Error::Refused(status));
    let answer = sec1(
        3,
        Some(Sec1Body::Response1 {
            status,
            device_verify_data: &[],
        }),
    );
    assert_eq!(refusal(waiting_for_response1(), &answer), Error::Refused(status));

    let (handshake, _) = start(client2(PASSWORD, COUNTER), &mut seeded(1));
    let answer = sec2(
        1,
        Some(Sec2Body::Response0 {
            status,
            device_pubkey: &[],
            device_salt: &[],
        }),
    );
    assert_eq!(refusal(handshake, &answer), Error::Refused(status));
    let answer = sec2(
        3,
        Some(Sec2Body::Response1 {
            status,
            device_proof: &[],
            device_nonce: &[],
        }),
    );
    assert_eq!(refusal(security2_response1(COUNTER).0, &answer), Error::Refused(status));
}

#[test]
fn security1_refuses_bad_parameters() {
    let response0 = |device_pubkey, device_random| {
        sec1(
            1,
            Some(Sec1Body::Response0 {
                status: Status::Success,
                device_pubkey,
                device_random,
            }),
        )
    };
    for answer in [
        response0(&[9; 31], &[1; 16]),
        response0(&[9; 33], &[1; 16]),
        response0(&[9; 32], &[1; 15]),
        response0(&[9; 32], &[1; 17]),
        response0(&[0; 32], &[1; 16]),
    ] {
        let (handshake, _) = start(client1(POP), &mut seeded(1));
        assert!(
            matches!(refusal(handshake, &answer), Error::InvalidParameter(_)),
            "{answer:02x?}"
        );
    }
}

#[test]
fn security1_refuses_a_device_that_does_not_know_the_pop() {
    let response1 = |bytes| {
        sec1(
            3,
            Some(Sec1Body::Response1 {
                status: Status::Success,
                device_verify_data: bytes,
            }),
        )
    };
    assert_eq!(
        refusal(waiting_for_response1(), &response1(&[1; 32])),
        Error::WrongProof
    );
    for bytes in [&[1; 31][..], &[1; 33], &[]] {
        assert!(matches!(
            refusal(waiting_for_response1(), &response1(bytes)),
            Error::InvalidParameter(_)
        ));
    }
}

#[test]
fn security2_refuses_bad_public_keys() {
    let n = super::vectors::bytes(&serde_json::Value::from(super::hostile::N));
    for key in [&[][..], &[0; 384], &[1; 385], &n] {
        let answer = sec2(
            1,
            Some(Sec2Body::Response0 {
                status: Status::Success,
                device_pubkey: key,
                device_salt: &[1; 16],
            }),
        );
        let (handshake, _) = start(client2(PASSWORD, COUNTER), &mut seeded(1));
        assert!(
            matches!(refusal(handshake, &answer), Error::InvalidParameter(_)),
            "{} bytes",
            key.len()
        );
    }
}

#[test]
fn security2_refuses_a_device_that_does_not_know_the_verifier() {
    let (_, proof) = security2_response1(COUNTER);
    let mut wrong = proof;
    wrong[63] ^= 1;
    for device_proof in [&wrong[..], &proof[..63], &[], &[0; 64]] {
        let (handshake, _) = security2_response1(COUNTER);
        let answer = sec2(
            3,
            Some(Sec2Body::Response1 {
                status: Status::Success,
                device_proof,
                device_nonce: &[1; 12],
            }),
        );
        assert_eq!(refusal(handshake, &answer), Error::WrongProof);
    }
}

#[test]
fn security2_takes_the_nonce_lengths_of_its_rule_only() {
    for (rule, allowed) in [(COUNTER, &[12][..]), (NonceRule::StaticInsecure2022, &[12, 16])] {
        for len in [0, 4, 8, 11, 12, 13, 15, 16, 17] {
            let (handshake, proof) = security2_response1(rule);
            let nonce = [1; 17];
            let answer = sec2(
                3,
                Some(Sec2Body::Response1 {
                    status: Status::Success,
                    device_proof: &proof,
                    device_nonce: &nonce[..len],
                }),
            );
            if allowed.contains(&len) {
                assert!(finish(handshake, &answer).is_usable());
            } else {
                assert!(
                    matches!(refusal(handshake, &answer), Error::InvalidParameter(_)),
                    "{rule:?} {len}"
                );
            }
        }
    }
}

#[test]
fn security2_refuses_a_counter_that_stands_at_its_end() {
    let (handshake, proof) = security2_response1(COUNTER);
    let nonce = [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0];
    let answer = sec2(
        3,
        Some(Sec2Body::Response1 {
            status: Status::Success,
            device_proof: &proof,
            device_nonce: &nonce,
        }),
    );
    assert_eq!(refusal(handshake, &answer), Error::CounterExhausted);
}

#[test]
fn security2_stops_after_the_last_counter_value() {
    let (handshake, proof) = security2_response1(COUNTER);
    let nonce = [1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xff, 0xff, 0xff];
    let answer = sec2(
        3,
        Some(Sec2Body::Response1 {
            status: Status::Success,
            device_proof: &proof,
            device_nonce: &nonce,
        }),
    );
    let mut session = finish(handshake, &answer);
    assert_eq!(session.encrypt(&mut [0; 17], 1), Ok(17));
    assert_eq!(session.decrypt(&mut [0; 17]), Err(Error::CounterExhausted));
    assert_eq!(session.encrypt(&mut [0; 17], 1), Err(Error::CounterExhausted));
}

#[test]
fn bad_user_names_and_small_buffers_are_refused_before_anything_is_sent() {
    let long_name = vec![b'n'; 65536];
    for username in [&b""[..], &long_name] {
        let security = Security::Security2 {
            username,
            password: PASSWORD,
            nonce_rule: COUNTER,
            x_rule: XRule::Full,
        };
        let result = Handshake::start(security, &mut [0; 512], &mut seeded(1));
        assert!(matches!(result, Err(Error::InvalidCredentials(_))), "{result:?}");
    }
    for (credentials, needed) in [
        (Security::Security0, 5),
        (client1(POP), 41),
        (client2(PASSWORD, COUNTER), 406),
    ] {
        let result = Handshake::start(credentials, &mut [0; 4], &mut seeded(1)).map(|(_, len)| len);
        assert_eq!(result, Err(Error::BufferTooSmall { needed }));
    }
}

#[test]
fn only_some_credentials_depend_on_the_rule_for_x() {
    let quirks = super::vectors::load("sec2_x_quirks");
    let password = quirks["cases"][0]["password"].as_str().expect("a string").as_bytes();
    assert!(client2(password, COUNTER).x_rules_differ());
    assert!(!client2(PASSWORD, COUNTER).x_rules_differ());
    assert!(!client1(POP).x_rules_differ());
    assert!(!Security::Security0.x_rules_differ());
}

/// A client of security 1 whose verify data has been sent.
fn waiting_for_response1() -> Handshake<'static> {
    let mut device = open_device(security1());
    let (handshake, command0) = start(client1(POP), &mut seeded(1));
    next(
        handshake,
        &ask(&mut device, &command0, &mut seeded(2)).expect("a good Command0"),
    )
    .0
}

/// A client of security 2 whose proof has been sent, and the right answer to it.
fn security2_response1(rule: NonceRule) -> (Handshake<'static>, [u8; 64]) {
    let mut device = open_device(security2(rule));
    let (handshake, command0) = start(client2(PASSWORD, rule), &mut seeded(1));
    let (handshake, command1) = next(
        handshake,
        &ask(&mut device, &command0, &mut seeded(2)).expect("a good Command0"),
    );
    let response1 = ask(&mut device, &command1, &mut seeded(3)).expect("a good Command1");
    let answer = landfall_protocomm::wire::SessionData::decode(&response1).expect("our own message");
    let Some(landfall_protocomm::wire::SessionPayload::Sec2 {
        body: Some(Sec2Body::Response1 { device_proof, .. }),
        ..
    }) = answer.payload
    else {
        panic!("not a Response1: {answer:?}");
    };
    (handshake, device_proof.try_into().expect("M2 has 64 bytes"))
}
