//! Every deadline, to the millisecond (spec manager.md 5 and 6).

use core::time::Duration;

use landfall_manager::{AutoStop, Config, DisconnectReason, State};
use landfall_protocomm::Instant;

use crate::bench::{Bench, PASSPHRASE, SSID};

#[test]
fn joining_begins_one_second_after_the_answer() {
    let mut bench = Bench::started();
    bench.set(SSID, PASSPHRASE);
    bench.apply();
    bench.seen();
    assert_eq!(bench.wakes_in(), Some(1_000));
    assert!(bench.passes(999).is_empty());
    assert_eq!(bench.passes(1), [format!("Connect {SSID}/{PASSPHRASE}")]);
    assert_eq!(bench.wakes_in(), None, "how long joining takes is the radio's affair");
}

#[test]
fn service_stops_by_itself_after_success() {
    let mut bench = Bench::started().connected();
    assert_eq!(bench.wakes_in(), Some(30_000));
    assert!(bench.passes(29_999).is_empty());
    assert_eq!(bench.manager.state(), State::Connected);
    assert!(bench.passes(1).is_empty());
    assert_eq!(bench.manager.state(), State::Stopping);
    assert_eq!(bench.wakes_in(), Some(1_000));
    assert_eq!(bench.passes(1_000), ["StopService", "Ended"]);
    assert_eq!(bench.manager.state(), State::Idle);
}

#[test]
fn client_that_was_told_of_success_ends_it_sooner() {
    let mut bench = Bench::started().connected();
    bench.passes(5_000);
    let told = bench.status();
    assert!(told.starts_with("08015a26"));
    assert_eq!(bench.manager.state(), State::Stopping);
    assert!(bench.passes(999).is_empty());
    assert_eq!(bench.status(), told, "still served, still connected");
    assert_eq!(bench.passes(1), ["StopService", "Ended"]);
}

#[test]
fn client_that_was_told_of_anything_else_ends_nothing() {
    let mut connecting = Bench::started();
    connecting.connects_to(SSID);
    for mut bench in [
        Bench::started(),
        connecting,
        Bench::started().failed(DisconnectReason::AuthError),
    ] {
        let state = bench.manager.state();
        bench.status();
        assert_eq!(bench.manager.state(), state);
    }
}

#[test]
fn disabled_auto_stop_never_stops() {
    let mut bench = Bench::with(Config {
        auto_stop: AutoStop::Disabled,
        ..Config::default()
    })
    .connected();
    assert!(bench.status().starts_with("08015a26"));
    assert_eq!(bench.wakes_in(), None);
    assert!(bench.passes(10_000_000).is_empty());
    assert_eq!(bench.manager.state(), State::Connected);
}

#[test]
fn further_address_does_not_put_off_the_stop() {
    let mut bench = Bench::started().connected();
    bench.passes(20_000);
    bench.joins(SSID);
    assert_eq!(bench.wakes_in(), Some(10_000));
}

#[test]
fn answer_that_could_not_be_written_does_not_count_as_told() {
    let mut bench = Bench::started().connected();
    let mut random = |bytes: &mut [u8]| bytes.fill(0);
    let mut message = [0x52, 0x00];
    let (session, now) = (bench.session, bench.now);
    let failed = bench
        .manager
        .handle_request(session, "prov-config", &mut message, &mut [0; 8], now, &mut random);
    assert!(failed.is_err());
    assert_eq!(bench.manager.state(), State::Connected);
}

#[test]
fn late_call_fires_what_is_due_and_an_early_one_nothing() {
    let mut bench = Bench::started();
    bench.set(SSID, PASSPHRASE);
    bench.apply();
    bench.seen();
    bench.manager.handle_timeout(Instant::ZERO);
    assert!(bench.seen().is_empty());
    bench.manager.handle_timeout(bench.now + Duration::from_secs(3_600));
    assert_eq!(bench.seen(), [format!("Connect {SSID}/{PASSPHRASE}")]);
}

#[test]
fn end_of_time_does_not_overflow() {
    let mut bench = Bench::started();
    bench.now = Instant::new(Duration::MAX);
    bench.set(SSID, PASSPHRASE);
    bench.apply();
    bench.manager.handle_timeout(bench.now);
    assert_eq!(bench.manager.state(), State::Connecting);
    bench.manager.stop(bench.now);
    bench.manager.handle_timeout(bench.now);
    assert_eq!(bench.manager.state(), State::Idle);
}
