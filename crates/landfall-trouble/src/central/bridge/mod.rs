//! What stands between the controller and trouble-host 0.8.0's client of the attribute protocol, for these reasons:
//!
//! * The client has no long writes: its encoder for Prepare Write and Execute Write is unimplemented, and the host takes
//!   their answers for errors. So they leave the host as Write Requests and are translated here, and their answers come
//!   in as Write Responses.
//! * Its decoder panics on requests and answers that are too short, and its discovery on some that are badly made.
//! * Nobody answers what a device asks of us, but for the MTU.
//! * The host takes the end of a channel that nobody opened for one of its own, and panics. Of the signals, devices like
//!   ours need one: that they ask for another interval between packets. All others are dropped, and so is what belongs
//!   to any other channel but that of pairing.

#[cfg(test)]
mod tests;

use core::{
    cell::{Cell, RefCell},
    mem,
};

use bt_hci::{
    ControllerToHostPacket, cmd,
    controller::{Controller, ControllerCmdAsync, ControllerCmdSync},
    data::{AclBroadcastFlag, AclPacket, AclPacketBoundary, IsoPacket, SyncPacket},
};
use embassy_futures::yield_now;
use embedded_io::ErrorType;
use heapless::Vec;

use crate::seed::Stand;

/// A controller with the bridge to it.
pub(super) struct Bridged<'a, C> {
    pub(super) controller: C,
    pub(super) bridge: &'a Bridge,
    pub(super) stand: Stand<'a>,
}

/// What is under way. There is one connection, and one request at a time.
#[derive(Default)]
pub(super) struct Bridge {
    /// What the next Write Request means.
    next_write: Cell<Write>,
    /// What the last Write Request meant.
    last_write: Cell<Write>,
    /// The kind of the last request that the device made of us.
    refused: Cell<u8>,
    /// Whether the host is to do its work before it gets more: it has room for three notes to itself in a pairing.
    pause: Cell<bool>,
    inbound: RefCell<Inbound>,
}

/// What a Write Request of the host's stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Write {
    /// Itself.
    #[default]
    Plain,
    /// A Prepare Write Request; the value begins with the offset.
    Prepare,
    /// An Execute Write Request; the value is its flags.
    Execute,
}

/// What comes in.
#[derive(Default)]
struct Inbound {
    parts: Parts,
    /// What has come of a packet that is collected.
    packet: Packet,
}

/// What the next part belongs to.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Parts {
    /// Pairing.
    Pairing,
    /// A packet that is collected.
    Collected,
    /// One that is not wanted, cannot be collected, or is over.
    #[default]
    Skipped,
}

type Packet = Vec<u8, MOST>;

impl Bridge {
    /// Forgets what was under way on the last connection.
    pub(super) fn reset(&self) {
        self.next_write.take();
        self.last_write.take();
        self.inbound.take();
    }

    /// Has the next Write Request stand for something else.
    pub(super) fn translate_next(&self, write: Write) {
        self.next_write.set(write);
    }

    /// Translates a packet on its way out.
    fn send(&self, data: &[u8]) -> Option<Packet> {
        let [len_low, len_high, ATT, 0, kind, rest @ ..] = data else {
            return None;
        };
        let whole = |body: &[&[u8]]| body.concat_into();
        match *kind {
            WRITE_REQUEST => {
                let write = self.next_write.take();
                self.last_write.set(write);
                match (write, rest) {
                    (Write::Prepare, rest) => whole(&[&[*len_low, *len_high, ATT, 0, PREPARE_WRITE_REQUEST], rest]),
                    (Write::Execute, [_, _, flags]) => whole(&[&[2, 0, ATT, 0, EXECUTE_WRITE_REQUEST, *flags]]),
                    _ => None,
                }
            }
            ERROR_RESPONSE if rest.first() == Some(&UNKNOWN_REQUEST) => {
                let rest = rest.get(1..)?;
                whole(&[&[*len_low, *len_high, ATT, 0, ERROR_RESPONSE, self.refused.get()], rest])
            }
            _ => None,
        }
    }

    /// Takes a packet on its way in, and gives what the host may have of it: packets of the attribute protocol and
    /// signals whole and checked.
    fn receive<'a>(&self, acl: AclPacket<'a>, checked: &'a mut Packet) -> AclPacket<'a> {
        let mut inbound = self.inbound.borrow_mut();
        inbound.take(acl.boundary_flag(), acl.data());
        let packet = |data| AclPacket::new(acl.handle(), FIRST, AclBroadcastFlag::PointToPoint, data);
        if inbound.parts == Parts::Pairing {
            self.pause.set(true);
            return acl;
        }
        let Some((channel, pdu)) = inbound.complete() else {
            return packet(IGNORED);
        };
        let verdict = match channel {
            SIGNALS => self.judge_signal(pdu),
            _ => self.judge(pdu),
        };
        match verdict {
            Verdict::Pass => inbound.finish(checked, None),
            Verdict::Replace(kind) => inbound.finish(checked, Some(kind)),
            Verdict::BadAnswer => return packet(BAD_ANSWER),
            Verdict::Ignore => return packet(IGNORED),
        }
        packet(checked)
    }

