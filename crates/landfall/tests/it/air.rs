//! An air for tests: virtual Bluetooth controllers that hear each other, each behind a TCP port (HCI in H4 framing), and
//! devices that are heard but do not answer (Bluetooth Core, volume 4, part E).

use core::time::Duration;
use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

/// The air, which is there until the test's process ends.
pub(crate) struct Air {
    ports: Vec<String>,
    state: Arc<Mutex<State>>,
}

/// A device that is heard: its name, the end of its address, its signal in dBm, and the UUID of its service in the order
/// in which it travels.
#[derive(Clone, Copy)]
pub(crate) struct Beacon {
    pub(crate) name: &'static str,
    pub(crate) number: u8,
    pub(crate) rssi: i8,
    pub(crate) service: Option<[u8; 16]>,
}

impl Beacon {
    /// A device like those with Espressif's example application.
    pub(crate) const fn device(name: &'static str, number: u8, rssi: i8) -> Self {
        Self {
            name,
            number,
            rssi,
            service: Some(EXAMPLE_SERVICE),
        }
    }

    fn advertiser(&self) -> Advertiser {
        let service = self.service.map(|uuid| [&[17, 7][..], &uuid].concat());
        let name = self.name.as_bytes();
        Advertiser {
            address: Address([self.number, 0, 0, 0, 0, 0xc0], RANDOM),
            data: [&[2, 1, 6][..], &service.unwrap_or_default()].concat(),
            scan_response: [&[name.len() as u8 + 1, 9][..], name].concat(),
            rssi: self.rssi,
        }
    }
}

/// 021a9004-0382-4aea-bff4-6b3f1c5adfb4 (spec transports.md 1.1).
const EXAMPLE_SERVICE: [u8; 16] = [
    0xb4, 0xdf, 0x5a, 0x1c, 0x3f, 0x6b, 0xf4, 0xbf, 0xea, 0x4a, 0x82, 0x03, 0x04, 0x90, 0x1a, 0x02,
];

impl Air {
    /// An air with two controllers, one for a device and one for its client, and with `beacons`.
    pub(crate) fn with(beacons: &[Beacon]) -> Self {
        let sockets = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let ports = sockets
            .iter()
            .map(|socket| socket.local_addr().expect("a bound socket"));
        let air = Self {
            ports: ports.map(|address| format!("tcp:{address}")).collect(),
            state: Arc::default(),
        };
        air.state().controllers = (0..sockets.len()).map(Controller::new).collect();
        beacons.iter().for_each(|beacon| air.add(*beacon));
        for (number, socket) in sockets.into_iter().enumerate() {
            let state = Arc::clone(&air.state);
            thread::spawn(move || {
                for host in socket.incoming().flatten() {
                    // A host that goes away is no failure.
                    let _ = serve(host, number, &state);
                    lock(&state).reset(number);
                }
            });
        }
        let state = Arc::clone(&air.state);
        thread::spawn(move || {
            loop {
                thread::sleep(ADVERTISING_INTERVAL);
                lock(&state).advertise();
            }
        });
        air
    }

    /// What `--hci` takes for a device.
    pub(crate) fn of_device(&self) -> &str {
        &self.ports[0]
    }

    /// What `--hci` takes for a client.
    pub(crate) fn of_client(&self) -> &str {
        &self.ports[1]
    }

    /// One more device is heard.
    pub(crate) fn add(&self, beacon: Beacon) {
        self.state().beacons.push(beacon.advertiser());
    }

    /// No beacon is heard any more.
    pub(crate) fn clear(&self) {
        self.state().beacons.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

const ADVERTISING_INTERVAL: Duration = Duration::from_millis(40);

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("nobody panics with it")
}

/// Bytes as they travel, and the kind.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Address([u8; 6], u8);

const RANDOM: u8 = 1;

#[derive(Default)]
struct State {
    controllers: Vec<Controller>,
    beacons: Vec<Advertiser>,
}

/// What others hear.
#[derive(Clone)]
struct Advertiser {
    address: Address,
    data: Vec<u8>,
    scan_response: Vec<u8>,
    rssi: i8,
}

struct Controller {
    host: Option<TcpStream>,
    advertiser: Advertiser,
    advertising: bool,
    scanning: bool,
    /// The one it wants to connect to.
    wanted: Option<Address>,
    /// The controller that it is connected to.
    peer: Option<usize>,
}

impl Controller {
    fn new(number: usize) -> Self {
        Self {
            host: None,
            advertiser: Advertiser {
                address: Address([number as u8 + 1, 2, 3, 4, 5, 6], 0),
                data: Vec::new(),
                scan_response: Vec::new(),
                rssi: -45,
            },
            advertising: false,
            scanning: false,
            wanted: None,
            peer: None,
        }
    }

