use embassy_futures::select::{Either, Either5, select, select5};
use embassy_time::{Duration, Timer};
use heapless::Vec;
use landfall_manager::{self as manager, Command, Credentials, Handled, Manager, Output, Station, WifiEvent};
use landfall_protocomm::{Crypto, Endpoint, Instant, Random, SessionId, device};

use crate::{
    App, Config, Control, Device, Drive, Ended, Event, ProvisionError, RequestFailure, RequestId, Service,
    ServiceEvent, Store, clock,
    control::{Order, order},
    home::Home,
    station::{Desk, Report},
};

/// Networks that a scan keeps, as on the original.
const SCAN: usize = 16;

/// For an answer to leave before the work begins that its client does not wait for: its own takes as long.
const LEAVING_TIME: Duration = Duration::from_millis(20);

impl<D: Drive, S: Store, R: Random, C: Crypto> Device<'_, D, S, R, C> {
    /// Runs one provisioning over `service` until it ends; `app` hears everything as it happens.
    ///
    /// Afterwards the station is on its network if the result is [`Ended::Provisioned`]. When the future is dropped, what
    /// was not stored is not, and the service ends when it is dropped, too (over Bluetooth: when `on_air` returns).
    ///
    /// # Errors
    /// [`ProvisionError`].
    pub async fn provision<V: Service>(
        &mut self,
        mut service: V,
        app: &mut impl App,
    ) -> Result<Ended, ProvisionError<V::Error>> {
        app.on_event(&Event::Starting);
        self.station = self.station().copied();
        let home = match self.config.stay_home {
            // Credentials that cannot be read are nowhere to stay.
            true => self.store.load().await.ok().flatten().map(Home::new),
            false => None,
        };
        let desk = Desk::new();
        let mut run = Run {
            manager: Manager::with_crypto(self.config.security, self.config.provisioning, &mut self.crypto)?,
            endpoints: Endpoints::new(&self.config).ok_or(ProvisionError::TooManyEndpoints)?,
            desk: &desk,
            store: &mut self.store,
            random: &mut self.random,
            station: &mut self.station,
            app,
            response: V::Response::default(),
            service: V::NAME,
            later: None,
            stays_home: self.config.stay_home,
            home,
            tries: false,
            ended: None,
        };
        let ended = select(
            self.radio.run(&desk),
            run.until_ended(&mut service, self.config.control),
        )
        .await;
        if run.station.is_none() {
            desk.leave();
        }
        // What was ordered last is done, too.
        self.radio.settle_orders(&desk).await;
        match ended {
            Either::First(never) => match never {},
            Either::Second(ended) => ended,
        }
    }
}

/// The names of all endpoints, the built-in ones first.
#[derive(Debug)]
pub(crate) struct Endpoints<'a>(Vec<&'a str, { Endpoints::MAX }>);

impl<'a> Endpoints<'a> {
    /// As many as Bluetooth has room for.
    const MAX: usize = 16;
    pub(crate) const MAX_APPLICATION: usize = Self::MAX - Endpoint::BUILT_IN.len();

    /// `None` if there are too many.
    fn new(config: &Config<'a>) -> Option<Self> {
        let mut names = Vec::new();
        for endpoint in Endpoint::BUILT_IN.iter().chain(config.provisioning.endpoints) {
            names.push(endpoint.as_str()).ok()?;
        }
        Some(Self(names))
    }

    fn name(&self, index: usize) -> Option<&'a str> {
        self.0.get(index).copied()
    }
}

/// One provisioning under way, without the service: what a service tells lies in its own memory, and is lent until it is
/// answered.
struct Run<'r, 'a, B, S, R, A, C> {
    manager: Manager<'a, SCAN, &'r mut C>,
    endpoints: Endpoints<'a>,
    desk: &'r Desk,
    store: &'r mut S,
    random: &'r mut R,
    station: &'r mut Option<Station>,
    app: &'r mut A,
    response: B,
    service: &'static str,
    /// The request whose answer the manager still owes, and its session.
    later: Option<(RequestId, SessionId)>,
    /// Whether the network that is stored is one to stay on.
    stays_home: bool,
    /// Where the device is while nobody has named another network.
    home: Option<Home>,
    /// A client's network is being tried, or was joined: the manager is told what the Wi-Fi tells.
    tries: bool,
    ended: Option<Ended>,
}

/// What a client is answered.
struct Reply {
    to: RequestId,
    /// Length of the answer in the response buffer; `None` fails the request.
    len: Option<usize>,
}

