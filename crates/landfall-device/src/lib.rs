//! A device that unified provisioning brings onto Wi-Fi: the loop that ties the provisioning manager to an HTTP
//! service, a Wi-Fi backend and a credential store, on tokio.
//!
//! All decisions are the manager's ([`landfall_manager`]); [`Device::provision`] only carries.
//!
//! * [`Device`]: what a device is made of, and what it can be asked to do.
//! * [`Service`]: how requests arrive; [`SoftApService`] takes them over HTTP in an access point of the machine's own, as
//!   Espressif's SoftAP scheme does, [`HttpService`] in any network, [`BleService`] over Bluetooth, [`ConsoleService`] on a serial line.
//! * [`Wifi`]: how networks are joined; [`LinuxWifi`] joins those around this machine, [`SimulatedWifi`] joins those of a [`World`] written in TOML.
//! * [`Store`]: where credentials are kept; [`FileStore`] keeps them in one file.

mod ble;
mod builder;
mod clock;
mod console;
mod device;
mod event;
mod hex;
mod home;
mod http;
mod payload;
mod run;
mod security;
mod service;
mod softap;
mod station;
mod store;
mod wifi;

pub use ble::{
    AfterProvisioning, BleOptions, BleService, BluetoothAddress, HciAddress, InvalidHciAddress, Place, Radio,
    RadioError,
};
pub use builder::{BuildError, Builder};
pub use console::ConsoleService;
pub use device::{Device, Ended, Handle, ResetError, RunError};
pub use event::Event;
pub use http::HttpService;
pub use landfall_bluez::Error as BluezError;
pub use landfall_manager as manager;
pub use landfall_manager::{PayloadSecret, PayloadTransport};
pub use landfall_protocomm as protocomm;
pub use payload::{payload_url, provisioning_payload};
pub use security::Security;
pub use service::{ClientEvent, Peer, Refusal, RequestId, Service, ServiceEvent};
pub use softap::SoftApService;
pub use store::{FileStore, MemoryStore, Store, StoreError};
pub use wifi::{LinuxWifi, Network, OwnedWifiEvent, SimulatedWifi, Wifi, World, WorldError};
