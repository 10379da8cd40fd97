//! What stands between a controller and trouble-host, so that nobody in radio range can stop the device.
//!
//! trouble-host 0.8.0 decodes requests of the attribute protocol without looking at their length (`att.rs`,
//! `AttReq::decode_with_opcode`): READ without a handle, or a READ BY GROUP TYPE with a 128-bit UUID, which is even well
//! formed, panic; so do an empty one (`host.rs`), and prepared writes near the end of the offsets (`connection_manager.rs`).
//! The filter puts requests together, looks at each, and hands on only what the host can take. The others are answered
//! with the error that the protocol has for them. The host keeps count of the packets that it sends, so the answer has
//! to come from there: the filter puts a refusal in the place of the request, and the peripheral sends it.
//!
//! What belongs to pairing passes whole or not at all. The host has room for three notes of it to itself, and stops when
//! a fourth comes; so it gets time for them after each packet, and after each event that asks for a key.
//!
//! Other channels are closed. A device like this neither has channels of its own nor signals, and the host takes the
//! end of a channel that nobody opened for one of its own (`channel_manager.rs`), and panics. A signal that wants an
//! answer is replaced by one that the host does not know and rejects.

mod assembly;
mod request;

use core::{
    cell::{Cell, RefCell},
    future::Future,
};

use bt_hci::{
    ControllerToHostPacket,
    cmd::{self, AsyncCmd, SyncCmd},
    controller::{Controller, ControllerCmdAsync, ControllerCmdSync},
    data::{AclBroadcastFlag, AclPacket, AclPacketBoundary, IsoPacket, SyncPacket},
    event::{EventKind, EventPacket},
    param::ConnHandle,
};
use embassy_futures::yield_now;
use embedded_io::ErrorType;
use heapless::Vec;

use self::assembly::{Assembly, PDU_LEN, Step};
pub(crate) use self::request::Refusal;
use crate::{seed::Stand, watch::Watch};

/// A controller whose packets are safe for trouble-host.
pub(crate) struct Filter<'a, C> {
    controller: &'a C,
    watch: &'a Watch,
    stand: &'a Stand<'a>,
    assembly: RefCell<Assembly>,
    /// Whether the host is to do its work before it gets more.
    pause: Cell<bool>,
}

/// What passes a filter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The largest packets of the attribute protocol that a client gets, in bytes.
    pub(crate) mtu: u16,
    /// Whether clients may pair.
    pub(crate) pairing: bool,
}

impl<'a, C> Filter<'a, C> {
    /// Stands before `controller`.
    pub(crate) fn new(controller: &'a C, limits: Limits, watch: &'a Watch, stand: &'a Stand<'a>) -> Self {
        Self {
            controller,
            watch,
            stand,
            assembly: RefCell::new(Assembly::new(limits)),
            pause: Cell::new(false),
        }
    }

    /// Writes into `packet` what the host is to get, if it is to get anything.
    fn take_acl(&self, acl: &AclPacket<'_>, packet: &mut Packet) -> Option<Kind> {
        let first = match acl.boundary_flag() {
            AclPacketBoundary::FirstFlushable => true,
            AclPacketBoundary::Continuing => false,
            // Not from a controller on such a link.
            _ => return None,
        };
        let whole = |boundary| Kind::Acl(acl.handle(), boundary);
        let mut assembly = self.assembly.borrow_mut();
        match assembly.take(first, acl.data()) {
            Step::Nothing => None,
            Step::Pairing => {
                self.pause.set(true);
                copy(acl.data(), packet).then(|| whole(acl.boundary_flag()))
            }
            Step::Whole(pdu) => copy(pdu, packet).then(|| whole(AclPacketBoundary::FirstFlushable)),
            Step::Refused(pdu) => copy(&pdu, packet).then(|| whole(AclPacketBoundary::FirstFlushable)),
            Step::Rejected(signal) => copy(&signal, packet).then(|| whole(AclPacketBoundary::FirstFlushable)),
        }
    }

