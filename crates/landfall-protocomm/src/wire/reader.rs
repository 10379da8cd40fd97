/// Why bytes are not the message they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ends inside a field.
    #[error("the message ends inside a field")]
    Truncated,
    /// Not the protobuf wire format: bad tag, wire type or varint.
    #[error("not protobuf: {0}")]
    Malformed(&'static str),
    /// `msg` names no message of this direction.
    #[error("message number {0} is not known here")]
    UnknownMessage(i32),
    /// A message whose arguments are needed came without its sub-message.
    #[error("message number {0} lacks its content")]
    MissingBody(i32),
}

/// Takes the fields of one message off the front of its bytes. It can only succeed or fail: nothing is read past the
/// end, and no position exists that could be wrong.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field, known or not; `None` at the end of the message.
    pub(super) fn field(&mut self) -> Result<Option<Field<'a>>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = u32::try_from(self.varint()?).map_err(|_| DecodeError::Malformed("field number above 2^29"))?;
        let number = tag >> 3;
        if number == 0 {
            return Err(DecodeError::Malformed("field number 0"));
        }
        let value = match tag & 7 {
            VARINT => Value::Varint(self.varint()?),
            FIXED64 => self.take(8).map(|_| Value::Fixed)?,
            LENGTH_DELIMITED => {
                // A length beyond the address space is beyond the input too.
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Value::Bytes(self.take(length)?)
            }
            FIXED32 => self.take(4).map(|_| Value::Fixed)?,
            // Groups (3 and 4) left protobuf before this protocol began; the original's parser refuses them too.
            _ => return Err(DecodeError::Malformed("wire type")),
        };
        Ok(Some(Field { number, value }))
    }

    /// What is left of the message.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
            self.rest = rest;
            // The tenth byte has room for one bit, and nothing may follow it.
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Malformed("varint above 64 bits"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// One field as it stands on the wire. What it means is for the message to say that asks for its value; a field
/// nobody asks is skipped.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u32,
    value: Value<'a>,
}

impl<'a> Field<'a> {
    /// The value as `uint32`: more than 32 bits are cut off, as every protobuf parser does.
    pub(super) fn uint32(self) -> Result<u32, DecodeError> {
        self.varint().map(|value| value as u32)
    }

    /// The value as `int32`, cut like [`Self::uint32`].
    pub(super) fn int32(self) -> Result<i32, DecodeError> {
        self.uint32().map(u32::cast_signed)
    }

    /// The value as an open enumeration: numbers nobody named are kept (spec protocol.md 2, rule 6).
    pub(super) fn enumeration<E: From<i32>>(self) -> Result<E, DecodeError> {
        self.int32().map(E::from)
    }

    /// The value as `bool`: true unless 0.
    pub(super) fn boolean(self) -> Result<bool, DecodeError> {
        self.varint().map(|value| value != 0)
    }

    /// The value as `bytes` or `string`; UTF-8 is not asked for (spec protocol.md 2, rule 7), nor is it for a sub-message.
    pub(super) fn bytes(self) -> Result<&'a [u8], DecodeError> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Varint(_) | Value::Fixed => Err(WRONG_WIRE_TYPE),
        }
    }

    fn varint(self) -> Result<u64, DecodeError> {
        match self.value {
            Value::Varint(value) => Ok(value),
            Value::Bytes(_) | Value::Fixed => Err(WRONG_WIRE_TYPE),
        }
    }
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes: no message of this protocol has such a field, so the value is of no interest.
    Fixed,
}

/// The original refuses a known field of another wire type instead of skipping it.
const WRONG_WIRE_TYPE: DecodeError = DecodeError::Malformed("wire type of a known field");

// Wire types: a tag's low three bits.
pub(super) const VARINT: u32 = 0;
const FIXED64: u32 = 1;
pub(super) const LENGTH_DELIMITED: u32 = 2;
const FIXED32: u32 = 5;
