use core::fmt;

use super::guests;

/// The memory of a [`SoftApService`](super::SoftApService), for firmware to put where it likes: 2 KB and `REQUEST` octets for
/// each connection, and 4 KB for DHCP and DNS.
pub struct Room<const CONNECTIONS: usize, const REQUEST: usize> {
    pub(super) connections: [Desk<REQUEST>; CONNECTIONS],
    pub(super) guests: guests::Desk,
}

/// The memory of one connection.
pub(super) struct Desk<const REQUEST: usize> {
    /// What has come and is not read. As much as a client may send before it hears.
    pub(super) received: [u8; 1024],
    /// What was written and is not acknowledged.
    pub(super) sent: [u8; 1024],
    /// A request, then its answer.
    pub(super) request: [u8; REQUEST],
}

impl<const CONNECTIONS: usize, const REQUEST: usize> Room<CONNECTIONS, REQUEST> {
    /// Memory that is not used yet.
    pub const fn new() -> Self {
        Self {
            connections: [const { Desk::NEW }; CONNECTIONS],
            guests: guests::Desk::NEW,
        }
    }
}

impl<const CONNECTIONS: usize, const REQUEST: usize> Default for Room<CONNECTIONS, REQUEST> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const CONNECTIONS: usize, const REQUEST: usize> fmt::Debug for Room<CONNECTIONS, REQUEST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Room({CONNECTIONS} connections, requests of {REQUEST} octets)")
    }
}

impl<const REQUEST: usize> Desk<REQUEST> {
    const NEW: Self = Self {
        received: [0; 1024],
        sent: [0; 1024],
        request: [0; REQUEST],
    };
}
