//! Bytes that no honest peer sends.

use landfall_protocomm::{
    NonceRule, Random, client,
    device::{Device, Error, Security},
};

use super::{
    PASSWORD, POP, ask, client1, client2, echo, id, next, open_device, pair, security1, security2, seeded, start,
};

/// The 3072-bit prime of RFC 3526 (spec protocol.md 6.1): zero, for whoever forgets to reduce.
pub(super) const N: &str = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
    83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
    e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510\
    15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7\
    abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c\
    bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff";

#[test]
fn no_truncation_of_an_honest_message_is_accepted_by_the_device() {
    for (security, credentials) in schemes() {
        let random = &mut seeded(1);
        let mut device = open_device(security);
        let (handshake, command0) = start(credentials, random);
        for len in 0..command0.len() {
            assert!(
                ask(&mut device, &command0[..len], random).is_err(),
                "{len} bytes of Command0"
            );
        }
        let response0 = ask(&mut device, &command0, random).expect("a good Command0");
        let (_, command1) = next(handshake, &response0);
        for len in 0..command1.len() {
            assert!(
                ask(&mut device, &command1[..len], random).is_err(),
                "{len} bytes of Command1"
            );
        }
        ask(&mut device, &command1, random).expect("truncation was no guess");
    }
}

#[test]
fn no_truncation_of_an_honest_answer_is_accepted_by_the_client() {
    for (security, credentials) in schemes() {
        let mut device = open_device(security);
        let (_, command0) = start(credentials, &mut seeded(1));
        let response0 = ask(&mut device, &command0, &mut seeded(2)).expect("a good Command0");
        for len in 0..response0.len() {
            let (handshake, _) = start(credentials, &mut seeded(1));
            assert!(
                handshake.advance(&response0[..len], &mut [0; 512]).is_err(),
                "{len} bytes of Response0"
            );
        }
    }
}

#[test]
fn no_flipped_bit_in_a_proof_is_accepted_by_the_device() {
    for (seed, (security, credentials)) in schemes().into_iter().enumerate() {
        let random = &mut seeded(seed as u64);
        // The proof stands at the end of Command1.
        for bit in [0, 1, 100, 200, 255] {
            let mut device = open_device(security);
            let (handshake, command0) = start(credentials, random);
            let (_, mut command1) = next(
                handshake,
                &ask(&mut device, &command0, random).expect("a good Command0"),
            );
            let position = command1.len() - 1 - bit / 8;
            command1[position] ^= 1 << (bit % 8);
            assert_eq!(
                ask(&mut device, &command1, random),
                Err(Error::WrongProof),
                "seed {seed}, bit {bit}"
            );
            assert!(!device.is_established());
        }
    }
}

#[test]
fn random_bytes_never_establish_a_session_nor_panic() {
    for seed in 0..2000 {
        let random = &mut seeded(seed);
        for (security, _) in schemes() {
            let mut device = open_device(security);
            // Half of them begin as a message of the scheme would.
            let mut garbage = vec![0; usize::from(byte(random)) + 2];
            random.fill(&mut garbage);
            if seed % 2 == 0 {
                let scheme = if matches!(security, Security::Security1 { .. }) {
                    [0x10, 1]
                } else {
                    [0x10, 2]
                };
                garbage[..2].copy_from_slice(&scheme);
            }
            let _ = ask(&mut device, &garbage, random);
            assert!(!device.is_established(), "seed {seed}");
            assert!(device.decrypt(id(1), &mut garbage).is_err(), "seed {seed}");
        }
    }
}

#[test]
fn a_client_believes_in_a_session_only_if_the_device_has_it() {
    let mut established = 0;
    for seed in 0..300 {
        let random = &mut seeded(seed);
        let mut device = open_device(security1());
        let Some(mut session) = mutated_run(&mut device, client1(POP), random) else {
            continue;
        };
        assert!(device.is_established(), "seed {seed}");
        echo(&mut device, &mut session, b"both or none");
        established += 1;
    }
    assert!(
        (30..100).contains(&established),
        "{established} runs of 300, about 60 without a change"
    );
}

#[test]
fn garbage_requests_end_a_security2_session_at_most_once() {
    for seed in 0..20 {
        let random = &mut seeded(seed);
        let mut device = open_device(security2(NonceRule::Counter));
        pair(&mut device, client2(PASSWORD, NonceRule::Counter), random).expect("the right password");
        let mut garbage = vec![0; usize::from(byte(random))];
        random.fill(&mut garbage);
        assert_eq!(device.decrypt(id(1), &mut garbage), Err(Error::Decrypt), "seed {seed}");
        assert_eq!(
            device.decrypt(id(1), &mut garbage),
            Err(Error::NotEstablished),
            "seed {seed}"
        );
    }
}

/// Runs a handshake in which one byte of one message, or none, is changed; gives the client's session if it came to one.
fn mutated_run(
    device: &mut Device<'_>,
    credentials: client::Security<'_>,
    random: &mut dyn Random,
) -> Option<client::Session> {
    let hit = byte(random) % 5;
    let mut mutate = |step: u8, mut message: Vec<u8>| {
        if step == hit {
            let mut draw = [0; 2];
            random.fill(&mut draw);
            let position = usize::from(draw[0]) % message.len();
            message[position] = draw[1];
        }
        message
    };
    let (handshake, command0) = start(credentials, &mut seeded(1));
    let response0 = ask(device, &mutate(0, command0), &mut seeded(2)).ok()?;
    let mut request = [0; client::Handshake::MAX_MESSAGE];
    let client::Step::Send(handshake, len) = handshake.advance(&mutate(1, response0), &mut request).ok()? else {
        return None;
    };
    let response1 = ask(device, &mutate(2, request[..len].to_vec()), &mut seeded(3)).ok()?;
    match handshake.advance(&mutate(3, response1), &mut request).ok()? {
        client::Step::Send(..) => None,
        client::Step::Done(session) => Some(session),
    }
}

fn schemes() -> [(Security<'static>, client::Security<'static>); 2] {
    [
        (security1(), client1(POP)),
        (security2(NonceRule::Counter), client2(PASSWORD, NonceRule::Counter)),
    ]
}

fn byte(random: &mut dyn Random) -> u8 {
    let mut byte = [0];
    random.fill(&mut byte);
    byte[0]
}
