//! What a device gets in the factory and keeps: its secret, and perhaps its name, as a record in flash memory.
//!
//! | bytes | content |
//! |---|---|
//! | 0..8 | `LANDFACT` |
//! | 8 | version of the format: 1 |
//! | 9 | security scheme: 0, 1 or 2 |
//! | 10..12 | length of the fields together, little-endian |
//! | then | fields: a byte that says what it is, two for its length, little-endian, and its content |
//! | at the end | [`crc32`] of all before, little-endian |
//!
//! Fields: 1 proof of possession, 2 salt, 3 verifier, 4 name, 5 UUID of the Bluetooth service, in the order in
//! which it is sent (the reverse of how it is written). Fields that a
//! reader does not know are for it to pass over; what it must not pass over comes with a new version.

use core::fmt;

use landfall_protocomm::{gatt::Uuid, srp};

use crate::crc32;

/// What a device got in the factory, as a record in flash memory says it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Factory<'a> {
    /// What it asks of clients.
    pub secret: FactorySecret<'a>,
    /// Its name, if that is not made of its address; 1 to 32 bytes.
    pub name: Option<&'a str>,
    /// UUID of its Bluetooth service, if it is not the example's.
    pub service_uuid: Option<Uuid>,
}

/// What a device asks of clients before it takes their requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FactorySecret<'a> {
    /// Security 0: nothing.
    Nothing,
    /// Security 1: the proof of possession, up to 64 bytes; none if it is empty.
    Pop(&'a [u8]),
    /// Security 2: what the device has in place of a password, which is on its label only.
    Verifier {
        /// Salt, 1 to 64 bytes.
        salt: &'a [u8],
        /// Verifier, 1 to 384 bytes.
        verifier: &'a [u8],
    },
}

impl<'a> Factory<'a> {
    /// Longest record, in bytes.
    pub const MAX_LEN: usize = 640;
    /// Longest proof of possession, in bytes.
    pub const MAX_POP: usize = 64;
    /// Longest name, in bytes: that of an access point.
    pub const MAX_NAME: usize = 32;

    /// Reads a record from the beginning of `bytes`, which may be longer.
    ///
    /// # Errors
    /// [`InvalidFactory`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, InvalidFactory> {
        let (head, _) = bytes.split_first_chunk::<HEAD>().ok_or(InvalidFactory::Damaged)?;
        if bytes.iter().all(|&byte| byte == 0xff) {
            return Err(InvalidFactory::Missing);
        }
        if !head.starts_with(&MAGIC) {
            return Err(InvalidFactory::Foreign);
        }
        let [.., version, scheme, low, high] = *head;
        let len = HEAD + usize::from(u16::from_le_bytes([low, high]));
        let (record, rest) = bytes.split_at_checked(len).ok_or(InvalidFactory::Damaged)?;
        if rest.first_chunk() != Some(&crc32(record).to_le_bytes()) {
            return Err(InvalidFactory::Damaged);
        }
        if version != VERSION {
            return Err(InvalidFactory::LaterFormat { version });
        }
        let fields = Fields::read(record.get(HEAD..).unwrap_or_default()).ok_or(InvalidFactory::Damaged)?;
        let factory = fields.factory(scheme).ok_or(InvalidFactory::Damaged)?;
        factory.check().map(|()| factory)
    }

    /// Writes the record; gives its length.
    ///
    /// # Errors
    /// [`InvalidFactory::OutOfRange`], also if `out` is shorter than the record; [`Factory::MAX_LEN`] is enough for any.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, InvalidFactory> {
        self.check()?;
        self.write(out)
            .ok_or(InvalidFactory::OutOfRange("there is no room for the record"))
    }

    fn check(&self) -> Result<(), InvalidFactory> {
        let is_in_range = match self.secret {
            FactorySecret::Nothing => true,
            FactorySecret::Pop(pop) => pop.len() <= Self::MAX_POP,
            FactorySecret::Verifier { salt, verifier } => {
                (1..=srp::Verifier::MAX_SALT).contains(&salt.len()) && (1..=MAX_VERIFIER).contains(&verifier.len())
            }
        };
        if !is_in_range {
            return Err(InvalidFactory::OutOfRange("the secret is too long, or there is none"));
        }
        match self.name {
            Some(name) if !(1..=Self::MAX_NAME).contains(&name.len()) => {
                Err(InvalidFactory::OutOfRange("the name has not 1 to 32 bytes"))
            }
            _ => Ok(()),
        }
    }

    fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut writer = Writer { out, len: HEAD };
        let scheme = match self.secret {
            FactorySecret::Nothing => 0,
            FactorySecret::Pop(pop) => {
                writer.field(POP, pop)?;
                1
            }
            FactorySecret::Verifier { salt, verifier } => {
                writer.field(SALT, salt)?;
                writer.field(VERIFIER, verifier)?;
                2
            }
        };
        if let Some(name) = self.name {
            writer.field(NAME, name.as_bytes())?;
        }
        if let Some(uuid) = self.service_uuid {
            writer.field(SERVICE_UUID, &uuid.to_le_bytes())?;
        }
        let Writer { out, len } = writer;
        let [low, high] = u16::try_from(len - HEAD).ok()?.to_le_bytes();
        let head = out.get_mut(..HEAD)?;
        let [magic @ .., a, b, c, d] = head.first_chunk_mut::<HEAD>()?;
        magic.copy_from_slice(&MAGIC);
        [*a, *b, *c, *d] = [VERSION, scheme, low, high];
        let checksum = crc32(out.get(..len)?).to_le_bytes();
        out.get_mut(len..)?.first_chunk_mut::<4>()?.copy_from_slice(&checksum);
        Some(len + checksum.len())
    }
}

