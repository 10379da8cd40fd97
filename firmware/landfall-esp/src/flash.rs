use embedded_storage_async::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};
use esp_bootloader_esp_idf::partitions::{self, PARTITION_TABLE_MAX_LEN, read_partition_table};
use esp_hal::peripherals::FLASH;
use esp_storage::{FlashStorage, FlashStorageError};

/// The type "data" in a partition table.
const DATA: u8 = 1;

/// A data partition of the chip's flash, with addresses that begin at 0.
///
/// The flash is read and written while the caller waits, with caches and interrupts off: erasing a sector takes the chip
/// away from everything, the radio's tasks too, for some 50 ms. Nothing is encrypted: a partition that is marked so is
/// refused.
pub struct Partition<'d> {
    flash: FlashStorage<'d>,
    start: u32,
    len: u32,
}

/// Why there is no partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The partition table cannot be read.
    #[error("the partition table cannot be read: flash the device with a partition table")]
    NoTable(partitions::Error),
    /// No data partition has this name.
    #[error("no data partition has this name: flash the device with the partition table of the application")]
    NotFound,
    /// The partition does not lie in the flash in whole sectors.
    #[error("the partition is not made of whole sectors of 4096 bytes within the flash: correct the partition table")]
    Misplaced,
    /// The partition is marked as encrypted or as read-only.
    #[error("the partition is marked as encrypted or read-only, and is to be neither: correct the partition table")]
    Marked,
}

impl<'d> Partition<'d> {
    /// Finds the data partition called `label`.
    ///
    /// Needs 3 KB of stack, and the flash driver 4 KB more: call it while little else is on the stack.
    ///
    /// # Errors
    /// [`PartitionError`].
    #[inline(never)]
    pub fn find(flash: FLASH<'d>, label: &str) -> Result<Self, PartitionError> {
        let mut flash = FlashStorage::new(flash);
        let mut table = [0; PARTITION_TABLE_MAX_LEN];
        let table = read_partition_table(&mut flash, &mut table).map_err(PartitionError::NoTable)?;
        let entry = table
            .iter()
            .find(|entry| entry.raw_type() == DATA && entry.label_as_str() == label)
            .ok_or(PartitionError::NotFound)?;
        if entry.is_encrypted() || entry.is_read_only() {
            return Err(PartitionError::Marked);
        }
        let (start, len) = (entry.offset(), entry.len());
        let capacity = u32::try_from(embedded_storage::nor_flash::ReadNorFlash::capacity(&flash)).unwrap_or(u32::MAX);
        let within = start.checked_add(len).is_some_and(|end| end <= capacity);
        if !within || (start | len) % FlashStorage::SECTOR_SIZE != 0 {
            return Err(PartitionError::Misplaced);
        }
        Ok(Self { flash, start, len })
    }

    /// The addresses it has: whole sectors.
    pub const fn range(&self) -> core::ops::Range<u32> {
        0..self.len
    }

    /// Where `len` bytes at `offset` are in the flash, if they are this partition's.
    fn place(&self, offset: u32, len: usize) -> Result<u32, FlashStorageError> {
        let len = u32::try_from(len).map_err(|_| FlashStorageError::OutOfBounds)?;
        match offset.checked_add(len) {
            Some(end) if end <= self.len => Ok(self.start + offset),
            _ => Err(FlashStorageError::OutOfBounds),
        }
    }
}

impl ErrorType for Partition<'_> {
    type Error = FlashStorageError;
}

impl ReadNorFlash for Partition<'_> {
    const READ_SIZE: usize = FlashStorage::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashStorageError> {
        let place = self.place(offset, bytes.len())?;
        self.flash.read_nor(place, bytes)
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.len).unwrap_or(usize::MAX)
    }
}

impl NorFlash for Partition<'_> {
    const WRITE_SIZE: usize = FlashStorage::WRITE_SIZE;
    const ERASE_SIZE: usize = FlashStorage::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashStorageError> {
        let len = to.checked_sub(from).ok_or(FlashStorageError::OutOfBounds)?;
        let start = self.place(from, usize::try_from(len).unwrap_or(usize::MAX))?;
        self.flash.erase(start, start + len)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashStorageError> {
        let place = self.place(offset, bytes.len())?;
        self.flash.write_nor(place, bytes)
    }
}

/// Bits of a word may be cleared by a second write.
impl MultiwriteNorFlash for Partition<'_> {}
