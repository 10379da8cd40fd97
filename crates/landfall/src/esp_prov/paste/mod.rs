//! Requests that the user carries to the device, and answers that they paste: the two console modes of the original.

mod ble;
mod hex;
mod serial;

use core::future;

use landfall_client::{Transport, TransportError};
use tokio::sync::oneshot;

use super::{Args, Raised};

use ble::BleUser;
use serial::ConsoleUser;

/// A transport whose bytes the user carries.
///
/// An answer that never comes (the input has ended) is no failure of the device: there is nobody to go on with. So it
/// ends the run, and the exchange never returns.
pub(super) struct ByHand {
    user: User,
    /// Takes the reason to end the run.
    surrender: Option<oneshot::Sender<Raised>>,
}

impl ByHand {
    /// Has a user with a terminal program carry the bytes; `surrender` takes the reason where they have no more answers.
    pub(super) fn over_console(surrender: oneshot::Sender<Raised>) -> Self {
        Self::new(User::Console(ConsoleUser::default()), surrender)
    }

    /// Has a user with a Bluetooth tool connect, and then carry the bytes.
    pub(super) async fn over_bluetooth(args: &Args, surrender: oneshot::Sender<Raised>) -> Result<Self, Raised> {
        let user = BleUser::connect(args).await?;
        Ok(Self::new(User::Bluetooth(user), surrender))
    }

    fn new(user: User, surrender: oneshot::Sender<Raised>) -> Self {
        Self {
            user,
            surrender: Some(surrender),
        }
    }
}

/// Somebody with a tool that reaches the device.
enum User {
    Console(ConsoleUser),
    Bluetooth(BleUser),
}

impl User {
    /// Shows a request and asks for the answer; an empty one means that there was none.
    async fn carry(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, Trouble> {
        match self {
            Self::Console(user) => user.carry(endpoint, request).await,
            Self::Bluetooth(user) => user.carry(endpoint, request).await,
        }
    }
}

/// Why there is no answer.
enum Trouble {
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
        match self.user.carry(endpoint, request).await {
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

    /// Over Bluetooth the values of older devices have room for four (spec esp_prov.md 2, step 9).
    fn scan_page(&self) -> u32 {
        match self.user {
            User::Console(_) => 100,
            User::Bluetooth(_) => 4,
        }
    }
}
