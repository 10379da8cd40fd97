//! What the original device code answers to plain requests, replayed (spec vectors/device_behaviour.json).

use landfall_manager::{AccessPoint, AutoStop, Bssid, Config, DisconnectReason};
use landfall_protocomm::{
    Endpoint,
    wire::{AuthMode, ScanStart, Status},
};

use crate::bench::{Answer, Bench, SSID, hex, name, unhex};

#[derive(serde::Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    case: String,
    endpoint: String,
    request: String,
    response: Option<String>,
}

/// Where we answer otherwise, on purpose: case, our answer, reason.
const DIFFERENT: [(&str, &str, &str); 2] = [
    (
        "get_status: attempt failed, 0 left",
        "08015a0410035001",
        "the last failure is the failure: a manager never has 0 attempts left (spec manager.md 5)",
    ),
    (
        "get_status: status handler fails",
        "08015a021001",
        "a status that is not known is no success without details (spec protocol.md 8.1)",
    ),
];

#[test]
fn device_behaviour_is_the_originals_but_for_two_cases() {
    let file: File = serde_json::from_str(include_str!("../vectors/device_behaviour.json")).expect("the vector file");
    assert_eq!(file.cases.len(), 44);
    let mut different = 0;
    for Case {
        case,
        endpoint,
        request,
        response,
    } in file.cases
    {
        let response = match DIFFERENT.iter().find(|(name, ..)| *name == case) {
            Some((_, ours, reason)) => {
                assert_ne!(
                    Some(*ours),
                    response.as_deref(),
                    "{case}: no longer different: {reason}"
                );
                different += 1;
                Some((*ours).to_owned())
            }
            None => response,
        };
        let mut bench = prepared(&case);
        let answer = match bench.ask(&endpoint, &unhex(&request)) {
            Answer::Bytes(bytes) => Some(hex(&bytes)),
            Answer::Application(0, plain) => Some(custom_data(&mut bench, &plain)),
            Answer::Failed(_) => None,
            other => panic!("{case}: {other:?}"),
        };
        assert_eq!(answer, response, "{case}");
    }
    assert_eq!(different, DIFFERENT.len());
}

/// The original device of the vectors takes two ApplyConfigs in a row; its own manager would refuse the second, as
/// this one does: the credentials are used up (spec protocol.md 8.1).
#[test]
fn second_apply_config_without_set_config_is_refused() {
    let mut bench = Bench::started();
    assert_eq!(bench.set(SSID, ""), Status::Success);
    assert_eq!(hex(&bench.bytes("prov-config", &unhex("0804"))), "08057a00");
    assert_eq!(hex(&bench.bytes("prov-config", &unhex("08047200"))), "08057a020805");
}

/// A manager in the state that the case speaks of.
fn prepared(case: &str) -> Bench<'static> {
    let endpoints = const { &[Endpoint::CUSTOM_DATA] };
    let config = Config {
        endpoints,
        ..Config::default()
    };
    let mut bench = Bench::with(match case {
        "ctrl reprov" => Config {
            auto_stop: AutoStop::Disabled,
            ..config
        },
        _ => config,
    });
    match case {
        _ if case.starts_with("apply_config") => {
            assert_eq!(bench.set(SSID, ""), Status::Success);
        }
        "get_status: connecting" | "ctrl reset when the state machine refuses" => bench.connects_to(SSID),
        "get_status: attempt failed, 4 left" => {
            bench.connects_to(SSID);
            bench.loses(DisconnectReason::Other);
        }
        "get_status: attempt failed, 0 left" | "get_status: failed NetworkNotFound" => {
            return bench.failed(DisconnectReason::NetworkNotFound);
        }
        "get_status: failed AuthError" | "ctrl reset" => return bench.failed(DisconnectReason::AuthError),
        "get_status: connected" => return bench.connected(),
        _ if case == "scan_status" || case.contains("5 results exist") => {
            assert_eq!(bench.scan_start(ScanStart::default()), Status::Success);
            bench.hears(&five_networks());
        }
        _ => {}
    }
    bench
}

/// Example application: always the same eight bytes (spec protocol.md 8.5).
fn custom_data(bench: &mut Bench<'_>, plain: &[u8]) -> String {
    assert_eq!(plain, b"hi");
    let mut response = *b"SUCCESS\0 and room";
    let len = bench
        .manager
        .finish_application(bench.session, &mut response, 8)
        .expect("a session");
    hex(&response[..len])
}

fn five_networks() -> [AccessPoint; 5] {
    let network = |ssid, channel, rssi, bssid: &str, auth| AccessPoint {
        ssid: name(ssid),
        bssid: Bssid(unhex(bssid).try_into().expect("six octets")),
        channel,
        rssi,
        auth,
    };
    // Not in order: sorting is the manager's.
    [
        network("InsecureWiFiAP", 7, -74, "dca4caf1227c", AuthMode::Open),
        network("MyHomeWiFiAP", 1, -45, "788a20841996", AuthMode::Wpa2Psk),
        network("MobileHotspot", 11, -46, "7a8a20841996", AuthMode::Wpa2Psk),
        network("NeighborsWiFiAP", 6, -61, "8a8a20841996", AuthMode::Wpa2Psk),
        network("MyHomeWiFiAP", 11, -54, "788a208daa26", AuthMode::Wpa2Psk),
    ]
}
