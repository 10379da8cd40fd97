//! Credentials in flash memory.
//!
//! A device keeps one record and replaces it as a whole, a few times in its life. So each record has a page of its own,
//! and no key-value store such as sequential-storage is under it. Such a store repairs what it cannot read by erasing it,
//! which is wrong for a partition that turns out to be somebody else's; it passes over a damaged item in silence and gives
//! an older one; and it keeps earlier passphrases readable until a page has to be erased, which with one small item is
//! dozens of saves later.

mod record;

use core::{fmt, ops::Range};

use embedded_storage_async::nor_flash::NorFlash;
use landfall_manager::Credentials;
use record::{Bytes, Content, HEAD, LEN, MARK, Record, is_erased};

use crate::Store;

/// Keeps credentials in a range of flash memory, over any NOR flash; ESP32 firmware gives it a partition.
///
/// # What is kept, and how
/// A page holds one record at its beginning. A save erases the next page in turn and writes there, reads it back, and only
/// then erases the page of the earlier record. Whenever the power goes, one of the two is whole, and the next save works.
/// Pages are used in turn, so that all wear alike: each save costs two erasures. With two pages that endure 100,000
/// erasures, as flash of ESP32 modules does, they last for 100,000 saves.
///
/// When a save has returned, the passphrase before it is nowhere in the range any more; before, while the power may go at
/// any moment, both may be. [`Store::erase`] erases every page but the one that says so, which has held no passphrase since
/// it was erased last; one that was cut off is finished by the next, or by the next save.
///
/// # What it is not
/// The passphrase stands in the flash as it is: who can read the chip has it. Against that helps flash encryption in
/// the chip, which is not this store's; the range must read 0xff where it was erased.
///
/// # Other data in the range
/// A range that holds neither records nor nothing, such as an NVS partition of ESP-IDF, is refused with
/// [`FlashError::Foreign`] and left as it is. [`FlashStore::format`] takes it over.
///
/// # Futures
/// A future that is dropped half-way is to the flash what a power cut is.
pub struct FlashStore<F> {
    flash: F,
    range: Range<u32>,
}

impl<F: NorFlash> FlashStore<F> {
    /// Takes `range` of `flash`, in bytes from its beginning: at least two of the flash's pages (4,096 bytes each on
    /// ESP32).
    ///
    /// # Errors
    /// [`InvalidRange`].
    pub fn new(flash: F, range: Range<u32>) -> Result<Self, InvalidRange> {
        const { assert!(HEAD.is_multiple_of(F::WRITE_SIZE) && HEAD.is_multiple_of(F::READ_SIZE)) };
        const { assert!(F::ERASE_SIZE >= LEN && F::ERASE_SIZE.is_multiple_of(HEAD)) };
        let page = F::ERASE_SIZE as u32;
        if !range.start.is_multiple_of(page) || !range.end.is_multiple_of(page) {
            return Err(InvalidRange::PageBoundary);
        }
        if range.end.saturating_sub(range.start) / page < 2 {
            return Err(InvalidRange::TooSmall);
        }
        if range.end as usize > flash.capacity() {
            return Err(InvalidRange::BeyondTheEnd);
        }
        Ok(Self { flash, range })
    }

    /// Erases every page of the range, whatever is there, and with it anything that was stored.
    ///
    /// # Errors
    /// [`FlashError::Flash`].
    pub async fn format(&mut self) -> Result<(), FlashError<F::Error>> {
        for page in 0..self.pages() {
            self.erase_page(page).await?;
        }
        Ok(())
    }

    /// Gives the flash back.
    pub fn release(self) -> F {
        self.flash
    }

    /// Writes a record in place of all others.
    async fn replace(&mut self, credentials: Option<&Credentials>, thorough: bool) -> Result<(), FlashError<F::Error>> {
        let Survey { last, ours, spare, .. } = self.survey().await?.usable()?;
        let number = last.as_ref().map_or(0, |last| last.record.number.saturating_add(1));
        let target = match last {
            Some(last) => (last.page + 1) % self.pages(),
            None => spare.unwrap_or_default(),
        };
        // As long as nothing shows that the range is ours, nothing may be erased: an erasure that is cut off can leave
        // what looks foreign. Later on nothing but an erasure is trusted: one that was cut off can leave bits that only
        // seem to be erased.
        if ours || spare.is_none() {
            self.erase_page(target).await?;
        }
        self.write(target, &Record::encode(number, credentials)).await?;
        for page in (0..self.pages()).filter(|&page| page != target) {
            if thorough || !is_erased(&self.read(page).await?.0) {
                self.erase_page(page).await?;
            }
        }
        Ok(())
    }

    /// Writes a record at the beginning of an erased page.
    async fn write(&mut self, page: u32, bytes: &Bytes) -> Result<(), FlashError<F::Error>> {
        let at = self.address(page);
        let mut from = 0;
        for to in [HEAD, MARK, LEN] {
            let part = bytes.0.get(from..to).unwrap_or_default();
            let written = self.flash.write(at + from as u32, part).await;
            written.map_err(FlashError::Flash)?;
            from = to;
        }
        match self.read(page).await?.0 == bytes.0 {
            true => Ok(()),
            false => Err(FlashError::NotKept),
        }
    }

    /// Looks at every page; at all of it only if no page is certainly this store's.
    async fn survey(&mut self) -> Result<Survey, FlashError<F::Error>> {
        let mut survey = Survey::EMPTY;
        for page in 0..self.pages() {
            let content = Content::of(&self.read(page).await?.0);
            survey.add(page, content);
        }
        for page in 0..self.pages() {
            if !survey.ours && !self.is_erased_behind(page).await? {
                survey.blank = false;
                survey.foreign = true;
            }
        }
        Ok(survey)
    }

