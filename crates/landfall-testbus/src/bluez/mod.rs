//! A stand-in for BlueZ's daemon as clients see it: adapters, devices on the air, and what these offer once connected.
//! It behaves as 5.66 does, as far as clients of ours come to know it.

mod daemon;
pub mod host;
mod objects;

use core::time::Duration;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{Builder, JoinHandle},
};

use tokio::{runtime, sync::mpsc as asynchronous};

use self::daemon::serve;

/// The daemon, in a thread of its own. It ends with this.
#[derive(Debug)]
pub struct FakeBluez {
    world: Arc<Mutex<World>>,
    orders: Option<asynchronous::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// What there is, and what happened.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The adapters.
    pub adapters: Vec<FakeAdapter>,
    /// The devices, of the first adapter all of them.
    pub devices: Vec<FakeDevice>,
    /// What the daemon was asked to do, in its order, such as `StartDiscovery` and `Connect F0:00:00:00:00:01`.
    pub log: Vec<String>,
}

/// An adapter.
#[derive(Debug, Clone)]
pub struct FakeAdapter {
    /// `hci0`, for example.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Whether it is on.
    pub is_on: bool,
    /// Whether it is blocked, if it is off.
    pub is_blocked: bool,
}

/// A device.
#[derive(Debug, Clone, Default)]
pub struct FakeDevice {
    /// Its address.
    pub address: String,
    /// Its name.
    pub name: Option<String>,
    /// When its name is heard, counted from the beginning of a scan.
    pub name_comes: Duration,
    /// Whether it is in radio range.
    pub is_near: bool,
    /// Whether the daemon has it in its list.
    pub is_listed: bool,
    /// Whether its user has paired with it.
    pub is_paired: bool,
    /// Whether the daemon is connected to it.
    pub is_connected: bool,
    /// The company's number, and what follows it.
    pub manufacturer_data: Option<(u16, Vec<u8>)>,
    /// Its service.
    pub service: FakeService,
    /// What the daemon remembers instead, until it forgets the device.
    pub remembered: Option<FakeService>,
    /// What becomes of the next attempts to connect: the texts with which they fail, or nothing.
    pub connects: VecDeque<Option<&'static str>>,
    /// What becomes of the next writes.
    pub writes: VecDeque<Fault>,
    /// Whether its values want an encrypted connection, which the daemon does not see to by itself.
    pub demands_pairing: bool,
    /// What is read from it: the endpoint's name, ':', and the request.
    pub value: Vec<u8>,
}

/// A service with its characteristics.
#[derive(Debug, Clone, Default)]
pub struct FakeService {
    /// What it is.
    pub uuid: String,
    /// What its characteristics are, and what the device calls them.
    pub characteristics: Vec<(String, Option<String>)>,
}

/// What goes wrong with a write, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    Nothing,
    /// The daemon answers with an error.
    Fails(&'static str, &'static str),
    /// The connection ends, which the daemon tells as a success, and the value as empty.
    Ends,
    /// The connection ends, and the daemon never answers.
    EndsWithoutAnswer,
    /// Nothing happens any more.
    Hangs,
}

#[derive(Debug)]
enum Order {
    Stop,
    Start(mpsc::Sender<()>),
    EndConnections,
}

impl FakeBluez {
    /// Starts it on the bus at `address`.
    ///
    /// # Panics
    /// If the bus does not take it.
    pub fn start(address: &str, world: World) -> Self {
        let world = Arc::new(Mutex::new(world));
        let (orders, taken) = asynchronous::unbounded_channel();
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (address, shared) = (address.to_owned(), Arc::clone(&world));
        let thread = Builder::new().spawn(move || runtime.block_on(serve(&address, &shared, taken)));
        let daemon = Self {
            world,
            orders: Some(orders),
            thread: Some(thread.expect("a thread")),
        };
        daemon.restart();
        daemon
    }

    /// What there is, to look at it and to change it.
    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// What it was asked to do.
    pub fn log(&self) -> Vec<String> {
        self.world().log.clone()
    }

    /// Ends it, as if it was killed.
    pub fn stop(&self) {
        self.order(Order::Stop);
    }

    /// Starts it again, with what it has stored.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&self) {
        let (started, wait) = mpsc::channel();
        self.order(Order::Start(started));
        wait.recv().expect("the daemon starts");
    }

    /// Has all devices end their connections.
    pub fn end_connections(&self) {
        self.order(Order::EndConnections);
    }

    fn order(&self, order: Order) {
        let orders = self.orders.as_ref().expect("there until the end");
        orders.send(order).expect("the daemon's thread is there");
    }
}

impl Drop for FakeBluez {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            _ = thread.join();
        }
    }
}

impl World {
    /// One adapter that is on, and these devices.
    pub fn with(devices: impl IntoIterator<Item = FakeDevice>) -> Self {
        Self {
            adapters: vec![FakeAdapter::new("hci0")],
            devices: devices.into_iter().collect(),
            log: Vec::new(),
        }
    }

    fn device(&mut self, path: &str) -> Option<&mut FakeDevice> {
        self.devices
            .iter_mut()
            .find(|device| objects::is_below(path, &objects::device_path(device)))
    }
}

impl FakeAdapter {
    /// An adapter that is on.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            address: "00:00:00:00:00:AA".to_owned(),
            is_on: true,
            is_blocked: false,
        }
    }
}

impl FakeDevice {
    /// A device that waits to be provisioned, with the service of Espressif's examples.
    pub fn new(address: &str, name: &str) -> Self {
        Self {
            address: address.to_owned(),
            name: Some(name.to_owned()),
            is_near: true,
            service: FakeService::example(),
            ..Self::default()
        }
    }
}

impl FakeService {
    /// The service of Espressif's examples (spec transports.md 1.1).
    pub fn example() -> Self {
        let endpoints = ["prov-ctrl", "prov-scan", "prov-session", "prov-config", "proto-ver"];
        let numbered = endpoints.iter().zip(0xff4f_u16..);
        let characteristic = |(name, number): (&&str, u16)| {
            let uuid = format!("021a{number:04x}-0382-4aea-bff4-6b3f1c5adfb4");
            (uuid, Some((*name).to_owned()))
        };
        Self {
            uuid: "021a9004-0382-4aea-bff4-6b3f1c5adfb4".to_owned(),
            characteristics: numbered.map(characteristic).collect(),
        }
    }
}

/// A test that panicked while it looked has failed already.
fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
