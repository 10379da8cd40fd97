//! Wrong secrets.

use core::time::Duration;

use landfall_client::{Error, TransportError};
use landfall_manager::Event;
use landfall_protocomm::{Instant, device};
use landfall_testkit::{CLEAN, Pair, Scheme, networks};

use crate::support::{assert_joined, pair, provision_cleanly};

const ASKING: [Scheme; 2] = [Scheme::Security1, Scheme::Security2];

fn guess(pair: &mut Pair) -> Result<(), Error> {
    let mut client = pair.client(CLEAN);
    pair.run(client.open_session(&pair.scheme().wrong_secret()))
}

fn locked_until(pair: &Pair) -> Option<Instant> {
    let device = pair.device();
    let mut events = device.history().events.iter().rev();
    events.find_map(|event| match event {
        Event::Security(device::Event::LockedOut { until }) => Some(*until),
        _ => None,
    })
}

#[test]
fn four_wrong_secrets_lock_nobody_out() {
    for scheme in ASKING {
        let mut pair = pair(scheme);
        for _ in 0..4 {
            assert_eq!(guess(&mut pair), Err(Error::WrongSecret), "{scheme:?}");
        }
        assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
    }
}

#[test]
fn lockout_delays_but_does_not_lock_forever() {
    for scheme in ASKING {
        let mut pair = pair(scheme);
        for _ in 0..5 {
            assert_eq!(guess(&mut pair), Err(Error::WrongSecret), "{scheme:?}");
        }
        let until = locked_until(&pair).expect("the device is locked");
        let early = provision_cleanly(&mut pair, &networks::home());
        assert_eq!(early, Err(Error::Transport(TransportError::Refused)), "{scheme:?}");
        pair.wait(until - pair.now());
        assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
    }
}

#[test]
fn each_further_guess_costs_more_time_up_to_a_limit() {
    let mut pair = pair(Scheme::Security1);
    let mut locks = Vec::new();
    while locks.len() < 12 {
        let _ = guess(&mut pair);
        let now = pair.now();
        if let Some(until) = locked_until(&pair).filter(|until| *until > now) {
            locks.push(until - now);
            pair.wait(until - now);
        }
    }
    assert!(locks.is_sorted(), "{locks:?}");
    assert!(locks[0] <= Duration::from_secs(1), "{locks:?}");
    assert!(locks[7] > Duration::from_secs(60), "{locks:?}");
    assert!(locks[11] <= Duration::from_secs(300), "{locks:?}");
    assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
}
