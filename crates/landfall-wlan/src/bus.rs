//! Objects of a system service, asked through the message bus. No question waits for ever.

use core::{future::Future, time::Duration};
use std::{
    collections::HashMap,
    io::{self, ErrorKind},
};

use futures_util::{FutureExt as _, StreamExt as _};
use serde::Serialize;
use tokio::time::timeout;
use zbus::{
    Connection, DynamicType, Message, OwnedObjectPath, OwnedVariant, Proxy,
    connection::Builder,
    fdo,
    proxy::{self, CacheProperties, SignalStream},
    wire::DynamicDeserialize,
};

use crate::Error;

/// The way to the system's services.
#[derive(Debug, Clone)]
pub(crate) struct Bus(Connection);

impl Bus {
    pub(crate) async fn system() -> Result<Self, Error> {
        Self::of_the_system(ANSWER_TIME).await
    }

    /// For who only looks around, and can do without a service that has its hands full.
    pub(crate) async fn for_a_look() -> Result<Self, Error> {
        Self::of_the_system(LOOK_TIME).await
    }

    async fn of_the_system(answer_time: Duration) -> Result<Self, Error> {
        let builder = Builder::system().method_timeout(answer_time);
        match timeout(answer_time, builder.build()).await {
            Ok(Ok(connection)) => Ok(Self(connection)),
            Ok(Err(_)) | Err(_) => Err(Error::NoBus),
        }
    }

    /// The first object of `service`, if that is running: nothing is started by asking.
    pub(crate) async fn running(&self, service: &'static Service) -> Result<Object<'_>, Error> {
        let names = fdo::DBusProxy::new(&self.0)
            .await
            .map_err(|error| service.error(error))?;
        let name = service.bus_name.try_into().expect("a service's name is one of the bus");
        let is_running = names
            .name_has_owner(name)
            .await
            .map_err(|error| service.error(error.into()))?;
        let root = OwnedObjectPath::try_from(service.root).expect("a service's root is a path");
        is_running
            .then_some(Object {
                connection: &self.0,
                service,
                path: root,
            })
            .ok_or(Error::NotRunning)
    }

    /// Which program is `service` now, by its name on the bus: it is another after a restart.
    pub(crate) async fn owner(&self, service: &'static Service) -> Result<String, Error> {
        let owner = async {
            let names = fdo::DBusProxy::new(&self.0).await?;
            zbus::Result::Ok(names.get_name_owner(service.bus_name.try_into()?).await?)
        };
        let owner = owner.await.map_err(|error| service.error(error))?;
        Ok(owner.to_string())
    }

    /// Tells from now on when another program becomes `service`, or none is it any more.
    pub(crate) async fn owners(&self, service: &'static Service) -> Result<Owners, Error> {
        let owners = async {
            let names = fdo::DBusProxy::new(&self.0).await?;
            names
                .receive_name_owner_changed_with_args(&[(0, service.bus_name)])
                .await
        };
        Ok(Owners(owners.await.map_err(|error| service.error(error))?))
    }
}

/// Tells when a service's program changes.
pub(crate) struct Owners(fdo::NameOwnerChangedStream);

impl Owners {
    /// Waits until it is another, or none.
    pub(crate) async fn changed(&mut self) {
        // The bus itself may have gone as well.
        let _ = self.0.next().await;
    }
}

/// A service of the system.
pub(crate) struct Service {
    /// What people call it.
    pub(crate) label: &'static str,
    pub(crate) bus_name: &'static str,
    /// Where its first object is.
    pub(crate) root: &'static str,
}

impl Service {
    fn error(&self, error: zbus::Error) -> Error {
        let service = self.label;
        let is_late = |error: &io::Error| error.kind() == ErrorKind::TimedOut;
        match error {
            zbus::Error::InputOutput(error) if is_late(&error) => Error::NotAnswering(service),
            zbus::Error::InputOutput(_) => Error::NoBus,
            zbus::Error::FDO(error) => match *error {
                fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_) => Error::NotRunning,
                fdo::Error::AccessDenied(_) | fdo::Error::AuthFailed(_) => Error::NotPermitted(service),
                fdo::Error::NoReply(_) | fdo::Error::Timeout(_) | fdo::Error::TimedOut(_) => {
                    Error::NotAnswering(service)
                }
                fdo::Error::ZBus(error) => self.error(error),
                other => Error::Refused {
                    service,
                    why: other.to_string(),
                },
            },
            // What NetworkManager says when PolicyKit says no.
            zbus::Error::MethodError(name, _, _) if name.ends_with(".PermissionDenied") => Error::NotPermitted(service),
            zbus::Error::MethodError(name, text, _) => Error::Refused {
                service,
                why: text.unwrap_or_else(|| name.to_string()),
            },
            _ => Error::NotUnderstood(service),
        }
    }
}

