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
        self.ctrl("Reset", CtrlRequest::Reset).await
    }

    /// Has the device leave its network and accept new credentials (`prov-ctrl` Reprov).
    ///
    /// # Errors
    /// [`Error::Status`] if it refuses (it must have been built to stay in service); [`Error::Transport`] with
    /// `NoSuchEndpoint` from devices before ESP-IDF v5.1.
    pub async fn reprovision(&mut self) -> Result<(), Error> {
        self.ctrl("Reprov", CtrlRequest::Reprov).await
    }

    async fn ctrl(&mut self, operation: &'static str, request: CtrlRequest) -> Result<(), Error> {
        let message = encoded(request.encoded_len(), |out| request.encode(out))?;
        let answer = self.request(Endpoint::CTRL.as_str(), &message).await?;
        let status = match CtrlResponse::decode(&answer) {
            Ok(response) if response.answers == request => Some(response.status),
            _ => None,
        };
        success(operation, self.readable(operation, status)?)
    }

    /// Asks `prov-config`; `read` picks the answer that is due.
    pub(crate) async fn config<A>(
        &mut self,
        limit: Option<Duration>,
        operation: &'static str,
        request: ConfigRequest<'_>,
        read: impl FnOnce(ConfigResponse<'_>) -> Option<A>,
    ) -> Result<A, Error> {
        let message = encoded(request.encoded_len(), |out| request.encode(out))?;
        let answer = self.request_within(limit, Endpoint::CONFIG.as_str(), &message).await?;
        self.readable(operation, ConfigResponse::decode(&answer).ok().and_then(read))
    }

    /// Asks `prov-scan`; `read` picks the answer that is due.
    pub(crate) async fn prov_scan<A>(
        &mut self,
        operation: &'static str,
        request: ScanRequest,
        read: impl FnOnce(ScanResponse<'_>) -> Option<A>,
    ) -> Result<A, Error> {
        let message = encoded(request.encoded_len(), |out| request.encode(out))?;
        let answer = self.request(Endpoint::SCAN.as_str(), &message).await?;
        self.readable(operation, ScanResponse::decode(&answer).ok().and_then(read))
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
    if status == Status::Success {
        Ok(())
    } else {
        Err(Error::Status { operation, status })
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
