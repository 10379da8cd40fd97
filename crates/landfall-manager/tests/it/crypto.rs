//! A manager on a chip whose accelerators do not answer.

use landfall_manager::{Config, Manager, Output};
use landfall_protocomm::{
    Base, Crypto, CryptoFailed, Instant, NonceRule,
    device::{Security, Work},
    srp::{Verifier, VerifierTable},
};

struct Dead;

impl Crypto for Dead {
    fn power(&mut self, _: Base<'_>, _: &[u8], _: &mut [u8; 384]) -> Result<(), CryptoFailed> {
        Err(CryptoFailed)
    }

    fn aes_ctr(&mut self, _: &[u8; 32], _: &[u8; 16], _: &mut [u8]) -> Result<(), CryptoFailed> {
        Err(CryptoFailed)
    }

    fn sha256(&mut self, _: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        Err(CryptoFailed)
    }
}

#[test]
fn work_that_cannot_be_done_is_offered_once() {
    let table = VerifierTable::new(&[5]).expect("5 is a verifier");
    let security = Security::Security2 {
        verifier: Verifier::new(&[1; 16], &table).expect("a good salt"),
        nonce_rule: NonceRule::Counter,
    };
    let manager: Result<Manager<'_, 16, Dead>, _> = Manager::with_crypto(security, Config::default(), Dead);
    let mut manager = manager.expect("a good configuration");
    manager.start(Instant::ZERO).expect("it is idle");
    let mut offered = 0;
    // Far more than there is to say.
    for _ in 0..100 {
        match manager.poll() {
            Output::WakeAt(_) => break,
            Output::Work(work) => {
                assert_eq!(work, Work::Ephemeral);
                offered += 1;
                manager.work(&mut |bytes: &mut [u8]| bytes.fill(7));
            }
            _ => {}
        }
    }
    assert!(
        matches!(manager.poll(), Output::WakeAt(_)),
        "the outputs come to an end"
    );
    assert_eq!(offered, 1);
}
