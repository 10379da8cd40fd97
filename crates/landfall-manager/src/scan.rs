use core::time::Duration;

mod list;
mod run;

pub(crate) use run::{Progress, Scanner};

/// A scan for the driver to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanPlan {
    /// Where.
    pub channels: ScanChannels,
    /// Listen for beacons instead of probing.
    pub passive: bool,
    /// Dwell time per channel; `None` for the driver's default. At most 1.5 s.
    pub dwell: Option<Duration>,
}

/// The channels of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanChannels {
    /// All of them.
    All,
    /// This one.
    One(u8),
}
