use alloc::{string::String, vec::Vec};
use core::fmt;

use landfall_protocomm::wire::SetConfig;
use zeroize::Zeroizing;

use crate::{Error, secret::Hidden};

/// The network a device should join. `Debug` hides the passphrase; it is wiped when dropped.
#[derive(Clone)]
pub struct Network {
    /// Name: 1..=32 octets, none of them NUL.
    pub ssid: Vec<u8>,
    /// Passphrase: 0..=63 octets, none of them NUL; empty for an open network.
    pub passphrase: Zeroizing<Vec<u8>>,
    /// Access point to prefer, 6 octets.
    pub bssid: Option<[u8; 6]>,
    /// Channel to prefer.
    pub channel: Option<u8>,
}

impl Network {
    /// The message for the device, if it can carry this network: devices take name and passphrase for C strings and
    /// have no room for a passphrase of 64 hexadecimal digits (spec protocol.md 8.1).
    pub(crate) fn set_config(&self) -> Result<SetConfig<'_>, Error> {
        if !(1..=32).contains(&self.ssid.len()) {
            return Err(Error::InvalidInput("a network name has 1 to 32 bytes"));
        }
        if self.passphrase.len() > 63 {
            return Err(Error::InvalidInput("a passphrase has at most 63 bytes"));
        }
        if self.ssid.contains(&0) {
            return Err(Error::InvalidInput(
                "devices cannot join a network with a NUL in its name",
            ));
        }
        if self.passphrase.contains(&0) {
            return Err(Error::InvalidInput("devices cannot take a passphrase with a NUL in it"));
        }
        Ok(SetConfig {
            ssid: &self.ssid,
            passphrase: &self.passphrase,
            bssid: self.bssid.as_ref().map_or(&[], |bssid| bssid),
            channel: self.channel.map_or(0, i32::from),
        })
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("ssid", &String::from_utf8_lossy(&self.ssid))
            .field("passphrase", &Hidden)
            .field("bssid", &self.bssid)
            .field("channel", &self.channel)
            .finish()
    }
}
