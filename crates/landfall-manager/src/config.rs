use core::time::Duration;

use landfall_protocomm::{Endpoint, Instant};

/// How a provisioning runs. Every field may hold any value: [`crate::Manager::new`] refuses what contradicts itself and
/// brings times into their ranges.
#[derive(Debug, Clone, Copy)]
pub struct Config<'a> {
    /// Attempts to join before the credentials are given up.
    pub attempts: AttemptLimit,
    /// When the service stops by itself after success.
    pub auto_stop: AutoStop,
    /// Time between deciding to stop and stopping, in which requests are still served; at least 100 ms.
    pub cleanup_delay: Duration,
    /// Which generation of Espressif's component `proto-ver` speaks for.
    pub generation: Generation,
    /// Application entries of `proto-ver`, in order, before `prov`.
    pub app_info: &'a [AppInfo<'a>],
    /// Application endpoints, in the order in which they were created.
    pub endpoints: &'a [Endpoint<'a>],
}

impl Default for Config<'_> {
    /// The values of Espressif's example: five attempts, stop 30 s after success, 1 s of cleanup.
    fn default() -> Self {
        Self {
            attempts: AttemptLimit::default(),
            auto_stop: AutoStop::default(),
            cleanup_delay: Duration::from_secs(1),
            generation: Generation::default(),
            app_info: &[],
            endpoints: &[],
        }
    }
}

/// How often a device tries to join with the credentials it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptLimit {
    /// Any failure counts, and after so many in all the device gives up. At least 1.
    Total(u8),
    /// A wrong password or an absent network ends it at once; anything else is tried for ever (ESP-IDF before v5.4.1).
    Unlimited,
}

impl Default for AttemptLimit {
    fn default() -> Self {
        Self::Total(5)
    }
}

/// When the service stops by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoStop {
    /// So long after success, or as soon as a client has been told of it. Brought into 6 s ..= 600 s: the original's
    /// lower limit of 5 s (spec manager.md 8) is the very interval at which clients ask, so they could miss the result.
    After(Duration),
    /// Never; re-provisioning is then allowed.
    Disabled,
}

impl Default for AutoStop {
    fn default() -> Self {
        Self::After(Duration::from_secs(30))
    }
}

/// The two generations of Espressif's component; Wi-Fi messages are the same bytes in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Generation {
    /// `wifi_provisioning`, version `v1.1`.
    #[default]
    WifiProvisioning,
    /// `network_provisioning`, version `netprov-v1.2` with the capability `wifi_prov`.
    NetworkProvisioning,
}

/// An application's entry in the `proto-ver` JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppInfo<'a> {
    /// Key of the entry.
    pub label: &'a str,
    /// Value of `ver`.
    pub version: &'a str,
    /// Values of `cap`.
    pub capabilities: &'a [&'a str],
}

impl Config<'_> {
    /// Refuses what cannot be meant.
    pub(crate) fn check(&self) -> Result<(), InvalidConfig> {
        if self.attempts == AttemptLimit::Total(0) {
            return Err(InvalidConfig::NoAttempts);
        }
        if has_duplicates(Endpoint::BUILT_IN.iter().chain(self.endpoints)) {
            return Err(InvalidConfig::DuplicateEndpoint);
        }
        let labels = self.app_info.iter().map(|info| info.label);
        if has_duplicates(labels.chain(["prov"])) {
            return Err(InvalidConfig::DuplicateLabel);
        }
        Ok(())
    }

    /// The part that decides what follows what, with every time in its range.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            attempts: self.attempts,
            stop_after: match self.auto_stop {
                AutoStop::After(time) => Some(time.clamp(AUTO_STOP_MIN, AUTO_STOP_MAX)),
                AutoStop::Disabled => None,
            },
            cleanup_delay: self.cleanup_delay.max(CLEANUP_MIN),
        }
    }
}

/// What the state machine needs of a [`Config`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) attempts: AttemptLimit,
    /// `None` if the service does not stop by itself.
    pub(crate) stop_after: Option<Duration>,
    pub(crate) cleanup_delay: Duration,
}

impl Rules {
    /// When a service that has success at `now` stops by itself.
    pub(crate) fn stop_at(&self, now: Instant) -> Option<Instant> {
        self.stop_after.map(|time| now + time)
    }
}

const AUTO_STOP_MIN: Duration = Duration::from_secs(6);
const AUTO_STOP_MAX: Duration = Duration::from_secs(600);
const CLEANUP_MIN: Duration = Duration::from_millis(100);

fn has_duplicates<T: PartialEq>(mut items: impl Iterator<Item = T> + Clone) -> bool {
    while let Some(item) = items.next() {
        if items.clone().any(|other| other == item) {
            return true;
        }
    }
    false
}

/// A configuration that contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidConfig {
    /// `AttemptLimit::Total(0)`.
    #[error("the attempt limit must be at least 1")]
    NoAttempts,
    /// Two endpoints of one name, or an application endpoint with a built-in name.
    #[error("two endpoints have the same name")]
    DuplicateEndpoint,
    /// An application entry called `prov`, or two with one label.
    #[error("two version entries have the same label")]
    DuplicateLabel,
}
