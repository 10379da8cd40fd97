//! Signals that a device of ours takes.

use core::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Failure, Problem};

/// Completes when the user or the system asks the program to end. From now on the signals themselves end nothing.
pub(super) fn stop() -> Result<impl Future<Output = ()>, Failure> {
    let mut interrupt = caught(SignalKind::interrupt())?;
    let mut terminate = caught(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// The signals of this kind.
pub(super) fn caught(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| {
        Failure::new(Problem::SystemRefuses)
            .saying("signals cannot be caught")
            .because(error)
    })
}
