use core::future;

use super::{
    attempt::{Attempt, Change, State, Turn},
    interface::{Interface, Watch},
};
use crate::{bus::Bus, station::NotJoined};

/// What comes of an attempt that somebody else has wpa_supplicant make, as seen from wpa_supplicant: nearer to the access
/// point than whoever told it, it knows why an attempt fails.
pub(crate) struct Verdict {
    watch: Watch,
    attempt: Attempt,
}

impl Verdict {
    /// Watches wpa_supplicant's interface called `name` from now on; `None` if it has none, or this user may not ask.
    /// `has_sae` tells whether the network knows WPA3.
    pub(crate) async fn watch(bus: &Bus, name: &str, has_sae: bool) -> Option<Self> {
        let interface = Interface::driven(bus, name).await.ok()?;
        Some(Self {
            watch: interface.watch(bus).await.ok()?,
            attempt: Attempt::new(has_sae, State::Idle),
        })
    }

    /// Forgets what has come already: how the link before this attempt has ended.
    pub(crate) fn skip_pending(&mut self) {
        self.watch.skip_pending();
    }

    /// Waits until the attempt has failed.
    pub(crate) async fn failure(&mut self) -> NotJoined {
        while let Ok(changed) = self.watch.next().await {
            if let Some(Turn::Failed(failure)) = self.attempt.take(Change::read(changed)) {
                return failure;
            }
        }
        // That wpa_supplicant itself is gone is told by whoever drives it.
        future::pending().await
    }
}
