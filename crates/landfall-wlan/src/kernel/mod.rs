//! What the kernel knows and does itself: interfaces and addresses (rtnetlink), radios (nl80211).

mod address;
mod interface;
mod joined;
pub(crate) mod radio;
mod strength;

use core::{fmt::Display, future::Future};

use tokio::task::AbortHandle;

pub(crate) use address::{AddressWatch, Addresses};
pub(crate) use interface::{Interface, interface, interfaces, is_blocked};
pub(crate) use joined::{Joined, joined};
pub(crate) use strength::strengths;

use crate::Error;

/// Drives a connection to the kernel for as long as this lives.
pub(crate) struct Driving(AbortHandle);

pub(crate) fn drive(connection: impl Future<Output = ()> + Send + 'static) -> Driving {
    Driving(tokio::spawn(connection).abort_handle())
}

impl Drop for Driving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) fn refused(what: &'static str, why: &dyn Display) -> Error {
    Error::Kernel {
        what,
        why: why.to_string(),
    }
}
