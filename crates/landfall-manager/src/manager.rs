use core::{fmt, mem};

use landfall_protocomm::{
    Crypto, Instant, Random, SessionId, Software, device,
    wire::{self, Status},
};

use crate::{
    Command, Config, Credentials, Event, InvalidConfig, Output, State, WifiEvent,
    config::Rules,
    phase::{Input, Outcome, Phase, Why},
    scan::{Progress, Scanner},
    version,
};

mod endpoints;
mod outputs;

use outputs::Outputs;

/// The provisioning manager of one device. `SCAN` is the number of scan results kept (16 by default, 1..=255); `C` is
/// what the device computes with.
pub struct Manager<'a, const SCAN: usize = 16, C = Software> {
    device: device::Device<'a, C>,
    config: Config<'a>,
    rules: Rules,
    phase: Phase,
    scanner: Scanner<SCAN>,
    /// What SetConfig left for ApplyConfig. It belongs to the session: nobody applies another client's passphrase.
    offered: Option<Credentials>,
    later: Option<Later>,
    offered_work: Option<device::Work>,
    outputs: Outputs,
}

/// A blocking ScanStart that is answered when the scan is over.
struct Later {
    session: SessionId,
    /// What to answer, once it is known.
    status: Option<Status>,
}

/// What became of a request.
#[derive(Debug)]
pub enum Handled {
    /// The answer stands in the first so many bytes of the response buffer.
    Reply(usize),
    /// It is the application's: the decrypted request is `message[..len]`. Write the plain answer into the response
    /// buffer and call [`Manager::finish_application`], or drop it to fail the request.
    Application {
        /// Index into [`Config::endpoints`].
        endpoint: usize,
        /// Length of the decrypted request, bytes.
        len: usize,
    },
    /// The answer comes later, when [`Output::ReplyReady`] says so (a blocking scan).
    Later,
}

