use super::reader::{DecodeError, Field, Reader};
use super::writer::Writer;

/// A message as its fields: how one that arrived changes it, and which it has.
///
/// For the variants of a oneof these are the fields of the member's sub-message.
pub(super) trait Message<'a> {
    /// Takes one field; one that is not known is skipped (spec protocol.md 2, rule 6).
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError>;

    /// Writes the fields in ascending order.
    fn write_fields(&self, writer: &mut Writer<'_>);

    /// Takes all fields of `bytes`; a repeated one replaces what stood there.
    fn merge(&mut self, bytes: &'a [u8]) -> Result<(), DecodeError> {
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.field()? {
            self.merge_field(field)?;
        }
        Ok(())
    }
}

/// An alternative of a oneof whose members are sub-messages.
pub(super) trait OneOf<'a>: Message<'a> + Copy {
    /// The member of this field number, without content.
    fn member(field: u32) -> Option<Self>;

    /// The member's field number.
    fn field(&self) -> u32;
}

/// Takes `field` if it is a member of the oneof: the same member merges, another one replaces.
pub(super) fn merge_member<'a, M: OneOf<'a>>(current: &mut Option<M>, field: Field<'a>) -> Result<(), DecodeError> {
    let Some(empty) = M::member(field.number) else {
        return Ok(());
    };
    let mut member = current.filter(|member| member.field() == field.number).unwrap_or(empty);
    member.merge(field.bytes()?)?;
    *current = Some(member);
    Ok(())
}

/// Writes the member that is set.
pub(super) fn write_member<'a>(writer: &mut Writer<'_>, current: &Option<impl OneOf<'a>>) {
    if let Some(member) = current {
        writer.message(member.field(), member);
    }
}

/// What travels as the whole of a request or response, before encryption.
pub(super) trait Root<'a>: Sized {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError>;

    fn write(&self, writer: &mut Writer<'_>);
}

/// Gives a [`Root`] its public face, the same for all.
macro_rules! codec {
    ($name:ident $(<$lifetime:lifetime>)?) => {
        impl $(<$lifetime>)? $name $(<$lifetime>)? {
            /// Decodes a message, as tolerant as the original (spec protocol.md 2).
            ///
            /// # Errors
            /// The bytes are not protobuf, a known field has another type, or they are not a message of this
            /// endpoint and direction.
            pub fn decode(bytes: &$($lifetime)? [u8]) -> Result<Self, $crate::wire::DecodeError> {
                $crate::wire::message::Root::read(bytes)
            }

            /// Gives the length of the encoded message, bytes.
            pub fn encoded_len(&self) -> usize {
                let mut counter = $crate::wire::writer::Writer::new(&mut []);
                $crate::wire::message::Root::write(self, &mut counter);
                counter.written()
            }

            /// Encodes the message into the front of `out` and gives its length, bytes.
            ///
            /// # Errors
            /// `out` is shorter than [`Self::encoded_len`]; it is left as it was.
            pub fn encode(&self, out: &mut [u8]) -> Result<usize, $crate::wire::EncodeError> {
                let needed = self.encoded_len();
                let available = out.len();
                let room = out.get_mut(..needed).ok_or($crate::wire::EncodeError { needed, available })?;
                $crate::wire::message::Root::write(self, &mut $crate::wire::writer::Writer::new(room));
                Ok(needed)
            }
        }
    };
}

/// Ties the names of an open enumeration to their numbers, both ways.
macro_rules! numbers {
    ($name:ident { $($variant:ident = $number:literal),+ $(,)? }) => {
        impl From<i32> for $name {
            fn from(number: i32) -> Self {
                match number {
                    $($number => Self::$variant,)+
                    other => Self::Other(other),
                }
            }
        }

        impl From<$name> for i32 {
            fn from(name: $name) -> Self {
                match name {
                    $($name::$variant => $number,)+
                    $name::Other(number) => number,
                }
            }
        }
    };
}

pub(super) use {codec, numbers};