/// Shows no secret.
impl fmt::Debug for Factory<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factory")
            .field("secret", &self.secret)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FactorySecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Pop(_) => "Pop(..)",
            Self::Verifier { .. } => "Verifier { .. }",
        })
    }
}

/// Why there is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFactory {
    /// The flash memory is erased.
    #[error("there is no manufacturing data: write an image made with `landfall factory`")]
    Missing,
    /// There is something else.
    #[error("there is other data in place of manufacturing data: check that it is the right partition")]
    Foreign,
    /// The check sum is wrong, or what it stands for makes no sense.
    #[error("the manufacturing data is damaged: write the device's image again")]
    Damaged,
    /// Made for later firmware.
    #[error("the manufacturing data has format {version}, which this firmware does not know: update it")]
    LaterFormat {
        /// Version of the record's format.
        version: u8,
    },
    /// A value that no record takes.
    #[error("manufacturing data out of range: {0}")]
    OutOfRange(&'static str),
}

const MAGIC: [u8; 8] = *b"LANDFACT";
const VERSION: u8 = 1;
const HEAD: usize = 12;
const MAX_VERIFIER: usize = 384;

const POP: u8 = 1;
const SALT: u8 = 2;
const VERIFIER: u8 = 3;
const NAME: u8 = 4;
const SERVICE_UUID: u8 = 5;

struct Writer<'o> {
    out: &'o mut [u8],
    len: usize,
}

impl Writer<'_> {
    fn field(&mut self, what: u8, content: &[u8]) -> Option<()> {
        let [low, high] = u16::try_from(content.len()).ok()?.to_le_bytes();
        self.put(&[what, low, high])?;
        self.put(content)
    }

    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let room = self.out.get_mut(self.len..)?.get_mut(..bytes.len())?;
        room.copy_from_slice(bytes);
        self.len += bytes.len();
        Some(())
    }
}