impl<B: AsMut<[u8]>, S: Store, R: Random, A: App, C: Crypto> Run<'_, '_, B, S, R, A, C> {
    async fn until_ended<V: Service>(
        &mut self,
        service: &mut V,
        control: Option<&Control>,
    ) -> Result<Ended, ProvisionError<V::Error>> {
        self.manager.start(clock::now()).expect("a new manager is idle");
        loop {
            let wake_at = self.drain(service).await?;
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
            // What is rare comes first, so that a flood of requests starves nothing.
            let input = select5(
                order(control),
                clock::reached(wake_at),
                self.desk.report(),
                homewards(self.home.as_ref()),
                service.next(),
            );
            let reply = match input.await {
                Either5::First(order) => self.on_order(order),
                Either5::Second(()) => self.on_time(),
                Either5::Third(report) => self.on_report(report),
                Either5::Fourth(()) => self.go_home(),
                Either5::Fifth(event) => self.on_service(event.map_err(ProvisionError::Service)?).await,
            };
            self.send(reply, service).await;
        }
    }

    /// Does what the manager wants until it wants nothing more; gives the moment at which it wants to be called.
    async fn drain<V: Service>(&mut self, service: &mut V) -> Result<Option<Instant>, ProvisionError<V::Error>> {
        loop {
            match self.manager.poll() {
                Output::Event(event) => self.on_manager_event(event),
                Output::Command(command) => self.obey(command, service).await?,
                Output::ReplyReady => {
                    let reply = self.finish_later();
                    self.send(reply, service).await;
                }
                Output::Work(_) => {
                    // The answer that was just handed over leaves first, so its client works at the same time.
                    Timer::after(LEAVING_TIME).await;
                    self.manager.work(self.random);
                }
                Output::WakeAt(at) => return Ok(at),
                unknown => unreachable!("the manager of this version gives no {unknown:?}"),
            }
        }
    }

    async fn obey<V: Service>(&mut self, command: Command, service: &mut V) -> Result<(), ProvisionError<V::Error>> {
        match command {
            Command::Scan(plan) => self.desk.scan(plan),
            Command::CancelScan => self.desk.cancel_scan(),
            Command::Connect(credentials) => {
                self.tries = true;
                self.home.as_mut().map(Home::rest);
                *self.station = None;
                self.app.on_event(&Event::Joining { ssid: credentials.ssid });
                self.desk.join(&credentials);
            }
            Command::Disconnect => self.leave(),
            Command::Save(credentials) => self.save(credentials).await,
            Command::StartService => {
                let started = service.start(&self.endpoints.0).await;
                started.map_err(ProvisionError::Service)?;
            }
            Command::StopService => service.stop().await,
            unknown => unreachable!("the manager of this version commands no {unknown:?}"),
        }
        Ok(())
    }

    async fn save(&mut self, credentials: Credentials) {
        match self.store.save(&credentials).await {
            Ok(()) => {
                self.app.on_event(&Event::Saved { ssid: credentials.ssid });
                if self.stays_home {
                    self.home = Some(Home::new(credentials));
                }
            }
            Err(error) => self.app.on_event(&Event::SaveFailed(&error)),
        }
    }

    fn on_manager_event(&mut self, event: manager::Event) {
        if event == manager::Event::Ended {
            let joined = self.station.map(|station| Ended::Provisioned(station.ssid));
            self.ended = Some(joined.unwrap_or(Ended::Stopped));
        }
        let joined = match event {
            manager::Event::CredentialsSucceeded(station) => Some(station),
            _ => None,
        };
        self.app.on_event(&Event::Manager(event));
        if let Some(station) = joined {
            self.app.on_event(&Event::Joined(station));
        }
    }

    fn on_order(&mut self, order: Order) -> Option<Reply> {
        let now = clock::now();
        // Refused means that there is nothing to reset, or no time for other credentials: what is stays.
        let _refused = match order {
            Order::Stop => {
                self.manager.stop(now);
                Ok(())
            }
            Order::ResetOnFailure => self.manager.reset_on_failure(now),
            Order::Reprovision => self.manager.reset_for_reprovision(now),
            Order::Configure(credentials) => self.manager.configure_station(credentials, now),
        };
        None
    }

    fn on_time(&mut self) -> Option<Reply> {
        self.manager.handle_timeout(clock::now());
        None
    }

