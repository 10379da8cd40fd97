//! What the service manager is told.

use core::{cell::Cell, convert::Infallible, future};

use sd_notify::NotifyState;

/// A service manager, if there is one.
#[derive(Default)]
pub(super) struct Manager {
    is_ready: Cell<bool>,
}

impl Manager {
    /// The device does what it is there for.
    pub(super) fn ready(&self) {
        if !self.is_ready.replace(true) {
            tell(NotifyState::Ready);
        }
    }

    /// What the device is doing, in a few words.
    pub(super) fn status(&self, words: &str) {
        tell(NotifyState::Status(words));
    }

    /// The device comes to its end.
    pub(super) fn stopping(&self) {
        tell(NotifyState::Stopping);
    }

    /// Says, for as long as it is polled, that the device is alive, twice as often as is asked for.
    pub(super) async fn watchdog(&self) -> Infallible {
        let Some(time) = sd_notify::watchdog_enabled().filter(|time| !time.is_zero()) else {
            return future::pending().await;
        };
        let mut beat = tokio::time::interval(time / 2);
        loop {
            beat.tick().await;
            tell(NotifyState::Watchdog);
        }
    }
}

fn tell(state: NotifyState<'_>) {
    // A manager that does not listen does not want to know.
    let _ = sd_notify::notify(&[state]);
}
