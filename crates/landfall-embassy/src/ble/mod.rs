//! The Bluetooth Low Energy service (feature `ble`): characteristics that are written and read (spec transports.md 1), on
//! any controller that speaks HCI. The same GATT service as on Linux, from [`landfall_trouble`].

mod options;

use core::{convert::Infallible, future::pending};

use embassy_futures::select::{Either, select};
use embassy_sync::{blocking_mutex::raw::NoopRawMutex, signal::Signal};
use embassy_time::{Duration, with_timeout};
use heapless::Vec;
use landfall_protocomm::{SessionId, gatt::ServiceDescription};
use landfall_trouble::peripheral::{self, Event, Link, MAX_ENDPOINTS, Message, RequestNumber};
pub use landfall_trouble::{Seed, peripheral::Pairing};
use trouble_host::Controller;

pub use self::options::{AfterProvisioning, Options};
use crate::{Buffer, ClientEvent, RequestId, Service, ServiceEvent, names::Names};

/// Runs `body` with a service that clients find over Bluetooth Low Energy: it provisions a device over it, and whatever
/// is to be done while Bluetooth is there.
///
/// ```no_run
/// # use landfall_embassy::{*, ble::{self, Options}};
/// # async fn example<C: trouble_host::Controller, D: Drive, S: Store, R: protocomm::Random>(
/// #     controller: C, mut device: Device<'_, D, S, R>, mut app: impl App,
/// # ) {
/// let ended = ble::on_air(controller, &Options::new("PROV_261FCC"), async |service| {
///     device.provision(service, &mut app).await
/// })
/// .await;
/// # }
/// ```
///
/// The Bluetooth host runs beside `body` in the same task. It comes up when the service starts, and when the service
/// stops it says goodbye to its client, goes off and **drops the controller** (with [`AfterProvisioning::KeepOn`], when
/// `body` returns). A chip's controller gives its memory back when it is dropped: so a device that was provisioned has it
/// for other things. What the host itself takes is part of this function's future, which nobody needs after it returned.
///
/// The service starts once: who wants to provision again needs a new controller. A `body` that drops a provisioning should
/// return soon, for the host goes on taking clients whom nobody answers.
pub async fn on_air<C: Controller, T>(
    controller: C,
    options: &Options<'_>,
    body: impl AsyncFnOnce(&mut BleService<'_>) -> T,
) -> T {
    let air = Air {
        link: Link::new(),
        names: Signal::new(),
        ended: Signal::new(),
    };
    let mut service = BleService {
        air: &air,
        options,
        started: false,
        table: Vec::new(),
        told: Vec::new(),
        request: None,
        client: None,
        last_session: 0,
        last_request: 0,
    };
    match select(air.host(controller, options), body(&mut service)).await {
        Either::First(never) => match never {},
        Either::Second(done) => done,
    }
}

/// What joins the host and the service.
struct Air {
    link: Link,
    /// The endpoints, when the service starts.
    names: Signal<NoopRawMutex, Names>,
    /// Why the host is off.
    ended: Signal<NoopRawMutex, Error>,
}

impl Air {
    async fn host<C: Controller>(&self, controller: C, options: &Options<'_>) -> Infallible {
        let names = self.names.wait().await;
        // There are no more: the service does not start with more.
        let endpoints: Vec<&str, MAX_ENDPOINTS> = names.iter().take(MAX_ENDPOINTS).collect();
        let ended = peripheral::run(controller, &options.config(&endpoints), &self.link).await;
        self.ended.signal(ended.map_or_else(Error::Radio, |()| Error::Off));
        pending().await
    }
}

/// Why the service is not on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The controller fails.
    #[error(transparent)]
    Radio(peripheral::Error),
    /// It does not begin to advertise in time.
    #[error("the Bluetooth controller does not begin to advertise")]
    NotAnswering,
    /// It was on the air already, and is off.
    #[error("Bluetooth is off, and starts only once")]
    Off,
    /// The endpoints' names are too long together.
    #[error("the endpoints' names have more than {} bytes together", Names::MAX_LEN)]
    NamesTooLong,
}

/// For a device to begin advertising.
const START_TIME: Duration = Duration::from_secs(10);
/// For the host to say goodbye to its client.
const STOP_TIME: Duration = Duration::from_secs(8);
/// For the host to take an answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// A service that clients find over Bluetooth Low Energy, inside [`on_air`].
///
/// One client at a time, as on the original: while one is connected, the device does not advertise. Each connection is a
/// session of its own, and ends with it; of what a client wrote and could read, the next one finds nothing.
pub struct BleService<'a> {
    air: &'a Air,
    options: &'a Options<'a>,
    started: bool,
    /// For each characteristic the endpoint's number.
    table: Vec<usize, MAX_ENDPOINTS>,
    /// What is to be told before anything new is waited for, the last first.
    told: Vec<Told, 2>,
    /// The last request, until the next.
    request: Option<Message>,
    client: Option<Client>,
    last_session: u32,
    last_request: u32,
}

