//! Montgomery's product by columns: each digit of the result is finished before the next is begun, in a sum of two
//! words. The only memory is the result's own: it holds the multiples of N that clear the lower columns until their
//! places are needed.
//!
//! R is at least 256 N. So factors below 2 N give a product below 2 N, and nothing has to be subtracted in the end.

use core::ops::Range;

use super::{modulus::Modulus, word::Word};

/// `left * right / R` in `product`, below 2 N if both are.
#[inline(never)]
pub(super) fn multiply<W: Modulus<N>, const N: usize>(left: &[W; N], right: &[W; N], product: &mut [W; N]) {
    columns(product, |column| {
        let digits = in_column::<N>(column);
        products(&left[digits.clone()], &right[digits])
    });
}

/// `number * number / R` in `square`, below 2 N if the number is: with half the products of [`multiply`].
#[inline(never)]
pub(super) fn square<W: Modulus<N>, const N: usize>(number: &[W; N], square: &mut [W; N]) {
    columns(square, |column| {
        let digits = &number[in_column::<N>(column)];
        let pairs = digits.len() / 2;
        let crossed = products(&digits[..pairs], &digits[digits.len() - pairs..]);
        // Every other column has a middle, a digit times itself. Its position is no secret.
        let middle = if column % 2 == 0 { number[column / 2] } else { W::ZERO };
        crossed + crossed + W::Wide::from(middle) * W::Wide::from(middle)
    });
}

/// Divides by R the number whose columns are given by `column_sum`.
#[inline(always)]
fn columns<W: Modulus<N>, const N: usize>(result: &mut [W; N], column_sum: impl Fn(usize) -> W::Wide) {
    // Digits are four bits shorter than words: two words hold the sum of 255 products and what is carried.
    const { assert!(2 * N < 255) };
    let modulus = W::MODULUS;
    let mut sum = W::Wide::from(W::ZERO);
    for column in 0..N {
        sum += column_sum(column) + products(&result[..column], &modulus[1..=column]);
        // The multiple of N that clears this column: the column's digit times -1/N, which is 1.
        let multiple = W::digit(sum);
        result[column] = multiple;
        sum += W::Wide::from(multiple) * W::Wide::from(modulus[0]);
        sum = sum >> W::BITS;
    }
    for column in N..2 * N - 1 {
        let digits = in_column::<N>(column);
        sum += column_sum(column) + products(&result[digits.clone()], &modulus[digits]);
        result[column - N] = W::digit(sum);
        sum = sum >> W::BITS;
    }
    result[N - 1] = W::digit(sum);
}

/// The digits of either factor that take part in a column; each meets its partner from the other end.
#[inline(always)]
fn in_column<const N: usize>(column: usize) -> Range<usize> {
    if column < N { 0..column + 1 } else { column + 1 - N..N }
}

/// The sum of the products of the digits of `upward` with those of `downward` taken from its end; equal lengths.
#[inline(always)]
fn products<W: Word>(upward: &[W], downward: &[W]) -> W::Wide {
    let mut sum = W::Wide::from(W::ZERO);
    let (upward, upper_rest) = upward.as_chunks::<UNROLLED>();
    let (lower_rest, downward) = downward.as_rchunks::<UNROLLED>();
    for (upward, downward) in upward.iter().zip(downward.iter().rev()) {
        for (left, right) in upward.iter().zip(downward.iter().rev()) {
            sum += W::Wide::from(*left) * W::Wide::from(*right);
        }
    }
    for (left, right) in upper_rest.iter().zip(lower_rest.iter().rev()) {
        sum += W::Wide::from(*left) * W::Wide::from(*right);
    }
    sum
}

/// Products in one turn of the inner loop: with one only, half of the time goes into counting.
const UNROLLED: usize = 8;
