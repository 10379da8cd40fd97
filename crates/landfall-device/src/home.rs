use core::time::Duration;

use landfall_manager::{Credentials, Station};
use tokio::time::Instant;

use crate::{Event, OwnedWifiEvent, Wifi, clock::reached};

/// The network whose credentials are stored, and how the device gets back to it.
pub(crate) struct Home {
    pub(crate) credentials: Credentials,
    backoff: Backoff,
    retry_at: Option<Instant>,
}

impl Home {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            backoff: Backoff::default(),
            retry_at: None,
        }
    }

    /// Whether the device is there.
    pub(crate) fn is_at(&self, station: Option<&Station>) -> bool {
        station.is_some_and(|station| station.ssid == self.credentials.ssid)
    }

    /// Sets out for it.
    pub(crate) fn join<W: Wifi>(&mut self, wifi: &mut W, events: &mut impl FnMut(&Event)) {
        self.retry_at = None;
        let ssid = self.credentials.ssid;
        events(&Event::Joining { ssid });
        wifi.rejoin(&self.credentials);
    }

    /// Takes what the Wi-Fi tells of it; gives where the device is by now.
    pub(crate) fn take(
        &mut self,
        told: OwnedWifiEvent,
        station: Option<Station>,
        events: &mut impl FnMut(&Event),
    ) -> Option<Station> {
        match told {
            OwnedWifiEvent::Connected(station) => {
                (self.backoff, self.retry_at) = (Backoff::default(), None);
                events(&Event::Joined(station));
                Some(station)
            }
            OwnedWifiEvent::Disconnected(reason) => {
                let (ssid, retry_in) = (self.credentials.ssid, self.backoff.next());
                self.retry_at = Some(Instant::now() + retry_in);
                events(&Event::Unjoined { ssid, reason, retry_in });
                None
            }
            OwnedWifiEvent::Trouble(why) => {
                events(&Event::WifiTrouble(why));
                station
            }
            OwnedWifiEvent::ScanDone(_) | OwnedWifiEvent::ScanFailed => station,
        }
    }

    /// Stops trying.
    pub(crate) const fn rest(&mut self) {
        self.retry_at = None;
    }

    /// Waits until it is to be tried again.
    pub(crate) async fn due(&self) {
        reached(self.retry_at).await;
    }
}

/// Time between attempts: 1 s, then twice as long each time, up to a minute.
struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(60);

    fn next(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(Self::LONGEST);
        now
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: Self::FIRST }
    }
}
