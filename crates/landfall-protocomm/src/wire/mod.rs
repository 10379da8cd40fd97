//! The messages of spec protocol.md section 3, as types.
//!
//! Decoding borrows from the input and never panics; encoding writes the shortest canonical form into the caller's
//! slice (proto3: fields in ascending order, defaults omitted), byte for byte what the original encoders write.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

mod config;
mod ctrl;
mod entries;
mod message;
mod payload;
mod reader;
mod scan;
mod session;
mod station;
mod status;
mod thread;
mod writer;

pub use config::{ConfigRequest, ConfigResponse, SetConfig};
pub use ctrl::{CtrlRequest, CtrlResponse};
pub use entries::{Encoded, Entries};
pub use reader::DecodeError;
pub use scan::{ScanEntry, ScanRequest, ScanResponse, ScanResponseBody, ScanStart, ThreadScanEntry};
pub use session::{Scheme, Sec0Body, Sec1Body, Sec2Body, SessionData, SessionPayload};
pub use station::{Connected, StationDetail, StationState, StationStatus, WifiFailReason};
pub use status::{AuthMode, Status};
pub use thread::{ThreadAttached, ThreadDetail, ThreadFailReason, ThreadState, ThreadStatus};
pub use writer::EncodeError;
