use alloc::{format, rc::Rc, string::String, vec::Vec};
use core::{cell::RefCell, time::Duration};

use landfall_protocomm::{NonceRule, client, client::XRule, device::Security, srp};

use super::{
    Clock, Fake, TestEnvironment, block_on, connect,
    device::{Fate, Fault, Model, leaked},
    home, login, pop,
};
use crate::{Connection, Error, Outcome, Provisioning, Secret, TransportError};

const FATE: Fate = Fate::Joins(Duration::from_secs(2));
const PATCHED: &str = r#"{"prov":{"ver":"v1.1","sec_ver":2,"sec_patch_ver":1,"cap":["wifi_scan"]}}"#;
const UNPATCHED: &str = r#"{"prov":{"ver":"v1.1","sec_ver":2,"cap":["wifi_scan"]}}"#;

#[test]
fn each_scheme_opens_a_session_and_provisions() {
    for (security, version, secret, scheme) in [
        (
            Security::Security0,
            super::SECURITY0_VERSION,
            Secret::default(),
            (0, None),
        ),
        (
            security1(b"abcd1234"),
            r#"{"prov":{"sec_ver":1}}"#,
            pop("abcd1234"),
            (1, None),
        ),
        (
            security2("user", "secret", XRule::Full, NonceRule::Counter),
            PATCHED,
            login("user", "secret"),
            (2, Some(NonceRule::Counter)),
        ),
        (
            security2("user", "secret", XRule::Full, NonceRule::StaticInsecure2022),
            UNPATCHED,
            login("user", "secret"),
            (2, Some(NonceRule::StaticInsecure2022)),
        ),
    ] {
        let (_, mut device) = model(security, version);
        block_on(device.open_session(&secret)).expect("the secret is right");
        assert_eq!(device.session_scheme(), Some(scheme));
        let outcome = block_on(device.provision(&secret, &home(), Provisioning::default(), |_| ()));
        assert!(matches!(outcome, Ok(Outcome::Joined(_))), "{scheme:?}: {outcome:?}");
    }
}

