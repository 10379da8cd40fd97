//! Endpoints over Bluetooth Low Energy (spec transports.md 1), whatever stack is underneath: UUIDs, the service that a
//! device offers, its advertisement, and the rules by which its values are written and read.

mod advertising;
mod service;
mod uuid;
mod values;

pub use advertising::{AdvertisingData, advertisement, scan_response};
pub use service::{CharacteristicDescription, ServiceDescription};
pub use uuid::{EndpointNumber, InvalidUuid, ServiceUuid, Uuid};
pub use values::{AttError, Values, Written};
