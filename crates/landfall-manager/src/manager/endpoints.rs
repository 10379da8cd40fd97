use landfall_protocomm::{
    Crypto, Endpoint, Instant, Random, SessionId, device,
    wire::{
        ConfigRequest, ConfigResponse, Connected, CtrlRequest, CtrlResponse, EncodeError, Entries, ScanEntry,
        ScanRequest, ScanResponse, ScanResponseBody, ScanStart, SetConfig, StationDetail, StationState, StationStatus,
        Status, ThreadStatus, WifiFailReason,
    },
};
use zeroize::Zeroize;

use super::{Handled, Later, Manager, RequestError};
use crate::{
    AccessPoint, Credentials, FailReason, State,
    phase::{Input, Report},
    text::Text,
};

/// The class of an endpoint (spec protocol.md 1).
#[derive(Clone, Copy)]
enum Route {
    Version,
    Session,
    Request(Handler),
}

/// Who answers what has been decrypted.
#[derive(Clone, Copy)]
enum Handler {
    Config,
    Scan,
    Ctrl,
    Application(usize),
}

impl<const SCAN: usize, C: Crypto> Manager<'_, SCAN, C> {
    /// Takes a request for `endpoint`, decrypting `message` in place; the answer goes into `response`
    /// (give [`Manager::RESPONSE_LEN`] bytes).
    ///
    /// An unknown endpoint or session and a busy one are refused before anything is decrypted, so the session's cipher
    /// stays where it was (spec protocol.md 1). Plain text with a passphrase is wiped from `message` afterwards.
    ///
    /// # Errors
    /// The transport then fails the request without a body.
    pub fn handle_request(
        &mut self,
        session: SessionId,
        endpoint: &str,
        message: &mut [u8],
        response: &mut [u8],
        now: Instant,
        random: &mut dyn Random,
    ) -> Result<Handled, RequestError> {
        if self.state() == State::Idle {
            return Err(RequestError::NotRunning);
        }
        let busy = self.later.as_ref().is_some_and(|later| later.session == session);
        match self.route(endpoint).ok_or(RequestError::UnknownEndpoint)? {
            Route::Version => self.version_text(response).map(Handled::Reply),
            Route::Session | Route::Request(_) if busy => Err(RequestError::Busy),
            Route::Session => {
                self.offered_work = None;
                Ok(Handled::Reply(
                    self.device.handshake(session, message, response, now, random)?,
                ))
            }
            Route::Request(handler) => self.handle_encrypted(session, handler, message, response, now),
        }
    }

    /// Encrypts the application's answer, `response[..len]`, in place; gives the length to send.
    ///
    /// # Errors
    /// If the session is gone, or the buffer has no room for the tag.
    pub fn finish_application(
        &mut self,
        session: SessionId,
        response: &mut [u8],
        len: usize,
    ) -> Result<usize, RequestError> {
        if self.state() == State::Idle {
            return Err(RequestError::NotRunning);
        }
        self.seal(session, response, len)
    }

    /// Writes the answer of the request that was [`Handled::Later`]; gives its session and length.
    ///
    /// # Errors
    /// If none is ready, its session is gone, or the buffer is too small: then the answer waits for a larger one.
    pub fn finish_later(&mut self, response: &mut [u8]) -> Result<(SessionId, usize), RequestError> {
        let Some(Later {
            session,
            status: Some(status),
        }) = self.later
        else {
            return Err(RequestError::NotReady);
        };
        let body = ScanResponseBody::Start;
        let len = ScanResponse { status, body }.encode(response)?;
        let sealed = self.seal(session, response, len);
        if sealed != Err(RequestError::BufferTooSmall) {
            self.later = None;
            self.outputs.set_reply_ready(false);
        }
        Ok((session, sealed?))
    }

    fn handle_encrypted(
        &mut self,
        session: SessionId,
        handler: Handler,
        message: &mut [u8],
        response: &mut [u8],
        now: Instant,
    ) -> Result<Handled, RequestError> {
        let plain = self.device.decrypt(session, message)?;
        match handler {
            Handler::Config => {
                let handled = self.handle_config(session, plain, response, now);
                plain.zeroize();
                handled
            }
            Handler::Scan => self.handle_scan(session, plain, response, now),
            Handler::Ctrl => self.handle_ctrl(session, plain, response, now),
            Handler::Application(endpoint) => Ok(Handled::Application {
                endpoint,
                len: plain.len(),
            }),
        }
    }
}

