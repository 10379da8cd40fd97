use core::fmt::{self, Write};

use super::message::{Message, OneOf, Root, codec};
use super::payload::{self, Payload, Presence};
use super::reader::{DecodeError, Field};
use super::writer::Writer;
use super::{StationStatus, Status, ThreadStatus};

/// What a client asks of `prov-config` (`WiFiConfigPayload` / `NetworkConfigPayload`, spec protocol.md 3.3 and 3.6).
///
/// `Debug` shows neither passphrase nor dataset, which holds the network key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ConfigRequest<'a> {
    /// msg 0
    GetStatus,
    /// msg 2
    SetConfig(SetConfig<'a>),
    /// msg 4
    ApplyConfig,
    /// msg 6
    GetThreadStatus,
    /// msg 8
    SetThreadConfig {
        /// Active operational dataset TLVs.
        dataset: &'a [u8],
    },
    /// msg 10
    ApplyThreadConfig,
}

codec!(ConfigRequest<'a>);

/// `CmdSetConfig`: the network to join. Nothing is checked here; the device does (spec protocol.md 8.1).
///
/// `Debug` does not show the passphrase.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct SetConfig<'a> {
    /// Network name, any octets.
    pub ssid: &'a [u8],
    /// Passphrase; empty for an open network.
    pub passphrase: &'a [u8],
    /// Access point to prefer: empty or 6 bytes.
    pub bssid: &'a [u8],
    /// Channel to prefer; 0 for any.
    pub channel: i32,
}

/// What a device answers on `prov-config`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigResponse<'a> {
    /// msg 1
    GetStatus(StationStatus<'a>),
    /// msg 3
    SetConfig(Status),
    /// msg 5
    ApplyConfig(Status),
    /// msg 7
    GetThreadStatus(ThreadStatus<'a>),
    /// msg 9
    SetThreadConfig(Status),
    /// msg 11
    ApplyThreadConfig(Status),
}

codec!(ConfigResponse<'a>);

impl fmt::Debug for ConfigRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GetStatus => f.write_str("GetStatus"),
            Self::SetConfig(config) => f.debug_tuple("SetConfig").field(config).finish(),
            Self::ApplyConfig => f.write_str("ApplyConfig"),
            Self::GetThreadStatus => f.write_str("GetThreadStatus"),
            Self::SetThreadConfig { .. } => f.debug_struct("SetThreadConfig").field("dataset", &Hidden).finish(),
            Self::ApplyThreadConfig => f.write_str("ApplyThreadConfig"),
        }
    }
}

impl<'a> Root<'a> for ConfigRequest<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        payload::read(bytes).map(|(_no_status, request)| request)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        payload::write(writer, Status::Success, self);
    }
}

impl<'a> Payload<'a> for ConfigRequest<'a> {
    type Opposite = ConfigResponse<'a>;

    const HAS_STATUS: bool = false;

    fn presence(&self) -> Presence {
        match self {
            Self::SetConfig(_) | Self::SetThreadConfig { .. } => Presence::Required,
            Self::GetStatus | Self::GetThreadStatus => Presence::Written,
            Self::ApplyConfig | Self::ApplyThreadConfig => Presence::Omitted,
        }
    }
}

impl<'a> OneOf<'a> for ConfigRequest<'a> {
    fn member(field: u32) -> Option<Self> {
        match field {
            10 => Some(Self::GetStatus),
            12 => Some(Self::SetConfig(SetConfig::default())),
            14 => Some(Self::ApplyConfig),
            16 => Some(Self::GetThreadStatus),
            18 => Some(Self::SetThreadConfig { dataset: &[] }),
            20 => Some(Self::ApplyThreadConfig),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::GetStatus => 10,
            Self::SetConfig(_) => 12,
            Self::ApplyConfig => 14,
            Self::GetThreadStatus => 16,
            Self::SetThreadConfig { .. } => 18,
            Self::ApplyThreadConfig => 20,
        }
    }
}

impl<'a> Message<'a> for ConfigRequest<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match (self, field.number) {
            (Self::SetConfig(config), _) => config.merge_field(field)?,
            (Self::SetThreadConfig { dataset }, 1) => *dataset = field.bytes()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        match self {
            Self::SetConfig(config) => config.write_fields(writer),
            Self::SetThreadConfig { dataset } => writer.bytes(1, dataset),
            Self::GetStatus | Self::ApplyConfig | Self::GetThreadStatus | Self::ApplyThreadConfig => {}
        }
    }
}

impl fmt::Debug for SetConfig<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetConfig")
            .field("ssid", &Lossy(self.ssid))
            .field("passphrase", &Hidden)
            .field("bssid", &self.bssid)
            .field("channel", &self.channel)
            .finish()
    }
}

impl<'a> Message<'a> for SetConfig<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match field.number {
            1 => self.ssid = field.bytes()?,
            2 => self.passphrase = field.bytes()?,
            3 => self.bssid = field.bytes()?,
            4 => self.channel = field.int32()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        writer.bytes(1, self.ssid);
        writer.bytes(2, self.passphrase);
        writer.bytes(3, self.bssid);
        writer.int32(4, self.channel);
    }
}

impl<'a> Root<'a> for ConfigResponse<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        payload::read(bytes).map(|(_no_status, response)| response)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        payload::write(writer, Status::Success, self);
    }
}

impl<'a> Payload<'a> for ConfigResponse<'a> {
    type Opposite = ConfigRequest<'a>;

    const HAS_STATUS: bool = false;

    fn presence(&self) -> Presence {
        // Devices always send it; an answer without it is one that was cut short on the way.
        Presence::Required
    }
}

impl<'a> OneOf<'a> for ConfigResponse<'a> {
    fn member(field: u32) -> Option<Self> {
        match field {
            11 => Some(Self::GetStatus(StationStatus::default())),
            13 => Some(Self::SetConfig(Status::Success)),
            15 => Some(Self::ApplyConfig(Status::Success)),
            17 => Some(Self::GetThreadStatus(ThreadStatus::default())),
            19 => Some(Self::SetThreadConfig(Status::Success)),
            21 => Some(Self::ApplyThreadConfig(Status::Success)),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::GetStatus(_) => 11,
            Self::SetConfig(_) => 13,
            Self::ApplyConfig(_) => 15,
            Self::GetThreadStatus(_) => 17,
            Self::SetThreadConfig(_) => 19,
            Self::ApplyThreadConfig(_) => 21,
        }
    }
}

impl<'a> Message<'a> for ConfigResponse<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match self {
            Self::GetStatus(station) => station.merge_field(field)?,
            Self::GetThreadStatus(thread) => thread.merge_field(field)?,
            Self::SetConfig(status)
            | Self::ApplyConfig(status)
            | Self::SetThreadConfig(status)
            | Self::ApplyThreadConfig(status) => {
                if field.number == 1 {
                    *status = field.enumeration()?;
                }
            }
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        match self {
            Self::GetStatus(station) => station.write_fields(writer),
            Self::GetThreadStatus(thread) => thread.write_fields(writer),
            Self::SetConfig(status)
            | Self::ApplyConfig(status)
            | Self::SetThreadConfig(status)
            | Self::ApplyThreadConfig(status) => writer.enumeration(1, *status),
        }
    }
}

/// Stands in `Debug` for what must not be read there.
struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

/// A network name for people: what is not UTF-8 becomes U+FFFD, what does not print is escaped.
struct Lossy<'a>(&'a [u8]);

impl fmt::Debug for Lossy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for chunk in self.0.utf8_chunks() {
            write!(f, "{}", chunk.valid().escape_debug())?;
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        f.write_char('"')
    }
}
