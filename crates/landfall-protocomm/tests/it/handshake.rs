//! Both roles of the handshake and the sessions that follow, at their public surface: bytes in, bytes out.

mod client_rules;
mod crypto;
mod device_rules;
mod hostile;
mod lockout;
mod pairing;
mod vectors;

use std::{collections::VecDeque, sync::LazyLock};

use landfall_protocomm::{Crypto, Instant, NonceRule, Random, SessionId, client, device, srp, wire};

const USERNAME: &[u8] = b"wifiprov";
const PASSWORD: &[u8] = b"abcd1234";
const POP: &[u8] = b"abcd1234";

/// Salt and verifier that the vectors share: those of `USERNAME` and `PASSWORD`.
static CREDENTIALS: LazyLock<(Vec<u8>, srp::VerifierTable)> = LazyLock::new(|| {
    let vector = vectors::load("sec2_patch1");
    let table = srp::VerifierTable::new(&vectors::bytes(&vector["verifier"])).expect("the vector's verifier is one");
    (vectors::bytes(&vector["salt"]), table)
});

fn security1() -> device::Security<'static> {
    device::Security::Security1 { pop: Some(POP) }
}

fn security2(nonce_rule: NonceRule) -> device::Security<'static> {
    let (salt, table) = &*CREDENTIALS;
    device::Security::Security2 {
        verifier: srp::Verifier::new(salt, table).expect("the vector's salt is one"),
        nonce_rule,
    }
}

fn client1(pop: &[u8]) -> client::Security<'_> {
    client::Security::Security1 { pop }
}

fn client2(password: &[u8], nonce_rule: NonceRule) -> client::Security<'_> {
    client::Security::Security2 {
        username: USERNAME,
        password,
        nonce_rule,
        x_rule: client::XRule::Full,
    }
}

fn id(number: u32) -> SessionId {
    SessionId::new(number).expect("not the number for none")
}

/// A device with session 1 open.
fn open_device(security: device::Security<'_>) -> device::Device<'_> {
    let mut device = device::Device::new(security);
    device.open_session(id(1));
    device
}

/// Gives `request` to the device's session 1 at time zero.
fn ask<C: Crypto>(
    device: &mut device::Device<'_, C>,
    request: &[u8],
    random: &mut dyn Random,
) -> Result<Vec<u8>, device::Error> {
    ask_at(device, request, Instant::ZERO, random)
}

fn ask_at<C: Crypto>(
    device: &mut device::Device<'_, C>,
    request: &[u8],
    now: Instant,
    random: &mut dyn Random,
) -> Result<Vec<u8>, device::Error> {
    let mut response = [0; device::Device::MAX_RESPONSE];
    let len = device.handshake(id(1), request, &mut response, now, random)?;
    Ok(response[..len].to_vec())
}

fn start<'a>(security: client::Security<'a>, random: &mut dyn Random) -> (client::Handshake<'a>, Vec<u8>) {
    let mut request = [0; client::Handshake::MAX_MESSAGE];
    let (handshake, len) = client::Handshake::start(security, &mut request, random).expect("good credentials");
    (handshake, request[..len].to_vec())
}

#[track_caller]
fn next<'a>(handshake: client::Handshake<'a>, response: &[u8]) -> (client::Handshake<'a>, Vec<u8>) {
    let mut request = [0; client::Handshake::MAX_MESSAGE];
    match handshake.advance(response, &mut request).expect("a good answer") {
        client::Step::Send(handshake, len) => (handshake, request[..len].to_vec()),
        client::Step::Done(_) => panic!("done too early"),
    }
}

#[track_caller]
fn finish(handshake: client::Handshake<'_>, response: &[u8]) -> client::Session {
    match handshake.advance(response, &mut []).expect("a good answer") {
        client::Step::Send(..) => panic!("not done yet"),
        client::Step::Done(session) => session,
    }
}

fn refusal(handshake: client::Handshake<'_>, response: &[u8]) -> client::Error {
    let mut request = [0; client::Handshake::MAX_MESSAGE];
    handshake.advance(response, &mut request).expect_err("a bad answer")
}

/// Runs a whole handshake of security 1 or 2 at time zero.
fn pair<C: Crypto>(
    device: &mut device::Device<'_, C>,
    security: client::Security<'_>,
    random: &mut dyn Random,
) -> Result<client::Session, device::Error> {
    pair_at(device, security, Instant::ZERO, random)
}

fn pair_at<C: Crypto>(
    device: &mut device::Device<'_, C>,
    security: client::Security<'_>,
    now: Instant,
    random: &mut dyn Random,
) -> Result<client::Session, device::Error> {
    let (handshake, command0) = start(security, random);
    let (handshake, command1) = next(handshake, &ask_at(device, &command0, now, random)?);
    Ok(finish(handshake, &ask_at(device, &command1, now, random)?))
}

/// Sends `plain` and lets the device echo it; every byte must arrive both ways.
#[track_caller]
fn echo<C: Crypto>(device: &mut device::Device<'_, C>, session: &mut client::Session, plain: &[u8]) {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + client::Session::MAX_OVERHEAD, 0);
    let sent = session.encrypt(&mut buffer, plain.len()).expect("a usable session");
    let received = device
        .decrypt(id(1), &mut buffer[..sent])
        .expect("an honest request")
        .len();
    assert_eq!(&buffer[..received], plain);
    let answered = device
        .encrypt(id(1), &mut buffer, received)
        .expect("an established session");
    assert_eq!(
        session.decrypt(&mut buffer[..answered]).expect("an honest answer"),
        plain
    );
}

fn events(device: &mut device::Device<'_>) -> Vec<device::Event> {
    core::iter::from_fn(|| device.poll_event()).collect()
}

fn encode(message: wire::SessionData<'_>) -> Vec<u8> {
    let mut bytes = vec![0; message.encoded_len()];
    message.encode(&mut bytes).expect("the length was asked for");
    bytes
}

fn sec1(msg: i32, body: Option<wire::Sec1Body<'_>>) -> Vec<u8> {
    encode(wire::SessionData {
        sec_ver: wire::Scheme::Security1,
        payload: Some(wire::SessionPayload::Sec1 { msg, body }),
    })
}

fn sec2(msg: i32, body: Option<wire::Sec2Body<'_>>) -> Vec<u8> {
    encode(wire::SessionData {
        sec_ver: wire::Scheme::Security2,
        payload: Some(wire::SessionPayload::Sec2 { msg, body }),
    })
}

/// A source that hands out exactly the given bytes.
struct Script(VecDeque<u8>);

impl Script {
    fn of(parts: &[&[u8]]) -> Self {
        Self(parts.concat().into())
    }
}

impl Random for Script {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.pop_front().expect("no more random bytes than the vector has"));
    }
}

/// A seeded source, good enough for tests (xorshift64*).
fn seeded(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move |bytes: &mut [u8]| {
        bytes.fill_with(|| {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8
        });
    }
}
