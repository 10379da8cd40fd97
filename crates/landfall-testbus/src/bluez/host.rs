//! A stand-in for BlueZ's daemon as devices see it: it takes up an application and an advertisement, and asks the
//! application what clients on the air ask. It behaves as 5.66 does, as far as devices of ours come to know it.

mod central;

use core::{future::pending, time::Duration};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::StreamExt as _;
use tokio::{sync::Notify, task::JoinHandle, time::timeout};
use zbus::{
    Connection, Message, MessageStream, ObjectPath, OwnedVariant, Variant, connection::Builder, fdo::ManagedObjects,
    message::Type,
};

pub use central::FakeCentral;

/// The daemon. It ends with this, as if it was killed.
#[derive(Debug)]
pub struct FakeHost {
    connection: Connection,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What there is, and what the daemon was asked.
#[derive(Debug, Clone)]
pub struct HostState {
    /// Whether there is an adapter, `hci0`.
    pub has_adapter: bool,
    /// Whether that is on.
    pub is_on: bool,
    /// As which it is known; like the computer if that is empty.
    pub alias: String,
    /// What it answers to whoever switches it on; nothing if it comes on.
    pub refuses_power: Option<&'static str>,
    /// Whether an advertisement is taken.
    pub refuses_advertising: bool,
    /// The application, by its owner: its objects, by their paths.
    pub application: Option<(String, ManagedObjects)>,
    /// The advertisement's properties.
    pub advertisement: Option<HashMap<String, OwnedVariant>>,
    /// The agent for pairing that is asked: its owner and path.
    pub agent: Option<(String, String)>,
    /// The devices that are connected.
    pub connected: Vec<String>,
}

impl Default for HostState {
    fn default() -> Self {
        Self {
            has_adapter: true,
            is_on: true,
            alias: String::new(),
            refuses_power: None,
            refuses_advertising: false,
            application: None,
            advertisement: None,
            agent: None,
            connected: Vec::new(),
        }
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<HostState>,
    changed: Notify,
}

const ADAPTER_PATH: &str = "/org/bluez/hci0";
/// What the computer is called.
const COMPUTER: &str = "workshop";
const ADAPTER: &str = "org.bluez.Adapter1";
const DEVICE: &str = "org.bluez.Device1";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// For a test that waits in vain.
const PATIENCE: Duration = Duration::from_secs(20);

impl FakeHost {
    /// Starts it on the bus at `address`.
    ///
    /// # Panics
    /// If the bus does not take it.
    pub async fn start(address: &str, state: HostState) -> Self {
        let connection = Builder::address(address).build().await.expect("the test's own bus");
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Notify::new(),
        });
        let messages = MessageStream::from(&connection);
        connection
            .request_name("org.bluez")
            .await
            .expect("a name that nobody has");
        let task = tokio::spawn(serve(connection.clone(), messages, Arc::clone(&shared)));
        Self {
            connection,
            shared,
            task,
        }
    }

