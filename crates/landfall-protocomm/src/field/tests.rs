use std::{format, string::String, vec::Vec};

use num_bigint::BigUint;
use proptest::prelude::*;

use super::{
    generator::{COMB, HIGH, LOW, SPACING},
    *,
};

/// Numbers of full length: any, or one at an edge.
fn number() -> impl Strategy<Value = BigUint> {
    prop_oneof![
        2 => proptest::collection::vec(any::<u8>(), BYTES).prop_map(|bytes| BigUint::from_bytes_be(&bytes)),
        1 => proptest::sample::select(edges()),
    ]
}

fn edges() -> Vec<BigUint> {
    let (prime, radix) = (prime(), BigUint::from(1u8) << (8 * BYTES));
    let one = BigUint::from(1u8);
    let mut edges: Vec<BigUint> = [0u8, 1, 2].into_iter().map(BigUint::from).collect();
    edges.extend([
        &prime - 2u8,
        &prime - 1u8,
        prime.clone(),
        &prime + 1u8,
        &radix - &prime,
        radix - 1u8,
    ]);
    edges.extend([28, 60, 56, 64, 3008, 3024, 3071].map(|bits| (&one << bits) - 1u8));
    edges
}

fn prime() -> BigUint {
    BigUint::from_bytes_be(&PRIME)
}

fn bytes(number: &BigUint) -> [u8; BYTES] {
    let digits = number.to_bytes_be();
    let mut bytes = [0; BYTES];
    bytes[BYTES - digits.len()..].copy_from_slice(&digits);
    bytes
}

fn value<W: Modulus<N>, const N: usize>(element: &Element<W, N>) -> BigUint {
    let number = element.0.iter().rev().fold(BigUint::ZERO, |number, digit| {
        let mut wide = W::Wide::from(*digit);
        let mut bytes = Vec::new();
        for _ in 0..8 {
            bytes.push(W::byte(wide));
            wide = wide >> 8;
        }
        (number << W::BITS) + BigUint::from_bytes_le(&bytes)
    });
    assert!(number < prime() * 2u8, "an element is below 2 N");
    BigUint::from_bytes_be(&element.to_bytes())
}

fn arithmetic_agrees<W: Modulus<N>, const N: usize>(left: &BigUint, right: &BigUint, small: u8) {
    let prime = prime();
    let element = |number| Element::<W, N>::from_bytes(&bytes(number));
    let operated = |operate: &dyn Fn(&mut Element<W, N>, &Element<W, N>)| {
        let mut result = element(left);
        operate(&mut result, &element(right));
        value(&result)
    };
    assert_eq!(value(&element(left)), left % &prime);
    assert_eq!(operated(&|left, right| left.add_assign(right)), (left + right) % &prime);
    assert_eq!(
        operated(&|left, right| left.sub_assign(right)),
        (left + &prime * 2u8 - right) % &prime
    );
    assert_eq!(operated(&|left, right| left.mul_assign(right)), left * right % &prime);
    assert_eq!(operated(&|left, _| left.square()), left * left % &prime);
    assert_eq!(operated(&|left, _| left.mul_small(small)), left * small % &prime);
    assert_eq!(element(left).is_zero(), left % &prime == BigUint::ZERO);
    assert_eq!(element(left).is_one(), left % &prime == BigUint::from(1u8));
}

fn powers_agree<W: Modulus<N>, const N: usize>(base: &BigUint, exponent: &[u8]) {
    let element = Element::<W, N>::from_bytes(&bytes(base));
    let expected = base.modpow(&BigUint::from_bytes_be(exponent), &prime());
    let mut power = element.clone();
    power.pow::<7>(exponent);
    assert_eq!(value(&power), expected);
    power = element;
    power.pow::<15>(exponent);
    assert_eq!(value(&power), expected);
}

fn generator_power_agrees<const LENGTH: usize>(exponent: &[u8; LENGTH]) {
    let expected = BigUint::from(5u8).modpow(&BigUint::from_bytes_be(exponent), &prime());
    assert_eq!(value(&Element::<u64, 52>::generator_power(exponent)), expected);
    assert_eq!(value(&Element::<u32, 110>::generator_power(exponent)), expected);
}

