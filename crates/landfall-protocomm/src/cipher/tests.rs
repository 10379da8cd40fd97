use std::vec::Vec;

use super::*;
use crate::Software;

/// RFC 7748, section 6.1, from Bob's side.
#[test]
fn x25519_gives_the_secret_of_the_rfc() {
    let bob = key_pair(SCALAR);
    assert_eq!(
        *bob.public(),
        array("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    );
    let alice = array("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    let key = bob.agree(&mut Software, &alice, b"").unwrap().expect("an honest key");
    assert_eq!(
        key.0,
        array("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    );
}

#[test]
fn the_top_bit_of_a_public_key_is_ignored() {
    let mut peer = array("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    let plain = key_pair(SCALAR)
        .agree(&mut Software, &peer, b"")
        .unwrap()
        .expect("an honest key");
    peer[31] |= 0x80;
    let masked = key_pair(SCALAR)
        .agree(&mut Software, &peer, b"")
        .unwrap()
        .expect("the same key");
    assert_eq!(plain.0, masked.0);
}

#[test]
fn an_empty_pop_is_none() {
    let peer = *key_pair(SCALAR).public();
    let secret = key_pair(SCALAR)
        .agree(&mut Software, &peer, b"")
        .unwrap()
        .expect("an honest key");
    let mixed = key_pair(SCALAR)
        .agree(&mut Software, &peer, b"abcd1234")
        .unwrap()
        .expect("an honest key");
    let mask: [u8; 32] = array("e9cee71ab932fde863338d08be4de9dfe39ea049bdafb342ce659ec5450b69ae");
    let expected: [u8; 32] = core::array::from_fn(|index| secret.0[index] ^ mask[index]);
    assert_eq!(mixed.0, expected);
}

/// NIST SP 800-38A, F.5.5: also in pieces that end within blocks.
#[test]
fn the_key_stream_goes_on_at_any_byte() {
    let key = array("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let iv = array("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    let plain = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    let cipher = hex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5");
    for piece in [1, 5, 16, 17, 31, 32] {
        let mut stream = KeyStream::new(Key(key), iv);
        let mut data = plain.clone();
        data.chunks_mut(piece)
            .for_each(|chunk| stream.apply(&mut Software, chunk).unwrap());
        assert_eq!(data, cipher, "in pieces of {piece}");
    }
}

#[test]
fn the_key_stream_wraps_at_2_to_the_128() {
    let mut wrapping = KeyStream::new(Key([7; 32]), [0xff; 16]);
    wrapping.apply(&mut Software, &mut [0; 16]).unwrap();
    let mut after = [0; 40];
    wrapping.apply(&mut Software, &mut after).unwrap();
    let mut from_zero = [0; 40];
    KeyStream::new(Key([7; 32]), [0; 16])
        .apply(&mut Software, &mut from_zero)
        .unwrap();
    assert_eq!(after, from_zero);
}

/// The GCM specification's test cases 13 and 14: a key of zeros.
#[test]
fn gcm_matches_its_specification() {
    let nonces = Nonces::Static(Iv::Short([0; 12]));
    let mut cipher = MessageCipher::new(Key([0; 32]), nonces);
    let mut empty = [0; 16];
    assert_eq!(cipher.seal(&mut Software, &mut empty, 0), Ok(16));
    assert_eq!(empty, array("530f8afbc74536b9a963b4f1c4cb738b"));
    let mut block = [0; 32];
    assert_eq!(cipher.seal(&mut Software, &mut block, 16), Ok(32));
    assert_eq!(
        block,
        array("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
    );
    assert_eq!(cipher.open(&mut Software, &mut block), Ok(&mut [0; 16][..]));
}

#[test]
fn the_counter_goes_up_with_each_message_but_not_with_a_failure() {
    let (mut one, mut other) = (counting(1), counting(1));
    for expected in 1..10 {
        assert!(matches!(one.nonces, Nonces::Counter { counter, .. } if counter == expected));
        assert_eq!(other.open(&mut Software, &mut [0; 20]), Err(CipherError::Forged));
        assert_eq!(other.open(&mut Software, &mut [0; 15]), Err(CipherError::Forged));
        assert_eq!(
            one.seal(&mut Software, &mut [0; 17], 2),
            Err(CipherError::BufferTooSmall { needed: 18 })
        );
        let mut message = [7; 17];
        one.seal(&mut Software, &mut message, 1).expect("room for the tag");
        assert_eq!(other.open(&mut Software, &mut message), Ok(&mut [7][..]));
        core::mem::swap(&mut one, &mut other);
    }
}

#[test]
fn nothing_follows_the_last_counter_value() {
    let (mut one, mut other) = (counting(u32::MAX), counting(u32::MAX));
    let mut message = [7; 17];
    assert_eq!(one.seal(&mut Software, &mut message, 1), Ok(17));
    assert_eq!(other.open(&mut Software, &mut message), Ok(&mut [7][..]));
    assert_eq!(
        one.seal(&mut Software, &mut message, 1),
        Err(CipherError::CounterExhausted)
    );
    assert_eq!(
        other.open(&mut Software, &mut message),
        Err(CipherError::CounterExhausted)
    );
    assert_eq!(
        one.open(&mut Software, &mut message),
        Err(CipherError::CounterExhausted)
    );
}

#[test]
fn secrets_are_wiped_when_dropped() {
    fn assert_wiped<T: ZeroizeOnDrop>() {}
    assert_wiped::<Key>();
    assert_wiped::<KeyStream>();
    assert_wiped::<StaticSecret>();
    assert_wiped::<aes::Aes256>();
}

const SCALAR: &str = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";

fn counting(counter: u32) -> MessageCipher {
    MessageCipher::new(
        Key([3; 32]),
        Nonces::Counter {
            session: [5; 8],
            counter,
        },
    )
}

fn key_pair(private: &str) -> KeyPair {
    let private: [u8; 32] = array(private);
    KeyPair::draw(&mut |bytes: &mut [u8]| bytes.copy_from_slice(&private))
}

fn hex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn array<const LENGTH: usize>(digits: &str) -> [u8; LENGTH] {
    hex(digits).try_into().expect("as many digits as bytes")
}
