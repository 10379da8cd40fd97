use core::time::Duration;

use landfall_device::World;
use landfall_manager::{
    AccessPoint, AttemptLimit, AutoStop, Command, Config, Credentials, DisconnectReason, Event, Handled, Manager,
    Output, State, Station, WifiEvent,
};
use landfall_protocomm::{Endpoint, Instant, SessionId};

use crate::{
    Scheme, Seeded, networks,
    sessions::{Admission, Caller, Sessions},
};

/// How a device is built.
#[derive(Debug, Clone)]
pub struct Build {
    /// Its security.
    pub scheme: Scheme,
    /// What its store holds from an earlier provisioning.
    pub previous: Option<Credentials>,
    /// How often it tries to join.
    pub attempts: AttemptLimit,
    /// The radio world around it.
    pub world: World,
}

impl Build {
    /// A new device with `scheme` among the pair's [`networks`], configured as Espressif's example is.
    pub fn new(scheme: Scheme) -> Self {
        Self {
            scheme,
            previous: None,
            attempts: AttemptLimit::default(),
            world: networks::world(),
        }
    }
}

/// A whole device in virtual time: the manager, a radio, a store, and the rules of an HTTP server.
///
/// It is lazy: what happened since it was last touched happens, each at its own moment, when it is touched again. So
/// every call takes the present.
#[derive(Debug)]
pub struct VirtualDevice {
    build: Build,
    random: Seeded,
    now: Instant,
    power: Power,
    manager: Manager<'static>,
    sessions: Sessions,
    wake_at: Option<Instant>,
    scanning: Option<Scanning>,
    joining: Option<Joining>,
    station: Option<Station>,
    service: bool,
    later: Option<(SessionId, Vec<u8>)>,
    stored: Option<Credentials>,
    history: History,
}

/// What a device has done, for the checks.
#[derive(Debug, Default)]
pub struct History {
    /// Every event, in order.
    pub events: Vec<Event>,
    /// Credentials that an access point accepted, in order.
    pub joined: Vec<Credentials>,
    /// Credentials that an access point refused or that no one answered, with the reason.
    pub refused: Vec<(Credentials, DisconnectReason)>,
    /// Every output and every refusal as `Debug` and `Display` print them.
    pub log: Vec<String>,
    /// How often the power was cut.
    pub reboots: u32,
}

/// What a device does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It answers.
    Reply {
        /// Body.
        bytes: Vec<u8>,
        /// The cookie that comes with it, if the request opened a session.
        cookie: Option<SessionId>,
    },
    /// It answers once it is ready: [`VirtualDevice::wait_later`].
    Later(SessionId),
    /// It closes the connection without an answer.
    Refused,
    /// It has no such endpoint.
    UnknownEndpoint,
    /// It is at work with another client.
    Busy,
    /// Its service is not there.
    Absent,
}

#[derive(Debug)]
enum Power {
    On,
    OffUntil(Instant),
}

#[derive(Debug)]
struct Scanning {
    ends_at: Instant,
    found: Vec<AccessPoint>,
}

#[derive(Debug)]
struct Joining {
    credentials: Credentials,
    ends_at: Instant,
    result: Result<Station, DisconnectReason>,
}

/// The application's endpoint; it answers what it was sent.
const ECHO: Endpoint<'static> = Endpoint::CUSTOM_DATA;

impl VirtualDevice {
    /// A device that has just been switched on and provisions, whatever its store holds.
    pub fn new(build: Build, mut random: Seeded) -> Self {
        let mut device = Self {
            manager: manager(&build),
            sessions: Sessions::new(random.fork()),
            stored: build.previous.clone(),
            build,
            random,
            now: Instant::ZERO,
            power: Power::On,
            wake_at: None,
            scanning: None,
            joining: None,
            station: None,
            service: false,
            later: None,
            history: History::default(),
        };
        device.provision();
        device
    }

    /// Where the provisioning stands.
    pub fn state(&self) -> State {
        self.manager.state()
    }

    /// What the store holds.
    pub fn stored(&self) -> Option<&Credentials> {
        self.stored.as_ref()
    }

    /// The network it is on.
    pub fn station(&self) -> Option<&Station> {
        self.station.as_ref()
    }

