use landfall_manager::{self as manager, Command, Handled, Manager, Output, RequestError, Station};
use landfall_protocomm::{self as protocomm, SessionId};
use tokio::{sync::mpsc, task::yield_now};
use zeroize::Zeroizing;

use crate::{
    BuildError, Device, Ended, Event, OwnedWifiEvent, RequestId, RunError, Service, ServiceEvent, Store, Wifi,
    builder::Handler,
    clock::{Clock, os_random},
    device::Order,
    home::Home,
};

impl<W: Wifi> Device<W> {
    /// Runs one provisioning over `service` until it ends; `events` sees everything as it happens.
    ///
    /// Afterwards the station is on its network if the result is [`Ended::Provisioned`]. Dropping the future ends the
    /// service at once, and what was not stored is not.
    ///
    /// # Errors
    /// [`RunError`], when the service or the random source fails at the start.
    pub async fn provision(&mut self, service: impl Service, events: impl FnMut(&Event)) -> Result<Ended, RunError> {
        check_random()?;
        let Self {
            plan,
            handlers,
            wifi,
            store,
            station,
            orders,
            ..
        } = self;
        let table = plan.security.table().map_err(BuildError::from)?;
        let endpoints = plan.endpoints()?;
        let capabilities = plan.capabilities();
        let app_info = plan.app_info(&capabilities);
        // Credentials that cannot be read are nowhere to stay.
        let home = plan.stays_home.then(|| store.load().ok().flatten()).flatten();
        let mut run = Run {
            manager: plan.manager(table.as_deref(), &endpoints, &app_info)?,
            endpoint_names: plan.endpoint_names(),
            handlers,
            wifi,
            store: store.as_mut(),
            station,
            service,
            events,
            clock: Clock::start(),
            response: vec![0; Manager::<'_, 16>::RESPONSE_LEN].into_boxed_slice(),
            later: None,
            home: home.map(Home::new),
            stays_home: plan.stays_home,
            tries: false,
            ended: None,
        };
        run.until_ended(orders).await
    }
}

/// One provisioning under way.
struct Run<'r, W, S, E> {
    manager: Box<Manager<'r>>,
    endpoint_names: Vec<&'r str>,
    handlers: &'r mut [Handler],
    wifi: &'r mut W,
    store: &'r mut (dyn Store + Send),
    station: &'r mut Option<Station>,
    service: S,
    events: E,
    clock: Clock,
    response: Box<[u8]>,
    /// The request whose answer the manager still owes, and its session.
    later: Option<(RequestId, SessionId)>,
    /// Where the device is while nobody has named another network.
    home: Option<Home>,
    /// Whether it makes itself at home where it was brought to.
    stays_home: bool,
    /// A client's network is being tried, or was joined: the manager is told what the Wi-Fi tells.
    tries: bool,
    ended: Option<Ended>,
}

/// What the manager is told.
enum Input {
    Order(Order),
    Timeout,
    Wifi(OwnedWifiEvent),
    Service(ServiceEvent),
    /// The way home is to be tried again.
    Home,
}

