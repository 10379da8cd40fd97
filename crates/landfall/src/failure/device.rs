//! What the errors of a device of ours mean to its user.

use core::error::Error as _;

use landfall_client::RadioProblem;
use landfall_device::{BluezError, RadioError, RunError};

use super::{Failure, Problem};

impl Failure {
    /// What it means that a device could not run.
    pub(crate) fn of_device(error: &RunError) -> Self {
        let radio = match error {
            RunError::Service(error) => error.get_ref().and_then(|error| error.downcast_ref()),
            _ => None,
        };
        let wlan = match error {
            RunError::Service(error) => error.get_ref().and_then(|error| error.downcast_ref()),
            _ => None,
        };
        match (
            radio.map(Self::of_radio_error).or_else(|| wlan.map(Self::of_wlan)),
            error.source(),
        ) {
            (Some(failure), _) => failure,
            (None, Some(cause)) => Self::new(Problem::DeviceBroken).because(format!("{error}: {cause}")),
            (None, None) => Self::new(Problem::DeviceBroken).because(error),
        }
    }

    fn of_radio_error(error: &RadioError) -> Self {
        match error {
            RadioError::Bluez(error) => Self::of_radio(&problem(error)),
            RadioError::NotAnswering => Self::new(Problem::ControllerSilent),
            error => Self::new(Problem::ControllerUnusable).because(error),
        }
    }
}

/// The client's words for it: it is the same Bluetooth.
fn problem(error: &BluezError) -> RadioProblem {
    match error {
        BluezError::NoBus(_) | BluezError::NotRunning => RadioProblem::NoService,
        BluezError::NotPermitted => RadioProblem::NotPermitted,
        BluezError::NoAdapter => RadioProblem::NoAdapter,
        BluezError::NoSuchAdapter { wanted, known } => RadioProblem::NoSuchAdapter {
            wanted: wanted.clone(),
            known: known.clone(),
        },
        BluezError::Off { .. } => RadioProblem::Off,
        BluezError::Blocked => RadioProblem::Blocked,
        other => RadioProblem::Failed(other.to_string()),
    }
}
