//! What a device says of attaching to Thread.

use landfall_client::protocomm::wire::{
    ConfigRequest, ConfigResponse, Status, ThreadDetail, ThreadFailReason, ThreadState, ThreadStatus,
};

use crate::esp_prov::{
    console::say,
    flow::Generation,
    poll::{Answer, Next},
};

/// What the device says of its Thread interface, as far as it decides what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interface {
    Attached,
    Attaching,
    Detached,
    Failed(ThreadFailReason),
    Unknown,
}

impl From<ThreadStatus<'_>> for Interface {
    fn from(thread: ThreadStatus<'_>) -> Self {
        if thread.status != Status::Success {
            return Self::Unknown;
        }
        match (thread.state, thread.detail) {
            // Without details it means nothing, as with Wi-Fi (spec protocol.md 8.1): an empty answer reads so.
            (ThreadState::Attached, Some(ThreadDetail::Attached(_))) => Self::Attached,
            (ThreadState::Attaching, _) => Self::Attaching,
            (ThreadState::Detached, _) => Self::Detached,
            (ThreadState::AttachingFailed, Some(ThreadDetail::FailReason(reason))) => Self::Failed(reason),
            // A reason that is not there reads as its number 0, as with Wi-Fi.
            (ThreadState::AttachingFailed, _) => Self::Failed(ThreadFailReason::DatasetInvalid),
            (ThreadState::Attached | ThreadState::Other(_), _) => Self::Unknown,
        }
    }
}

impl Answer for Interface {
    const HEADING: &'static str = "\n==== Thread connection state  ====";
    const REQUEST: ConfigRequest<'static> = ConfigRequest::GetThreadStatus;
    const UNDER_WAY: Self = Self::Attaching;

    fn read(response: ConfigResponse<'_>) -> Option<Self> {
        match response {
            ConfigResponse::GetThreadStatus(thread) => Some(thread.into()),
            _ => None,
        }
    }

    fn next(&self) -> Next {
        match self {
            Self::Attached => Next::Joined,
            Self::Attaching => Next::UnderWay,
            Self::Detached => Next::Unclear("detached"),
            Self::Failed(_) => Next::GivenUp,
            Self::Unknown => Next::Unclear("unknown"),
        }
    }

    fn tell(&self, _generation: Generation) {
        match self {
            Self::Attached => say("==== Thread state: Attached ===="),
            Self::Attaching => say("==== Thread state: Attaching ===="),
            Self::Detached => say("==== Thread state: Detached ===="),
            Self::Failed(reason) => {
                say("==== Thread state: Attaching Failed ====");
                match reason {
                    ThreadFailReason::DatasetInvalid => say("---- Failure reason: Invalid Dataset ----"),
                    ThreadFailReason::NetworkNotFound => say("---- Failure reason: Network Not Found ----"),
                    ThreadFailReason::Other(_) => {}
                }
            }
            Self::Unknown => {}
        }
    }
}
