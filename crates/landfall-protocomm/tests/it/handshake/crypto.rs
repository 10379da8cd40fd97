//! A device that computes with somebody else's [`Crypto`].

use landfall_protocomm::{
    Base, Crypto, CryptoFailed, NonceRule, Random, SelfTestFailed, Software, client, device, self_test,
};

use super::{PASSWORD, POP, client1, client2, echo, id, pair, security1, security2, seeded, start, vectors};

/// Passes everything on and counts it, and fails or lies where it is told to.
#[derive(Default)]
struct Fake {
    powers: usize,
    key_streams: usize,
    hashes: usize,
    fails_at: Option<usize>,
    lies: bool,
}

impl Fake {
    fn calls(&self) -> usize {
        self.powers + self.key_streams + self.hashes
    }

    fn next(&mut self, count: fn(&mut Self) -> &mut usize) -> Result<(), CryptoFailed> {
        *count(self) += 1;
        if self.fails_at == Some(self.calls()) {
            Err(CryptoFailed)
        } else {
            Ok(())
        }
    }
}

impl Crypto for Fake {
    fn power(&mut self, base: Base<'_>, exponent: &[u8], power: &mut [u8; 384]) -> Result<(), CryptoFailed> {
        self.next(|fake| &mut fake.powers)?;
        if self.lies {
            power.fill(0xff);
            return Ok(());
        }
        // As an accelerator does that knows nothing of tables.
        Software.power(Base::number(&base.to_bytes()), exponent, power)
    }

    fn aes_ctr(&mut self, key: &[u8; 32], counter: &[u8; 16], data: &mut [u8]) -> Result<(), CryptoFailed> {
        self.next(|fake| &mut fake.key_streams)?;
        if self.lies {
            data.fill(0xff);
            return Ok(());
        }
        Software.aes_ctr(key, counter, data)
    }

    fn sha256(&mut self, data: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        self.next(|fake| &mut fake.hashes)?;
        if self.lies {
            return Ok([0xff; 32]);
        }
        Software.sha256(data)
    }
}

#[test]
fn another_implementation_gives_the_same_bytes() {
    let mut fake = Fake::default();
    vectors::device_replays_security1(&mut fake);
    assert_eq!(
        (fake.powers, fake.hashes),
        (0, 1),
        "one of the two recordings has a proof of possession"
    );
    assert!(fake.key_streams > 0);

    let mut fake = Fake::default();
    vectors::device_replays_security2(&mut fake);
    assert_eq!(
        (fake.powers, fake.hashes),
        (3 * 5, 0),
        "three powers for each of the five recordings"
    );
    assert!(fake.key_streams > 0);
}

/// The pieces in which the software has tables, and those for which it has none.
#[test]
fn a_power_does_not_depend_on_whether_there_is_a_table() {
    let mut random = seeded(11);
    let mut exponent = [0; 64];
    for len in [0, 1, 31, 32, 33, 64] {
        random.fill(&mut exponent);
        let exponent = exponent.get(..len).expect("not longer than the longest");
        let (mut by_table, mut plain) = ([0; 384], [0; 384]);
        Software.power(Base::GENERATOR, exponent, &mut by_table).unwrap();
        let five = Base::GENERATOR.to_bytes();
        Software.power(Base::number(&five), exponent, &mut plain).unwrap();
        assert_eq!(by_table, plain, "{len} bytes");
        assert!(by_table < *Base::MODULUS);
    }
}

#[test]
fn a_failure_ends_the_handshake_or_the_session_and_nothing_else() {
    for scheme in [1, 2] {
        let calls = run(scheme, &mut Fake::default()).expect("nothing fails");
        for fails_at in 1..=calls {
            let mut fake = Fake {
                fails_at: Some(fails_at),
                ..Fake::default()
            };
            assert_eq!(
                run(scheme, &mut fake),
                Err(device::Error::Crypto(CryptoFailed)),
                "call {fails_at}"
            );
        }
        assert!(calls > 3);
    }
}

/// A handshake and a request with its answer; then, on the same device, another handshake, which must do. Gives the
/// calls of the first part, or its failure.
fn run(scheme: u8, fake: &mut Fake) -> Result<usize, device::Error> {
    let mut random = seeded(5);
    let (security, client) = schemes(scheme);
    let mut device = device::Device::with_crypto(security, &mut *fake);
    device.open_session(id(1));
    let outcome = pair(&mut device, client, &mut random).and_then(|mut session| {
        let mut message = [7; 40];
        let sent = session.encrypt(&mut message, 20).expect("a usable session");
        let len = device.decrypt(id(1), &mut message[..sent])?.len();
        device.encrypt(id(1), &mut message, len).map(drop)
    });
    assert_eq!(device.is_established(), outcome.is_ok());
    drop(device);
    let calls = fake.calls();

    // A failure is over once it is reported: the count has passed it.
    let mut device = device::Device::with_crypto(security, &mut *fake);
    device.open_session(id(1));
    let mut session = pair(&mut device, client, &mut random).expect("it works again");
    echo(&mut device, &mut session, b"hello");
    outcome.map(|()| calls)
}

