use core::fmt;

/// A device's name as Espressif's examples form it: `PROV_` and the last three bytes of its address in upper-case
/// hexadecimal (spec manager.md 9). Apps list devices whose name begins so.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceName([u8; Self::LEN]);

impl ServiceName {
    /// What these names begin with.
    pub const PREFIX: &'static str = "PROV_";
    /// Length, in bytes.
    pub const LEN: usize = Self::PREFIX.len() + 6;

    /// The name of the device with the station address `mac`.
    pub const fn from_mac(mac: [u8; 6]) -> Self {
        let [.., a, b, c] = mac;
        Self::from_tail([a, b, c])
    }

    /// The name with `tail` as its digits.
    pub const fn from_tail(tail: [u8; 3]) -> Self {
        let [p, r, o, v, underscore] = *b"PROV_";
        let [first, second, third] = tail;
        let [[a, b], [c, d], [e, f]] = [digits(first), digits(second), digits(third)];
        Self([p, r, o, v, underscore, a, b, c, d, e, f])
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        // It is ASCII only.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl AsRef<str> for ServiceName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

const fn digits(byte: u8) -> [u8; 2] {
    [digit(byte >> 4), digit(byte & 0x0f)]
}

const fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'A' + value - 10,
    }
}

#[cfg(test)]
mod tests {
    use std::{format, string::ToString};

    use super::*;

    #[test]
    fn name_is_the_prefix_and_the_end_of_the_address() {
        let name = ServiceName::from_mac([0x30, 0xae, 0xa4, 0x26, 0x1f, 0xcc]);
        assert_eq!(name.to_string(), "PROV_261FCC");
        assert_eq!(name.as_str(), "PROV_261FCC");
        assert_eq!(format!("{name:?}"), "\"PROV_261FCC\"");
        assert!(name.as_str().starts_with(ServiceName::PREFIX));
    }

    #[test]
    fn every_byte_gives_two_digits_like_the_formatter_s() {
        for byte in 0..=u8::MAX {
            let name = ServiceName::from_tail([byte, 0, 255 - byte]);
            assert_eq!(name.as_str(), format!("PROV_{byte:02X}00{:02X}", 255 - byte));
        }
    }
}
