//! Salts and verifiers, as an application makes and loads them.

use landfall_protocomm::{
    client::XRule,
    srp::{Credentials, CredentialsError, Verifier, VerifierTable},
};
use num_bigint::BigUint;

const BYTES: usize = 384;

/// N (spec protocol.md 6.1).
fn prime() -> BigUint {
    const DIGITS: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
        EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
        EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
        83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
        E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
        15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
        ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
        BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";
    BigUint::parse_bytes(DIGITS.as_bytes(), 16).unwrap()
}

/// A source that gives `chunks` in turn, and then zeros.
fn scripted(chunks: &[u8]) -> impl FnMut(&mut [u8]) {
    let mut left = chunks.iter().copied();
    move |bytes: &mut [u8]| bytes.fill(left.next().unwrap_or(0))
}

#[test]
fn verifiers_between_two_and_the_prime_are_taken_in_any_form() {
    for number in [BigUint::from(2u8), prime() - 1u8] {
        let minimal = number.to_bytes_be();
        let padded = [vec![0; BYTES - minimal.len()], minimal.clone()].concat();
        assert!(VerifierTable::new(&minimal).is_ok());
        assert!(VerifierTable::new(&padded).is_ok());
    }
}

#[test]
fn verifiers_outside_are_refused() {
    let one = BigUint::from(1u8);
    for number in [BigUint::ZERO, one.clone(), prime(), prime() + 1u8, (one << 3072) - 1u8] {
        assert!(VerifierTable::new(&number.to_bytes_be()).is_err(), "{number:x}");
    }
    assert!(VerifierTable::new(&[]).is_err());
    assert!(VerifierTable::new(&[1; BYTES + 1]).is_err());
}

#[test]
fn salts_that_no_client_can_use_are_refused_with_the_reason() {
    let table = VerifierTable::new(&[2]).unwrap();
    let refusal = |salt: &[u8]| Verifier::new(salt, &table).map(|_| ()).unwrap_err().to_string();
    assert!(refusal(&[]).contains("empty"));
    assert!(refusal(&[1; 65]).contains("longer"));
    assert!(refusal(&[0, 1]).contains("zero byte"));
    for salt in [&[1][..], &[1; 64], &[1, 0]] {
        assert_eq!(Verifier::new(salt, &table).unwrap().salt(), salt);
    }
}

#[test]
fn generated_salt_never_begins_with_zero() {
    let credentials = Credentials::generate(b"wifiprov", b"abcd1234", 16, &mut scripted(&[0, 0, 3])).unwrap();
    assert_eq!(credentials.salt(), [3; 16]);
    let derived = Credentials::derive(b"wifiprov", b"abcd1234", &[3; 16], XRule::Full).unwrap();
    assert_eq!(credentials.verifier(), derived.verifier());
    assert_ne!(credentials.verifier().first(), Some(&0));
    let broken = Credentials::generate(b"wifiprov", b"abcd1234", 16, &mut scripted(&[]));
    assert_eq!(broken.unwrap_err(), CredentialsError::BrokenRandom);
}

#[test]
fn credentials_that_known_clients_cannot_use_are_not_generated() {
    let refusal = |username: &str, password: &[u8], salt_len| {
        Credentials::generate(username.as_bytes(), password, salt_len, &mut scripted(&[7])).unwrap_err()
    };
    assert_eq!(refusal("", b"abcd1234", 16), CredentialsError::EmptyUsername);
    assert_eq!(
        refusal("pr\u{fc}fer", b"abcd1234", 16),
        CredentialsError::NonAsciiUsername
    );
    assert_eq!(refusal("wifiprov", b"", 16), CredentialsError::EmptyPassword);
    assert_eq!(refusal("wifiprov", b"abcd1234", 0), CredentialsError::SaltLength);
    assert_eq!(refusal("wifiprov", b"abcd1234", 65), CredentialsError::SaltLength);
    // Its hash begins with a zero byte (sec2_x_quirks.json).
    assert_eq!(refusal("wifiprov", b"pw69", 16), CredentialsError::AmbiguousHash);
    assert!(Credentials::derive(b"wifiprov", b"pw69", &[7; 16], XRule::Stripped).is_ok());
}

#[test]
fn debug_shows_nothing_of_the_verifier() {
    let credentials = Credentials::derive(b"wifiprov", b"abcd1234", &[3; 16], XRule::Full).unwrap();
    assert_eq!(format!("{credentials:?}"), "Credentials { .. }");
}
