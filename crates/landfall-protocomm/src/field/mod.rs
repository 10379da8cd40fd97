//! Integers modulo the 3072-bit prime of the protocol's group, in constant time.
//!
//! Our own rather than a general library's, for small chips: the prime is fixed, a product needs no memory but its
//! result's, and the base 5 is multiplied as the small number it is.

mod modulus;
mod montgomery;
#[cfg(test)]
mod tests;
mod word;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use modulus::Modulus;
#[cfg(test)]
pub(crate) use modulus::PRIME;
pub(crate) use modulus::hex;

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
/// which is all that the operations need; where it matters which of the two it is, [`Element::canonical`] decides.
#[derive(Clone)]
pub(crate) struct Element<W: Modulus<N>, const N: usize>([W; N]);

impl<W: Modulus<N>, const N: usize> Element<W, N> {
    /// 1.
    pub(crate) const ONE: Self = Self(W::RADIX);

    const ZERO: Self = Self([W::ZERO; N]);

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
        element.mul_assign(&Self::radix());
        element
    }

    /// Writes the number, below N, big-endian.
    pub(crate) fn to_bytes(&self) -> [u8; BYTES] {
        let mut number = Self::ZERO;
        number.0[0] = W::from(1);
        number.mul_assign(self);
        let number = number.canonical();
        let mut digits = number.0.iter();
        let (mut bits, mut buffer) = (0, W::Wide::from(W::ZERO));
        let mut bytes = [0; BYTES];
        for byte in bytes.iter_mut().rev() {
            if bits < 8 {
                buffer += W::Wide::from(digits.next().copied().unwrap_or(W::ZERO)) << bits;
                bits += W::BITS;
            }
            *byte = W::byte(buffer);
            buffer = buffer >> 8;
            bits -= 8;
        }
        bytes
    }

    /// Whether the number is 0.
    pub(crate) fn is_zero(&self) -> bool {
        self.canonical().0.ct_eq(&Self::ZERO.0).into()
    }

    /// Whether the number is 1.
    pub(crate) fn is_one(&self) -> bool {
        self.canonical().0.ct_eq(&Self::ONE.0).into()
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
    pub(crate) fn mul_assign(&mut self, other: &Self) {
        let mut product = Self::ZERO;
        montgomery::multiply(&self.0, &other.0, &mut product.0);
        self.0 = product.0;
    }

    /// Squares.
    pub(crate) fn square(&mut self) {
        let mut square = Self::ZERO;
        montgomery::square(&self.0, &mut square.0);
        self.0 = square.0;
    }

    /// Raises to `exponent`, big-endian, in a time that depends on its length only.
    ///
    /// Windows of 3 bits: their 8 powers take 3 KB of stack. Windows of 4 would take twice that, which a chip may not
    /// have to spare, to save 4 percent of the time.
    pub(crate) fn pow(&mut self, exponent: &[u8]) {
        let mut powers = [Self::ONE; 8];
        for (index, base) in [&*self; 7].into_iter().enumerate() {
            let mut power = powers[index].clone();
            power.mul_assign(base);
            powers[index + 1] = power;
        }
        *self = Self::ONE;
        for window in (0..(exponent.len() * 8).div_ceil(3)).rev() {
            (0..3).for_each(|_| self.square());
            self.mul_assign(&Self::select(&powers, digit(exponent, window)));
        }
    }

    /// Raises the group's generator, 5, to `exponent`, big-endian, in a time that depends on its length only.
    pub(crate) fn generator_power(exponent: &[u8]) -> Self {
        let mut power = Self::ONE;
        for byte in exponent {
            for shift in [6, 4, 2, 0] {
                power.square();
                power.square();
                // 1, 5, 25 or 125: without a branch.
                let (low, high) = (byte >> shift & 1, byte >> (shift + 1) & 1);
                power.mul_small((1 + 4 * low) * (1 + 24 * high));
            }
        }
        power
    }

    /// R, whose form is R^2 modulo N.
    fn radix() -> Self {
        // In either word, R's bits are a multiple of 40: (2^5)^(bits / 40), squared 3 times.
        let mut radix = Self::ONE;
        (0..N * W::BITS as usize / 40).for_each(|_| radix.mul_small(1 << 5));
        (0..3).for_each(|_| radix.square());
        radix
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

    /// The same number below N.
    fn canonical(&self) -> Self {
        // Subtracting N is adding 2^3072 - N and taking 2^3072 away, which is there if the number reached N.
        let mut subtracted = self.clone();
        subtracted.carry(W::ZERO, |index, word| word + W::Wide::from(W::COMPLEMENT[index]));
        let reached = W::digit(subtracted.split_above()).ct_eq(&W::from(1));
        let mut canonical = self.clone();
        for (word, subtracted) in canonical.0.iter_mut().zip(&subtracted.0) {
            word.conditional_assign(subtracted, reached);
        }
        canonical
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
        let spare = W::BITS * N as u32 - 8 * BYTES as u32;
        let highest = W::Wide::from(self.0[N - 1]);
        self.0[N - 1] = W::digit(W::Wide::from(W::digit(highest << spare)) >> spare);
        highest >> (W::BITS - spare)
    }

    /// The element at a secret index: every one is read.
    fn select(elements: &[Self], index: u8) -> Self {
        let mut selected = Self::ZERO;
        for (element, position) in elements.iter().zip(0u8..) {
            let chosen = position.ct_eq(&index);
            for (word, from) in selected.0.iter_mut().zip(&element.0) {
                word.conditional_assign(from, chosen);
            }
        }
        selected
    }
}

impl<W: Modulus<N>, const N: usize> Drop for Element<W, N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The three bits of `exponent` (big-endian) from bit `3 * window` on. The position is public, the bits are not.
fn digit(exponent: &[u8], window: usize) -> u8 {
    let position = 3 * window;
    let byte = |index| exponent.iter().nth_back(index).map_or(0, |byte| u16::from(*byte));
    let bits = byte(position / 8 + 1) << 8 | byte(position / 8);
    (bits >> (position % 8) & 7) as u8
}
