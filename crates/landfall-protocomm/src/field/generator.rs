use super::{Element, comb::digit, modulus::Modulus};

impl<W: Modulus<N>, const N: usize> Element<W, N> {
    /// Raises the group's generator, 5, to `exponent`, big-endian, in constant time.
    pub(crate) fn generator_power<const LENGTH: usize>(exponent: &[u8; LENGTH]) -> Self {
        match W::COMBS {
            Some(combs) => Self::combed_generator_power(combs, exponent),
            None => Self::plain_generator_power(exponent),
        }
    }

    /// By a comb of nine teeth. The lowest tooth's power is 5, which is multiplied as the small number it is. Four
    /// more share the first of `combs`: together they hold a private exponent, 256 bits, which is all that a device
    /// raises 5 to. The other four share the second, which is linked only where x, 512 bits, is used. It
    /// takes 6 KB; a single comb with longer teeth would serve both powers of a client in 1.4 times the time.
    fn combed_generator_power<const LENGTH: usize>(
        [low_comb, high_comb]: [&[Self; COMB]; 2],
        exponent: &[u8; LENGTH],
    ) -> Self {
        const { assert!(8 * LENGTH <= (1 + 2 * TEETH) * SPACING) };
        let mut power = Self::ONE;
        for column in (0..SPACING).rev() {
            power.square();
            power.mul_small(1 + 4 * digit(exponent, column, SPACING, 1));
            let low = digit(exponent, column + LOW, SPACING, TEETH);
            power.mul_selected(low_comb, low);
            if 8 * LENGTH > HIGH {
                let high = digit(exponent, column + HIGH, SPACING, TEETH);
                power.mul_selected(high_comb, high);
            }
        }
        power
    }

    /// Bit by bit, for chips with little flash: a squaring each, since multiplying 5 costs next to nothing.
    fn plain_generator_power(exponent: &[u8]) -> Self {
        let mut power = Self::ONE;
        for position in (0..8 * exponent.len()).rev() {
            power.square();
            power.mul_small(1 + 4 * digit(exponent, position, 1, 1));
        }
        power
    }
}

/// Powers in each of the generator's combs.
pub(super) const COMB: usize = (1 << TEETH) - 1;

/// Teeth of each comb.
const TEETH: usize = 4;

/// Bits for each tooth: 9 teeth hold 512 bits, 5 teeth hold 256.
pub(super) const SPACING: usize = 57;

/// The lowest bit of the low comb.
pub(super) const LOW: usize = SPACING;

/// The lowest bit of the high comb.
pub(super) const HIGH: usize = LOW + TEETH * SPACING;
