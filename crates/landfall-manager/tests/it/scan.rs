//! Scans: the run, the list and its pages (spec protocol.md 8.2).

use core::time::Duration;

use landfall_manager::{
    AccessPoint, Command, DisconnectReason, Output, RequestError, ScanChannels, ScanPlan, WifiEvent,
};
use landfall_protocomm::wire::{ScanRequest, ScanResponse, ScanResponseBody, ScanStart, Status};

use crate::bench::{Answer, Bench, SSID, encoded, hex, network, session, unhex};

const ALL: ScanStart = ScanStart {
    blocking: false,
    passive: false,
    group_channels: 0,
    period_ms: 120,
};
const BLOCKING: ScanStart = ScanStart { blocking: true, ..ALL };
const GROUPS_OF_5: ScanStart = ScanStart {
    group_channels: 5,
    ..ALL
};

impl<const SCAN: usize> Bench<'_, SCAN> {
    /// Whether the scan is finished, and the number of results.
    #[track_caller]
    fn scan_status(&mut self) -> (bool, u32) {
        let Answer::Bytes(bytes) = self.scan(ScanRequest::Status) else {
            panic!("an answer was expected")
        };
        match ScanResponse::decode(&bytes) {
            Ok(ScanResponse {
                status: Status::Success,
                body:
                    ScanResponseBody::Status {
                        scan_finished,
                        result_count,
                    },
            }) => (scan_finished, result_count),
            other => panic!("{other:?}"),
        }
    }

    /// Names in the order told.
    #[track_caller]
    fn names(&mut self, start_index: u32, count: u32) -> (Status, Vec<String>) {
        let Answer::Bytes(bytes) = self.scan(ScanRequest::Result { start_index, count }) else {
            panic!("an answer was expected")
        };
        let response = ScanResponse::decode(&bytes).expect("a scan response");
        let ScanResponseBody::Result(entries) = response.body else {
            panic!("results were expected")
        };
        let names = entries
            .iter()
            .map(|entry| String::from_utf8_lossy(entry.ssid).into_owned())
            .collect();
        (response.status, names)
    }
}

fn networks(count: u8) -> Vec<AccessPoint> {
    (0..count)
        .map(|index| network(&format!("n{index}"), 1, -40 - index as i8))
        .collect()
}

/// A bench that has heard `heard` in one scan.
fn after_hearing(heard: &[AccessPoint]) -> Bench<'static> {
    after_hearing_keeping(heard)
}

fn after_hearing_keeping<const SCAN: usize>(heard: &[AccessPoint]) -> Bench<'static, SCAN> {
    let mut bench = Bench::keeping(landfall_manager::Config::default());
    assert_eq!(bench.scan_start(ALL), Status::Success);
    bench.hears(heard);
    bench
}

#[test]
fn scan_is_unfinished_until_the_radio_has_answered() {
    let mut bench = Bench::started();
    assert_eq!(bench.scan_status(), (true, 0));
    assert_eq!(bench.scan_start(ALL), Status::Success);
    assert_eq!(bench.seen(), ["Scan all"]);
    assert_eq!(bench.scan_status(), (false, 0));
    assert!(bench.hears(&networks(3)).is_empty());
    assert_eq!(bench.scan_status(), (true, 3));
    assert_eq!(bench.wakes_in(), None);
}

#[test]
fn plan_carries_what_the_client_asked_for_within_bounds() {
    for (period_ms, dwell) in [
        (0, None),
        (120, Some(120)),
        (1_500, Some(1_500)),
        (1_501, Some(1_500)),
        (u32::MAX, Some(1_500)),
    ] {
        for passive in [false, true] {
            let mut bench = Bench::started();
            bench.scan_start(ScanStart {
                passive,
                period_ms,
                ..ALL
            });
            let Output::Command(Command::Scan(plan)) = bench.manager.poll() else {
                panic!("a scan was expected")
            };
            let dwell = dwell.map(Duration::from_millis);
            assert_eq!(
                plan,
                ScanPlan {
                    channels: ScanChannels::All,
                    passive,
                    dwell
                }
            );
        }
    }
}