    /// What it has done.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The radio world around it, to change it.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.build.world
    }

    /// Lets everything happen that is due by `now`.
    pub fn run_until(&mut self, now: Instant) {
        while let Some(moment) = self.next_moment().filter(|&moment| moment <= now) {
            self.happen(moment);
        }
        self.now = self.now.max(now);
    }

    /// When it next does something by itself.
    pub fn next_moment(&self) -> Option<Instant> {
        if let Power::OffUntil(moment) = self.power {
            return Some(moment);
        }
        let joined_at = self.joining.as_ref().map(|joining| joining.ends_at);
        let scanned_at = self.scanning.as_ref().map(|scanning| scanning.ends_at);
        let moments = [self.wake_at, scanned_at, joined_at].into_iter().flatten();
        moments.min().map(|moment| moment.max(self.now))
    }

    /// Its owner presses the button: provisioning starts unless it is running.
    pub fn press_button(&mut self, now: Instant) {
        self.run_until(now);
        if self.is_on() && self.state() == State::Idle {
            self.provision();
        }
    }

    /// The power goes and comes back `off` later: memory is lost, the store is kept.
    ///
    /// With something in the store the device then joins it and waits for the button; otherwise it provisions.
    pub fn cut_power(&mut self, now: Instant, off: Duration) {
        self.run_until(now);
        self.power = Power::OffUntil(now + off);
        self.manager = manager(&self.build);
        self.sessions = Sessions::new(self.random.fork());
        (self.wake_at, self.scanning, self.joining, self.station) = (None, None, None, None);
        (self.service, self.later) = (false, None);
        self.history.reboots += 1;
    }

    /// Takes a request for `endpoint` from `caller`.
    pub fn request(&mut self, now: Instant, caller: Caller, endpoint: &str, bytes: &[u8]) -> Answer {
        self.run_until(now);
        if !self.service {
            return Answer::Absent;
        }
        if bytes.is_empty() {
            // Spec transports.md 2.2: a request has a body.
            return Answer::Refused;
        }
        let known = Endpoint::BUILT_IN
            .iter()
            .chain([&ECHO])
            .any(|name| name.as_str() == endpoint);
        if !known {
            return Answer::UnknownEndpoint;
        }
        if endpoint == Endpoint::VERSION.as_str() {
            return self.tell_version();
        }
        let (session, cookie) = match self.sessions.admit(caller, now) {
            Admission::Busy => return Answer::Busy,
            Admission::Same(session) => (session, None),
            Admission::New(session) => {
                self.manager.session_opened(session);
                self.drain();
                (session, Some(session))
            }
        };
        let answer = self.handle(session, cookie, endpoint, bytes);
        self.drain();
        answer
    }

    /// The answer that was to come later, and when it came; `None` if it did not come by `deadline`.
    pub fn wait_later(&mut self, session: SessionId, deadline: Instant) -> Option<(Instant, Vec<u8>)> {
        loop {
            if let Some((_, bytes)) = self.later.take_if(|(id, _)| *id == session) {
                return Some((self.now, bytes));
            }
            let moment = self.next_moment().filter(|&moment| moment <= deadline)?;
            self.run_until(moment);
        }
    }

    /// A connection is gone.
    pub fn connection_closed(&mut self, now: Instant, connection: u32) {
        self.run_until(now);
        self.sessions.closed(connection);
    }

    /// Whether there is a service to connect to.
    pub fn is_serving(&mut self, now: Instant) -> bool {
        self.run_until(now);
        self.service
    }

    fn is_on(&self) -> bool {
        matches!(self.power, Power::On)
    }

    fn provision(&mut self) {
        self.manager.start(self.now).expect("provisioning starts from idle");
        self.drain();
    }

    fn tell_version(&mut self) -> Answer {
        let mut response = [0; RESPONSE];
        match self.manager.version_text(&mut response) {
            Ok(len) => reply(&response[..len], None),
            Err(error) => self.refuse(error),
        }
    }

    fn handle(&mut self, session: SessionId, cookie: Option<SessionId>, endpoint: &str, bytes: &[u8]) -> Answer {
        let mut message = bytes.to_vec();
        let mut response = [0; RESPONSE];
        let handled = self.manager.handle_request(
            session,
            endpoint,
            &mut message,
            &mut response,
            self.now,
            &mut self.random,
        );
        match handled {
            Ok(Handled::Reply(len)) => reply(&response[..len], cookie),
            Ok(Handled::Later) => Answer::Later(session),
            Ok(Handled::Application { len, .. }) => {
                response[..len].copy_from_slice(&message[..len]);
                match self.manager.finish_application(session, &mut response, len) {
                    Ok(len) => reply(&response[..len], cookie),
                    Err(error) => self.refuse(error),
                }
            }
            Err(error) => self.refuse(error),
        }
    }

    fn refuse(&mut self, error: landfall_manager::RequestError) -> Answer {
        self.history.log.push(format!("{error:?} {error}"));
        Answer::Refused
    }

    /// Does what is due at `moment`.
    fn happen(&mut self, moment: Instant) {
        self.now = self.now.max(moment);
        if let Power::OffUntil(_) = self.power {
            self.power = Power::On;
            if self.stored.is_none() {
                self.provision();
            }
            return;
        }
        if let Some(joining) = self.joining.take_if(|joining| joining.ends_at <= moment) {
            self.joining_ended(joining);
        } else if let Some(scanning) = self.scanning.take_if(|scanning| scanning.ends_at <= moment) {
            self.manager.handle_wifi(WifiEvent::ScanDone(&scanning.found), self.now);
        } else {
            self.wake_at = None;
            self.manager.handle_timeout(self.now);
        }
        self.drain();
    }

    fn joining_ended(&mut self, joining: Joining) {
        match joining.result {
            Ok(station) => {
                self.station = Some(station);
                self.history.joined.push(joining.credentials);
                self.manager.handle_wifi(WifiEvent::Connected(station), self.now);
            }
            Err(reason) => {
                self.history.refused.push((joining.credentials, reason));
                self.manager.handle_wifi(WifiEvent::Disconnected(reason), self.now);
            }
        }
    }

    /// Carries out all the manager wants, until it only wants to be woken.
    fn drain(&mut self) {
        for _ in 0..MOST_OUTPUTS {
            let output = self.manager.poll();
            if let Output::WakeAt(moment) = output {
                assert!(
                    moment.is_none_or(|moment| moment > self.now),
                    "the manager wants to be woken in the past"
                );
                self.wake_at = moment;
                return;
            }
            self.history.log.push(format!("{output:?} {output:x?}"));
            self.carry_out(output);
        }
        panic!("the manager's outputs do not end: {:?}", self.history.log.last());
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Event(event) => self.history.events.push(event),
            Output::Command(command) => self.obey(command),
            Output::ReplyReady => {
                let mut response = [0; RESPONSE];
                // Its session may be gone, and then nobody waits.
                if let Ok((session, len)) = self.manager.finish_later(&mut response) {
                    self.later = Some((session, response[..len].to_vec()));
                }
            }
            // Skipping work is allowed; a request then does it.
            Output::Work(_) if self.random.chance(100) => {}
            Output::Work(_) => self.manager.work(&mut self.random),
            _ => panic!("an output that the testkit does not know: {output:?}"),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Scan(plan) => {
                let (duration, found) = self.build.world.scan(plan);
                let ends_at = self.now + duration;
                self.scanning = Some(Scanning { ends_at, found });
            }
            Command::CancelScan => self.scanning = None,
            Command::Connect(credentials) => {
                let (duration, result) = self.build.world.join(&credentials, &mut self.random);
                self.station = None;
                self.joining = Some(Joining {
                    credentials,
                    ends_at: self.now + duration,
                    result,
                });
            }
            Command::Disconnect => (self.joining, self.station) = (None, None),
            Command::Save(credentials) => self.stored = Some(credentials),
            Command::StartService => self.service = true,
            Command::StopService => self.service = false,
            _ => panic!("a command that the testkit does not know: {command:?}"),
        }
    }
}

const RESPONSE: usize = Manager::<16>::RESPONSE_LEN;

/// One input has far fewer outputs.
const MOST_OUTPUTS: usize = 100;

fn manager(build: &Build) -> Manager<'static> {
    let config = Config {
        attempts: build.attempts,
        auto_stop: AutoStop::default(),
        endpoints: &[ECHO],
        ..Config::default()
    };
    Manager::new(build.scheme.device(), config).expect("the configuration does not contradict itself")
}

fn reply(bytes: &[u8], cookie: Option<SessionId>) -> Answer {
    Answer::Reply {
        bytes: bytes.to_vec(),
        cookie,
    }
}