    /// What becomes of a signal.
    fn judge_signal(&self, signal: &[u8]) -> Verdict {
        match signal {
            [ASK_FOR_INTERVAL, _, 8, 0, wish @ ..] if wish.len() == 8 => {
                self.pause.set(true);
                Verdict::Pass
            }
            _ => Verdict::Ignore,
        }
    }

    /// What becomes of a packet of the attribute protocol.
    fn judge(&self, pdu: &[u8]) -> Verdict {
        let Some((&kind, content)) = pdu.split_first() else {
            return Verdict::Ignore;
        };
        match kind {
            PREPARE_WRITE_RESPONSE if self.last_write.get() == Write::Prepare => Verdict::Replace(WRITE_RESPONSE),
            EXECUTE_WRITE_RESPONSE if self.last_write.get() == Write::Execute => Verdict::Replace(WRITE_RESPONSE),
            MTU_REQUEST if content.len() == 2 => Verdict::Pass,
            INDICATION if content.len() >= 2 => Verdict::Pass,
            CONFIRMATION | INDICATION | NOTIFICATION => Verdict::Ignore,
            // Commands want no answer.
            _ if kind & COMMAND != 0 => Verdict::Ignore,
            _ if kind & 1 == 0 => {
                self.refused.set(kind);
                Verdict::Replace(UNKNOWN_REQUEST)
            }
            _ if is_well_formed(kind, content) => Verdict::Pass,
            _ => Verdict::BadAnswer,
        }
    }
}

impl Inbound {
    fn take(&mut self, boundary: AclPacketBoundary, part: &[u8]) {
        if boundary != AclPacketBoundary::Continuing {
            self.packet.clear();
            self.parts = match part {
                [_, _, ATT | SIGNALS, 0, ..] => Parts::Collected,
                [_, _, SMP, 0, ..] => Parts::Pairing,
                _ => Parts::Skipped,
            };
        }
        if self.parts == Parts::Collected && self.packet.extend_from_slice(part).is_err() {
            self.parts = Parts::Skipped;
        }
    }

    /// The packet without its header, and its channel, once all of it has come.
    fn complete(&mut self) -> Option<(u8, &[u8])> {
        if self.parts == Parts::Skipped {
            return None;
        }
        let (&[len_low, len_high, channel, _], pdu) = self.packet.split_first_chunk()?;
        let len = usize::from(u16::from_le_bytes([len_low, len_high]));
        if pdu.len() >= len {
            self.parts = Parts::Skipped;
        }
        (pdu.len() == len).then_some((channel, pdu))
    }

    /// Hands the packet over, perhaps as one of another kind.
    fn finish(&mut self, checked: &mut Packet, kind: Option<u8>) {
        mem::swap(checked, &mut self.packet);
        if let (Some(first), Some(kind)) = (checked.get_mut(HEADER_LEN), kind) {
            *first = kind;
        }
    }
}

/// What becomes of a packet that came in.
enum Verdict {
    Pass,
    /// It passes with another kind.
    Replace(u8),
    /// It is replaced by an error, so that nobody waits for something better.
    BadAnswer,
    Ignore,
}

/// Whether an answer is one that the host can take.
fn is_well_formed(kind: u8, content: &[u8]) -> bool {
    match (kind, content) {
        (READ_RESPONSE | READ_BLOB_RESPONSE | WRITE_RESPONSE, _) => true,
        (ERROR_RESPONSE, content) => content.len() == 4,
        (MTU_RESPONSE, content) => content.len() == 2,
        (FIND_INFORMATION_RESPONSE, [1, entries @ ..]) => are_entries(entries, 4, 0),
        (FIND_INFORMATION_RESPONSE, [2, entries @ ..]) => are_entries(entries, 18, 0),
        (FIND_BY_TYPE_RESPONSE, entries) => are_entries(entries, 4, 0),
        // Handle and value.
        (READ_BY_TYPE_RESPONSE, [len, entries @ ..]) => *len >= 2 && are_entries(entries, *len, 0),
        // First handle, last handle and UUID. The last one may be the highest there is, but only at the end.
        (READ_BY_GROUP_RESPONSE, [len, entries @ ..]) => matches!(len, 6 | 20) && are_entries(entries, *len, 2),
        _ => false,
    }
}

/// Whether `entries` are some of `len` bytes, and each begins with a handle after the one at `last` in the entry before.
fn are_entries(entries: &[u8], len: u8, last: usize) -> bool {
    let mut before = 0;
    let mut entries = entries.chunks(usize::from(len));
    let ascends = |entry: &[u8]| {
        let handle = |at: usize| entry.get(at..)?.first_chunk().copied().map(u16::from_le_bytes);
        let in_order = handle(0) > Some(before) && handle(0) != Some(u16::MAX) && handle(last) >= handle(0);
        before = handle(last).unwrap_or(u16::MAX);
        in_order && entry.len() == usize::from(len)
    };
    entries.len() > 0 && entries.all(ascends)
}

/// Puts pieces together.
trait ConcatInto {
    fn concat_into(&self) -> Option<Packet>;
}