#[test]
fn group_of_five_pauses_before_channels_5_and_10() {
    let mut bench = Bench::started();
    assert_eq!(bench.scan_start(GROUPS_OF_5), Status::Success);
    assert_eq!(bench.seen(), ["Scan 1"]);
    for channel in 1..=12 {
        let next = channel + 1;
        let seen = bench.hears(&[network("a", channel, -50)]);
        assert_eq!(
            bench.scan_status(),
            (false, channel.into()),
            "results grow channel by channel"
        );
        if next % 5 == 0 {
            assert!(seen.is_empty());
            assert_eq!(bench.wakes_in(), Some(120));
            assert!(bench.hears(&[network("unasked", channel, -1)]).is_empty());
            assert!(bench.passes(119).is_empty());
            assert_eq!(bench.passes(1), [format!("Scan {next}")]);
        } else {
            assert_eq!(seen, [format!("Scan {next}")]);
        }
    }
    assert!(bench.hears(&[]).is_empty());
    assert_eq!(bench.scan_status(), (true, 12));
}

#[test]
fn group_of_one_pauses_before_every_channel_and_group_256_is_none() {
    let mut bench = Bench::started();
    bench.scan_start(ScanStart {
        group_channels: 1,
        ..ALL
    });
    for channel in 1..=13 {
        assert_eq!(bench.passes(120), [format!("Scan {channel}")]);
        bench.hears(&[]);
    }
    assert_eq!(bench.scan_status(), (true, 0));
    bench.scan_start(ScanStart {
        group_channels: 256,
        ..ALL
    });
    assert_eq!(bench.seen(), ["Scan all"]);
}

#[test]
fn group_larger_than_the_band_never_pauses() {
    let mut bench = Bench::started();
    bench.scan_start(ScanStart {
        group_channels: 255,
        ..ALL
    });
    for channel in 1..=13 {
        assert_eq!(bench.seen(), [format!("Scan {channel}")]);
        bench.manager.handle_wifi(WifiEvent::ScanDone(&[]), bench.now);
    }
    assert_eq!(bench.scan_status(), (true, 0));
}

#[test]
fn blocking_scan_is_answered_when_it_is_done() {
    let mut bench = Bench::started();
    assert_eq!(bench.scan(ScanRequest::Start(BLOCKING)), Answer::Later);
    assert_eq!(bench.seen(), ["Scan all"]);
    assert_eq!(
        bench.manager.finish_later(&mut [0; 64]).err(),
        Some(RequestError::NotReady)
    );
    assert_eq!(bench.hears(&networks(2)), ["ReplyReady"]);
    let mut response = [0; 64];
    let (session, len) = bench.manager.finish_later(&mut response).expect("ready");
    assert_eq!((session, hex(&response[..len])), (bench.session, "08015a00".into()));
    assert_eq!(
        bench.manager.finish_later(&mut response).err(),
        Some(RequestError::NotReady)
    );
    assert_eq!(bench.scan_status(), (true, 2));
}

#[test]
fn later_answer_waits_for_a_buffer_that_holds_it() {
    let mut bench = Bench::started();
    bench.scan(ScanRequest::Start(BLOCKING));
    bench.hears(&[]);
    assert_eq!(
        bench.manager.finish_later(&mut [0; 3]).err(),
        Some(RequestError::BufferTooSmall)
    );
    assert_eq!(bench.finish(), Status::Success);
}

#[test]
fn request_of_a_session_that_waits_is_busy() {
    let mut bench = Bench::started();
    bench.scan(ScanRequest::Start(BLOCKING));
    for endpoint in ["prov-session", "prov-config", "prov-scan", "prov-ctrl"] {
        assert_eq!(
            bench.ask(endpoint, &[0x52, 0x00]),
            Answer::Failed(RequestError::Busy),
            "{endpoint}"
        );
    }
    assert_eq!(
        bench.ask("no-such-endpoint", b"x"),
        Answer::Failed(RequestError::UnknownEndpoint)
    );
    assert!(matches!(bench.ask("proto-ver", b"x"), Answer::Bytes(_)));
    bench.hears(&[]);
    assert_eq!(
        bench.ask("prov-scan", &[0x08, 0x02]),
        Answer::Failed(RequestError::Busy),
        "the answer is still due"
    );
    bench.finish();
    assert_eq!(bench.scan_status(), (true, 0));
}

#[test]
fn scan_asked_for_while_one_runs_is_success_at_once_even_a_blocking_one() {
    let mut bench = Bench::started();
    bench.scan_start(ALL);
    bench.seen();
    assert_eq!(bench.scan_start(BLOCKING), Status::Success);
    assert!(bench.seen().is_empty());
}

#[test]
fn scan_that_cannot_be_made_is_an_internal_error() {
    let mut bench = Bench::started();
    bench.scan(ScanRequest::Start(BLOCKING));
    bench.seen();
    bench.manager.handle_wifi(WifiEvent::ScanFailed, bench.now);
    assert_eq!(bench.seen(), ["ReplyReady"]);
    assert_eq!(bench.finish(), Status::InternalError);
    assert_eq!(bench.scan_status(), (true, 0));
}

