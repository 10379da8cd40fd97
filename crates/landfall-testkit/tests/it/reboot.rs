//! The device loses its power.

use core::time::Duration;

use landfall_client::{Error, Outcome};
use landfall_manager::State;
use landfall_testkit::{CLEAN, Pair, networks};

use crate::support::{
    SCHEMES, assert_joined, assert_stored, assert_usable, pair, pair_with_previous_network, provision,
    provision_cleanly,
};

/// Cuts the power as each exchange begins, until there are no more.
fn at_every_exchange(new_pair: impl Fn() -> Pair, check: impl Fn(Pair, u32, Result<Outcome, Error>)) {
    for number in 0.. {
        let mut pair = new_pair();
        let mut client = pair.client(CLEAN);
        client.transport_mut().cut_power_at(number);
        let result = provision(&mut pair, &mut client, &networks::home());
        drop(client);
        if pair.device().history().reboots == 0 {
            assert!(number > 8, "a whole provisioning has more exchanges");
            return;
        }
        pair.settle().expect("it comes to rest");
        check(pair, number, result);
    }
}

#[test]
fn device_reboots_in_the_middle_and_can_be_provisioned() {
    for scheme in SCHEMES {
        let new_pair = || pair(scheme);
        at_every_exchange(new_pair, |mut pair, number, result| {
            match &result {
                Ok(_) => {
                    assert_joined(&result, &networks::home());
                    assert_stored(&pair, Some(&networks::home()));
                }
                // The session could not be opened; or it is on its network, and offers its service no more.
                Err(Error::Transport(_)) => {}
                Err(Error::TimedOut(_)) if !pair.device().history().joined.is_empty() => {}
                Err(error) => panic!("{scheme:?}, exchange {number}: {error:?}"),
            }
            assert_usable(&mut pair);
        });
    }
}

#[test]
fn device_that_had_a_network_comes_back_on_it() {
    for scheme in SCHEMES {
        let new_pair = || pair_with_previous_network(scheme);
        at_every_exchange(new_pair, |mut pair, number, result| {
            assert!(result.is_err(), "{scheme:?}, exchange {number}: {result:?}");
            assert_eq!(pair.device().state(), State::Idle, "it does not offer its service");
            // If the power went after the new network was joined, that is the one.
            let joined = !pair.device().history().joined.is_empty();
            let network = if joined { networks::home() } else { networks::previous() };
            assert_stored(&pair, Some(&network));
            assert_usable(&mut pair);
        });
    }
}

#[test]
fn provisioned_device_keeps_its_network_over_a_reboot() {
    let mut pair = pair(SCHEMES[1]);
    assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
    pair.settle().expect("the service stops");
    pair.cut_power(Duration::from_secs(2));
    pair.settle().expect("it starts again");
    assert_stored(&pair, Some(&networks::home()));
    assert_eq!(pair.device().state(), State::Idle);
}
