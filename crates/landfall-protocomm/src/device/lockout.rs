use core::time::Duration;

use super::Error;
use crate::Instant;

/// Slows down whoever guesses: the more wrong proofs in a row, over all sessions, the longer handshakes are refused.
#[derive(Default)]
pub(super) struct Lockout {
    failures: u32,
    until: Option<Instant>,
}

impl Lockout {
    /// Refuses a new handshake while the device is locked.
    pub(super) fn check(&self, now: Instant) -> Result<(), Error> {
        match self.until {
            Some(until) if now < until => Err(Error::LockedOut(until - now)),
            _ => Ok(()),
        }
    }

    /// Counts a wrong proof; gives the end of the lock that follows from it, if one does.
    pub(super) fn count_failure(&mut self, now: Instant) -> Option<Instant> {
        self.failures = self.failures.saturating_add(1);
        let doublings = self.failures.checked_sub(TOLERATED)?;
        let lock = FIRST_LOCK
            .saturating_mul(2u32.saturating_pow(doublings))
            .min(LONGEST_LOCK);
        self.until = Some(now + lock);
        self.until
    }

    /// Forgets the wrong proofs, after a right one.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// This many wrong proofs in a row lock the device for the first time.
const TOLERATED: u32 = 5;

const FIRST_LOCK: Duration = Duration::from_secs(1);

/// Long enough to make guessing hopeless, short enough for the owner to wait for.
const LONGEST_LOCK: Duration = Duration::from_secs(300);
