use core::fmt;
use core::ops::RangeInclusive;

use super::message::Message;
use super::reader::{DecodeError, Field, Reader};

/// The entries of a scan result: a list to encode, or checked bytes that decode as they are walked.
#[derive(Clone, Copy)]
pub enum Entries<'a, T> {
    /// What a device sends.
    List(&'a [T]),
    /// What a client received: checked when the message was decoded.
    #[doc(hidden)]
    Encoded(Encoded<'a, T>),
}

impl<'a, T: Copy> Entries<'a, T> {
    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let (list, encoded) = match *self {
            Self::List(list) => (list, None),
            Self::Encoded(encoded) => (&[][..], Some(encoded)),
        };
        list.iter()
            .copied()
            .chain(encoded.into_iter().flat_map(|encoded| encoded.entries()))
    }

    /// Number of entries. Encoded ones are walked to count them.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Self::List(&[])
    }
}

impl<T: Copy + PartialEq> PartialEq for Entries<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Copy + Eq> Eq for Entries<'_, T> {}

impl<T: Copy + fmt::Debug> fmt::Debug for Entries<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Checked, still encoded repeated entries. Only decoding a message makes one.
#[derive(Clone, Copy)]
pub struct Encoded<'a, T> {
    /// A payload's fields from where its oneof last changed to the sub-message that holds the entries.
    payload: &'a [u8],
    /// Field number of that sub-message. It may stand there more than once: merging makes one list of them all.
    member: u32,
    decode: fn(Field<'a>) -> Result<T, DecodeError>,
}

impl<'a, T> Encoded<'a, T> {
    fn entries(self) -> impl Iterator<Item = T> + use<'a, T> {
        let walk = Walk {
            member: self.member,
            copies: Reader::new(self.payload),
            entries: Reader::new(&[]),
        };
        walk.map_while(move |field| (self.decode)(field).ok())
    }
}

/// Goes through the entries, of whatever kind, in all copies of the sub-message.
///
/// Errors end the walk: there are none, all was checked when the message was decoded.
struct Walk<'a> {
    member: u32,
    /// What is left of the payload.
    copies: Reader<'a>,
    /// What is left of the present copy.
    entries: Reader<'a>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Field<'a>;

    #[inline(never)]
    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            while let Some(field) = self.entries.field().ok()? {
                if field.number == ENTRIES {
                    return Some(field);
                }
            }
            let copy = self.copies.field().ok()??;
            if copy.number == self.member {
                self.entries = Reader::new(copy.bytes().ok()?);
            }
        }
    }
}

/// Finds the entries in the copies of sub-message `member` that count: those after the last other member of the oneof.
pub(super) fn of_payload<'a, T: Message<'a> + Default>(
    mut payload: &'a [u8],
    member: u32,
) -> Result<Entries<'a, T>, DecodeError> {
    let mut reader = Reader::new(payload);
    while let Some(field) = reader.field()? {
        if MEMBERS.contains(&field.number) && field.number != member {
            payload = reader.rest();
        }
    }
    Ok(Entries::Encoded(Encoded {
        payload,
        member,
        decode,
    }))
}

fn decode<'a, T: Message<'a> + Default>(entry: Field<'a>) -> Result<T, DecodeError> {
    let mut decoded = T::default();
    decoded.merge(entry.bytes()?)?;
    Ok(decoded)
}

/// Field numbers of the oneof in the payload of `prov-scan` (spec protocol.md 3.4 and 3.6).
const MEMBERS: RangeInclusive<u32> = 10..=21;

/// Field number of the entries in both kinds of result.
const ENTRIES: u32 = 1;