proptest! {
    #[test]
    fn arithmetic_agrees_with_a_general_library(left in number(), right in number(), small in 0..128u8) {
        arithmetic_agrees::<u64, 52>(&left, &right, small);
        arithmetic_agrees::<u32, 110>(&left, &right, small);
    }

    #[test]
    fn digits_at_their_greatest_do_not_overflow(left in number(), seed in any::<u64>()) {
        // Operands of the whole range below 2 N, which only sums produce.
        let double = |number: &BigUint| (number * 2u8) % prime();
        let mut wide = Element::<u64, 52>::from_bytes(&bytes(&left));
        let mut narrow = Element::<u32, 110>::from_bytes(&bytes(&left));
        let mut expected = &left % prime();
        for step in 0..16 {
            let (wide_before, narrow_before) = (wide.clone(), narrow.clone());
            wide.add_assign(&wide_before);
            narrow.add_assign(&narrow_before);
            expected = double(&expected);
            if seed >> step & 1 == 1 {
                wide.square();
                narrow.square();
                expected = &expected * &expected % prime();
            }
        }
        prop_assert_eq!(value(&wide), expected.clone());
        prop_assert_eq!(value(&narrow), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn powers_agree_with_a_general_library(
        base in number(),
        exponent in proptest::collection::vec(any::<u8>(), 0..130),
    ) {
        powers_agree::<u64, 52>(&base, &exponent);
        powers_agree::<u32, 110>(&base, &exponent);
    }

    #[test]
    fn generator_powers_agree_with_a_general_library(short in any::<[u8; 32]>(), long in any::<[[u8; 32]; 2]>()) {
        generator_power_agrees(&short);
        generator_power_agrees::<64>(long.as_flattened().try_into().unwrap());
    }
}

#[test]
fn edges_agree_with_a_general_library_in_every_pair() {
    for left in &edges() {
        for right in &edges() {
            arithmetic_agrees::<u64, 52>(left, right, 127);
            arithmetic_agrees::<u32, 110>(left, right, 127);
        }
    }
}

#[test]
fn powers_of_edges_agree_with_a_general_library() {
    for base in &edges() {
        for exponent in [&[][..], &[0], &[1], &[0xff], &[0xff; 33], &[0, 0, 0x80, 0]] {
            powers_agree::<u64, 52>(base, exponent);
            powers_agree::<u32, 110>(base, exponent);
        }
    }
}

#[test]
fn generator_powers_of_edges_agree_with_a_general_library() {
    for byte in [0, 1, 0x80, 0xff] {
        generator_power_agrees(&[byte; 32]);
        generator_power_agrees(&[byte; 64]);
    }
    for bit in 0..512 {
        let mut exponent = [0; 64];
        exponent[63 - bit / 8] = 1 << (bit % 8);
        generator_power_agrees(&exponent);
    }
}

/// With LANDFALL_REGENERATE set, writes the files instead.
#[test]
fn precomputed_numbers_are_what_a_general_library_computes() {
    for (file, checked_in, computed) in [
        (
            "precomputed_64.rs",
            include_str!("precomputed_64.rs"),
            precomputed::<u64, 52>(),
        ),
        (
            "precomputed_32.rs",
            include_str!("precomputed_32.rs"),
            precomputed::<u32, 110>(),
        ),
    ] {
        if std::env::var_os("LANDFALL_REGENERATE").is_some() {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/field");
            std::fs::write(folder.join(file), computed).unwrap();
        } else {
            assert_eq!(checked_in, computed, "{file}");
        }
    }
}

/// The text of a file of precomputed numbers.
fn precomputed<W: Modulus<N>, const N: usize>() -> String {
    let radix = BigUint::from(1u8) << (W::BITS as usize * N);
    let element = |number: &BigUint| {
        let form = number * &radix % prime();
        let digit = |index| (&form >> (W::BITS as usize * index)) % (BigUint::from(1u8) << W::BITS);
        let digits: Vec<String> = (0..N).map(|index| format!("{:#x}", digit(index))).collect();
        let per_line = 416 / W::BITS as usize;
        let lines: Vec<String> = digits.chunks(per_line).map(|line| line.join(", ")).collect();
        format!("Element([\n    {},\n])", lines.join(",\n    "))
    };
    let comb = |lowest: usize| {
        let power = |index: usize| {
            let teeth = (0..4).filter(|tooth| index >> tooth & 1 == 1);
            let exponent: BigUint = teeth
                .map(|tooth| BigUint::from(1u8) << (lowest + tooth * SPACING))
                .sum();
            element(&BigUint::from(5u8).modpow(&exponent, &prime()))
        };
        let powers: Vec<String> = (1..=COMB).map(power).collect();
        format!("[{}]", powers.join(", "))
    };
    let word = 4 + W::BITS;
    let comb = |name, lowest| {
        format!(
            "\n/// Powers of 5 for an exponent's bits from {lowest} on.\n#[rustfmt::skip]\n\
             pub(super) static {name}: [Element<u{word}, {N}>; COMB] = {};\n",
            comb(lowest)
        )
    };
    let (used, combs) = match W::COMBS {
        Some(_) => (
            "{Element, generator::COMB}",
            comb("LOW_COMB", LOW) + &comb("HIGH_COMB", HIGH),
        ),
        None => ("Element", String::new()),
    };
    format!(
        "//! Made by a test of `field`, which says how, and compared by it.\n\n\
         use super::{used};\n\n\
         /// R, whose form is R^2 modulo N.\n#[rustfmt::skip]\n\
         pub(super) static RADIX_SQUARED: Element<u{word}, {N}> = {};\n{combs}",
        element(&radix),
    )
}

#[test]
fn hex_reads_digits_of_either_case() {
    assert_eq!(hex::<3>("00fFa9"), [0x00, 0xff, 0xa9]);
    let printed: String = PRIME.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(hex::<BYTES>(std::boxed::Box::leak(printed.into_boxed_str())), PRIME);
}
