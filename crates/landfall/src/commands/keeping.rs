//! Where a device of ours keeps its credentials.

use std::path::Path;

use landfall_device::{Device, FileStore, StoreError};

use crate::{
    failure::{Failure, Problem},
    print::{DeviceEvent, Event, Printer},
};

/// What a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// The credentials of a network.
    Network,
    /// Nothing.
    Nothing,
    /// What cannot be read any more, and was told of.
    Damaged,
}

/// The store in `directory`.
pub(super) fn open(directory: &Path) -> Result<FileStore, Failure> {
    FileStore::open(directory).map_err(|error| failure(&error, Some(directory)))
}

/// What the store of `device`, in `directory`, holds.
pub(super) fn kept<W>(device: &Device<W>, directory: Option<&Path>, printer: &Printer) -> Result<Kept, Failure> {
    match device.stored() {
        Ok(Some(_)) => Ok(Kept::Network),
        Ok(None) => Ok(Kept::Nothing),
        Err(error @ StoreError::Damaged { .. }) => {
            printer.event(&Event::Device(DeviceEvent::DeviceWarning {
                text: error.to_string(),
            }));
            Ok(Kept::Damaged)
        }
        Err(error) => Err(failure(&error, directory)),
    }
}

/// What an error of the store in `directory` means.
pub(super) fn failure(error: &StoreError, directory: Option<&Path>) -> Failure {
    let failure = Failure::new(Problem::StoreUnusable).because(error);
    match directory {
        Some(directory) => failure.hint(format!(
            "check {}, or take another directory with --state",
            directory.display()
        )),
        None => failure,
    }
}
