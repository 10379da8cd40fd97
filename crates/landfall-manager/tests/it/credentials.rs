//! SetConfig and ApplyConfig (spec protocol.md 8.1).

use landfall_manager::{AutoStop, Bssid, Config, Credentials, DisconnectReason, InvalidCredentials, State};
use landfall_protocomm::wire::{ConfigRequest, SetConfig, Status};

use crate::bench::{Answer, Bench, PASSPHRASE, SSID, name, session, unhex};

fn offered(config: SetConfig<'_>) -> Credentials {
    let mut bench = Bench::started();
    assert_eq!(bench.config(&ConfigRequest::SetConfig(config)), Status::Success);
    assert_eq!(bench.apply(), Status::Success);
    bench
        .manager
        .credentials_mut()
        .expect("credentials about to be used")
        .clone()
}

#[test]
fn checks_are_made_in_the_order_of_the_specification() {
    let (long_ssid, long_passphrase) = ([b'S'; 33], [b'P'; 64]);
    let all_bad = SetConfig {
        ssid: &long_ssid,
        passphrase: &long_passphrase,
        bssid: b"12345",
        channel: 1,
    };
    assert_eq!(Credentials::try_from(&all_bad), Err(InvalidCredentials::BssidLength));
    let two_bad = SetConfig { bssid: b"", ..all_bad };
    assert_eq!(Credentials::try_from(&two_bad), Err(InvalidCredentials::SsidTooLong));
    let one_bad = SetConfig { ssid: b"ok", ..two_bad };
    assert_eq!(
        Credentials::try_from(&one_bad),
        Err(InvalidCredentials::PassphraseTooLong)
    );
}

#[test]
fn refused_set_config_keeps_the_earlier_one() {
    let mut bench = Bench::started();
    bench.set("first", "passphrase");
    assert_eq!(bench.set(&"S".repeat(33), ""), Status::InvalidArgument);
    assert_eq!(bench.apply(), Status::Success);
    assert_eq!(bench.seen(), ["CredentialsReceived first"]);
}

#[test]
fn later_set_config_replaces_the_earlier_one() {
    let mut bench = Bench::started();
    bench.set("first", "one");
    bench.set("second", "two");
    bench.apply();
    assert_eq!(
        bench.passes(1_000),
        ["CredentialsReceived second", "Connect second/two"]
    );
}

#[test]
fn nul_ends_name_and_passphrase_after_their_lengths_were_checked() {
    let credentials = offered(SetConfig {
        ssid: b"a\0b",
        passphrase: b"secret\0rest",
        ..SetConfig::default()
    });
    assert_eq!(credentials.ssid, name("a"));
    assert_eq!(credentials.passphrase.expose(), b"secret");

    let mut long = [b'S'; 33];
    long[1] = 0;
    let too_long = SetConfig {
        ssid: &long,
        ..SetConfig::default()
    };
    assert_eq!(Credentials::try_from(&too_long), Err(InvalidCredentials::SsidTooLong));
}

#[test]
fn longest_values_pass_whole() {
    let credentials = offered(SetConfig {
        ssid: &[0xFE; 32],
        passphrase: &[0xFD; 63],
        ..SetConfig::default()
    });
    assert_eq!(credentials.ssid.as_bytes(), [0xFE; 32]);
    assert_eq!(credentials.passphrase.expose(), [0xFD; 63]);
}

#[test]
fn access_point_and_channel_are_kept() {
    let credentials = |bssid: &'static [u8], channel| {
        offered(SetConfig {
            ssid: b"a",
            bssid,
            channel,
            passphrase: b"",
        })
    };
    assert_eq!(credentials(b"123456", 6).bssid, Some(Bssid(*b"123456")));
    assert_eq!(credentials(b"", 6).bssid, None);
    for (sent, kept) in [(0, None), (6, Some(6)), (300, Some(44)), (256, None), (-1, Some(255))] {
        assert_eq!(credentials(b"", sent).channel, kept, "channel {sent}");
    }
}

#[test]
fn apply_config_discards_what_was_set_even_where_it_is_refused() {
    let mut bench = Bench::with(Config {
        auto_stop: AutoStop::Disabled,
        ..Config::default()
    })
    .connected();
    assert_eq!(bench.set("other", "passphrase"), Status::Success);
    assert_eq!(bench.apply(), Status::InternalError);
    bench
        .manager
        .reset_for_reprovision(bench.now)
        .expect("auto-stop is off");
    assert_eq!(bench.apply(), Status::InternalError);
}

