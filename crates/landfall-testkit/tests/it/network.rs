//! The network is wrong, absent or flaky.

use core::time::Duration;

use landfall_client::{Network, Outcome, Progress, Provisioning, protocomm::wire::WifiFailReason};
use landfall_manager::{AttemptLimit, State};
use landfall_testkit::{Build, CLEAN, Pair, Scheme, networks};

use crate::support::{
    SCHEMES, assert_joined, assert_stored, assert_usable, pair, pair_with_previous_network, provision_cleanly,
};

#[test]
fn right_credentials_are_joined_and_stored_once() {
    for scheme in SCHEMES {
        let mut pair = pair(scheme);
        assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
        assert_stored(&pair, Some(&networks::home()));
        pair.settle().expect("the service stops");
        assert_eq!(pair.device().state(), State::Idle);
        assert!(pair.device().station().is_some(), "it stays on the network");
    }
}

#[test]
fn joined_is_told_within_100_ms() {
    let mut pair = pair(Scheme::Security2);
    assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
    // The device begins to join 1 s after ApplyConfig and takes 500 ms; handshake and requests take some 10 ms each.
    let took = pair.now().since_start();
    assert!(took < Duration::from_millis(1500 + 100 + 60), "{took:?}");
}

#[test]
fn wrong_password_keeps_previous_network() {
    for scheme in SCHEMES {
        let mut pair = pair_with_previous_network(scheme);
        let result = provision_cleanly(&mut pair, &networks::home_with_wrong_passphrase());
        assert_eq!(result, Ok(Outcome::Failed(WifiFailReason::AuthError)));
        assert_stored(&pair, Some(&networks::previous()));
        pair.cut_power(Duration::from_secs(2));
        pair.settle().expect("it starts again");
        assert_stored(&pair, Some(&networks::previous()));
    }
}

#[test]
fn absent_network_keeps_previous_network() {
    let mut pair = pair_with_previous_network(Scheme::Security1);
    let result = provision_cleanly(&mut pair, &networks::absent());
    assert_eq!(result, Ok(Outcome::Failed(WifiFailReason::NetworkNotFound)));
    assert_stored(&pair, Some(&networks::previous()));
    assert_usable(&mut pair);
}

#[test]
fn right_password_at_the_second_try_needs_no_reset() {
    for scheme in SCHEMES {
        let mut pair = pair(scheme);
        let mut client = pair.client(CLEAN);
        let wrong = pair.provision(&mut client, &pair.secret(), &networks::home_with_wrong_passphrase());
        assert_eq!(wrong, Ok(Ok(Outcome::Failed(WifiFailReason::AuthError))));
        let right = pair.provision(&mut client, &pair.secret(), &networks::home());
        assert_joined(&right.expect("it ends"), &networks::home());
        assert_stored(&pair, Some(&networks::home()));
    }
}

/// A world whose network `flaky` fails so many times in a row, and no more.
fn failing(times: u32, attempts: u8) -> Pair {
    let mut build = Build::new(Scheme::Security1);
    build.attempts = AttemptLimit::Total(attempts);
    for network in &mut build.world.networks {
        network.flakiness = 0.0;
        network.failures = times;
    }
    Pair::new(1, build)
}

fn provision_telling(pair: &mut Pair, network: &Network) -> (Result<Outcome, landfall_client::Error>, Vec<u32>) {
    let mut remaining = Vec::new();
    let mut client = pair.client(CLEAN);
    let secret = pair.secret();
    let flow = client.provision(&secret, network, Provisioning::default(), |progress| {
        if let Progress::AttemptFailed { attempts_remaining } = progress {
            remaining.push(attempts_remaining);
        }
    });
    let result = pair.run(flow);
    (result, remaining)
}

#[test]
fn flaky_access_point_joins_within_attempt_limit() {
    let mut pair = failing(4, 5);
    let (result, remaining) = provision_telling(&mut pair, &networks::flaky());
    assert_joined(&result, &networks::flaky());
    assert_eq!(remaining, [4, 3, 2, 1]);
    assert_stored(&pair, Some(&networks::flaky()));
}

#[test]
fn attempt_limit_ends_the_attempts() {
    let mut pair = failing(5, 5);
    let (result, remaining) = provision_telling(&mut pair, &networks::flaky());
    assert!(matches!(result, Ok(Outcome::Failed(_))), "{result:?}");
    assert_eq!(remaining, [4, 3, 2, 1]);
    assert_stored(&pair, None);
}

/// The original never resets its count, so that new credentials get one attempt (spec manager.md 5).
#[test]
fn attempts_begin_anew_with_new_credentials() {
    let mut pair = failing(3, 3);
    let (result, _) = provision_telling(&mut pair, &networks::flaky());
    assert!(matches!(result, Ok(Outcome::Failed(_))), "{result:?}");
    pair.with_device(|device| {
        for network in &mut device.world_mut().networks {
            network.failures = 2;
        }
    });
    let (result, remaining) = provision_telling(&mut pair, &networks::flaky());
    assert_joined(&result, &networks::flaky());
    assert_eq!(remaining, [2, 1]);
}