/// `prov-config` (spec protocol.md 8.1).
impl<const SCAN: usize, C: Crypto> Manager<'_, SCAN, C> {
    fn handle_config(
        &mut self,
        session: SessionId,
        plain: &[u8],
        response: &mut [u8],
        now: Instant,
    ) -> Result<Handled, RequestError> {
        let request = ConfigRequest::decode(plain)?;
        let answer = match request {
            ConfigRequest::GetStatus => return self.tell_status(session, response, now),
            ConfigRequest::SetConfig(config) => ConfigResponse::SetConfig(self.offer(&config)),
            ConfigRequest::ApplyConfig => ConfigResponse::ApplyConfig(self.apply(now)),
            // The normal answers of a device that is not built for Thread (spec protocol.md 3.6).
            ConfigRequest::GetThreadStatus => ConfigResponse::GetThreadStatus(ThreadStatus {
                status: Status::InvalidArgument,
                ..ThreadStatus::default()
            }),
            ConfigRequest::SetThreadConfig { .. } => ConfigResponse::SetThreadConfig(Status::InvalidArgument),
            ConfigRequest::ApplyThreadConfig => ConfigResponse::ApplyThreadConfig(Status::InvalidArgument),
        };
        let len = answer.encode(response)?;
        self.reply(session, response, len)
    }

    /// A client that has been told of success needs nothing more; only an answer that was really written counts.
    fn tell_status(&mut self, session: SessionId, response: &mut [u8], now: Instant) -> Result<Handled, RequestError> {
        let len = encode_report(&self.phase.report(), response)?;
        let handled = self.reply(session, response, len)?;
        self.observe(Input::StatusTold, now);
        Ok(handled)
    }

    fn offer(&mut self, config: &SetConfig<'_>) -> Status {
        match Credentials::try_from(config) {
            Ok(credentials) => {
                self.offered = Some(credentials);
                Status::Success
            }
            Err(_) => Status::InvalidArgument,
        }
    }

    /// Uses up what was offered, whatever comes of it.
    fn apply(&mut self, now: Instant) -> Status {
        match self
            .offered
            .take()
            .map(|credentials| self.configure_station(credentials, now))
        {
            Some(Ok(())) => Status::Success,
            Some(Err(_)) | None => Status::InternalError,
        }
    }
}

/// `prov-scan` (spec protocol.md 8.2).
impl<const SCAN: usize, C: Crypto> Manager<'_, SCAN, C> {
    fn handle_scan(
        &mut self,
        session: SessionId,
        plain: &[u8],
        response: &mut [u8],
        now: Instant,
    ) -> Result<Handled, RequestError> {
        let (status, body) = match ScanRequest::decode(plain)? {
            ScanRequest::Start(start) => return self.start_scan(session, &start, response, now),
            ScanRequest::Result { start_index, count } => {
                return self.tell_networks(session, start_index, count, response);
            }
            ScanRequest::Status => (
                Status::Success,
                ScanResponseBody::Status {
                    scan_finished: !self.scanner.is_running(),
                    result_count: self.scanner.networks().len() as u32,
                },
            ),
            // Spec protocol.md 3.6: there is no Thread here, and of its results not even an empty list.
            ScanRequest::ThreadStart { .. } => (Status::InvalidArgument, ScanResponseBody::ThreadStart),
            ScanRequest::ThreadStatus => (
                Status::InvalidArgument,
                ScanResponseBody::ThreadStatus {
                    scan_finished: false,
                    result_count: 0,
                },
            ),
            ScanRequest::ThreadResult { .. } => return Err(RequestError::ScanRange),
        };
        let len = ScanResponse { status, body }.encode(response)?;
        self.reply(session, response, len)
    }

    /// Where credentials are not welcome a scan would never complete in the original, so it is refused at once. While
    /// one runs, the answer is Success at once even if a blocking one was asked for, as in the original.
    fn start_scan(
        &mut self,
        session: SessionId,
        start: &ScanStart,
        response: &mut [u8],
        now: Instant,
    ) -> Result<Handled, RequestError> {
        let status = if self.is_accepting() {
            Status::Success
        } else {
            Status::InternalError
        };
        if status == Status::Success && !self.scanner.is_running() {
            let progress = self.scanner.start(start, now);
            self.scan_progressed(progress);
            if start.blocking {
                self.later = Some(Later { session, status: None });
                return Ok(Handled::Later);
            }
        }
        let len = ScanResponse {
            status,
            body: ScanResponseBody::Start,
        }
        .encode(response)?;
        self.reply(session, response, len)
    }

    fn tell_networks(
        &mut self,
        session: SessionId,
        start_index: u32,
        count: u32,
        response: &mut [u8],
    ) -> Result<Handled, RequestError> {
        let (start, count) = (start_index as usize, count as usize);
        if start >= SCAN || count > SCAN - start {
            return Err(RequestError::ScanRange);
        }
        let mut entries = [ScanEntry::default(); SCAN];
        let wanted = self.scanner.networks().iter().skip(start).take(count);
        let told = entries
            .iter_mut()
            .zip(wanted)
            .map(|(entry, network)| *entry = network.into())
            .count();
        let status = if told == count {
            Status::Success
        } else {
            Status::InternalError
        };
        let body = ScanResponseBody::Result(Entries::List(entries.get(..told).unwrap_or_default()));
        let len = ScanResponse { status, body }.encode(response)?;
        self.reply(session, response, len)
    }
}

