//! The connection breaks.

use landfall_client::{Error, Outcome, TransportError, protocomm::wire::WifiFailReason};
use landfall_manager::Event;
use landfall_protocomm::Endpoint;
use landfall_testkit::{CLEAN, Conditions, Pair, Scheme, networks};

use crate::support::{SCHEMES, assert_joined, assert_stored, assert_usable, pair, provision};

/// Which message of an exchange the connection breaks at.
#[derive(Debug, Clone, Copy)]
enum At {
    Request,
    Answer,
}

impl At {
    fn conditions(self, exchange: u32) -> [Conditions; 2] {
        let cut = Conditions {
            cut_at: Some(exchange),
            ..Conditions::CLEAN
        };
        match self {
            Self::Request => [cut, Conditions::CLEAN],
            Self::Answer => [Conditions::CLEAN, cut],
        }
    }
}

/// The endpoints of a provisioning that nothing disturbs, in order.
fn exchanges(scheme: Scheme) -> Vec<String> {
    let mut pair = pair(scheme);
    let mut client = pair.client(CLEAN);
    assert_joined(&provision(&mut pair, &mut client, &networks::home()), &networks::home());
    let record = pair.record();
    record
        .exchanges
        .iter()
        .map(|exchange| exchange.request.endpoint.clone())
        .collect()
}

fn opens_the_session(endpoint: &str) -> bool {
    [Endpoint::VERSION, Endpoint::SESSION]
        .iter()
        .any(|name| name.as_str() == endpoint)
}

fn count_credentials_received(pair: &Pair) -> usize {
    let device = pair.device();
    let events = device.history().events.iter();
    events
        .filter(|event| matches!(event, Event::CredentialsReceived { .. }))
        .count()
}

/// While the first session is being opened, a broken connection is told; from then on the client gets over it.
#[test]
fn disconnect_at_every_message_boundary() {
    for scheme in SCHEMES {
        let exchanges = exchanges(scheme);
        assert!(
            exchanges.len() > 8,
            "{scheme:?}: a whole provisioning has more than {}",
            exchanges.len()
        );
        for (number, endpoint) in (0..).zip(&exchanges) {
            for at in [At::Request, At::Answer] {
                let mut pair = pair(scheme);
                let mut client = pair.client(at.conditions(number));
                let result = provision(&mut pair, &mut client, &networks::home());
                drop(client);
                if opens_the_session(endpoint) {
                    let lost = matches!(result, Err(Error::Transport(TransportError::Lost(_))));
                    assert!(lost, "{scheme:?}, exchange {number}, {at:?}: {result:?}");
                    assert_stored(&pair, None);
                } else {
                    assert!(result.is_ok(), "{scheme:?}, exchange {number}, {at:?}: {result:?}");
                    assert_joined(&result, &networks::home());
                    assert_stored(&pair, Some(&networks::home()));
                    assert_eq!(count_credentials_received(&pair), 1, "the credentials are tried once");
                }
                assert_usable(&mut pair);
            }
        }
    }
}

#[test]
fn lost_answer_to_apply_does_not_disturb_the_device() {
    for scheme in SCHEMES {
        let handshake = exchanges(scheme)
            .iter()
            .filter(|endpoint| opens_the_session(endpoint))
            .count() as u32;
        let apply = handshake + 1;
        let mut pair = pair(scheme);
        let mut client = pair.client(At::Answer.conditions(apply));
        let result = provision(&mut pair, &mut client, &networks::home());
        assert_joined(&result, &networks::home());
        assert_eq!(count_credentials_received(&pair), 1);
        assert_eq!(pair.device().history().joined.len(), 1);
    }
}

#[test]
fn lost_answer_to_apply_with_a_wrong_passphrase_still_tells_the_failure() {
    let mut pair = pair(Scheme::Security1);
    let mut client = pair.client(At::Answer.conditions(4));
    let result = provision(&mut pair, &mut client, &networks::home_with_wrong_passphrase());
    drop(client);
    assert_eq!(result, Ok(Outcome::Failed(WifiFailReason::AuthError)));
    assert_stored(&pair, None);
    assert_usable(&mut pair);
}

#[test]
fn duplicated_messages_never_apply_other_credentials() {
    let twice = Conditions {
        duplication: 1000,
        ..Conditions::CLEAN
    };
    for scheme in SCHEMES {
        for conditions in [[twice.clone(), Conditions::CLEAN], [Conditions::CLEAN, twice.clone()]] {
            let mut pair = pair(scheme);
            let mut client = pair.client(conditions);
            // Whatever the client makes of it, it ends, and the device is none the worse.
            let _ = provision(&mut pair, &mut client, &networks::home());
            drop(client);
            assert!(
                pair.device()
                    .stored()
                    .is_none_or(|stored| *stored == networks::credentials(&networks::home()))
            );
            assert_usable(&mut pair);
        }
    }
}

#[test]
fn a_silent_link_is_told_after_the_time_out() {
    let silent = Conditions {
        loss: 1000,
        ..Conditions::CLEAN
    };
    let mut pair = pair(Scheme::Security1);
    let mut client = pair.client([silent, Conditions::CLEAN]);
    let result = provision(&mut pair, &mut client, &networks::home());
    assert_eq!(result, Err(Error::Transport(TransportError::TimedOut(15))));
    assert_eq!(pair.now().since_start().as_secs(), 15);
}
