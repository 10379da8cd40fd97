use core::time::Duration;

use landfall_manager::{Credentials, DisconnectReason, Station};
use landfall_protocomm::Instant;

use crate::{App, Event, clock, station::Desk};

/// The network whose credentials are stored, and how the device gets back to it.
pub(crate) struct Home {
    credentials: Credentials,
    backoff: Backoff,
    retry_at: Option<Instant>,
}

impl Home {
    pub(crate) const fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            backoff: Backoff { next: Backoff::FIRST },
            retry_at: None,
        }
    }

    /// Whether the device is there.
    pub(crate) fn is_at(&self, station: Option<&Station>) -> bool {
        station.is_some_and(|station| station.ssid == self.credentials.ssid)
    }

    /// Sets out for it.
    pub(crate) fn join(&mut self, desk: &Desk, app: &mut impl App) {
        self.retry_at = None;
        app.on_event(&Event::Joining {
            ssid: self.credentials.ssid,
        });
        desk.join(&self.credentials);
    }

    /// Takes what the station tells of it; gives where the device is by now.
    pub(crate) fn take(&mut self, told: Result<Station, DisconnectReason>, app: &mut impl App) -> Option<Station> {
        match told {
            Ok(station) => {
                self.backoff.next = Backoff::FIRST;
                app.on_event(&Event::Joined(station));
                Some(station)
            }
            Err(reason) => {
                let (ssid, retry_in) = (self.credentials.ssid, self.backoff.next());
                self.retry_at = Some(clock::later(retry_in));
                app.on_event(&Event::Unjoined { ssid, reason, retry_in });
                None
            }
        }
    }

    /// Stops trying.
    pub(crate) const fn rest(&mut self) {
        self.retry_at = None;
    }

    /// Waits until it is to be tried again.
    pub(crate) async fn due(&self) {
        clock::reached(self.retry_at).await;
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
