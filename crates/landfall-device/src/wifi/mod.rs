mod simulated;
mod world;

use landfall_manager::{AccessPoint, Credentials, DisconnectReason, ScanPlan, Station, WifiEvent};

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

    /// Leaves the network, or gives up joining it. This is not reported.
    fn disconnect(&mut self);

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
}

impl OwnedWifiEvent {
    /// The report as the manager takes it.
    pub fn borrow(&self) -> WifiEvent<'_> {
        match self {
            Self::ScanDone(found) => WifiEvent::ScanDone(found),
            Self::ScanFailed => WifiEvent::ScanFailed,
            Self::Connected(station) => WifiEvent::Connected(*station),
            Self::Disconnected(reason) => WifiEvent::Disconnected(*reason),
        }
    }
}
