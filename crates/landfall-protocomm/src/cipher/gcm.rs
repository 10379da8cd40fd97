//! Galois/Counter Mode (NIST SP 800-38D) over a key stream that may be a peripheral's: those know AES, but not GHASH.

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{Iv, Key, TAG, ghash::ghash};
use crate::{Crypto, CryptoFailed};

/// GCM for one message, without further authenticated data.
pub(super) struct Gcm<'c> {
    crypto: &'c mut dyn Crypto,
    key: &'c Key,
    /// H: zeros, encrypted.
    hash_key: [u8; 16],
    /// J0: the counter before that of the data.
    counter: [u8; 16],
}

impl<'c> Gcm<'c> {
    /// Sets up for the message with this IV.
    pub(super) fn new(crypto: &'c mut dyn Crypto, key: &'c Key, iv: &Iv) -> Result<Self, CryptoFailed> {
        let mut gcm = Self {
            crypto,
            key,
            hash_key: [0; 16],
            counter: [0; 16],
        };
        gcm.crypto.aes_ctr(&key.0, &[0; 16], &mut gcm.hash_key)?;
        match iv {
            Iv::Short(bytes) => {
                let (start, count) = gcm.counter.split_at_mut(bytes.len());
                start.copy_from_slice(bytes);
                count.copy_from_slice(&1u32.to_be_bytes());
            }
            Iv::Long(bytes) => gcm.counter = ghash(&gcm.hash_key, bytes),
        }
        Ok(gcm)
    }

    /// Encrypts `data` in place and gives the tag.
    pub(super) fn seal(&mut self, data: &mut [u8]) -> Result<[u8; TAG], CryptoFailed> {
        self.apply_key_stream(data)?;
        self.tag(data)
    }

    /// Decrypts `data` in place and says that it is genuine; otherwise leaves it.
    pub(super) fn open(&mut self, data: &mut [u8], tag: &[u8; TAG]) -> Result<bool, CryptoFailed> {
        let genuine = self.tag(data)?.ct_eq(tag).into();
        if genuine {
            self.apply_key_stream(data)?;
        }
        Ok(genuine)
    }

    /// The tag of encrypted `data`.
    fn tag(&mut self, data: &[u8]) -> Result<[u8; TAG], CryptoFailed> {
        let mut tag = ghash(&self.hash_key, data);
        self.crypto.aes_ctr(&self.key.0, &self.counter, &mut tag)?;
        Ok(tag)
    }

    /// GCM counts in the counter's last 32 bits, [`Crypto::aes_ctr`] in all 128: what lies behind a wrap, which only an
    /// IV of 16 bytes can bring about, is a call of its own.
    fn apply_key_stream(&mut self, data: &mut [u8]) -> Result<(), CryptoFailed> {
        let [a, b, c, d, e, f, g, h, i, j, k, l, count @ ..] = self.counter;
        let first = u32::from_be_bytes(count).wrapping_add(1);
        let before_wrap = 16 * (u64::from(u32::MAX - first) + 1);
        let split = usize::try_from(before_wrap).map_or(data.len(), |bytes| bytes.min(data.len()));
        let (before, behind) = data.split_at_mut(split);
        for (count, data) in [(first, before), (0, behind)] {
            let [m, n, o, p] = count.to_be_bytes();
            let counter = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
            if !data.is_empty() {
                self.crypto.aes_ctr(&self.key.0, &counter, data)?;
            }
        }
        Ok(())
    }
}

impl Drop for Gcm<'_> {
    fn drop(&mut self) {
        self.hash_key.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use aes::cipher::{KeyIvInit, StreamCipher};
    use aes_gcm::{
        AeadInOut, AesGcm, KeyInit,
        aead::consts::{U12, U16},
    };
    use proptest::prelude::*;

    use super::*;
    use crate::Software;

    proptest! {
        #[test]
        fn both_lengths_of_iv_agree_with_a_general_library(
            key: [u8; 32],
            iv: [u8; 16],
            plain in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let [short @ .., _, _, _, _] = iv;
            agrees(key, &Iv::Short(short), &plain, |data| {
                let cipher = AesGcm::<aes::Aes256, U12>::new(&key.into());
                cipher.encrypt_inout_detached(&short.into(), b"", data.into()).unwrap().into()
            });
            agrees(key, &Iv::Long(iv), &plain, |data| {
                let cipher = AesGcm::<aes::Aes256, U16>::new(&key.into());
                cipher.encrypt_inout_detached(&iv.into(), b"", data.into()).unwrap().into()
            });
        }
    }

    fn agrees(key: [u8; 32], iv: &Iv, plain: &[u8], library: impl Fn(&mut [u8]) -> [u8; TAG]) {
        let key = Key(key);
        let (mut ours, mut theirs) = (plain.to_vec(), plain.to_vec());
        let tag = Gcm::new(&mut Software, &key, iv).unwrap().seal(&mut ours).unwrap();
        assert_eq!((tag, &ours), (library(&mut theirs), &theirs));

        let open =
            |data: &mut Vec<u8>, tag: &[u8; TAG]| Gcm::new(&mut Software, &key, iv).unwrap().open(data, tag).unwrap();
        let sealed = ours.clone();
        for bit in 0..8 * TAG {
            let mut wrong = tag;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!open(&mut ours, &wrong));
            assert_eq!(ours, sealed, "what is forged is left as it came");
        }
        assert!(open(&mut ours, &tag));
        assert_eq!(ours, plain);
    }

    #[test]
    fn the_counter_wraps_within_its_last_32_bits() {
        for left in [1, 2, 3, 4] {
            let mut counter = [0xff; 16];
            counter[12..].copy_from_slice(&0u32.wrapping_sub(left).to_be_bytes());
            let (mut ours, mut theirs) = (vec![0; 50], vec![0; 66]);
            let mut gcm = Gcm {
                crypto: &mut Software,
                key: &Key([7; 32]),
                hash_key: [0; 16],
                counter,
            };
            gcm.apply_key_stream(&mut ours).unwrap();
            ctr::Ctr32BE::<aes::Aes256>::new(&[7; 32].into(), &counter.into()).apply_keystream(&mut theirs);
            assert_eq!(ours, theirs[16..]);
        }
    }
}
