use core::time::Duration;

use landfall_manager::Credentials;
use tokio::time::Instant;

use crate::{Device, Ended, Event, OwnedWifiEvent, RunError, Wifi, clock::reached, device::Order};

impl<W: Wifi> Device<W> {
    /// Joins the stored network and keeps the device on it, for as long as it runs: until [`crate::Handle::stop`], or
    /// until the future is dropped. `events` sees what becomes of it.
    ///
    /// A device that is on that network already, because it was provisioned just now, stays there undisturbed.
    ///
    /// # Errors
    /// [`RunError::NothingStored`] and [`RunError::Store`].
    pub async fn join_stored(&mut self, mut events: impl FnMut(&Event)) -> Result<Ended, RunError> {
        let credentials = self.store.load()?.ok_or(RunError::NothingStored)?;
        let mut backoff = Backoff::default();
        let mut retry_at = None;
        match self.station {
            Some(station) if station.ssid == credentials.ssid => events(&Event::Joined(station)),
            _ => self.join(&credentials, &mut events),
        }
        loop {
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => match order {
                    Order::Stop => return Ok(Ended::Stopped),
                    Order::ResetOnFailure | Order::Reprovision => {}
                },
                event = self.wifi.next() => match event {
                    OwnedWifiEvent::Connected(station) => {
                        self.station = Some(station);
                        (backoff, retry_at) = (Backoff::default(), None);
                        events(&Event::Joined(station));
                    }
                    OwnedWifiEvent::Disconnected(reason) => {
                        self.station = None;
                        let retry_in = backoff.next();
                        retry_at = Some(Instant::now() + retry_in);
                        events(&Event::Unjoined { ssid: credentials.ssid, reason, retry_in });
                    }
                    OwnedWifiEvent::ScanDone(_) | OwnedWifiEvent::ScanFailed => {}
                },
                () = reached(retry_at) => {
                    retry_at = None;
                    self.join(&credentials, &mut events);
                }
            }
        }
    }

    fn join(&mut self, credentials: &Credentials, events: &mut impl FnMut(&Event)) {
        self.station = None;
        events(&Event::Joining { ssid: credentials.ssid });
        self.wifi.connect(credentials);
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
