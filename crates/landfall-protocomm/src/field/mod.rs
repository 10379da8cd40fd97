//! Integers modulo the 3072-bit prime of the protocol's group, in constant time.
//!
//! Our own rather than a general library's, for small chips: the prime is fixed, a product needs no memory but its
//! result's, and the base 5 is multiplied as the small number it is.

mod comb;
mod generator;
mod modulus;
mod montgomery;
mod precomputed_32;
mod precomputed_64;
#[cfg(test)]
mod tests;
mod word;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

pub(crate) use comb::digit;
use modulus::Modulus;
pub(crate) use modulus::{PRIME, hex};

/// The field in this machine's words.
#[cfg(target_pointer_width = "64")]
pub(crate) type FieldElement = Element<u64, 52>;
/// The field in this machine's words.
#[cfg(not(target_pointer_width = "64"))]
pub(crate) type FieldElement = Element<u32, 110>;

/// Bytes of a number modulo N.
pub(crate) const BYTES: usize = 384;

/// A number modulo N, wiped when dropped.
///
/// Held in Montgomery's form, times R modulo N, in `N` digits with the lowest first. The digits' number is below 2 N,
/// which is all that the operations need; where it matters which of the two it is, [`Element::to_bytes`] decides.
#[derive(Clone)]
pub(crate) struct Element<W: Modulus<N>, const N: usize>([W; N]);

impl<W: Modulus<N>, const N: usize> Element<W, N> {
    /// 1.
    pub(crate) const ONE: Self = Self(W::RADIX);

    /// 0.
    pub(crate) const ZERO: Self = Self([W::ZERO; N]);

    /// Bits that the digits have above 2^3072.
    const SPARE: u32 = W::BITS * N as u32 - 8 * BYTES as u32;

    /// Reads a big-endian number and reduces it modulo N.
    pub(crate) fn from_bytes(bytes: &[u8; BYTES]) -> Self {
        // Any number of so many bytes is below 2 N.
        let mut element = Self::ZERO;
        let mut digits = element.0.iter_mut();
        let (mut bits, mut buffer) = (0, W::Wide::from(W::ZERO));
        for byte in bytes.iter().rev() {
            buffer += W::Wide::from(*byte) << bits;
            bits += 8;
            if bits >= W::BITS {
                digits.by_ref().take(1).for_each(|digit| *digit = W::digit(buffer));
                buffer = buffer >> W::BITS;
                bits -= W::BITS;
            }
        }
        digits.take(1).for_each(|digit| *digit = W::digit(buffer));
        element.mul_assign(W::RADIX_SQUARED);
        element
    }

