//! A controller without a radio: what the host tells it, and a client as the host sees one, byte by byte (Bluetooth
//! Core, volume 4, part E).

use core::time::Duration;

use landfall_device::HciAddress;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// The controller, with at most one client connected to it.
pub(crate) struct Radio {
    host: TcpStream,
    pub(crate) advertising: bool,
    pub(crate) advertisement: Vec<u8>,
    pub(crate) scan_response: Vec<u8>,
    pub(crate) random_address: Vec<u8>,
    /// Whether the host ended the last connection.
    pub(crate) hung_up: bool,
}

/// Where the controller will be found.
pub(crate) struct Antenna(TcpListener);

impl Antenna {
    pub(crate) async fn raise() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.expect("a free port"))
    }

    pub(crate) fn address(&self) -> HciAddress {
        let address = self.0.local_addr().expect("a bound socket");
        format!("tcp:{address}").parse().expect("an address")
    }

    /// Waits for the host, and serves it until it advertises.
    pub(crate) async fn on_air(self) -> Radio {
        let (host, _) = self.0.accept().await.expect("a host");
        host.set_nodelay(true).expect("a socket");
        let mut radio = Radio {
            host,
            advertising: false,
            advertisement: Vec::new(),
            scan_response: Vec::new(),
            random_address: Vec::new(),
            hung_up: false,
        };
        radio.until_advertising().await;
        radio
    }
}

/// The client's handle.
const HANDLE: [u8; 2] = [0x40, 0x00];
const COMMAND: u8 = 1;
const ACL: u8 = 2;
const LE_READ_BUFFER_SIZE: u16 = 0x2002;
const LE_SET_RANDOM_ADDRESS: u16 = 0x2005;
const LE_SET_ADVERTISING_DATA: u16 = 0x2008;
const LE_SET_SCAN_RESPONSE_DATA: u16 = 0x2009;
const LE_SET_ADVERTISING_ENABLE: u16 = 0x200a;
const LE_READ_FILTER_ACCEPT_LIST_SIZE: u16 = 0x200f;
const READ_BD_ADDR: u16 = 0x1009;
const DISCONNECT: u16 = 0x0406;

impl Radio {
    pub(crate) async fn until_advertising(&mut self) {
        while !self.advertising {
            assert_eq!(self.step().await, None, "nobody is connected");
        }
    }

    /// Serves the host until it hangs up on the client, which may still be told something.
    pub(crate) async fn until_hung_up(&mut self) {
        while !self.hung_up {
            self.step().await;
        }
    }

    /// Serves the host until it is gone.
    pub(crate) async fn until_off(&mut self) {
        let mut kind = [0];
        while self.host.read(&mut kind).await.is_ok_and(|read| read > 0) {
            self.take(kind[0]).await;
        }
    }

    /// A client connects.
    pub(crate) async fn connect(&mut self) {
        assert!(self.advertising, "a device is found by its advertisement");
        self.advertising = false;
        self.hung_up = false;
        let event = [
            &[0x01, 0][..],
            &HANDLE,
            &[1, 1, 2, 0, 0, 0, 0, 0xc0, 24, 0, 0, 0, 200, 0, 0],
        ];
        self.tell(0x3e, &event.concat()).await;
    }

    /// The client goes.
    pub(crate) async fn disconnect(&mut self) {
        self.tell(0x05, &[0, HANDLE[0], HANDLE[1], 0x13]).await;
    }

