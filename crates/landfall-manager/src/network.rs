use core::{fmt, net::Ipv4Addr};

use landfall_protocomm::wire::{AuthMode, SetConfig};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A network's name: up to 32 octets, not necessarily text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Ssid {
    octets: [u8; Self::MAX_LEN],
    len: u8,
}

impl Ssid {
    /// Longest name, octets (IEEE 802.11).
    pub const MAX_LEN: usize = 32;

    /// Takes `octets` as a name; `None` if there are more than 32.
    pub fn new(octets: &[u8]) -> Option<Self> {
        let mut ssid = Self::default();
        ssid.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        ssid.len = octets.len() as u8;
        Some(ssid)
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether the name is empty, as hidden networks show it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Display for Ssid {
    /// Text where it is text; control characters and bytes that are no UTF-8 as `\xNN`, so that a network's name
    /// cannot drive a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.as_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    c if c.is_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                    c => write!(f, "{c}")?,
                }
            }
            for b in chunk.invalid() {
                write!(f, "\\x{b:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// The passphrase of a network: up to 63 octets, wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq, Zeroize)]
pub struct Passphrase {
    octets: [u8; Self::MAX_LEN],
    len: u8,
}

impl Passphrase {
    /// Longest passphrase the protocol carries, octets (spec protocol.md 8.1).
    pub const MAX_LEN: usize = 63;

    /// The passphrase of an open network.
    pub const EMPTY: Self = Self {
        octets: [0; Self::MAX_LEN],
        len: 0,
    };

    /// Takes `octets` as a passphrase; `None` if there are more than 63.
    pub fn new(octets: &[u8]) -> Option<Self> {
        let mut passphrase = Self::EMPTY;
        passphrase.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        passphrase.len = octets.len() as u8;
        Some(passphrase)
    }

    /// The octets: for the Wi-Fi driver and the store only.
    pub fn expose(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether there is none: an open network.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Drop for Passphrase {
    /// Not inlined, for firmware: whatever may hold credentials drops them in many places.
    #[inline(never)]
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for Passphrase {}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(none)" } else { "(hidden)" })
    }
}

/// The address of an access point.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Bssid(pub [u8; 6]);

impl fmt::Display for Bssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Bssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a client told the device: the network to join.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// Name of the network.
    pub ssid: Ssid,
    /// Its passphrase.
    pub passphrase: Passphrase,
    /// Access point to prefer.
    pub bssid: Option<Bssid>,
    /// Channel to prefer.
    pub channel: Option<u8>,
}

impl TryFrom<&SetConfig<'_>> for Credentials {
    type Error = InvalidCredentials;

    /// Checks in the order of spec protocol.md 8.1. The lengths are those that were sent; only then does a NUL end name
    /// and passphrase, as it ends the original's C strings. The channel is reduced to 8 bits, and 0 means any.
    fn try_from(sent: &SetConfig<'_>) -> Result<Self, InvalidCredentials> {
        let bssid = match sent.bssid {
            [] => None,
            octets => Some(Bssid(octets.try_into().map_err(|_| InvalidCredentials::BssidLength)?)),
        };
        if sent.ssid.len() > Ssid::MAX_LEN {
            return Err(InvalidCredentials::SsidTooLong);
        }
        if sent.passphrase.len() > Passphrase::MAX_LEN {
            return Err(InvalidCredentials::PassphraseTooLong);
        }
        let [channel, ..] = sent.channel.to_le_bytes();
        Ok(Self {
            ssid: Ssid::new(until_nul(sent.ssid)).ok_or(InvalidCredentials::SsidTooLong)?,
            passphrase: Passphrase::new(until_nul(sent.passphrase)).ok_or(InvalidCredentials::PassphraseTooLong)?,
            bssid,
            channel: (channel != 0).then_some(channel),
        })
    }
}

fn until_nul(octets: &[u8]) -> &[u8] {
    octets.split(|&octet| octet == 0).next().unwrap_or_default()
}

/// Why credentials cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCredentials {
    /// More than 32 octets of name.
    #[error("a network's name has at most 32 octets")]
    SsidTooLong,
    /// More than 63 octets of passphrase.
    #[error("a passphrase has at most 63 octets")]
    PassphraseTooLong,
    /// An access point's address that has neither 0 nor 6 octets.
    #[error("an access point's address has 6 octets")]
    BssidLength,
}

/// A network as a scan shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccessPoint {
    /// Name; empty if hidden.
    pub ssid: Ssid,
    /// Address.
    pub bssid: Bssid,
    /// Channel.
    pub channel: u8,
    /// Signal strength, dBm.
    pub rssi: i8,
    /// Authentication.
    pub auth: AuthMode,
}

/// The connection a station has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Station {
    /// Address of the device on the network.
    pub ip: Ipv4Addr,
    /// Name of the network.
    pub ssid: Ssid,
    /// Address of the access point.
    pub bssid: Bssid,
    /// Primary channel.
    pub channel: u8,
    /// Authentication in use.
    pub auth: AuthMode,
}
