//! Wi-Fi of a Linux machine, through the services that drive it.
//!
//! * [`softaps`]: which access points are in range.
//! * [`Station`]: the machine as a station that joins what it is told to and tells what becomes of it; by NetworkManager or
//!   by wpa_supplicant, over D-Bus ([`Backend`]).
//! * [`SoftAp`]: an access point of the machine's own, beside the station on the same radio, with DHCP and DNS.
//! * [`Visit`]: the machine as a guest in a device's access point, for as long as it takes.

mod bus;
mod channel;
mod error;
mod heard;
mod kernel;
mod network_manager;
mod softap;
mod station;
mod visit;
mod wpa_supplicant;

pub use error::Error;
pub use heard::{Heard, Signal, softaps};
pub use softap::{Mover, SoftAp, SoftApOptions};
pub use station::{Backend, Report, Station, StationOptions};
pub use visit::{Visit, VisitOptions};
