use alloc::{string::String, vec::Vec};

/// Carries requests to a device.
///
/// An implementer sends each request once and never again by itself, bounds every wait, and keeps what it needs to
/// find the same session after [`Transport::reconnect`] (over HTTP: the cookie). A call may be cancelled by dropping
/// its future; the next call then starts from a clean state, reconnecting if need be.
#[expect(
    async_fn_in_trait,
    reason = "flows are driven on one thread and need no Send bound; a transport may have one"
)]
pub trait Transport {
    /// Sends `request` to `endpoint` and gives the answer.
    ///
    /// # Errors
    /// [`TransportError`]; whether the device saw the request is then unknown unless the error says otherwise.
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError>;

    /// Makes a new connection to the same device, keeping what identifies the session.
    ///
    /// # Errors
    /// [`TransportError::Unreachable`] and the like.
    async fn reconnect(&mut self) -> Result<(), TransportError>;

    /// Channels the device should leave out at a time during a scan: 0 for none; over an access point 5, so that the
    /// device's own beacons go out in between (spec protocol.md 8.2).
    fn scan_group_channels(&self) -> u32 {
        0
    }

    /// Scan entries to ask for at once; 4 keeps answers below 256 bytes.
    fn scan_page(&self) -> u32 {
        4
    }
}

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The device cannot be reached at all.
    #[error("the device cannot be reached: {0}")]
    Unreachable(String),
    /// The device ended the exchange without an answer: so it refuses requests (spec protocol.md 9).
    #[error("the device refused the request without an answer")]
    Refused,
    /// The connection broke.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// No answer in time.
    #[error("no answer within {0} s")]
    TimedOut(u64),
    /// The device has no such endpoint.
    #[error("the device has no endpoint of this name")]
    NoSuchEndpoint,
    /// The device is busy with another client.
    #[error("the device is busy with another client")]
    Busy,
    /// The request is too long for this way to the device. It has not seen the whole of it.
    #[error("the request is longer than the device takes: its lines have at most {0} characters")]
    TooLong(usize),
    /// An answer that is none of this transport's.
    #[error("unexpected answer: {0}")]
    Protocol(String),
}