    fn tell(&mut self, event: u8, parameters: &[u8]) {
        let header = [EVENT, event, u8::try_from(parameters.len()).expect("events are short")];
        self.send(&[&header, parameters].concat());
    }

    fn send(&mut self, packet: &[u8]) {
        if let Some(host) = &mut self.host {
            // One that has just gone needs nothing any more.
            let _ = host.write_all(packet);
        }
    }

    fn hear(&mut self, advertiser: &Advertiser) {
        for (kind, data) in [(0, &advertiser.data), (4, &advertiser.scan_response)] {
            let Address(address, address_kind) = advertiser.address;
            let report = [
                &[2, 1, kind, address_kind][..],
                &address,
                &[data.len() as u8],
                data,
                &[advertiser.rssi as u8],
            ];
            self.tell(LE_META, &report.concat());
        }
    }
}

impl State {
    /// Everybody who listens hears everybody who advertises, and who wants a connection to one of them gets it.
    fn advertise(&mut self) {
        let on_air: Vec<(Option<usize>, Advertiser)> = self.on_air();
        for listener in 0..self.controllers.len() {
            for (owner, advertiser) in on_air.iter().filter(|(owner, _)| *owner != Some(listener)) {
                let controller = &mut self.controllers[listener];
                if controller.scanning {
                    controller.hear(advertiser);
                }
                if let (true, Some(owner)) = (controller.wanted == Some(advertiser.address), owner) {
                    self.connect(listener, *owner);
                }
            }
        }
    }

    fn on_air(&self) -> Vec<(Option<usize>, Advertiser)> {
        let controllers = self.controllers.iter().enumerate();
        let advertising = controllers.filter(|(_, controller)| controller.advertising);
        let beacons = self.beacons.iter().map(|beacon| (None, beacon.clone()));
        advertising
            .map(|(number, controller)| (Some(number), controller.advertiser.clone()))
            .chain(beacons)
            .collect()
    }

    fn connect(&mut self, central: usize, peripheral: usize) {
        for (number, other, role) in [(central, peripheral, 0), (peripheral, central, 1)] {
            let Address(address, kind) = self.controllers[other].advertiser.address;
            let controller = &mut self.controllers[number];
            (controller.advertising, controller.wanted, controller.peer) = (false, None, Some(other));
            let complete = [
                &[1, 0, HANDLE[0], HANDLE[1], role, kind][..],
                &address,
                &[24, 0, 0, 0, 200, 0, 0],
            ];
            controller.tell(LE_META, &complete.concat());
        }
    }

    /// Ends the connection of a controller, on both sides.
    fn disconnect(&mut self, number: usize) {
        let Some(peer) = self.controllers[number].peer.take() else {
            return;
        };
        self.controllers[peer].peer = None;
        self.controllers[number].tell(DISCONNECTED, &[0, HANDLE[0], HANDLE[1], 0x16]);
        self.controllers[peer].tell(DISCONNECTED, &[0, HANDLE[0], HANDLE[1], 0x13]);
    }

    fn reset(&mut self, number: usize) {
        let host = self.controllers[number].host.take();
        self.disconnect(number);
        self.controllers[number] = Controller {
            host,
            ..Controller::new(number)
        };
    }