    /// What there is, to look at it and to change it.
    pub fn state(&self) -> MutexGuard<'_, HostState> {
        self.shared.lock()
    }

    /// Waits until `wanted` is so.
    ///
    /// # Panics
    /// If it never is.
    pub async fn until(&self, wanted: impl Fn(&HostState) -> bool) {
        let is_so = async {
            loop {
                let changed = self.shared.changed.notified();
                if wanted(&self.state()) {
                    return;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, is_so).await.expect("it comes to this");
    }

    /// Waits until the device advertises.
    pub async fn until_advertising(&self) {
        self.until(|state| state.advertisement.is_some()).await;
    }

    /// Ends it, as if it was killed, and returns what it had stored.
    pub async fn stop(self) -> HostState {
        let state = HostState {
            application: None,
            advertisement: None,
            agent: None,
            connected: Vec::new(),
            ..self.state().clone()
        };
        self.connection
            .clone()
            .close()
            .await
            .expect("a connection that is there");
        state
    }

    /// Switches the adapter on or off, as somebody else does.
    pub async fn power(&self, on: bool) {
        self.state().is_on = on;
        self.changed(ADAPTER_PATH, ADAPTER, "Powered", Variant::from(on)).await;
    }

    /// Pulls the adapter.
    pub async fn pull_adapter(&self) {
        let connected = {
            let mut state = self.state();
            (state.has_adapter, state.application, state.advertisement) = (false, None, None);
            core::mem::take(&mut state.connected)
        };
        for device in &connected {
            self.changed(device, DEVICE, "Connected", Variant::from(false)).await;
        }
        let path = ObjectPath::from_static_str_unchecked(ADAPTER_PATH);
        let signal = (path, vec![ADAPTER, PROPERTIES]);
        self.emit("/", "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", &signal)
            .await;
    }

    /// A client that connects.
    pub async fn connect(&self, address: &str) -> FakeCentral<'_> {
        let path = format!("{ADAPTER_PATH}/dev_{}", address.replace(':', "_"));
        self.state().connected.push(path.clone());
        self.changed(&path, DEVICE, "Connected", Variant::from(true)).await;
        FakeCentral {
            host: self,
            path,
            mtu: 517,
        }
    }

    /// The UUIDs and flags of the application's table, in its order.
    ///
    /// # Panics
    /// If there is no application.
    pub fn table(&self) -> Vec<(String, Vec<String>)> {
        let state = self.state();
        let (_, objects) = state.application.as_ref().expect("a device on the air");
        let mut paths: Vec<_> = objects.keys().collect();
        paths.sort_by_key(|path| path.as_str());
        let read = |path: &&zbus::OwnedObjectPath| {
            let properties = objects[*path].values().next().expect("an object with an interface");
            let flags = properties.get("Flags").map(|flags| flags.try_clone().expect("no file"));
            let uuid = String::try_from(properties["UUID"].try_clone().expect("no file"));
            (
                uuid.expect("a text"),
                flags.map_or_else(Vec::new, |flags| flags.try_into().expect("texts")),
            )
        };
        paths.iter().map(read).collect()
    }

    /// Asks the agent for pairing something, and returns the name of the error with which it refuses.
    ///
    /// # Panics
    /// If there is no agent.
    pub async fn ask_agent(&self, method: &str, device: &str) -> Result<(), String> {
        let (owner, path) = self.state().agent.clone().expect("an agent");
        let device = (ObjectPath::try_from(device).expect("a path"),);
        let interface = Some("org.bluez.Agent1");
        let connection = &self.connection;
        let asked = connection.call_method(Some(owner.as_str()), path.as_str(), interface, method, &device);
        match asked.await {
            Ok(_) => Ok(()),
            Err(zbus::Error::MethodError(name, _, _)) => Err(name.to_string()),
            Err(other) => Err(other.to_string()),
        }
    }

    async fn changed(&self, path: &str, interface: &str, property: &str, value: Variant<'_>) {
        let changed = HashMap::from([(property, value)]);
        let body = (interface, changed, Vec::<&str>::new());
        self.emit(path, PROPERTIES, "PropertiesChanged", &body).await;
    }

    async fn emit<B: serde::Serialize + zbus::DynamicType>(&self, path: &str, interface: &str, name: &str, body: &B) {
        let emitted = self.connection.emit_signal(None::<&str>, path, interface, name, body);
        emitted.await.expect("the test's own bus");
        self.shared.changed.notify_waiters();
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HostState> {
        // A test that panicked while it looked has failed already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(connection: Connection, mut messages: MessageStream, shared: Arc<Shared>) {
    while let Some(Ok(message)) = messages.next().await {
        if message.message_type() == Type::MethodCall {
            // Some answers wait for the application's.
            tokio::spawn(answer(connection.clone(), message, Arc::clone(&shared)));
        }
    }
    pending::<()>().await;
}

async fn answer(connection: Connection, call: Message, shared: Arc<Shared>) {
    let header = call.header();
    let path = header.path().map_or("", |path| path.as_str());
    let method = header.member().map_or("", |method| method.as_str());
    let owner = header.sender().map_or("", |sender| sender.as_str());
    let answered = match method {
        "GetManagedObjects" => {
            let objects = objects(&shared.lock());
            connection.reply(&header, &objects).await
        }
        "Get" | "Set" => return property(&connection, &call, path, &shared).await,
        _ => match act(&connection, &call, (owner, path, method), &shared).await {
            Ok(()) => connection.reply(&header, &()).await,
            Err(error) => connection.reply_error(&header, error, &"as the test wants it").await,
        },
    };
    answered.expect("the test's own bus");
    shared.changed.notify_waiters();
}

/// The adapter, if it is there.
fn objects(
    state: &HostState,
) -> HashMap<ObjectPath<'static>, HashMap<&'static str, HashMap<&'static str, Variant<'static>>>> {
    let properties = HashMap::from([
        ("Address", Variant::from("C0:00:00:00:00:01")),
        ("AddressType", Variant::from("public")),
        ("Powered", Variant::from(state.is_on)),
    ]);
    let path = ObjectPath::from_static_str_unchecked(ADAPTER_PATH);
    let adapter = (path, HashMap::from([(ADAPTER, properties)]));
    state.has_adapter.then_some(adapter).into_iter().collect()
}

async fn property(connection: &Connection, call: &Message, path: &str, shared: &Shared) {
    let header = call.header();
    let body = call.body();
    let done = match body.deserialize::<(&str, &str, Variant<'_>)>() {
        Ok((_, name, value)) => set(&mut shared.lock(), name, value).map(|()| None),
        Err(_) => {
            let (_, name): (&str, &str) = body.deserialize().expect("interface and property");
            get(&shared.lock(), path, name).map(Some)
        }
    };
    let answered = match done {
        Ok(Some(value)) => connection.reply(&header, &(value,)).await,
        Ok(None) => connection.reply(&header, &()).await,
        Err(error) => connection.reply_error(&header, error, &"as the test wants it").await,
    };
    answered.expect("the test's own bus");
    shared.changed.notify_waiters();
}

fn get(state: &HostState, path: &str, name: &str) -> Result<Variant<'static>, &'static str> {
    match name {
        "Powered" => Ok(Variant::from(state.is_on)),
        "Name" => Ok(Variant::from(COMPUTER)),
        "Alias" if state.alias.is_empty() => Ok(Variant::from(COMPUTER)),
        "Alias" => Ok(Variant::from(state.alias.clone())),
        "AddressType" if path != ADAPTER_PATH => Ok(Variant::from("random")),
        _ => Err("org.freedesktop.DBus.Error.UnknownProperty"),
    }
}

fn set(state: &mut HostState, name: &str, value: Variant<'_>) -> Result<(), &'static str> {
    match (name, state.refuses_power) {
        ("Powered", Some(error)) => return Err(error),
        ("Powered", None) => state.is_on = value.downcast().expect("true or false"),
        ("Alias", _) => state.alias = value.downcast().expect("a text"),
        ("Pairable", _) => {}
        _ => return Err("org.freedesktop.DBus.Error.UnknownProperty"),
    }
    Ok(())
}

async fn act(
    connection: &Connection,
    call: &Message,
    (owner, path, method): (&str, &str, &str),
    shared: &Shared,
) -> Result<(), &'static str> {
    let body = call.body();
    let argument = || {
        body.deserialize::<(ObjectPath<'_>, HashMap<&str, Variant<'_>>)>()
            .expect("path and options")
            .0
    };
    match method {
        "RegisterAgent" => {
            let (agent, capability) = body
                .deserialize::<(ObjectPath<'_>, &str)>()
                .expect("path and capability");
            assert_eq!(capability, "NoInputNoOutput");
            shared.lock().agent = Some((owner.to_owned(), agent.to_string()));
        }
        "UnregisterAgent" => shared.lock().agent = None,
        "RequestDefaultAgent" if shared.lock().agent.is_some() => {}
        "RegisterApplication" => {
            if shared.lock().application.is_some() {
                return Err("org.bluez.Error.AlreadyExists");
            }
            let manager = "org.freedesktop.DBus.ObjectManager";
            let objects = ask(connection, owner, &argument(), manager, "GetManagedObjects", &()).await;
            let objects = objects.body().deserialize().expect("objects");
            shared.lock().application = Some((owner.to_owned(), objects));
        }
        "UnregisterApplication" => shared.lock().application = None,
        "RegisterAdvertisement" => {
            if shared.lock().refuses_advertising {
                return Err("org.bluez.Error.NotPermitted");
            }
            let interface = ("org.bluez.LEAdvertisement1",);
            let properties = ask(connection, owner, &argument(), PROPERTIES, "GetAll", &interface).await;
            shared.lock().advertisement = Some(properties.body().deserialize().expect("properties"));
        }
        "UnregisterAdvertisement" => {
            let taken = shared.lock().advertisement.take();
            taken.ok_or("org.bluez.Error.DoesNotExist")?;
        }
        "Disconnect" => {
            shared.lock().connected.retain(|connected| connected != path);
            let changed = HashMap::from([("Connected", Variant::from(false))]);
            let body = (DEVICE, changed, Vec::<&str>::new());
            let told = connection.emit_signal(None::<&str>, path, PROPERTIES, "PropertiesChanged", &body);
            told.await.expect("the test's own bus");
        }
        _ => return Err("org.freedesktop.DBus.Error.UnknownMethod"),
    }
    Ok(())
}

async fn ask<B: serde::Serialize + zbus::DynamicType>(
    connection: &Connection,
    owner: &str,
    path: &ObjectPath<'_>,
    interface: &str,
    method: &str,
    arguments: &B,
) -> Message {
    let asked = connection.call_method(Some(owner), path, Some(interface), method, arguments);
    asked.await.expect("an application that answers")
}