    /// The number, below N, big-endian.
    pub(crate) fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        self.write(&mut bytes);
        bytes
    }

    /// Writes the number, below N, big-endian.
    #[inline(never)]
    pub(crate) fn write(&self, bytes: &mut [u8; BYTES]) {
        let mut one = Self::ZERO;
        one.0[0] = W::from(1);
        let mut number = Self::ZERO;
        number.set_product(self, &one);
        number.reduce();
        let mut digits = number.0.iter();
        let (mut bits, mut buffer) = (0, W::Wide::from(W::ZERO));
        for byte in bytes.iter_mut().rev() {
            if bits < 8 {
                buffer += W::Wide::from(digits.next().copied().unwrap_or(W::ZERO)) << bits;
                bits += W::BITS;
            }
            *byte = W::byte(buffer);
            buffer = buffer >> 8;
            bits -= 8;
        }
    }

    /// Whether the number is 0.
    pub(crate) fn is_zero(&self) -> bool {
        self.equals(&Self::ZERO)
    }

    /// Whether the number is 1.
    pub(crate) fn is_one(&self) -> bool {
        self.equals(&Self::ONE)
    }

    /// Adds.
    pub(crate) fn add_assign(&mut self, other: &Self) {
        self.carry(W::ZERO, |index, word| word + W::Wide::from(other.0[index]));
        self.fold();
    }

    /// Subtracts.
    pub(crate) fn sub_assign(&mut self, other: &Self) {
        // 2 N keeps it positive. The digits' complements and 1 more are R less the number; the R is carried away.
        self.carry(W::from(1), |index, word| {
            let modulus = W::Wide::from(W::MODULUS[index]);
            word + modulus + modulus + W::Wide::from(other.0[index].complement())
        });
        self.fold();
    }

    /// Multiplies.
    #[inline(never)]
    pub(crate) fn mul_assign(&mut self, other: &Self) {
        let mut product = Self::ZERO;
        product.set_product(self, other);
        self.0 = product.0;
    }

    /// Squares.
    #[inline(never)]
    pub(crate) fn square(&mut self) {
        let mut square = Self::ZERO;
        W::square(&self.0, &mut square.0);
        self.0 = square.0;
    }

    /// Raises to `exponent`, big-endian, in a time that depends on its length only.
    ///
    /// `POWERS` are kept on the stack, 416 to 440 bytes each: 7 for windows of 3 bits, 15 for windows of 4, which save
    /// 5 percent of the time.
    #[inline(never)]
    pub(crate) fn pow<const POWERS: usize>(&mut self, exponent: &[u8]) {
        let width = (POWERS + 1).ilog2() as usize;
        let mut powers = [const { Self::ZERO }; POWERS];
        if let [first, others @ ..] = &mut powers[..] {
            first.0 = self.0;
            let mut below = first;
            for power in others {
                power.set_product(below, self);
                below = power;
            }
        }
        self.0 = W::RADIX;
        for window in (0..(exponent.len() * 8).div_ceil(width)).rev() {
            (0..width).for_each(|_| self.square());
            self.mul_selected(&powers, digit(exponent, window * width, 1, width));
        }
    }

    /// Becomes the product of two others.
    fn set_product(&mut self, left: &Self, right: &Self) {
        W::multiply(&left.0, &right.0, &mut self.0);
    }

    /// Multiplies by a number of at most 7 bits: R has 8 more than N.
    fn mul_small(&mut self, factor: u8) {
        self.carry(W::ZERO, |_, word| word * W::Wide::from(factor));
        self.fold();
    }

    /// Reduces any number below R to less than 2 N.
    fn fold(&mut self) {
        // What is above 2^3072 comes back as a multiple of 2^3072 - N. That is below 2^3008, so the sum is below 2 N.
        let above = self.split_above();
        self.carry(W::ZERO, |index, word| {
            word + W::Wide::from(W::COMPLEMENT[index]) * above
        });
    }

    /// Whether both are the same number modulo N.
    fn equals(&self, reduced: &Self) -> bool {
        let mut number = self.clone();
        number.reduce();
        number.0.ct_eq(&reduced.0).into()
    }

    /// Brings the digits' number below N.
    fn reduce(&mut self) {
        // Subtracting N is adding 2^3072 - N and taking 2^3072 away, which is there if the number reached N.
        let mut sum = W::Wide::from(W::ZERO);
        for (digit, complement) in self.0.iter().zip(W::COMPLEMENT) {
            sum = (sum >> W::BITS) + W::Wide::from(*digit) + W::Wide::from(*complement);
        }
        let reached = sum >> (W::BITS - Self::SPARE);
        self.carry(W::ZERO, |index, word| {
            word + W::Wide::from(W::COMPLEMENT[index]) * reached
        });
        self.split_above();
    }

    /// Replaces each digit by what `sum` gives for its index and value, and carries.
    #[inline(always)]
    fn carry(&mut self, carry: W, sum: impl Fn(usize, W::Wide) -> W::Wide) {
        let mut carry = W::Wide::from(carry);
        for (index, word) in self.0.iter_mut().enumerate() {
            let sum = sum(index, W::Wide::from(*word)) + carry;
            *word = W::digit(sum);
            carry = sum >> W::BITS;
        }
    }

    /// Takes away what is above 2^3072 and gives it.
    fn split_above(&mut self) -> W::Wide {
        // The highest digit has some bits below; they are pushed to its upper end and back.
        let highest = W::Wide::from(self.0[N - 1]);
        self.0[N - 1] = W::digit(W::Wide::from(W::digit(highest << Self::SPARE)) >> Self::SPARE);
        highest >> (W::BITS - Self::SPARE)
    }
}

impl<W: Modulus<N>, const N: usize> Drop for Element<W, N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
