#[cfg(feature = "http")]
use alloc::{format, string::ToString};
use alloc::{string::String, vec::Vec};
use core::time::Duration;

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

    /// Shortest time between two questions for the state of a device that is joining; zero where asking costs nothing.
    fn status_interval(&self) -> Duration {
        Duration::ZERO
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
    /// The request is too long for this way to the device. It has not seen the whole of it. Bytes, or characters of a
    /// line.
    #[error("the request is longer than the device takes, which is {0} characters at most")]
    TooLong(usize),
    /// The request is empty, which cannot be sent this way.
    #[error("an empty request cannot be sent over Bluetooth, as devices ignore it")]
    EmptyRequest,
    /// The device wants the connection to be encrypted, and that could not be done.
    #[error("the device wants an encrypted connection, and none could be made")]
    EncryptionNeeded,
    /// Bluetooth cannot be used on this computer, or not as it is now.
    #[error("Bluetooth cannot be used: {0}")]
    Radio(#[from] RadioProblem),
    /// An answer that is none of this transport's.
    #[error("unexpected answer: {0}")]
    Protocol(String),
    /// An HTTP status that says nothing of the request. What it stands for is told where HTTP is compiled in.
    #[error("unexpected answer: HTTP status {}", http_status(*.0))]
    HttpStatus(u16),
}

#[cfg(feature = "http")]
fn http_status(status: u16) -> String {
    crate::http::reason(status).map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}

#[cfg(not(feature = "http"))]
fn http_status(status: u16) -> u16 {
    status
}

/// Why Bluetooth cannot be used on this computer. No device is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RadioProblem {
    /// The operating system's Bluetooth service is not running.
    #[error("its service is not running")]
    NoService,
    /// This user or program may not use it.
    #[error("this user or program is not allowed to")]
    NotPermitted,
    /// There is no adapter.
    #[error("there is no adapter")]
    NoAdapter,
    /// There are adapters, but not the one that was asked for.
    #[error("there is no adapter {wanted}")]
    NoSuchAdapter {
        /// Its name or address, as asked for.
        wanted: String,
        /// The names of those that are there.
        known: Vec<String>,
    },
    /// The adapter is switched off.
    #[error("the adapter is switched off")]
    Off,
    /// The adapter is switched off for all programs: airplane mode, `rfkill`, or a switch of the computer's.
    #[error("it is blocked by airplane mode, rfkill or a switch")]
    Blocked,
    /// The controller of one's own cannot be used.
    #[error("{why}")]
    Controller {
        /// Whether it can be reached but does not answer.
        is_silent: bool,
        /// Which one it is, and what is wrong with it.
        why: String,
    },
    /// Anything else that the Bluetooth service says.
    #[error("{0}")]
    Failed(String),
}