#[test]
fn scan_that_fails_half_way_keeps_what_it_heard() {
    let mut bench = Bench::started();
    bench.scan_start(GROUPS_OF_5);
    bench.hears(&networks(3));
    bench.manager.handle_wifi(WifiEvent::ScanFailed, bench.now);
    assert!(bench.seen().is_empty());
    assert_eq!(bench.scan_status(), (true, 3));
    assert_eq!(bench.wakes_in(), None);
}

#[test]
fn scan_that_never_ends_is_ended_before_the_transport_gives_up() {
    let mut bench = Bench::started();
    bench.scan(ScanRequest::Start(BLOCKING));
    bench.seen();
    assert!(bench.passes(24_999).is_empty());
    assert_eq!(bench.passes(1), ["CancelScan", "ReplyReady"]);
    assert_eq!(bench.finish(), Status::InternalError);
    assert_eq!(bench.scan_status(), (true, 0));
    assert!(bench.hears(&networks(1)).is_empty());
    assert_eq!(
        bench.scan_status(),
        (true, 0),
        "what comes after the end does not count"
    );
}

/// 13 channels of 1.5 s with 13 pauses fit into the time a run has.
#[test]
fn slowest_scan_a_client_can_ask_for_ends_by_itself() {
    let mut bench = Bench::started();
    bench.scan_start(ScanStart {
        group_channels: 1,
        period_ms: u32::MAX,
        ..ALL
    });
    for channel in 1..=13 {
        assert_eq!(bench.passes(120), [format!("Scan {channel}")]);
        assert!(bench.passes(1_500).is_empty());
        bench.hears(&[]);
    }
    assert_eq!(bench.scan_status(), (true, 0));
}

#[test]
fn session_that_closes_drops_its_answer_but_not_the_scan() {
    let mut bench = Bench::started();
    bench.scan(ScanRequest::Start(BLOCKING));
    bench.manager.session_closed(bench.session);
    assert_eq!(bench.seen(), ["Scan all"]);
    bench.session = session(2);
    bench.manager.session_opened(bench.session);
    assert_eq!(bench.scan_status(), (false, 0));
    assert!(bench.hears(&networks(2)).is_empty(), "nobody waits");
    assert_eq!(bench.scan_status(), (true, 2));
    assert!(bench.manager.finish_later(&mut [0; 64]).is_err());
}

#[test]
fn another_session_takes_the_place_of_one_whose_answer_was_ready() {
    let mut bench = Bench::started();
    bench.scan(ScanRequest::Start(BLOCKING));
    bench.seen();
    bench.manager.handle_wifi(WifiEvent::ScanDone(&[]), bench.now);
    bench.manager.session_opened(session(2));
    assert!(bench.seen().is_empty());
    assert!(bench.manager.finish_later(&mut [0; 64]).is_err());
}

#[test]
fn stopping_ends_the_scan_and_empties_the_list() {
    let mut bench = Bench::started();
    bench.scan_start(GROUPS_OF_5);
    bench.hears(&networks(2));
    bench.manager.stop(bench.now);
    assert_eq!(bench.seen(), ["CancelScan"]);
    assert_eq!(bench.scan_status(), (true, 0));
}

#[test]
fn client_waiting_for_a_scan_when_the_service_stops_is_told() {
    let mut bench = Bench::started();
    bench.scan(ScanRequest::Start(BLOCKING));
    bench.seen();
    bench.manager.stop(bench.now);
    assert_eq!(bench.seen(), ["CancelScan", "ReplyReady"]);
    assert_eq!(bench.finish(), Status::InternalError);
}

#[test]
fn list_survives_apply_failure_and_reset_and_goes_with_the_next_scan() {
    let mut bench = after_hearing(&networks(2)).failed(DisconnectReason::AuthError);
    assert_eq!(bench.scan_status(), (true, 2));
    bench.manager.reset_on_failure(bench.now).expect("failed");
    assert_eq!(bench.scan_status(), (true, 2));
    bench.scan_start(ALL);
    assert_eq!(bench.scan_status(), (false, 0));
}

#[test]
fn refused_scan_keeps_the_list() {
    let mut bench = after_hearing(&networks(2));
    bench.connects_to(SSID);
    assert_eq!(bench.scan_start(ALL), Status::InternalError);
    assert_eq!(bench.scan_status(), (true, 2));
}

