use heapless::Vec;
use landfall_manager::{AccessPoint, Credentials, DisconnectReason, ScanPlan, Station};

/// What one scan found, the strongest first if there were more.
pub type Networks = Vec<AccessPoint, 32>;

/// A scan that could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the scan could not be made")]
pub struct ScanFailed;

/// A chip's Wi-Fi station: one thing at a time.
///
/// A future may be dropped before it is done, because something else is wanted; [`Drive::leave`] follows before the next
/// thing, if it was a join. How long a join may take, and when it is tried again, is not decided here.
#[expect(
    async_fn_in_trait,
    reason = "firmware runs on one executor; nothing here has to be Send"
)]
pub trait Drive {
    /// Scans, also beside a connection.
    ///
    /// # Errors
    /// [`ScanFailed`].
    async fn scan(&mut self, plan: &ScanPlan, found: &mut Networks) -> Result<(), ScanFailed>;

    /// Joins a network, and waits until there is an IPv4 address.
    ///
    /// # Errors
    /// Why not, in the protocol's words.
    async fn join(&mut self, credentials: &Credentials) -> Result<Station, DisconnectReason>;

    /// Leaves the network, or gives up joining it. Nothing happens if there is none.
    async fn leave(&mut self);

    /// Waits until the network that was joined is lost, address and all; no time at all if it is lost already.
    async fn lost(&mut self) -> DisconnectReason;
}

impl<D: Drive> Drive for &mut D {
    async fn scan(&mut self, plan: &ScanPlan, found: &mut Networks) -> Result<(), ScanFailed> {
        (**self).scan(plan, found).await
    }

    async fn join(&mut self, credentials: &Credentials) -> Result<Station, DisconnectReason> {
        (**self).join(credentials).await
    }

    async fn leave(&mut self) {
        (**self).leave().await;
    }

    async fn lost(&mut self) -> DisconnectReason {
        (**self).lost().await
    }
}
