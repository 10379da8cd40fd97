use std::io;

use landfall_manager::{Credentials, ScanPlan};
use landfall_wlan::{Error, Report, Station, StationOptions};

use super::{OwnedWifiEvent, Wifi};

/// The Wi-Fi of this machine, driven by NetworkManager or wpa_supplicant.
#[derive(Debug)]
pub struct LinuxWifi {
    station: Station,
}

impl LinuxWifi {
    /// Finds out who drives the Wi-Fi.
    ///
    /// # Errors
    /// [`Error`], when the machine has no Wi-Fi or nobody drives it.
    pub async fn open(options: StationOptions) -> Result<Self, Error> {
        let station = Station::open(options).await?;
        Ok(Self { station })
    }

    /// The station, to ask what it is.
    pub const fn station(&self) -> &Station {
        &self.station
    }
}

impl Wifi for LinuxWifi {
    fn scan(&mut self, plan: ScanPlan) {
        self.station.scan(plan);
    }

    fn cancel_scan(&mut self) {
        self.station.cancel_scan();
    }

    fn connect(&mut self, credentials: &Credentials) {
        self.station.connect(credentials);
    }

    fn rejoin(&mut self, credentials: &Credentials) {
        self.station.rejoin(credentials);
    }

    fn disconnect(&mut self) {
        self.station.disconnect();
    }

    fn keep(&mut self, credentials: &Credentials) {
        self.station.keep(credentials);
    }

    async fn forget(&mut self) -> io::Result<()> {
        self.station.forget().await.map_err(io::Error::other)
    }

    async fn close(self) {
        self.station.close().await;
    }

    async fn next(&mut self) -> OwnedWifiEvent {
        loop {
            return match self.station.next().await {
                Report::ScanDone(found) => OwnedWifiEvent::ScanDone(found),
                Report::ScanFailed => OwnedWifiEvent::ScanFailed,
                Report::Connected(station) => OwnedWifiEvent::Connected(station),
                Report::Disconnected(reason) => OwnedWifiEvent::Disconnected(reason),
                Report::Trouble(why) => OwnedWifiEvent::Trouble(why),
                // What a later version tells, this one does not know what to do about.
                _ => continue,
            };
        }
    }
}