#[test]
fn equal_signals_are_told_later_channel_first_and_within_one_in_the_radios_order() {
    let mut bench = Bench::started();
    bench.scan_start(ScanStart {
        group_channels: 255,
        ..ALL
    });
    bench.hears(&[network("a1", 1, -50), network("b1", 1, -50), network("strong1", 1, -30)]);
    bench.hears(&[network("a2", 2, -50), network("b2", 2, -50), network("weak2", 2, -70)]);
    assert_eq!(bench.names(0, 6).1, ["strong1", "a2", "b2", "a1", "b1", "weak2"]);
}

#[test]
fn full_list_keeps_the_strongest_whatever_their_order() {
    let mut heard = networks(40);
    heard.reverse();
    let mut bench = after_hearing(&heard);
    let (status, names) = bench.names(0, 16);
    assert_eq!(status, Status::Success);
    assert_eq!(names, (0..16).map(|index| format!("n{index}")).collect::<Vec<_>>());
}

#[test]
fn newcomers_push_out_only_the_weaker() {
    let mut bench = Bench::<3>::keeping(landfall_manager::Config::default());
    bench.scan_start(ScanStart {
        group_channels: 255,
        ..ALL
    });
    bench.hears(&[network("a", 1, -40), network("b", 1, -60), network("c", 1, -80)]);
    bench.hears(&[network("d", 2, -50), network("e", 2, -90)]);
    assert_eq!(bench.names(0, 3).1, ["a", "d", "b"]);
}

#[test]
fn pages_join_to_the_whole_list() {
    let mut bench = after_hearing(&networks(10));
    let whole = bench.names(0, 10).1;
    let pages: Vec<_> = [(0, 4), (4, 4), (8, 2)]
        .into_iter()
        .flat_map(|(start, count)| bench.names(start, count).1)
        .collect();
    assert_eq!(pages, whole);
}

#[test]
fn page_beyond_the_list_is_an_internal_error_with_what_exists() {
    let mut bench = after_hearing(&networks(3));
    assert_eq!(bench.names(2, 4), (Status::InternalError, vec!["n2".into()]));
    assert_eq!(bench.names(9, 1), (Status::InternalError, vec![]));
    assert_eq!(bench.names(9, 0), (Status::Success, vec![]));
}

#[test]
fn page_beyond_what_can_exist_fails() {
    let mut bench = after_hearing(&networks(3));
    for (start_index, count) in [
        (16, 0),
        (0, 17),
        (15, 2),
        (u32::MAX, 1),
        (1, u32::MAX),
        (u32::MAX, u32::MAX),
    ] {
        let answer = bench.scan(ScanRequest::Result { start_index, count });
        assert_eq!(answer, Answer::Failed(RequestError::ScanRange), "{start_index} {count}");
    }
    assert!(matches!(
        bench.scan(ScanRequest::Result {
            start_index: 15,
            count: 1
        }),
        Answer::Bytes(_)
    ));
}

#[test]
fn hidden_network_has_no_name_on_the_wire() {
    let mut bench = after_hearing(&[network("", 6, -40)]);
    let request = ScanRequest::Result {
        start_index: 0,
        count: 1,
    };
    let bytes = bench.bytes("prov-scan", &encoded(|buffer| request.encode(buffer)));
    assert_eq!(hex(&bytes), "08057a170a15100618d8ffffffffffffffff012206000000000000");
}

#[test]
fn results_that_do_not_fit_the_buffer_are_said() {
    let mut bench = after_hearing_keeping::<255>(&vec![network(&"S".repeat(32), 1, -40); 255]);
    let request = encoded(|buffer| {
        ScanRequest::Result {
            start_index: 0,
            count: 255,
        }
        .encode(buffer)
    });
    assert_eq!(
        bench.ask("prov-scan", &request),
        Answer::Failed(RequestError::BufferTooSmall)
    );
    let request = encoded(|buffer| {
        ScanRequest::Result {
            start_index: 0,
            count: 64,
        }
        .encode(buffer)
    });
    assert!(
        matches!(bench.ask("prov-scan", &request), Answer::Bytes(_)),
        "64 of the longest fit"
    );
}

#[test]
fn thread_scans_get_their_normal_answer_but_for_results() {
    let mut bench = Bench::started();
    assert_eq!(hex(&bench.bytes("prov-scan", &unhex("0806820100"))), "080710048a0100");
    assert_eq!(hex(&bench.bytes("prov-scan", &unhex("0808"))), "080910049a0100");
    assert_eq!(
        bench.ask("prov-scan", &unhex("080aa20100")),
        Answer::Failed(RequestError::ScanRange)
    );
    assert!(bench.seen().is_empty());
}
