//! Who reads standard output, and what becomes of the program when they have gone.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// While it lives, the program does not end because nobody reads what it prints: somebody is owed a farewell, such as the
/// network that this computer has left for a visit.
pub(crate) struct Farewell(&'static Reader);

impl Farewell {
    /// The program owes one from now on.
    pub(crate) fn owe() -> Self {
        READER.owe()
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.owed.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Completes, once, when nobody reads any more while a farewell is owed.
pub(crate) async fn reader_gone() {
    READER.told.notified().await;
}

/// Takes in that nobody reads any more. Gives whether the program is done by that: if it owed a farewell, it comes to its
/// own end.
pub(crate) fn is_done_without_reader() -> bool {
    READER.leaves()
}

static READER: Reader = Reader::new();

struct Reader {
    /// How many farewells are owed.
    owed: AtomicUsize,
    is_gone: AtomicBool,
    told: Notify,
}

impl Reader {
    const fn new() -> Self {
        Self {
            owed: AtomicUsize::new(0),
            is_gone: AtomicBool::new(false),
            told: Notify::const_new(),
        }
    }

    fn owe(&'static self) -> Farewell {
        self.owed.fetch_add(1, Ordering::Relaxed);
        Farewell(self)
    }

    fn leaves(&self) -> bool {
        let is_owed = self.owed.load(Ordering::Relaxed) > 0;
        if !is_owed && !self.is_gone.load(Ordering::Relaxed) {
            return true;
        }
        // A second time would count as a second signal, which ends even a farewell.
        if !self.is_gone.swap(true, Ordering::Relaxed) {
            self.told.notify_one();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn without_a_reader_a_program_is_done_unless_it_owes_a_farewell() {
        static READER: Reader = Reader::new();
        let is_told = || READER.told.notified().now_or_never().is_some();
        assert!(READER.leaves());
        drop(READER.owe());
        assert!(READER.leaves());
        assert!(!is_told());
        let farewell = READER.owe();
        assert!(!READER.leaves());
        assert!(is_told());
        assert!(!READER.leaves());
        assert!(!is_told(), "it is told twice");
        drop(farewell);
        assert!(!READER.leaves(), "it loses the code that it ends with");
    }
}
