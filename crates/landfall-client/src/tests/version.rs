use alloc::vec;

use landfall_protocomm::NonceRule;

use super::{Clock, block_on, connect};
use crate::{Error, TransportError, VersionInfo};

const STOCK: &str = "{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"v1.1\",\n\t\t\"sec_ver\":\t2,\n\t\t\"sec_patch_ver\":\t1,\n\t\t\"cap\":\t[\"wifi_scan\"]\n\t}\n}";

#[test]
fn stock_answer_is_read_in_full() {
    let info = VersionInfo::parse(STOCK.as_bytes());
    assert_eq!(info.text, STOCK);
    assert_eq!(info.version, "v1.1");
    assert_eq!((info.security, info.security_patch), (Some(2), Some(1)));
    assert!(
        info.capabilities
            .as_ref()
            .is_some_and(|c| c.has("wifi_scan") && !c.has("no_pop"))
    );
    assert!(info.applications.is_empty());
    assert_eq!((info.scheme(), info.nonce_rule()), (Some(2), NonceRule::Counter));
}

#[test]
fn the_scheme_follows_what_the_device_tells() {
    for (json, scheme, no_pop) in [
        (r#"{"prov":{"sec_ver":0,"cap":["no_sec"]}}"#, Some(0), false),
        (r#"{"prov":{"sec_ver":1,"cap":["no_pop"]}}"#, Some(1), true),
        (r#"{"prov":{"sec_ver":2,"cap":["no_sec"]}}"#, Some(2), false),
        (r#"{"prov":{"sec_ver":7}}"#, Some(7), false),
        (r#"{"prov":{"sec_ver":70000}}"#, Some(255), false),
        (r#"{"prov":{"ver":"v1.1","cap":["no_sec"]}}"#, Some(0), false),
        (r#"{"prov":{"ver":"v1.1","cap":["wifi_scan"]}}"#, Some(1), false),
        (r#"{"prov":{}}"#, Some(1), false),
        (r#"{"prov":{"sec_ver":"2","cap":"no_sec"}}"#, Some(1), false),
        (r#"{"prov":{"sec_ver":-1,"cap":[3,null,"no_sec"]}}"#, Some(0), false),
        (r#"{"prov":7}"#, None, false),
        (r#"{"app":{"cap":["no_sec"]}}"#, None, false),
        ("[]", None, false),
        ("SUCCESS", None, false),
        ("", None, false),
    ] {
        let info = VersionInfo::parse(json.as_bytes());
        assert_eq!((info.scheme(), info.needs_no_pop()), (scheme, no_pop), "{json}");
    }
}

#[test]
fn only_patch_one_counts_nonces() {
    for (json, patch, rule) in [
        (r#"{"prov":{"sec_patch_ver":1}}"#, Some(1), NonceRule::Counter),
        (
            r#"{"prov":{"sec_patch_ver":0}}"#,
            Some(0),
            NonceRule::StaticInsecure2022,
        ),
        (
            r#"{"prov":{"sec_patch_ver":2}}"#,
            Some(2),
            NonceRule::StaticInsecure2022,
        ),
        (
            r#"{"prov":{"sec_patch_ver":true}}"#,
            None,
            NonceRule::StaticInsecure2022,
        ),
        (r#"{"prov":{}}"#, None, NonceRule::StaticInsecure2022),
        ("SUCCESS", None, NonceRule::StaticInsecure2022),
    ] {
        let info = VersionInfo::parse(json.as_bytes());
        assert_eq!((info.security_patch, info.nonce_rule()), (patch, rule), "{json}");
    }
}

#[test]
fn application_entries_are_named() {
    let info = VersionInfo::parse(br#"{"lamp":{"ver":"2","cap":["dim"]},"more":1,"prov":{"ver":"netprov-v1.2"}}"#);
    assert_eq!(info.applications, vec!["lamp", "more"]);
    assert_eq!(info.version, "netprov-v1.2");
    assert!(info.capabilities.is_some_and(|c| !c.has("dim")));
}

#[test]
fn plain_words_are_the_version_and_no_capabilities() {
    let info = VersionInfo::parse(b"SUCCESS");
    assert_eq!((info.version.as_str(), info.capabilities), ("SUCCESS", None));
    let garbled = VersionInfo::parse(&[0xff, b'{']);
    assert_eq!((garbled.version.as_str(), garbled.capabilities), ("\u{fffd}{", None));
}

#[test]
fn deep_nesting_is_no_json() {
    let bomb = [b'['; 100_000];
    assert_eq!(VersionInfo::parse(&bomb).scheme(), None);
}

#[test]
fn version_is_asked_once_and_a_failure_is_not_remembered() {
    let mut answers = vec![Ok(STOCK.into()), Err(TransportError::Busy)];
    let mut device = connect(&Clock::default(), move |_, _| answers.pop().expect("asked once more"));
    assert_eq!(block_on(device.version()), Err(Error::Transport(TransportError::Busy)));
    for _ in 0..2 {
        assert_eq!(block_on(device.version()).expect("an answer").version, "v1.1");
    }
    assert_eq!(device.transport().sent.len(), 2);
    assert_eq!(device.transport().sent[0].request, b"---");
}
