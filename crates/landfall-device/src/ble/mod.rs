//! The Bluetooth service: characteristics that are written and read (spec transports.md 1), on a controller of its own
//! or with the operating system's Bluetooth.
//!
//! The host runs in a thread of its own, because it answers clients' radios even while the device is busy with
//! something else.

mod air;
mod options;

use core::{convert::Infallible, fmt, time::Duration};
use std::{io, sync::mpsc as std_mpsc, thread};

use landfall_protocomm::{SessionId, gatt::ServiceDescription};
pub use landfall_trouble::hci::{HciAddress, InvalidHciAddress};
use tokio::{sync::mpsc, time::timeout};
use zeroize::Zeroizing;

use self::air::{Air, Number, Order, Told};
pub use self::options::{AfterProvisioning, BleOptions, BluetoothAddress, Place, Radio, RadioError};
use crate::{ClientEvent, Peer, RequestId, Service, ServiceEvent};

/// A service that clients find over Bluetooth Low Energy.
///
/// [`Service::start`] fails with a [`RadioError`] inside its [`io::Error`].
///
/// One client at a time, as on the original: while one is connected, the device does not advertise. Each connection is
/// a session of its own, and ends with it; of what a client wrote and could read, the next one finds nothing.
///
/// A service that is dropped without [`Service::stop`] takes itself off the air, for which it blocks 3 s at most.
pub struct BleService {
    radio: Radio,
    /// BlueZ's message bus, if that is not the system's.
    bus: Option<String>,
    options: BleOptions,
    /// The endpoints' names in the order of the characteristics.
    endpoints: Vec<String>,
    /// Not there before the service opens and after it was closed.
    air: Option<Running>,
    /// The host after the service was closed, if it is to stay on.
    kept: Option<Running>,
    place: Option<Place>,
    /// Whether nobody can find it for now, and that was told.
    lost: bool,
    /// What is to be told before anything new is waited for.
    told: Vec<ServiceEvent>,
    client: Option<Client>,
    last_session: u32,
    last_request: u64,
}

/// The host, while it runs.
struct Running {
    told: mpsc::UnboundedReceiver<Told>,
    orders: mpsc::UnboundedSender<Order>,
    /// Disconnected when the host's thread is at its end.
    thread: std_mpsc::Receiver<Infallible>,
}

impl Running {
    /// Puts a device on the air, in a thread of its own.
    fn begin(air: Air) -> io::Result<Self> {
        let (tell, told) = mpsc::unbounded_channel();
        let (orders, receive_orders) = mpsc::unbounded_channel();
        let (alive, thread) = std_mpsc::channel();
        thread::Builder::new().name("bluetooth".to_owned()).spawn(move || {
            air.run(tell, receive_orders);
            drop(alive);
        })?;
        Ok(Self { told, orders, thread })
    }
}

/// Waits for the goodbye: what a program that is about to end leaves in the middle, BlueZ keeps for good (a place for an
/// advertisement, of five).
impl Drop for Running {
    fn drop(&mut self) {
        // A host that has ended need not be told.
        let _ = self.orders.send(Order::End(AfterProvisioning::Off));
        // Nothing ever comes; one that does not end goes with the program.
        let _ = self.thread.recv_timeout(GOODBYE_TIME);
    }
}

/// The client that is connected.
struct Client {
    peer: Peer,
    session: SessionId,
    waits_for: Option<(RequestId, Number)>,
}

/// For a device to begin advertising: BlueZ may have to load an adapter's firmware first.
const START_TIME: Duration = Duration::from_secs(40);
/// For the host to say goodbye to its client.
const STOP_TIME: Duration = Duration::from_secs(8);
/// The same where somebody waits who can do nothing else meanwhile.
const GOODBYE_TIME: Duration = Duration::from_secs(3);

impl BleService {
    /// A service on `radio`, which is opened when the service starts.
    pub fn new(radio: impl Into<Radio>, options: BleOptions) -> Self {
        Self {
            radio: radio.into(),
            bus: None,
            options,
            endpoints: Vec::new(),
            air: None,
            kept: None,
            place: None,
            lost: false,
            told: Vec::new(),
            client: None,
            last_session: 0,
            last_request: 0,
        }
    }

    /// The same service, which finds BlueZ on the message bus at `address` and not on the system's.
    #[must_use]
    pub fn on_bus(mut self, address: &str) -> Self {
        self.bus = Some(address.to_owned());
        self
    }