#[test]
fn the_secret_decides_over_the_device_and_must_fit_the_scheme() {
    let insist = |scheme, secret: Secret| Secret {
        scheme: Some(scheme),
        ..secret
    };
    let patched = |secret: Secret| Secret {
        require_patched: true,
        ..secret
    };
    let needed = |device| Err(Error::SecretNeeded { device });
    let version1 = r#"{"prov":{"sec_ver":1}}"#;
    let no_sec = r#"{"prov":{"sec_ver":0,"cap":["no_sec"]}}"#;
    let no_pop = r#"{"prov":{"sec_ver":1,"cap":["no_pop"]}}"#;
    for (version, secret, expected) in [
        ("SUCCESS", pop("x"), Err(Error::UnknownScheme)),
        ("SUCCESS", insist(1, pop("x")), Ok(1)),
        (version1, Secret::default(), needed(1)),
        (version1, login("u", "p"), needed(1)),
        (version1, pop(""), Ok(1)),
        (no_pop, Secret::default(), Ok(1)),
        (no_pop, pop("given"), Err(Error::Downgrade { device: 1 })),
        (no_pop, login("u", "p"), Err(Error::Downgrade { device: 1 })),
        (no_pop, insist(1, pop("given")), Ok(1)),
        (no_pop, insist(1, login("u", "p")), Ok(1)),
        (no_sec, pop("given"), Err(Error::Downgrade { device: 0 })),
        (no_sec, login("u", "p"), Err(Error::Downgrade { device: 0 })),
        (no_sec, pop(""), Ok(0)),
        (no_sec, insist(0, pop("given")), Ok(0)),
        (version1, insist(2, login("u", "p")), Ok(2)),
        (version1, insist(0, Secret::default()), Ok(0)),
        (PATCHED, pop("x"), needed(2)),
        (PATCHED, insist(1, pop("x")), Ok(1)),
        (PATCHED, patched(login("u", "p")), Ok(2)),
        (UNPATCHED, login("u", "p"), Ok(2)),
        (UNPATCHED, patched(login("u", "p")), Err(Error::InsecureDevice)),
        (r#"{"prov":{"sec_ver":3}}"#, pop("x"), needed(3)),
    ] {
        let mut device = connect(&Clock::default(), move |endpoint, _| match endpoint {
            "proto-ver" => Ok(version.into()),
            _ => Err(TransportError::Refused),
        });
        let result = block_on(device.open_session(&secret));
        let handshakes: Vec<_> = device.transport().requests_to("prov-session");
        match expected {
            // The scheme shows in the first message; security 0's has no number.
            Ok(scheme) => {
                assert_eq!(result, Err(Error::Transport(TransportError::Refused)), "{version}");
                let first = &handshakes[0].request;
                assert_eq!(if first[0] == 0x10 { first[1] } else { 0 }, scheme, "{version}");
            }
            error => {
                assert_eq!(result.map(|()| 0), error, "{version}");
                assert!(handshakes.is_empty(), "{version}: nothing made of the secret may leave");
            }
        }
    }
}

#[test]
fn a_wrong_secret_is_tried_once() {
    for (security, version, secret) in [
        (security1(b"abcd1234"), r#"{"prov":{"sec_ver":1}}"#, pop("abcd1235")),
        (
            security2("user", "secret", XRule::Full, NonceRule::Counter),
            PATCHED,
            login("user", "Secret"),
        ),
    ] {
        let (_, mut device) = model(security, version);
        assert_eq!(block_on(device.open_session(&secret)), Err(Error::WrongSecret));
        assert!(!device.has_session());
        assert_eq!(device.transport().requests_to("prov-session").len(), 2);
        let provisioned = block_on(device.provision(&secret, &home(), Provisioning::default(), |_| ()));
        assert_eq!(provisioned, Err(Error::WrongSecret));
        assert!(device.transport().requests_to("prov-config").is_empty());
    }
}

#[test]
fn a_verifier_made_by_the_other_rule_is_reached_in_a_second_handshake() {
    let password = password_with_two_rules();
    let (_, mut device) = model(
        security2("user", &password, XRule::Stripped, NonceRule::Counter),
        PATCHED,
    );
    block_on(device.open_session(&login("user", &password))).expect("the second rule fits");
    assert_eq!(device.transport().requests_to("prov-session").len(), 4);
    assert_eq!(device.transport().reconnects.len(), 1);
}

#[test]
fn a_wrong_secret_with_two_rules_is_tried_twice_and_no_more() {
    let password = password_with_two_rules();
    let (_, mut device) = model(security2("user", "another", XRule::Full, NonceRule::Counter), PATCHED);
    assert_eq!(
        block_on(device.open_session(&login("user", &password))),
        Err(Error::WrongSecret)
    );
    assert_eq!(device.transport().requests_to("prov-session").len(), 4);
}

#[test]
fn what_goes_wrong_on_the_way_is_no_wrong_secret() {
    for (number, fault, expected) in [
        (2, Fault::Refused, Error::Transport(TransportError::Refused)),
        (
            3,
            Fault::AnswerLost,
            Error::Transport(TransportError::Lost("gone".into())),
        ),
        (3, Fault::RequestLost, Error::Transport(TransportError::TimedOut(5))),
        (3, Fault::Refused, Error::WrongSecret),
    ] {
        let (model, mut device) = model(security1(b"abcd1234"), r#"{"prov":{"sec_ver":1}}"#);
        model.borrow_mut().fault = Some((number, fault));
        assert_eq!(block_on(device.open_session(&pop("abcd1234"))), Err(expected));
        assert_eq!(device.transport().requests_to("prov-session").len(), number - 1);
    }
}

#[test]
fn a_device_that_cannot_prove_itself_is_not_trusted() {
    let (model, _) = model(security1(b"abcd1234"), r#"{"prov":{"sec_ver":1}}"#);
    let mut device = connect(&Clock::default(), move |endpoint, request| {
        let mut answer = model.borrow_mut().answer(endpoint, request)?;
        if endpoint == "prov-session" && request.len() == 43 {
            *answer.last_mut().expect("an answer") ^= 1;
        }
        Ok(answer)
    });
    let result = block_on(device.provision(&pop("abcd1234"), &home(), Provisioning::default(), |_| ()));
    assert_eq!(result, Err(Error::Handshake(client::Error::WrongProof)));
    assert!(device.transport().requests_to("prov-config").is_empty());
}

#[test]
fn a_busy_device_is_told_as_such() {
    let mut device = connect(&Clock::default(), |_, _| Err(TransportError::Busy));
    assert_eq!(
        block_on(device.open_session(&pop("x"))),
        Err(Error::Transport(TransportError::Busy))
    );
}

#[test]
fn a_session_in_doubt_is_gone() {
    for fault in [Fault::AnswerLost, Fault::RequestLost, Fault::Refused] {
        let (model, mut device) = model(security1(b"abcd1234"), r#"{"prov":{"sec_ver":1}}"#);
        assert_eq!(block_on(device.request("custom-data", b"hello")), Err(Error::NoSession));
        block_on(device.open_session(&pop("abcd1234"))).expect("the secret is right");
        assert!(block_on(device.status()).expect("an answer").is_err());
        model.borrow_mut().fault = Some((5, fault));
        assert!(matches!(block_on(device.status()), Err(Error::Transport(_))));
        assert!(!device.has_session());
        assert_eq!(block_on(device.status()), Err(Error::NoSession));
        assert_eq!(device.transport().requests_to("prov-config").len(), 2);
    }
}

#[test]
fn an_empty_request_is_refused_and_harms_nothing() {
    let (_, mut device) = model(security1(b"abcd1234"), r#"{"prov":{"sec_ver":1}}"#);
    block_on(device.open_session(&pop("abcd1234"))).expect("the secret is right");
    let refused = block_on(device.request("custom-data", b""));
    assert_eq!(refused, Err(Error::Handshake(client::Error::EmptyRequest)));
    assert!(block_on(device.status()).is_ok());
}

#[test]
fn a_long_user_name_fits() {
    let username = "u".repeat(300);
    let (_, mut device) = model(security2(&username, "secret", XRule::Full, NonceRule::Counter), PATCHED);
    block_on(device.open_session(&login(&username, "secret"))).expect("the secret is right");
}

type Handler = alloc::boxed::Box<dyn FnMut(&str, &[u8]) -> super::Answer>;

fn model(
    security: Security<'static>,
    version: &str,
) -> (Rc<RefCell<Model>>, Connection<Fake<Handler>, TestEnvironment>) {
    let clock = Clock::default();
    let model = Rc::new(RefCell::new(Model::new(&clock, security, version, FATE)));
    let handler = Rc::clone(&model);
    let handler: Handler =
        alloc::boxed::Box::new(move |endpoint, request| handler.borrow_mut().answer(endpoint, request));
    (model, connect(&clock, handler))
}

fn security1(pop: &'static [u8]) -> Security<'static> {
    Security::Security1 { pop: Some(pop) }
}

fn security2(username: &str, password: &str, rule: XRule, nonce_rule: NonceRule) -> Security<'static> {
    let salt: &[u8; 16] = leaked([0x5a; 16]);
    let credentials =
        srp::Credentials::derive(username.as_bytes(), password.as_bytes(), salt, rule).expect("good credentials");
    let table = leaked(srp::VerifierTable::new(credentials.verifier()).expect("a good verifier"));
    Security::Security2 {
        verifier: srp::Verifier::new(salt, table).expect("a good verifier"),
        nonce_rule,
    }
}

/// A password for "user" on which the two rules for x differ (one in 256 does).
fn password_with_two_rules() -> String {
    let mut passwords = (0..10_000).map(|number| format!("secret {number}"));
    let differs = |password: &String| {
        let (username, password, nonce_rule) = (&b"user"[..], password.as_bytes(), NonceRule::Counter);
        client::Security::Security2 {
            username,
            password,
            nonce_rule,
            x_rule: XRule::Full,
        }
        .x_rules_differ()
    };
    passwords.find(differs).expect("one in 256")
}
