//! Keeping credentials over restarts.

mod file;

use std::{io, path::PathBuf};

use landfall_manager::Credentials;

pub use file::FileStore;

/// Where a device keeps the credentials of its network.
pub trait Store {
    /// What is stored; `None` if nothing is.
    ///
    /// # Errors
    /// [`StoreError`]. A damaged record is set aside and reported once; the next call finds nothing.
    fn load(&self) -> Result<Option<Credentials>, StoreError>;

    /// Stores `credentials` in place of any earlier ones; they survive a power cut once this returns.
    ///
    /// # Errors
    /// [`StoreError`]; afterwards either these or the earlier ones are stored.
    fn save(&mut self, credentials: &Credentials) -> Result<(), StoreError>;

    /// Forgets what is stored.
    ///
    /// # Errors
    /// [`StoreError`].
    fn erase(&mut self) -> Result<(), StoreError>;
}

/// Keeps credentials for as long as it lives: for trials and tests.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    credentials: Option<Credentials>,
}

impl Store for MemoryStore {
    fn load(&self) -> Result<Option<Credentials>, StoreError> {
        Ok(self.credentials.clone())
    }

    fn save(&mut self, credentials: &Credentials) -> Result<(), StoreError> {
        self.credentials = Some(credentials.clone());
        Ok(())
    }

    fn erase(&mut self) -> Result<(), StoreError> {
        self.credentials = None;
        Ok(())
    }
}

/// Why credentials could not be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process uses the same directory.
    #[error("{} is in use by another device", .directory.display())]
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// The file was damaged and has been moved aside: the device has no credentials any more.
    #[error("the stored credentials are damaged ({what}); the file is kept as {}", .moved_to.display())]
    Damaged {
        /// What is wrong with it.
        what: &'static str,
        /// Where the file is now.
        moved_to: PathBuf,
    },
    /// The file was written by a later version of this program; it is left alone.
    #[error("{} was written by a later version of this program (format {version})", .path.display())]
    LaterFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// The operating system refused.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
}
