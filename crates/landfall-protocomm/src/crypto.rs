//! The seam between the protocol and what computes for it: the chip's accelerators, or [`Software`].

use aes::{
    Aes256, Block,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::{
    field::{BYTES, FieldElement, PRIME},
    srp::VerifierTable,
};

mod self_test;

pub use self_test::{SelfTestFailed, self_test};

/// The heavy work of a device, as far as chips have peripherals for it.
///
/// Implement it for a chip whose accelerators shall do this work, and give it to
/// [`Device::with_crypto`](crate::device::Device::with_crypto). Everybody else leaves it alone: [`Software`] is what
/// [`Device::new`](crate::device::Device::new) takes, and clients always do. Where a device is only made with another
/// implementation, the linker drops the software's tables and ciphers.
///
/// It is as narrow as the protocol: no SHA-512, which small chips cannot compute in hardware (the ESP32-C3's
/// peripheral ends at SHA-256); no products of single numbers, which cost a chip less than carrying them to a
/// peripheral; no GHASH, which AES peripherals lack (GCM is made here, of the key stream); no X25519, since chips'
/// elliptic curve peripherals know other curves.
///
/// # What must hold
/// * The results are those of [`Software`], bit for bit: the other end computes the same.
/// * The time, and which addresses are touched, depends on no secret: neither base, exponent, key nor data. Public are
///   lengths, how many zero bits an exponent begins with (a private one with none), and the exponents of
///   [`Base::verifier`].
/// * Nothing secret stays behind in a peripheral's registers, as far as the chip lets one clear them.
/// * A peripheral that does not answer must not hang the device: give up after a while and return [`CryptoFailed`], or
///   do the same work with [`Software`]. After an error the outputs' contents do not matter; the device refuses the
///   message and ends the handshake or the session.
///
/// Results that are wrong without an error keep honest clients out, for neither proof nor tag comes out right. So compare
/// an implementation with [`Software`] on the very chip before trusting it: [`self_test()`].
pub trait Crypto {
    /// Raises `base` to `exponent`, big-endian and at most 64 bytes, modulo [`Base::MODULUS`]; writes the number below
    /// the modulus, big-endian, into `power`.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    fn power(&mut self, base: Base<'_>, exponent: &[u8], power: &mut [u8; 384]) -> Result<(), CryptoFailed>;

    /// Adds (xor) to `data` the AES-256 key stream that begins with `counter` encrypted. Each further 16 bytes take the
    /// next counter; it is one big-endian number of 128 bits that wraps.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    fn aes_ctr(&mut self, key: &[u8; 32], counter: &[u8; 16], data: &mut [u8]) -> Result<(), CryptoFailed>;

    /// SHA-256 of `data`.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    fn sha256(&mut self, data: &[u8]) -> Result<[u8; 32], CryptoFailed>;
}

impl<C: Crypto + ?Sized> Crypto for &mut C {
    fn power(&mut self, base: Base<'_>, exponent: &[u8], power: &mut [u8; 384]) -> Result<(), CryptoFailed> {
        (**self).power(base, exponent, power)
    }

    fn aes_ctr(&mut self, key: &[u8; 32], counter: &[u8; 16], data: &mut [u8]) -> Result<(), CryptoFailed> {
        (**self).aes_ctr(key, counter, data)
    }

    fn sha256(&mut self, data: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        (**self).sha256(data)
    }
}

/// An accelerator that gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic accelerator does not answer")]
pub struct CryptoFailed;

/// A number to be raised to a power, modulo the 3072-bit prime of the protocol's group.
///
/// It hides which number it is, because [`Software`] has tables for those that are the same in every handshake.
#[derive(Clone, Copy)]
pub struct Base<'a>(Kind<'a>);

#[derive(Clone, Copy)]
enum Kind<'a> {
    Generator,
    Verifier(&'a VerifierTable),
    Number(&'a [u8; BYTES]),
}

impl<'a> Base<'a> {
    /// The modulus, big-endian: N of RFC 5054's 3072-bit group (spec protocol.md 6.1).
    pub const MODULUS: &'static [u8; 384] = &PRIME;

    /// The group's generator, 5.
    pub const GENERATOR: Self = Self(Kind::Generator);

    /// The verifier that `table` was made of.
    pub fn verifier(table: &'a VerifierTable) -> Self {
        Self(Kind::Verifier(table))
    }

    /// A number below [`Base::MODULUS`], big-endian.
    pub fn number(number: &'a [u8; 384]) -> Self {
        Self(Kind::Number(number))
    }

    /// The number, big-endian. It may be a secret: wipe it.
    pub fn to_bytes(self) -> [u8; 384] {
        match self.0 {
            Kind::Generator => {
                let mut generator = [0; BYTES];
                generator[BYTES - 1] = 5;
                generator
            }
            Kind::Verifier(table) => table.verifier().to_bytes(),
            Kind::Number(number) => *number,
        }
    }
}

/// What a device computes with unless it is given accelerators: RustCrypto's ciphers, and our own arithmetic modulo
/// the group's prime.
#[derive(Debug, Clone, Copy, Default)]
pub struct Software;

impl Crypto for Software {
    fn power(&mut self, base: Base<'_>, exponent: &[u8], power: &mut [u8; 384]) -> Result<(), CryptoFailed> {
        match (base.0, exponent.try_into(), exponent.try_into()) {
            (Kind::Generator, Ok(private), _) => generator_power(private, power),
            (Kind::Verifier(table), _, Ok(hash)) => table.pow(hash, power),
            _ => {
                *power = base.to_bytes();
                raise(power, exponent);
            }
        }
        Ok(())
    }

    fn aes_ctr(&mut self, key: &[u8; 32], counter: &[u8; 16], data: &mut [u8]) -> Result<(), CryptoFailed> {
        let cipher = Aes256::new(key.into());
        let mut counter = u128::from_be_bytes(*counter);
        // One by one: what encrypts several blocks together is as much code again, for messages of a few blocks.
        for piece in data.chunks_mut(16) {
            let mut block: Block = counter.to_be_bytes().into();
            cipher.encrypt_block(&mut block);
            piece.iter_mut().zip(&block).for_each(|(byte, mask)| *byte ^= mask);
            block.zeroize();
            counter = counter.wrapping_add(1);
        }
        Ok(())
    }

    fn sha256(&mut self, data: &[u8]) -> Result<[u8; 32], CryptoFailed> {
        Ok(Sha256::digest(data).into())
    }
}

// Apart from each other, so that the stack only ever holds what one of them needs.

#[inline(never)]
fn generator_power(exponent: &[u8; 32], power: &mut [u8; BYTES]) {
    FieldElement::generator_power(exponent).write(power);
}

/// Raises a number for which there is no table.
#[inline(never)]
fn raise(number: &mut [u8; BYTES], exponent: &[u8]) {
    let mut power = FieldElement::from_bytes(number);
    power.pow::<7>(exponent);
    power.write(number);
}
