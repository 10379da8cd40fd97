use super::entries::{self, Entries};
use super::message::{Message, OneOf, Root, codec};
use super::payload::{self, Payload, Presence};
use super::reader::{DecodeError, Field};
use super::writer::Writer;
use super::{AuthMode, Status};

/// What a client asks of `prov-scan` (`WiFiScanPayload` / `NetworkScanPayload`, spec protocol.md 3.4 and 3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanRequest {
    /// msg 0
    Start(ScanStart),
    /// msg 2
    Status,
    /// msg 4
    Result {
        /// First entry wanted.
        start_index: u32,
        /// Entries wanted.
        count: u32,
    },
    /// msg 6
    ThreadStart {
        /// Answer only when the scan is done.
        blocking: bool,
        /// Channels as a bit mask; 0 for all.
        channel_mask: u32,
    },
    /// msg 8
    ThreadStatus,
    /// msg 10
    ThreadResult {
        /// First entry wanted.
        start_index: u32,
        /// Entries wanted.
        count: u32,
    },
}

codec!(ScanRequest);

/// `CmdScanStart`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanStart {
    /// Answer only when the scan is done.
    pub blocking: bool,
    /// Listen for beacons instead of probing.
    pub passive: bool,
    /// 0: one scan over all channels. n: channels one at a time, with a pause before each multiple of n.
    pub group_channels: u32,
    /// Dwell time per channel, milliseconds; 0 for the driver's default.
    pub period_ms: u32,
}

/// What a device answers on `prov-scan`. The status stands in the outer message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanResponse<'a> {
    /// Outcome.
    pub status: Status,
    /// The answer proper; present whatever the status.
    pub body: ScanResponseBody<'a>,
}

codec!(ScanResponse<'a>);

/// The oneof of a scan response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanResponseBody<'a> {
    /// msg 1
    Start,
    /// msg 3
    Status {
        /// No scan is running.
        scan_finished: bool,
        /// Entries so far.
        result_count: u32,
    },
    /// msg 5
    Result(Entries<'a, ScanEntry<'a>>),
    /// msg 7
    ThreadStart,
    /// msg 9
    ThreadStatus {
        /// No scan is running.
        scan_finished: bool,
        /// Entries so far.
        result_count: u32,
    },
    /// msg 11
    ThreadResult(Entries<'a, ThreadScanEntry<'a>>),
}

/// `WiFiScanResult`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanEntry<'a> {
    /// Network name, any octets; empty if hidden.
    pub ssid: &'a [u8],
    /// Channel.
    pub channel: u32,
    /// Signal strength, dBm.
    pub rssi: i32,
    /// Address of the access point, 6 bytes.
    pub bssid: &'a [u8],
    /// Authentication.
    pub auth: AuthMode,
}

/// `ThreadScanResult`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThreadScanEntry<'a> {
    /// PAN identifier.
    pub pan_id: u32,
    /// Channel.
    pub channel: u32,
    /// Signal strength, dBm.
    pub rssi: i32,
    /// Link quality.
    pub lqi: u32,
    /// Extended address, 8 bytes.
    pub ext_addr: &'a [u8],
    /// Network name, as sent.
    pub network_name: &'a [u8],
    /// Extended PAN identifier, 8 bytes.
    pub ext_pan_id: &'a [u8],
}

impl Root<'_> for ScanRequest {
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        payload::read(bytes).map(|(_unused, request)| request)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        payload::write(writer, Status::Success, self);
    }
}

impl<'a> Payload<'a> for ScanRequest {
    type Opposite = ScanResponseBody<'a>;

    const HAS_STATUS: bool = true;

    fn presence(&self) -> Presence {
        match self {
            Self::Start(_) | Self::Result { .. } | Self::ThreadStart { .. } | Self::ThreadResult { .. } => {
                Presence::Required
            }
            Self::Status | Self::ThreadStatus => Presence::Omitted,
        }
    }
}

impl OneOf<'_> for ScanRequest {
    fn member(field: u32) -> Option<Self> {
        match field {
            10 => Some(Self::Start(ScanStart::default())),
            12 => Some(Self::Status),
            14 => Some(Self::Result {
                start_index: 0,
                count: 0,
            }),
            16 => Some(Self::ThreadStart {
                blocking: false,
                channel_mask: 0,
            }),
            18 => Some(Self::ThreadStatus),
            20 => Some(Self::ThreadResult {
                start_index: 0,
                count: 0,
            }),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::Start(_) => 10,
            Self::Status => 12,
            Self::Result { .. } => 14,
            Self::ThreadStart { .. } => 16,
            Self::ThreadStatus => 18,
            Self::ThreadResult { .. } => 20,
        }
    }
}

