//! The original's known defects, none of which is ours (spec manager.md 2, 5, 7; protocol.md 8.1, 8.2).

use landfall_manager::{AttemptLimit, AutoStop, Config, DisconnectReason, State};
use landfall_protocomm::wire::{ConfigResponse, CtrlRequest, ScanStart, StationDetail, StationState, Status};

use crate::bench::{Answer, Bench, SSID, encoded, network, unhex};

const BLOCKING: ScanStart = ScanStart {
    blocking: true,
    passive: false,
    group_channels: 0,
    period_ms: 120,
};

/// The original reports the reason of the previous failure, and at first AuthError.
#[test]
fn stale_fail_reason_is_never_reported() {
    let mut bench = Bench::with(Config {
        attempts: AttemptLimit::Total(1),
        ..Config::default()
    });
    bench.connects_to("first");
    assert_eq!(
        bench.loses(DisconnectReason::NetworkNotFound),
        ["Disconnect", "CredentialsFailed NetworkNotFound"]
    );
    bench.connects_to("second");
    assert_eq!(
        bench.loses(DisconnectReason::AuthError),
        ["Disconnect", "CredentialsFailed AuthError"]
    );
    bench.connects_to("third");
    let seen = bench.loses(DisconnectReason::Other);
    assert_eq!(
        seen,
        ["Disconnect", "CredentialsFailed NetworkNotFound"],
        "not the second's AuthError"
    );
    assert_eq!(bench.status(), "08015a0410035001");
}

/// The original never resets its counter: new credentials get one attempt only.
#[test]
fn attempt_counter_starts_again_with_new_credentials() {
    let mut bench = Bench::started().failed(DisconnectReason::AuthError);
    bench.connects_to("second");
    assert_eq!(
        bench.loses(DisconnectReason::AuthError)[0],
        "AttemptFailed AuthError, 4 left"
    );

    let mut bench = Bench::started().failed(DisconnectReason::AuthError);
    assert_eq!(bench.ctrl(CtrlRequest::Reset), Status::Success);
    bench.connects_to("second");
    assert_eq!(
        bench.loses(DisconnectReason::AuthError)[0],
        "AttemptFailed AuthError, 4 left"
    );
}

/// The original leaves its station state as it was, so the next client hears of success at once.
#[test]
fn reprovisioned_device_does_not_say_connected() {
    let mut bench = Bench::with(Config {
        auto_stop: AutoStop::Disabled,
        ..Config::default()
    })
    .connected();
    assert!(bench.status().starts_with("08015a26"));
    assert_eq!(bench.ctrl(CtrlRequest::Reprov), Status::Success);
    assert_eq!(bench.seen(), ["Disconnect", "Started"]);
    assert_eq!(bench.status(), "08015a021001");
    assert!(
        bench.joins(SSID).is_empty(),
        "the former network coming back is no success"
    );
    assert_eq!(bench.status(), "08015a021001");
}

/// The original's answer when it cannot tell looks like success to clients. Whatever happens, ours has details.
#[test]
fn connected_is_never_sent_without_details() {
    let mut bench = Bench::with(Config {
        auto_stop: AutoStop::Disabled,
        ..Config::default()
    });
    let mut connected = 0;
    for step in 0..6 {
        match step {
            1 => bench.connects_to(SSID),
            2 | 5 => drop(bench.joins(SSID)),
            3 => drop(bench.loses(DisconnectReason::Other)),
            4 => drop(bench.loses(DisconnectReason::AuthError)),
            _ => {}
        }
        let bytes = bench.bytes("prov-config", &unhex("5200"));
        let Ok(ConfigResponse::GetStatus(status)) = ConfigResponse::decode(&bytes) else {
            panic!("a status was expected at step {step}");
        };
        if status.state == StationState::Connected {
            assert!(
                matches!(status.detail, Some(StationDetail::Connected(_))),
                "step {step}"
            );
            connected += 1;
        }
    }
    assert_eq!(connected, 2);
}

/// The original copies the address as a C string: after a zero byte comes whatever stood in memory.
#[test]
fn access_points_address_is_sent_whole() {
    let mut bench = Bench::started();
    bench.connects_to(SSID);
    let mut station = crate::bench::station(SSID);
    station.bssid.0 = [1, 0, 3, 0, 5, 6];
    bench
        .manager
        .handle_wifi(landfall_manager::WifiEvent::Connected(station), bench.now);
    let bytes = bench.bytes("prov-config", &unhex("5200"));
    assert!(bytes.windows(8).any(|window| window == [0x22, 6, 1, 0, 3, 0, 5, 6]));
}

/// The original would not answer before the transport gives up.
#[test]
fn blocking_scan_after_apply_is_refused_not_hung() {
    let mut waiting = Bench::started();
    waiting.set(SSID, "passphrase");
    waiting.apply();
    waiting.seen();
    let mut connecting = Bench::started();
    connecting.connects_to(SSID);
    for mut bench in [waiting, connecting, Bench::started().connected()] {
        assert_eq!(bench.scan_start(BLOCKING), Status::InternalError);
        assert!(bench.seen().is_empty());
    }
}

/// The original says "unfinished" for ever, and Success to every further ScanStart without scanning.
#[test]
fn scan_running_at_apply_is_ended() {
    let mut bench = Bench::started();
    assert_eq!(
        bench.scan_start(ScanStart {
            blocking: false,
            ..BLOCKING
        }),
        Status::Success
    );
    assert_eq!(bench.seen(), ["Scan all"]);
    bench.set(SSID, "passphrase");
    assert_eq!(bench.apply(), Status::Success);
    assert_eq!(
        bench.seen(),
        ["CancelScan".to_owned(), format!("CredentialsReceived {SSID}")]
    );
    assert_eq!(
        bench.ask("prov-scan", &unhex("0802")),
        Answer::Bytes(unhex("08036a020801"))
    );
    assert!(bench.hears(&[network("late", 1, -40)]).is_empty());
    assert_eq!(
        bench.ask("prov-scan", &unhex("0802")),
        Answer::Bytes(unhex("08036a020801"))
    );

    bench.passes(1_000);
    for _ in 0..5 {
        bench.loses(DisconnectReason::AuthError);
    }
    assert_eq!(bench.manager.state(), State::Failed);
    assert_eq!(bench.scan_start(ScanStart::default()), Status::Success);
    assert_eq!(bench.seen(), ["Scan all"]);
}

/// The original drops strong networks to make room for weak ones.
#[test]
fn strong_networks_are_not_dropped_for_weak_ones() {
    let mut bench = Bench::started();
    bench.scan_start(ScanStart {
        group_channels: 5,
        blocking: false,
        ..BLOCKING
    });
    let strong: Vec<_> = (0..16).map(|index| network("strong", 1, -40 - index)).collect();
    bench.hears(&strong);
    for _ in 2..13 {
        bench.passes(120);
        bench.hears(&[]);
    }
    bench.hears(&[network("weak", 13, -90); 3]);
    let request = landfall_protocomm::wire::ScanRequest::Result {
        start_index: 0,
        count: 16,
    };
    let bytes = bench.bytes("prov-scan", &encoded(|buffer| request.encode(buffer)));
    assert_eq!(bytes.windows(6).filter(|window| window == b"strong").count(), 16);
}
