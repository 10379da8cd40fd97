//! More than one client.

use core::time::Duration;

use landfall_client::{Error, TransportError, protocomm::wire::Status};
use landfall_protocomm::Endpoint;
use landfall_testkit::{CLEAN, Scheme, networks};

use crate::support::{SCHEMES, assert_joined, assert_stored, pair, provision, provision_cleanly};

#[test]
fn second_client_after_first_vanished_gets_its_turn() {
    for scheme in SCHEMES {
        let mut pair = pair(scheme);
        let mut first = pair.client(CLEAN);
        pair.run(first.open_session(&pair.secret()))
            .expect("the first client is welcome");
        first.transport_mut().vanish();
        let early = provision_cleanly(&mut pair, &networks::home());
        assert_eq!(early, Err(Error::Transport(TransportError::Busy)), "{scheme:?}");
        pair.wait(Duration::from_secs(5));
        assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
    }
}

#[test]
fn second_client_after_first_closed_gets_its_turn_at_once() {
    let mut pair = pair(Scheme::Security1);
    let mut first = pair.client(CLEAN);
    pair.run(first.open_session(&pair.secret()))
        .expect("the first client is welcome");
    drop(first);
    assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
}

#[test]
fn first_client_does_not_notice_a_second_one() {
    for scheme in SCHEMES {
        let mut pair = pair(scheme);
        let mut first = pair.client(CLEAN);
        pair.run(first.open_session(&pair.secret()))
            .expect("the first client is welcome");
        let mut second = pair.client(CLEAN);
        pair.run(second.version()).expect("proto-ver is for everybody");
        let busy = pair.run(second.open_session(&pair.secret()));
        assert_eq!(busy, Err(Error::Transport(TransportError::Busy)));
        assert_joined(&provision(&mut pair, &mut first, &networks::home()), &networks::home());
    }
}

#[test]
fn nobody_applies_another_clients_credentials() {
    for scheme in SCHEMES {
        let mut pair = pair(scheme);
        let mut first = pair.client(CLEAN);
        pair.run(first.open_session(&pair.secret()))
            .expect("the first client is welcome");
        pair.run(first.set_network(&networks::home()))
            .expect("credentials are taken");
        drop(first);
        let mut second = pair.client(CLEAN);
        pair.run(second.open_session(&pair.secret()))
            .expect("it is the second client's turn");
        let refused = Error::Status {
            operation: "ApplyConfig",
            status: Status::InternalError,
        };
        assert_eq!(pair.run(second.apply()), Err(refused));
        assert_stored(&pair, None);
    }
}

#[test]
fn requests_before_a_handshake_are_refused() {
    use landfall_client::Transport;
    for scheme in [Scheme::Security1, Scheme::Security2] {
        let pair = &mut pair(scheme);
        let mut client = pair.client(CLEAN);
        for endpoint in [Endpoint::CONFIG, Endpoint::SCAN, Endpoint::CTRL, Endpoint::CUSTOM_DATA] {
            let answer = pair.run(client.transport_mut().send(endpoint.as_str(), b"\x52\x00"));
            assert_eq!(answer, Err(TransportError::Refused), "{scheme:?} {endpoint}");
        }
        assert_joined(&provision(pair, &mut client, &networks::home()), &networks::home());
    }
}

#[test]
fn application_endpoint_answers_under_every_scheme() {
    for scheme in SCHEMES {
        let mut pair = pair(scheme);
        let mut client = pair.client(CLEAN);
        pair.run(client.open_session(&pair.secret())).expect("an honest client");
        for request in [&b"x"[..], &[0xa5; 1024]] {
            let answer = pair.run(client.request(Endpoint::CUSTOM_DATA.as_str(), request));
            assert_eq!(answer.as_deref(), Ok(request), "{scheme:?}");
        }
    }
}
