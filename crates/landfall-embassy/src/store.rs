use core::convert::Infallible;

use landfall_manager::Credentials;

/// Where a device keeps the credentials of its network.
#[expect(
    async_fn_in_trait,
    reason = "firmware runs on one executor; nothing here has to be Send"
)]
pub trait Store {
    /// Why it failed.
    type Error: core::error::Error;

    /// What is stored; `None` if nothing is.
    ///
    /// # Errors
    /// When the memory cannot be read.
    async fn load(&mut self) -> Result<Option<Credentials>, Self::Error>;

    /// Stores `credentials` in place of any earlier ones; they survive a power cut once this returns.
    ///
    /// # Errors
    /// When the memory cannot be written; afterwards either these or the earlier ones are stored.
    async fn save(&mut self, credentials: &Credentials) -> Result<(), Self::Error>;

    /// Forgets what is stored.
    ///
    /// # Errors
    /// When the memory cannot be written.
    async fn erase(&mut self) -> Result<(), Self::Error>;
}

/// Keeps credentials for as long as it lives: for trials and tests.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    credentials: Option<Credentials>,
}

impl Store for MemoryStore {
    type Error = Infallible;

    async fn load(&mut self) -> Result<Option<Credentials>, Infallible> {
        Ok(self.credentials.clone())
    }

    async fn save(&mut self, credentials: &Credentials) -> Result<(), Infallible> {
        self.credentials = Some(credentials.clone());
        Ok(())
    }

    async fn erase(&mut self) -> Result<(), Infallible> {
        self.credentials = None;
        Ok(())
    }
}
