use super::Status;
use super::message::{Message, OneOf, Root, codec};
use super::payload::{self, Payload, Presence};
use super::reader::{DecodeError, Field};
use super::writer::Writer;

/// What a client asks of `prov-ctrl` (`WiFiCtrlPayload` / `NetworkCtrlPayload`, spec protocol.md 3.5 and 3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CtrlRequest {
    /// msg 1: back to accepting credentials after a failure.
    Reset,
    /// msg 3: leave the network and accept new credentials.
    Reprov,
    /// msg 5
    ThreadReset,
    /// msg 7
    ThreadReprov,
}

codec!(CtrlRequest);

/// What a device answers on `prov-ctrl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CtrlResponse {
    /// Outcome.
    pub status: Status,
    /// The request that is answered; its `msg` plus one travels.
    pub answers: CtrlRequest,
}

codec!(CtrlResponse);

impl Root<'_> for CtrlRequest {
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        payload::read(bytes).map(|(_unused, request)| request)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        payload::write(writer, Status::Success, self);
    }
}

impl Payload<'_> for CtrlRequest {
    type Opposite = Answer;

    const HAS_STATUS: bool = true;

    fn presence(&self) -> Presence {
        Presence::Omitted
    }
}

impl OneOf<'_> for CtrlRequest {
    fn member(field: u32) -> Option<Self> {
        match field {
            11 => Some(Self::Reset),
            13 => Some(Self::Reprov),
            15 => Some(Self::ThreadReset),
            17 => Some(Self::ThreadReprov),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::Reset => 11,
            Self::Reprov => 13,
            Self::ThreadReset => 15,
            Self::ThreadReprov => 17,
        }
    }
}

/// All sub-messages of `prov-ctrl` are empty.
impl<'a> Message<'a> for CtrlRequest {
    fn merge_field(&mut self, _unknown: Field<'a>) -> Result<(), DecodeError> {
        Ok(())
    }

    fn write_fields(&self, _writer: &mut Writer<'_>) {}
}

impl Root<'_> for CtrlResponse {
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        payload::read(bytes).map(|(status, Answer(answers))| Self { status, answers })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        payload::write(writer, self.status, &Answer(self.answers));
    }
}

/// The response to a request: its number plus one (spec protocol.md 2, rule 9).
#[derive(Clone, Copy)]
pub(super) struct Answer(CtrlRequest);

impl Payload<'_> for Answer {
    type Opposite = CtrlRequest;

    const HAS_STATUS: bool = true;

    fn presence(&self) -> Presence {
        // Devices always send it; an answer without it is one that was cut short on the way.
        Presence::Required
    }
}

impl OneOf<'_> for Answer {
    fn member(field: u32) -> Option<Self> {
        CtrlRequest::member(field.checked_sub(1)?).map(Self)
    }

    fn field(&self) -> u32 {
        self.0.field().saturating_add(1)
    }
}

impl<'a> Message<'a> for Answer {
    fn merge_field(&mut self, _unknown: Field<'a>) -> Result<(), DecodeError> {
        Ok(())
    }

    fn write_fields(&self, _writer: &mut Writer<'_>) {}
}
