//! Unified provisioning for firmware on Embassy: a device that Espressif's apps, `esp_prov` and `landfall` can bring onto
//! a network, without std and without an allocator.
//!
//! All decisions are the provisioning manager's ([`landfall_manager`]); [`Device`] only carries.
//!
//! * [`Device`]: what a device is made of, and what it can be asked to do; [`Config`]: how it does it.
//! * [`Drive`]: a chip's Wi-Fi station, four functions; [`Store`]: where credentials are kept.
//! * [`Service`]: how requests arrive; `ble` takes them over Bluetooth Low Energy.
//! * [`App`]: the application: it hears what happens and answers its own endpoints.
//! * [`Control`]: tells a running device what to do, from any task.
//!
//! # Examples
//!
//! ```
//! use landfall_embassy::{
//!     App, Config, Device, Drive, Event, Service, Store,
//!     protocomm::{Random, device::Security},
//! };
//!
//! struct Log;
//!
//! impl App for Log {
//!     fn on_event(&mut self, event: &Event<'_>) {
//!         println!("{event}");
//!     }
//! }
//!
//! async fn online(
//!     wifi: impl Drive,
//!     store: impl Store<Error: 'static>,
//!     random: impl Random,
//!     service: impl Service<Error: 'static>,
//! ) -> Result<(), Box<dyn core::error::Error>> {
//!     let config = Config::new(Security::Security1 { pop: Some(b"abcd1234") });
//!     let mut device = Device::new(config, wifi, store, random);
//!     if device.stored().await?.is_none() {
//!         device.provision(service, &mut Log).await?;
//!     }
//!     device.stay_joined(&mut Log).await?;
//!     Ok(())
//! }
//! ```

#![no_std]

mod app;
#[cfg(feature = "ble")]
pub mod ble;
mod buffer;
mod clock;
mod config;
#[cfg(feature = "console")]
pub mod console;
mod control;
mod device;
mod event;
#[cfg(feature = "flash")]
pub mod factory;
#[cfg(feature = "flash")]
pub mod flash;
mod home;
#[cfg(any(feature = "ble", feature = "console", feature = "softap"))]
mod names;
#[cfg(feature = "qr")]
pub mod qr;
mod run;
mod service;
#[cfg(feature = "softap")]
pub mod softap;
mod station;
mod stay;
mod store;
mod wifi;

pub use app::App;
pub use buffer::Buffer;
pub use config::Config;
pub use control::Control;
pub use device::{Device, Ended, ProvisionError, StayError};
pub use event::{Event, RequestFailure};
pub use landfall_manager as manager;
pub use landfall_protocomm as protocomm;
pub use service::{ClientEvent, RequestId, Service, ServiceEvent};
pub use store::{MemoryStore, Store};
pub use wifi::{Drive, Networks, ScanFailed};

/// The example on the front page compiles.
#[cfg(all(doctest, feature = "ble"))]
#[doc = include_str!("../README.md")]
struct Readme;
