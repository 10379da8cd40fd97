use std::vec::Vec;

use super::*;
use crate::cipher::{Key, KeyStream, MessageCipher, Nonces};

/// A device draws no b whose B is short, but a stock device that did is recorded: B travels without its zero byte.
#[test]
fn a_short_b_is_sent_and_hashed_in_its_shortest_form() {
    let vector = Vector::load(include_str!("../../tests/vectors/sec2_short_B.json"));
    let (salt, verifier) = (vector.bytes("/salt"), vector.bytes("/verifier"));
    let table = srp::VerifierTable::new(&verifier).expect("the vector's verifier is one");
    let verifier = srp::Verifier::new(&salt, &table).expect("the vector's salt is one");
    let mut device = Device::new(Security::Security2 {
        verifier,
        nonce_rule: NonceRule::Counter,
    });
    let b = vector.bytes("/device_private_b").try_into().expect("b has 32 bytes");
    device.ephemeral = Some(srp::Ephemeral::from_private(&mut Software, &verifier, b).expect("software does not fail"));
    device.open_session(ID);

    let nonce = vector.bytes("/device_nonce");
    let mut random = |bytes: &mut [u8]| bytes.copy_from_slice(&nonce[..8]);
    for step in [0, 2] {
        let request = vector.bytes(&std::format!("/session/{step}/wire"));
        let mut response = [0; Device::MAX_RESPONSE];
        let len = device
            .handshake(ID, &request, &mut response, Instant::ZERO, &mut random)
            .expect("a good message");
        assert_eq!(
            response[..len],
            vector.bytes(&std::format!("/session/{}/wire", step + 1))
        );
    }
    for exchange in 0..8 {
        let part = |name: &str| vector.bytes(&std::format!("/exchanges/{exchange}/{name}"));
        assert_eq!(
            *device.decrypt(ID, &mut part("request_wire")).expect("honest"),
            part("request_plain")
        );
        let mut response = part("response_plain");
        let len = response.len();
        response.resize(len + Device::MAX_OVERHEAD, 0);
        device.encrypt(ID, &mut response, len).expect("an established session");
        assert_eq!(response, part("response_wire"));
    }
}

#[test]
fn the_counter_at_its_end_ends_the_session() {
    for use_it in [
        (|device| device.encrypt(ID, &mut [0; 17], 1).map(drop)) as fn(&mut Device<'_>) -> Result<(), Error>,
        |device| device.decrypt(ID, &mut [0; 17]).map(drop),
    ] {
        let (salt, table) = ([1; 16], srp::VerifierTable::new(&[5]).expect("5 is a verifier"));
        let mut device = established(&salt, &table, u32::MAX);
        device
            .encrypt(ID, &mut [0; 17], 1)
            .expect("the last counter value is good");
        assert_eq!(use_it(&mut device), Err(Error::CounterExhausted));
        assert!(!device.is_established());
        assert_eq!(device.session(), Some(ID));
        assert_eq!(use_it(&mut device), Err(Error::NotEstablished));
    }
}

#[test]
fn a_device_is_small() {
    let device = size_of::<Device<'_>>();
    let ephemeral = size_of::<Option<srp::Ephemeral>>();
    assert!(device <= 2048, "{device} bytes");
    assert!(
        device - ephemeral <= 1024,
        "{device} bytes, {ephemeral} of them for the prepared key"
    );
    assert!(size_of::<KeyStream>() <= 64, "no expanded key is kept");
    assert!(size_of::<MessageCipher>() <= 64, "no expanded key is kept");
}

#[test]
fn every_end_of_a_session_leaves_no_keys() {
    let (salt, table) = ([1; 16], srp::VerifierTable::new(&[5]).expect("5 is a verifier"));
    for end in [
        (|device| device.close_session(ID).expect("it is open")) as fn(&mut Device<'_>),
        |device| device.open_session(SessionId::new(2).expect("not the number for none")),
        |device| drop(device.decrypt(ID, &mut [0; 40])),
        |device| drop(device.decrypt(ID, &mut [])),
    ] {
        let mut device = established(&salt, &table, 1);
        assert!(device.is_established());
        end(&mut device);
        assert!(matches!(device.state, State::Idle));
    }
}

#[test]
fn the_last_events_are_kept_when_nobody_asks() {
    let mut device = Device::new(Security::Security0);
    device.events.push(Event::CredentialsMismatch);
    (1..=4).for_each(|millis| {
        device.events.push(Event::LockedOut {
            until: Instant::from_millis(millis),
        })
    });
    let kept: Vec<_> = core::iter::from_fn(|| device.poll_event()).collect();
    assert_eq!(
        kept,
        [1, 2, 3, 4].map(|millis| Event::LockedOut {
            until: Instant::from_millis(millis)
        })
    );
    device.events.push(Event::SetupOk);
    assert_eq!(device.poll_event(), Some(Event::SetupOk));
    assert_eq!(device.poll_event(), None);
}

#[test]
fn the_longest_answer_fits_its_buffer() {
    let salt = [1; srp::Verifier::MAX_SALT];
    let response = wire::Sec2Body::Response0 {
        status: wire::Status::Success,
        device_pubkey: &[0xff; 384],
        device_salt: &salt,
    };
    let payload = wire::SessionPayload::Sec2 {
        msg: 1,
        body: Some(response),
    };
    let message = wire::SessionData {
        sec_ver: wire::Scheme::Security2,
        payload: Some(payload),
    };
    assert!(message.encoded_len() <= Device::MAX_RESPONSE);
}

const ID: SessionId = SessionId::new(1).expect("not the number for none");

fn established<'a>(salt: &'a [u8], table: &'a srp::VerifierTable, counter: u32) -> Device<'a> {
    let verifier = srp::Verifier::new(salt, table).expect("a good salt");
    let mut device = Device::new(Security::Security2 {
        verifier,
        nonce_rule: NonceRule::Counter,
    });
    device.open_session(ID);
    let nonces = Nonces::Counter {
        session: [0; 8],
        counter,
    };
    device.establish(SessionCipher::Messages(MessageCipher::new(Key::new([0; 32]), nonces)));
    device
}

struct Vector(serde_json::Value);

impl Vector {
    fn load(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("the vector is JSON"))
    }

    #[track_caller]
    fn bytes(&self, pointer: &str) -> Vec<u8> {
        let digits: &str = self
            .0
            .pointer(pointer)
            .and_then(serde_json::Value::as_str)
            .expect("a string there");
        let digits: Vec<u8> = digits
            .chars()
            .map(|digit| digit.to_digit(16).expect("hexadecimal") as u8)
            .collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }
}
