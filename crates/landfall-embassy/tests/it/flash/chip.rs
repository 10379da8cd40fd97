//! A flash chip like an ESP32's, whose power can be cut at any moment.

use core::ops::Range;

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

/// Bytes of a page.
pub(super) const PAGE: u32 = 4096;
const WORD: usize = 4;

/// Memory that is erased by pages and written by words, once.
pub(super) struct Chip {
    pub(super) bytes: Vec<u8>,
    /// What may be touched; anything else is somebody else's.
    range: Range<u32>,
    /// How many words and pages can still be written and erased.
    power: Option<u32>,
    /// What an erasure or a write leaves that was cut off.
    tear: Tear,
    /// How often each page was erased.
    pub(super) erasures: Vec<u32>,
    /// Whether what is written does not stay.
    pub(super) is_worn: bool,
    pub(super) noise: Noise,
}

/// What is left where the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tear {
    /// Nothing happened.
    Before,
    /// The first half of it happened.
    FirstHalf,
    /// The second half of it happened.
    SecondHalf,
    /// Some of the bits changed, as happens to real cells.
    SomeBits,
    /// All bits are 0: an erasure begins so on many chips.
    Zeros,
    /// Anything at all.
    Garbage,
    /// All of it happened, but nobody was told.
    After,
}

impl Tear {
    pub(super) const ALL: [Self; 7] = [
        Self::Before,
        Self::FirstHalf,
        Self::SecondHalf,
        Self::SomeBits,
        Self::Zeros,
        Self::Garbage,
        Self::After,
    ];

    /// What becomes of `old` on its way to `new`.
    fn apply(self, old: &mut [u8], new: &[u8], noise: &mut Noise) {
        let (half, len) = (old.len() / 2, old.len());
        match self {
            Self::Before => {}
            Self::FirstHalf => old[..half].copy_from_slice(&new[..half]),
            Self::SecondHalf => old[half..].copy_from_slice(&new[half..len]),
            Self::SomeBits => {
                for (old, new) in old.iter_mut().zip(new) {
                    let changed = noise.byte();
                    *old = *old & !changed | new & changed;
                }
            }
            Self::Zeros => old.fill(0),
            Self::Garbage => old.fill_with(|| noise.byte()),
            Self::After => old.copy_from_slice(new),
        }
    }
}

/// Bytes without a pattern, the same in every run.
pub(super) struct Noise(pub(super) u64);

impl Noise {
    pub(super) fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8
    }

    pub(super) fn below(&mut self, end: u32) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]) % end
    }
}

/// The power is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PowerCut;

impl NorFlashError for PowerCut {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl Chip {
    /// A new chip, of which `range` may be touched; pages before and behind belong to others.
    pub(super) fn new(range: Range<u32>) -> Self {
        let pages = range.end / PAGE + 1;
        Self {
            bytes: vec![0xff; (pages * PAGE) as usize],
            range,
            power: None,
            tear: Tear::Before,
            erasures: vec![0; pages as usize],
            is_worn: false,
            noise: Noise(0x9e37_79b9_7f4a_7c15),
        }
    }

    /// Cuts the power with the word or page after `count` of them.
    pub(super) fn cut_after(&mut self, count: u32, tear: Tear) {
        (self.power, self.tear) = (Some(count), tear);
    }

    /// Switches it on again; says whether the power was gone.
    pub(super) fn restore(&mut self) -> bool {
        self.power.take() == Some(0)
    }

    pub(super) fn range(&mut self) -> &mut [u8] {
        &mut self.bytes[self.range.start as usize..self.range.end as usize]
    }

    pub(super) fn holds(&self, text: &[u8]) -> bool {
        self.bytes.windows(text.len()).any(|window| window == text)
    }

    /// One word or page becomes `new`, or what is left of it.
    fn change(&mut self, at: usize, new: &[u8]) -> Result<(), PowerCut> {
        let old = &mut self.bytes[at..at + new.len()];
        match &mut self.power {
            Some(0) => Err(PowerCut),
            Some(left) => {
                *left -= 1;
                if *left == 0 {
                    self.tear.apply(old, new, &mut self.noise);
                    return Err(PowerCut);
                }
                old.copy_from_slice(new);
                Ok(())
            }
            None => {
                old.copy_from_slice(new);
                Ok(())
            }
        }
    }

    fn check(&self, from: u32, to: u32, unit: usize) {
        assert!(
            from >= self.range.start && to <= self.range.end && from <= to,
            "outside"
        );
        assert!(
            (from as usize).is_multiple_of(unit) && (to as usize).is_multiple_of(unit),
            "not aligned"
        );
    }
}

impl ErrorType for Chip {
    type Error = PowerCut;
}

impl ReadNorFlash for Chip {
    const READ_SIZE: usize = WORD;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerCut> {
        self.check(offset, offset + bytes.len() as u32, WORD);
        if self.power == Some(0) {
            return Err(PowerCut);
        }
        let from = offset as usize;
        bytes.copy_from_slice(&self.bytes[from..from + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Chip {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE as usize;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerCut> {
        self.check(from, to, PAGE as usize);
        for page in from / PAGE..to / PAGE {
            self.change((page * PAGE) as usize, &[0xff; PAGE as usize])?;
            self.erasures[page as usize] += 1;
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerCut> {
        self.check(offset, offset + bytes.len() as u32, WORD);
        for (at, word) in (offset as usize..).step_by(WORD).zip(bytes.chunks(WORD)) {
            assert_eq!(self.bytes[at..at + WORD], [0xff; WORD], "a word is written twice");
            if !self.is_worn {
                self.change(at, word)?;
            }
        }
        Ok(())
    }
}
