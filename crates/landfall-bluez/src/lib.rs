//! Unified provisioning over Bluetooth Low Energy with BlueZ, Linux's own Bluetooth stack, over D-Bus.
//!
//! [`Bluez`] is the way to the daemon. On one of its [`Adapter`]s a device offers its service ([`peripheral`]), and a
//! client finds devices and speaks to them ([`central`]).

mod adapter;
mod agent;
mod bus;
pub mod central;
mod error;
pub mod peripheral;

pub use self::{adapter::Adapter, bus::Bluez, error::Error};
