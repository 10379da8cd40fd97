//! Objects of a system service, asked through the message bus. No question waits for ever.

use core::{future::Future, time::Duration};
use std::{
    collections::HashMap,
    io::{self, ErrorKind},
};

use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::time::timeout;
use zbus::{
    Connection, DynamicType, Message, OwnedObjectPath, OwnedVariant, Proxy,
    connection::Builder,
    fdo,
    proxy::{self, CacheProperties, SignalStream},
    wire::DynamicDeserialize,
};

use super::Miss;

/// The way to the system's services.
pub(super) struct Bus(Connection);

impl Bus {
    pub(super) async fn system() -> Result<Self, Miss> {
        let builder = Builder::system().method_timeout(ANSWER_TIME);
        match timeout(ANSWER_TIME, builder.build()).await {
            Ok(Ok(connection)) => Ok(Self(connection)),
            Ok(Err(_)) | Err(_) => Err(Miss::NoBus),
        }
    }

    /// The first object of `service`, if that is running: nothing is started by asking.
    pub(super) async fn running(&self, service: &'static Service) -> Result<Object<'_>, Miss> {
        let names = fdo::DBusProxy::new(&self.0)
            .await
            .map_err(|error| service.miss(error))?;
        let name = service.bus_name.try_into().expect("a service's name is one of the bus");
        let is_running = names
            .name_has_owner(name)
            .await
            .map_err(|error| service.miss(error.into()))?;
        let root = OwnedObjectPath::try_from(service.root).expect("a service's root is a path");
        is_running
            .then_some(Object {
                connection: &self.0,
                service,
                path: root,
            })
            .ok_or(Miss::NotRunning)
    }
}

/// A service of the system.
pub(super) struct Service {
    /// What people call it.
    pub(super) label: &'static str,
    pub(super) bus_name: &'static str,
    /// Where its first object is.
    pub(super) root: &'static str,
}

impl Service {
    fn miss(&self, error: zbus::Error) -> Miss {
        let service = self.label;
        let is_late = |error: &io::Error| error.kind() == ErrorKind::TimedOut;
        match error {
            zbus::Error::InputOutput(error) if is_late(&error) => Miss::NotAnswering(service),
            zbus::Error::InputOutput(_) => Miss::NoBus,
            zbus::Error::FDO(error) => match *error {
                fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_) => Miss::NotRunning,
                fdo::Error::AccessDenied(_) | fdo::Error::AuthFailed(_) => Miss::NotPermitted(service),
                fdo::Error::NoReply(_) | fdo::Error::Timeout(_) | fdo::Error::TimedOut(_) => {
                    Miss::NotAnswering(service)
                }
                fdo::Error::ZBus(error) => self.miss(error),
                other => Miss::Refused {
                    service,
                    why: other.to_string(),
                },
            },
            zbus::Error::MethodError(name, text, _) => Miss::Refused {
                service,
                why: text.unwrap_or_else(|| name.to_string()),
            },
            _ => Miss::NotUnderstood(service),
        }
    }
}

/// One of a service's objects.
#[derive(Clone)]
pub(super) struct Object<'a> {
    connection: &'a Connection,
    service: &'static Service,
    path: OwnedObjectPath,
}

impl<'a> Object<'a> {
    /// Another one of the same service.
    pub(super) fn other(&self, path: OwnedObjectPath) -> Self {
        Self { path, ..self.clone() }
    }

    /// Why it cannot serve, as its service has no Wi-Fi.
    pub(super) fn without_wifi(&self) -> Miss {
        Miss::NoWifi(self.service.label)
    }

    /// All that it says of itself under `interface`.
    pub(super) async fn properties(&self, interface: &'static str) -> Result<Properties, Miss> {
        let values = self
            .call("org.freedesktop.DBus.Properties", "GetAll", &interface)
            .await?;
        Ok(Properties(values))
    }

    pub(super) async fn call<B, R>(&self, interface: &'static str, method: &'static str, body: &B) -> Result<R, Miss>
    where
        B: Serialize + DynamicType,
        R: for<'d> DynamicDeserialize<'d>,
    {
        self.ask(async { self.proxy(interface).await?.call(method, body).await })
            .await
    }

    /// What it tells as `signal` from now on.
    pub(super) async fn signals(&self, interface: &'static str, signal: &'static str) -> Result<Signals, Miss> {
        let signals = self.ask(async { self.proxy(interface).await?.receive_signal(signal).await });
        Ok(Signals(signals.await?))
    }

    async fn ask<T>(&self, question: impl Future<Output = zbus::Result<T>>) -> Result<T, Miss> {
        question.await.map_err(|error| self.service.miss(error))
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
pub(super) struct Signals(SignalStream<'static>);

impl Signals {
    /// Waits until one `is_wanted`, though not for longer than `time`.
    pub(super) async fn wait(&mut self, time: Duration, is_wanted: impl Fn(&Message) -> bool) {
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
pub(super) struct Properties(HashMap<String, OwnedVariant>);

impl Properties {
    /// Takes a value; `None` if it is not there or not of the kind that it should be.
    pub(super) fn take<T: TryFrom<OwnedVariant>>(&mut self, name: &str) -> Option<T> {
        self.0.remove(name)?.try_into().ok()
    }

    /// A value that has values by name itself; empty if it is not there.
    pub(super) fn take_all(&mut self, name: &str) -> Self {
        Self(self.take(name).unwrap_or_default())
    }
}

/// Services answer out of their memory.
const ANSWER_TIME: Duration = Duration::from_secs(3);