    fn on_report(&mut self, report: Report) -> Option<Reply> {
        let now = clock::now();
        match report {
            Report::Scanned(scanned) => match self.desk.found().filter(|_| scanned.is_ok()) {
                Some(found) => self.manager.handle_wifi(WifiEvent::ScanDone(&found), now),
                None => self.manager.handle_wifi(WifiEvent::ScanFailed, now),
            },
            Report::Network(told) => match self.home.as_mut().filter(|_| !self.tries) {
                Some(home) => *self.station = home.take(told, self.app),
                None => {
                    *self.station = told.ok();
                    let event = told.map_or_else(WifiEvent::Disconnected, WifiEvent::Connected);
                    self.manager.handle_wifi(event, now);
                }
            },
        }
        None
    }

    /// Leaves what was tried, and stays where the device belongs, if it does anywhere.
    fn leave(&mut self) {
        let tried = core::mem::take(&mut self.tries);
        if tried || self.home.is_none() {
            *self.station = None;
            self.desk.leave();
        }
        if self.station.is_none() {
            self.go_home();
        }
    }

    fn go_home(&mut self) -> Option<Reply> {
        if let Some(home) = &mut self.home {
            home.join(self.desk, self.app);
        }
        None
    }

    async fn on_service(&mut self, event: ServiceEvent<'_>) -> Option<Reply> {
        match event {
            ServiceEvent::SessionOpened(id) => {
                self.manager.session_opened(id);
                self.fail_later_of_other_session()
            }
            ServiceEvent::SessionClosed(id) => {
                self.manager.session_closed(id);
                self.fail_later_of_other_session()
            }
            ServiceEvent::Request {
                id,
                session,
                endpoint,
                message,
            } => self.on_request(id, session, endpoint, message).await,
            ServiceEvent::Client(event) => {
                let service = self.service;
                self.app.on_event(&Event::Client { service, event });
                None
            }
        }
    }

    async fn on_request(
        &mut self,
        id: RequestId,
        session: Option<SessionId>,
        endpoint: usize,
        message: &mut [u8],
    ) -> Option<Reply> {
        // The manager knows no endpoint without a name.
        let endpoint = self.endpoints.name(endpoint).unwrap_or_default();
        let answered = match session {
            None => self
                .manager
                .version_text(self.response.as_mut())
                .map(Some)
                .map_err(RequestFailure::from),
            Some(session) => self.answer(session, endpoint, message).await,
        };
        match (answered, session) {
            (Ok(None), Some(session)) => {
                self.later = Some((id, session));
                None
            }
            (Ok(len), _) => Some(Reply { to: id, len }),
            (Err(why), _) => {
                self.app.on_event(&Event::RequestFailed { endpoint, why });
                Some(Reply { to: id, len: None })
            }
        }
    }

    /// Has the manager or the application answer; gives the answer's length in the response buffer, or `None` if it
    /// comes later.
    async fn answer(
        &mut self,
        session: SessionId,
        endpoint: &str,
        message: &mut [u8],
    ) -> Result<Option<usize>, RequestFailure> {
        let response = self.response.as_mut();
        match self
            .manager
            .handle_request(session, endpoint, message, response, clock::now(), self.random)?
        {
            Handled::Reply(len) => Ok(Some(len)),
            Handled::Later => Ok(None),
            Handled::Application { len, .. } => {
                let request = message
                    .get(..len)
                    .expect("the manager gives a length within the message");
                let room = response.len().saturating_sub(device::Device::MAX_OVERHEAD);
                let room = response.get_mut(..room).unwrap_or_default();
                let answered = self.app.on_request(endpoint, request, room).await;
                let len = answered
                    .filter(|len| *len <= room.len())
                    .ok_or(RequestFailure::Application)?;
                Ok(Some(self.manager.finish_application(session, response, len)?))
            }
        }
    }

    fn finish_later(&mut self) -> Option<Reply> {
        let finished = self.manager.finish_later(self.response.as_mut());
        let (to, owed_to) = self.later.take()?;
        let len = finished
            .ok()
            .filter(|(session, _)| *session == owed_to)
            .map(|(_, len)| len);
        Some(Reply { to, len })
    }

    /// A session that is gone is owed nothing any more; its connection must not wait for ever.
    fn fail_later_of_other_session(&mut self) -> Option<Reply> {
        let current = self.manager.session();
        let (to, _) = self.later.take_if(|(_, session)| Some(*session) != current)?;
        Some(Reply { to, len: None })
    }

    async fn send(&mut self, reply: Option<Reply>, service: &mut impl Service) {
        if let Some(Reply { to, len }) = reply {
            let answer = len.and_then(|len| self.response.as_mut().get(..len));
            service.respond(to, answer).await;
        }
    }
}

/// Waits until the way home is to be tried again; for ever if there is no home.
async fn homewards(home: Option<&Home>) {
    match home {
        Some(home) => home.due().await,
        None => core::future::pending().await,
    }
}
