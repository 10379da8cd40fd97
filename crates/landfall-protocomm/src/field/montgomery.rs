//! Montgomery's product by columns: each digit of the result is finished before the next is begun, in sums of two
//! words. The only memory is the result's own: it holds the multiples of N that clear the lower columns until their
//! places are needed.
//!
//! `T` columns are summed together, which are a block of digits of the result. Their sums stay in registers, and each
//! digit of one factor meets `T` neighbours of the other: a loop without a rest, and a `T`th as many ends of loops to
//! predict as with single columns.
//!
//! R is at least 256 N. So factors below 2 N give a product below 2 N, and nothing has to be subtracted in the end.

use super::{modulus::Modulus, word::Word};

/// Repeats for each constant `$index` below `$end`, which is at most 5.
macro_rules! unrolled {
    ($index:ident < $end:ident, $body:block) => {
        unrolled!($index < $end, $body, 0 1 2 3 4)
    };
    ($index:ident < $end:ident, $body:block, $($value:literal)*) => {$({
        const $index: usize = $value;
        if $index < $end $body
    })*};
}

/// `left * right / R` in `product`, below 2 N if both are.
#[inline(never)]
pub(super) fn multiply<W: Modulus<N>, const N: usize, const T: usize>(
    left: &[W; N],
    right: &[W; N],
    product: &mut [W; N],
) {
    let (left, right) = (blocks::<W, T>(left), blocks(right));
    let last = N / T - 1;
    columns::<W, N, T>(product, |group, sums| {
        if let Some(first) = group.checked_sub(N / T) {
            add_products(sums, &left[first + 1..], &right[first..]);
            add_upper_corner(sums, &left[first], &right[last]);
        } else {
            add_products(sums, &left[..group], &right[..=group]);
            add_lower_corner(sums, &left[group], &right[0]);
        }
    });
}

/// `number * number / R` in `square`, below 2 N if the number is: with half the products of [`multiply`].
#[inline(never)]
pub(super) fn square<W: Modulus<N>, const N: usize, const T: usize>(number: &[W; N], square: &mut [W; N]) {
    let number = blocks::<W, T>(number);
    let last = N / T - 1;
    columns::<W, N, T>(square, |group, sums| {
        // Each pair of digits once: blocks below the middle one with blocks above.
        let middle = group / 2;
        match group.checked_sub(N / T) {
            Some(first) if first < middle => {
                add_products(sums, &number[first + 1..middle], &number[group - middle..]);
                add_upper_corner(sums, &number[first], &number[last]);
            }
            Some(_) => {}
            None => add_products(sums, &number[..middle], &number[group - middle..=group]),
        }
        if group % 2 == 1 && middle < last {
            add_lower_corner(sums, &number[middle], &number[middle + 1]);
        }
        double_and_add_square(sums, &number[middle], group % 2 * T);
    });
}

/// Divides by R the number whose columns, `T` a group, are given by `column_sums`.
#[inline(always)]
fn columns<W: Modulus<N>, const N: usize, const T: usize>(
    result: &mut [W; N],
    column_sums: impl Fn(usize, &mut [W::Wide; T]),
) {
    // Digits are four bits shorter than words: two words hold the sum of 255 products and what is carried.
    const { assert!(2 * N < 255 && N.is_multiple_of(T)) };
    let (result, _) = result.as_chunks_mut::<T>();
    let modulus = blocks::<W, T>(W::MODULUS);
    let mut carry = W::Wide::from(W::ZERO);
    for group in 0..N / T {
        let mut sums = [W::Wide::from(W::ZERO); T];
        column_sums(group, &mut sums);
        add_products(&mut sums, &result[..group], &modulus[..=group]);
        carry = clear(&mut result[group], &modulus[0], &sums, carry);
    }
    for group in 0..N / T {
        let mut sums = [W::Wide::from(W::ZERO); T];
        column_sums(N / T + group, &mut sums);
        add_products(&mut sums, &result[group + 1..], &modulus[group..]);
        add_upper_corner(&mut sums, &result[group], &modulus[N / T - 1]);
        for (digit, sum) in result[group].iter_mut().zip(sums) {
            carry += sum;
            *digit = W::digit(carry);
            carry = carry >> W::BITS;
        }
    }
}

/// Finds the multiples of N that clear a group of columns, given N's lowest block; gives what is carried.
#[inline(always)]
fn clear<W: Word, const T: usize>(
    multiples: &mut [W; T],
    modulus: &[W; T],
    sums: &[W::Wide; T],
    mut carry: W::Wide,
) -> W::Wide {
    for column in 0..T {
        carry += sums[column];
        for index in 0..column {
            carry += product(multiples[index], modulus[column - index]);
        }
        // The column's digit times -1/N, which is 1.
        multiples[column] = W::digit(carry);
        carry += product(multiples[column], modulus[0]);
        carry = carry >> W::BITS;
    }
    carry
}

/// Adds the products of the digits of `upward` with those of `downward` taken from its end, for each column of a group.
///
/// `downward` has one block more: each digit meets `T` neighbours, and the next digit those that are one lower.
#[inline(never)]
fn add_products<W: Word, const T: usize>(sums: &mut [W::Wide; T], upward: &[[W; T]], downward: &[[W; T]]) {
    // In registers.
    let mut added = *sums;
    let neighbours = downward.as_flattened().windows(T).rev();
    for (digit, neighbours) in upward.as_flattened().iter().zip(neighbours) {
        if W::BITS < 32 {
            // For small chips the compiler is told to make small code, and would leave a loop with its sums in memory.
            unrolled!(COLUMN < T, { added[COLUMN] += product(*digit, neighbours[COLUMN]) });
        } else {
            // It unrolls this by itself, and better.
            for (sum, neighbour) in added.iter_mut().zip(neighbours) {
                *sum += product(*digit, *neighbour);
            }
        }
    }
    *sums = added;
}

/// Adds the products of two blocks that fall into the lower `T` columns.
fn add_lower_corner<W: Word, const T: usize>(sums: &mut [W::Wide; T], left: &[W; T], right: &[W; T]) {
    for (column, sum) in sums.iter_mut().enumerate() {
        for index in 0..=column {
            *sum += product(left[index], right[column - index]);
        }
    }
}

/// Adds the products of two blocks that fall into the upper columns, `T` and above.
#[inline(never)]
fn add_upper_corner<W: Word, const T: usize>(sums: &mut [W::Wide; T], left: &[W; T], right: &[W; T]) {
    for (column, sum) in sums.iter_mut().enumerate() {
        for index in column + 1..T {
            *sum += product(left[index], right[T + column - index]);
        }
    }
}

/// Adds the pairs within a block, doubles, and adds its digits' squares: of the `T` columns of its square from `from`.
#[inline(always)]
fn double_and_add_square<W: Word, const T: usize>(sums: &mut [W::Wide; T], block: &[W; T], from: usize) {
    for (column, sum) in (from..).zip(sums) {
        for index in (column + 1).saturating_sub(T)..column.div_ceil(2) {
            *sum += product(block[index], block[column - index]);
        }
        *sum += *sum;
        if column % 2 == 0 {
            *sum += product(block[column / 2], block[column / 2]);
        }
    }
}

fn product<W: Word>(left: W, right: W) -> W::Wide {
    W::Wide::from(left) * W::Wide::from(right)
}

fn blocks<W, const T: usize>(digits: &[W]) -> &[[W; T]] {
    digits.as_chunks().0
}
