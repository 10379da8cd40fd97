use core::fmt;

/// The number a transport gives a session: a GATT connection handle, an HTTP cookie, a number typed on the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(u32);

impl SessionId {
    /// Takes `id` as a session's number; `None` for 0xFFFF_FFFF, which stands for "no session" (spec transports.md).
    pub const fn new(id: u32) -> Option<Self> {
        if id == u32::MAX { None } else { Some(Self(id)) }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How security 2 forms the IV of each message (spec protocol.md 6.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonceRule {
    /// `sec_patch_ver` 1, since March 2025: 8 random bytes and a counter that both directions share.
    #[default]
    Counter,
    /// No `sec_patch_ver`: one IV for every message of the session, as firmware and clients of 2022 have it.
    ///
    /// This reuses a GCM nonce, so anyone who records a session can forge and partly read messages. A client needs
    /// it to reach old devices; a device that offers it gives up the protection of security 2.
    StaticInsecure2022,
}

/// `msg` of the client's first message, in the payloads of security 1 and 2 alike (spec protocol.md 3.2).
pub(crate) const COMMAND0: i32 = 0;
/// `msg` of the device's first answer.
pub(crate) const RESPONSE0: i32 = 1;
/// `msg` of the client's second message.
pub(crate) const COMMAND1: i32 = 2;
/// `msg` of the device's second answer.
pub(crate) const RESPONSE1: i32 = 3;
