use super::{Base, Crypto, CryptoFailed, Software};
use crate::Random;

/// Compares `crypto` with [`Software`]: with what is prone to go wrong, and with what `random` gives.
///
/// For firmware to run on the very chip before it trusts its accelerators; it takes as long as a few handshakes, and
/// somewhat more stack than one. Nothing it computes is used for anything.
///
/// # Errors
/// What differed or failed first.
pub fn self_test(crypto: &mut dyn Crypto, random: &mut dyn Random) -> Result<(), SelfTestFailed> {
    hashes(crypto, random)?;
    key_streams(crypto, random)?;
    powers(crypto, random)
}

/// What an implementation of [`Crypto`] does not do as [`Software`] does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SelfTestFailed {
    /// It gave up.
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
    /// [`Crypto::power`].
    #[error("a power modulo the group's prime is not what the software gives")]
    Power,
    /// [`Crypto::aes_ctr`].
    #[error("an AES-256 key stream is not what the software gives")]
    KeyStream,
    /// [`Crypto::sha256`].
    #[error("a SHA-256 hash is not what the software gives")]
    Hash,
}

/// Around the lengths at which the padding takes another block.
fn hashes(crypto: &mut dyn Crypto, random: &mut dyn Random) -> Result<(), SelfTestFailed> {
    let mut data = [0; 130];
    random.fill(&mut data);
    for len in [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 130] {
        let data = data.get(..len).unwrap_or_default();
        if crypto.sha256(data)? != Software.sha256(data)? {
            return Err(SelfTestFailed::Hash);
        }
    }
    Ok(())
}

/// Around the ends of blocks, with counters that wrap, in data that is not zero.
fn key_streams(crypto: &mut dyn Crypto, random: &mut dyn Random) -> Result<(), SelfTestFailed> {
    let (mut key, mut drawn, mut data) = ([0; 32], [0; 16], [0; 80]);
    random.fill(&mut key);
    random.fill(&mut drawn);
    random.fill(&mut data);
    let mut short_wrap = drawn;
    if let Some(count) = short_wrap.last_chunk_mut::<4>() {
        *count = [0xff; 4];
    }
    for counter in [drawn, short_wrap, [0xff; 16], [0; 16]] {
        for len in [0, 1, 15, 16, 17, 32, 80] {
            let (mut theirs, mut ours) = (data, data);
            crypto.aes_ctr(&key, &counter, theirs.get_mut(..len).unwrap_or_default())?;
            Software.aes_ctr(&key, &counter, ours.get_mut(..len).unwrap_or_default())?;
            // Also that it stops where the data does.
            if theirs != ours {
                return Err(SelfTestFailed::KeyStream);
            }
        }
    }
    Ok(())
}

/// Every number is raised that the one before gave, first the generator; exponents with few bits, with all, and with
/// none at the beginning, besides drawn ones of both lengths that the protocol has.
fn powers(crypto: &mut dyn Crypto, random: &mut dyn Random) -> Result<(), SelfTestFailed> {
    let mut drawn = [0; 64];
    random.fill(&mut drawn);
    let (short, _) = drawn.split_at(32);
    let mut leading_zeros = drawn;
    leading_zeros[..5].fill(0);
    let mut number = Base::GENERATOR.to_bytes();
    for exponent in [short, &drawn, &leading_zeros, &[0xff; 32], &[1], &[0, 0, 0, 2]] {
        let (mut theirs, mut ours) = ([0; 384], [0; 384]);
        crypto.power(Base::number(&number), exponent, &mut theirs)?;
        Software.power(Base::number(&number), exponent, &mut ours)?;
        if theirs != ours {
            return Err(SelfTestFailed::Power);
        }
        number = ours;
    }
    Ok(())
}
