//! Our client and our device together: whole sessions, and what ends them.

use landfall_protocomm::{NonceRule, client, device};

use super::{
    PASSWORD, POP, ask, client1, client2, echo, events, finish, id, next, open_device, pair, security1, security2,
    seeded, start,
};

const MESSAGES: [&[u8]; 5] = [b"x", &[0; 15], &[1; 16], &[2; 17], &[3; 1000]];

#[test]
fn security0_passes_messages_unchanged() {
    let mut device = open_device(device::Security::Security0);
    let (handshake, command) = start(client::Security::Security0, &mut seeded(1));
    assert_eq!(command, [0x52, 0x03, 0xa2, 0x01, 0x00]);
    let response = ask(&mut device, &command, &mut seeded(1)).expect("the only message");
    assert_eq!(response, [0x52, 0x05, 0x08, 0x01, 0xaa, 0x01, 0x00]);
    let mut session = finish(handshake, &response);
    MESSAGES
        .iter()
        .for_each(|message| echo(&mut device, &mut session, message));
    let mut request = *b"plain";
    assert_eq!(session.encrypt(&mut request, 5), Ok(5));
    assert_eq!(
        session.encrypt(&mut request, 5),
        Ok(5),
        "nothing can be in doubt without keys"
    );
    assert_eq!(request, *b"plain");
    assert_eq!(
        session.encrypt(&mut request, 6),
        Err(client::Error::BufferTooSmall { needed: 6 })
    );
    assert_eq!(
        device.encrypt(id(1), &mut request, 6),
        Err(device::Error::BufferTooSmall { needed: 6 })
    );
}

#[test]
fn security1_carries_messages_of_all_sizes() {
    for pop in [Some(POP), Some(&b""[..]), None] {
        let mut device = open_device(device::Security::Security1 { pop });
        let mut session = pair(&mut device, client1(pop.unwrap_or_default()), &mut seeded(1)).expect("the right PoP");
        MESSAGES
            .iter()
            .for_each(|message| echo(&mut device, &mut session, message));
        assert_eq!(events(&mut device), [device::Event::SetupOk]);
    }
}

#[test]
fn security2_carries_messages_of_all_sizes() {
    for rule in [NonceRule::Counter, NonceRule::StaticInsecure2022] {
        let mut device = open_device(security2(rule));
        let mut session = pair(&mut device, client2(PASSWORD, rule), &mut seeded(1)).expect("the right password");
        MESSAGES
            .iter()
            .for_each(|message| echo(&mut device, &mut session, message));
        assert_eq!(events(&mut device), [device::Event::SetupOk]);
    }
}

#[test]
fn security2_handshake_is_the_same_with_work_done_ahead() {
    let mut device = open_device(security2(NonceRule::Counter));
    let random = &mut seeded(5);
    assert_eq!(device.pending_work(), Some(device::Work::Ephemeral));
    device.work(random);
    assert_eq!(device.pending_work(), None);

    let (handshake, command0) = start(client2(PASSWORD, NonceRule::Counter), random);
    let response0 = ask(&mut device, &command0, random).expect("a good Command0");
    assert_eq!(device.pending_work(), Some(device::Work::SharedSecret));
    device.work(random);
    assert_eq!(device.pending_work(), None, "a client waits for Response1");
    device.work(random);

    let (handshake, command1) = next(handshake, &response0);
    let response1 = ask(&mut device, &command1, random).expect("a good Command1");
    assert_eq!(
        device.pending_work(),
        Some(device::Work::Ephemeral),
        "for the next handshake"
    );
    device.work(random);
    assert_eq!(device.pending_work(), None);
    echo(&mut device, &mut finish(handshake, &response1), b"hello");
    assert_eq!(device.pending_work(), None);
}

#[test]
fn schemes_without_exponentiation_have_no_work() {
    for security in [device::Security::Security0, security1()] {
        let mut device = open_device(security);
        assert_eq!(device.pending_work(), None);
        device.work(&mut |_: &mut [u8]| panic!("no random is needed"));
    }
}