impl<W: Wifi, S: Service, E: FnMut(&Event)> Run<'_, W, S, E> {
    async fn until_ended(&mut self, orders: &mut mpsc::UnboundedReceiver<Order>) -> Result<Ended, RunError> {
        let now = self.clock.now();
        self.manager.start(now).expect("a new manager is idle");
        loop {
            let wake_at = self.drain().await?;
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
            // What is rare comes first, so that a flood of requests starves nothing.
            let input = tokio::select! {
                biased;
                Some(order) = orders.recv() => Input::Order(order),
                () = self.clock.wait_for(wake_at) => Input::Timeout,
                event = self.wifi.next() => Input::Wifi(event),
                () = homewards(self.home.as_ref()) => Input::Home,
                event = self.service.next() => Input::Service(event),
            };
            self.handle(input);
        }
    }

    /// Does what the manager wants until it wants nothing more; gives the moment at which it wants to be called.
    async fn drain(&mut self) -> Result<Option<protocomm::Instant>, RunError> {
        loop {
            match self.manager.poll() {
                Output::Event(event) => self.on_manager_event(event),
                Output::Command(command) => self.obey(command).await?,
                Output::ReplyReady => self.finish_later(),
                Output::Work(_) => {
                    // The answer that was just handed over leaves first, so its client works at the same time.
                    yield_now().await;
                    self.manager.work(&mut os_random);
                }
                Output::WakeAt(at) => return Ok(at),
                unknown => unreachable!("the manager of this version gives no {unknown:?}"),
            }
        }
    }

    fn handle(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Order(Order::Stop) => self.manager.stop(now),
            // Refused means that there is nothing to reset: what was ordered is so already.
            Input::Order(Order::ResetOnFailure) => drop(self.manager.reset_on_failure(now)),
            Input::Order(Order::Reprovision) => drop(self.manager.reset_for_reprovision(now)),
            Input::Timeout => self.manager.handle_timeout(now),
            Input::Wifi(event) => self.on_wifi(event, now),
            Input::Home => self.go_home(),
            Input::Service(event) => self.on_service_event(event, now),
        }
    }

    fn on_wifi(&mut self, event: OwnedWifiEvent, now: protocomm::Instant) {
        let concerns_home = !matches!(event, OwnedWifiEvent::ScanDone(_) | OwnedWifiEvent::ScanFailed);
        if let Some(home) = self.home.as_mut().filter(|_| concerns_home && !self.tries) {
            *self.station = home.take(event, *self.station, &mut self.events);
            return;
        }
        match &event {
            OwnedWifiEvent::Connected(station) => *self.station = Some(*station),
            OwnedWifiEvent::Disconnected(_) => *self.station = None,
            OwnedWifiEvent::Trouble(why) => self.tell(Event::WifiTrouble(why.clone())),
            OwnedWifiEvent::ScanDone(_) | OwnedWifiEvent::ScanFailed => {}
        }
        if let Some(event) = event.borrow() {
            self.manager.handle_wifi(event, now);
        }
    }

    /// Leaves what was tried, and stays where the device belongs, if it does anywhere.
    fn leave(&mut self) {
        let tried = core::mem::take(&mut self.tries);
        if tried || self.home.is_none() {
            *self.station = None;
            self.wifi.disconnect();
        }
        if self.station.is_none() {
            self.go_home();
        }
    }

    fn go_home(&mut self) {
        if let Some(home) = &mut self.home {
            home.join(self.wifi, &mut self.events);
        }
    }

    fn on_service_event(&mut self, event: ServiceEvent, now: protocomm::Instant) {
        match event {
            ServiceEvent::SessionOpened(id) => {
                self.manager.session_opened(id);
                self.fail_later_of_other_session();
            }
            ServiceEvent::SessionClosed(id) => {
                self.manager.session_closed(id);
                self.fail_later_of_other_session();
            }
            ServiceEvent::Request {
                id,
                session,
                endpoint,
                message,
            } => {
                self.on_request(id, session, &endpoint, message, now);
            }
            ServiceEvent::Client(event) => self.tell(Event::Client(event)),
        }
    }

    fn on_request(
        &mut self,
        id: RequestId,
        session: Option<SessionId>,
        endpoint: &str,
        message: Zeroizing<Vec<u8>>,
        now: protocomm::Instant,
    ) {
        let answered = match session {
            None => self
                .manager
                .version_text(&mut self.response)
                .map(Some)
                .map_err(Failure::from),
            Some(session) => self.answer(session, endpoint, message, now),
        };
        match (answered, session) {
            (Ok(Some(len)), _) => self.service.respond(id, self.response.get(..len)),
            (Ok(None), Some(session)) => self.later = Some((id, session)),
            (Ok(None), None) => self.service.respond(id, None),
            (Err(failure), _) => {
                self.service.respond(id, None);
                self.tell(Event::RequestFailed {
                    endpoint: endpoint.to_owned(),
                    error: failure.to_string(),
                });
            }
        }
    }

    /// Has the manager or the application answer; gives the answer's length in the response buffer, or `None` if it
    /// comes later.
    fn answer(
        &mut self,
        session: SessionId,
        endpoint: &str,
        mut message: Zeroizing<Vec<u8>>,
        now: protocomm::Instant,
    ) -> Result<Option<usize>, Failure> {
        match self
            .manager
            .handle_request(session, endpoint, &mut message, &mut self.response, now, &mut os_random)?
        {
            Handled::Reply(len) => Ok(Some(len)),
            Handled::Later => Ok(None),
            Handled::Application { endpoint, len } => {
                let handler = self
                    .handlers
                    .get_mut(endpoint)
                    .expect("each endpoint came with its handler");
                let request = message
                    .get(..len)
                    .expect("the manager gives a length within the message");
                let answer = Zeroizing::new(handler(request).ok_or(Failure::Application)?);
                self.response
                    .get_mut(..answer.len())
                    .ok_or(Failure::AnswerTooLong)?
                    .copy_from_slice(&answer);
                Ok(Some(self.manager.finish_application(
                    session,
                    &mut self.response,
                    answer.len(),
                )?))
            }
        }
    }

    fn finish_later(&mut self) {
        let finished = self.manager.finish_later(&mut self.response);
        let Some((id, owed_to)) = self.later.take() else { return };
        match finished {
            Ok((session, len)) if session == owed_to => self.service.respond(id, self.response.get(..len)),
            Ok(_) | Err(_) => self.service.respond(id, None),
        }
    }

    /// A session that is gone is owed nothing any more; its connection must not wait for ever.
    fn fail_later_of_other_session(&mut self) {
        let current = self.manager.session();
        if let Some((id, _)) = self.later.take_if(|(_, session)| Some(*session) != current) {
            self.service.respond(id, None);
        }
    }

    async fn obey(&mut self, command: Command) -> Result<(), RunError> {
        match command {
            Command::Scan(plan) => self.wifi.scan(plan),
            Command::CancelScan => self.wifi.cancel_scan(),
            Command::Connect(credentials) => {
                self.tries = true;
                self.home.as_mut().map(Home::rest);
                *self.station = None;
                self.tell(Event::Joining { ssid: credentials.ssid });
                self.wifi.connect(&credentials);
            }
            Command::Disconnect => self.leave(),
            Command::Save(credentials) => match self.store.save(&credentials) {
                Ok(()) => {
                    self.tell(Event::Saved { ssid: credentials.ssid });
                    self.wifi.keep(&credentials);
                    if self.stays_home {
                        self.home = Some(Home::new(credentials));
                    }
                }
                Err(error) => self.tell(Event::SaveFailed(with_causes(&error))),
            },
            Command::StartService => {
                self.service
                    .start(&self.endpoint_names)
                    .await
                    .map_err(RunError::Service)?;
            }
            Command::StopService => self.service.stop().await,
            unknown => unreachable!("the manager of this version commands no {unknown:?}"),
        }
        Ok(())
    }

    fn on_manager_event(&mut self, event: manager::Event) {
        if event == manager::Event::Ended {
            self.ended = Some(
                self.station
                    .map_or(Ended::Stopped, |station| Ended::Provisioned(station.ssid)),
            );
        }
        self.tell(Event::Manager(event));
    }

    fn tell(&mut self, event: Event) {
        (self.events)(&event);
    }
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Refused(#[from] RequestError),
    #[error("the application refused the request")]
    Application,
    #[error("the application's answer is too long")]
    AnswerTooLong,
}

/// Waits until the way home is to be tried again; for ever if there is no home.
async fn homewards(home: Option<&Home>) {
    match home {
        Some(home) => home.due().await,
        None => core::future::pending().await,
    }
}

fn check_random() -> Result<(), RunError> {
    getrandom::fill(&mut [0; 1]).map_err(RunError::Random)
}

/// The whole of an error in one line.
fn with_causes(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
