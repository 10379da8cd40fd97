//! `prov-ctrl` and the commands behind it (spec protocol.md 8.3, manager.md 7).

use landfall_manager::{AutoStop, Config, DisconnectReason, RequestError, State};
use landfall_protocomm::wire::{CtrlRequest, DecodeError, Status};

use crate::bench::{Answer, Bench, SSID, unhex};

fn reprovisionable() -> Bench<'static> {
    Bench::with(Config {
        auto_stop: AutoStop::Disabled,
        ..Config::default()
    })
}

#[test]
fn reset_after_a_failure_goes_back_to_waiting_without_a_word() {
    let mut bench = Bench::started().failed(DisconnectReason::AuthError);
    assert_eq!(bench.ctrl(CtrlRequest::Reset), Status::Success);
    assert_eq!(bench.manager.state(), State::Started);
    assert!(bench.seen().is_empty());
    assert_eq!(bench.status(), "08015a021001");
}

#[test]
fn reset_while_waiting_is_success_already() {
    let mut bench = Bench::started();
    assert_eq!(bench.ctrl(CtrlRequest::Reset), Status::Success);
    assert_eq!(bench.manager.state(), State::Started);
}

#[test]
fn reset_is_refused_elsewhere() {
    let mut connecting = Bench::started();
    connecting.connects_to(SSID);
    let mut stopping = Bench::started();
    stopping.manager.stop(stopping.now);
    for mut bench in [connecting, Bench::started().connected(), stopping] {
        let state = bench.manager.state();
        assert_eq!(bench.ctrl(CtrlRequest::Reset), Status::InternalError, "{state:?}");
        assert_eq!(bench.manager.state(), state);
    }
}

#[test]
fn reprovisioning_needs_auto_stop_disabled() {
    for mut bench in [
        Bench::started(),
        Bench::started().failed(DisconnectReason::Other),
        Bench::started().connected(),
    ] {
        let state = bench.manager.state();
        assert_eq!(bench.ctrl(CtrlRequest::Reprov), Status::InternalError);
        assert_eq!(bench.manager.state(), state);
        assert!(bench.seen().is_empty());
    }
}

#[test]
fn reprovisioning_leaves_the_network_from_every_state() {
    let mut connecting = reprovisionable();
    connecting.connects_to(SSID);
    let failed = reprovisionable().failed(DisconnectReason::AuthError);
    for mut bench in [reprovisionable(), connecting, failed, reprovisionable().connected()] {
        assert_eq!(bench.ctrl(CtrlRequest::Reprov), Status::Success);
        assert_eq!(bench.seen(), ["Disconnect", "Started"]);
        assert_eq!(bench.manager.state(), State::Started);
        assert_eq!(bench.wakes_in(), None);
    }
}

#[test]
fn reprovisioning_stops_the_connect_timer() {
    let mut bench = reprovisionable();
    bench.set(SSID, "passphrase");
    bench.apply();
    bench.seen();
    bench.passes(500);
    assert_eq!(bench.ctrl(CtrlRequest::Reprov), Status::Success);
    assert_eq!(bench.passes(10_000), ["Disconnect", "Started"]);
    bench.connects_to("other");
}

#[test]
fn stopping_service_is_not_reprovisioned() {
    let mut bench = reprovisionable();
    bench.manager.stop(bench.now);
    assert_eq!(bench.ctrl(CtrlRequest::Reprov), Status::InternalError);
    assert_eq!(bench.manager.state(), State::Stopping);
}

#[test]
fn thread_commands_get_their_normal_answer_and_invalid_argument() {
    let mut bench = reprovisionable();
    for request in [CtrlRequest::ThreadReset, CtrlRequest::ThreadReprov] {
        assert_eq!(bench.ctrl(request), Status::InvalidArgument);
    }
    assert_eq!(bench.manager.state(), State::Started);
    assert!(bench.seen().is_empty());
}

#[test]
fn reserved_and_unknown_commands_fail() {
    let mut bench = reprovisionable();
    for (request, msg) in [("5a00", 0), ("", 0), ("0802", 2), ("0809", 9)] {
        let unknown = RequestError::Decode(DecodeError::UnknownMessage(msg));
        assert_eq!(
            bench.ask("prov-ctrl", &unhex(request)),
            Answer::Failed(unknown),
            "{request}"
        );
    }
}
