//! The one place that all that happens to the device passes: it is told, kept in mind, and handed on.

use core::{
    cell::{Cell, RefCell},
    future, mem,
    net::Ipv4Addr,
    time::Duration,
};
use std::rc::Rc;

use landfall_device::{
    ClientEvent, Event as Happened,
    manager::{DisconnectReason, Event as ManagerEvent, FailReason, Ssid, Station},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    hooks::{Happening, Hooks, Occasion},
    systemd::Manager,
};
use crate::{
    commands::simulated::Narrator,
    print::{DeviceEvent, DeviceStatus, NetworkState, Place, Provisioning, text::Name},
};

/// Sees what happens to the device.
pub(super) struct Watch<'a> {
    narrator: &'a Narrator<'a>,
    hooks: Hooks,
    manager: Manager,
    status: RefCell<DeviceStatus>,
    /// The network that is meant in the status.
    target: Cell<Option<Ssid>>,
    /// When the device closes for clients, if it does by itself.
    deadline: watch::Sender<Option<Instant>>,
    /// Whether a client's network is being tried: no moment to close.
    is_trying: watch::Sender<bool>,
}

impl<'a> Watch<'a> {
    /// Tells the narrator, the hooks and the service manager. `status` is what the device is in the beginning.
    pub(super) fn new(narrator: &'a Narrator<'a>, hooks: Hooks, status: DeviceStatus) -> Self {
        Self {
            narrator,
            hooks,
            manager: Manager::default(),
            status: RefCell::new(status),
            target: Cell::new(None),
            deadline: watch::Sender::new(None),
            is_trying: watch::Sender::new(false),
        }
    }

    /// The service manager.
    pub(super) const fn manager(&self) -> &Manager {
        &self.manager
    }

    /// What the device is doing now.
    pub(super) fn status(&self) -> DeviceStatus {
        let left = self
            .deadline
            .borrow()
            .map(|at| at.saturating_duration_since(Instant::now()).as_secs());
        DeviceStatus {
            window_left_s: left,
            ..self.status.borrow().clone()
        }
    }

    /// The device has begun, and a network is stored or not.
    pub(super) fn begins(&self, provisioned: bool) {
        self.status.borrow_mut().provisioned = provisioned;
        self.narrator.say(if provisioned {
            DeviceEvent::DeviceAlreadyProvisioned
        } else {
            DeviceEvent::DeviceUnprovisioned
        });
        self.run_hook(Occasion::new(Happening::DeviceStarted));
    }

    /// The device is about to open for clients at `place`.
    pub(super) fn opens(&self, place: Rc<RefCell<Place>>, window: Option<Duration>) {
        self.narrator.opens(place);
        self.is_trying.send_replace(false);
        self.set_window(window);
    }

    /// The device closes after `window` from now.
    pub(super) fn set_window(&self, window: Option<Duration>) {
        let deadline = window.and_then(|window| Instant::now().checked_add(window));
        self.deadline.send_replace(deadline);
        self.say_status();
    }

    /// Waits until the device has been open for as long as it should be, and no client's network is being tried.
    pub(super) async fn window_over(&self) {
        let (mut deadline, mut is_trying) = (self.deadline.subscribe(), self.is_trying.subscribe());
        loop {
            // Neither can be gone: they are ours.
            let _ = is_trying.wait_for(|is_trying| !is_trying).await;
            let at = *deadline.borrow_and_update();
            tokio::select! {
                () = reached(at) => if !*is_trying.borrow() { break },
                _ = deadline.changed() => {}
            }
        }
    }

    /// The device is closed for clients.
    pub(super) fn closed(&self) {
        self.deadline.send_replace(None);
        let was = mem::replace(&mut self.status.borrow_mut().provisioning, Provisioning::Closed);
        if was == Provisioning::Open {
            self.narrator.say(DeviceEvent::DeviceClosed);
            self.run_hook(Occasion::new(Happening::ProvisioningClosed));
        }
        self.say_status();
    }

    /// The network is forgotten.
    pub(super) fn was_reset(&self) {
        self.status.borrow_mut().provisioned = false;
        self.set_network(NetworkState::None, None, None);
        self.narrator.say(DeviceEvent::DeviceReset);
        self.run_hook(Occasion::new(Happening::Reset));
    }

