//! Typed requests to the manager's own endpoints.

use alloc::{vec, vec::Vec};
use core::time::Duration;

use landfall_protocomm::{
    Endpoint,
    wire::{ConfigRequest, ConfigResponse, CtrlRequest, CtrlResponse, EncodeError, ScanRequest, ScanResponse, Status},
};
use zeroize::Zeroizing;

use crate::{Connection, Environment, Error, Transport};

impl<T: Transport, E: Environment> Connection<T, E> {
    /// Has the device accept new credentials after a failure (`prov-ctrl` Reset).
    ///
    /// # Errors
    /// [`Error::Status`] if it refuses; [`Error::Transport`] with `NoSuchEndpoint` from devices before ESP-IDF v5.1.
    pub async fn reset(&mut self) -> Result<(), Error> {
        self.control(CtrlRequest::Reset).await
    }

    /// Has the device leave its network and accept new credentials (`prov-ctrl` Reprov).
    ///
    /// # Errors
    /// [`Error::Status`] if it refuses (it must have been built to stay in service); [`Error::Transport`] with
    /// `NoSuchEndpoint` from devices before ESP-IDF v5.1.
    pub async fn reprovision(&mut self) -> Result<(), Error> {
        self.control(CtrlRequest::Reprov).await
    }

    /// Sends any command to `prov-ctrl`.
    ///
    /// # Errors
    /// [`Error::Status`] if the device refuses, [`Error::BadAnswer`], and those of [`Connection::request`].
    pub async fn control(&mut self, request: CtrlRequest) -> Result<(), Error> {
        let operation = control_name(request);
        let message = encoded(request.encoded_len(), |out| request.encode(out))?;
        let answer = self.request(Endpoint::CTRL.as_str(), &message).await?;
        let status = match CtrlResponse::decode(&answer) {
            Ok(response) if response.answers == request => Some(response.status),
            _ => None,
        };
        success(operation, self.readable(operation, status)?)
    }

    /// Sends any request to `prov-config`; `read` picks the answer that is due, and gives `None` for any other.
    ///
    /// # Errors
    /// [`Error::BadAnswer`] if it is not the one that is due: the session was in doubt then and is dropped. Those of
    /// [`Connection::request`].
    pub async fn config<A>(
        &mut self,
        request: ConfigRequest<'_>,
        read: impl FnOnce(ConfigResponse<'_>) -> Option<A>,
    ) -> Result<A, Error> {
        self.config_within(None, request, read).await
    }

    /// [`Connection::config`] with a wait of its own besides the transport's.
    pub(crate) async fn config_within<A>(
        &mut self,
        limit: Option<Duration>,
        request: ConfigRequest<'_>,
        read: impl FnOnce(ConfigResponse<'_>) -> Option<A>,
    ) -> Result<A, Error> {
        let message = encoded(request.encoded_len(), |out| request.encode(out))?;
        let answer = self.request_within(limit, Endpoint::CONFIG.as_str(), &message).await?;
        self.readable(
            config_name(&request),
            ConfigResponse::decode(&answer).ok().and_then(read),
        )
    }

    /// Sends any request to `prov-scan`; `read` picks the answer that is due, and gives `None` for any other.
    ///
    /// # Errors
    /// As for [`Connection::config`].
    pub async fn prov_scan<A>(
        &mut self,
        request: ScanRequest,
        read: impl FnOnce(ScanResponse<'_>) -> Option<A>,
    ) -> Result<A, Error> {
        let message = encoded(request.encoded_len(), |out| request.encode(out))?;
        let answer = self.request(Endpoint::SCAN.as_str(), &message).await?;
        self.readable(scan_name(&request), ScanResponse::decode(&answer).ok().and_then(read))
    }

    /// Security 1 does not authenticate its messages: an answer that cannot be read may mean that both ends stand at
    /// different places of the key stream. So it puts the session in doubt as a missing one does.
    fn readable<A>(&mut self, operation: &'static str, answer: Option<A>) -> Result<A, Error> {
        if answer.is_none() {
            self.session = None;
        }
        answer.ok_or(Error::BadAnswer { operation })
    }
}

/// Makes any status but success an error.
pub(crate) fn success(operation: &'static str, status: Status) -> Result<(), Error> {
    match Error::of_status(operation, status) {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

/// What errors call a request to `prov-ctrl`.
const fn control_name(request: CtrlRequest) -> &'static str {
    match request {
        CtrlRequest::Reset => "Reset",
        CtrlRequest::Reprov => "Reprov",
        CtrlRequest::ThreadReset => "ThreadReset",
        CtrlRequest::ThreadReprov => "ThreadReprov",
    }
}

/// What errors call a request to `prov-config`.
const fn config_name(request: &ConfigRequest<'_>) -> &'static str {
    match request {
        ConfigRequest::GetStatus => "GetStatus",
        ConfigRequest::SetConfig(_) => "SetConfig",
        ConfigRequest::ApplyConfig => "ApplyConfig",
        ConfigRequest::GetThreadStatus => "GetThreadStatus",
        ConfigRequest::SetThreadConfig { .. } => "SetThreadConfig",
        ConfigRequest::ApplyThreadConfig => "ApplyThreadConfig",
    }
}

/// What errors call a request to `prov-scan`.
const fn scan_name(request: &ScanRequest) -> &'static str {
    match request {
        ScanRequest::Start(_) => "ScanStart",
        ScanRequest::Status => "ScanStatus",
        ScanRequest::Result { .. } => "ScanResult",
        ScanRequest::ThreadStart { .. } => "ThreadScanStart",
        ScanRequest::ThreadStatus => "ThreadScanStatus",
        ScanRequest::ThreadResult { .. } => "ThreadScanResult",
    }
}

/// A message of `len` bytes, wiped when dropped: it may hold a passphrase.
fn encoded(
    len: usize,
    encode: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut message = Zeroizing::new(vec![0; len]);
    encode(&mut message).map_err(|_| Error::InvalidInput("the request is too long"))?;
    Ok(message)
}
