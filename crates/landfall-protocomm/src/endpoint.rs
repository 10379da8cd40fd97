use core::fmt;

/// The name of an endpoint: what a request is addressed to.
///
/// Names are case-sensitive on the device. Over HTTP the name is the path, over BLE it is the characteristic's
/// user description (0x2901).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint<'a>(&'a str);

impl<'a> Endpoint<'a> {
    /// Version and capabilities as JSON text; never encrypted.
    pub const VERSION: Endpoint<'static> = Endpoint("proto-ver");
    /// The security handshake ([`crate::wire::SessionData`]); never encrypted.
    pub const SESSION: Endpoint<'static> = Endpoint("prov-session");
    /// Wi-Fi (or Thread) credentials and connection status.
    pub const CONFIG: Endpoint<'static> = Endpoint("prov-config");
    /// Scans for networks.
    pub const SCAN: Endpoint<'static> = Endpoint("prov-scan");
    /// Reset after a failure and re-provisioning; since ESP-IDF v5.1.
    pub const CTRL: Endpoint<'static> = Endpoint("prov-ctrl");
    /// The endpoint that Espressif's example application adds.
    pub const CUSTOM_DATA: Endpoint<'static> = Endpoint("custom-data");

    /// The endpoints every device has, in the order in which they are registered.
    pub const BUILT_IN: [Endpoint<'static>; 5] = [
        Endpoint::SESSION,
        Endpoint::VERSION,
        Endpoint::CONFIG,
        Endpoint::SCAN,
        Endpoint::CTRL,
    ];

    /// The longest name accepted, in bytes. The protocol sets no limit; this one keeps URIs and BLE descriptors small.
    pub const MAX_LEN: usize = 64;

    /// Takes `name` as an endpoint's name.
    ///
    /// # Errors
    /// When the name is empty, longer than [`Endpoint::MAX_LEN`], or has a byte that cannot stand in a URI path
    /// segment unescaped (allowed: ASCII letters, digits, `-`, `_`, `.`).
    pub fn new(name: &'a str) -> Result<Self, InvalidEndpoint> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > Self::MAX_LEN || !name.bytes().all(allowed) {
            return Err(InvalidEndpoint);
        }
        Ok(Self(name))
    }

    /// The name as it stands on the wire.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

impl fmt::Display for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A string that cannot name an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an endpoint's name has 1 to {max} ASCII letters, digits, '-', '_' or '.'", max = Endpoint::MAX_LEN)]
pub struct InvalidEndpoint;
