//! How joining goes, as NetworkManager tells it.

use landfall_manager::DisconnectReason;
use zbus::{Message, OwnedObjectPath};

use super::{SERVICE, device::Device};
use crate::{
    Error,
    bus::{Bus, Owners, Signals},
    station::NotJoined,
    wpa_supplicant::Verdict,
};

/// Watches a device from before it is told to activate something.
pub(super) struct Attempt {
    states: Signals,
    owners: Owners,
    /// What wpa_supplicant says, if it can be asked.
    verdict: Option<Verdict>,
    /// Why the device has failed last.
    reason: Option<u32>,
}

impl Attempt {
    /// `has_sae` tells whether the network knows WPA3.
    pub(super) async fn new(bus: &Bus, device: &Device<'_>, name: &str, has_sae: bool) -> Result<Self, Error> {
        Ok(Self {
            states: device.states().await?,
            owners: bus.owners(&SERVICE).await?,
            verdict: Verdict::watch(bus, name, has_sae).await,
            reason: None,
        })
    }

    /// Waits until `active` has a link, or has failed.
    pub(super) async fn follow(mut self, device: &Device<'_>, active: &OwnedObjectPath) -> Result<(), NotJoined> {
        let mut ends = device.states_of(active).await?;
        self.forget_what_was();
        loop {
            if device.status().await?.is_linked_by(active) {
                return Ok(());
            }
            // What has ended may be gone.
            let now = device.active_of(active.clone()).await;
            if now.is_none_or(|now| now.is_ending) {
                return Err(self.ended());
            }
            tokio::select! {
                // It knows better than NetworkManager, and earlier.
                biased;
                failure = failure(&mut self.verdict) => return Err(failure),
                state = self.states.next() => self.take(state.as_ref()),
                _ = ends.next() => {}
                () = self.owners.changed() => return Err(restarted()),
            }
        }
    }

    /// How the network before this one was left.
    fn forget_what_was(&mut self) {
        self.states.skip_pending();
        if let Some(verdict) = &mut self.verdict {
            verdict.skip_pending();
        }
    }

    fn take(&mut self, state: Option<&Message>) {
        let told = state.and_then(|state| state.body().deserialize::<(u32, u32, u32)>().ok());
        if let Some((FAILED, _, reason)) = told {
            self.reason = Some(reason);
        }
    }

    fn ended(mut self) -> NotJoined {
        while let Some(state) = self.states.pending() {
            self.take(Some(&state));
        }
        why(self.reason, self.verdict.is_some())
    }
}

async fn failure(verdict: &mut Option<Verdict>) -> NotJoined {
    match verdict {
        Some(verdict) => verdict.failure().await,
        None => core::future::pending().await,
    }
}

/// What it means that an attempt has ended, for this reason of the device's if it has failed. `is_watched` tells whether
/// wpa_supplicant would have told a refusal.
fn why(reason: Option<u32>, is_watched: bool) -> NotJoined {
    match reason {
        // NetworkManager says so as well when an access point did not answer in time.
        Some(NO_SECRETS) if is_watched => NotJoined::other("the access point does not let this device in"),
        Some(NO_SECRETS) => NotJoined {
            reason: DisconnectReason::AuthError,
            why: "the network does not take this passphrase".to_owned(),
        },
        Some(SSID_NOT_FOUND) => NotJoined {
            reason: DisconnectReason::NetworkNotFound,
            why: words(SSID_NOT_FOUND),
        },
        Some(reason) => NotJoined::other(words(reason)),
        None => NotJoined::other("NetworkManager was told to do something else"),
    }
}

pub(super) fn restarted() -> NotJoined {
    NotJoined::other("NetworkManager has ended or was restarted")
}

/// What a device's state reason means, as far as its owner can do something about it.
pub(super) fn words(reason: u32) -> String {
    match reason {
        5 | 15..=17 => "the network gave no address (DHCP)".to_owned(),
        6 | 8 | 11 => "the access point does not answer any more".to_owned(),
        9 | 10 => "wpa_supplicant has failed".to_owned(),
        SSID_NOT_FOUND => "no access point of this network is in range".to_owned(),
        36 => "the Wi-Fi adapter was taken away".to_owned(),
        38 | 39 | 60 => "NetworkManager was told to do something else".to_owned(),
        reason => format!("NetworkManager has given up with reason {reason}"),
    }
}

/// Of a device's states.
const FAILED: u32 = 120;
/// Of the reasons for a device's states.
const NO_SECRETS: u32 = 7;
const SSID_NOT_FOUND: u32 = 53;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_secrets_mean_a_wrong_passphrase_only_where_nobody_knows_better() {
        let reason = |reason, is_watched| why(reason, is_watched).reason;
        assert_eq!(reason(Some(NO_SECRETS), false), DisconnectReason::AuthError);
        assert_eq!(reason(Some(NO_SECRETS), true), DisconnectReason::Other);
        assert_eq!(reason(Some(SSID_NOT_FOUND), true), DisconnectReason::NetworkNotFound);
        for other in [None, Some(5), Some(11), Some(u32::MAX)] {
            assert_eq!(reason(other, false), DisconnectReason::Other, "{other:?}");
        }
    }
}
