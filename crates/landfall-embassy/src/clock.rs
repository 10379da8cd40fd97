//! The core's clock: Embassy's, from the moment the chip started.

use core::{future, time::Duration};

use embassy_time::{Instant, Timer};
use landfall_protocomm as protocomm;

pub(crate) fn now() -> protocomm::Instant {
    protocomm::Instant::new(Duration::from_micros(Instant::now().as_micros()))
}

/// The moment `after` from now.
pub(crate) fn later(after: Duration) -> protocomm::Instant {
    now() + after
}

/// Waits for a moment; for ever if there is none, or none that the clock can reach.
pub(crate) async fn reached(moment: Option<protocomm::Instant>) {
    let micros = moment.and_then(|moment| u64::try_from(moment.since_start().as_micros()).ok());
    match micros.and_then(Instant::try_from_micros) {
        // Clocks count in ticks that may be longer than a microsecond: none rings before its time.
        Some(at) => Timer::at(at.saturating_add(embassy_time::Duration::from_ticks(1))).await,
        None => future::pending().await,
    }
}
