//! Typed requests to the endpoints of provisioning.

use landfall_client::{
    Error,
    protocomm::wire::{
        ConfigRequest, ConfigResponse, CtrlRequest, ScanRequest, ScanResponse, ScanResponseBody, Status,
    },
};

use super::{flow::Run, watched::Shown};

impl Run<'_> {
    /// Asks `prov-config`; `read` picks the answer that is due.
    pub(super) async fn config<A>(
        &mut self,
        request: ConfigRequest<'_>,
        read: impl FnOnce(ConfigResponse<'_>) -> Option<A>,
    ) -> Result<A, Error> {
        self.show_config(&request);
        self.device.config(request, read).await
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

    /// Asks `prov-scan`; `read` picks what is due from the answer.
    pub(super) async fn scan<A>(
        &mut self,
        request: ScanRequest,
        read: impl FnOnce(ScanResponseBody<'_>) -> Option<A>,
    ) -> Result<A, Error> {
        let name = match request {
            ScanRequest::Start(_) | ScanRequest::ThreadStart { .. } => "Encrypted CmdScanStart",
            ScanRequest::Status | ScanRequest::ThreadStatus => "Encrypted CmdScanStatus",
            ScanRequest::Result { .. } | ScanRequest::ThreadResult { .. } => "Encrypted CmdScanResult",
        };
        self.device.transport_mut().show_next(Shown::Green(name));
        let read = |ScanResponse { status, body }: ScanResponse<'_>| match success("the scan", status) {
            Ok(()) => read(body).map(Ok),
            Err(refused) => Some(Err(refused)),
        };
        self.device.prov_scan(request, read).await?
    }

    /// Sends a command to `prov-ctrl`.
    pub(super) async fn control(&mut self, request: CtrlRequest) -> Result<(), Error> {
        // The original has one name for both commands.
        let shown = Shown::Green("Encrypted CmdCtrlReset");
        self.device.transport_mut().show_next(shown);
        self.device.control(request).await
    }
}

/// Makes any status but success an error.
pub(super) fn success(operation: &'static str, status: Status) -> Result<(), Error> {
    Error::of_status(operation, status).map_or(Ok(()), Err)
}