#[test]
fn apply_config_without_set_config_is_refused() {
    let mut bench = Bench::started();
    assert_eq!(bench.apply(), Status::InternalError);
    assert_eq!(bench.manager.state(), State::Started);
    assert!(bench.seen().is_empty());
}

#[test]
fn apply_config_is_refused_while_connecting_and_when_connected() {
    let mut connecting = Bench::started();
    connecting.connects_to(SSID);
    for mut bench in [connecting, Bench::started().connected()] {
        let state = bench.manager.state();
        bench.set("other", "passphrase");
        assert_eq!(bench.apply(), Status::InternalError);
        assert_eq!(bench.manager.state(), state);
        assert!(bench.seen().is_empty());
    }
}

#[test]
fn new_credentials_after_a_failure_need_no_reset_even_from_a_new_session() {
    let mut bench = Bench::started().failed(DisconnectReason::AuthError);
    bench.session = session(2);
    bench.manager.session_opened(bench.session);
    bench.connects_to("second");
    assert_eq!(bench.manager.state(), State::Connecting);
}

#[test]
fn credentials_can_be_changed_until_they_are_used() {
    let mut bench = Bench::started();
    assert!(bench.manager.credentials_mut().is_none());
    bench.set("home", "passphrase");
    bench.apply();
    bench.seen();
    bench.manager.credentials_mut().expect("not used yet").ssid = name("office");
    assert_eq!(bench.passes(1_000), ["Connect office/passphrase"]);
    assert!(bench.manager.credentials_mut().is_none());
    assert_eq!(
        bench.joins("office"),
        ["Save office/passphrase", "CredentialsSucceeded office"]
    );
}

#[test]
fn credentials_are_saved_once_and_only_when_the_network_was_joined() {
    let mut bench = Bench::started();
    bench.connects_to(SSID);
    assert!(
        bench
            .loses(DisconnectReason::Other)
            .iter()
            .all(|seen| !seen.starts_with("Save"))
    );
    let saved = format!("Save {SSID}/{PASSPHRASE}");
    assert_eq!(bench.joins(SSID), [saved, format!("CredentialsSucceeded {SSID}")]);
    assert_eq!(
        bench.joins(SSID),
        [format!("CredentialsSucceeded {SSID}")],
        "a further address"
    );
    bench.loses(DisconnectReason::Other);
    assert_eq!(
        bench.joins(SSID),
        [format!("CredentialsSucceeded {SSID}")],
        "joined again"
    );
}

#[test]
fn joining_another_network_than_the_one_applied_is_no_success() {
    let mut bench = Bench::started();
    bench.connects_to(SSID);
    assert!(bench.joins("previous").is_empty());
    assert_eq!(bench.manager.state(), State::Connecting);
}

#[test]
fn what_the_station_did_before_it_was_asked_does_not_count() {
    let mut bench = Bench::started();
    bench.set(SSID, PASSPHRASE);
    bench.apply();
    bench.seen();
    assert!(
        bench.loses(DisconnectReason::Other).is_empty(),
        "the tail of leaving the previous network"
    );
    assert!(bench.joins(SSID).is_empty(), "the previous network by the same name");
    assert_eq!(bench.passes(1_000), [format!("Connect {SSID}/{PASSPHRASE}")]);
    assert_eq!(bench.status(), "08015a021001");
}

#[test]
fn plain_credentials_are_wiped_from_the_callers_buffer() {
    let mut bench = Bench::started();
    let mut message = unhex("080262050a03610062");
    let mut random = |bytes: &mut [u8]| bytes.fill(0);
    let handled = bench.manager.handle_request(
        bench.session,
        "prov-config",
        &mut message,
        &mut [0; 64],
        bench.now,
        &mut random,
    );
    assert!(handled.is_ok());
    assert!(message.iter().all(|&byte| byte == 0));
}

#[test]
fn thread_requests_get_their_normal_answer_and_invalid_argument() {
    let mut bench = Bench::started();
    for request in [
        ConfigRequest::GetThreadStatus,
        ConfigRequest::SetThreadConfig { dataset: &[1, 2] },
        ConfigRequest::ApplyThreadConfig,
    ] {
        assert_eq!(bench.config(&request), Status::InvalidArgument);
    }
    assert!(matches!(bench.ask("prov-config", &unhex("0806")), Answer::Bytes(bytes) if bytes.starts_with(&[8, 7])));
}
