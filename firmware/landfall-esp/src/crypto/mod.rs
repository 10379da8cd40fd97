//! The ESP32-C3's cryptographic peripherals behind the protocol's [`Crypto`].
//!
//! **This has never run on a chip.** It is compiled, and read against esp-hal's drivers and Espressif's reference manual.
//! Whoever switches it on runs [`self_test`] first: it compares every operation with the software. Tell us how it went.
//!
//! What the peripherals do: powers modulo the 3072-bit prime (RSA), AES-256 block by block (AES; counting and adding are
//! ours, GHASH is software, for the chip has no GCM), SHA-256 (SHA). The chip has no SHA-512, which security 2 needs for
//! small things, and no X25519.
//!
//! The software for what they do is not linked, so there is nothing to fall back to: a peripheral that does not answer
//! within [`PATIENCE`] fails the client's request. Waiting for the AES has no such end, because esp-hal's driver does
//! it; a watchdog has to see to that.
//!
//! Afterwards the peripherals' registers hold no secret. Numbers and keys are cleared by esp-hal's drivers, unless its
//! option `clear-crypto-secrets` was switched off: leave it on. What it leaves (the last block of a key stream, and of what
//! was hashed with its hash) is overwritten here, with zeros encrypted and hashed. But a power that never came to its end
//! leaves its numbers in the RSA's memory until the chip is reset.

mod radix;

use core::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use esp_hal::{
    Async,
    aes::Aes,
    peripherals::{AES, RSA, SHA},
    rsa::{Rsa, RsaModularExponentiation, operand_sizes::Op3072},
    sha::{Sha, Sha256},
    time::{Duration, Instant},
};
use landfall_protocomm::{Base, Crypto, CryptoFailed};
pub use landfall_protocomm::{SelfTestFailed, self_test};
use zeroize::Zeroizing;

/// Much longer than any operation should take; how long they take was never measured.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// The ESP32-C3's RSA, AES and SHA peripherals. See the [module](self) for what was and was not tried.
pub struct C3Crypto<'d> {
    rsa: Rsa<'d, Async>,
    aes: Aes<'d>,
    sha: Sha<'d>,
    /// The RSA peripheral did not come to an end once, and may be writing still: it is never asked again.
    rsa_hangs: bool,
}

impl<'d> C3Crypto<'d> {
    /// Takes the three peripherals. Waits until the RSA's memory is ready.
    pub fn new(rsa: RSA<'d>, aes: AES<'d>, sha: SHA<'d>) -> Self {
        let mut rsa = Rsa::new(rsa);
        // Zero bits above the exponent's first are public (see `Crypto`); without this a power of 256 bits takes as long
        // as one of 3072. The register for constant time is left as it is after reset: on.
        rsa.search_acceleration(true);
        Self {
            rsa: rsa.into_async(),
            aes: Aes::new(aes),
            sha: Sha::new(sha),
            rsa_hangs: false,
        }
    }
}

impl Crypto for C3Crypto<'_> {
    fn power(&mut self, base: Base<'_>, exponent: &[u8], power: &mut [u8; 384]) -> Result<(), CryptoFailed> {
        let base = Zeroizing::new(words(&*Zeroizing::new(base.to_bytes())));
        let exponent = Zeroizing::new(words(exponent));
        let mut result = Zeroizing::new([0; WORDS]);
        if self.rsa_hangs {
            return Err(CryptoFailed);
        }
        let mut operation =
            RsaModularExponentiation::<Op3072, _>::new(&mut self.rsa, &exponent, &words(Base::MODULUS), M_PRIME);
        let done = wait_for(operation.exponentiation(&base, &radix::RADIX_SQUARED, &mut result));
        self.rsa_hangs = done.is_err();
        done?;
        for (bytes, word) in power.rchunks_exact_mut(4).zip(result.iter()) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        Ok(())
    }

    fn aes_ctr(&mut self, key: &[u8; 32], counter: &[u8; 16], data: &mut [u8]) -> Result<(), CryptoFailed> {
        let mut counter = u128::from_be_bytes(*counter);
        for piece in data.chunks_mut(16) {
            let mut block = Zeroizing::new(counter.to_be_bytes());
            self.aes.encrypt(&mut block, *key);
            piece
                .iter_mut()
                .zip(block.iter())
                .for_each(|(byte, mask)| *byte ^= mask);
            counter = counter.wrapping_add(1);
        }
        self.aes.encrypt(&mut [0; 16], [0_u8; 32]);
        Ok(())
    }

    fn sha256(&mut self, data: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        let hash = self.hash(data)?;
        // With its padding it fills the memory for blocks twice.
        self.hash(&[0; 64])?;
        Ok(hash)
    }
}

impl C3Crypto<'_> {
    fn hash(&mut self, data: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        let mut digest = self.sha.start::<Sha256>();
        let begun = Instant::now();
        let mut rest = data;
        while !rest.is_empty() {
            match digest.update(rest) {
                Ok(left) => rest = left,
                // Busy, the driver's only error.
                Err(_) => give_up_after(begun)?,
            }
        }
        let mut hash = [0; 32];
        while digest.finish(&mut hash).is_err() {
            give_up_after(begun)?;
        }
        Ok(hash)
    }
}

/// -1/N modulo a word: N's lowest word has all bits set.
const M_PRIME: u32 = 1;

/// Words of a number modulo N.
const WORDS: usize = 384 / 4;

/// A big-endian number of at most 384 bytes in the peripheral's words, the lowest first.
fn words(bytes: &[u8]) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.rchunks(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    words
}

/// Asks the operation again and again, for [`Crypto`] is not async. Interrupts go on meanwhile.
fn wait_for(operation: impl Future<Output = ()>) -> Result<(), CryptoFailed> {
    let mut operation = pin!(operation);
    let mut context = Context::from_waker(Waker::noop());
    let begun = Instant::now();
    while let Poll::Pending = operation.as_mut().poll(&mut context) {
        give_up_after(begun)?;
    }
    Ok(())
}

fn give_up_after(begun: Instant) -> Result<(), CryptoFailed> {
    if begun.elapsed() < PATIENCE {
        Ok(())
    } else {
        Err(CryptoFailed)
    }
}
