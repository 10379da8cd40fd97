//! Combs: powers of a base, worked out once, with which any other power takes a fraction of the squarings.
//!
//! A comb deals the exponent's bits to its teeth, `spacing` bits each. The bits that the teeth hold in one column pick
//! one of the powers, so that a column costs a squaring and a product, however many teeth there are.

use subtle::ConstantTimeEq;

use super::{Element, modulus::Modulus};

/// The bits of `exponent`, big-endian, that so many teeth hold: those at `first` and every `spacing` above it.
///
/// The positions are public, the bits are not.
pub(crate) fn digit(exponent: &[u8], first: usize, spacing: usize, teeth: usize) -> u8 {
    let bit = |position: usize| {
        let byte = exponent.iter().nth_back(position / 8).copied().unwrap_or(0);
        byte >> (position % 8) & 1
    };
    (0..teeth).map(|tooth| bit(first + tooth * spacing) << tooth).sum()
}

impl<W: Modulus<N>, const N: usize> Element<W, N> {
    /// Fills a comb with the powers of `base`, for `spacing` bits a tooth.
    ///
    /// At index i - 1 comes the product of base^(2^(spacing · j)) over the bits j that are set in i.
    pub(crate) fn comb(mut base: Self, spacing: usize, powers: &mut [Self]) {
        let mut filled = 0;
        while filled < powers.len() {
            let (below, from) = powers.split_at_mut(filled);
            let Some((power, above)) = from.split_first_mut() else {
                break;
            };
            power.clone_from(&base);
            for (product, factor) in above.iter_mut().zip(below) {
                product.set_product(factor, &base);
            }
            filled = 2 * filled + 1;
            if filled < powers.len() {
                (0..spacing).for_each(|_| base.square());
            }
        }
    }

    /// Multiplies by the power that a comb's digit picks, 1 for the digit 0: every one is read, since the digit is secret.
    #[inline(never)]
    pub(super) fn mul_selected(&mut self, powers: &[Self], digit: u8) {
        let mut selected = Self::ONE;
        for (power, position) in powers.iter().zip(1u8..) {
            let chosen = position.ct_eq(&digit);
            for (word, from) in selected.0.iter_mut().zip(&power.0) {
                word.conditional_assign(from, chosen);
            }
        }
        self.mul_assign(&selected);
    }
}
