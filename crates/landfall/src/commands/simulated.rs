//! What `demo`, `simulate` and `device` share: a device's events as the printer knows them.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use landfall_device::{
    ClientEvent, Event as Happened, PayloadSecret, PayloadTransport, Peer,
    manager::{Event as ManagerEvent, FailReason, ServiceName},
    payload_url,
    protocomm::device::Event as SecurityEvent,
    provisioning_payload,
};

use crate::{
    args::DeviceTransport,
    failure::{Failure, Problem},
    print::{DeviceEvent, Event, Place, Printer, Reason, Way, text::Name},
};

/// The user of Espressif's examples in development mode (spec manager.md 9).
pub(super) const DEVELOPMENT_USER: &str = "wifiprov";
/// Their password and proof of possession.
pub(super) const DEVELOPMENT_SECRET: &str = "abcd1234";

/// A name like those of the examples, with six random hex digits in place of an address'.
pub(super) fn random_name() -> Result<String, Failure> {
    let mut tail = [0; 3];
    getrandom::fill(&mut tail).map_err(|error| {
        Failure::new(Problem::SystemRefuses)
            .saying("the operating system gives no random bytes")
            .because(error)
    })?;
    Ok(ServiceName::from_tail(tail).to_string())
}

/// How apps come to a device with a code, to its access point with `service_key`; none can come by way of the console.
pub(super) const fn payload_transport(
    transport: DeviceTransport,
    service_key: Option<&str>,
) -> Option<PayloadTransport<'_>> {
    match transport {
        DeviceTransport::Softap => Some(PayloadTransport::SoftAp { service_key }),
        DeviceTransport::Ble => Some(PayloadTransport::Ble),
        DeviceTransport::Console => None,
    }
}

/// Tells what a device does, and keeps in mind whether it is on a network.
pub(super) struct Narrator<'a> {
    printer: &'a Printer,
    label: Label<'a>,
    announced: Cell<bool>,
    online: Cell<bool>,
}

/// What stands on a device: its name, where it is, and the text of its QR code.
pub(super) struct Label<'a> {
    name: &'a str,
    place: RefCell<Option<Rc<RefCell<Place>>>>,
    payload: Option<String>,
}

impl<'a> Label<'a> {
    /// The label of the device `name` at `place`, which is read when clients can come; with a QR code if apps can come by `transport`, who need the secret
    /// for it.
    pub(super) fn new(
        name: &'a str,
        place: Option<Rc<RefCell<Place>>>,
        secret: &PayloadSecret<'_>,
        transport: Option<PayloadTransport<'_>>,
    ) -> Self {
        let payload = transport.map(|transport| provisioning_payload(name, secret, transport));
        Self {
            name,
            place: RefCell::new(place),
            payload,
        }
    }
}

impl<'a> Narrator<'a> {
    /// Tells through `printer`; the label is shown when the device starts.
    pub(super) fn new(printer: &'a Printer, label: Label<'a>) -> Self {
        Self {
            printer,
            label,
            announced: Cell::new(false),
            online: Cell::new(false),
        }
    }

    /// The device opens for clients at `place`: its label is shown again.
    pub(super) fn opens(&self, place: Rc<RefCell<Place>>) {
        *self.label.place.borrow_mut() = Some(place);
        self.announced.set(false);
    }

    /// Whether the device is on a network.
    pub(super) fn is_online(&self) -> bool {
        self.online.get()
    }

    /// Whether the device has shown its label: clients can come.
    pub(super) fn has_announced(&self) -> bool {
        self.announced.get()
    }

    /// Tells one event.
    pub(super) fn tell(&self, happened: &Happened) {
        match happened {
            Happened::Manager(event) => self.manager(event),
            Happened::Client(event) => self.client(event),
            Happened::Joined(station) => self.connected(station.ip),
            Happened::Unjoined { .. } => {
                self.online.set(false);
                self.say(DeviceEvent::DeviceDisconnected);
            }
            Happened::RequestFailed { endpoint, error } => {
                self.warn(format!("a request to {endpoint} failed: {error}"));
            }
            Happened::WifiTrouble(why) => self.warn(why.clone()),
            Happened::SaveFailed(why) => self.warn(format!("the credentials could not be stored: {why}")),
            _ => {}
        }
    }

