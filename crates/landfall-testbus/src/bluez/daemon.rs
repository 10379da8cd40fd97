//! The daemon's doing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::{sync::mpsc, time::sleep};
use zbus::{
    Connection, DynamicType, Message, MessageStream, ObjectPath, OwnedObjectPath, OwnedVariant, Variant,
    connection::Builder,
    message::{Header, Type},
};

use super::{
    Fault, Order, World, lock,
    objects::{self, ADAPTER, DEVICE, Properties, all, device_path, of_heard, of_service, place, properties},
};

/// Starts and stops the daemon as ordered.
pub(super) async fn serve(address: &str, world: &Arc<Mutex<World>>, mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut running = None;
    loop {
        let order = tokio::select! {
            order = orders.recv() => order,
            () = run(running.as_mut()) => continue,
        };
        match (order, &running) {
            (None, _) => return,
            (Some(Order::Start(started)), _) => {
                running = Some(Daemon::start(address, world).await);
                // Who ordered waits for it.
                started.send(()).expect("somebody waits");
            }
            (Some(Order::Stop), _) => {
                let stopped = running.take().expect("it runs");
                drop(stopped.calls);
                stopped.connection.close().await.expect("the bus is there");
                for device in &mut lock(world).devices {
                    device.is_connected = false;
                }
            }
            (Some(Order::EndConnections), Some(daemon)) => daemon.end_connections().await,
            (Some(Order::EndConnections), None) => {}
        }
    }
}

async fn run(daemon: Option<&mut Daemon>) {
    match daemon {
        Some(daemon) => daemon.run().await,
        None => core::future::pending().await,
    }
}

struct Daemon {
    connection: Connection,
    calls: MessageStream,
    world: Arc<Mutex<World>>,
    /// Who answers questions about pairing.
    agent: Option<(String, OwnedObjectPath)>,
}

/// How a call ends: with an answer, with an error, or not.
enum Answer {
    Done,
    Bytes(Vec<u8>),
    Error(String, String),
    None,
}

const OBJECT_MANAGER: &str = "org.freedesktop.DBus.ObjectManager";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

impl Daemon {
    async fn start(address: &str, world: &Arc<Mutex<World>>) -> Self {
        let connection = Builder::address(address).build().await.expect("the bus is there");
        let calls = MessageStream::from(&connection);
        connection.request_name("org.bluez").await.expect("nobody else has it");
        Self {
            connection,
            calls,
            world: Arc::clone(world),
            agent: None,
        }
    }

    /// Answers calls.
    async fn run(&mut self) {
        while let Some(Ok(message)) = self.calls.next().await {
            if message.message_type() == Type::MethodCall {
                self.answer(&message).await;
            }
        }
        core::future::pending().await
    }

    async fn answer(&mut self, message: &Message) {
        let header = message.header();
        let path = header.path().map(ToString::to_string).unwrap_or_default();
        let interface = header.interface().map(ToString::to_string).unwrap_or_default();
        let member = header.member().map(ToString::to_string).unwrap_or_default();
        let body = message.body();
        let answer = match (&*interface, &*member) {
            (OBJECT_MANAGER, "GetManagedObjects") => {
                let objects = all(&self.world());
                let path = |path: String| OwnedObjectPath::try_from(path).expect("a path");
                let objects: HashMap<_, _> = objects.into_iter().map(|(key, value)| (path(key), value)).collect();
                return self.reply(&header, &(objects,)).await;
            }
            (PROPERTIES, "Get") => {
                let (interface, name): (String, String) = body.deserialize().expect("as it should be");
                let value = self
                    .properties(&path, &interface)
                    .and_then(|mut found| found.remove(&name));
                match value {
                    Some(value) => return self.reply(&header, &(value,)).await,
                    None => unknown(&path),
                }
            }
            (PROPERTIES, "GetAll") => {
                let (interface,): (String,) = body.deserialize().expect("as it should be");
                match self.properties(&path, &interface) {
                    Some(found) => return self.reply(&header, &(found,)).await,
                    None => unknown(&path),
                }
            }
            ("org.bluez.AgentManager1", _) => {
                self.log(&member);
                if member == "RegisterAgent" {
                    let (path, _): (OwnedObjectPath, String) = body.deserialize().expect("as it should be");
                    let sender = header.sender().map(ToString::to_string).unwrap_or_default();
                    self.agent = Some((sender, path));
                } else {
                    self.agent = None;
                }
                Answer::Done
            }
            (ADAPTER, _) => self.adapter_call(&member, message).await,
            (DEVICE, _) => self.device_call(&path, &member).await,
            (objects::CHARACTERISTIC | objects::DESCRIPTOR, "ReadValue") => self.read(&path, &interface).await,
            (objects::CHARACTERISTIC, "WriteValue") => {
                let (value, options): (Vec<u8>, HashMap<String, OwnedVariant>) =
                    body.deserialize().expect("as it should be");
                assert_eq!(
                    options.get("type"),
                    Some(&OwnedVariant::try_from(Variant::from("request")).expect("text"))
                );
                self.write(&path, value).await
            }
            _ => unknown(&path),
        };
        match answer {
            Answer::Done => self.reply(&header, &()).await,
            Answer::Bytes(bytes) => self.reply(&header, &(bytes,)).await,
            Answer::Error(name, text) => {
                let sent = self.connection.reply_error(&header, name.as_str(), &(text,)).await;
                sent.expect("the bus is there");
            }
            Answer::None => {}
        }
    }