#[test]
fn an_unanswered_request_leaves_the_session_in_doubt() {
    for (security, credentials) in [
        (security1(), client1(POP)),
        (security2(NonceRule::Counter), client2(PASSWORD, NonceRule::Counter)),
    ] {
        let mut session = pair(&mut open_device(security), credentials, &mut seeded(1)).expect("the right secret");
        assert!(session.is_usable());
        let mut buffer = [0; 32];
        session.encrypt(&mut buffer, 5).expect("the first request");
        assert!(!session.is_usable());
        let before = buffer;
        assert_eq!(session.encrypt(&mut buffer, 5), Err(client::Error::InDoubt));
        assert_eq!(buffer, before, "nothing was encrypted");
    }
}

#[test]
fn an_answer_that_came_late_ends_the_doubt() {
    let mut device = open_device(security1());
    let mut session = pair(&mut device, client1(POP), &mut seeded(1)).expect("the right PoP");
    let mut buffer = *b"hello";
    session.encrypt(&mut buffer, 5).expect("the first request");
    assert_eq!(session.encrypt(&mut [1], 1), Err(client::Error::InDoubt));
    device.decrypt(id(1), &mut buffer).expect("an honest request");
    device.encrypt(id(1), &mut buffer, 5).expect("an established session");
    assert_eq!(session.decrypt(&mut buffer).expect("an honest answer"), b"hello");
    assert!(session.is_usable());
}

#[test]
fn an_answer_that_arrives_twice_is_refused_and_harms_nothing() {
    for (security, credentials) in [
        (security1(), client1(POP)),
        (security2(NonceRule::Counter), client2(PASSWORD, NonceRule::Counter)),
    ] {
        let mut device = open_device(security);
        let mut session = pair(&mut device, credentials, &mut seeded(1)).expect("the right secret");
        echo(&mut device, &mut session, b"once");
        assert_eq!(session.decrypt(&mut [0; 20]), Err(client::Error::UnexpectedMessage));
        echo(&mut device, &mut session, b"twice");
    }
}

#[test]
fn empty_requests_and_short_buffers_are_refused_before_anything_is_used() {
    let mut device = open_device(security2(NonceRule::Counter));
    let mut session = pair(&mut device, client2(PASSWORD, NonceRule::Counter), &mut seeded(1)).expect("good");
    let mut buffer = [0; 20];
    assert_eq!(session.encrypt(&mut buffer, 0), Err(client::Error::EmptyRequest));
    assert_eq!(
        session.encrypt(&mut buffer, 5),
        Err(client::Error::BufferTooSmall { needed: 21 })
    );
    assert_eq!(
        session.encrypt(&mut buffer, usize::MAX),
        Err(client::Error::BufferTooSmall { needed: usize::MAX })
    );
    assert_eq!(
        device.encrypt(id(1), &mut buffer, 5),
        Err(device::Error::BufferTooSmall { needed: 21 })
    );
    echo(&mut device, &mut session, b"still in step");
}

#[test]
fn a_forged_request_ends_the_session_on_the_device() {
    let mut device = open_device(security2(NonceRule::Counter));
    for forge in [
        |_: &mut Vec<u8>| (),
        |sent: &mut Vec<u8>| sent[0] ^= 1,
        |sent: &mut Vec<u8>| sent.truncate(15),
    ] {
        let mut session = pair(&mut device, client2(PASSWORD, NonceRule::Counter), &mut seeded(1)).expect("good");
        let mut sent = b"request".to_vec();
        sent.resize(23, 0);
        session.encrypt(&mut sent, 7).expect("a usable session");
        let honest = sent.clone();
        forge(&mut sent);
        let is_honest = sent == honest;
        let result = device.decrypt(id(1), &mut sent).map(|plain| plain.to_vec());
        assert_eq!(
            result,
            if is_honest {
                Ok(b"request".to_vec())
            } else {
                Err(device::Error::Decrypt)
            }
        );
        assert_eq!(device.is_established(), is_honest);
        if !is_honest {
            assert_eq!(
                device.decrypt(id(1), &mut honest.clone()),
                Err(device::Error::NotEstablished)
            );
            assert_eq!(
                device.encrypt(id(1), &mut [0; 32], 1),
                Err(device::Error::NotEstablished)
            );
        }
    }
    pair(&mut device, client2(PASSWORD, NonceRule::Counter), &mut seeded(2)).expect("the id is still open");
}