    /// The client asks, and waits for the answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.send(request).await;
        self.answer().await
    }

    /// The client writes a value, in parts if it is long.
    pub(crate) async fn write(&mut self, handle: u8, value: &[u8]) {
        if value.len() <= 20 {
            self.send(&[&[0x12, handle, 0], value].concat()).await;
            return;
        }
        for (number, part) in value.chunks(18).enumerate() {
            let [low, high] = u16::try_from(number * 18).expect("short enough").to_le_bytes();
            let prepare = [&[0x16, handle, 0, low, high], part].concat();
            let prepared = self.ask(&prepare).await;
            assert_eq!((prepared[0], &prepared[1..]), (0x17, &prepare[1..]));
        }
        self.send(&[0x18, 1]).await;
    }

    /// The client reads a value to its end.
    pub(crate) async fn read(&mut self, handle: u8) -> Vec<u8> {
        let mut value = Vec::new();
        loop {
            let [low, high] = u16::try_from(value.len()).expect("short enough").to_le_bytes();
            let request = if value.is_empty() {
                vec![0x0a, handle, 0]
            } else {
                vec![0x0c, handle, 0, low, high]
            };
            let answer = self.ask(&request).await;
            assert_eq!(answer[0], request[0] + 1, "{answer:02x?}");
            value.extend_from_slice(&answer[1..]);
            if answer.len() < 23 {
                return value;
            }
        }
    }

    pub(crate) async fn send(&mut self, request: &[u8]) {
        let [low, high] = u16::try_from(request.len()).expect("short").to_le_bytes();
        let [acl_low, acl_high] = u16::try_from(request.len() + 4).expect("short").to_le_bytes();
        let header = [ACL, HANDLE[0], HANDLE[1] | 0x20, acl_low, acl_high, low, high, 4, 0];
        self.host.write_all(&[&header, request].concat()).await.expect("a host");
    }

    pub(crate) async fn answer(&mut self) -> Vec<u8> {
        loop {
            if let Some(answer) = self.step().await {
                return answer;
            }
        }
    }

    /// Takes what the host says next: what it tells the client, if that is what it says.
    async fn step(&mut self) -> Option<Vec<u8>> {
        let kind = timeout(Duration::from_secs(20), self.host.read_u8()).await;
        self.take(kind.expect("the host says something in time").expect("a host"))
            .await
    }

    async fn take(&mut self, kind: u8) -> Option<Vec<u8>> {
        match kind {
            COMMAND => {
                let (low, high) = (self.byte().await, self.byte().await);
                let len = self.byte().await;
                let parameters = self.bytes(usize::from(len)).await;
                self.obey(u16::from_le_bytes([low, high]), &parameters).await;
                None
            }
            ACL => {
                let header = self.bytes(4).await;
                let packet = self
                    .bytes(usize::from(u16::from_le_bytes([header[2], header[3]])))
                    .await;
                self.tell(0x13, &[1, HANDLE[0], HANDLE[1], 1, 0]).await;
                (packet[2..4] == [4, 0]).then(|| packet[4..].to_vec())
            }
            kind => panic!("the host says {kind}"),
        }
    }

    async fn obey(&mut self, opcode: u16, parameters: &[u8]) {
        let data = |parameters: &[u8]| parameters[1..][..usize::from(parameters[0])].to_vec();
        let mut answer: &[u8] = &[];
        match opcode {
            LE_READ_BUFFER_SIZE => answer = &[0xfb, 0x00, 8],
            LE_READ_FILTER_ACCEPT_LIST_SIZE => answer = &[8],
            READ_BD_ADDR => answer = &[1, 2, 3, 4, 5, 6],
            LE_SET_RANDOM_ADDRESS => self.random_address = parameters.to_vec(),
            LE_SET_ADVERTISING_DATA => self.advertisement = data(parameters),
            LE_SET_SCAN_RESPONSE_DATA => self.scan_response = data(parameters),
            LE_SET_ADVERTISING_ENABLE => self.advertising = parameters == [1],
            DISCONNECT => {
                let [low, high] = opcode.to_le_bytes();
                self.tell(0x0f, &[0, 1, low, high]).await;
                self.tell(0x05, &[0, HANDLE[0], HANDLE[1], 0x16]).await;
                self.hung_up = true;
                return;
            }
            _ => {}
        }
        let [low, high] = opcode.to_le_bytes();
        self.tell(0x0e, &[&[1, low, high, 0], answer].concat()).await;
    }

    async fn tell(&mut self, event: u8, parameters: &[u8]) {
        let header = [4, event, u8::try_from(parameters.len()).expect("short")];
        // A host that has just gone needs no answer any more.
        let _ = self.host.write_all(&[&header, parameters].concat()).await;
    }

    async fn byte(&mut self) -> u8 {
        self.host.read_u8().await.expect("a host")
    }

    async fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.host.read_exact(&mut bytes).await.expect("a host");
        bytes
    }
}
