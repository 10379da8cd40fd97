//! The golden vectors of landfall-protocomm's tests, as the build script turned them into Rust.

/// A recorded message.
#[derive(Debug)]
pub struct Message {
    /// Its name.
    pub name: &'static str,
    /// What travels.
    pub bytes: &'static [u8],
}

/// What a device without protection answers.
#[derive(Debug)]
pub struct Behaviour {
    /// What is tried.
    pub case: &'static str,
    /// Where it is sent.
    pub endpoint: &'static str,
    /// What is sent.
    pub request: &'static [u8],
    /// The answer; `None` if the request fails.
    pub response: Option<&'static [u8]>,
}

/// A handshake and the session after it.
#[derive(Debug)]
pub struct Handshake {
    /// Name of the file.
    pub name: &'static str,
    /// The client's random bytes.
    pub client_private: &'static [u8],
    /// The device's first random bytes.
    pub device_private: &'static [u8],
    /// The scheme, and what belongs to it.
    pub secrets: Secrets,
    /// Command0, Response0, Command1, Response1.
    pub messages: [&'static [u8]; 4],
    /// Requests and answers in order.
    pub exchanges: &'static [Exchange],
}

/// What the ends of a handshake know.
#[derive(Debug)]
pub enum Secrets {
    /// X25519.
    Security1 {
        /// Proof of possession.
        pop: Option<&'static [u8]>,
        /// The device's further random bytes.
        device_random: &'static [u8],
    },
    /// SRP.
    Security2 {
        /// User name.
        username: &'static [u8],
        /// Password.
        password: &'static [u8],
        /// Salt.
        salt: &'static [u8],
        /// Verifier.
        verifier: &'static [u8],
        /// The nonce as the device sends it.
        device_nonce: &'static [u8],
        /// Whether IVs count (`sec_patch_ver` 1).
        counter: bool,
    },
}

/// A request and its answer, in the clear and as they travel.
#[derive(Debug)]
pub struct Exchange {
    /// In the clear.
    pub request_plain: &'static [u8],
    /// As it travels.
    pub request_wire: &'static [u8],
    /// In the clear.
    pub response_plain: &'static [u8],
    /// As it travels.
    pub response_wire: &'static [u8],
}

/// A verifier by each of the two rules for x.
#[derive(Debug)]
pub struct Credential {
    /// What is special about it.
    pub case: &'static str,
    /// User name.
    pub username: &'static [u8],
    /// Password.
    pub password: &'static [u8],
    /// Salt.
    pub salt: &'static [u8],
    /// The verifier if leading zero bytes stay.
    pub full: Option<&'static [u8]>,
    /// The verifier if they are dropped.
    pub stripped: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/vectors.rs"));
