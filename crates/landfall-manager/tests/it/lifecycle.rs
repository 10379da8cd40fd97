//! Start, stop in every state, and start again.

use landfall_manager::{AutoStop, Config, Credentials, DisconnectReason, Passphrase, RequestError, State, WifiEvent};
use landfall_protocomm::{
    device::Security,
    wire::{ScanRequest, ScanStart, Status},
};

use crate::bench::{Answer, Bench, SSID, name, network, session, station};

const ENDPOINTS: [&str; 5] = ["prov-session", "proto-ver", "prov-config", "prov-scan", "prov-ctrl"];
const CONNECTING: &str = "08015a021001";

#[test]
fn starting_leaves_the_network_and_brings_the_service_up() {
    let mut bench = Bench::idle(Security::Security0, Config::default());
    assert_eq!(bench.manager.state(), State::Idle);
    assert_eq!(bench.wakes_in(), None);
    bench.manager.start(bench.now).expect("idle");
    assert_eq!(bench.manager.state(), State::Started);
    assert_eq!(bench.seen(), ["Disconnect", "StartService", "Started"]);
}

#[test]
fn idle_manager_serves_nothing_and_does_nothing() {
    let mut bench = Bench::idle(Security::Security0, Config::default());
    bench.manager.session_opened(bench.session);
    assert_eq!(bench.manager.session(), None);
    for endpoint in ENDPOINTS.into_iter().chain(["no-such-endpoint"]) {
        assert_eq!(bench.ask(endpoint, b"x"), Answer::Failed(RequestError::NotRunning));
    }
    bench.manager.stop(bench.now);
    assert!(bench.manager.reset_on_failure(bench.now).is_err());
    assert!(bench.manager.reset_for_reprovision(bench.now).is_err());
    assert!(bench.joins(SSID).is_empty());
    assert!(bench.loses(DisconnectReason::AuthError).is_empty());
    assert!(bench.hears(&[network("a", 1, -40)]).is_empty());
    assert!(bench.passes(100_000).is_empty());
    assert_eq!(bench.manager.state(), State::Idle);
}

#[test]
fn starting_twice_is_refused_in_every_state() {
    for mut bench in in_every_running_state() {
        let state = bench.manager.state();
        let refused = bench.manager.start(bench.now).expect_err("running");
        assert_eq!(refused.state, state);
        assert_eq!(bench.manager.state(), state);
        assert!(bench.seen().is_empty());
    }
}

#[test]
fn stop_ends_in_idle_from_every_state() {
    for mut bench in in_every_running_state() {
        let state = bench.manager.state();
        bench.manager.stop(bench.now);
        assert_eq!(bench.manager.state(), State::Stopping, "{state:?}");
        let left: &[&str] = if state == State::Connecting {
            &["Disconnect"]
        } else {
            &[]
        };
        assert_eq!(bench.seen(), left, "{state:?}");
        assert_eq!(bench.passes(1_000), ["StopService", "Ended"], "{state:?}");
        assert_eq!(bench.manager.state(), State::Idle);
        assert_eq!(bench.manager.session(), None);
        assert_eq!(bench.wakes_in(), None);
    }
}

#[test]
fn stopping_again_does_not_put_off_the_end() {
    let mut bench = Bench::started();
    bench.manager.stop(bench.now);
    assert!(bench.passes(999).is_empty());
    bench.manager.stop(bench.now);
    assert_eq!(bench.passes(1), ["StopService", "Ended"]);
}

#[test]
fn stopping_device_answers_as_it_stood_and_takes_nothing_on() {
    let answers = in_every_running_state().map(|mut bench| {
        let before = bench.status();
        bench.manager.stop(bench.now);
        bench.seen();
        assert_eq!(bench.status(), before);
        assert_eq!(bench.set("other", "passphrase"), Status::Success);
        assert_eq!(bench.apply(), Status::InternalError);
        assert_eq!(bench.scan_start(ScanStart::default()), Status::InternalError);
        assert!(bench.joins("other").is_empty());
        assert!(bench.loses(DisconnectReason::AuthError).is_empty());
        assert_eq!(bench.status(), before);
        before
    });
    assert_eq!(answers[0], CONNECTING);
    assert!(answers[3].starts_with("08015a26"), "still connected, with details");
}

#[test]
fn restarted_manager_is_a_new_one() {
    let mut bench = Bench::started();
    assert_eq!(bench.scan_start(ScanStart::default()), Status::Success);
    bench.hears(&[network("a", 1, -40)]);
    bench.set(SSID, "passphrase");
    bench.manager.stop(bench.now);
    bench.passes(1_000);

    bench.manager.start(bench.now).expect("idle again");
    assert_eq!(bench.seen(), ["Disconnect", "StartService", "Started"]);
    assert_eq!(bench.manager.session(), None);
    bench.manager.session_opened(session(1));
    assert_eq!(bench.status(), CONNECTING);
    assert_eq!(
        bench.apply(),
        Status::InternalError,
        "the credentials went with the first run"
    );
    let Answer::Bytes(bytes) = bench.scan(ScanRequest::Status) else {
        panic!("an answer was expected")
    };
    assert_eq!(bytes, [0x08, 0x03, 0x6a, 0x02, 0x08, 0x01], "finished, no results");
}

#[test]
fn credentials_of_another_source_are_taken_where_a_clients_are() {
    let credentials = || Credentials {
        ssid: name("home"),
        passphrase: Passphrase::EMPTY,
        bssid: None,
        channel: None,
    };
    for mut bench in in_every_running_state() {
        let state = bench.manager.state();
        let taken = bench.manager.configure_station(credentials(), bench.now);
        match state {
            State::Started | State::Failed => {
                assert_eq!(taken, Ok(()));
                assert_eq!(bench.seen(), ["CredentialsReceived home"]);
                assert_eq!(bench.manager.state(), State::Connecting);
            }
            _ => assert_eq!(taken.expect_err("not now").state, state),
        }
    }
}

#[test]
fn late_reports_of_a_stopped_manager_change_nothing() {
    let mut bench = Bench::started().connected();
    bench.manager.stop(bench.now);
    bench.passes(1_000);
    bench
        .manager
        .handle_wifi(WifiEvent::Connected(station(SSID)), bench.now);
    bench.manager.handle_wifi(WifiEvent::ScanFailed, bench.now);
    assert!(bench.seen().is_empty());
    assert_eq!(bench.manager.state(), State::Idle);
}

/// Started, Connecting, Failed, Connected, Stopping. Auto-stop is off, so that asking for the status does not stop.
fn in_every_running_state() -> [Bench<'static>; 5] {
    let bench = || {
        Bench::with(Config {
            auto_stop: AutoStop::Disabled,
            ..Config::default()
        })
    };
    let mut connecting = bench();
    connecting.connects_to(SSID);
    let mut stopping = bench();
    stopping.manager.stop(stopping.now);
    [
        bench(),
        connecting,
        bench().failed(DisconnectReason::AuthError),
        bench().connected(),
        stopping,
    ]
}
