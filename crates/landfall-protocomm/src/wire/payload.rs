use super::Status;
use super::message::{OneOf, merge_member};
use super::reader::{DecodeError, Field, Reader};
use super::writer::Writer;

/// One direction of a request endpoint's payload: `msg`, and a oneof whose member for message `n` is field `10 + n`,
/// in all three payloads (spec protocol.md 3.3 to 3.6).
pub(super) trait Payload<'a>: OneOf<'a> {
    /// The other direction: its members are checked and make ours void, for they are in the same oneof.
    type Opposite: OneOf<'a>;

    /// Whether the payload itself has a status (field 2).
    const HAS_STATUS: bool;

    /// When the member is on the wire.
    fn presence(&self) -> Presence;
}

/// When a payload's oneof member is on the wire (spec protocol.md 2, rule 8).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Always: it holds arguments.
    Required,
    /// Written, but not missed.
    Written,
    /// Never written, as esp_prov does it, but accepted.
    Omitted,
}

/// Reads a payload: `msg` picks the message, the oneof its content.
pub(super) fn read<'a, P: Payload<'a>>(bytes: &'a [u8]) -> Result<(Status, P), DecodeError> {
    let mut msg = 0;
    let mut status = Status::Success;
    let mut member = None::<P>;
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.field()? {
        match field.number {
            MSG => msg = field.int32()?,
            STATUS if P::HAS_STATUS => status = field.enumeration()?,
            _ => merge_either(&mut member, field)?,
        }
    }
    let empty: P = expected(msg).ok_or(DecodeError::UnknownMessage(msg))?;
    match member.filter(|member| member.field() == empty.field()) {
        Some(member) => Ok((status, member)),
        None if empty.presence() == Presence::Required => Err(DecodeError::MissingBody(msg)),
        None => Ok((status, empty)),
    }
}

/// Writes a payload in its canonical form.
pub(super) fn write<'a>(writer: &mut Writer<'_>, status: Status, member: &impl Payload<'a>) {
    writer.uint32(MSG, member.field().saturating_sub(FIRST_MEMBER));
    writer.enumeration(STATUS, status);
    if member.presence() != Presence::Omitted {
        writer.message(member.field(), member);
    }
}

fn merge_either<'a, P: Payload<'a>>(member: &mut Option<P>, field: Field<'a>) -> Result<(), DecodeError> {
    let mut opposite = None::<P::Opposite>;
    merge_member(&mut opposite, field)?;
    if opposite.is_some() {
        *member = None;
    }
    merge_member(member, field)
}

/// The message `msg` without content.
fn expected<'a, P: Payload<'a>>(msg: i32) -> Option<P> {
    let field = u32::try_from(msg).ok()?.checked_add(FIRST_MEMBER)?;
    P::member(field)
}

const MSG: u32 = 1;
const STATUS: u32 = 2;
const FIRST_MEMBER: u32 = 10;