/// `prov-ctrl` (spec protocol.md 8.3).
impl<const SCAN: usize, C: Crypto> Manager<'_, SCAN, C> {
    fn handle_ctrl(
        &mut self,
        session: SessionId,
        plain: &[u8],
        response: &mut [u8],
        now: Instant,
    ) -> Result<Handled, RequestError> {
        let request = CtrlRequest::decode(plain)?;
        let outcome = match request {
            CtrlRequest::Reset => self.reset_on_failure(now).map_err(|_| Status::InternalError),
            CtrlRequest::Reprov => self.reset_for_reprovision(now).map_err(|_| Status::InternalError),
            CtrlRequest::ThreadReset | CtrlRequest::ThreadReprov => Err(Status::InvalidArgument),
        };
        let status = outcome.err().unwrap_or_default();
        let len = CtrlResponse {
            status,
            answers: request,
        }
        .encode(response)?;
        self.reply(session, response, len)
    }
}

impl<const SCAN: usize, C: Crypto> Manager<'_, SCAN, C> {
    fn route(&self, endpoint: &str) -> Option<Route> {
        let built_in = [
            (Endpoint::VERSION, Route::Version),
            (Endpoint::SESSION, Route::Session),
            (Endpoint::CONFIG, Route::Request(Handler::Config)),
            (Endpoint::SCAN, Route::Request(Handler::Scan)),
            (Endpoint::CTRL, Route::Request(Handler::Ctrl)),
        ];
        if let Some((_, route)) = built_in.iter().find(|(name, _)| name.as_str() == endpoint) {
            return Some(*route);
        }
        let index = self
            .config
            .endpoints
            .iter()
            .position(|name| name.as_str() == endpoint)?;
        Some(Route::Request(Handler::Application(index)))
    }

    fn reply(&mut self, session: SessionId, response: &mut [u8], len: usize) -> Result<Handled, RequestError> {
        self.seal(session, response, len).map(Handled::Reply)
    }

    fn seal(&mut self, session: SessionId, response: &mut [u8], len: usize) -> Result<usize, RequestError> {
        self.device
            .encrypt(session, response, len)
            .map_err(|error| match error {
                device::Error::BufferTooSmall { .. } => RequestError::BufferTooSmall,
                error => RequestError::Session(error),
            })
    }
}

impl From<EncodeError> for RequestError {
    fn from(_: EncodeError) -> Self {
        Self::BufferTooSmall
    }
}

impl<'n> From<&'n AccessPoint> for ScanEntry<'n> {
    fn from(network: &'n AccessPoint) -> Self {
        Self {
            ssid: network.ssid.as_bytes(),
            channel: network.channel.into(),
            rssi: network.rssi.into(),
            bssid: &network.bssid.0,
            auth: network.auth,
        }
    }
}

/// Writes a GetStatus answer.
fn encode_report(report: &Report, response: &mut [u8]) -> Result<usize, RequestError> {
    let mut buffer = [0; "255.255.255.255".len()];
    let mut ip4_addr = Text::new(&mut buffer);
    let (state, detail) = match report {
        Report::Connecting => (StationState::Connecting, None),
        Report::AttemptFailed { left } => {
            let attempts_remaining = (*left).into();
            (
                StationState::Connecting,
                Some(StationDetail::AttemptFailed { attempts_remaining }),
            )
        }
        Report::Failed(reason) => {
            let reason = match reason {
                FailReason::AuthError => WifiFailReason::AuthError,
                FailReason::NetworkNotFound => WifiFailReason::NetworkNotFound,
            };
            (StationState::ConnectionFailed, Some(StationDetail::FailReason(reason)))
        }
        Report::Connected(station) => {
            for (index, byte) in station.ip.octets().into_iter().enumerate() {
                ip4_addr.push(if index == 0 { b"" } else { b"." });
                ip4_addr.push_decimal(byte);
            }
            let connected = Connected {
                ip4_addr: ip4_addr.as_bytes().ok_or(RequestError::BufferTooSmall)?,
                auth_mode: station.auth,
                ssid: station.ssid.as_bytes(),
                // All six bytes; the original stops at the first zero (spec protocol.md 8.1).
                bssid: &station.bssid.0,
                channel: station.channel.into(),
            };
            (StationState::Connected, Some(StationDetail::Connected(connected)))
        }
    };
    let status = StationStatus {
        status: Status::Success,
        state,
        detail,
    };
    Ok(ConfigResponse::GetStatus(status).encode(response)?)
}
