//! Damaged answers and requests.

use landfall_client::{Connection, Error, Outcome, Provisioning, Transport, TransportError};
use landfall_protocomm::{Endpoint, Random};
use landfall_testkit::{CLEAN, Exchange, ExchangeEnd, Pair, Scheme, Seeded, VirtualTransport, networks};

use crate::support::{SCHEMES, assert_joined, assert_usable, pair, provision_cleanly};

/// A transport that damages one answer.
struct Damaging<D> {
    inner: VirtualTransport,
    number: usize,
    answers: usize,
    damage: D,
}

impl<D: Fn(&mut Vec<u8>)> Transport for Damaging<D> {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut answer = self.inner.send(endpoint, request).await?;
        if self.answers == self.number {
            (self.damage)(&mut answer);
        }
        self.answers += 1;
        Ok(answer)
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.inner.reconnect().await
    }
}

/// A provisioning in which answer `number` is damaged.
#[track_caller]
fn provision_damaged(pair: &mut Pair, number: usize, damage: impl Fn(&mut Vec<u8>)) -> Result<Outcome, Error> {
    let inner = pair.transport(CLEAN);
    let transport = Damaging {
        inner,
        number,
        answers: 0,
        damage,
    };
    let environment = pair.environment();
    let mut client = Connection::new(transport, environment);
    let (secret, network) = (pair.secret(), networks::home());
    pair.run(client.provision(&secret, &network, Provisioning::default(), |_| {}))
}

/// Lengths of all answers of a provisioning that nothing disturbs.
fn answer_lengths(scheme: Scheme) -> Vec<usize> {
    let mut pair = pair(scheme);
    assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
    let record = pair.record();
    let length = |exchange: &Exchange| match &exchange.end {
        ExchangeEnd::Answered(answer) => answer.len(),
        other => panic!("disturbed: {other:?}"),
    };
    record.exchanges.iter().map(length).collect()
}

/// What the client says after one damaged answer is an error or true.
#[track_caller]
fn assert_true(pair: &Pair, result: &Result<Outcome, Error>) {
    if let Ok(outcome) = result {
        assert_joined(&Ok(outcome.clone()), &networks::home());
        assert!(!pair.device().history().joined.is_empty(), "it was joined");
    }
}

#[test]
fn truncated_answers_never_panic() {
    for scheme in SCHEMES {
        for (number, length) in answer_lengths(scheme).into_iter().enumerate() {
            // The handshake of security 2 takes milliseconds.
            let step = if scheme == Scheme::Security2 { length / 3 + 1 } else { 1 };
            for kept in (0..length).step_by(step) {
                let mut pair = pair(scheme);
                let result = provision_damaged(&mut pair, number, |answer| answer.truncate(kept));
                assert_true(&pair, &result);
            }
        }
    }
}

/// A client that goes on after a shortened answer uses a part of the key stream that the device has used: security 1 has
/// one stream for both (spec protocol.md 5.2).
#[test]
fn truncated_answers_under_security_1_end_the_session() {
    let lengths = answer_lengths(Scheme::Security1);
    for (number, length) in lengths.into_iter().enumerate().skip(3) {
        for kept in 0..length {
            let mut pair = pair(Scheme::Security1);
            let result = provision_damaged(&mut pair, number, |answer| answer.truncate(kept));
            assert_joined(&result, &networks::home());
            let record = pair.record();
            let next = &record.exchanges[number + 1].request.endpoint;
            assert_eq!(
                next, "prov-session",
                "after {kept} of {length} bytes of answer {number}"
            );
        }
    }
}

#[test]
fn lengthened_answers_never_panic() {
    for scheme in SCHEMES {
        for number in 0..answer_lengths(scheme).len() {
            let mut pair = pair(scheme);
            let result = provision_damaged(&mut pair, number, |answer| answer.extend([0xff; 600]));
            assert_true(&pair, &result);
        }
    }
}

/// Security 1 does not authenticate its messages, but its handshake notices every changed bit of what matters.
#[test]
fn turned_bits_in_a_security_1_handshake_open_no_session_with_wrong_keys() {
    let lengths = answer_lengths(Scheme::Security1);
    for (number, length) in lengths.into_iter().enumerate().skip(1).take(2) {
        for bit in 0..length * 8 {
            let mut pair = pair(Scheme::Security1);
            let result = provision_damaged(&mut pair, number, |answer| answer[bit / 8] ^= 1 << (bit % 8));
            assert_true(&pair, &result);
        }
    }
}

/// Security 2 notices any changed bit; the client then gets over it with a new session.
#[test]
fn turned_bits_under_security_2_are_noticed_and_got_over() {
    let lengths = answer_lengths(Scheme::Security2);
    for (number, length) in lengths.into_iter().enumerate().skip(3) {
        let bit = number * 37 % (length * 8);
        let mut pair = pair(Scheme::Security2);
        let result = provision_damaged(&mut pair, number, |answer| answer[bit / 8] ^= 1 << (bit % 8));
        assert_joined(&result, &networks::home());
        assert!(
            pair.record()
                .exchanges
                .iter()
                .filter(|exchange| exchange.request.endpoint == "prov-session")
                .count()
                > 2
        );
    }
}

#[test]
fn random_bytes_on_every_endpoint_leave_the_device_usable() {
    for scheme in SCHEMES {
        let mut pair = pair(scheme);
        let mut random = Seeded::new(9);
        let mut client = pair.client(CLEAN);
        let endpoints = Endpoint::BUILT_IN.iter().chain([&Endpoint::CUSTOM_DATA]);
        for endpoint in endpoints {
            for length in (0..300).chain([4096]) {
                let mut request = vec![0; length];
                random.fill(&mut request);
                let _ = pair.run(client.transport_mut().send(endpoint.as_str(), &request));
            }
        }
        drop(client);
        assert!(pair.device().stored().is_none());
        assert_usable(&mut pair);
    }
}

#[test]
fn unknown_endpoint_is_told_and_harms_nothing() {
    let mut pair = pair(Scheme::Security2);
    let mut client = pair.client(CLEAN);
    let answer = pair.run(client.transport_mut().send("no-such-endpoint", b"x"));
    assert_eq!(answer, Err(TransportError::NoSuchEndpoint));
    let result = pair
        .provision(&mut client, &pair.secret(), &networks::home())
        .expect("it ends");
    assert_joined(&result, &networks::home());
}