impl ConcatInto for &[&[u8]] {
    fn concat_into(&self) -> Option<Packet> {
        let mut whole = Packet::new();
        for piece in *self {
            whole.extend_from_slice(piece).ok()?;
        }
        Some(whole)
    }
}

/// A buffer of the controller's, and what the host may have of it.
pub(super) struct Buffer<B> {
    raw: B,
    checked: Packet,
}

impl<C: ErrorType> ErrorType for Bridged<'_, C> {
    type Error = C::Error;
}

impl<C: Controller> Controller for Bridged<'_, C> {
    type Buffer<'a> = Buffer<C::Buffer<'a>>;

    fn alloc_buf(&self) -> Result<Self::Buffer<'_>, Self::Error> {
        Ok(Buffer {
            raw: self.controller.alloc_buf()?,
            checked: Packet::new(),
        })
    }

    async fn write_acl_data(&self, packet: &AclPacket<'_>) -> Result<(), Self::Error> {
        let first = packet.boundary_flag() != AclPacketBoundary::Continuing;
        let Some(data) = first.then(|| self.bridge.send(packet.data())).flatten() else {
            return self.controller.write_acl_data(packet).await;
        };
        let (connection, boundary) = (packet.handle(), packet.boundary_flag());
        let packet = AclPacket::new(connection, boundary, AclBroadcastFlag::PointToPoint, &data);
        self.controller.write_acl_data(&packet).await
    }

    async fn write_sync_data(&self, packet: &SyncPacket<'_>) -> Result<(), Self::Error> {
        self.controller.write_sync_data(packet).await
    }

    async fn write_iso_data(&self, packet: &IsoPacket<'_>) -> Result<(), Self::Error> {
        self.controller.write_iso_data(packet).await
    }

    async fn read<'a>(&self, buf: &'a mut Self::Buffer<'_>) -> Result<ControllerToHostPacket<'a>, Self::Error> {
        if self.bridge.pause.take() {
            yield_now().await;
        }
        let Buffer { raw, checked } = buf;
        Ok(match self.controller.read(raw).await? {
            ControllerToHostPacket::Acl(acl) => ControllerToHostPacket::Acl(self.bridge.receive(acl, checked)),
            packet => packet,
        })
    }
}

impl<C: ControllerCmdSync<X>, X: cmd::SyncCmd> ControllerCmdSync<X> for Bridged<'_, C> {
    async fn exec(&self, command: &X) -> Result<X::Return, cmd::Error<Self::Error>> {
        match self.stand.answer::<X>() {
            Some(answer) => Ok(answer),
            None => self.controller.exec(command).await,
        }
    }
}

impl<C: ControllerCmdAsync<X>, X: cmd::AsyncCmd> ControllerCmdAsync<X> for Bridged<'_, C> {
    async fn exec(&self, command: &X) -> Result<(), cmd::Error<Self::Error>> {
        self.controller.exec(command).await
    }
}

const FIRST: AclPacketBoundary = AclPacketBoundary::FirstFlushable;
/// The channel of the attribute protocol, low byte.
const ATT: u8 = 0x04;
/// The channel of signals, low byte.
const SIGNALS: u8 = 0x05;
/// The channel of pairing, low byte.
const SMP: u8 = 0x06;
/// A packet's length and channel.
const HEADER_LEN: usize = 4;
/// The longest packet: one of trouble-host's largest pool of packets.
const MOST: usize = 1024;
/// A command that nobody knows: the host does nothing about it.
const IGNORED: &[u8] = &[1, 0, ATT, 0, 0x7e];
/// "Request not supported".
const BAD_ANSWER: &[u8] = &[5, 0, ATT, 0, ERROR_RESPONSE, 0, 0, 0, 0x06];
/// A request that nobody knows: the host answers it with "request not supported".
const UNKNOWN_REQUEST: u8 = 0x3e;
/// The signal with which a device asks for another interval between packets.
const ASK_FOR_INTERVAL: u8 = 0x12;
/// The bit of commands.
const COMMAND: u8 = 0x40;

const ERROR_RESPONSE: u8 = 0x01;
const MTU_REQUEST: u8 = 0x02;
const MTU_RESPONSE: u8 = 0x03;
const FIND_INFORMATION_RESPONSE: u8 = 0x05;
const FIND_BY_TYPE_RESPONSE: u8 = 0x07;
const READ_BY_TYPE_RESPONSE: u8 = 0x09;
const READ_RESPONSE: u8 = 0x0b;
const READ_BLOB_RESPONSE: u8 = 0x0d;
const READ_BY_GROUP_RESPONSE: u8 = 0x11;
const WRITE_REQUEST: u8 = 0x12;
const WRITE_RESPONSE: u8 = 0x13;
const PREPARE_WRITE_REQUEST: u8 = 0x16;
const PREPARE_WRITE_RESPONSE: u8 = 0x17;
const EXECUTE_WRITE_REQUEST: u8 = 0x18;
const EXECUTE_WRITE_RESPONSE: u8 = 0x19;
const NOTIFICATION: u8 = 0x1b;
const INDICATION: u8 = 0x1d;
const CONFIRMATION: u8 = 0x1e;
