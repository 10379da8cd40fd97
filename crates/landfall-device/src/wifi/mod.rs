mod linux;
mod simulated;
mod world;

use std::io;

use landfall_manager::{AccessPoint, Credentials, DisconnectReason, ScanPlan, Station, WifiEvent};

pub use linux::LinuxWifi;
pub use simulated::SimulatedWifi;
pub use world::{Network, World, WorldError};

/// A Wi-Fi station.
///
/// An implementer does what it is told without waiting; what comes of it is what [`Wifi::next`] gives. It keeps a
/// connection up until told otherwise, and reports each loss and each return.
#[expect(
    async_fn_in_trait,
    reason = "a device runs on one thread; a backend whose futures are Send keeps them so"
)]
pub trait Wifi {
    /// Starts a scan, in place of one that is running. It ends with `ScanDone` or `ScanFailed`.
    fn scan(&mut self, plan: ScanPlan);

    /// Forgets the running scan.
    fn cancel_scan(&mut self);

    /// Starts to join a network, leaving another one. It ends with `Connected`, once there is an IPv4 address, or with
    /// `Disconnected`.
    fn connect(&mut self, credentials: &Credentials);

    /// Starts to join the network that is kept; a station that is there already stays there undisturbed, and says so.
    fn rejoin(&mut self, credentials: &Credentials) {
        self.connect(credentials);
    }

    /// Leaves the network, or gives up joining it. This is not reported. A network that is kept may be joined again at
    /// once, which is not reported either.
    fn disconnect(&mut self);

    /// Keeps the network that was joined last beyond restarts, where whoever drives the Wi-Fi can, in place of the one
    /// that was kept before. The credentials are stored by now.
    fn keep(&mut self, _credentials: &Credentials) {}

    /// Leaves and forgets what is kept.
    ///
    /// # Errors
    /// When whoever drives the Wi-Fi refuses.
    async fn forget(&mut self) -> io::Result<()> {
        self.disconnect();
        Ok(())
    }

    /// Gives up what is being tried, and finishes what was begun to keep or to leave.
    async fn close(self)
    where
        Self: Sized,
    {
    }

    /// Waits for the next report. Dropping the future loses nothing.
    async fn next(&mut self) -> OwnedWifiEvent;
}

/// What a [`Wifi`] reports: the owned counterpart of [`landfall_manager::WifiEvent`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnedWifiEvent {
    /// The scan is done.
    ScanDone(Vec<AccessPoint>),
    /// The scan could not be made.
    ScanFailed,
    /// The station is on the network and has an IPv4 address.
    Connected(Station),
    /// The station could not join, or lost its network.
    Disconnected(DisconnectReason),
    /// What the device's owner should know, in words; nothing follows from it.
    Trouble(String),
}

impl OwnedWifiEvent {
    /// The report as the manager takes it, if it concerns the manager.
    pub fn borrow(&self) -> Option<WifiEvent<'_>> {
        match self {
            Self::ScanDone(found) => Some(WifiEvent::ScanDone(found)),
            Self::ScanFailed => Some(WifiEvent::ScanFailed),
            Self::Connected(station) => Some(WifiEvent::Connected(*station)),
            Self::Disconnected(reason) => Some(WifiEvent::Disconnected(*reason)),
            Self::Trouble(_) => None,
        }
    }
}
