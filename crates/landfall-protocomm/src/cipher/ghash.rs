//! GHASH (NIST SP 800-38D, section 6.4) of `data`, padded, and of the length of what else there is, 0, and its own, in bits.
//!
//! A library's where words have 64 bits. Our own for small chips, bit by bit with masks: it is a quarter of the code, and
//! as quick as the software's AES beside it. The protocol's messages are a few blocks.

#[cfg(not(target_pointer_width = "64"))]
pub(super) use narrow::ghash;
#[cfg(target_pointer_width = "64")]
pub(super) use wide::ghash;

#[cfg(target_pointer_width = "64")]
mod wide {
    use ghash::{GHash, universal_hash::UniversalHash};

    pub(in super::super) fn ghash(hash_key: &[u8; 16], data: &[u8]) -> [u8; 16] {
        let mut hash = GHash::new(hash_key.into());
        hash.update_padded(data);
        let bits = 8 * data.len() as u128;
        hash.update(&[bits.to_be_bytes().into()]);
        hash.finalize().into()
    }
}

#[cfg(any(test, not(target_pointer_width = "64")))]
mod narrow {
    use zeroize::Zeroize;

    pub(in super::super) fn ghash(hash_key: &[u8; 16], data: &[u8]) -> [u8; 16] {
        let mut hash = 0;
        for piece in data.chunks(16) {
            let mut block = [0; 16];
            block.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
            hash = product(hash ^ u128::from_be_bytes(block), hash_key);
        }
        product(hash ^ (8 * data.len() as u128), hash_key).to_be_bytes()
    }

    /// The product with H in GF(2^128), whose numbers have the lowest power of x in the highest bit (SP 800-38D, section 6.3).
    #[inline(never)]
    fn product(mut left: u128, hash_key: &[u8; 16]) -> u128 {
        /// x^128 is x^7 + x^2 + x + 1.
        const REDUCED: u128 = 0xe1 << 120;
        let mut right = u128::from_be_bytes(*hash_key);
        let mut product = 0;
        for _ in 0..128 {
            product ^= right & (left >> 127).wrapping_neg();
            right = right >> 1 ^ REDUCED & (right & 1).wrapping_neg();
            left <<= 1;
        }
        // What is left of the key; of the other nothing is.
        right.zeroize();
        product
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
proptest::proptest! {
    #[test]
    fn the_one_for_small_chips_agrees_with_the_library(
        hash_key: [u8; 16],
        data in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80),
    ) {
        assert_eq!(narrow::ghash(&hash_key, &data), ghash(&hash_key, &data));
    }
}
