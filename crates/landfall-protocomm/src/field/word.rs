use core::ops::{Add, AddAssign, Mul, Shl, Shr};

use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroize;

/// A machine word that holds one digit of a number: u64 where products have 128 bits, u32 elsewhere.
///
/// A digit is four bits shorter than its word, so that a whole column of products fits two words: with all the bits
/// in use each product would ask for a carry, which costs more than the few digits that this adds.
pub(crate) trait Word: Copy + 'static + From<u8> + ConditionallySelectable + ConstantTimeEq + Zeroize {
    /// Two words.
    type Wide: Copy
        + From<u8>
        + From<Self>
        + Add<Output = Self::Wide>
        + AddAssign
        + Mul<Output = Self::Wide>
        + Shl<u32, Output = Self::Wide>
        + Shr<u32, Output = Self::Wide>;

    /// Bits of a digit.
    const BITS: u32;
    /// 0.
    const ZERO: Self;

    /// The lowest digit.
    fn digit(wide: Self::Wide) -> Self;

    /// The lowest byte.
    fn byte(wide: Self::Wide) -> u8;

    /// The greatest digit less this one.
    fn complement(self) -> Self;
}

macro_rules! word {
    ($word:ty, $wide:ty) => {
        impl Word for $word {
            type Wide = $wide;

            const BITS: u32 = Self::BITS - 4;
            const ZERO: Self = 0;

            #[inline(always)]
            fn digit(wide: $wide) -> Self {
                wide as Self & (Self::MAX >> 4)
            }

            fn byte(wide: $wide) -> u8 {
                wide as u8
            }

            fn complement(self) -> Self {
                (Self::MAX >> 4) - self
            }
        }
    };
}

word!(u32, u64);
word!(u64, u128);