/// The fields of a record that are known; of two of a kind the later one.
#[derive(Default)]
struct Fields<'a> {
    pop: Option<&'a [u8]>,
    salt: Option<&'a [u8]>,
    verifier: Option<&'a [u8]>,
    name: Option<&'a [u8]>,
    service_uuid: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    /// `None` if they do not end where they should.
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Self::default();
        while let Some((&[what, low, high], rest)) = bytes.split_first_chunk() {
            let (content, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
            match what {
                POP => fields.pop = Some(content),
                SALT => fields.salt = Some(content),
                VERIFIER => fields.verifier = Some(content),
                NAME => fields.name = Some(content),
                SERVICE_UUID => fields.service_uuid = Some(content),
                _ => {}
            }
            bytes = rest;
        }
        bytes.is_empty().then_some(fields)
    }

    /// `None` if the scheme lacks a field, or a field is not what it should be.
    fn factory(&self, scheme: u8) -> Option<Factory<'a>> {
        Some(Factory {
            secret: match scheme {
                0 => FactorySecret::Nothing,
                1 => FactorySecret::Pop(self.pop?),
                2 => FactorySecret::Verifier {
                    salt: self.salt?,
                    verifier: self.verifier?,
                },
                _ => return None,
            },
            name: match self.name {
                Some(name) => Some(core::str::from_utf8(name).ok()?),
                None => None,
            },
            service_uuid: match self.service_uuid {
                Some(uuid) => Some(Uuid::from_le_bytes(uuid.try_into().ok()?)),
                None => None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{format, string::ToString, vec, vec::Vec};

    use super::*;

    const UUID: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef);

    fn examples() -> [Factory<'static>; 4] {
        let verifier = FactorySecret::Verifier {
            salt: &[7; 16],
            verifier: &[9; 384],
        };
        let longest = FactorySecret::Verifier {
            salt: &[7; 64],
            verifier: &[9; 384],
        };
        let factory = |secret, name, service_uuid| Factory {
            secret,
            name,
            service_uuid,
        };
        [
            factory(FactorySecret::Nothing, None, None),
            factory(FactorySecret::Pop(b"abcd1234"), Some("PROV_261FCC"), None),
            factory(verifier, None, Some(UUID)),
            factory(longest, Some("a name of thirty-two bytes......"), Some(UUID)),
        ]
    }

    fn encoded(factory: &Factory<'_>) -> Vec<u8> {
        let mut bytes = vec![0xee; Factory::MAX_LEN];
        let len = factory.encode(&mut bytes).expect("in range");
        bytes.truncate(len);
        bytes
    }

    #[test]
    fn what_is_written_is_read_also_from_a_whole_page() {
        for factory in examples() {
            let mut bytes = encoded(&factory);
            assert_eq!(Factory::decode(&bytes), Ok(factory));
            assert_eq!(factory.encode(&mut vec![0; bytes.len() - 1]).ok(), None);
            bytes.resize(4096, 0xff);
            assert_eq!(Factory::decode(&bytes), Ok(factory));
        }
    }

    #[test]
    fn record_reads_as_in_the_table() {
        let [_, factory, ..] = examples();
        let expected = b"LANDFACT\x01\x01\x19\0\x01\x08\0abcd1234\x04\x0b\0PROV_261FCC\xd2\x6f\x5e\x28";
        assert_eq!(
            encoded(&factory).escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }

    #[test]
    fn every_damaged_byte_and_every_truncation_is_told() {
        for factory in examples() {
            let bytes = encoded(&factory);
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x10;
                let expected = if at < MAGIC.len() {
                    InvalidFactory::Foreign
                } else {
                    InvalidFactory::Damaged
                };
                assert_eq!(Factory::decode(&damaged), Err(expected), "{at}");
                assert_eq!(Factory::decode(&bytes[..at]), Err(InvalidFactory::Damaged), "{at}");
            }
        }
    }

    /// A record whose check sum is right, whatever it says.
    fn sealed(scheme: u8, version: u8, fields: &[u8]) -> Vec<u8> {
        let head = [&MAGIC[..], &[version, scheme, fields.len() as u8, 0], fields].concat();
        let checksum = crc32(&head).to_le_bytes();
        [head, checksum.to_vec()].concat()
    }

    #[test]
    fn records_that_make_no_sense_are_refused() {
        for (scheme, fields) in [
            (1, &b""[..]),
            (2, b"\x02\x01\0x"),
            (3, b""),
            (1, b"\x01\x05\0abcd"),
            (0, b"\x04\0"),
            (0, b"\x04\x01\0\xff"),
            (0, b"\x05\x01\0x"),
        ] {
            let record = sealed(scheme, 1, fields);
            assert_eq!(
                Factory::decode(&record),
                Err(InvalidFactory::Damaged),
                "{scheme} {fields:?}"
            );
        }
        let empty_name = Factory::decode(&sealed(0, 1, b"\x04\0\0")).err();
        assert!(
            matches!(empty_name, Some(InvalidFactory::OutOfRange(_))),
            "{empty_name:?}"
        );
    }

    #[test]
    fn unknown_fields_are_passed_over_and_later_formats_told() {
        let record = sealed(1, 1, b"\x77\x02\0??\x01\x02\0ab");
        let factory = Factory::decode(&record).expect("a record");
        assert_eq!(factory.secret, FactorySecret::Pop(b"ab"));
        let record = sealed(1, 2, b"\x01\x02\0ab");
        assert_eq!(
            Factory::decode(&record),
            Err(InvalidFactory::LaterFormat { version: 2 })
        );
    }

    #[test]
    fn erased_flash_and_other_data_are_told_apart() {
        assert_eq!(Factory::decode(&[0xff; 4096]), Err(InvalidFactory::Missing));
        assert_eq!(Factory::decode(&[0; 4096]), Err(InvalidFactory::Foreign));
        assert_eq!(Factory::decode(b""), Err(InvalidFactory::Damaged));
    }

    #[test]
    fn values_out_of_range_are_not_written() {
        let [nothing, ..] = examples();
        let with = |secret| Factory { secret, ..nothing };
        for factory in [
            with(FactorySecret::Pop(&[0; 65])),
            with(FactorySecret::Verifier {
                salt: b"",
                verifier: &[9; 384],
            }),
            with(FactorySecret::Verifier {
                salt: &[7; 65],
                verifier: &[9; 384],
            }),
            with(FactorySecret::Verifier {
                salt: &[7; 16],
                verifier: &[9; 385],
            }),
            Factory {
                name: Some(""),
                ..nothing
            },
            Factory {
                name: Some("a name of more than thirty-two bytes"),
                ..nothing
            },
        ] {
            let written = factory.encode(&mut [0; 1024]);
            assert!(matches!(written, Err(InvalidFactory::OutOfRange(_))), "{factory:?}");
        }
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let [_, factory, ..] = examples();
        let shown = format!("{factory:?}");
        assert_eq!(shown, "Factory { secret: Pop(..), name: Some(\"PROV_261FCC\"), .. }");
    }
}
