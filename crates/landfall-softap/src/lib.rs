//! What a device speaks in its own access point (spec transports.md 2), as rules without I/O: bytes and time in, decisions
//! and bytes out.
//!
//! * [`http`]: which requests are served, which session each belongs to, and what is answered.
//! * [`dhcp`]: addresses for the guests.
//! * [`dns`]: every name is the device.
//!
//! Sockets are somebody else's: an operating system's or a chip's. The crate has no allocator and no clock; every packet and
//! request it reads may be hostile.

#![no_std]

#[cfg(test)]
extern crate std;

pub mod dhcp;
pub mod dns;
pub mod http;
