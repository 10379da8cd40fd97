//! Two controllers that hear each other, for two hosts, or for a host and a hand.

use core::{
    cell::{Cell, RefCell},
    convert::Infallible,
    future::pending,
    marker::PhantomData,
    time::Duration,
};

use bt_hci::{
    ControllerToHostPacket, FromHciBytes as _, WriteHci as _,
    cmd::{self, AsyncCmd, SyncCmd},
    controller::{Controller, ControllerCmdAsync, ControllerCmdSync},
    data::{AclBroadcastFlag, AclPacket, AclPacketBoundary, IsoPacket, SyncPacket},
    event::{EventKind, EventPacket},
    param::ConnHandle,
};
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};

/// The air, with one controller for the client and one for the device.
pub(crate) struct Air {
    sides: [Side; 2],
    advertising: Cell<bool>,
    connected: Cell<bool>,
    /// The key that a link is to be encrypted with.
    key: RefCell<Vec<u8>>,
    encrypted: Cell<bool>,
    /// The kinds of what the client sent in the attribute protocol.
    asked: RefCell<Vec<u8>>,
    /// Whether the controllers take their time to end a connection: until a test does.
    pub(crate) lingers: Cell<bool>,
    /// Whether the device's controller says nothing any more.
    pub(crate) silent: Cell<bool>,
}

pub(crate) const CLIENT: usize = 0;
pub(crate) const DEVICE: usize = 1;

/// What a controller hands to its host.
pub(crate) struct Side {
    sender: mpsc::UnboundedSender<(u32, Packet)>,
    inbox: Mutex<mpsc::UnboundedReceiver<(u32, Packet)>>,
    /// What is from before the last of them is gone.
    resets: Cell<u32>,
    random_address: Cell<Option<[u8; 6]>>,
}

#[derive(Debug)]
enum Packet {
    Event(EventKind, Vec<u8>),
    Acl(AclPacketBoundary, Vec<u8>),
}

/// Of the one connection.
const HANDLE: [u8; 2] = [1, 0];
const REMOTE_USER: u8 = 0x13;
const PATIENCE: Duration = Duration::from_secs(20);

impl Air {
    pub(crate) fn new() -> Self {
        let side = || {
            let (sender, inbox) = mpsc::unbounded_channel();
            Side {
                sender,
                inbox: Mutex::new(inbox),
                resets: Cell::new(0),
                random_address: Cell::new(None),
            }
        };
        Self {
            sides: [side(), side()],
            advertising: Cell::new(false),
            connected: Cell::new(false),
            key: RefCell::default(),
            encrypted: Cell::new(false),
            asked: RefCell::default(),
            lingers: Cell::new(false),
            silent: Cell::new(false),
        }
    }