#[test]
fn a_replayed_request_ends_the_session_on_the_device() {
    let mut device = open_device(security2(NonceRule::Counter));
    let mut session = pair(&mut device, client2(PASSWORD, NonceRule::Counter), &mut seeded(1)).expect("good");
    let mut sent = [0; 23];
    session.encrypt(&mut sent, 7).expect("a usable session");
    device.decrypt(id(1), &mut sent.clone()).expect("the first time");
    assert_eq!(device.decrypt(id(1), &mut sent), Err(device::Error::Decrypt));
}

#[test]
fn a_forged_answer_ends_the_session_on_the_client() {
    let mut device = open_device(security2(NonceRule::Counter));
    let mut session = pair(&mut device, client2(PASSWORD, NonceRule::Counter), &mut seeded(1)).expect("good");
    session.encrypt(&mut [0; 17], 1).expect("a usable session");
    assert_eq!(session.decrypt(&mut [0; 17]), Err(client::Error::Decrypt));
    assert!(!session.is_usable());
    assert_eq!(
        session.encrypt(&mut [0; 17], 1),
        Err(client::Error::Decrypt),
        "the same failure again"
    );
    assert_eq!(session.decrypt(&mut [0; 17]), Err(client::Error::Decrypt));
}

/// Spec protocol.md 6.5: the device moves on by one for the decrypt, and nothing is sent.
#[test]
fn a_handler_failure_on_the_device_keeps_its_session() {
    let mut device = open_device(security2(NonceRule::Counter));
    let mut session = pair(&mut device, client2(PASSWORD, NonceRule::Counter), &mut seeded(1)).expect("good");
    let mut sent = [0; 23];
    session.encrypt(&mut sent, 7).expect("a usable session");
    device.decrypt(id(1), &mut sent).expect("an honest request");
    assert!(device.is_established());
    assert_eq!(
        session.encrypt(&mut sent, 7),
        Err(client::Error::InDoubt),
        "the client cannot know what happened"
    );
}

#[test]
fn nothing_secret_shows_in_debug_output() {
    let random = &mut seeded(1);
    let mut device = open_device(security1());
    assert_eq!(format!("{:?}", device.security()), "Security1 { .. }");
    let credentials = client1(POP);
    assert_eq!(format!("{credentials:?}"), "Security1 { .. }");
    let (handshake, command0) = start(credentials, random);
    assert_eq!(format!("{handshake:?}"), "Handshake(Security1Response0)");
    let response0 = ask(&mut device, &command0, random).expect("a good Command0");
    assert_eq!(format!("{device:?}"), "Device { session: Some(1), state: Verify, .. }");
    let (handshake, command1) = next(handshake, &response0);
    let session = finish(
        handshake,
        &ask(&mut device, &command1, random).expect("a good Command1"),
    );
    assert_eq!(format!("{session:?}"), "Session(Ready)");
    assert_eq!(
        format!("{device:?}"),
        "Device { session: Some(1), state: Established, .. }"
    );
    let rule = NonceRule::Counter;
    assert_eq!(
        format!("{:?}", security2(rule)),
        "Security2 { nonce_rule: Counter, .. }"
    );
    assert_eq!(
        format!("{:?}", client2(PASSWORD, rule)),
        "Security2 { nonce_rule: Counter, x_rule: Full, .. }"
    );
}
