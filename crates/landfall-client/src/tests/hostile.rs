//! A device that answers nonsense gets an error or a timeout out of the client, never a panic and never for ever.

use alloc::vec;
use core::time::Duration;

use super::{Clock, block_on, connect, fill, home, login, pop, security0};
use crate::{Provisioning, ScanOptions, Secret};

#[test]
fn random_answers_end_every_flow() {
    for seed in 0..300 {
        let mut state = seed;
        let noise = move |_: &str, _: &[u8]| {
            let mut answer = vec![0; 40];
            fill(&mut state, &mut answer);
            answer.truncate(usize::from(answer[0]) % 40);
            Ok(answer)
        };
        let clock = Clock::default();
        let mut device = connect(&clock, security0(noise));
        block_on(device.open_session(&Secret::default())).expect("security 0");
        let _ = block_on(device.scan(ScanOptions::default(), |_, _| ()));
        let _ = block_on(device.provision(&Secret::default(), &home(), Provisioning::default(), |_| ()));
        assert!(
            clock.now() <= Duration::from_secs(125),
            "seed {seed}: {:?}",
            clock.now()
        );
    }
}

#[test]
fn mutated_honest_answers_end_every_flow() {
    use super::device::{APPLY_OK, CONNECTED, CONNECTING, FAILED_AUTH, SET_OK};
    for seed in 0..300 {
        let mut state = seed;
        let mutated = move |_: &str, _: &[u8]| {
            let mut dice = [0; 3];
            fill(&mut state, &mut dice);
            let mut answer = [SET_OK, APPLY_OK, CONNECTING, FAILED_AUTH, CONNECTED][usize::from(dice[0]) % 5].to_vec();
            let place = usize::from(dice[1]) % answer.len();
            answer[place] ^= dice[2] & dice[1];
            Ok(answer)
        };
        let clock = Clock::default();
        let mut device = connect(&clock, security0(mutated));
        let _ = block_on(device.provision(&Secret::default(), &home(), Provisioning::default(), |_| ()));
        assert!(
            clock.now() <= Duration::from_secs(125),
            "seed {seed}: {:?}",
            clock.now()
        );
    }
}

#[test]
fn random_handshake_answers_are_errors() {
    for scheme in 0..3 {
        let mut secret = if scheme == 2 {
            login("user", "password")
        } else {
            pop("abcd1234")
        };
        secret.scheme = Some(scheme);
        for seed in 0..200 {
            let mut state = seed;
            let mut device = connect(&Clock::default(), move |_, _| {
                let mut answer = vec![0; 80];
                fill(&mut state, &mut answer);
                answer.truncate(usize::from(answer[0]) % 80);
                Ok(answer)
            });
            assert!(
                block_on(device.open_session(&secret)).is_err(),
                "scheme {scheme}, seed {seed}"
            );
            assert!(!device.has_session());
        }
    }
}
