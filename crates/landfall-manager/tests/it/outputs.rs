//! The drain contract, and what happens to callers who break it.

use core::time::Duration;

use landfall_manager::{Command, Config, DisconnectReason, Output, State, WifiEvent};
use landfall_protocomm::{
    NonceRule,
    client::{self, Handshake},
    device::{self, Security},
    srp,
    wire::Status,
};

use crate::bench::{Bench, PASSPHRASE, SSID, station, unhex};

#[test]
fn saving_is_asked_for_before_success_is_told() {
    let mut bench = Bench::started();
    bench.connects_to(SSID);
    bench
        .manager
        .handle_wifi(WifiEvent::Connected(station(SSID)), bench.now);
    let Output::Command(Command::Save(credentials)) = bench.manager.poll() else {
        panic!("saving comes first")
    };
    assert_eq!(credentials.passphrase.expose(), PASSPHRASE.as_bytes());
    assert!(matches!(bench.manager.poll(), Output::Event(_)));
    assert!(matches!(bench.manager.poll(), Output::WakeAt(Some(_))));
}

#[test]
fn drained_manager_says_only_when_to_wake_it() {
    let mut bench = Bench::started().connected();
    for _ in 0..3 {
        assert!(matches!(bench.manager.poll(), Output::WakeAt(Some(_))));
    }
}

#[test]
fn undrained_wishes_become_the_newest_of_each_subject() {
    let mut bench = Bench::started();
    bench.set(SSID, PASSPHRASE);
    bench.apply();
    bench.now = bench.now + Duration::from_secs(1);
    bench.manager.handle_timeout(bench.now);
    for _ in 0..5 {
        bench
            .manager
            .handle_wifi(WifiEvent::Disconnected(DisconnectReason::AuthError), bench.now);
    }
    assert_eq!(bench.manager.state(), State::Failed);
    assert_eq!(
        bench.seen(),
        ["Disconnect", "CredentialsFailed AuthError"],
        "no Connect that was overtaken"
    );
}

#[test]
fn caller_who_never_drains_meets_no_panic_and_no_lost_state() {
    let mut bench = Bench::idle(Security::Security0, Config::default());
    for _ in 0..3 {
        bench.manager.start(bench.now).expect("idle");
        bench.manager.session_opened(bench.session);
        assert_eq!(bench.set(SSID, PASSPHRASE), Status::Success);
        assert_eq!(bench.apply(), Status::Success);
        bench.now = bench.now + Duration::from_secs(1);
        bench.manager.handle_timeout(bench.now);
        bench
            .manager
            .handle_wifi(WifiEvent::Connected(station(SSID)), bench.now);
        bench.manager.stop(bench.now);
        bench.now = bench.now + Duration::from_secs(1);
        bench.manager.handle_timeout(bench.now);
        assert_eq!(bench.manager.state(), State::Idle);
    }
    assert_eq!(
        bench.seen(),
        [
            format!("Save {SSID}/{PASSPHRASE}"),
            "StopService".into(),
            "Ended".into(),
            format!("Connect {SSID}/{PASSPHRASE}")
        ]
    );
}

#[test]
fn heavy_work_is_offered_once_and_only_while_running() {
    let account = srp::Credentials::derive(b"wifiprov", b"abcd1234", &[7; 16], client::XRule::Full).expect("good ones");
    let table = srp::VerifierTable::new(account.verifier()).expect("a good verifier");
    let verifier = srp::Verifier::new(account.salt(), &table).expect("a good salt");
    let security = Security::Security2 {
        verifier,
        nonce_rule: NonceRule::Counter,
    };
    let mut bench = Bench::idle(security, Config::default());
    assert!(
        matches!(bench.manager.poll(), Output::WakeAt(None)),
        "nothing to prepare for while idle"
    );

    bench.manager.start(bench.now).expect("idle");
    let work = "Work(Ephemeral)";
    assert_eq!(bench.seen(), ["Disconnect", "StartService", "Started", work]);
    bench.manager.session_opened(bench.session);
    assert!(bench.seen().is_empty(), "offered once, even if skipped");
    bench.manager.work(&mut |bytes: &mut [u8]| bytes.fill(9));
    assert!(bench.seen().is_empty(), "done");

    let mut request = [0; Handshake::MAX_MESSAGE];
    let (username, password) = (&b"wifiprov"[..], &b"abcd1234"[..]);
    let client = client::Security::Security2 {
        username,
        password,
        nonce_rule: NonceRule::Counter,
        x_rule: client::XRule::Full,
    };
    let (_, len) = Handshake::start(client, &mut request, &mut |bytes: &mut [u8]| bytes.fill(3)).expect("room enough");
    bench.bytes("prov-session", &request[..len]);
    assert_eq!(bench.seen(), ["Work(SharedSecret)"]);
    bench.manager.work(&mut |bytes: &mut [u8]| bytes.fill(9));
    bench.seen();
    bench.bytes("prov-session", &request[..len]);
    assert_eq!(
        bench.seen(),
        ["Work(SharedSecret)"],
        "a new handshake has its own secret"
    );
}

#[test]
fn security_events_are_told() {
    let mut bench = Bench::idle(Security::Security1 { pop: None }, Config::default());
    bench.start();
    // Cmd0 without its content.
    bench.ask("prov-session", &unhex("10015a00"));
    let expected = format!("Security({:?})", device::Event::InvalidSecurityParams);
    assert!(bench.seen().contains(&expected));
}
