//! The UUIDs of services and endpoints (spec transports.md 1.1).

use core::{fmt, str::FromStr};

use crate::Endpoint;

/// A 128-bit UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid(u128);

impl Uuid {
    /// The UUID whose digits, in the order of the text form, are those of `number`.
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// The UUID of a number that Bluetooth has assigned (0x2901 and the like).
    pub const fn from_assigned(number: u16) -> Self {
        Self(BLUETOOTH_BASE | (number as u128) << 96)
    }

    /// Takes the bytes as they travel, least significant first.
    pub const fn from_le_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }

    /// The bytes as they travel, least significant first.
    pub const fn to_le_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }
}

/// The text form: 32 digits in groups of 8, 4, 4, 4 and 12, in either case; 4 digits stand for a number that Bluetooth
/// has assigned.
impl FromStr for Uuid {
    type Err = InvalidUuid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 4 {
            let mut groups = Groups { rest: Some(text) };
            return u16::try_from(groups.next(4)?)
                .map(Self::from_assigned)
                .map_err(|_| InvalidUuid);
        }
        let mut groups = Groups { rest: Some(text) };
        let mut number = 0;
        for digits in [8, 4, 4, 4, 12] {
            number = number << (4 * digits) | groups.next(digits)?;
        }
        match groups.rest {
            None => Ok(Self(number)),
            Some(_) => Err(InvalidUuid),
        }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |shift: u32, mask: u128| self.0 >> shift & mask;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            part(96, 0xffff_ffff),
            part(80, 0xffff),
            part(64, 0xffff),
            part(48, 0xffff),
            part(0, 0xffff_ffff_ffff)
        )
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a UUID has 32 hex digits in groups of 8, 4, 4, 4 and 12 with a '-' between them")]
pub struct InvalidUuid;

/// The UUID of a provisioning service; those of its endpoints follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceUuid(Uuid);

impl ServiceUuid {
    /// What Espressif's examples set.
    pub const EXAMPLE: Self = Self(Uuid(0x021a9004_0382_4aea_bff4_6b3f1c5adfb4));
    /// What a device has whose application sets none.
    pub const COMPONENT: Self = Self(Uuid(0x1775244d_6b43_439b_877c_060f2d9bed07));
    /// What devices with early firmware have.
    pub const EARLY: Self = Self(Uuid(0x0000ffff_0000_1000_8000_00805f9b34fb));

    /// A service with a UUID of its own.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID itself.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The characteristic of the endpoint with this number: bytes 12 and 13 are replaced, whatever they were. (The
    /// known command line client combines them with AND, which is right for [`ServiceUuid::EARLY`] only.)
    pub const fn characteristic(self, number: EndpointNumber) -> Uuid {
        Uuid(self.0.0 & !NUMBER_MASK | (number.0 as u128) << NUMBER_SHIFT)
    }

    /// The number of the endpoint behind the characteristic `uuid`, if that follows from this service's UUID.
    pub const fn number_of(self, uuid: Uuid) -> Option<EndpointNumber> {
        if self.0.0 & !NUMBER_MASK == uuid.0 & !NUMBER_MASK {
            Some(EndpointNumber((uuid.0 >> NUMBER_SHIFT) as u16))
        } else {
            None
        }
    }
}

/// The 16 bits by which a service tells its endpoints apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointNumber(u16);

impl EndpointNumber {
    /// The number of an endpoint that every device has; `None` for those that an application adds.
    pub fn built_in(endpoint: Endpoint<'_>) -> Option<Self> {
        let number = match endpoint {
            Endpoint::CTRL => 0xff4f,
            Endpoint::SCAN => 0xff50,
            Endpoint::SESSION => 0xff51,
            Endpoint::CONFIG => 0xff52,
            Endpoint::VERSION => 0xff53,
            _ => return None,
        };
        Some(Self(number))
    }

    /// The number of the endpoint that an application has added after `before` others; `None` if there is none left.
    pub const fn application(before: u16) -> Option<Self> {
        match FIRST_APPLICATION.checked_add(before) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number itself.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// What is left of a UUID's text.
struct Groups<'a> {
    rest: Option<&'a str>,
}

impl Groups<'_> {
    /// Takes the next group, which must have `digits` hex digits.
    fn next(&mut self, digits: usize) -> Result<u128, InvalidUuid> {
        let rest = self.rest.ok_or(InvalidUuid)?;
        let (group, rest) = match rest.split_once('-') {
            Some((group, rest)) => (group, Some(rest)),
            None => (rest, None),
        };
        self.rest = rest;
        // The standard library would take a sign as well.
        if group.len() != digits || !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidUuid);
        }
        u128::from_str_radix(group, 16).map_err(|_| InvalidUuid)
    }
}

