//! Stand-ins of system services, on a message bus of their own. Each says of its objects what it was told to.

use core::time::Duration;
use std::{collections::HashMap, sync::mpsc, thread};

use futures_util::StreamExt as _;
use landfall_testbus::TestBus;
use tokio::{runtime, time::sleep};
use zbus::{Connection, Message, MessageStream, OwnedObjectPath, OwnedVariant, Variant, message::Type};

use crate::support::{Finished, LANDFALL, SYSTEM_BUS, command, run};

/// What an object says of itself under an interface, by name.
pub(super) type Values = HashMap<&'static str, OwnedVariant>;

/// The bus, and the services on it.
pub(super) struct System(TestBus);

impl System {
    /// A computer with `services`.
    pub(super) fn new(services: impl IntoIterator<Item = Service>) -> Self {
        Self::on(TestBus::start(), services)
    }

    /// A computer with `services` on a bus that is there already.
    pub(super) fn on(bus: TestBus, services: impl IntoIterator<Item = Service>) -> Self {
        for service in services {
            let (ready, is_ready) = mpsc::channel();
            let address = bus.address().to_owned();
            // It ends with the bus.
            thread::spawn(move || {
                let runtime = runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(service.serve(&address, &ready));
            });
            is_ready.recv().expect("the service comes to the bus");
        }
        Self(bus)
    }

    /// Where its bus is.
    pub(super) fn address(&self) -> &str {
        self.0.address()
    }

    /// Runs `landfall discover` on it, where nothing answers elsewhere.
    pub(super) fn discover(&self, args: &[&str]) -> Finished {
        let elsewhere = ["discover", "--device-dir", "/nowhere", "--host", "127.0.0.1:1"];
        let mut discover = command(LANDFALL, &[&elsewhere, args].concat());
        discover.env(SYSTEM_BUS, self.address());
        run(discover)
    }
}

/// A service, as it was told to be.
pub(super) struct Service {
    pub(super) name: &'static str,
    /// By path and interface.
    pub(super) objects: HashMap<(String, &'static str), Values>,
    /// What methods answer; others answer nothing, but at once.
    pub(super) answers: HashMap<&'static str, Answer>,
    /// What is changed by a scan, when it has taken its time.
    pub(super) scan: Scan,
}

pub(super) enum Answer {
    Paths(Vec<OwnedObjectPath>),
    /// Not what was asked for.
    Nonsense,
    Refusal(&'static str),
    /// None, ever.
    Silence,
}

#[derive(Default)]
pub(super) struct Scan {
    pub(super) time: Duration,
    pub(super) changes: Vec<(String, &'static str, &'static str, OwnedVariant)>,
}

impl Service {
    async fn serve(mut self, address: &str, ready: &mpsc::Sender<()>) {
        let bus = zbus::connection::Builder::address(address)
            .build()
            .await
            .expect("the bus");
        let mut calls = MessageStream::from(&bus);
        bus.request_name(self.name).await.expect("nobody else owns it");
        ready.send(()).expect("the test waits");
        while let Some(Ok(call)) = calls.next().await {
            if call.message_type() == Type::MethodCall && self.answer(&bus, &call).await.is_err() {
                break;
            }
        }
    }

    async fn answer(&mut self, bus: &Connection, call: &Message) -> zbus::Result<()> {
        let header = call.header();
        let method = header.member().map(ToString::to_string).unwrap_or_default();
        let path = header.path().map(ToString::to_string).unwrap_or_default();
        match self.answers.get(method.as_str()) {
            Some(Answer::Paths(paths)) => return bus.reply(&header, paths).await,
            Some(Answer::Nonsense) => return bus.reply(&header, &("a", 1_u8)).await,
            Some(Answer::Refusal(error)) => return bus.reply_error(&header, *error, &"it may not be").await,
            Some(Answer::Silence) => return Ok(()),
            None if method == "GetAll" => {
                let body = call.body();
                let interface: &str = body.deserialize()?;
                let found = self
                    .objects
                    .iter()
                    .find(|((at, of), _)| *at == path && *of == interface);
                return match found {
                    Some((_, values)) => bus.reply(&header, values).await,
                    None => {
                        bus.reply_error(&header, "org.freedesktop.DBus.Error.UnknownObject", &path)
                            .await
                    }
                };
            }
            None => bus.reply(&header, &()).await?,
        }
        match method.as_str() {
            "RequestScan" => {
                self.scan().await;
                let changed = HashMap::from([("LastScan", Variant::from(1_000_i64))]);
                let nothing: [&str; 0] = [];
                let body = (
                    "org.freedesktop.NetworkManager.Device.Wireless",
                    changed,
                    nothing.as_slice(),
                );
                let properties = "org.freedesktop.DBus.Properties";
                bus.emit_signal(None::<&str>, path.as_str(), properties, "PropertiesChanged", &body)
                    .await
            }
            "Scan" => {
                self.scan().await;
                let interface = "fi.w1.wpa_supplicant1.Interface";
                bus.emit_signal(None::<&str>, path.as_str(), interface, "ScanDone", &true)
                    .await
            }
            _ => Ok(()),
        }
    }

    async fn scan(&mut self) {
        sleep(self.scan.time).await;
        for (path, interface, name, value) in self.scan.changes.drain(..) {
            self.objects.entry((path, interface)).or_default().insert(name, value);
        }
    }
}

/// A value that is sent as it is.
pub(super) fn value<'a>(value: impl Into<Variant<'a>>) -> OwnedVariant {
    value.into().try_into().expect("it holds no open file")
}

pub(super) fn path(path: &str) -> OwnedObjectPath {
    path.try_into().expect("a path")
}

pub(super) fn paths(all: &[&str]) -> Vec<OwnedObjectPath> {
    all.iter().map(|one| path(one)).collect()
}
