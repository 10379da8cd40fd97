use core::net::Ipv4Addr;
use std::{format, string::String};

use landfall_protocomm::wire::AuthMode;

use super::*;
use crate::{AutoStop, Bssid, Config, Passphrase, Ssid};

const NOW: Instant = Instant::from_millis(10_000);
const DUE: Instant = Instant::from_millis(20_000);
const INPUTS: [&str; 12] = [
    "Start",
    "Stop",
    "Credentials",
    "Joined",
    "Joined elsewhere",
    "Lost for good",
    "Lost",
    "Reset",
    "Reprovision",
    "StatusTold",
    "Elapsed early",
    "Elapsed",
];

/// Every input in every state, first with two attempts and auto-stop, then with neither limit nor auto-stop.
///
/// `.` stands for "ignored", `!` for "refused". Whoever changes a line of the file changes what devices do.
#[test]
fn transition_table_is_the_one_written_down() {
    let limited = Config {
        attempts: AttemptLimit::Total(2),
        ..Config::default()
    };
    let unlimited = Config {
        attempts: AttemptLimit::Unlimited,
        auto_stop: AutoStop::Disabled,
        ..Config::default()
    };
    let table = table([limited.rules(), unlimited.rules()]);
    let expected = include_str!("transitions.txt");
    for (line, expected) in table.lines().zip(expected.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(table.lines().count(), expected.lines().count());
}

#[test]
fn every_deadline_is_its_states_own() {
    for (name, phase) in phases(None) {
        let expected = match name {
            "Waiting" | "Stopping" => Some(DUE),
            _ => None,
        };
        assert_eq!(phase.deadline(), expected, "{name}");
    }
    let [.., (_, connected), _] = phases(Some(DUE));
    assert_eq!(connected.deadline(), Some(DUE));
}

fn table(rules: [Rules; 2]) -> String {
    let mut table = String::new();
    for index in 0..phases(None).len() {
        for input in INPUTS {
            let [limited, unlimited] = rules.map(|rules| outcome(index, input, &rules));
            let (name, _) = &phases(None)[index];
            table += &format!("{name:<10}{input:<17}{limited:<47}{unlimited}\n");
        }
    }
    table
}

fn outcome(index: usize, input: &str, rules: &Rules) -> String {
    let (_, mut phase) = phases(rules.stop_after.map(|_| DUE))
        .into_iter()
        .nth(index)
        .expect("an index of the array");
    let now = if input == "Elapsed" { DUE } else { NOW };
    let outcome = phase.next(input_called(input), now, rules);
    let state = phase.state();
    match outcome {
        Outcome::Refused => "!".into(),
        Outcome::Ignored => ".".into(),
        Outcome::Entered(Why::Joined { save, .. }) => format!("{state:?}: Joined, save {save}"),
        Outcome::Entered(Why::AttemptFailed { reason, left }) => {
            let reason = reason.map_or_else(|| "-".into(), |reason| format!("{reason:?}"));
            let left = left.map_or_else(|| "-".into(), |left| format!("{left}"));
            format!("{state:?}: AttemptFailed({reason}, left {left})")
        }
        Outcome::Entered(why) => format!("{state:?}: {why:?}"),
    }
}

fn phases(stop_at: Option<Instant>) -> [(&'static str, Phase); 8] {
    let reason = FailReason::AuthError;
    [
        ("Idle", Phase::Idle),
        ("Started", Phase::Started),
        (
            "Waiting",
            Phase::Connecting {
                trial: trial(0),
                step: Step::Waiting { connect_at: DUE },
            },
        ),
        (
            "Joining",
            Phase::Connecting {
                trial: trial(0),
                step: Step::Joining,
            },
        ),
        (
            "Retrying",
            Phase::Connecting {
                trial: trial(1),
                step: Step::Retrying { left: 1 },
            },
        ),
        (
            "Failed",
            Phase::Failed {
                trial: trial(2),
                reason,
            },
        ),
        (
            "Connected",
            Phase::Connected {
                trial: trial(0),
                station: station("home"),
                stop_at,
            },
        ),
        (
            "Stopping",
            Phase::Stopping {
                report: Report::Connecting,
                end_at: DUE,
            },
        ),
    ]
}

fn input_called(name: &str) -> Input {
    match name {
        "Start" => Input::Start,
        "Stop" => Input::Stop,
        "Credentials" => Input::Credentials(credentials()),
        "Joined" => Input::Joined(station("home")),
        "Joined elsewhere" => Input::Joined(station("away")),
        "Lost for good" => Input::Lost(DisconnectReason::AuthError),
        "Lost" => Input::Lost(DisconnectReason::Other),
        "Reset" => Input::Reset,
        "Reprovision" => Input::Reprovision,
        "StatusTold" => Input::StatusTold,
        _ => Input::Elapsed,
    }
}

fn trial(completed: u8) -> Trial {
    Trial {
        credentials: credentials(),
        completed,
        reason: None,
        saved: false,
    }
}

fn credentials() -> Credentials {
    let ssid = Ssid::new(b"home").expect("a short name");
    Credentials {
        ssid,
        passphrase: Passphrase::EMPTY,
        bssid: None,
        channel: None,
    }
}

fn station(ssid: &str) -> Station {
    Station {
        ip: Ipv4Addr::LOCALHOST,
        ssid: Ssid::new(ssid.as_bytes()).expect("a short name"),
        bssid: Bssid::default(),
        channel: 1,
        auth: AuthMode::Open,
    }
}