    /// Whether the host gets an event.
    fn takes(&self, event: &EventPacket<'_>) -> bool {
        match event.kind {
            EventKind::DisconnectionComplete => {
                self.assembly.borrow_mut().forget();
                self.watch.ended.signal(());
            }
            EventKind::HardwareError => self.watch.failed.signal(()),
            // It says that a link which is encrypted is so again. A client that pairs anew brings it about in the middle
            // of the pairing, and the host would give up for good.
            EventKind::EncryptionKeyRefreshComplete => return false,
            EventKind::Le if event.data.first() == Some(&LONG_TERM_KEY_REQUEST) => self.pause.set(true),
            _ => {}
        }
        true
    }
}

/// What a packet from the controller is read into, and the one that the host gets.
pub(crate) struct Buffer<B> {
    read: B,
    packet: Packet,
}

/// As long as a whole request.
type Packet = Vec<u8, PDU_LEN>;

/// What kind of packet the host gets.
#[derive(Clone, Copy)]
enum Kind {
    Acl(ConnHandle, AclPacketBoundary),
    Event(EventKind),
}

impl Kind {
    fn packet(self, data: &[u8]) -> ControllerToHostPacket<'_> {
        match self {
            Self::Acl(handle, boundary) => {
                ControllerToHostPacket::Acl(AclPacket::new(handle, boundary, AclBroadcastFlag::PointToPoint, data))
            }
            Self::Event(kind) => ControllerToHostPacket::Event(EventPacket { kind, data }),
        }
    }
}

/// The event in which a controller asks for a link's key.
const LONG_TERM_KEY_REQUEST: u8 = 5;

/// Whether there was room.
fn copy(data: &[u8], packet: &mut Packet) -> bool {
    packet.clear();
    packet.extend_from_slice(data).is_ok()
}

impl<C: ErrorType> ErrorType for Filter<'_, C> {
    type Error = C::Error;
}

impl<C: Controller> Controller for Filter<'_, C> {
    type Buffer<'a> = Buffer<C::Buffer<'a>>;

    fn alloc_buf(&self) -> Result<Self::Buffer<'_>, Self::Error> {
        Ok(Buffer {
            read: self.controller.alloc_buf()?,
            packet: Packet::new(),
        })
    }

    fn write_acl_data(&self, packet: &AclPacket<'_>) -> impl Future<Output = Result<(), Self::Error>> {
        self.controller.write_acl_data(packet)
    }

    fn write_sync_data(&self, packet: &SyncPacket<'_>) -> impl Future<Output = Result<(), Self::Error>> {
        self.controller.write_sync_data(packet)
    }

    fn write_iso_data(&self, packet: &IsoPacket<'_>) -> impl Future<Output = Result<(), Self::Error>> {
        self.controller.write_iso_data(packet)
    }

    async fn read<'a>(&self, buffer: &'a mut Self::Buffer<'_>) -> Result<ControllerToHostPacket<'a>, Self::Error> {
        if self.pause.take() {
            yield_now().await;
        }
        loop {
            let kind = match self.controller.read(&mut buffer.read).await? {
                ControllerToHostPacket::Acl(acl) => self.take_acl(&acl, &mut buffer.packet),
                ControllerToHostPacket::Event(event) => self
                    .takes(&event)
                    .then_some(Kind::Event(event.kind))
                    .filter(|_| copy(event.data, &mut buffer.packet)),
                // Voice, which a device like this has no use for.
                ControllerToHostPacket::Sync(_) | ControllerToHostPacket::Iso(_) => None,
            };
            if let Some(kind) = kind {
                return Ok(kind.packet(&buffer.packet));
            }
        }
    }
}

impl<C: ControllerCmdSync<Q>, Q: SyncCmd> ControllerCmdSync<Q> for Filter<'_, C> {
    async fn exec(&self, command: &Q) -> Result<Q::Return, cmd::Error<Self::Error>> {
        match self.stand.answer::<Q>() {
            Some(answer) => Ok(answer),
            None => self.watch.over(self.controller.exec(command)).await,
        }
    }
}

impl<C: ControllerCmdAsync<Q>, Q: AsyncCmd> ControllerCmdAsync<Q> for Filter<'_, C> {
    fn exec(&self, command: &Q) -> impl Future<Output = Result<(), cmd::Error<Self::Error>>> {
        self.watch.over(self.controller.exec(command))
    }
}
