//! What a device got in the factory, read from flash memory.

use core::{fmt, ops::Range};

use embedded_storage_async::nor_flash::ReadNorFlash;
use landfall_manager::factory::{Factory, FactorySecret, InvalidFactory};
use landfall_protocomm::{
    NonceRule,
    device::Security,
    srp::{InvalidVerifier, Verifier, VerifierTable},
};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A device's manufacturing data, kept in memory for as long as this lives, and wiped then.
///
/// `landfall factory` makes the image of a partition with a secret of the device's own, and its label. The record is
/// [`landfall_manager::factory`]'s. Espressif's example has no such partition: its production mode is left to the
/// maker (spec manager.md 9). Here it is one record, and not a file system as ESP-IDF's NVS is, because it is written once
/// and read whole: no more than a check sum is needed, and no tool but the one that makes the secret.
///
/// ```
/// # use core::convert::Infallible;
/// # use landfall_embassy::{Config, factory::{FactoryData, FactoryError}};
/// # async fn boot(flash: &mut impl embedded_storage_async::nor_flash::ReadNorFlash<Error: 'static>) -> Result<(), Box<dyn core::error::Error>> {
/// let factory = FactoryData::read(flash, 0xd000..0xe000).await?;
/// let mut table = None;
/// let config = Config::new(factory.security(&mut table)?);
/// let name = factory.get().name.unwrap_or("PROV_261FCC");
/// # Ok(())
/// # }
/// ```
pub struct FactoryData(Bytes);

/// A record and what follows it. Aligned to words: flash drivers copy other buffers through memory of their own, which
/// nobody wipes.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(align(4))]
struct Bytes([u8; Factory::MAX_LEN]);

impl FactoryData {
    /// Reads the record at the beginning of `range` of `flash`, in bytes from the flash's beginning.
    ///
    /// # Errors
    /// [`FactoryError`].
    pub async fn read<F: ReadNorFlash>(flash: &mut F, range: Range<u32>) -> Result<Self, FactoryError<F::Error>> {
        const { assert!(Factory::MAX_LEN.is_multiple_of(F::READ_SIZE)) };
        let mut bytes = Bytes([0xff; Factory::MAX_LEN]);
        let len = range.end.saturating_sub(range.start) as usize;
        if len < Factory::MAX_LEN {
            return Err(FactoryError::TooSmall);
        }
        let read = flash.read(range.start, &mut bytes.0).await;
        read.map_err(FactoryError::Flash)?;
        Factory::decode(&bytes.0).map_err(FactoryError::Record)?;
        Ok(Self(bytes))
    }

    /// What it says.
    pub fn get(&self) -> Factory<'_> {
        Factory::decode(&self.0.0).expect("what does not decode is not kept")
    }

    /// What the device asks of clients. Under security 2 the powers of its verifier are worked out into `table`: some KB
    /// that are best in a static, and about as much work as a handshake.
    ///
    /// # Errors
    /// [`InvalidVerifier`] if the record's salt or verifier is none.
    pub fn security<'a>(&'a self, table: &'a mut Option<VerifierTable>) -> Result<Security<'a>, InvalidVerifier> {
        Ok(match self.get().secret {
            FactorySecret::Nothing => Security::Security0,
            FactorySecret::Pop(pop) => Security::Security1 {
                pop: (!pop.is_empty()).then_some(pop),
            },
            FactorySecret::Verifier { salt, verifier } => Security::Security2 {
                verifier: Verifier::new(salt, table.insert(VerifierTable::new(verifier)?))?,
                nonce_rule: NonceRule::Counter,
            },
        })
    }
}

/// Shows no secret.
impl fmt::Debug for FactoryData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FactoryData").field(&self.get()).finish()
    }
}

/// Why there is no manufacturing data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FactoryError<E: fmt::Debug> {
    /// The driver says so.
    #[error("the flash memory failed: {0:?}")]
    Flash(E),
    /// What is there is no record.
    #[error(transparent)]
    Record(InvalidFactory),
    /// The range is shorter than the longest record.
    #[error(
        "the flash range is too small for manufacturing data: it takes {} bytes",
        Factory::MAX_LEN
    )]
    TooSmall,
}
