//! Both roles against the recorded handshakes, and against each other.

use std::{boxed::Box, vec, vec::Vec};

use serde_json::Value;
use sha2::{Digest, Sha512};

use super::{
    formulas::{GROUP_HASH, HASH, MULTIPLIER, min, pad, u, x},
    *,
};
use crate::{
    Random, Software,
    client::XRule,
    field::{BYTES, PRIME},
};

const HANDSHAKES: [&str; 6] = [
    include_str!("../../tests/vectors/sec2_patch1.json"),
    include_str!("../../tests/vectors/sec2_patch0_16byte_nonce.json"),
    include_str!("../../tests/vectors/sec2_short_A_padded.json"),
    include_str!("../../tests/vectors/sec2_short_B.json"),
    include_str!("../../tests/vectors/sec2_short_S.json"),
    include_str!("../../tests/vectors/sec2_K_leading_zero.json"),
];
const QUIRKS: &str = include_str!("../../tests/vectors/sec2_x_quirks.json");

/// A recorded file.
struct Vector(Value);

impl Vector {
    fn parse(json: &str) -> Self {
        Self(serde_json::from_str(json).unwrap())
    }

    fn text(&self, key: &str) -> &[u8] {
        self.0[key].as_str().unwrap().as_bytes()
    }

    fn hex(&self, key: &str) -> Vec<u8> {
        let digits = self.0[key].as_str().unwrap();
        (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect()
    }

    fn array<const LENGTH: usize>(&self, key: &str) -> [u8; LENGTH] {
        self.hex(key).try_into().unwrap()
    }
}

/// The device's key pair for a given b.
fn device_ephemeral(verifier: &Verifier<'_>, private: [u8; 32]) -> Ephemeral {
    Ephemeral::from_private(&mut Software, verifier, private).unwrap()
}

/// A device's user, made from the recorded kind of input.
struct User {
    salt: Vec<u8>,
    table: Box<VerifierTable>,
}

impl User {
    fn new(username: &[u8], password: &[u8], salt: &[u8], rule: XRule) -> Self {
        let credentials = Credentials::derive(username, password, salt, rule).unwrap();
        let table = Box::new(VerifierTable::new(credentials.verifier()).unwrap());
        Self {
            salt: credentials.salt().to_vec(),
            table,
        }
    }

    fn verifier(&self) -> Verifier<'_> {
        Verifier::new(&self.salt, &self.table).unwrap()
    }
}

