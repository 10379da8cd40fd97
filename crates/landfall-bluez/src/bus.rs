use core::{num::NonZeroUsize, time::Duration};

use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::time::timeout;
use zbus::{
    Connection, DynamicType, ObjectPath, OwnedVariant, Variant,
    connection::Builder,
    fdo::{DBusProxy, ManagedObjects},
    names::{BusName, OwnedUniqueName, WellKnownName},
    wire::DynamicDeserialize,
};

use crate::{Adapter, Error};

/// The way to BlueZ's daemon.
///
/// What it is asked is given up after a time, so nothing here waits for ever.
#[derive(Debug, Clone)]
pub struct Bluez {
    connection: Connection,
}

/// The daemon's name on the bus.
pub(crate) const SERVICE: &str = "org.bluez";
/// The daemon's object for what belongs to no adapter.
pub(crate) const MANAGER: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/org/bluez");
/// The object that tells of all others.
const ROOT: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/");

pub(crate) const ADAPTER: &str = "org.bluez.Adapter1";
pub(crate) const OBJECT_MANAGER: &str = "org.freedesktop.DBus.ObjectManager";
pub(crate) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// For what the daemon answers out of its memory.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(5);
/// For the daemon to be started by the bus, which waits 25 s before it gives up.
const START_TIME: Duration = Duration::from_secs(5);
/// How many messages wait for whoever listens.
const QUEUE: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

impl Bluez {
    /// Connects to the system's message bus (`DBUS_SYSTEM_BUS_ADDRESS` names another one).
    ///
    /// # Errors
    /// [`Error::NoBus`].
    pub async fn system() -> Result<Self, Error> {
        Self::connect(Builder::system()).await
    }

    /// Connects to the message bus at `address`, as D-Bus writes it (`unix:path=/run/dbus/system_bus_socket`).
    ///
    /// # Errors
    /// [`Error::NoBus`].
    pub async fn at(address: &str) -> Result<Self, Error> {
        Self::connect(Builder::address(address)).await
    }

    async fn connect(bus: Builder<'_>) -> Result<Self, Error> {
        match timeout(AT_ONCE, bus.max_queued(QUEUE).build()).await {
            Ok(Ok(connection)) => Ok(Self { connection }),
            Ok(Err(error)) => Err(Error::NoBus(error.to_string())),
            Err(_) => Err(Error::NoBus("it does not answer".to_owned())),
        }
    }

    /// The adapter called `wanted` (`hci0`, or its address); without a name, the first that is on, else the first.
    ///
    /// # Errors
    /// [`Error::NotRunning`], [`Error::NotPermitted`], [`Error::NoAdapter`], [`Error::NoSuchAdapter`].
    pub async fn adapter(&self, wanted: Option<&str>) -> Result<Adapter, Error> {
        let mut adapters = self.adapters().await?;
        let found = match wanted {
            Some(wanted) => adapters.iter().position(|adapter| adapter.is_called(wanted)),
            None => adapters.iter().position(|adapter| adapter.was_on).or(Some(0)),
        };
        match (found, wanted) {
            _ if adapters.is_empty() => Err(Error::NoAdapter),
            (Some(found), _) => Ok(adapters.swap_remove(found)),
            (None, wanted) => Err(Error::NoSuchAdapter {
                wanted: wanted.unwrap_or_default().to_owned(),
                known: adapters.iter().map(|adapter| adapter.name().to_owned()).collect(),
            }),
        }
    }

    /// All adapters, by name.
    ///
    /// # Errors
    /// [`Error::NotRunning`], [`Error::NotPermitted`].
    pub async fn adapters(&self) -> Result<Vec<Adapter>, Error> {
        self.start().await?;
        let objects = self.objects().await?;
        let mut adapters: Vec<_> = objects
            .iter()
            .filter_map(|(path, interfaces)| Some(Adapter::new(self, path, interfaces.get(ADAPTER)?)))
            .collect();
        adapters.sort_by_key(|adapter| (adapter.name().len(), adapter.name().to_owned()));
        Ok(adapters)
    }

