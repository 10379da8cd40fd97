//! Every recorded run of the original client against the original device, replayed by each of our roles.

use landfall_protocomm::{Crypto, NonceRule, Software, client, device, srp};
use serde_json::Value;

use super::{Script, ask, finish, id, next, start};

/// Reads a file of `tests/vectors`.
#[track_caller]
pub(super) fn load(name: &str) -> Value {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the vector file is there");
    serde_json::from_str(&text).expect("the vector file is JSON")
}

/// The bytes of a hexadecimal string.
#[track_caller]
pub(super) fn bytes(value: &Value) -> Vec<u8> {
    let hex = value.as_str().expect("a string").as_bytes();
    hex.chunks(2)
        .map(|digits| u8::from_str_radix(core::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect()
}

fn message(vector: &Value, step: usize) -> Vec<u8> {
    bytes(&vector["session"][step]["wire"])
}

fn nonce_rule(vector: &Value) -> NonceRule {
    if vector["sec_patch_ver"] == 1 {
        NonceRule::Counter
    } else {
        NonceRule::StaticInsecure2022
    }
}

/// What the device draws for the session's IVs: all of the nonce but the counter.
fn drawn_nonce(vector: &Value) -> Vec<u8> {
    let mut nonce = bytes(&vector["device_nonce"]);
    if nonce_rule(vector) == NonceRule::Counter {
        nonce.truncate(8);
    }
    nonce
}

#[test]
fn device_replays_security1_byte_for_byte() {
    device_replays_security1(&mut Software);
}

/// The vector with a short B is replayed inside the crate: a device draws no such key.
#[test]
fn device_replays_security2_byte_for_byte() {
    device_replays_security2(&mut Software);
}

/// Replays the vectors of security 1 on a device that computes with `crypto`.
pub(super) fn device_replays_security1(crypto: &mut dyn Crypto) {
    for name in ["sec1_pop", "sec1_nopop_ctrwrap"] {
        let vector = load(name);
        let pop = vector["pop"].as_str().map(str::as_bytes);
        let random = Script::of(&[
            &bytes(&vector["device_private_key"]),
            &bytes(&vector["device_random_iv"]),
        ]);
        device_replays(&vector, device::Security::Security1 { pop }, crypto, random);
    }
}

/// Replays those of security 2.
pub(super) fn device_replays_security2(crypto: &mut dyn Crypto) {
    for name in [
        "sec2_patch1",
        "sec2_patch0_16byte_nonce",
        "sec2_short_S",
        "sec2_K_leading_zero",
        "sec2_short_A_padded",
    ] {
        let vector = load(name);
        let (salt, verifier) = (bytes(&vector["salt"]), bytes(&vector["verifier"]));
        let table = srp::VerifierTable::new(&verifier).expect("a good verifier");
        let verifier = srp::Verifier::new(&salt, &table).expect("a good salt");
        let random = Script::of(&[&bytes(&vector["device_private_b"]), &drawn_nonce(&vector)]);
        let security = device::Security::Security2 {
            verifier,
            nonce_rule: nonce_rule(&vector),
        };
        device_replays(&vector, security, crypto, random);
    }
}

#[test]
fn client_replays_security1_byte_for_byte() {
    for name in ["sec1_pop", "sec1_nopop_ctrwrap"] {
        let vector = load(name);
        let pop = vector["pop"].as_str().unwrap_or_default().as_bytes();
        let random = Script::of(&[&bytes(&vector["client_private_key"])]);
        client_replays(&vector, client::Security::Security1 { pop }, random);
    }
}

/// The vector with a short A is replayed inside the crate: a client draws no such key.
#[test]
fn client_replays_security2_byte_for_byte() {
    for name in [
        "sec2_patch1",
        "sec2_patch0_16byte_nonce",
        "sec2_short_B",
        "sec2_short_S",
        "sec2_K_leading_zero",
    ] {
        let vector = load(name);
        let security = client::Security::Security2 {
            username: vector["username"].as_str().unwrap().as_bytes(),
            password: vector["password"].as_str().unwrap().as_bytes(),
            nonce_rule: nonce_rule(&vector),
            x_rule: client::XRule::Full,
        };
        client_replays(&vector, security, Script::of(&[&bytes(&vector["client_private_a"])]));
    }
}

#[track_caller]
fn device_replays(vector: &Value, security: device::Security<'_>, crypto: &mut dyn Crypto, mut random: Script) {
    let what = &vector["description"];
    let mut device = device::Device::with_crypto(security, crypto);
    device.open_session(id(1));
    for step in [0, 2] {
        let response = ask(&mut device, &message(vector, step), &mut random).expect("a good message");
        assert_eq!(response, message(vector, step + 1), "{what}, step {step}");
    }
    assert_eq!(device.poll_event(), Some(device::Event::SetupOk), "{what}");
    assert!(random.0.is_empty(), "{what}: random bytes are left");

    for exchange in vector["exchanges"].as_array().expect("a list") {
        let mut request = bytes(&exchange["request_wire"]);
        let plain = device.decrypt(id(1), &mut request).expect("an honest request");
        assert_eq!(
            *plain,
            bytes(&exchange["request_plain"]),
            "{what}: {}",
            exchange["step"]
        );

        let mut response = bytes(&exchange["response_plain"]);
        let plain_len = response.len();
        response.resize(plain_len + device::Device::MAX_OVERHEAD, 0);
        let len = device
            .encrypt(id(1), &mut response, plain_len)
            .expect("an established session");
        assert_eq!(
            response[..len],
            bytes(&exchange["response_wire"]),
            "{what}: {}",
            exchange["step"]
        );
    }
}

#[track_caller]
fn client_replays(vector: &Value, security: client::Security<'_>, mut random: Script) {
    let what = &vector["description"];
    let (handshake, command0) = start(security, &mut random);
    assert_eq!(command0, message(vector, 0), "{what}");
    assert!(random.0.is_empty(), "{what}: random bytes are left");
    let (handshake, command1) = next(handshake, &message(vector, 1));
    assert_eq!(command1, message(vector, 2), "{what}");
    let mut session = finish(handshake, &message(vector, 3));

    for exchange in vector["exchanges"].as_array().expect("a list") {
        let mut request = bytes(&exchange["request_plain"]);
        let plain_len = request.len();
        request.resize(plain_len + client::Session::MAX_OVERHEAD, 0);
        let len = session.encrypt(&mut request, plain_len).expect("a usable session");
        assert_eq!(
            request[..len],
            bytes(&exchange["request_wire"]),
            "{what}: {}",
            exchange["step"]
        );

        let mut response = bytes(&exchange["response_wire"]);
        let plain = session.decrypt(&mut response).expect("an honest answer");
        assert_eq!(
            *plain,
            bytes(&exchange["response_plain"]),
            "{what}: {}",
            exchange["step"]
        );
    }
}
