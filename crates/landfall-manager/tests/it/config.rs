//! Configurations that cannot be, and times brought into their ranges.

use core::time::Duration;

use landfall_manager::{AppInfo, AttemptLimit, AutoStop, Config, InvalidConfig, Manager, State};
use landfall_protocomm::{Endpoint, device::Security};

use crate::bench::Bench;

fn refusal(config: Config<'_>) -> Option<InvalidConfig> {
    Manager::<16>::new(Security::Security0, config).err()
}

#[test]
fn contradictions_are_refused() {
    let no_attempts = Config {
        attempts: AttemptLimit::Total(0),
        ..Config::default()
    };
    assert_eq!(refusal(no_attempts), Some(InvalidConfig::NoAttempts));

    let mine = Endpoint::new("mine").expect("a good name");
    for endpoints in [[mine, mine], [mine, Endpoint::SCAN], [Endpoint::VERSION, mine]] {
        let config = Config {
            endpoints: &endpoints,
            ..Config::default()
        };
        assert_eq!(refusal(config), Some(InvalidConfig::DuplicateEndpoint));
    }

    let info = |label| AppInfo {
        label,
        version: "1",
        capabilities: &[],
    };
    for app_info in [[info("a"), info("a")], [info("prov"), info("a")]] {
        let config = Config {
            app_info: &app_info,
            ..Config::default()
        };
        assert_eq!(refusal(config), Some(InvalidConfig::DuplicateLabel));
    }
}

#[test]
fn distinct_names_are_welcome() {
    let endpoints = [Endpoint::CUSTOM_DATA, Endpoint::new("mine").expect("a good name")];
    let app_info = [AppInfo {
        label: "a",
        version: "1",
        capabilities: &[],
    }];
    let config = Config {
        endpoints: &endpoints,
        app_info: &app_info,
        ..Config::default()
    };
    assert_eq!(refusal(config), None);
}

#[test]
fn auto_stop_is_brought_between_6_and_600_seconds() {
    for (asked, millis) in [
        (0, 6_000),
        (5, 6_000),
        (6, 6_000),
        (30, 30_000),
        (600, 600_000),
        (3_600, 600_000),
    ] {
        let auto_stop = AutoStop::After(Duration::from_secs(asked));
        let mut bench = Bench::with(Config {
            auto_stop,
            ..Config::default()
        })
        .connected();
        assert_eq!(bench.wakes_in(), Some(millis), "{asked} s");
    }
}

#[test]
fn cleanup_takes_at_least_100_milliseconds() {
    for (asked, millis) in [(0, 100), (99, 100), (100, 100), (2_500, 2_500)] {
        let cleanup_delay = Duration::from_millis(asked);
        let mut bench = Bench::with(Config {
            cleanup_delay,
            ..Config::default()
        });
        bench.manager.stop(bench.now);
        assert_eq!(bench.wakes_in(), Some(millis), "{asked} ms");
        assert_eq!(bench.manager.state(), State::Stopping);
    }
}