/// The base that assigned numbers are put into.
const BLUETOOTH_BASE: u128 = 0x0000_0000_0000_1000_8000_0080_5f9b_34fb;
/// What the endpoints that an application adds begin with.
const FIRST_APPLICATION: u16 = 0xff54;
/// Bytes 12 and 13, least significant first: the characters 5 to 8 of the text.
const NUMBER_SHIFT: u32 = 96;
const NUMBER_MASK: u128 = 0xffff << NUMBER_SHIFT;

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_uuid_reads_as_it_is_written() {
        let text = "021a9004-0382-4aea-bff4-6b3f1c5adfb4";
        let uuid: Uuid = text.parse().expect("a UUID");
        assert_eq!(uuid, ServiceUuid::EXAMPLE.uuid());
        assert_eq!(uuid.to_string(), text);
        assert_eq!(text.to_uppercase().parse(), Ok(uuid));
        assert_eq!("ffff".parse(), Ok(ServiceUuid::EARLY.uuid()));
        assert_eq!(
            ServiceUuid::COMPONENT.uuid().to_string(),
            "1775244d-6b43-439b-877c-060f2d9bed07"
        );
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        for text in [
            "",
            "021a",
            "fff",
            "+fff",
            "021a9004-0382-4aea-bff4-6b3f1c5adfb",
            "021a9004-0382-4aea-bff4-6b3f1c5adfb4-",
            "021a9004-0382-4aea-bff4-6b3f1c5adfbg",
            "021a9004-0382-4aea-bff46b3f1c5adfb4",
            "021a900403824aeabff46b3f1c5adfb4",
            "021a9004-+382-4aea-bff4-6b3f1c5adfb4",
            "ü21a9004-0382-4aea-bff4-6b3f1c5adfb4",
        ] {
            assert_eq!(text.parse::<Uuid>().is_ok(), text == "021a", "{text}");
        }
    }

    #[test]
    fn a_uuid_travels_least_significant_byte_first() {
        let bytes = [
            0xb4, 0xdf, 0x5a, 0x1c, 0x3f, 0x6b, 0xf4, 0xbf, 0xea, 0x4a, 0x82, 0x03, 0x04, 0x90, 0x1a, 0x02,
        ];
        assert_eq!(ServiceUuid::EXAMPLE.uuid().to_le_bytes(), bytes);
        assert_eq!(Uuid::from_le_bytes(bytes), ServiceUuid::EXAMPLE.uuid());
    }

    #[test]
    fn endpoints_replace_two_bytes_of_their_service() {
        let session = EndpointNumber::built_in(Endpoint::SESSION).expect("built in");
        for (service, text) in [
            (ServiceUuid::EXAMPLE, "021aff51-0382-4aea-bff4-6b3f1c5adfb4"),
            (ServiceUuid::COMPONENT, "1775ff51-6b43-439b-877c-060f2d9bed07"),
            (ServiceUuid::EARLY, "0000ff51-0000-1000-8000-00805f9b34fb"),
        ] {
            assert_eq!(service.characteristic(session).to_string(), text);
            assert_eq!(service.number_of(service.characteristic(session)), Some(session));
        }
        let foreign = ServiceUuid::EARLY.characteristic(session);
        assert_eq!(ServiceUuid::EXAMPLE.number_of(foreign), None);
    }

    #[test]
    fn every_endpoint_has_the_number_of_the_table() {
        let numbers = Endpoint::BUILT_IN.map(|endpoint| EndpointNumber::built_in(endpoint).map(EndpointNumber::get));
        assert_eq!(numbers, [0xff51, 0xff53, 0xff52, 0xff50, 0xff4f].map(Some));
        assert_eq!(EndpointNumber::built_in(Endpoint::CUSTOM_DATA), None);
        assert_eq!(EndpointNumber::application(0).map(EndpointNumber::get), Some(0xff54));
        assert_eq!(EndpointNumber::application(1).map(EndpointNumber::get), Some(0xff55));
        assert_eq!(EndpointNumber::application(0xac), None);
    }
}
