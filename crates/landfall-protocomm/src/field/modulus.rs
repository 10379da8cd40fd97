use super::{BYTES, Element, generator::COMB, montgomery, word::Word};

/// N, the prime of RFC 3526 group 15 and of RFC 5054, big-endian (spec protocol.md 6.1).
pub(crate) const PRIME: [u8; BYTES] = hex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
     EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
     EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
     83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
     E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
     15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
     ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
     BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
);

/// The modulus in `N` digits, the lowest first.
pub(crate) trait Modulus<const N: usize>: Word {
    /// N. Its lowest digit has all bits set, so that -1/N is 1 modulo a digit: Montgomery's factor costs nothing.
    const MODULUS: &'static [Self; N];
    /// 2^3072 - N, which is below 2^3008.
    const COMPLEMENT: &'static [Self; N];
    /// R modulo N: the complement with zeros below, since R, a power of 2, is only a few bits above 2^3072.
    const RADIX: [Self; N];
    /// The form of R, which is R^2 modulo N.
    const RADIX_SQUARED: &'static Element<Self, N>;
    /// Combs of the generator's powers, the lower for a private exponent and the upper for longer ones. Where words are
    /// narrow there are none: 7 KB of flash would save a device time that it has before its client comes.
    const COMBS: Option<[&'static [Element<Self, N>; COMB]; 2]>;

    /// [`montgomery::multiply`] with as many columns together as suit the machine.
    fn multiply(left: &[Self; N], right: &[Self; N], product: &mut [Self; N]);

    /// [`montgomery::square`] likewise.
    fn square(number: &[Self; N], square: &mut [Self; N]);
}

macro_rules! modulus {
    ($word:ty, $count:literal, $together:literal, $precomputed:ident, $combs:expr) => {
        impl Modulus<$count> for $word {
            const MODULUS: &'static [Self; $count] = &digits(&PRIME, 0);
            const COMPLEMENT: &'static [Self; $count] = &digits(&COMPLEMENT, 0);
            const RADIX: [Self; $count] = digits(&COMPLEMENT, $count * DIGIT - 8 * BYTES);
            const RADIX_SQUARED: &'static Element<Self, $count> = &$precomputed::RADIX_SQUARED;
            const COMBS: Option<[&'static [Element<Self, $count>; COMB]; 2]> = $combs;

            fn multiply(left: &[Self; $count], right: &[Self; $count], product: &mut [Self; $count]) {
                montgomery::multiply::<_, _, $together>(left, right, product);
            }

            fn square(number: &[Self; $count], square: &mut [Self; $count]) {
                montgomery::square::<_, _, $together>(number, square);
            }
        }

        /// The digits of `bytes`, big-endian, times 2^`shift`.
        const fn digits(bytes: &[u8; BYTES], shift: usize) -> [$word; $count] {
            let mut digits = [0; $count];
            let mut bit = 0;
            while bit < 8 * BYTES {
                let value = bytes[BYTES - 1 - bit / 8] >> (bit % 8) & 1;
                let (digit, position) = ((bit + shift) / DIGIT, (bit + shift) % DIGIT);
                if value == 1 {
                    digits[digit] |= 1 << position;
                }
                bit += 1;
            }
            digits
        }

        const DIGIT: usize = <$word as Word>::BITS as usize;
    };
}

mod narrow {
    use super::{super::precomputed_32, BYTES, COMB, COMPLEMENT, Element, Modulus, PRIME, Word, montgomery};
    modulus!(u32, 110, 5, precomputed_32, None);
}

mod wide {
    use super::{super::precomputed_64, BYTES, COMB, COMPLEMENT, Element, Modulus, PRIME, Word, montgomery};
    modulus!(
        u64,
        52,
        4,
        precomputed_64,
        Some([&precomputed_64::LOW_COMB, &precomputed_64::HIGH_COMB])
    );
}

/// 2^3072 - N: the two's complement.
const COMPLEMENT: [u8; BYTES] = {
    let mut bytes = PRIME;
    let mut at = 0;
    while at < BYTES {
        bytes[at] = !bytes[at];
        at += 1;
    }
    // N is odd: nothing is carried.
    bytes[BYTES - 1] += 1;
    bytes
};

/// Reads a constant from its hexadecimal digits; a wrong digit or length stops the compiler.
pub(crate) const fn hex<const LENGTH: usize>(digits: &str) -> [u8; LENGTH] {
    const fn value(digit: u8) -> u8 {
        match (digit as char).to_digit(16) {
            Some(value) => value as u8,
            None => panic!("not a hexadecimal digit"),
        }
    }
    let digits = digits.as_bytes();
    assert!(digits.len() == 2 * LENGTH);
    let mut bytes = [0; LENGTH];
    let mut at = 0;
    while at < LENGTH {
        bytes[at] = value(digits[2 * at]) << 4 | value(digits[2 * at + 1]);
        at += 1;
    }
    bytes
}