fn schemes(scheme: u8) -> (device::Security<'static>, client::Security<'static>) {
    match scheme {
        1 => (security1(), client1(POP)),
        _ => (security2(NonceRule::Counter), client2(PASSWORD, NonceRule::Counter)),
    }
}

#[test]
fn the_same_device_goes_on_after_a_failure() {
    let fake = Fake {
        fails_at: Some(2),
        ..Fake::default()
    };
    let mut random = seeded(6);
    let mut device = device::Device::with_crypto(security2(NonceRule::Counter), fake);
    device.open_session(id(1));
    let client = client2(PASSWORD, NonceRule::Counter);
    let failed = pair(&mut device, client, &mut random).err();
    assert_eq!(failed, Some(device::Error::Crypto(CryptoFailed)));
    assert_eq!(
        device.pending_work(),
        Some(device::Work::Ephemeral),
        "the key pair of the failed handshake is not used again"
    );
    let mut session = pair(&mut device, client, &mut random).expect("it works again");
    echo(&mut device, &mut session, b"hello");
}

#[test]
fn work_that_fails_stays_to_be_done() {
    let fake = Fake {
        fails_at: Some(1),
        ..Fake::default()
    };
    let mut random = seeded(7);
    let mut device = device::Device::with_crypto(security2(NonceRule::Counter), fake);
    device.work(&mut random);
    assert_eq!(device.pending_work(), Some(device::Work::Ephemeral));
    device.work(&mut random);
    assert_eq!(device.pending_work(), None);
}

#[test]
fn wrong_results_keep_everybody_out() {
    for scheme in [1, 2] {
        let (security, client) = schemes(scheme);
        let lying = Fake {
            lies: true,
            ..Fake::default()
        };
        let mut device = device::Device::with_crypto(security, lying);
        device.open_session(id(1));
        let mut random = seeded(8);
        let (handshake, command0) = start(client, &mut random);
        let response0 = super::ask(&mut device, &command0, &mut random).expect("nothing is compared yet");
        let mut command1 = [0; client::Handshake::MAX_MESSAGE];
        let client::Step::Send(_, len) = handshake.advance(&response0, &mut command1).expect("nor here") else {
            panic!("done too early");
        };
        let refused = super::ask(&mut device, &command1[..len], &mut random);
        assert_eq!(refused, Err(device::Error::WrongProof));
        assert!(!device.is_established());
    }
}

#[test]
fn the_self_test_finds_what_fails_or_lies() {
    /// Flips a bit of what the `nth` call gives.
    struct Slip {
        nth: usize,
        calls: usize,
    }
    impl Slip {
        fn on(&mut self, last: Option<&mut u8>) {
            self.calls += 1;
            if self.calls == self.nth {
                last.into_iter().for_each(|byte| *byte ^= 1);
            }
        }
    }
    impl Crypto for Slip {
        fn power(&mut self, base: Base<'_>, exponent: &[u8], power: &mut [u8; 384]) -> Result<(), CryptoFailed> {
            Software.power(base, exponent, power)?;
            self.on(power.last_mut());
            Ok(())
        }

        fn aes_ctr(&mut self, key: &[u8; 32], counter: &[u8; 16], data: &mut [u8]) -> Result<(), CryptoFailed> {
            Software.aes_ctr(key, counter, data)?;
            self.on(data.last_mut());
            Ok(())
        }

        fn sha256(&mut self, data: &[u8]) -> Result<[u8; 32], CryptoFailed> {
            let mut hash = Software.sha256(data)?;
            self.on(hash.last_mut());
            Ok(hash)
        }
    }
    let tested = |nth| {
        let mut slip = Slip { nth, calls: 0 };
        (self_test(&mut slip, &mut seeded(3)), slip.calls)
    };
    let (sound, calls) = tested(0);
    assert_eq!(sound, Ok(()));
    let mut fake = Fake::default();
    assert_eq!(self_test(&mut fake, &mut seeded(3)), Ok(()));
    assert_eq!(fake.calls(), calls);
    let (hashes, key_streams) = (fake.hashes, fake.key_streams);
    for nth in 1..=calls {
        let expected = if nth <= hashes {
            Err(SelfTestFailed::Hash)
        } else if nth > hashes + key_streams {
            Err(SelfTestFailed::Power)
        } else if (nth - hashes) % 7 == 1 {
            // No data, nothing to be wrong.
            Ok(())
        } else {
            Err(SelfTestFailed::KeyStream)
        };
        assert_eq!(tested(nth).0, expected, "call {nth}");
    }
    let mut failing = Fake {
        fails_at: Some(calls),
        ..Fake::default()
    };
    let failed = self_test(&mut failing, &mut seeded(3));
    assert_eq!(failed, Err(SelfTestFailed::Crypto(CryptoFailed)));
}