    /// The controller of one side, for a host.
    pub(crate) fn card(&self, side: usize) -> Card<'_> {
        Card { air: self, side }
    }

    /// The controller of one side, for a test.
    pub(crate) fn hand(&self, side: usize) -> Hand<'_> {
        Hand { air: self, side }
    }

    /// Has the device's side be found, where a test plays it.
    pub(crate) fn advertise(&self) {
        self.sides[DEVICE].random_address.set(Some(crate::device::ADDRESS));
        self.advertising.set(true);
    }

    pub(crate) fn is_advertising(&self) -> bool {
        self.advertising.get()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected.get()
    }

    pub(crate) fn asked(&self) -> Vec<u8> {
        self.asked.borrow().clone()
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted.get()
    }

    /// An event for one side's host.
    pub(crate) fn event(&self, side: usize, kind: EventKind, data: &[u8]) {
        self.give(side, Packet::Event(kind, data.to_vec()));
    }

    fn give(&self, side: usize, packet: Packet) {
        let Side { sender, resets, .. } = &self.sides[side];
        sender.send((resets.get(), packet)).expect("the air keeps both ends");
    }

    /// What a side's host gets next.
    async fn take(&self, side: usize) -> Packet {
        let Side { inbox, resets, .. } = &self.sides[side];
        let mut inbox = inbox.lock().await;
        loop {
            let (sent_at, packet) = inbox.recv().await.expect("the air keeps both ends");
            if sent_at == resets.get() {
                return packet;
            }
        }
    }

    fn address(&self, side: usize) -> (u8, [u8; 6]) {
        match self.sides[side].random_address.get() {
            Some(address) => (1, address),
            None => (0, [side as u8 + 1; 6]),
        }
    }

    pub(crate) fn connect(&self) {
        self.advertising.set(false);
        self.connected.set(true);
        for (side, role) in [(CLIENT, 0), (DEVICE, 1)] {
            let (kind, address) = self.address(1 - side);
            let link = [1, 0, HANDLE[0], HANDLE[1], role, kind];
            self.event(
                side,
                EventKind::Le,
                &[&link[..], &address, &[24, 0, 0, 0, 42, 0, 0]].concat(),
            );
        }
    }

    pub(crate) fn disconnect(&self) {
        if self.connected.replace(false) {
            self.encrypted.set(false);
            for side in [CLIENT, DEVICE] {
                self.event(
                    side,
                    EventKind::DisconnectionComplete,
                    &[0, HANDLE[0], HANDLE[1], REMOTE_USER],
                );
            }
        }
    }

    /// What a client's controller asks the device's for, so that the link is encrypted with `key`.
    pub(crate) fn ask_for_key(&self, key: &[u8]) {
        *self.key.borrow_mut() = key.to_vec();
        self.event(
            DEVICE,
            EventKind::Le,
            &[&[5, HANDLE[0], HANDLE[1]][..], &[0; 10]].concat(),
        );
    }

    fn encrypt(&self, key: &[u8]) {
        let fits = *self.key.borrow() == key;
        let status = if fits { 0 } else { 0x3d };
        let again = fits && self.encrypted.replace(fits);
        for side in [CLIENT, DEVICE] {
            if again {
                self.event(
                    side,
                    EventKind::EncryptionKeyRefreshComplete,
                    &[0, HANDLE[0], HANDLE[1]],
                );
            } else {
                let data = [status, HANDLE[0], HANDLE[1], u8::from(fits)];
                self.event(side, EventKind::EncryptionChangeV1, &data);
            }
        }
    }

    /// Obeys a command, and gives what it returns.
    fn obey(&self, side: usize, opcode: u16, parameters: &[u8]) -> Vec<u8> {
        match (opcode, parameters) {
            (RESET, _) => {
                self.disconnect();
                self.advertising.set(self.advertising.get() && side != DEVICE);
                self.sides[side].resets.update(|resets| resets + 1);
                vec![]
            }
            (READ_ADDRESS, _) => vec![side as u8 + 1; 6],
            (SET_RANDOM_ADDRESS, address) => {
                self.sides[side].random_address.set(address.try_into().ok());
                vec![]
            }
            (READ_BUFFER_SIZE, _) => vec![251, 0, 8],
            (SET_ADVERTISING, [on]) => {
                self.advertising.set(*on == 1);
                vec![]
            }
            (DISCONNECT, _) if !self.lingers.get() => {
                self.disconnect();
                vec![]
            }
            (KEY_REPLY, [_, _, key @ ..]) => {
                self.encrypt(key);
                HANDLE.to_vec()
            }
            (CREATE_CONNECTION, _) if self.advertising.get() => {
                self.connect();
                vec![]
            }
            (ENABLE_ENCRYPTION, [_, _, _, _, _, _, _, _, _, _, _, _, key @ ..]) => {
                self.ask_for_key(key);
                vec![]
            }
            _ => vec![],
        }
    }
}

const DISCONNECT: u16 = 0x0406;
const RESET: u16 = 0x0c03;
const READ_ADDRESS: u16 = 0x1009;
const READ_BUFFER_SIZE: u16 = 0x2002;
const SET_RANDOM_ADDRESS: u16 = 0x2005;
const SET_ADVERTISING: u16 = 0x200a;
const CREATE_CONNECTION: u16 = 0x200d;
const ENABLE_ENCRYPTION: u16 = 0x2019;
const KEY_REPLY: u16 = 0x201a;

/// A controller for a host.
pub(crate) struct Card<'a> {
    air: &'a Air,
    side: usize,
}

impl Card<'_> {
    async fn obey<Q: cmd::Cmd>(&self, command: &Q) -> Vec<u8> {
        if self.side == DEVICE && self.air.silent.get() {
            pending::<()>().await;
        }
        let mut parameters = vec![];
        let Ok(()) = command.params().write_hci(&mut parameters);
        self.air.obey(self.side, Q::OPCODE.to_raw(), &parameters)
    }
}

/// What a packet is read into.
pub(crate) struct Buffer<'a>(Vec<u8>, PhantomData<&'a ()>);

impl embedded_io::ErrorType for Card<'_> {
    type Error = Infallible;
}

