//! Requests that the user carries to the device, and answers that they paste: the two console modes of the original.

mod ble;
mod hex;
mod serial;

use core::future;

use landfall_client::{Transport, TransportError};
use tokio::sync::oneshot;

use super::Raised;

pub(super) use ble::BleUser;
pub(super) use serial::ConsoleUser;

/// A transport whose bytes the user carries.
///
/// An answer that never comes (the input has ended) is no failure of the device: there is nobody to go on with. So it
/// ends the run, and the exchange never returns.
pub(super) struct ByHand {
    user: Box<dyn User>,
    /// Takes the reason to end the run.
    surrender: Option<oneshot::Sender<Raised>>,
}

impl ByHand {
    /// Has `user` carry the bytes.
    pub(super) fn new(user: impl User + 'static, surrender: oneshot::Sender<Raised>) -> Self {
        Self {
            user: Box::new(user),
            surrender: Some(surrender),
        }
    }
}

/// Somebody with a tool that reaches the device.
pub(super) trait User {
    /// Shows a request and asks for the answer; an empty one means that there was none.
    fn carry(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, Trouble>;

    /// Scan entries to ask for at once.
    fn scan_page(&self) -> u32;
}

/// Why there is no answer.
pub(super) enum Trouble {
    /// The user has none to give.
    Raised(Raised),
    /// The device has none to give.
    Device(TransportError),
}

impl From<Raised> for Trouble {
    fn from(raised: Raised) -> Self {
        Self::Raised(raised)
    }
}

impl Transport for ByHand {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        match self.user.carry(endpoint, request) {
            Ok(answer) if answer.is_empty() => Err(TransportError::Refused),
            Ok(answer) => Ok(answer),
            Err(Trouble::Device(error)) => Err(error),
            Err(Trouble::Raised(raised)) => {
                if let Some(surrender) = self.surrender.take() {
                    // Whoever does not listen is at its end already.
                    let _ = surrender.send(raised);
                }
                future::pending().await
            }
        }
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        Ok(())
    }

    fn scan_page(&self) -> u32 {
        self.user.scan_page()
    }
}
