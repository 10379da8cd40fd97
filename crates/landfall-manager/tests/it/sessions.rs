//! Sessions: who is served, what belongs to whom, and the cipher that must not slip (spec protocol.md 1 and 5.4).

use core::time::Duration;

use landfall_manager::{Config, RequestError, State};
use landfall_protocomm::{
    Endpoint,
    client::{self, Handshake, Session, Step},
    device::{self, Security},
    wire::{ConfigRequest, ScanRequest, ScanStart, SetConfig, Status},
};

use crate::bench::{Answer, Bench, SSID, encoded, hex, session};

const POP: &[u8] = b"abcd1234";
const GET_STATUS: &[u8] = &[0x52, 0x00];
const CONNECTING: &str = "08015a021001";

fn secured(config: Config<'static>) -> (Bench<'static>, Session) {
    let mut bench = Bench::idle(Security::Security1 { pop: Some(POP) }, config);
    bench.start();
    let client = shake_hands(&mut bench);
    assert_eq!(bench.seen(), ["Security(SetupOk)"]);
    (bench, client)
}

fn shake_hands(bench: &mut Bench<'_>) -> Session {
    let mut random = |bytes: &mut [u8]| bytes.fill(0x33);
    let mut request = [0; 512];
    let security = client::Security::Security1 { pop: POP };
    let (mut handshake, mut len) = Handshake::start(security, &mut request, &mut random).expect("room enough");
    loop {
        let response = bench.bytes("prov-session", &request[..len]);
        match handshake.advance(&response, &mut request).expect("an honest device") {
            Step::Send(next, next_len) => (handshake, len) = (next, next_len),
            Step::Done(session) => return session,
        }
    }
}

fn sealed(client: &mut Session, plain: &[u8]) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + 16, 0);
    let len = client.encrypt(&mut buffer, plain.len()).expect("room enough");
    buffer.truncate(len);
    buffer
}

#[track_caller]
fn ask(bench: &mut Bench<'_>, client: &mut Session, endpoint: &str, plain: &[u8]) -> String {
    let mut bytes = bench.bytes(endpoint, &sealed(client, plain));
    hex(client.decrypt(&mut bytes).expect("an honest device"))
}

#[test]
fn session_is_established_by_its_handshake_and_gone_when_closed() {
    let (mut bench, mut client) = secured(Config::default());
    assert!(bench.manager.is_session_established());
    assert_eq!(bench.manager.session(), Some(bench.session));
    assert_eq!(ask(&mut bench, &mut client, "prov-config", GET_STATUS), CONNECTING);
    bench.manager.session_closed(session(99));
    assert!(bench.manager.is_session_established(), "another's end is not ours");
    bench.manager.session_closed(bench.session);
    assert_eq!(bench.manager.session(), None);
    let answer = bench.ask("prov-config", &sealed(&mut client, GET_STATUS));
    assert_eq!(
        answer,
        Answer::Failed(RequestError::Session(device::Error::UnknownSession))
    );
}

#[test]
fn request_before_the_handshake_is_refused() {
    let mut bench = Bench::idle(Security::Security1 { pop: Some(POP) }, Config::default());
    bench.start();
    let answer = bench.ask("prov-config", GET_STATUS);
    assert_eq!(
        answer,
        Answer::Failed(RequestError::Session(device::Error::NotEstablished))
    );
}

#[test]
fn unknown_endpoint_and_foreign_session_leave_the_cipher_where_it_was() {
    let (mut bench, mut client) = secured(Config::default());
    assert_eq!(
        bench.ask("no-such-endpoint", &[1; 40]),
        Answer::Failed(RequestError::UnknownEndpoint)
    );
    assert_eq!(
        bench.ask("Prov-Config", &[1; 40]),
        Answer::Failed(RequestError::UnknownEndpoint)
    );
    let ours = core::mem::replace(&mut bench.session, session(99));
    assert!(matches!(
        bench.ask("prov-config", &[1; 40]),
        Answer::Failed(RequestError::Session(_))
    ));
    bench.session = ours;
    assert_eq!(ask(&mut bench, &mut client, "prov-config", GET_STATUS), CONNECTING);
}

#[test]
fn busy_session_keeps_its_cipher_where_it_was() {
    let (mut bench, mut client) = secured(Config::default());
    let start = ScanRequest::Start(ScanStart {
        blocking: true,
        ..ScanStart::default()
    });
    let start = sealed(&mut client, &encoded(|buffer| start.encode(buffer)));
    assert_eq!(bench.ask("prov-scan", &start), Answer::Later);
    assert_eq!(bench.seen(), ["Scan all"]);
    assert_eq!(bench.ask("prov-config", &[7; 9]), Answer::Failed(RequestError::Busy));
    assert_eq!(bench.hears(&[]), ["ReplyReady"]);
    let mut response = [0; 64];
    let (_, len) = bench.manager.finish_later(&mut response).expect("ready");
    assert_eq!(hex(client.decrypt(&mut response[..len]).expect("in step")), "08015a00");
    assert_eq!(ask(&mut bench, &mut client, "prov-config", GET_STATUS), CONNECTING);
}