    /// Says something of the device's.
    pub(super) fn say(&self, event: DeviceEvent<'_>) {
        self.printer.event(&Event::Device(event));
    }

    /// Says what the device's owner should know.
    pub(super) fn warn(&self, text: String) {
        self.say(DeviceEvent::DeviceWarning { text });
    }

    fn manager(&self, event: &ManagerEvent) {
        match event {
            ManagerEvent::Started => self.started(),
            ManagerEvent::CredentialsReceived { ssid } => {
                let name = Name::new(ssid.as_bytes());
                self.say(DeviceEvent::DeviceCredentialsReceived {
                    name,
                    shown: ssid.to_string(),
                });
            }
            ManagerEvent::AttemptFailed { reason, remaining } => {
                let reason = reason.map(Reason::from);
                self.say(DeviceEvent::DeviceAttemptFailed {
                    reason,
                    remaining: *remaining,
                });
            }
            ManagerEvent::CredentialsFailed { reason } => {
                self.say(DeviceEvent::DeviceCredentialsFailed {
                    reason: Reason::from(*reason),
                });
            }
            ManagerEvent::CredentialsSucceeded(station) => {
                self.say(DeviceEvent::DeviceCredentialsSucceeded);
                self.connected(station.ip);
            }
            ManagerEvent::Ended => self.say(DeviceEvent::DeviceEnded),
            ManagerEvent::Security(event) => self.security(*event),
            _ => {}
        }
    }

    fn started(&self) {
        self.online.set(false);
        self.say(DeviceEvent::DeviceStarted);
        if !self.announced.replace(true) {
            let Label { name, place, payload } = &self.label;
            if let Some(place) = &*place.borrow() {
                let place = &place.borrow();
                self.say(DeviceEvent::DeviceListening { name, place });
            }
            if let Some(payload) = payload {
                self.say(DeviceEvent::DeviceQr {
                    payload,
                    url: payload_url(payload),
                });
            }
        }
    }

    fn connected(&self, ip: core::net::Ipv4Addr) {
        self.online.set(true);
        self.say(DeviceEvent::DeviceConnected { ip: ip.to_string() });
    }

    fn security(&self, event: SecurityEvent) {
        match event {
            SecurityEvent::SetupOk => self.say(DeviceEvent::DeviceSessionEstablished),
            SecurityEvent::InvalidSecurityParams => self.say(DeviceEvent::DeviceBadHandshake),
            SecurityEvent::CredentialsMismatch => self.say(DeviceEvent::DeviceSecretRefused),
            SecurityEvent::LockedOut { .. } => self.say(DeviceEvent::DeviceLockedOut),
            _ => {}
        }
    }

    fn client(&self, event: &ClientEvent) {
        match event {
            ClientEvent::Connected { peer } => self.say(DeviceEvent::DeviceClientConnected {
                transport: way(*peer),
                client: peer.to_string(),
            }),
            ClientEvent::Disconnected { peer } => self.say(DeviceEvent::DeviceClientDisconnected {
                transport: way(*peer),
                client: peer.to_string(),
            }),
            ClientEvent::Busy { peer } => self.warn(format!("{peer} has to wait: another client is at work")),
            ClientEvent::Refused { peer, reason } => self.warn(format!("a request of {peer} was refused: {reason}")),
            ClientEvent::ServiceLost { error } => self.say(DeviceEvent::DeviceUnreachable { reason: error.clone() }),
            ClientEvent::ServiceBack => self.say(DeviceEvent::DeviceReachable),
            ClientEvent::AcceptFailed { error } => self.warn(format!("no client can connect: {error}")),
            _ => {}
        }
    }
}

const fn way(peer: Peer) -> Way {
    match peer {
        Peer::Bluetooth(_) => Way::Ble,
        Peer::Console => Way::Console,
        _ => Way::SoftAp,
    }
}

impl From<FailReason> for Reason {
    fn from(reason: FailReason) -> Self {
        match reason {
            FailReason::AuthError => Self::WrongPassword,
            FailReason::NetworkNotFound => Self::NetworkNotFound,
        }
    }
}