/// One of a service's objects.
#[derive(Clone)]
pub(crate) struct Object<'a> {
    connection: &'a Connection,
    service: &'static Service,
    path: OwnedObjectPath,
}

impl<'a> Object<'a> {
    /// Another one of the same service.
    pub(crate) fn other(&self, path: OwnedObjectPath) -> Self {
        Self { path, ..self.clone() }
    }

    pub(crate) const fn path(&self) -> &OwnedObjectPath {
        &self.path
    }

    /// Why it cannot serve, as its service has no Wi-Fi.
    pub(crate) fn without_wifi(&self) -> Error {
        Error::NoWifi(self.service.label)
    }

    /// All that it says of itself under `interface`.
    pub(crate) async fn properties(&self, interface: &'static str) -> Result<Properties, Error> {
        let values = self
            .call("org.freedesktop.DBus.Properties", "GetAll", &interface)
            .await?;
        Ok(Properties(values))
    }

    pub(crate) async fn call<B, R>(&self, interface: &'static str, method: &'static str, body: &B) -> Result<R, Error>
    where
        B: Serialize + DynamicType,
        R: for<'d> DynamicDeserialize<'d>,
    {
        self.ask(async { self.proxy(interface).await?.call(method, body).await })
            .await
    }

    /// What it tells as `signal` from now on.
    pub(crate) async fn signals(&self, interface: &'static str, signal: &'static str) -> Result<Signals, Error> {
        let signals = self.ask(async { self.proxy(interface).await?.receive_signal(signal).await });
        Ok(Signals(signals.await?))
    }

    async fn ask<T>(&self, question: impl Future<Output = zbus::Result<T>>) -> Result<T, Error> {
        question.await.map_err(|error| self.service.error(error))
    }

    async fn proxy(&self, interface: &'static str) -> zbus::Result<Proxy<'static>> {
        proxy::Builder::new(self.connection)
            .destination(self.service.bus_name)
            .path(self.path.clone())
            .interface(interface)
            .cache_properties(CacheProperties::No)
            .build()
            .await
    }
}

/// Signals of an object, as they come.
pub(crate) struct Signals(SignalStream<'static>);

impl Signals {
    /// The next one; `None` if the bus is gone.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        self.0.next().await
    }

    /// The next one that has come already.
    pub(crate) fn pending(&mut self) -> Option<Message> {
        self.0.next().now_or_never().flatten()
    }

    /// Drops those that have come already.
    pub(crate) fn skip_pending(&mut self) {
        while let Some(Some(_)) = self.0.next().now_or_never() {}
    }

    /// Waits until one `is_wanted`, though not for longer than `time`.
    pub(crate) async fn wait(&mut self, time: Duration, is_wanted: impl Fn(&Message) -> bool) {
        let wanted = async {
            while let Some(message) = self.0.next().await {
                if is_wanted(&message) {
                    break;
                }
            }
        };
        // Too late is late enough: what is known by then is what there is.
        let _ = timeout(time, wanted).await;
    }
}

/// What an object says of itself, by name.
pub(crate) struct Properties(HashMap<String, OwnedVariant>);

impl Properties {
    /// What a signal `org.freedesktop.DBus.Properties.PropertiesChanged` says of `interface`.
    pub(crate) fn changed(signal: &Message, interface: &str) -> Option<Self> {
        let body = signal.body();
        let changed: (&str, HashMap<String, OwnedVariant>, Vec<&str>) = body.deserialize().ok()?;
        (changed.0 == interface).then_some(Self(changed.1))
    }

    /// Takes a value; `None` if it is not there or not of the kind that it should be.
    pub(crate) fn take<T: TryFrom<OwnedVariant>>(&mut self, name: &str) -> Option<T> {
        self.0.remove(name)?.try_into().ok()
    }

    /// A value that has values by name itself; empty if it is not there.
    pub(crate) fn take_all(&mut self, name: &str) -> Self {
        Self(self.take(name).unwrap_or_default())
    }
}

/// Services answer most questions out of their memory; for some they start a driver, write a file, or have PolicyKit asked,
/// which the bus may have to start first.
const ANSWER_TIME: Duration = Duration::from_secs(15);
const LOOK_TIME: Duration = Duration::from_secs(3);