    /// Something went wrong without ending the device.
    pub(super) fn warn(&self, why: String) {
        self.status.borrow_mut().last_failure = Some(why.clone());
        self.narrator.warn(why);
    }

    /// Takes in one event of the device.
    pub(super) fn tell(&self, happened: &Happened) {
        // After provisioning the device is on its network already, and that was said.
        if !self.narrator.is_online() || !matches!(happened, Happened::Joined(_)) {
            self.narrator.tell(happened);
        }
        match happened {
            Happened::Manager(event) => self.manager_event(event),
            Happened::Joining { ssid } => {
                self.manager.ready();
                self.set_network(NetworkState::Joining, Some(*ssid), None);
            }
            Happened::Joined(station) => {
                self.manager.ready();
                self.joined(station);
            }
            Happened::Unjoined { ssid, reason, .. } => self.unjoined(*ssid, *reason),
            Happened::Saved { ssid } => {
                self.status.borrow_mut().provisioned = true;
                self.run_hook(Occasion {
                    ssid: Some(*ssid),
                    ..Occasion::new(Happening::Provisioned)
                });
            }
            Happened::Client(ClientEvent::Connected { .. }) => {
                self.run_hook(Occasion::new(Happening::ClientConnected));
            }
            Happened::SaveFailed(why) | Happened::WifiTrouble(why) => {
                self.status.borrow_mut().last_failure = Some(why.clone());
            }
            _ => {}
        }
    }

    fn manager_event(&self, event: &ManagerEvent) {
        match event {
            ManagerEvent::Started => self.started(),
            ManagerEvent::CredentialsReceived { ssid } => {
                self.is_trying.send_replace(true);
                self.run_hook(Occasion {
                    ssid: Some(*ssid),
                    ..Occasion::new(Happening::CredentialsReceived)
                });
            }
            ManagerEvent::AttemptFailed { reason, .. } => {
                self.status.borrow_mut().last_failure = Some(reason.map_or(NOT_JOINED, why).to_owned());
            }
            ManagerEvent::CredentialsFailed { reason } => {
                let ssid = self.target.take();
                self.not_on(NetworkState::None, ssid, why(*reason), Happening::JoinFailed);
                self.is_trying.send_replace(false);
            }
            ManagerEvent::CredentialsSucceeded(station) => {
                self.joined(station);
                self.stays_for_the_result();
            }
            _ => {}
        }
    }

    /// Clients can come.
    fn started(&self) {
        self.manager.ready();
        self.is_trying.send_replace(false);
        let was = mem::replace(&mut self.status.borrow_mut().provisioning, Provisioning::Open);
        // Started is what is said again when another client's credentials are welcome.
        if was == Provisioning::Closed {
            self.run_hook(Occasion::new(Happening::ProvisioningOpened));
        }
        self.say_status();
    }

    /// The client still asks what has come of it, so that a window that passes now has to wait a little. A device that
    /// does not stay open has closed by then.
    fn stays_for_the_result(&self) {
        let earliest = Instant::now() + RESULT_TIME;
        self.deadline.send_modify(|at| *at = at.map(|at| at.max(earliest)));
        self.is_trying.send_replace(false);
    }

    fn joined(&self, station: &Station) {
        let ip = Some(station.ip.to_string());
        let was_there = {
            let status = self.status.borrow();
            status.network == NetworkState::Joined && status.ip == ip && self.target.get() == Some(station.ssid)
        };
        self.set_network(NetworkState::Joined, Some(station.ssid), Some(station.ip));
        if !was_there {
            self.run_hook(Occasion {
                ssid: Some(station.ssid),
                ip: Some(station.ip),
                ..Occasion::new(Happening::Joined)
            });
        }
    }

    /// The network that is stored was lost, or could not be joined.
    fn unjoined(&self, ssid: Ssid, reason: DisconnectReason) {
        let words = reason.fail_reason().map_or(NOT_JOINED, why);
        if self.status.borrow().network == NetworkState::Joined {
            self.not_on(NetworkState::Lost, Some(ssid), "the network was lost", Happening::Lost);
        } else {
            self.not_on(NetworkState::Lost, Some(ssid), words, Happening::JoinFailed);
        }
    }

