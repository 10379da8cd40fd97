//! What the host does not tell: that a connection ended which it had not taken yet, and that the controller fails.

use core::future::{Future, pending};

use embassy_sync::{blocking_mutex::raw::NoopRawMutex, signal::Signal};
use embassy_time::{Duration, with_timeout};

/// Sees what passes between a host and its controller.
pub(crate) struct Watch {
    /// A connection ended.
    pub(crate) ended: Signal<NoopRawMutex, ()>,
    /// The controller says that it failed, or says nothing at all.
    pub(crate) failed: Signal<NoopRawMutex, ()>,
}

/// For a controller to answer a command. They do in milliseconds; some load their program first.
const COMMAND_TIME: Duration = Duration::from_secs(5);

impl Watch {
    pub(crate) const fn new() -> Self {
        Self {
            ended: Signal::new(),
            failed: Signal::new(),
        }
    }

    /// Waits for what a command comes to. If that takes too long, the controller has failed, and nothing more comes.
    pub(crate) async fn over<T>(&self, command: impl Future<Output = T>) -> T {
        if let Ok(result) = with_timeout(COMMAND_TIME, command).await {
            return result;
        }
        self.failed.signal(());
        pending().await
    }
}