/// Why a request failed. The transport fails it without a body (spec protocol.md 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Provisioning is not running.
    #[error("provisioning is not running")]
    NotRunning,
    /// No such endpoint.
    #[error("no such endpoint")]
    UnknownEndpoint,
    /// An earlier request is still being answered.
    #[error("an earlier request is still being answered")]
    Busy,
    /// The session layer refused it.
    #[error(transparent)]
    Session(#[from] device::Error),
    /// The decrypted request is not one of this endpoint's.
    #[error("bad request: {0}")]
    Decode(#[from] wire::DecodeError),
    /// The request asks for scan results that cannot exist (spec protocol.md 8.2).
    #[error("scan results out of range")]
    ScanRange,
    /// The caller's response buffer is too small.
    #[error("the response buffer is too small")]
    BufferTooSmall,
    /// No answer is ready to be finished.
    #[error("no answer is ready")]
    NotReady,
}

/// A command that the present state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not possible in state {state:?}")]
pub struct Refused {
    /// The state.
    pub state: State,
}

impl<'a, const SCAN: usize> Manager<'a, SCAN> {
    /// A response buffer of this size holds any answer of the built-in endpoints over HTTP (with `SCAN` up to 64, and
    /// as far as [`Config::app_info`] leaves `proto-ver` that small).
    pub const RESPONSE_LEN: usize = 4096;

    /// A manager at rest, in state [`State::Idle`].
    ///
    /// # Errors
    /// [`InvalidConfig`].
    pub fn new(security: device::Security<'a>, config: Config<'a>) -> Result<Self, InvalidConfig> {
        Self::with_crypto(security, config, Software)
    }
}

impl<'a, const SCAN: usize, C: Crypto> Manager<'a, SCAN, C> {
    /// A manager at rest, in state [`State::Idle`], on a chip that does the heavy work in hardware.
    ///
    /// # Errors
    /// [`InvalidConfig`].
    pub fn with_crypto(security: device::Security<'a>, config: Config<'a>, crypto: C) -> Result<Self, InvalidConfig> {
        const { assert!(1 <= SCAN && SCAN <= 255, "a scan keeps 1 to 255 results") };
        config.check()?;
        Ok(Self {
            device: device::Device::with_crypto(security, crypto),
            config,
            rules: config.rules(),
            phase: Phase::Idle,
            scanner: Scanner::new(),
            offered: None,
            later: None,
            offered_work: None,
            outputs: Outputs::default(),
        })
    }

    /// Where the provisioning stands.
    pub fn state(&self) -> State {
        self.phase.state()
    }

    /// The open session.
    pub fn session(&self) -> Option<SessionId> {
        self.device.session()
    }

    /// Whether the open session's handshake is done.
    pub fn is_session_established(&self) -> bool {
        self.device.is_established()
    }

    /// The text that `proto-ver` answers; gives its length.
    ///
    /// # Errors
    /// [`RequestError::BufferTooSmall`].
    pub fn version_text(&self, response: &mut [u8]) -> Result<usize, RequestError> {
        version::write(&self.config, self.device.security(), response).ok_or(RequestError::BufferTooSmall)
    }

    /// The credentials that are about to be used, between `CredentialsReceived` and the connection a second later:
    /// the application may change them (`SET_STA_CONFIG`).
    pub fn credentials_mut(&mut self) -> Option<&mut Credentials> {
        self.phase.unused_credentials_mut()
    }

    /// Starts provisioning: the service comes up, the station waits for credentials.
    ///
    /// # Errors
    /// Unless idle.
    pub fn start(&mut self, now: Instant) -> Result<(), Refused> {
        self.turn(Input::Start, now)
    }

    /// Stops provisioning after the cleanup delay. Nothing happens if it is not running.
    pub fn stop(&mut self, now: Instant) {
        self.observe(Input::Stop, now);
    }

    /// Takes credentials from another source than a client (`configure_sta`).
    ///
    /// # Errors
    /// Unless waiting for credentials (also after a failure).
    pub fn configure_station(&mut self, credentials: Credentials, now: Instant) -> Result<(), Refused> {
        self.turn(Input::Credentials(credentials), now)
    }

    /// Back to waiting for credentials after a failure (`reset_sm_state_on_failure`).
    ///
    /// # Errors
    /// Unless failed, or already waiting.
    pub fn reset_on_failure(&mut self, now: Instant) -> Result<(), Refused> {
        self.turn(Input::Reset, now)
    }

    /// Leaves the network and waits for new credentials (`reset_sm_state_for_reprovision`).
    ///
    /// # Errors
    /// If stopping by itself is not disabled, or not running.
    pub fn reset_for_reprovision(&mut self, now: Instant) -> Result<(), Refused> {
        self.turn(Input::Reprovision, now)
    }

    /// A transport opened session `id`. Another open session is closed and its keys wiped. Ignored unless running.
    ///
    /// With the former session go the credentials it left and the answer it waited for; opening the open session
    /// changes nothing.
    pub fn session_opened(&mut self, id: SessionId) {
        if self.state() == State::Idle || self.device.session() == Some(id) {
            return;
        }
        self.forget_client();
        self.device.open_session(id);
    }

    /// A transport closed session `id`; ignored if it is not the open one. A scan it started goes on.
    pub fn session_closed(&mut self, id: SessionId) {
        if self.device.close_session(id).is_ok() {
            self.forget_client();
        }
    }

    /// Takes what the Wi-Fi side reports.
    pub fn handle_wifi(&mut self, event: WifiEvent<'_>, now: Instant) {
        match event {
            WifiEvent::ScanDone(networks) => {
                let progress = self.scanner.done(networks, now);
                self.scan_progressed(progress);
            }
            WifiEvent::ScanFailed => {
                let progress = self.scanner.failed();
                self.scan_progressed(progress);
            }
            WifiEvent::Connected(station) => self.observe(Input::Joined(station), now),
            WifiEvent::Disconnected(reason) => self.observe(Input::Lost(reason), now),
        }
    }

    /// Takes that time has passed. Calling it early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.observe(Input::Elapsed, now);
        let progress = self.scanner.elapsed(now);
        self.scan_progressed(progress);
    }

    /// Does the heavy work that [`Output::Work`] offered. Skipping it is safe: a request then does it and is slower.
    pub fn work(&mut self, random: &mut dyn Random) {
        let work = self.device.pending_work();
        self.device.work(random);
        // What could not be done is not offered again and again.
        self.offered_work = self.device.pending_work().filter(|left| work == Some(*left));
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Output {
        if let Some(output) = self.outputs.pop() {
            return output;
        }
        if let Some(event) = self.device.poll_event() {
            return Output::Event(Event::Security(event));
        }
        if let Some(work) = self.new_work() {
            return Output::Work(work);
        }
        let deadlines = [self.phase.deadline(), self.scanner.deadline()];
        Output::WakeAt(deadlines.into_iter().flatten().min())
    }

    /// Takes an input that no state refuses: what the world did can be ignored but not denied.
    fn observe(&mut self, input: Input, now: Instant) {
        let outcome = self.turn(input, now);
        debug_assert!(outcome.is_ok(), "only commands are refused");
    }

    /// The one door through which the state changes.
    fn turn(&mut self, input: Input, now: Instant) -> Result<(), Refused> {
        let state = self.state();
        match self.phase.next(input, now, &self.rules) {
            Outcome::Refused => return Err(Refused { state }),
            Outcome::Ignored => {}
            Outcome::Entered(why) => {
                self.end_scan_unless_accepting();
                self.announce(state, why);
            }
        }
        Ok(())
    }

    /// Tells the world what came of leaving state `old`.
    fn announce(&mut self, old: State, why: Why) {
        match why {
            Why::Start => {
                // From now on the station waits for the network a client will name.
                self.outputs.command(Command::Disconnect);
                self.outputs.command(Command::StartService);
                self.outputs.event(Event::Started);
            }
            Why::CredentialsTaken => {
                let ssid = self
                    .phase
                    .credentials()
                    .map(|credentials| credentials.ssid)
                    .unwrap_or_default();
                self.outputs.event(Event::CredentialsReceived { ssid });
            }
            Why::ConnectDue => self.connect(),
            Why::AttemptFailed { reason, left } => {
                if let Some(remaining) = left {
                    self.outputs.event(Event::AttemptFailed { reason, remaining });
                }
                self.connect();
            }
            Why::GivenUp(reason) => {
                self.outputs.command(Command::Disconnect);
                self.outputs.event(Event::CredentialsFailed { reason });
            }
            Why::Joined { station, save } => {
                if save && let Some(credentials) = self.phase.credentials() {
                    self.outputs.command(Command::Save(credentials.clone()));
                }
                self.outputs.event(Event::CredentialsSucceeded(station));
            }
            Why::Reset => {}
            Why::Reprovision => {
                self.outputs.command(Command::Disconnect);
                self.outputs.event(Event::Started);
            }
            Why::Stop => {
                self.scanner.clear();
                if old == State::Connecting {
                    // Nobody will hear how it ends, and what is joined unheard is not saved.
                    self.outputs.command(Command::Disconnect);
                }
            }
            Why::End => {
                self.end_session();
                self.outputs.command(Command::StopService);
                self.outputs.event(Event::Ended);
            }
        }
    }

    fn connect(&mut self) {
        if let Some(credentials) = self.phase.credentials() {
            self.outputs.command(Command::Connect(credentials.clone()));
        }
    }

    /// Scans and joining do not go together: a scan that still runs when credentials are applied is ended, where the
    /// original leaves it unfinished for ever (spec protocol.md 8.2). Who waits for it gets what was heard so far.
    fn end_scan_unless_accepting(&mut self) {
        if self.is_accepting() || !self.scanner.cancel() {
            return;
        }
        self.outputs.command(Command::CancelScan);
        self.scan_ended(match self.state() {
            State::Stopping => Status::InternalError,
            _ => Status::Success,
        });
    }

    /// Whether credentials, and so scans for a network to choose, are welcome.
    fn is_accepting(&self) -> bool {
        matches!(self.state(), State::Started | State::Failed)
    }

    fn scan_progressed(&mut self, progress: Progress) {
        match progress {
            Progress::Idle => {}
            Progress::Scan(plan) => self.outputs.command(Command::Scan(plan)),
            Progress::Finished => self.scan_ended(Status::Success),
            Progress::Failed => self.scan_ended(Status::InternalError),
            Progress::TimedOut => {
                self.outputs.command(Command::CancelScan);
                self.scan_ended(Status::InternalError);
            }
        }
    }

    fn scan_ended(&mut self, status: Status) {
        if let Some(later) = &mut self.later {
            later.status = Some(status);
            self.outputs.set_reply_ready(true);
        }
    }

    fn end_session(&mut self) {
        if let Some(id) = self.device.session() {
            let closed = self.device.close_session(id);
            debug_assert!(closed.is_ok(), "it is the open session");
        }
        self.forget_client();
    }

    fn forget_client(&mut self) {
        self.offered = None;
        self.later = None;
        self.outputs.set_reply_ready(false);
    }

    /// Work that has not been offered since it came up, so that a caller who skips it is not offered it for ever.
    fn new_work(&mut self) -> Option<device::Work> {
        let pending = self.device.pending_work().filter(|_| self.state() != State::Idle);
        let before = mem::replace(&mut self.offered_work, pending);
        pending.filter(|_| before != pending)
    }
}

impl<const SCAN: usize, C: Crypto> fmt::Debug for Manager<'_, SCAN, C> {
    /// State and session only: all else is, or may hold, somebody's secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("state", &self.state())
            .field("session", &self.session())
            .finish_non_exhaustive()
    }
}
