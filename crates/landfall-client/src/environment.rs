use core::time::Duration;

/// Time and randomness for the flows.
#[expect(async_fn_in_trait, reason = "flows are driven on one thread and need no Send bound")]
pub trait Environment {
    /// Time since an arbitrary start, monotonic.
    fn now(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, duration: Duration);

    /// Fills `bytes` from a cryptographically secure source.
    fn fill_random(&mut self, bytes: &mut [u8]);
}

/// The operating system's clock and random source, with tokio's timer.
#[cfg(feature = "system")]
#[derive(Debug, Clone, Copy)]
pub struct SystemEnvironment {
    start: std::time::Instant,
}

#[cfg(feature = "system")]
impl SystemEnvironment {
    /// An environment whose time starts now.
    pub fn new() -> Self {
        Self {
            start: std::time::Instant::now(),
        }
    }
}

#[cfg(feature = "system")]
impl Default for SystemEnvironment {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "system")]
impl Environment for SystemEnvironment {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Fills `bytes` from the operating system.
    ///
    /// # Panics
    /// If the operating system has no randomness to give: keys made without it would protect nothing, so there is no
    /// way to go on.
    fn fill_random(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system always has a random source");
    }
}