    async fn adapter_call(&self, member: &str, message: &Message) -> Answer {
        if member != "RemoveDevice" {
            self.log(member);
        }
        if !self.world().adapters.iter().any(|adapter| adapter.is_on) {
            return failed("NotReady", "Resource Not Ready");
        }
        match member {
            "StartDiscovery" => self.tell_devices().await,
            "RemoveDevice" => {
                let (path,): (OwnedObjectPath,) = message.body().deserialize().expect("as it should be");
                return self.remove(path.as_str()).await;
            }
            _ => {}
        }
        Answer::Done
    }

    /// Tells of all devices that are near.
    async fn tell_devices(&self) {
        let devices = self.world().devices.clone();
        for device in devices.into_iter().filter(|device| device.is_near) {
            let path = device_path(&device);
            let told = of_heard(&device);
            if device.is_listed {
                self.changed(&path, told).await;
            } else {
                self.with(&path, |device| device.is_listed = true);
                self.added(&path, HashMap::from([(DEVICE.to_owned(), told)])).await;
            }
            if let Some(name) = device.name.clone().filter(|_| !device.name_comes.is_zero()) {
                let connection = self.connection.clone();
                tokio::spawn(async move {
                    sleep(device.name_comes).await;
                    changed(&connection, &path, properties([("Name", Variant::from(name))])).await;
                });
            }
        }
    }

    async fn remove(&self, path: &str) -> Answer {
        let Some(address) = self.with(path, |device| device.address.clone()) else {
            return failed("DoesNotExist", "Does Not Exist");
        };
        self.log(&format!("RemoveDevice {address}"));
        self.disconnect(path).await;
        self.with(path, |device| {
            device.is_listed = false;
            device.is_paired = false;
            device.remembered = None;
        });
        let removed = (object_path(path), vec![DEVICE]);
        self.emit("/", OBJECT_MANAGER, "InterfacesRemoved", &removed).await;
        Answer::Done
    }

    async fn device_call(&self, path: &str, member: &str) -> Answer {
        let Some(device) = self
            .with(path, |device| device.clone())
            .filter(|device| device.is_listed)
        else {
            return unknown(path);
        };
        self.log(&format!("{member} {}", device.address));
        match member {
            "Connect" => self.connect(path).await,
            "Disconnect" => {
                self.disconnect(path).await;
                Answer::Done
            }
            "Pair" => self.pair(path).await,
            _ => unknown(path),
        }
    }

    async fn connect(&self, path: &str) -> Answer {
        let outcome = self.with(path, |device| match device.connects.pop_front() {
            Some(Some(why)) => Err(why),
            _ if !device.is_near => Err("le-connection-abort-by-local"),
            _ => {
                device.is_connected = true;
                Ok((device.service.clone(), device.remembered.is_some()))
            }
        });
        match outcome {
            None => unknown(path),
            Some(Err(why)) => failed("Failed", why),
            Some(Ok((service, is_remembered))) => {
                self.changed(path, properties([("Connected", Variant::from(true))]))
                    .await;
                let objects = of_service(path, &service);
                for (path, interfaces) in objects.into_iter().filter(|_| !is_remembered) {
                    self.added(&path, interfaces).await;
                }
                self.changed(path, properties([("ServicesResolved", Variant::from(true))]))
                    .await;
                Answer::Done
            }
        }
    }

    async fn pair(&self, path: &str) -> Answer {
        let Some((owner, agent)) = &self.agent else {
            return failed("AuthenticationFailed", "Authentication Failed");
        };
        let question = (object_path(path),);
        let agreed = self.connection.call_method(
            Some(owner.as_str()),
            agent,
            Some("org.bluez.Agent1"),
            "RequestAuthorization",
            &question,
        );
        match agreed.await {
            Ok(_) => {
                self.with(path, |device| device.is_paired = true);
                self.changed(path, properties([("Paired", Variant::from(true))])).await;
                Answer::Done
            }
            Err(_) => failed("AuthenticationRejected", "Authentication Rejected"),
        }
    }