/// What is to be told, without the request itself.
#[derive(Debug)]
enum Told {
    Client(ClientEvent),
    Opened(SessionId),
    Closed(SessionId),
    Request {
        id: RequestId,
        session: SessionId,
        endpoint: usize,
    },
}

/// The client that is connected.
struct Client {
    session: SessionId,
    waits_for: Option<(RequestId, RequestNumber)>,
}

impl BleService<'_> {
    /// Waits for something to tell. Dropping the future loses nothing.
    async fn told(&mut self) -> Result<Told, Error> {
        loop {
            if let Some(told) = self.told.pop() {
                return Ok(told);
            }
            match select(self.air.link.next(), self.air.ended.wait()).await {
                Either::First(event) => self.on_event(event),
                Either::Second(error) => return Err(error),
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Connected(_) => self.on_connected(),
            Event::Disconnected => {
                if let Some(Client { session, .. }) = self.client.take() {
                    self.tell([Told::Closed(session), Told::Client(ClientEvent::Disconnected)]);
                }
            }
            Event::Request {
                number,
                characteristic,
                message,
            } => self.on_request(number, characteristic, message),
            _ => {}
        }
    }

    fn on_connected(&mut self) {
        // The number of a connection comes again much sooner on the original.
        self.last_session = self.last_session.wrapping_add(1) & (u32::MAX >> 1);
        let session = SessionId::new(self.last_session).expect("half of all numbers, without the one that is none");
        self.client = Some(Client {
            session,
            waits_for: None,
        });
        self.tell([Told::Client(ClientEvent::Connected), Told::Opened(session)]);
    }

    fn on_request(&mut self, number: RequestNumber, characteristic: usize, message: Message) {
        let (Some(client), Some(&endpoint)) = (&mut self.client, self.table.get(characteristic)) else {
            return;
        };
        self.last_request = self.last_request.wrapping_add(1);
        let id = RequestId(self.last_request);
        client.waits_for = Some((id, number));
        self.request = Some(message);
        let session = client.session;
        self.tell([Told::Request { id, session, endpoint }]);
    }

    /// Tells these, the first of them first. There was nothing else to tell, for only then is there news.
    fn tell<const N: usize>(&mut self, news: [Told; N]) {
        self.told.clear();
        self.told.extend(news.into_iter().rev());
    }

    /// Keeps for each characteristic which endpoint it is.
    fn lay_out(&mut self, endpoints: &[&str]) {
        let described = ServiceDescription {
            uuid: self.options.service,
            endpoints,
        };
        let places = described
            .characteristics()
            .filter_map(|found| endpoints.iter().position(|name| *name == found.name));
        self.table = places.take(MAX_ENDPOINTS).collect();
    }
}

impl Service for BleService<'_> {
    const NAME: &'static str = "BLE";

    type Error = Error;
    type Response = Buffer<512>;

    async fn start(&mut self, endpoints: &[&str]) -> Result<(), Error> {
        if endpoints.len() > MAX_ENDPOINTS {
            return Err(Error::Radio(peripheral::Error::TooManyEndpoints));
        }
        let names = Names::new(endpoints).ok_or(Error::NamesTooLong)?;
        if core::mem::replace(&mut self.started, true) {
            return Err(Error::Off);
        }
        self.lay_out(endpoints);
        self.air.names.signal(names);
        let advertising = async {
            loop {
                match select(self.air.link.next(), self.air.ended.wait()).await {
                    Either::First(Event::Advertising) => return Ok(()),
                    Either::First(_) => {}
                    Either::Second(error) => return Err(error),
                }
            }
        };
        with_timeout(START_TIME, advertising)
            .await
            .unwrap_or(Err(Error::NotAnswering))
    }

    async fn next(&mut self) -> Result<ServiceEvent<'_>, Error> {
        Ok(match self.told().await? {
            Told::Client(event) => ServiceEvent::Client(event),
            Told::Opened(session) => ServiceEvent::SessionOpened(session),
            Told::Closed(session) => ServiceEvent::SessionClosed(session),
            Told::Request { id, session, endpoint } => ServiceEvent::Request {
                id,
                session: Some(session),
                endpoint,
                message: self.request.as_deref_mut().unwrap_or_default(),
            },
        })
    }

    async fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        self.request = None;
        let Some(client) = &mut self.client else { return };
        if let Some((_, number)) = client.waits_for.take_if(|(id, _)| *id == request) {
            // A host that has ended answers nobody.
            let _ = with_timeout(ANSWER_TIME, self.air.link.respond(number, answer)).await;
        }
    }

    async fn stop(&mut self) {
        match self.options.after {
            AfterProvisioning::Off => self.air.link.stop(),
            AfterProvisioning::KeepOn { disconnect } => self.air.link.keep_on(disconnect),
        }
        let kept_on = async { while !matches!(self.air.link.next().await, Event::KeptOn) {} };
        // A host that does not end goes when `on_air` returns.
        let _ = with_timeout(STOP_TIME, select(kept_on, self.air.ended.wait())).await;
        self.client = None;
        self.request = None;
        self.told.clear();
    }
}