    fn obey(&mut self, number: usize, opcode: u16, parameters: &[u8]) {
        let [low, high] = opcode.to_le_bytes();
        let data = |parameters: &[u8]| parameters[1..][..usize::from(parameters[0])].to_vec();
        let address = |bytes: &[u8]| bytes.try_into().expect("six bytes");
        let controller = &mut self.controllers[number];
        let mut answer: &[u8] = &[];
        match opcode {
            RESET => {
                let host = self.controllers[number].host.take();
                self.reset(number);
                self.controllers[number].host = host;
            }
            READ_BD_ADDR => answer = &[1, 2, 3, 4, 5, 6],
            LE_READ_BUFFER_SIZE => answer = &[0xfb, 0x00, 8],
            LE_READ_FILTER_ACCEPT_LIST_SIZE => answer = &[8],
            LE_SET_RANDOM_ADDRESS => controller.advertiser.address = Address(address(parameters), RANDOM),
            LE_SET_ADVERTISING_DATA => controller.advertiser.data = data(parameters),
            LE_SET_SCAN_RESPONSE_DATA => controller.advertiser.scan_response = data(parameters),
            LE_SET_ADVERTISING_ENABLE => controller.advertising = parameters == [1],
            LE_SET_SCAN_ENABLE => controller.scanning = parameters[0] == 1,
            LE_CREATE_CONNECTION => {
                controller.wanted = Some(Address(address(&parameters[6..12]), parameters[5]));
                return controller.tell(COMMAND_STATUS, &[0, 1, low, high]);
            }
            LE_CREATE_CONNECTION_CANCEL => {
                controller.tell(COMMAND_COMPLETE, &[1, low, high, 0]);
                if controller.wanted.take().is_some() {
                    controller.tell(LE_META, &[&[1, 2][..], &[0; 17]].concat());
                }
                return;
            }
            DISCONNECT => {
                controller.tell(COMMAND_STATUS, &[0, 1, low, high]);
                return self.disconnect(number);
            }
            _ => {}
        }
        self.controllers[number].tell(COMMAND_COMPLETE, &[&[1, low, high, 0], answer].concat());
    }

    /// Brings data to the other end.
    fn carry(&mut self, number: usize, packet: &[u8]) {
        let controller = &mut self.controllers[number];
        controller.tell(COMPLETED_PACKETS, &[1, HANDLE[0], HANDLE[1], 1, 0]);
        if let Some(peer) = controller.peer {
            let mut packet = packet.to_vec();
            // A packet that begins a message is marked in another way when it arrives.
            if packet[1] & 0x30 == 0 {
                packet[1] |= 0x20;
            }
            self.controllers[peer].send(&[&[ACL][..], &packet].concat());
        }
    }
}

/// Serves the host of a controller until it goes.
fn serve(mut host: TcpStream, number: usize, state: &Mutex<State>) -> io::Result<()> {
    host.set_nodelay(true)?;
    lock(state).controllers[number].host = Some(host.try_clone()?);
    loop {
        let mut kind = [0];
        host.read_exact(&mut kind)?;
        let mut header = vec![0; if kind == [COMMAND] { 3 } else { 4 }];
        host.read_exact(&mut header)?;
        let len = match kind {
            [COMMAND] => usize::from(header[2]),
            _ => usize::from(u16::from_le_bytes([header[2], header[3]])),
        };
        let mut content = vec![0; len];
        host.read_exact(&mut content)?;
        let mut state = lock(state);
        match kind {
            [COMMAND] => state.obey(number, u16::from_le_bytes([header[0], header[1]]), &content),
            _ => state.carry(number, &[header, content].concat()),
        }
    }
}

/// The only connection's handle.
const HANDLE: [u8; 2] = [0x40, 0x00];
const COMMAND: u8 = 1;
const ACL: u8 = 2;
const EVENT: u8 = 4;

const DISCONNECTED: u8 = 0x05;
const COMMAND_COMPLETE: u8 = 0x0e;
const COMMAND_STATUS: u8 = 0x0f;
const COMPLETED_PACKETS: u8 = 0x13;
const LE_META: u8 = 0x3e;

const DISCONNECT: u16 = 0x0406;
const RESET: u16 = 0x0c03;
const READ_BD_ADDR: u16 = 0x1009;
const LE_READ_BUFFER_SIZE: u16 = 0x2002;
const LE_SET_RANDOM_ADDRESS: u16 = 0x2005;
const LE_SET_ADVERTISING_DATA: u16 = 0x2008;
const LE_SET_SCAN_RESPONSE_DATA: u16 = 0x2009;
const LE_SET_ADVERTISING_ENABLE: u16 = 0x200a;
const LE_SET_SCAN_ENABLE: u16 = 0x200c;
const LE_CREATE_CONNECTION: u16 = 0x200d;
const LE_CREATE_CONNECTION_CANCEL: u16 = 0x200e;
const LE_READ_FILTER_ACCEPT_LIST_SIZE: u16 = 0x200f;
