use super::message::{Message, OneOf, merge_member, numbers, write_member};
use super::reader::{DecodeError, Field};
use super::writer::Writer;
use super::{AuthMode, Status};

/// `RespGetStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StationStatus<'a> {
    /// Whether the device could tell.
    pub status: Status,
    /// State of the station. `Connected` without `detail` means nothing: devices that cannot tell answer so.
    pub state: StationState,
    /// What the state carries.
    pub detail: Option<StationDetail<'a>>,
}

/// `WifiStationState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StationState {
    /// 0
    #[default]
    Connected,
    /// 1
    Connecting,
    /// 2; never sent by stock devices
    Disconnected,
    /// 3
    ConnectionFailed,
    /// Any other number.
    Other(i32),
}

/// The oneof `state` of `RespGetStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StationDetail<'a> {
    /// Field 10.
    FailReason(WifiFailReason),
    /// Field 11.
    Connected(Connected<'a>),
    /// Field 12; since ESP-IDF v5.4.1.
    AttemptFailed {
        /// Attempts the device still makes by itself.
        attempts_remaining: u32,
    },
}

/// `WifiConnectFailedReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WifiFailReason {
    /// 0: the access point refused the passphrase.
    AuthError,
    /// 1: no access point with this name.
    NetworkNotFound,
    /// Any other number.
    Other(i32),
}

/// `WifiConnectedState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connected<'a> {
    /// IPv4 address in dotted decimal, as sent.
    pub ip4_addr: &'a [u8],
    /// Authentication in use.
    pub auth_mode: AuthMode,
    /// Name of the network joined.
    pub ssid: &'a [u8],
    /// Address of the access point joined. Old devices garble it after a zero byte: do not rely on it.
    pub bssid: &'a [u8],
    /// Primary channel.
    pub channel: i32,
}

impl<'a> Message<'a> for StationStatus<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match field.number {
            1 => self.status = field.enumeration()?,
            2 => self.state = field.enumeration()?,
            10 => self.detail = Some(StationDetail::FailReason(field.enumeration()?)),
            _ => merge_member(&mut self.detail, field)?,
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        writer.enumeration(1, self.status);
        writer.enumeration(2, self.state);
        match self.detail {
            Some(StationDetail::FailReason(reason)) => writer.member_enumeration(10, reason),
            _ => write_member(writer, &self.detail),
        }
    }
}

numbers!(StationState { Connected = 0, Connecting = 1, Disconnected = 2, ConnectionFailed = 3 });

/// The sub-messages; the reason is a scalar and stands with [`StationStatus`].
impl<'a> OneOf<'a> for StationDetail<'a> {
    fn member(field: u32) -> Option<Self> {
        match field {
            11 => Some(Self::Connected(Connected::default())),
            12 => Some(Self::AttemptFailed { attempts_remaining: 0 }),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::FailReason(_) => 10,
            Self::Connected(_) => 11,
            Self::AttemptFailed { .. } => 12,
        }
    }
}

impl<'a> Message<'a> for StationDetail<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match (self, field.number) {
            (Self::Connected(connected), _) => connected.merge_field(field)?,
            (Self::AttemptFailed { attempts_remaining }, 1) => *attempts_remaining = field.uint32()?,
            (Self::FailReason(_) | Self::AttemptFailed { .. }, _) => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Connected(connected) => connected.write_fields(writer),
            Self::AttemptFailed { attempts_remaining } => writer.uint32(1, *attempts_remaining),
            Self::FailReason(_) => {}
        }
    }
}

numbers!(WifiFailReason { AuthError = 0, NetworkNotFound = 1 });

impl<'a> Message<'a> for Connected<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match field.number {
            1 => self.ip4_addr = field.bytes()?,
            2 => self.auth_mode = field.enumeration()?,
            3 => self.ssid = field.bytes()?,
            4 => self.bssid = field.bytes()?,
            5 => self.channel = field.int32()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        writer.bytes(1, self.ip4_addr);
        writer.enumeration(2, self.auth_mode);
        writer.bytes(3, self.ssid);
        writer.bytes(4, self.bssid);
        writer.int32(5, self.channel);
    }
}
