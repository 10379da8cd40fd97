use std::vec::Vec;

use super::*;
use crate::srp::ClientEphemeral;

/// A client of ours draws no a whose A is short, but one that did is recorded: it pads A to 384 bytes.
#[test]
fn a_short_a_is_sent_and_hashed_padded() {
    let vector: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/vectors/sec2_short_A_padded.json")).expect("the vector is JSON");
    let account = security2::Account {
        username: b"wifiprov",
        password: b"abcd1234",
        nonce_rule: NonceRule::Counter,
        x_rule: XRule::Full,
    };
    let a = bytes(&vector["client_private_a"]).try_into().expect("a has 32 bytes");
    let mut request = [0; Handshake::MAX_MESSAGE];
    let (awaiting, len) = security2::AwaitResponse0::with(account, ClientEphemeral::from_private(a), &mut request)
        .expect("a good Command0");
    let step = |index: usize| bytes(&vector["session"][index]["wire"]);
    assert_eq!(request[..len], step(0));

    let handshake = Handshake(Awaiting::Security2Response0(awaiting));
    let Ok(Step::Send(handshake, len)) = handshake.advance(&step(1), &mut request) else {
        panic!("a good Response0")
    };
    assert_eq!(request[..len], step(2));
    let done = handshake.advance(&step(3), &mut request);
    assert!(matches!(done, Ok(Step::Done(_))), "{done:?}");
}

fn bytes(value: &serde_json::Value) -> Vec<u8> {
    let digits = value.as_str().expect("a string").chars();
    let digits: Vec<u8> = digits
        .map(|digit| digit.to_digit(16).expect("hexadecimal") as u8)
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