impl Controller for Card<'_> {
    type Buffer<'a> = Buffer<'a>;

    fn alloc_buf(&self) -> Result<Buffer<'_>, Infallible> {
        Ok(Buffer(vec![], PhantomData))
    }

    async fn write_acl_data(&self, packet: &AclPacket<'_>) -> Result<(), Infallible> {
        let boundary = match packet.boundary_flag() {
            AclPacketBoundary::Continuing => AclPacketBoundary::Continuing,
            _ => AclPacketBoundary::FirstFlushable,
        };
        if let (CLIENT, [_, _, ATT, 0, kind, ..]) = (self.side, packet.data()) {
            self.air.asked.borrow_mut().push(*kind);
        }
        self.air
            .give(1 - self.side, Packet::Acl(boundary, packet.data().to_vec()));
        let sent = [1, HANDLE[0], HANDLE[1], 1, 0];
        self.air.event(self.side, EventKind::NumberOfCompletedPackets, &sent);
        Ok(())
    }

    async fn write_sync_data(&self, _: &SyncPacket<'_>) -> Result<(), Infallible> {
        Ok(())
    }

    async fn write_iso_data(&self, _: &IsoPacket<'_>) -> Result<(), Infallible> {
        Ok(())
    }

    async fn read<'a>(&self, buffer: &'a mut Self::Buffer<'_>) -> Result<ControllerToHostPacket<'a>, Infallible> {
        let Buffer(buffer, _) = buffer;
        Ok(match self.air.take(self.side).await {
            Packet::Event(kind, data) => {
                *buffer = data;
                ControllerToHostPacket::Event(EventPacket { kind, data: buffer })
            }
            Packet::Acl(boundary, data) => {
                *buffer = data;
                let broadcast = AclBroadcastFlag::PointToPoint;
                ControllerToHostPacket::Acl(AclPacket::new(ConnHandle::new(1), boundary, broadcast, buffer))
            }
        })
    }
}

impl<Q: SyncCmd> ControllerCmdSync<Q> for Card<'_> {
    async fn exec(&self, command: &Q) -> Result<Q::Return, cmd::Error<Infallible>> {
        let mut returned = self.obey(command).await;
        returned.resize(255, 0);
        let returned = Q::Return::from_hci_bytes(&returned).map(|(returned, _)| returned);
        Ok(returned.unwrap_or_else(|_| panic!("what {:#06x} returns", Q::OPCODE.to_raw())))
    }
}

impl<Q: AsyncCmd> ControllerCmdAsync<Q> for Card<'_> {
    async fn exec(&self, command: &Q) -> Result<(), cmd::Error<Infallible>> {
        self.obey(command).await;
        Ok(())
    }
}

/// A test that holds one end of a connection.
pub(crate) struct Hand<'a> {
    air: &'a Air,
    side: usize,
}

/// Channels of a connection.
pub(crate) const ATT: u8 = 4;
pub(crate) const SIGNALS: u8 = 5;
pub(crate) const SMP: u8 = 6;

impl Hand<'_> {
    /// Waits until the device can be found, and forgets what came before.
    pub(crate) async fn find(&self) {
        self.until(|| self.air.is_advertising()).await;
        while self.air.sides[self.side].inbox.lock().await.try_recv().is_ok() {}
    }

    /// Connects to the device when it can be found.
    pub(crate) async fn connect(&self) {
        self.find().await;
        self.air.connect();
    }

    /// Waits until something is as it should be.
    pub(crate) async fn until(&self, is_so: impl Fn() -> bool) {
        let wait = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, wait).await.expect("it comes to be so");
    }

    /// Sends a packet of the attribute protocol.
    pub(crate) fn send(&self, pdu: &[u8]) {
        self.send_on(ATT, pdu);
    }

    pub(crate) fn send_on(&self, channel: u8, payload: &[u8]) {
        let [low, high] = u16::try_from(payload.len()).expect("short").to_le_bytes();
        let packet = [&[low, high, channel, 0], payload].concat();
        let mut boundary = AclPacketBoundary::FirstFlushable;
        for part in packet.chunks(251) {
            self.send_part(boundary, part);
            boundary = AclPacketBoundary::Continuing;
        }
    }

    /// Sends any bytes.
    pub(crate) fn send_part(&self, boundary: AclPacketBoundary, part: &[u8]) {
        self.air.give(1 - self.side, Packet::Acl(boundary, part.to_vec()));
    }

    /// The next packet of a channel; `None` if the connection ends before.
    pub(crate) async fn next_on(&self, wanted: u8) -> Option<Vec<u8>> {
        let mut collected = vec![];
        loop {
            match timeout(PATIENCE, self.air.take(self.side))
                .await
                .expect("something comes in time")
            {
                Packet::Event(EventKind::DisconnectionComplete, _) => return None,
                Packet::Event(..) => {}
                Packet::Acl(boundary, part) => {
                    if boundary != AclPacketBoundary::Continuing {
                        collected.clear();
                    }
                    collected.extend(part);
                    if let [low, high, channel, _, payload @ ..] = &collected[..]
                        && payload.len() == usize::from(u16::from_le_bytes([*low, *high]))
                        && *channel == wanted
                    {
                        return Some(payload.to_vec());
                    }
                }
            }
        }
    }

    /// The answer to a request.
    #[track_caller]
    pub(crate) fn ask(&self, request: &[u8]) -> impl Future<Output = Vec<u8>> {
        self.send(request);
        async { self.next_on(ATT).await.expect("the connection is kept") }
    }
}
