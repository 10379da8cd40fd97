//! A device and a client in one program, joined by a function call: whole provisionings that need neither std nor an
//! allocator, neither a clock nor a radio.
//!
//! [`provision`] is the client's flow, the same for every scheme. Whoever runs it is the [`World`]: it can measure each
//! piece of work, and lose messages.
#![no_std]

mod client;
mod device;
mod secrets;

pub use client::{Client, Failed, Network, provision};
pub use device::{Device, NETWORKS, PASSPHRASE, SSID, Seen};
pub use secrets::{Counter, PASSWORD, POP, USERNAME, security0, security1, security2};

/// Who does a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The device.
    Device,
    /// The client.
    Client,
}

/// What is around the two.
pub trait World {
    /// Has a piece of work done, which may be measured. `step` names it.
    fn work<R>(&mut self, side: Side, step: &'static str, work: impl FnOnce() -> R) -> R {
        let _ = (side, step);
        work()
    }

    /// Whether the device does heavy work when it is offered, so that no request has to wait for it.
    fn prepares(&self) -> bool {
        true
    }

    /// Whether the link loses the message that is under way now, in whichever direction.
    fn loses(&mut self) -> bool {
        false
    }
}

/// A world in which nothing is measured and nothing gets lost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl World for Quiet {}
