//! A device on a pseudo-terminal, running while a test talks to it.

use core::time::Duration;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use landfall_client::console::ConsoleTransport;
use landfall_device::{Builder, ConsoleService, Device, Ended, Event, Handle, RunError, Security, SimulatedWifi};
use landfall_testkit::{PASSWORD, POP, Scheme, USERNAME, networks};
use serial2_tokio::SerialPort;
use tokio::{task::JoinHandle, time::timeout};
use zeroize::Zeroizing;

use super::{BAUD, Connection, PATIENCE, connection};

pub(crate) struct Running {
    path: PathBuf,
    handle: Handle,
    events: Arc<Mutex<Vec<Event>>>,
    task: JoinHandle<Result<Ended, RunError>>,
}

/// A device in the testkit's world, with an endpoint that sends back what it gets.
pub(crate) fn device(scheme: Scheme) -> Builder<SimulatedWifi> {
    let security = match scheme {
        Scheme::Security0 => Security::Security0,
        Scheme::Security1 => Security::Security1 {
            pop: Some(Zeroizing::new(POP.to_vec())),
        },
        Scheme::Security1WithoutPop => Security::Security1 { pop: None },
        Scheme::Security2 => Security::from_password(USERNAME, PASSWORD).expect("valid constants"),
    };
    Device::builder("PROV_TEST", security)
        .wifi(SimulatedWifi::new(networks::world()))
        .endpoint("custom-data", |request| Some(request.to_vec()))
        .cleanup_delay(Duration::from_millis(100))
}

impl Running {
    /// Provisions `device` on a new pseudo-terminal.
    pub(crate) fn start(device: Builder<SimulatedWifi>) -> Self {
        let mut device = device.build().expect("buildable");
        let (service, path) = ConsoleService::pseudo_terminal().expect("a pseudo-terminal");
        let handle = device.handle();
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let task = tokio::spawn(async move {
            let tell = |event: &Event| seen.lock().expect("no panic").push(event.clone());
            device.provision(service, tell).await
        });
        Self {
            path,
            handle,
            events,
            task,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn port(&self) -> SerialPort {
        SerialPort::open(&self.path, BAUD).expect("the pseudo-terminal is there")
    }

    /// A client at the pseudo-terminal's path, as a program has it.
    pub(crate) fn connect(&self) -> Connection {
        connection(ConsoleTransport::open(&self.path, BAUD).expect("the pseudo-terminal is there"))
    }

    pub(crate) fn stop(&self) {
        self.handle.stop();
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().expect("no panic").clone()
    }

    /// Waits for the end of the provisioning.
    pub(crate) async fn ended(self) -> Ended {
        let ended = timeout(PATIENCE, self.task).await.expect("an end in time");
        ended.expect("no panic").expect("provisioning runs")
    }
}