    async fn write(&self, path: &str, value: Vec<u8>) -> Answer {
        let fault = self.with(path, |device| match device.writes.pop_front() {
            None | Some(Fault::Nothing) if !device.is_connected => Fault::Fails("Failed", "Not connected"),
            None | Some(Fault::Nothing) if device.demands_pairing && !device.is_paired => {
                Fault::Fails("NotPermitted", "Not paired")
            }
            None => Fault::Nothing,
            Some(fault) => fault,
        });
        let device = self.with(path, |device| device.clone());
        let real = device
            .as_ref()
            .and_then(|device| device.service.characteristics.get(place(path)?));
        match fault {
            None => unknown(path),
            Some(Fault::Fails(name, text)) => failed(name, text),
            Some(Fault::Ends) => {
                self.disconnect(path).await;
                Answer::Done
            }
            Some(Fault::EndsWithoutAnswer) => {
                self.disconnect(path).await;
                Answer::None
            }
            Some(Fault::Hangs) => Answer::None,
            Some(Fault::Nothing) => match real {
                None => failed("Failed", "Operation failed with ATT error: 0x01"),
                Some((_, name)) => {
                    let name = name.clone().unwrap_or_default();
                    self.with(path, |device| device.value = [name.as_bytes(), b":", &value].concat());
                    Answer::Done
                }
            },
        }
    }

    async fn read(&self, path: &str, interface: &str) -> Answer {
        let Some(device) = self
            .with(path, |device| device.clone())
            .filter(|device| device.is_listed)
        else {
            return unknown(path);
        };
        if !device.is_connected {
            // So BlueZ tells what it was doing when the connection ended.
            return Answer::Bytes(Vec::new());
        }
        let real = place(path).and_then(|place| device.service.characteristics.get(place));
        match (interface, real) {
            (objects::DESCRIPTOR, Some((_, name))) => {
                Answer::Bytes(name.as_deref().unwrap_or_default().as_bytes().to_vec())
            }
            (_, Some(_)) => Answer::Bytes(device.value),
            (_, None) => failed("Failed", "Operation failed with ATT error: 0x01"),
        }
    }

    async fn end_connections(&self) {
        let devices = self.world().devices.clone();
        for device in &devices {
            self.disconnect(&device_path(device)).await;
        }
    }

    /// Ends the connection to the device to which `path` belongs.
    async fn disconnect(&self, path: &str) {
        let was_connected = self.with(path, |device| {
            device.value = Vec::new();
            (core::mem::take(&mut device.is_connected), device_path(device))
        });
        if let Some((true, path)) = was_connected {
            let gone = [
                ("ServicesResolved", Variant::from(false)),
                ("Connected", Variant::from(false)),
            ];
            self.changed(&path, properties(gone)).await;
        }
    }

    fn properties(&self, path: &str, interface: &str) -> Option<Properties> {
        all(&self.world()).remove(path)?.remove(interface)
    }

    /// Does something with the device to which `path` belongs.
    fn with<T>(&self, path: &str, work: impl FnOnce(&mut super::FakeDevice) -> T) -> Option<T> {
        self.world().device(path).map(work)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    fn log(&self, what: &str) {
        self.world().log.push(what.to_owned());
    }

    async fn added(&self, path: &str, interfaces: objects::Interfaces) {
        let added = (object_path(path), interfaces);
        self.emit("/", OBJECT_MANAGER, "InterfacesAdded", &added).await;
    }

    async fn changed(&self, path: &str, told: Properties) {
        changed(&self.connection, path, told).await;
    }

    async fn emit<B: Serialize + DynamicType>(&self, path: &str, interface: &str, name: &str, body: &B) {
        let sent = self.connection.emit_signal(None::<&str>, path, interface, name, body);
        sent.await.expect("the bus is there");
    }

    async fn reply<B: Serialize + DynamicType>(&self, call: &Header<'_>, body: &B) {
        self.connection.reply(call, body).await.expect("the bus is there");
    }
}

/// Tells that a device's properties are others now.
async fn changed(connection: &Connection, path: &str, told: Properties) {
    let body = (DEVICE, told, Vec::<String>::new());
    let sent = connection.emit_signal(None::<&str>, path, PROPERTIES, "PropertiesChanged", &body);
    // The daemon may have been stopped meanwhile.
    _ = sent.await;
}

fn object_path(path: &str) -> ObjectPath<'_> {
    ObjectPath::try_from(path).expect("a path")
}

/// One of BlueZ's own errors.
fn failed(name: &str, text: &str) -> Answer {
    Answer::Error(format!("org.bluez.Error.{name}"), text.to_owned())
}

fn unknown(path: &str) -> Answer {
    Answer::Error(
        "org.freedesktop.DBus.Error.UnknownObject".to_owned(),
        format!("no such object: {path}"),
    )
}
