use super::message::Message;
use super::reader::{LENGTH_DELIMITED, VARINT};

/// The caller's buffer cannot hold the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message has {needed} bytes, the buffer {available}")]
pub struct EncodeError {
    /// Length of the message, bytes.
    pub needed: usize,
    /// Length of the buffer, bytes.
    pub available: usize,
}

/// Puts fields one after the other into a slice. It counts what does not fit, so that the same description of a
/// message gives its length (with an empty slice) and its bytes.
///
/// All methods but [`Self::message`] and [`Self::member_enumeration`] leave a default value out, as proto3 demands
/// (spec protocol.md 2, rule 1).
pub(super) struct Writer<'o> {
    room: &'o mut [u8],
    written: usize,
}

impl<'o> Writer<'o> {
    pub(super) fn new(out: &'o mut [u8]) -> Self {
        Self { room: out, written: 0 }
    }

    /// Bytes written, those that did not fit included.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    pub(super) fn uint32(&mut self, field: u32, value: u32) {
        if value != 0 {
            self.scalar(field, value.into());
        }
    }

    /// Negative numbers take ten bytes (spec protocol.md 2, rule 5).
    pub(super) fn int32(&mut self, field: u32, value: i32) {
        if value != 0 {
            self.scalar(field, i64::from(value).cast_unsigned());
        }
    }

    pub(super) fn enumeration(&mut self, field: u32, value: impl Into<i32>) {
        self.int32(field, value.into());
    }

    pub(super) fn boolean(&mut self, field: u32, value: bool) {
        self.uint32(field, value.into());
    }

    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        if !value.is_empty() {
            self.length_delimited(field, value.len());
            self.put(value);
        }
    }

    /// Writes a scalar of a oneof, 0 too (spec protocol.md 2, rule 3).
    pub(super) fn member_enumeration(&mut self, field: u32, value: impl Into<i32>) {
        self.scalar(field, i64::from(value.into()).cast_unsigned());
    }

    /// Writes a sub-message, an empty one too (spec protocol.md 2, rule 2).
    pub(super) fn message<'a>(&mut self, field: u32, message: &impl Message<'a>) {
        let mut length = Writer::new(&mut []);
        message.write_fields(&mut length);
        self.length_delimited(field, length.written());
        message.write_fields(self);
    }

    fn length_delimited(&mut self, field: u32, length: usize) {
        self.varint((field << 3 | LENGTH_DELIMITED).into());
        self.varint(length as u64);
    }

    fn scalar(&mut self, field: u32, value: u64) {
        self.varint((field << 3 | VARINT).into());
        self.varint(value);
    }

    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.put(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.put(&[value as u8]);
    }

    fn put(&mut self, bytes: &[u8]) {
        let end = self.written.saturating_add(bytes.len());
        if let Some(room) = self.room.get_mut(self.written..end) {
            room.copy_from_slice(bytes);
        }
        self.written = end;
    }
}
