use super::Status;
use super::message::{Message, OneOf, merge_member, numbers, write_member};
use super::reader::{DecodeError, Field};
use super::writer::Writer;

/// `RespGetThreadStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThreadStatus<'a> {
    /// Whether the device could tell.
    pub status: Status,
    /// State of the Thread interface.
    pub state: ThreadState,
    /// What the state carries.
    pub detail: Option<ThreadDetail<'a>>,
}

/// `ThreadNetworkState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ThreadState {
    /// 0
    #[default]
    Attached,
    /// 1
    Attaching,
    /// 2; never sent by stock devices
    Detached,
    /// 3
    AttachingFailed,
    /// Any other number.
    Other(i32),
}

/// The oneof `state` of `RespGetThreadStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadDetail<'a> {
    /// Field 10.
    FailReason(ThreadFailReason),
    /// Field 11.
    Attached(ThreadAttached<'a>),
}

/// `ThreadAttachFailedReason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThreadFailReason {
    /// 0
    DatasetInvalid,
    /// 1
    NetworkNotFound,
    /// Any other number.
    Other(i32),
}

/// `ThreadAttachState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThreadAttached<'a> {
    /// PAN identifier.
    pub pan_id: u32,
    /// Extended PAN identifier, 8 bytes.
    pub ext_pan_id: &'a [u8],
    /// Channel.
    pub channel: u32,
    /// Network name, as sent.
    pub name: &'a [u8],
}

impl<'a> Message<'a> for ThreadStatus<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match field.number {
            1 => self.status = field.enumeration()?,
            2 => self.state = field.enumeration()?,
            10 => self.detail = Some(ThreadDetail::FailReason(field.enumeration()?)),
            _ => merge_member(&mut self.detail, field)?,
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        writer.enumeration(1, self.status);
        writer.enumeration(2, self.state);
        match self.detail {
            Some(ThreadDetail::FailReason(reason)) => writer.member_enumeration(10, reason),
            _ => write_member(writer, &self.detail),
        }
    }
}

numbers!(ThreadState { Attached = 0, Attaching = 1, Detached = 2, AttachingFailed = 3 });

/// The sub-message; the reason is a scalar and stands with [`ThreadStatus`].
impl<'a> OneOf<'a> for ThreadDetail<'a> {
    fn member(field: u32) -> Option<Self> {
        match field {
            11 => Some(Self::Attached(ThreadAttached::default())),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::FailReason(_) => 10,
            Self::Attached(_) => 11,
        }
    }
}

impl<'a> Message<'a> for ThreadDetail<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match self {
            Self::Attached(attached) => attached.merge_field(field),
            Self::FailReason(_) => Ok(()),
        }
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Attached(attached) => attached.write_fields(writer),
            Self::FailReason(_) => {}
        }
    }
}

numbers!(ThreadFailReason { DatasetInvalid = 0, NetworkNotFound = 1 });

impl<'a> Message<'a> for ThreadAttached<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match field.number {
            1 => self.pan_id = field.uint32()?,
            2 => self.ext_pan_id = field.bytes()?,
            3 => self.channel = field.uint32()?,
            4 => self.name = field.bytes()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        writer.uint32(1, self.pan_id);
        writer.bytes(2, self.ext_pan_id);
        writer.uint32(3, self.channel);
        writer.bytes(4, self.name);
    }
}
