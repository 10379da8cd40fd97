//! The record in a page of flash, its format and how it can look after accidents.
//!
//! | bytes | content |
//! |---|---|
//! | 0..8 | `LANDFALL` |
//! | 8 | version of the format: 1 |
//! | 9 | 1 if there are credentials, 0 if they were erased |
//! | 10..12 | 0 |
//! | 12..16 | number of the record, little-endian: the highest is valid |
//! | 16 | 1 if an access point is preferred |
//! | 17 | preferred channel, or 0 |
//! | 18..24 | address of the preferred access point |
//! | 24, 25 | lengths of name and passphrase |
//! | 26..58 | name |
//! | 58..121 | passphrase |
//! | 121..124 | 0 |
//! | 124..128 | [`crc32`] of all before, little-endian |
//! | 128..144 | the mark: 0 once the record was written completely |
//!
//! Later versions keep magic, version, check sum and mark where they are.

use landfall_manager::{Bssid, Credentials, Passphrase, Ssid, crc32};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A page's first bytes: a record and its mark.
pub(super) const LEN: usize = 144;
/// The record is written in this order: its head, its rest, the mark. So a record that was cut off is known by what is
/// missing, and cannot be mistaken for one that was complete and is damaged, nor for something foreign.
pub(super) const HEAD: usize = 16;
/// Where the mark begins.
pub(super) const MARK: usize = 128;

const MAGIC: [u8; 8] = *b"LANDFALL";
const VERSION: u8 = 1;
const CHECKSUM: usize = 124;
const NAME: usize = 26;
const PASSPHRASE: usize = 58;

/// What flash memory reads after it was erased.
pub(super) const ERASED: u8 = 0xff;

/// A page's first bytes, wiped when dropped. Aligned to words: flash drivers copy other buffers through memory of their own,
/// which nobody wipes.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(align(4))]
pub(super) struct Bytes(pub(super) [u8; LEN]);

impl Bytes {
    pub(super) const fn new() -> Self {
        Self([0; LEN])
    }
}

/// What stands at the beginning of a page.
pub(super) enum Content {
    /// Nothing.
    Blank,
    /// A record.
    Record(Record),
    /// A record whose writing was cut off in its head; where that may be anything.
    Begun,
    /// A record whose writing was cut off after its head.
    CutOff,
    /// A record that was complete once.
    Damaged,
    /// A record of a later format.
    Later(u8),
    /// Something else.
    Foreign,
}

/// What is kept.
pub(super) struct Record {
    /// The highest one is valid. No flash endures as many erasures as there are numbers.
    pub(super) number: u32,
    /// `None` if they were erased.
    pub(super) credentials: Option<Credentials>,
}

impl Record {
    /// The bytes, with the mark.
    pub(super) fn encode(number: u32, credentials: Option<&Credentials>) -> Bytes {
        let mut all = Bytes::new();
        let bytes = &mut all.0;
        put(bytes, 0, &MAGIC);
        put(bytes, 8, &[VERSION, u8::from(credentials.is_some())]);
        put(bytes, 12, &number.to_le_bytes());
        if let Some(credentials) = credentials {
            let (name, passphrase) = (credentials.ssid.as_bytes(), credentials.passphrase.expose());
            let preferred = [
                u8::from(credentials.bssid.is_some()),
                credentials.channel.unwrap_or_default(),
            ];
            put(bytes, 16, &preferred);
            put(bytes, 18, &credentials.bssid.unwrap_or_default().0);
            put(bytes, 24, &[name.len() as u8, passphrase.len() as u8]);
            put(bytes, NAME, name);
            put(bytes, PASSPHRASE, passphrase);
        }
        let checksum = crc32(bytes.get(..CHECKSUM).unwrap_or_default());
        put(bytes, CHECKSUM, &checksum.to_le_bytes());
        all
    }

    /// The record in bytes whose check sum is right; `None` if they hold what no record says.
    fn decode(bytes: &[u8; LEN]) -> Option<Self> {
        let [kind, _, _, n0, n1, n2, n3, preferred, channel, rest @ ..] = array::<9, 17>(bytes)?;
        let [b0, b1, b2, b3, b4, b5, name_len, passphrase_len] = rest;
        let name = bytes.get(NAME..PASSPHRASE)?.get(..usize::from(name_len))?;
        let passphrase = bytes.get(PASSPHRASE..CHECKSUM)?.get(..usize::from(passphrase_len))?;
        let credentials = Credentials {
            ssid: Ssid::new(name)?,
            passphrase: Passphrase::new(passphrase)?,
            bssid: match preferred {
                0 => None,
                1 => Some(Bssid([b0, b1, b2, b3, b4, b5])),
                _ => return None,
            },
            channel: (channel != 0).then_some(channel),
        };
        Some(Self {
            number: u32::from_le_bytes([n0, n1, n2, n3]),
            credentials: match kind {
                0 => None,
                1 => Some(credentials),
                _ => return None,
            },
        })
    }
}

impl Content {
    /// What the bytes are.
    pub(super) fn of(bytes: &[u8; LEN]) -> Self {
        if is_erased(bytes) {
            return Self::Blank;
        }
        if !begins_like_ours(bytes) {
            let began = is_erased(bytes.get(HEAD..).unwrap_or_default());
            return if began { Self::Begun } else { Self::Foreign };
        }
        let checksum = crc32(bytes.get(..CHECKSUM).unwrap_or_default()).to_le_bytes();
        if array::<CHECKSUM, 4>(bytes) != Some(checksum) {
            let unmarked = is_erased(bytes.get(MARK..).unwrap_or_default());
            return if unmarked { Self::CutOff } else { Self::Damaged };
        }
        match bytes.get(8) {
            Some(&VERSION) => Record::decode(bytes).map_or(Self::Damaged, Self::Record),
            Some(&version) => Self::Later(version),
            None => Self::Damaged,
        }
    }
}

/// Whether the first bytes are those of a record, one or two of them perhaps damaged: what is ours must not become foreign
/// by a bit.
fn begins_like_ours(bytes: &[u8; LEN]) -> bool {
    bytes.iter().zip(MAGIC).filter(|&(&byte, magic)| byte == magic).count() >= MAGIC.len() - 2
}

/// Whether the bytes are those of erased flash.
pub(super) fn is_erased(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == ERASED)
}

/// Writes `part` at a place where there is room for it.
fn put(bytes: &mut [u8; LEN], at: usize, part: &[u8]) {
    if let Some(place) = bytes.get_mut(at..).and_then(|rest| rest.get_mut(..part.len())) {
        place.copy_from_slice(part);
    }
}

/// The `N` bytes at `AT`.
fn array<const AT: usize, const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.get(AT..)?.first_chunk().copied()
}
