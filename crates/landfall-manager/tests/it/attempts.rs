//! Joining, failing and trying again (spec manager.md 5).

use landfall_manager::{AttemptLimit, AutoStop, Config, DisconnectReason::*, State};
use landfall_protocomm::wire::Status;

use crate::bench::{Bench, PASSPHRASE, SSID};

const CONNECTING: &str = "08015a021001";
const AUTH_ERROR: &str = "08015a0410035000";
const NETWORK_NOT_FOUND: &str = "08015a0410035001";

fn connecting(attempts: AttemptLimit) -> Bench<'static> {
    let mut bench = Bench::with(Config {
        attempts,
        auto_stop: AutoStop::Disabled,
        ..Config::default()
    });
    bench.connects_to(SSID);
    bench
}

fn again() -> String {
    format!("Connect {SSID}/{PASSPHRASE}")
}

#[test]
fn every_failure_counts_and_the_last_one_ends_it() {
    let mut bench = connecting(AttemptLimit::Total(5));
    for (reason, seen, left) in [
        (AuthError, "AttemptFailed AuthError, 4 left", "04"),
        (NetworkNotFound, "AttemptFailed NetworkNotFound, 3 left", "03"),
        (Other, "AttemptFailed, 2 left", "02"),
        (Other, "AttemptFailed, 1 left", "01"),
    ] {
        assert_eq!(bench.loses(reason), [seen.to_owned(), again()]);
        assert_eq!(bench.status(), format!("08015a061001620208{left}"));
        assert_eq!(bench.manager.state(), State::Connecting);
    }
    assert_eq!(bench.loses(AuthError), ["Disconnect", "CredentialsFailed AuthError"]);
    assert_eq!(bench.status(), AUTH_ERROR);
    assert_eq!(bench.manager.state(), State::Failed);
}

#[test]
fn one_attempt_means_no_second_one() {
    let mut bench = connecting(AttemptLimit::Total(1));
    assert_eq!(
        bench.loses(NetworkNotFound),
        ["Disconnect", "CredentialsFailed NetworkNotFound"]
    );
    assert_eq!(bench.status(), NETWORK_NOT_FOUND);
}

#[test]
fn longest_limit_counts_to_its_end() {
    let mut bench = connecting(AttemptLimit::Total(255));
    for left in (1..255).rev() {
        assert_eq!(bench.loses(Other), [format!("AttemptFailed, {left} left"), again()]);
    }
    assert_eq!(bench.loses(Other), ["Disconnect", "CredentialsFailed NetworkNotFound"]);
}

#[test]
fn reason_is_the_last_failures_if_it_has_one() {
    let mut bench = connecting(AttemptLimit::Total(2));
    bench.loses(AuthError);
    assert_eq!(
        bench.loses(NetworkNotFound),
        ["Disconnect", "CredentialsFailed NetworkNotFound"]
    );
}

#[test]
fn reason_is_else_the_last_one_of_these_credentials() {
    let mut bench = connecting(AttemptLimit::Total(3));
    bench.loses(NetworkNotFound);
    bench.loses(AuthError);
    assert_eq!(bench.loses(Other), ["Disconnect", "CredentialsFailed AuthError"]);
}

/// Nobody refused the passphrase, so nobody says so.
#[test]
fn failures_without_any_named_reason_are_told_as_network_not_found() {
    let mut bench = connecting(AttemptLimit::Total(2));
    bench.loses(Other);
    assert_eq!(bench.loses(Other), ["Disconnect", "CredentialsFailed NetworkNotFound"]);
    assert_eq!(bench.status(), NETWORK_NOT_FOUND);
}

#[test]
fn without_limit_a_named_reason_ends_it_at_once() {
    for (reason, status) in [(AuthError, AUTH_ERROR), (NetworkNotFound, NETWORK_NOT_FOUND)] {
        let mut bench = connecting(AttemptLimit::Unlimited);
        assert_eq!(
            bench.loses(reason),
            [String::from("Disconnect"), format!("CredentialsFailed {reason:?}")]
        );
        assert_eq!(bench.status(), status);
    }
}