#[test]
fn application_endpoint_is_decrypted_and_its_answer_encrypted() {
    let (mut bench, mut client) = secured(Config {
        endpoints: &[Endpoint::CUSTOM_DATA],
        ..Config::default()
    });
    let request = sealed(&mut client, b"hello");
    assert_eq!(
        bench.ask("custom-data", &request),
        Answer::Application(0, b"hello".to_vec())
    );
    let mut response = *b"SUCCESS\0................";
    let len = bench
        .manager
        .finish_application(bench.session, &mut response, 8)
        .expect("a session");
    assert_ne!(&response[..8], b"SUCCESS\0");
    assert_eq!(client.decrypt(&mut response[..len]).expect("in step"), b"SUCCESS\0");
}

#[test]
fn application_answer_of_a_closed_session_fails() {
    let (mut bench, mut client) = secured(Config {
        endpoints: &[Endpoint::CUSTOM_DATA],
        ..Config::default()
    });
    bench.ask("custom-data", &sealed(&mut client, b"hello"));
    bench.manager.session_closed(bench.session);
    assert!(
        bench
            .manager
            .finish_application(bench.session, &mut [0; 32], 8)
            .is_err()
    );
}

#[test]
fn passphrase_of_one_client_is_not_applied_by_another() {
    let mut bench = Bench::started();
    assert_eq!(bench.set(SSID, "the first client's"), Status::Success);
    bench.session = session(2);
    bench.manager.session_opened(bench.session);
    assert_eq!(bench.apply(), Status::InternalError);
    assert_eq!(bench.manager.state(), State::Started);
}

#[test]
fn passphrase_is_forgotten_when_its_session_closes_even_if_the_number_returns() {
    let mut bench = Bench::started();
    bench.set(SSID, "the first client's");
    bench.manager.session_closed(bench.session);
    bench.manager.session_opened(bench.session);
    assert_eq!(bench.apply(), Status::InternalError);
}

#[test]
fn opening_the_open_session_and_a_new_handshake_keep_what_was_set() {
    let (mut bench, mut client) = secured(Config::default());
    let set = ConfigRequest::SetConfig(SetConfig {
        ssid: b"home",
        ..SetConfig::default()
    });
    assert_eq!(
        ask(
            &mut bench,
            &mut client,
            "prov-config",
            &encoded(|buffer| set.encode(buffer))
        ),
        "08036a00"
    );
    bench.manager.session_opened(bench.session);
    let mut client = shake_hands(&mut bench);
    assert_eq!(ask(&mut bench, &mut client, "prov-config", &[0x08, 0x04]), "08057a00");
}

#[test]
fn stop_wipes_the_session() {
    let (mut bench, mut client) = secured(Config::default());
    bench.manager.stop(bench.now);
    assert_eq!(
        ask(&mut bench, &mut client, "prov-config", GET_STATUS),
        CONNECTING,
        "served until the end"
    );
    bench.passes(1_000);
    assert!(!bench.manager.is_session_established());
    bench.start();
    let answer = bench.ask("prov-config", &sealed(&mut client, GET_STATUS));
    assert_eq!(
        answer,
        Answer::Failed(RequestError::Session(device::Error::NotEstablished))
    );
}

#[test]
fn debug_output_shows_state_and_session_and_no_secret() {
    let (mut bench, mut client) = secured(Config::default());
    let set = SetConfig {
        ssid: b"home",
        passphrase: b"correct horse",
        ..SetConfig::default()
    };
    let set = encoded(|buffer| ConfigRequest::SetConfig(set).encode(buffer));
    ask(&mut bench, &mut client, "prov-config", &set);
    ask(&mut bench, &mut client, "prov-config", &[0x08, 0x04]);
    assert_eq!(
        format!("{:?}", bench.manager),
        "Manager { state: Connecting, session: Some(SessionId(1)), .. }"
    );
    let credentials = bench.manager.credentials_mut().expect("about to be used");
    assert!(!format!("{credentials:?}").contains("correct"));
    bench.seen();
    bench.now = bench.now + Duration::from_secs(1);
    bench.manager.handle_timeout(bench.now);
    let connect = format!("{:?}", bench.manager.poll());
    assert!(connect.contains("home") && !connect.contains("correct"), "{connect}");
}