    /// Whether nothing follows the beginning of a page.
    async fn is_erased_behind(&mut self, page: u32) -> Result<bool, FlashError<F::Error>> {
        let mut bytes = Bytes::new();
        let start = self.address(page);
        for at in (LEN..F::ERASE_SIZE).step_by(LEN) {
            let len = LEN.min(F::ERASE_SIZE - at);
            let part = bytes.0.get_mut(..len).unwrap_or_default();
            let read = self.flash.read(start + at as u32, part).await;
            read.map_err(FlashError::Flash)?;
            if !is_erased(part) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn read(&mut self, page: u32) -> Result<Bytes, FlashError<F::Error>> {
        let mut bytes = Bytes::new();
        let read = self.flash.read(self.address(page), &mut bytes.0).await;
        read.map_err(FlashError::Flash).map(|()| bytes)
    }

    async fn erase_page(&mut self, page: u32) -> Result<(), FlashError<F::Error>> {
        let (from, to) = (self.address(page), self.address(page + 1));
        self.flash.erase(from, to).await.map_err(FlashError::Flash)
    }

    fn pages(&self) -> u32 {
        (self.range.end - self.range.start) / F::ERASE_SIZE as u32
    }

    fn address(&self, page: u32) -> u32 {
        self.range.start + page * F::ERASE_SIZE as u32
    }
}

impl<F: NorFlash> Store for FlashStore<F> {
    type Error = FlashError<F::Error>;

    /// # Errors
    /// [`FlashError::Damaged`] if there were credentials, and are no longer; the next save works all the same.
    async fn load(&mut self) -> Result<Option<Credentials>, Self::Error> {
        let survey = self.survey().await?.usable()?;
        match survey.last {
            Some(last) => Ok(last.record.credentials),
            None if survey.damaged => Err(FlashError::Damaged),
            None => Ok(None),
        }
    }

    async fn save(&mut self, credentials: &Credentials) -> Result<(), Self::Error> {
        self.replace(Some(credentials), false).await
    }

    async fn erase(&mut self) -> Result<(), Self::Error> {
        match self.survey().await?.usable()?.blank {
            true => Ok(()),
            false => self.replace(None, true).await,
        }
    }
}

/// Shows nothing of what is stored.
impl<F> fmt::Debug for FlashStore<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.range;
        write!(f, "FlashStore({start:#x}..{end:#x})")
    }
}

/// What is in the range.
struct Survey {
    last: Option<Last>,
    /// The first page that begins with nothing.
    spare: Option<u32>,
    /// Whether there is nothing at all.
    blank: bool,
    /// Whether some page is certainly this store's.
    ours: bool,
    damaged: bool,
    foreign: bool,
    /// Version of a record that cannot be read.
    later: Option<u8>,
}

/// The record that counts.
struct Last {
    page: u32,
    record: Record,
}

impl Survey {
    const EMPTY: Self = Self {
        last: None,
        spare: None,
        blank: true,
        ours: false,
        damaged: false,
        foreign: false,
        later: None,
    };

    fn add(&mut self, page: u32, content: Content) {
        match content {
            Content::Blank => {
                self.spare = self.spare.or(Some(page));
                return;
            }
            Content::Begun => {}
            Content::CutOff => self.ours = true,
            Content::Damaged => (self.ours, self.damaged) = (true, true),
            Content::Later(version) => self.later = Some(version),
            Content::Foreign => self.foreign = true,
            Content::Record(record) => {
                self.ours = true;
                if self.last.as_ref().is_none_or(|last| last.record.number < record.number) {
                    self.last = Some(Last { page, record });
                }
            }
        }
        self.blank = false;
    }

    /// Refuses a range in which something would be lost.
    ///
    /// Something foreign beside a page of this store's is a page whose erasure was cut off.
    fn usable<E: fmt::Debug>(self) -> Result<Self, FlashError<E>> {
        match self.later {
            Some(version) => Err(FlashError::LaterFormat { version }),
            None if self.foreign && !self.ours => Err(FlashError::Foreign),
            None => Ok(self),
        }
    }
}

/// A range that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRange {
    /// It begins or ends within a page.
    #[error("the flash range does not begin and end with a page: align it to the size that can be erased")]
    PageBoundary,
    /// There is only one page, or none.
    #[error("the flash range has less than two pages: credentials could not survive a power cut")]
    TooSmall,
    /// The flash has not so much memory.
    #[error("the flash range ends beyond the flash's end: check the partition table")]
    BeyondTheEnd,
}

/// Why credentials cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlashError<E: fmt::Debug> {
    /// The driver says so.
    #[error("the flash memory failed: {0:?}")]
    Flash(E),
    /// What was written is not what is read: the flash is worn out, or written by somebody else.
    #[error("the flash memory does not keep what was written: it may be worn out")]
    NotKept,
    /// The record is damaged. There may have been credentials; saving new ones or erasing works.
    #[error("the stored credentials are damaged: provision the device again")]
    Damaged,
    /// The range holds something that is not this store's. It was left as it is.
    #[error("the flash range holds other data: check that it is the right partition, or format it")]
    Foreign,
    /// The record was written by a later version of the firmware. It was left as it is.
    #[error(
        "the stored credentials have format {version}, which this firmware does not know: update it, or format the range"
    )]
    LaterFormat {
        /// Version of the record's format.
        version: u8,
    },
}