    /// Where clients find the device, once it is on the air; `None` on a controller of its own, which tells nobody its
    /// address.
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    fn on_told(&mut self, told: Told) {
        match told {
            Told::Advertising(place) => self.on_advertising(place),
            Told::Connected(address) => self.on_connected(Peer::Bluetooth(address)),
            Told::Disconnected => self.on_disconnected(),
            Told::Request {
                number,
                characteristic,
                message,
            } => self.on_request(number, characteristic, message),
            Told::Interrupted(error) => {
                self.lost = true;
                self.tell(ClientEvent::ServiceLost {
                    error: error.to_string(),
                });
            }
            Told::KeptOn => {}
            Told::Ended(ended) => {
                self.on_disconnected();
                self.air = None;
                let error = ended.err().unwrap_or(RadioError::Ended).to_string();
                self.tell(ClientEvent::AcceptFailed { error });
            }
        }
    }

    fn on_advertising(&mut self, place: Option<Place>) {
        self.place = place;
        if self.lost {
            self.lost = false;
            self.tell(ClientEvent::ServiceBack);
        }
    }

    fn tell(&mut self, event: ClientEvent) {
        self.told.push(ServiceEvent::Client(event));
    }

    fn on_connected(&mut self, peer: Peer) {
        // The number of a connection comes again much sooner on the original.
        self.last_session = self.last_session.wrapping_add(1) & (u32::MAX >> 1);
        let session = SessionId::new(self.last_session).expect("half of all numbers, without the one that is none");
        self.client = Some(Client {
            peer,
            session,
            waits_for: None,
        });
        self.tell(ClientEvent::Connected { peer });
        self.told.push(ServiceEvent::SessionOpened(session));
    }

    fn on_disconnected(&mut self) {
        if let Some(Client { peer, session, .. }) = self.client.take() {
            self.told.push(ServiceEvent::SessionClosed(session));
            self.tell(ClientEvent::Disconnected { peer });
        }
    }

    fn on_request(&mut self, number: Number, characteristic: usize, message: Zeroizing<Vec<u8>>) {
        let (Some(client), Some(endpoint)) = (&mut self.client, self.endpoints.get(characteristic)) else {
            return;
        };
        self.last_request += 1;
        let id = RequestId(self.last_request);
        client.waits_for = Some((id, number));
        self.told.push(ServiceEvent::Request {
            id,
            session: Some(client.session),
            endpoint: endpoint.clone(),
            message,
        });
    }
}

impl Service for BleService {
    async fn start(&mut self, endpoints: &[&str]) -> io::Result<()> {
        let mut running = Running::begin(Air {
            radio: self.radio.clone(),
            bus: self.bus.clone(),
            options: self.options.clone(),
            endpoints: endpoints.iter().copied().map(str::to_owned).collect(),
        })?;
        match timeout(START_TIME, running.told.recv()).await {
            Err(_) => return Err(RadioError::NotAnswering.into()),
            Ok(Some(Told::Ended(Err(error)))) => return Err(error.into()),
            Ok(Some(Told::Ended(Ok(()))) | None) => return Err(RadioError::Ended.into()),
            Ok(Some(first)) => self.on_told(first),
        }
        let described = ServiceDescription {
            uuid: self.options.service,
            endpoints,
        };
        self.endpoints = described.characteristics().map(|found| found.name.to_owned()).collect();
        self.air = Some(running);
        Ok(())
    }

    async fn next(&mut self) -> ServiceEvent {
        loop {
            if !self.told.is_empty() {
                return self.told.remove(0);
            }
            let told = match &mut self.air {
                Some(air) => air.told.recv().await,
                None => core::future::pending().await,
            };
            self.on_told(told.unwrap_or(Told::Ended(Err(RadioError::Ended))));
        }
    }

    fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        let (Some(air), Some(client)) = (&self.air, &mut self.client) else {
            return;
        };
        if let Some((_, number)) = client.waits_for.take_if(|(id, _)| *id == request) {
            // A host that has ended answers nobody.
            let answer = answer.map(|answer| Zeroizing::new(answer.to_vec()));
            let _ = air.orders.send(Order::Respond(number, answer));
        }
    }

    async fn stop(&mut self) {
        let Some(mut air) = self.air.take() else { return };
        // A host that has ended need not be told.
        let _ = air.orders.send(Order::End(self.options.after));
        let ended = async { while !matches!(air.told.recv().await, Some(Told::KeptOn | Told::Ended(_)) | None) {} };
        // One that does not end goes when it finds nobody here any more.
        let _ = timeout(STOP_TIME, ended).await;
        self.client = None;
        self.told.clear();
        if self.options.after != AfterProvisioning::Off {
            self.kept = Some(air);
        }
    }
}

impl fmt::Debug for BleService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BleService")
            .field("radio", &self.radio)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