/// A poor but repeatable source.
fn repeatable(seed: u64) -> impl Random {
    let mut state = seed;
    move |bytes: &mut [u8]| {
        for byte in bytes {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
    }
}

fn sha512(parts: &[&[u8]]) -> [u8; HASH] {
    Sha512::digest(parts.concat()).into()
}

#[test]
fn constants_are_the_hashes_they_stand_for() {
    let generator: [u8; BYTES] = pad(&[5]).unwrap();
    assert_eq!(MULTIPLIER, sha512(&[&PRIME, &generator]));
    let xored: Vec<u8> = sha512(&[&PRIME])
        .iter()
        .zip(sha512(&[&generator]))
        .map(|(left, right)| left ^ right)
        .collect();
    assert_eq!(GROUP_HASH.to_vec(), xored);
}

#[test]
fn recorded_handshakes_are_reproduced_by_the_device() {
    for json in HANDSHAKES {
        let vector = Vector::parse(json);
        let user = User::new(
            vector.text("username"),
            vector.text("password"),
            &vector.hex("salt"),
            XRule::Full,
        );
        let ephemeral = device_ephemeral(&user.verifier(), vector.array("device_private_b"));
        assert_eq!(ephemeral.public(), vector.hex("B_wire"));
        let client = ClientPublic::new(&vector.hex("A_wire")).unwrap();
        let username_hash = hash_username(vector.text("username"));
        let proofs = DeviceProofs::new(&mut Software, &user.verifier(), &ephemeral, &username_hash, &client)
            .ok()
            .unwrap();
        let accepted = proofs.check(&vector.hex("M1")).unwrap();
        assert_eq!(accepted.device_proof.to_vec(), vector.hex("M2"));
        assert_eq!(accepted.key.to_vec(), vector.hex("aes_key"));
    }
}

#[test]
fn recorded_handshakes_are_reproduced_by_the_client() {
    for json in HANDSHAKES {
        let vector = Vector::parse(json);
        let ephemeral = ClientEphemeral::from_private(vector.array("client_private_a"));
        assert_eq!(ephemeral.public().to_vec(), vector.hex("A_wire"));
        let proofs = ClientProofs::new(
            ephemeral,
            vector.text("username"),
            vector.text("password"),
            XRule::Full,
            &vector.hex("salt"),
            &vector.hex("B_wire"),
        )
        .ok()
        .unwrap();
        assert_eq!(proofs.proof().to_vec(), vector.hex("M1"));
        assert_eq!(
            proofs.accept(&vector.hex("M2")).unwrap().to_vec(),
            vector.hex("aes_key")
        );
        assert_eq!(proofs.accept(&vector.hex("M1")), None);
        assert_eq!(proofs.accept(&vector.hex("M2")[1..]), None);
    }
}

#[test]
fn recorded_hashes_are_reproduced() {
    for json in HANDSHAKES {
        let vector = Vector::parse(json);
        let private = x(
            vector.text("username"),
            vector.text("password"),
            &vector.hex("salt"),
            XRule::Full,
        );
        assert_eq!(private.to_vec(), vector.hex("x"));
        let padded = |key| pad::<BYTES>(&vector.hex(key)).unwrap();
        assert_eq!(
            u(&padded("A_wire"), &padded("B_wire")).unwrap().to_vec(),
            vector.hex("u")
        );
        let credentials = Credentials::derive(
            vector.text("username"),
            vector.text("password"),
            &vector.hex("salt"),
            XRule::Full,
        );
        assert_eq!(credentials.unwrap().verifier(), vector.hex("verifier"));
    }
}

#[test]
fn both_rules_for_x_give_the_recorded_verifiers() {
    let cases = Vector::parse(QUIRKS);
    for case in cases.0["cases"].as_array().unwrap() {
        let case = Vector(case.clone());
        let derive =
            |rule| Credentials::derive(case.text("username"), case.text("password"), &case.hex("salt"), rule).unwrap();
        assert_eq!(derive(XRule::Full).verifier(), case.hex("verifier_full_rule"));
        assert_eq!(derive(XRule::Stripped).verifier(), case.hex("verifier_stripped_rule"));
        let inner_begins_with_zero = !case.0["inner_sha512"].is_null();
        assert_eq!(
            x_rules_differ(case.text("username"), case.text("password")),
            inner_begins_with_zero
        );
    }
}

/// A client that holds numbers as integers and drops their leading zero bytes wherever it sends or hashes them, as
/// Espressif's Android library does (spec protocol.md 6.2).
struct Stripping {
    proof: Vec<u8>,
    key: Vec<u8>,
    session_key: Vec<u8>,
}

impl Stripping {
    /// Works from K, which does not depend on what is dropped.
    fn new(user: &User, client_public: &[u8], device_public: &[u8], session_key: &[u8]) -> Self {
        let session_key = min(session_key).to_vec();
        let proof = sha512(&[
            &GROUP_HASH,
            &hash_username(b"wifiprov"),
            &user.salt,
            min(client_public),
            device_public,
            &session_key,
        ]);
        Self {
            proof: min(&proof).to_vec(),
            key: session_key[..32].to_vec(),
            session_key,
        }
    }
}

/// K as the client of a handshake works it out, by a general library's arithmetic.
fn session_key(private: &[u8; 32], x: &[u8], client_public: &[u8; BYTES], device_public: &[u8]) -> [u8; HASH] {
    use num_bigint::BigUint;
    let number = BigUint::from_bytes_be;
    let prime = number(&PRIME);
    let u = number(&u(client_public, &pad(device_public).unwrap()).unwrap());
    let blinding = number(&MULTIPLIER) * BigUint::from(5u8).modpow(&number(x), &prime) % &prime;
    let base = (number(device_public) + &prime - blinding) % &prime;
    sha512(&[&base.modpow(&(number(private) + u * number(x)), &prime).to_bytes_be()])
}

#[test]
fn clients_that_strip_zeros_are_let_in() {
    let short_a = Vector::parse(HANDSHAKES[2]).array("client_private_a");
    // Device keys found by search, with the bytes that such a client then has in A, K and M1.
    for (client_private, device_key, lengths) in [
        (short_a, 0, [383, 64, 64]),
        ([0x91; 32], 124, [384, 64, 63]),
        ([0x91; 32], 846, [384, 63, 64]),
        ([0x91; 32], 851, [384, 63, 63]),
    ] {
        let user = User::new(b"wifiprov", b"abcd1234", &[7; 16], XRule::Full);
        let mut device_private = [0x81; 32];
        device_private[..8].copy_from_slice(&(device_key | 1u64 << 63).to_be_bytes());
        let ephemeral = device_ephemeral(&user.verifier(), device_private);
        let client_public = *ClientEphemeral::from_private(client_private).public();
        let private_x = x(b"wifiprov", b"abcd1234", &user.salt, XRule::Full);
        let session_key = session_key(&client_private, &private_x, &client_public, ephemeral.public());
        let client = Stripping::new(&user, &client_public, ephemeral.public(), &session_key);
        assert_eq!(
            [min(&client_public).len(), client.session_key.len(), client.proof.len()],
            lengths
        );

        let received = ClientPublic::new(min(&client_public)).unwrap();
        let proofs = DeviceProofs::new(
            &mut Software,
            &user.verifier(),
            &ephemeral,
            &hash_username(b"wifiprov"),
            &received,
        )
        .ok()
        .unwrap();
        let accepted = proofs.check(&client.proof).expect("the client is let in");
        assert_eq!(accepted.key.to_vec(), client.key);
        let padded_proof: [u8; HASH] = pad(&client.proof).unwrap();
        let device_proof = sha512(&[min(&client_public), &padded_proof, &client.session_key]);
        assert_eq!(accepted.device_proof, device_proof);
    }
}

#[test]
fn a_key_with_leading_zero_is_accepted_from_either_kind_of_client() {
    let vector = Vector::parse(HANDSHAKES[5]);
    assert_eq!(vector.hex("K")[0], 0);
    let user = User::new(
        vector.text("username"),
        vector.text("password"),
        &vector.hex("salt"),
        XRule::Full,
    );
    let ephemeral = device_ephemeral(&user.verifier(), vector.array("device_private_b"));
    let stripping = Stripping::new(&user, &vector.hex("A_wire"), ephemeral.public(), &vector.hex("K"));
    let client = ClientPublic::new(&vector.hex("A_wire")).unwrap();
    let username_hash = hash_username(vector.text("username"));
    let proofs = DeviceProofs::new(&mut Software, &user.verifier(), &ephemeral, &username_hash, &client)
        .ok()
        .unwrap();
    assert_eq!(
        proofs.check(&vector.hex("M1")).unwrap().key.to_vec(),
        vector.hex("K")[..32]
    );
    assert_eq!(
        proofs.check(&stripping.proof).unwrap().key.to_vec(),
        vector.hex("K")[1..33]
    );
}

#[test]
fn roles_agree_when_the_password_is_the_same_and_only_then() {
    let mut random = repeatable(1);
    for round in 0..4 {
        let credentials = Credentials::generate(b"wifiprov", b"abcd1234", 16, &mut random).unwrap();
        let table = Box::new(VerifierTable::new(credentials.verifier()).unwrap());
        let verifier = Verifier::new(credentials.salt(), &table).unwrap();
        for (password, username, right) in [
            (&b"abcd1234"[..], &b"wifiprov"[..], true),
            (b"abcd1235", b"wifiprov", false),
            (b"abcd1234", b"other", false),
        ] {
            let device = Ephemeral::draw(&mut Software, &verifier, &mut random).unwrap();
            let client = ClientEphemeral::draw(&mut random);
            let received = ClientPublic::new(client.public()).unwrap();
            let client = ClientProofs::new(
                client,
                username,
                password,
                XRule::Full,
                verifier.salt(),
                device.public(),
            )
            .ok()
            .unwrap();
            let device = DeviceProofs::new(&mut Software, &verifier, &device, &hash_username(username), &received)
                .ok()
                .unwrap();
            let accepted = device.check(client.proof());
            assert_eq!(accepted.is_some(), right, "round {round}");
            if let Some(accepted) = accepted {
                assert_eq!(client.accept(&accepted.device_proof), Some(accepted.key));
                assert_eq!(client.accept(&[0; HASH]), None);
            }
        }
    }
}

#[test]
fn drawn_public_keys_fill_all_their_bytes() {
    // The first draw of each role, taken from the recordings, gives a short key.
    let vector = Vector::parse(HANDSHAKES[2]);
    let short: [u8; 32] = vector.array("client_private_a");
    let mut draws = vec![[0x91; 32], short];
    let client = ClientEphemeral::draw(&mut |bytes: &mut [u8]| bytes.copy_from_slice(&draws.pop().unwrap()));
    assert_eq!(*client.public(), *ClientEphemeral::from_private([0x91; 32]).public());

    let vector = Vector::parse(HANDSHAKES[3]);
    let user = User::new(
        vector.text("username"),
        vector.text("password"),
        &vector.hex("salt"),
        XRule::Full,
    );
    let mut draws = vec![[0x91; 32], vector.array("device_private_b")];
    let mut random = |bytes: &mut [u8]| bytes.copy_from_slice(&draws.pop().unwrap());
    let device = Ephemeral::draw(&mut Software, &user.verifier(), &mut random).unwrap();
    assert_eq!(device.public(), device_ephemeral(&user.verifier(), [0x91; 32]).public());
}

#[test]
fn a_source_that_always_gives_a_short_key_does_not_hang() {
    let broken = |private: [u8; 32]| move |bytes: &mut [u8]| bytes.copy_from_slice(&private);
    let private = Vector::parse(HANDSHAKES[2]).array("client_private_a");
    let client = ClientEphemeral::draw(&mut broken(private));
    assert_eq!(min(client.public()).len(), BYTES - 1);

    let vector = Vector::parse(HANDSHAKES[3]);
    let user = User::new(
        vector.text("username"),
        vector.text("password"),
        &vector.hex("salt"),
        XRule::Full,
    );
    let device = Ephemeral::draw(
        &mut Software,
        &user.verifier(),
        &mut broken(vector.array("device_private_b")),
    )
    .unwrap();
    assert_eq!(device.public().len(), BYTES - 1);
}

#[test]
fn public_keys_that_are_zero_modulo_the_prime_are_refused() {
    for public in [[0; BYTES], PRIME] {
        assert!(ClientPublic::new(&public).is_err());
        let refused = |public: &[u8]| {
            let ephemeral = ClientEphemeral::from_private([0x91; 32]);
            ClientProofs::new(ephemeral, b"wifiprov", b"abcd1234", XRule::Full, &[7; 16], public).is_err()
        };
        assert!(refused(&public));
        assert!(refused(&[]));
        assert!(refused(&[1; BYTES + 1]));
    }
}

#[test]
fn public_keys_and_proofs_of_wrong_length_are_refused() {
    for (length, accepted) in [(0, false), (375, false), (376, true), (384, true), (385, false)] {
        assert_eq!(ClientPublic::new(&vec![1; length]).is_ok(), accepted, "{length} bytes");
    }
    let user = User::new(b"wifiprov", b"abcd1234", &[7; 16], XRule::Full);
    let ephemeral = device_ephemeral(&user.verifier(), [0x81; 32]);
    let client = ClientPublic::new(&[9; BYTES]).unwrap();
    let proofs = DeviceProofs::new(
        &mut Software,
        &user.verifier(),
        &ephemeral,
        &hash_username(b"wifiprov"),
        &client,
    )
    .ok()
    .unwrap();
    for length in [0, 55, 56, 63, 64, 65] {
        assert!(proofs.check(&vec![0; length]).is_none());
    }
}