    fn not_on(&self, state: NetworkState, ssid: Option<Ssid>, why: &str, happening: Happening) {
        self.status.borrow_mut().last_failure = Some(why.to_owned());
        // Nothing is meant any more where nothing is tried any more.
        self.set_network(state, ssid.filter(|_| state == NetworkState::Lost), None);
        self.run_hook(Occasion {
            ssid,
            reason: Some(why.to_owned()),
            ..Occasion::new(happening)
        });
    }

    fn set_network(&self, network: NetworkState, ssid: Option<Ssid>, ip: Option<Ipv4Addr>) {
        self.target.set(ssid);
        let mut status = self.status.borrow_mut();
        status.network = network;
        status.ssid = ssid.map(|ssid| Name::new(ssid.as_bytes()));
        status.ip = ip.map(|ip| ip.to_string());
        if network == NetworkState::Joined {
            status.last_failure = None;
        }
        drop(status);
        self.say_status();
    }

    fn run_hook(&self, occasion: Occasion) {
        if !self.hooks.put(occasion) {
            self.narrator.warn(
                "the hook does not come along: of what waits for it, it hears the latest of each kind only".to_owned(),
            );
        }
    }

    fn say_status(&self) {
        self.manager.status(&self.status().summary());
    }
}

/// For a client to hear that its network was joined: it asks every few seconds. More than [`AutoStop`]'s.
///
/// [`AutoStop`]: landfall_device::manager::AutoStop
const RESULT_TIME: Duration = Duration::from_secs(45);
/// Where nobody knows more.
const NOT_JOINED: &str = "the network could not be joined";

const fn why(reason: FailReason) -> &'static str {
    match reason {
        FailReason::AuthError => "the network refuses the passphrase",
        FailReason::NetworkNotFound => "no network of this name is in range",
    }
}

async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use landfall_device::{PayloadSecret, manager::Bssid, protocomm::wire::AuthMode};
    use tokio::{runtime, time::timeout};

    use super::*;
    use crate::{commands::simulated::Label, print::Printer};

    const SHORT: Duration = Duration::from_millis(10);

    /// Hands `scenario` a device that is open for a short while.
    fn watched(scenario: impl AsyncFnOnce(&Watch<'_>)) {
        let printer = Printer::mute();
        let narrator = Narrator::new(&printer, Label::new("PROV_TEST", None, &PayloadSecret::Hidden, None));
        let (hooks, _) = Hooks::new(None, "PROV_TEST", "wlan0");
        let watch = Watch::new(&narrator, hooks, super::super::tests::blank());
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            watch.tell(&Happened::Manager(ManagerEvent::Started));
            watch.set_window(Some(SHORT));
            scenario(&watch).await;
        });
    }

    async fn closes(watch: &Watch<'_>) -> bool {
        timeout(SHORT * 20, watch.window_over()).await.is_ok()
    }

    fn home() -> Ssid {
        Ssid::new(b"Home").expect("a name")
    }

    #[test]
    fn a_window_does_not_pass_while_a_network_is_tried_but_does_when_the_client_begins_anew() {
        watched(async |watch| {
            watch.tell(&Happened::Manager(ManagerEvent::CredentialsReceived { ssid: home() }));
            assert!(!closes(watch).await);
            watch.tell(&Happened::Manager(ManagerEvent::Started));
            assert!(closes(watch).await);
        });
    }

    #[test]
    fn after_success_a_window_stays_for_the_client_to_hear_of_it_and_passes_then() {
        watched(async |watch| {
            watch.tell(&Happened::Manager(ManagerEvent::CredentialsReceived { ssid: home() }));
            watch.tell(&Happened::Manager(ManagerEvent::CredentialsSucceeded(Station {
                ip: Ipv4Addr::new(192, 168, 43, 7),
                ssid: home(),
                bssid: Bssid([2, 0, 0, 0, 0, 1]),
                channel: 6,
                auth: AuthMode::Wpa2Psk,
            })));
            let left = watch.status().window_left_s;
            assert!(left.is_some_and(|left| left > 30), "{left:?}");
            assert!(!closes(watch).await);
            watch.set_window(Some(SHORT));
            assert!(closes(watch).await);
        });
    }

    #[test]
    fn a_window_that_no_clock_can_tell_never_passes() {
        watched(async |watch| {
            watch.set_window(Some(Duration::MAX));
            assert!(!closes(watch).await);
            assert!(!watch.status().summary().contains("min"));
        });
    }
}
