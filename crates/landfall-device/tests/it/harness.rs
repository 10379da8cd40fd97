//! A device that runs while a test talks to it.

use core::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use std::sync::{Arc, Mutex};

use landfall_device::{
    Builder, Device, Ended, Event, Handle, HttpService, RunError, Security, SimulatedWifi, World, protocomm::NonceRule,
};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// A device that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    events: Arc<Mutex<Vec<Event>>>,
    task: JoinHandle<(Result<Ended, RunError>, Device<SimulatedWifi>)>,
}

/// A device in the built-in world.
pub(crate) fn device(security: Security) -> Builder<SimulatedWifi> {
    Device::builder("PROV_TEST", security).wifi(SimulatedWifi::new(World::built_in()))
}

/// Provisions `device` over HTTP on a free port.
pub(crate) async fn provision(device: Builder<SimulatedWifi>) -> Running {
    provision_built(device.build().expect("buildable")).await
}

/// Provisions a device that is there already.
pub(crate) async fn provision_built(mut device: Device<SimulatedWifi>) -> Running {
    let service = HttpService::bind((Ipv4Addr::LOCALHOST, 0).into())
        .await
        .expect("a free port");
    let (address, handle) = (service.local_addr(), device.handle());
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let task = tokio::spawn(async move {
        let ended = device
            .provision(service, |event| seen.lock().expect("no panic").push(event.clone()))
            .await;
        (ended, device)
    });
    Running {
        address,
        handle,
        events,
        task,
    }
}

impl Running {
    /// Everything that has happened.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().expect("no panic").clone()
    }

    /// Waits for the end of the provisioning.
    pub(crate) async fn ended(self) -> (Ended, Device<SimulatedWifi>, Vec<Event>) {
        let (ended, device) = self.task.await.expect("no panic");
        let events = self.events.lock().expect("no panic").clone();
        (ended.expect("provisioning runs"), device, events)
    }
}

/// All three schemes, with the secrets of [`crate::client::Client::secret`].
pub(crate) fn all_schemes() -> [Security; 3] {
    let pop = Some(Zeroizing::new(b"abcd1234".to_vec()));
    let development = Security::development();
    assert!(matches!(
        development,
        Security::Security2 {
            nonce_rule: NonceRule::Counter,
            ..
        }
    ));
    [Security::Security0, Security::Security1 { pop }, development]
}

/// Lets time pass in a moment. Between, time is real: a paused clock that runs ahead when nothing is ready would overtake
/// bytes that are still on their way through a socket.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
