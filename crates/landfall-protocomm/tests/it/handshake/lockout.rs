//! What guessing costs.

use core::time::Duration;

use landfall_protocomm::{Instant, NonceRule, device};

use super::{ask_at, client1, client2, events, id, open_device, pair_at, security1, security2, seeded, start};

const WRONG: &[u8] = b"not the secret";

/// Makes one wrong guess at `now`; gives the end of the lock that follows.
#[track_caller]
fn guess(device: &mut device::Device<'_>, now: Instant) -> Option<Instant> {
    let result = pair_at(device, client1(WRONG), now, &mut seeded(1));
    assert_eq!(result.err(), Some(device::Error::WrongProof));
    assert_eq!(device.poll_event(), Some(device::Event::CredentialsMismatch));
    match device.poll_event() {
        Some(device::Event::LockedOut { until }) => Some(until),
        Some(other) => panic!("unexpected event {other:?}"),
        None => None,
    }
}

#[test]
fn the_fifth_wrong_proof_locks_for_a_second_and_each_further_one_for_twice_as_long() {
    let mut device = open_device(security1());
    let mut now = Instant::from_millis(1_000_000);
    assert_eq!([(); 4].map(|()| guess(&mut device, now)), [None; 4]);
    for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        let until = guess(&mut device, now);
        assert_eq!(until, Some(now + Duration::from_secs(seconds)));
        now = now + Duration::from_secs(seconds);
    }
}

#[test]
fn a_locked_device_refuses_command0_until_the_time_has_come_and_does_not_count_it() {
    let mut device = open_device(security1());
    let now = Instant::from_millis(77);
    let guesses = [(); 5].map(|()| guess(&mut device, now));
    assert_eq!(guesses[4], Some(now + Duration::from_secs(1)));
    let (_, command0) = start(client1(WRONG), &mut seeded(2));
    for (passed, left) in [(0, 1000), (400, 600), (999, 1)] {
        let later = now + Duration::from_millis(passed);
        let refusal = ask_at(&mut device, &command0, later, &mut seeded(3));
        assert_eq!(refusal, Err(device::Error::LockedOut(Duration::from_millis(left))));
    }
    assert_eq!(events(&mut device), []);
    let later = now + Duration::from_secs(1);
    assert_eq!(
        guess(&mut device, later),
        Some(later + Duration::from_secs(2)),
        "refusals were counted"
    );
}

#[test]
fn a_right_proof_forgets_the_wrong_ones() {
    let mut device = open_device(security1());
    let mut now = Instant::ZERO;
    let guesses = [(); 5].map(|()| guess(&mut device, now));
    assert_eq!(guesses[4], Some(now + Duration::from_secs(1)));
    now = now + Duration::from_secs(1);
    pair_at(&mut device, client1(super::POP), now, &mut seeded(4)).expect("the right secret");
    assert_eq!(device.poll_event(), Some(device::Event::SetupOk));
    assert_eq!([(); 4].map(|()| guess(&mut device, now)), [None; 4]);
    assert!(guess(&mut device, now).is_some());
}

#[test]
fn a_new_session_does_not_forget_wrong_proofs() {
    let mut device = open_device(security1());
    for other in 2..6 {
        assert_eq!(guess(&mut device, Instant::ZERO), None);
        device.open_session(id(other));
        device.close_session(id(other)).expect("it is open");
        device.open_session(id(1));
    }
    assert!(guess(&mut device, Instant::ZERO).is_some());
}

#[test]
fn security2_locks_as_security1_does() {
    let mut device = open_device(security2(NonceRule::Counter));
    for attempt in 1..=5 {
        let result = pair_at(
            &mut device,
            client2(WRONG, NonceRule::Counter),
            Instant::ZERO,
            &mut seeded(attempt),
        );
        assert_eq!(result.err(), Some(device::Error::WrongProof));
    }
    let result = pair_at(
        &mut device,
        client2(super::PASSWORD, NonceRule::Counter),
        Instant::ZERO,
        &mut seeded(6),
    );
    assert_eq!(result.err(), Some(device::Error::LockedOut(Duration::from_secs(1))));
}
