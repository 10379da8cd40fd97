use core::future;

use landfall_protocomm as protocomm;
use tokio::time::{Instant, sleep_until};

/// The core's clock: tokio's, from the moment it was made. So a test can pause it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(self) -> protocomm::Instant {
        protocomm::Instant::new(self.start.elapsed())
    }

    /// Waits for a moment; for ever if there is none, or none that the clock can reach.
    pub(crate) async fn wait_for(self, moment: Option<protocomm::Instant>) {
        reached(moment.and_then(|moment| self.start.checked_add(moment.since_start()))).await;
    }
}

/// Waits for a moment; for ever without one.
pub(crate) async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => future::pending().await,
    }
}

/// Fills `bytes` from the operating system's random source.
///
/// # Panics
/// If it has no randomness to give: nothing of a security scheme could be trusted then.
pub(crate) fn os_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}