    /// The daemon's own name on the bus, by which what it says is known from what others say.
    pub(crate) async fn daemon(&self) -> Result<OwnedUniqueName, Error> {
        const CALL: &str = "GetNameOwner";
        let name = BusName::from_static_str(SERVICE).map_err(|error| Error::of(CALL, error))?;
        let owner = async { Ok(DBusProxy::new(&self.connection).await?.get_name_owner(name).await?) };
        within(AT_ONCE, CALL, owner).await
    }

    /// The connection to the bus.
    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Asks the daemon's `object` to do something, and waits for its answer, though not for longer than `time`.
    pub(crate) async fn call<B, R>(
        &self,
        object: &ObjectPath<'_>,
        (interface, method): (&'static str, &'static str),
        body: &B,
        time: Duration,
    ) -> Result<R, Error>
    where
        B: Serialize + DynamicType,
        R: for<'a> DynamicDeserialize<'a>,
    {
        let answer = self
            .connection
            .call_method(Some(SERVICE), object, Some(interface), method, body);
        let answer = within(time, method, answer).await?;
        let body = answer.body();
        body.deserialize().map_err(|error| Error::of(method, error))
    }

    /// Reads a property.
    pub(crate) async fn get<T>(
        &self,
        object: &ObjectPath<'_>,
        interface: &'static str,
        property: &'static str,
    ) -> Result<T, Error>
    where
        T: TryFrom<OwnedVariant, Error = zbus::Error>,
    {
        let arguments = (interface, property);
        let value: OwnedVariant = self.call(object, (PROPERTIES, "Get"), &arguments, AT_ONCE).await?;
        T::try_from(value).map_err(|error| Error::of(property, error))
    }

    /// Sets a property.
    pub(crate) async fn set(
        &self,
        object: &ObjectPath<'_>,
        interface: &'static str,
        property: &'static str,
        value: Variant<'_>,
        time: Duration,
    ) -> Result<(), Error> {
        let arguments = (interface, property, value);
        self.call(object, (PROPERTIES, "Set"), &arguments, time).await
    }

    /// All that the daemon has: adapters, devices, and what these offer.
    pub(crate) async fn objects(&self) -> Result<ManagedObjects, Error> {
        self.call(&ROOT, (OBJECT_MANAGER, "GetManagedObjects"), &(), AT_ONCE)
            .await
    }

    /// Tells from now on whenever the daemon comes (`true`) or goes.
    pub(crate) async fn comings_and_goings(
        &self,
    ) -> Result<impl futures_util::Stream<Item = bool> + Unpin + use<>, Error> {
        let bus = self.bus().await?;
        let changes = bus.receive_name_owner_changed_with_args(&[(0, SERVICE)]);
        let changes = within(AT_ONCE, "AddMatch", changes).await?;
        Ok(changes.map(|change| change.args().is_ok_and(|change| change.new_owner().is_some())))
    }

    /// Has the bus start the daemon, if it does not run.
    async fn start(&self) -> Result<(), Error> {
        let bus = self.bus().await?;
        let name = WellKnownName::from_static_str_unchecked(SERVICE);
        if within(AT_ONCE, "NameHasOwner", async {
            Ok(bus.name_has_owner(name.clone().into()).await?)
        })
        .await?
        {
            return Ok(());
        }
        let started = async { Ok(bus.start_service_by_name(name, 0).await?) };
        match within(START_TIME, "StartServiceByName", started).await {
            Ok(_) => Ok(()),
            Err(Error::NotPermitted) => Err(Error::NotPermitted),
            Err(_) => Err(Error::NotRunning),
        }
    }

    async fn bus(&self) -> Result<DBusProxy<'static>, Error> {
        within(AT_ONCE, "Hello", DBusProxy::new(&self.connection)).await
    }
}

/// Waits for an answer, though not for longer than `time`.
pub(crate) async fn within<T>(
    time: Duration,
    call: &'static str,
    answer: impl Future<Output = zbus::Result<T>>,
) -> Result<T, Error> {
    match timeout(time, answer).await {
        Ok(answer) => answer.map_err(|error| Error::of(call, error)),
        Err(_) => Err(Error::TimedOut { call, time }),
    }
}
