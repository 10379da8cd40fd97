use core::{fmt, str::FromStr};

/// A device's address, in the order in which it is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(pub [u8; 6]);

/// Which of the two kinds of address one is. The same six bytes of the other kind are another device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressKind {
    /// Given by the maker.
    Public,
    /// Chosen by the device.
    Random,
}

impl Address {
    /// Takes the bytes as they travel, least significant first.
    pub const fn from_le_bytes([a, b, c, d, e, f]: [u8; 6]) -> Self {
        Self([f, e, d, c, b, a])
    }

    /// The bytes as they travel, least significant first.
    pub const fn to_le_bytes(self) -> [u8; 6] {
        let [a, b, c, d, e, f] = self.0;
        [f, e, d, c, b, a]
    }
}

/// Six pairs of hex digits with a ':' between them, in either case.
impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut pairs = text.split(':');
        let mut bytes = [0; 6];
        for byte in &mut bytes {
            let pair = pairs.next().ok_or(InvalidAddress)?;
            // The standard library would take a sign as well.
            if pair.len() != 2 || !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(InvalidAddress);
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidAddress)?;
        }
        match pairs.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(InvalidAddress),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{g:02X}")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a Bluetooth address has six pairs of hex digits with a ':' between them")]
pub struct InvalidAddress;