#[test]
fn without_limit_any_other_reason_is_tried_again_for_ever() {
    let mut bench = connecting(AttemptLimit::Unlimited);
    for _ in 0..1000 {
        assert_eq!(bench.loses(Other), [again()]);
        assert_eq!(bench.status(), CONNECTING);
    }
    assert_eq!(bench.manager.state(), State::Connecting);
}

#[test]
fn losing_the_network_counts_as_an_attempt_and_leads_back() {
    let mut bench = connecting(AttemptLimit::Total(3));
    bench.joins(SSID);
    assert_eq!(bench.loses(Other), [String::from("AttemptFailed, 2 left"), again()]);
    assert_eq!(bench.status(), "08015a06100162020802");
    assert_eq!(bench.joins(SSID), [format!("CredentialsSucceeded {SSID}")]);
    assert!(bench.status().starts_with("08015a26"));
    assert_eq!(bench.loses(Other), [String::from("AttemptFailed, 1 left"), again()]);
    assert_eq!(bench.joins(SSID), [format!("CredentialsSucceeded {SSID}")]);
    assert_eq!(bench.loses(AuthError), ["Disconnect", "CredentialsFailed AuthError"]);
    assert_eq!(bench.status(), AUTH_ERROR);
}

#[test]
fn lost_network_stops_the_auto_stop_clock() {
    let mut bench = Bench::started().connected();
    assert_eq!(bench.wakes_in(), Some(30_000));
    bench.loses(Other);
    assert_eq!(bench.wakes_in(), None);
    bench.passes(20_000);
    bench.joins(SSID);
    assert_eq!(bench.wakes_in(), Some(30_000));
}

#[test]
fn application_that_joins_by_itself_after_a_failure_makes_it_a_success() {
    let mut bench = connecting(AttemptLimit::Total(1));
    bench.loses(AuthError);
    assert!(
        bench.joins("previous").is_empty(),
        "another network is not the one asked for"
    );
    assert_eq!(bench.status(), AUTH_ERROR);
    // Not saved: it may be the previous passphrase of the same network that worked.
    assert_eq!(bench.joins(SSID), [format!("CredentialsSucceeded {SSID}")]);
    assert_eq!(bench.manager.state(), State::Connected);
    assert!(bench.status().starts_with("08015a26"));
}

#[test]
fn credentials_that_prove_good_only_after_such_a_success_are_saved_then() {
    let mut bench = connecting(AttemptLimit::Unlimited);
    bench.loses(AuthError);
    assert_eq!(bench.joins(SSID), [format!("CredentialsSucceeded {SSID}")]);
    assert_eq!(bench.loses(Other), [again()]);
    let saved = format!("Save {SSID}/{PASSPHRASE}");
    assert_eq!(bench.joins(SSID), [saved, format!("CredentialsSucceeded {SSID}")]);
}

#[test]
fn failures_while_waiting_or_failed_change_nothing() {
    let mut bench = Bench::started();
    assert!(bench.loses(AuthError).is_empty());
    assert_eq!(bench.manager.state(), State::Started);
    let mut bench = Bench::started().failed(AuthError);
    assert!(bench.loses(NetworkNotFound).is_empty());
    assert_eq!(bench.status(), AUTH_ERROR);
}

#[test]
fn wrong_password_then_the_right_one() {
    let mut bench = Bench::started().failed(AuthError);
    assert_eq!(bench.status(), AUTH_ERROR);
    assert_eq!(bench.set(SSID, "now it is right"), Status::Success);
    assert_eq!(bench.apply(), Status::Success);
    assert_eq!(bench.status(), CONNECTING);
    bench.passes(1_000);
    assert_eq!(
        bench.joins(SSID),
        [
            format!("Save {SSID}/now it is right"),
            format!("CredentialsSucceeded {SSID}")
        ]
    );
}