impl<'a> Message<'a> for ScanRequest {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match (self, field.number) {
            (Self::Start(start), _) => start.merge_field(field)?,
            (Self::Result { start_index, .. } | Self::ThreadResult { start_index, .. }, 1) => {
                *start_index = field.uint32()?
            }
            (Self::Result { count, .. } | Self::ThreadResult { count, .. }, 2) => *count = field.uint32()?,
            (Self::ThreadStart { blocking, .. }, 1) => *blocking = field.boolean()?,
            (Self::ThreadStart { channel_mask, .. }, 2) => *channel_mask = field.uint32()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        match *self {
            Self::Start(start) => start.write_fields(writer),
            Self::Result { start_index, count } | Self::ThreadResult { start_index, count } => {
                writer.uint32(1, start_index);
                writer.uint32(2, count);
            }
            Self::ThreadStart { blocking, channel_mask } => {
                writer.boolean(1, blocking);
                writer.uint32(2, channel_mask);
            }
            Self::Status | Self::ThreadStatus => {}
        }
    }
}

impl<'a> Message<'a> for ScanStart {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match field.number {
            1 => self.blocking = field.boolean()?,
            2 => self.passive = field.boolean()?,
            3 => self.group_channels = field.uint32()?,
            4 => self.period_ms = field.uint32()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        writer.boolean(1, self.blocking);
        writer.boolean(2, self.passive);
        writer.uint32(3, self.group_channels);
        writer.uint32(4, self.period_ms);
    }
}

impl<'a> Root<'a> for ScanResponse<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (status, mut body) = payload::read(bytes)?;
        let field = OneOf::field(&body);
        match &mut body {
            ScanResponseBody::Result(list) => *list = entries::of_payload(bytes, field)?,
            ScanResponseBody::ThreadResult(list) => *list = entries::of_payload(bytes, field)?,
            _ => {}
        }
        Ok(Self { status, body })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        payload::write(writer, self.status, &self.body);
    }
}

impl<'a> Payload<'a> for ScanResponseBody<'a> {
    type Opposite = ScanRequest;

    const HAS_STATUS: bool = true;

    fn presence(&self) -> Presence {
        // Devices always send it; an answer without it is one that was cut short on the way.
        Presence::Required
    }
}

impl<'a> OneOf<'a> for ScanResponseBody<'a> {
    fn member(field: u32) -> Option<Self> {
        match field {
            11 => Some(Self::Start),
            13 => Some(Self::Status {
                scan_finished: false,
                result_count: 0,
            }),
            15 => Some(Self::Result(Entries::default())),
            17 => Some(Self::ThreadStart),
            19 => Some(Self::ThreadStatus {
                scan_finished: false,
                result_count: 0,
            }),
            21 => Some(Self::ThreadResult(Entries::default())),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::Start => 11,
            Self::Status { .. } => 13,
            Self::Result(_) => 15,
            Self::ThreadStart => 17,
            Self::ThreadStatus { .. } => 19,
            Self::ThreadResult(_) => 21,
        }
    }
}

impl<'a> Message<'a> for ScanResponseBody<'a> {
    /// Entries are only checked here: those of all copies of the sub-message make up the list, so they are gathered
    /// from the whole payload afterwards.
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match (self, field.number) {
            (Self::Status { scan_finished, .. } | Self::ThreadStatus { scan_finished, .. }, 1) => {
                *scan_finished = field.boolean()?;
            }
            (Self::Status { result_count, .. } | Self::ThreadStatus { result_count, .. }, 2) => {
                *result_count = field.uint32()?
            }
            (Self::Result(_), 1) => ScanEntry::default().merge(field.bytes()?)?,
            (Self::ThreadResult(_), 1) => ThreadScanEntry::default().merge(field.bytes()?)?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        match *self {
            Self::Start | Self::ThreadStart => {}
            Self::Status {
                scan_finished,
                result_count,
            }
            | Self::ThreadStatus {
                scan_finished,
                result_count,
            } => {
                writer.boolean(1, scan_finished);
                writer.uint32(2, result_count);
            }
            Self::Result(entries) => entries.iter().for_each(|entry| writer.message(1, &entry)),
            Self::ThreadResult(entries) => entries.iter().for_each(|entry| writer.message(1, &entry)),
        }
    }
}

impl<'a> Message<'a> for ScanEntry<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match field.number {
            1 => self.ssid = field.bytes()?,
            2 => self.channel = field.uint32()?,
            3 => self.rssi = field.int32()?,
            4 => self.bssid = field.bytes()?,
            5 => self.auth = field.enumeration()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        writer.bytes(1, self.ssid);
        writer.uint32(2, self.channel);
        writer.int32(3, self.rssi);
        writer.bytes(4, self.bssid);
        writer.enumeration(5, self.auth);
    }
}

impl<'a> Message<'a> for ThreadScanEntry<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match field.number {
            1 => self.pan_id = field.uint32()?,
            2 => self.channel = field.uint32()?,
            3 => self.rssi = field.int32()?,
            4 => self.lqi = field.uint32()?,
            5 => self.ext_addr = field.bytes()?,
            6 => self.network_name = field.bytes()?,
            7 => self.ext_pan_id = field.bytes()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        writer.uint32(1, self.pan_id);
        writer.uint32(2, self.channel);
        writer.int32(3, self.rssi);
        writer.uint32(4, self.lqi);
        writer.bytes(5, self.ext_addr);
        writer.bytes(6, self.network_name);
        writer.bytes(7, self.ext_pan_id);
    }
}
