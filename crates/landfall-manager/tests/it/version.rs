//! The exact text of `proto-ver` (spec protocol.md 7).

use landfall_manager::{AppInfo, Config, Generation, RequestError, State};
use landfall_protocomm::device::Security;

use crate::bench::{Answer, Bench, session};

#[track_caller]
fn text(security: Security<'_>, config: Config<'_>) -> String {
    let mut bench = Bench::idle(security, config);
    bench.start();
    String::from_utf8(bench.bytes("proto-ver", b"---")).expect("text")
}

#[test]
fn security_0() {
    assert_eq!(
        text(Security::Security0, Config::default()),
        "{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"v1.1\",\n\t\t\"sec_ver\":\t0,\n\t\t\"sec_patch_ver\":\t0,\n\t\t\
         \"cap\":\t[\"no_sec\", \"wifi_scan\"]\n\t}\n}"
    );
}

#[test]
fn security_1_without_pop() {
    assert_eq!(
        text(Security::Security1 { pop: None }, Config::default()),
        "{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"v1.1\",\n\t\t\"sec_ver\":\t1,\n\t\t\"sec_patch_ver\":\t0,\n\t\t\
         \"cap\":\t[\"no_pop\", \"wifi_scan\"]\n\t}\n}"
    );
}

#[test]
fn security_1_with_pop_even_an_empty_one() {
    for pop in [&b"abcd1234"[..], b""] {
        assert_eq!(
            text(Security::Security1 { pop: Some(pop) }, Config::default()),
            "{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"v1.1\",\n\t\t\"sec_ver\":\t1,\n\t\t\"sec_patch_ver\":\t0,\n\t\t\
             \"cap\":\t[\"wifi_scan\"]\n\t}\n}"
        );
    }
}

#[test]
fn network_provisioning_names_its_network() {
    let config = Config {
        generation: Generation::NetworkProvisioning,
        ..Config::default()
    };
    assert_eq!(
        text(Security::Security0, config),
        "{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"netprov-v1.2\",\n\t\t\"sec_ver\":\t0,\n\t\t\"sec_patch_ver\":\t0,\n\t\t\
         \"cap\":\t[\"no_sec\", \"wifi_prov\", \"wifi_scan\"]\n\t}\n}"
    );
    assert!(text(Security::Security1 { pop: Some(b"x") }, config).contains("\t[\"wifi_prov\", \"wifi_scan\"]\n"));
}

#[test]
fn application_entries_come_first_in_their_order() {
    let app_info = [
        AppInfo {
            label: "mine",
            version: "2.0",
            capabilities: &["a", "b"],
        },
        AppInfo {
            label: "other",
            version: "",
            capabilities: &[],
        },
    ];
    let config = Config {
        app_info: &app_info,
        ..Config::default()
    };
    let expected = "{\n\t\"mine\":\t{\n\t\t\"ver\":\t\"2.0\",\n\t\t\"cap\":\t[\"a\", \"b\"]\n\t},\n\
                    \t\"other\":\t{\n\t\t\"ver\":\t\"\",\n\t\t\"cap\":\t[]\n\t},\n\t\"prov\":\t{\n";
    let text = text(Security::Security0, config);
    assert_eq!(&text[..expected.len()], expected);
}

#[test]
fn strings_are_escaped_as_cjson_escapes_them() {
    let app_info = [AppInfo {
        label: "q\"b\\",
        version: "\u{8}\u{c}\n\r\t\u{1}\u{1f}",
        capabilities: &["/ü\u{7f}"],
    }];
    let text = text(
        Security::Security0,
        Config {
            app_info: &app_info,
            ..Config::default()
        },
    );
    let expected = "{\n\t\"q\\\"b\\\\\":\t{\n\t\t\"ver\":\t\"\\b\\f\\n\\r\\t\\u0001\\u001f\",\n\t\t\
                    \"cap\":\t[\"/ü\u{7f}\"]\n\t},";
    assert_eq!(&text[..expected.len()], expected);
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["q\"b\\"]["ver"], app_info[0].version);
}

#[test]
fn request_content_and_session_do_not_matter() {
    let mut bench = Bench::started();
    let usual = bench.bytes("proto-ver", b"ESP");
    bench.session = session(77);
    assert_eq!(bench.bytes("proto-ver", &[0xFF; 40]), usual);
    assert_eq!(bench.bytes("proto-ver", b""), usual);
}

#[test]
fn too_small_a_buffer_is_said_and_every_shorter_one_too() {
    let bench = Bench::started();
    let mut buffer = [0; 200];
    let needed = bench.manager.version_text(&mut buffer).expect("room enough");
    assert_eq!(bench.manager.version_text(&mut buffer[..needed]), Ok(needed));
    for len in 0..needed {
        assert_eq!(
            bench.manager.version_text(&mut buffer[..len]),
            Err(RequestError::BufferTooSmall)
        );
    }
}

#[test]
fn stopping_device_still_tells_its_version() {
    let mut bench = Bench::started();
    bench.manager.stop(bench.now);
    assert_eq!(bench.manager.state(), State::Stopping);
    assert!(matches!(bench.ask("proto-ver", b"---"), Answer::Bytes(_)));
}
