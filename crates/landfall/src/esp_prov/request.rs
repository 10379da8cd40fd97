//! Typed requests to the endpoints of provisioning.

use landfall_client::{
    Error,
    protocomm::{
        Endpoint,
        wire::{
            ConfigRequest, ConfigResponse, CtrlRequest, CtrlResponse, EncodeError, ScanRequest, ScanResponse,
            ScanResponseBody, Status,
        },
    },
};
use zeroize::Zeroizing;

use super::{flow::Run, watched::Shown};

impl Run<'_> {
    /// Asks `prov-config`; `read` picks the answer that is due.
    pub(super) async fn config<A>(
        &mut self,
        request: ConfigRequest<'_>,
        read: impl FnOnce(ConfigResponse<'_>) -> Option<A>,
    ) -> Result<A, Error> {
        self.show_config(&request);
        let message = encoded(request.encoded_len(), |out| request.encode(out))?;
        let answer = self.device.request(Endpoint::CONFIG.as_str(), &message).await?;
        let response = ConfigResponse::decode(&answer).ok();
        response.and_then(read).ok_or(Error::BadAnswer {
            operation: "the configuration",
        })
    }

    /// Has `--verbose` show the request to `prov-config` that is sent next, unless it shows a secret.
    pub(super) fn show_config(&mut self, request: &ConfigRequest<'_>) {
        let name = match request {
            ConfigRequest::GetStatus | ConfigRequest::GetThreadStatus => "Encrypted CmdGetStatus",
            ConfigRequest::ApplyConfig | ConfigRequest::ApplyThreadConfig => "ApplyConfig cmd",
            // Security 0 would show the passphrase or the network key.
            _ if self.device.session_scheme().is_some_and(|(scheme, _)| scheme == 0) => return,
            _ => "SetConfig cmd",
        };
        self.device.transport_mut().show_next(Shown::Plain(name));
    }

    /// Asks `prov-scan` and gives the answer as it came.
    pub(super) async fn scan(&mut self, request: ScanRequest) -> Result<Vec<u8>, Error> {
        let name = match request {
            ScanRequest::Start(_) | ScanRequest::ThreadStart { .. } => "Encrypted CmdScanStart",
            ScanRequest::Status | ScanRequest::ThreadStatus => "Encrypted CmdScanStatus",
            ScanRequest::Result { .. } | ScanRequest::ThreadResult { .. } => "Encrypted CmdScanResult",
        };
        self.device.transport_mut().show_next(Shown::Green(name));
        let message = encoded(request.encoded_len(), |out| request.encode(out))?;
        self.device.request(Endpoint::SCAN.as_str(), &message).await
    }

    /// Sends a command to `prov-ctrl`.
    pub(super) async fn control(&mut self, request: CtrlRequest) -> Result<(), Error> {
        // The original has one name for both commands.
        let shown = Shown::Green("Encrypted CmdCtrlReset");
        self.device.transport_mut().show_next(shown);
        let message = encoded(request.encoded_len(), |out| request.encode(out))?;
        let answer = self.device.request(Endpoint::CTRL.as_str(), &message).await?;
        match CtrlResponse::decode(&answer) {
            Ok(response) if response.answers == request => success("the command", response.status),
            _ => Err(Error::BadAnswer {
                operation: "the command",
            }),
        }
    }
}

/// Picks what is due from an answer of `prov-scan`.
pub(super) fn scan_answer<A>(answer: &[u8], read: impl FnOnce(ScanResponseBody<'_>) -> Option<A>) -> Result<A, Error> {
    let operation = "the scan";
    let response = ScanResponse::decode(answer).map_err(|_| Error::BadAnswer { operation })?;
    success(operation, response.status)?;
    read(response.body).ok_or(Error::BadAnswer { operation })
}

/// Makes any status but success an error.
pub(super) fn success(operation: &'static str, status: Status) -> Result<(), Error> {
    if status == Status::Success {
        Ok(())
    } else {
        Err(Error::Status { operation, status })
    }
}

/// A message of `len` bytes, wiped when dropped: it may hold a network key.
fn encoded(
    len: usize,
    encode: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut message = Zeroizing::new(vec![0; len]);
    encode(&mut message).map_err(|_| Error::InvalidInput("the request is too long"))?;
    Ok(message)
}
