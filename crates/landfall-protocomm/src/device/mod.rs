//! The device's side: one security scheme, at most one session at a time (spec protocol.md 5.4).
//!
//! [`Device`] takes the messages of `prov-session`, and decrypts requests and encrypts responses of the session that
//! came out of them. It neither knows endpoints' handlers nor a transport.
//!
//! # Examples
//!
//! A client and a device in one room; a transport would carry the bytes between them.
//!
//! ```
//! use landfall_protocomm::{Instant, SessionId, client, device};
//!
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! // Stands for the platform's cryptographically secure source.
//! let mut seed = 7u8;
//! let mut random = |bytes: &mut [u8]| {
//!     bytes.fill_with(|| {
//!         seed = seed.wrapping_mul(5).wrapping_add(1);
//!         seed
//!     })
//! };
//!
//! let id = SessionId::new(1).ok_or("the number that stands for no session")?;
//! let mut device = device::Device::new(device::Security::Security1 { pop: Some(b"abcd1234") });
//! device.open_session(id);
//!
//! // The handshake: two messages each way, on the endpoint `prov-session`.
//! let (mut request, mut response) = ([0; client::Handshake::MAX_MESSAGE], [0; device::Device::MAX_RESPONSE]);
//! let security = client::Security::Security1 { pop: b"abcd1234" };
//! let (mut handshake, mut len) = client::Handshake::start(security, &mut request, &mut random)?;
//! let mut session = loop {
//!     let answer = device.handshake(id, &request[..len], &mut response, Instant::ZERO, &mut random)?;
//!     match handshake.advance(&response[..answer], &mut request)? {
//!         client::Step::Send(next, next_len) => (handshake, len) = (next, next_len),
//!         client::Step::Done(session) => break session,
//!     }
//! };
//! assert_eq!(device.poll_event(), Some(device::Event::SetupOk));
//!
//! // A request and its answer, on any other endpoint.
//! let mut buffer = [0; 64];
//! buffer[..5].copy_from_slice(b"hello");
//! let sent = session.encrypt(&mut buffer, 5)?;
//! let plain_len = device.decrypt(id, &mut buffer[..sent])?.len();
//! assert_eq!(buffer[..plain_len], *b"hello");
//! let answered = device.encrypt(id, &mut buffer, plain_len)?;
//! assert_eq!(session.decrypt(&mut buffer[..answered])?, b"hello");
//! # Ok(())
//! # }
//! ```

use core::{fmt, time::Duration};

use crate::{
    Crypto, CryptoFailed, Instant, NonceRule, Random, SessionId, Software,
    cipher::{CipherError, SessionCipher},
    srp, wire,
};

mod events;
mod lockout;
mod security1;
mod security2;
#[cfg(test)]
mod tests;

use self::{events::Events, lockout::Lockout};

/// What a device asks of a client before it takes its requests.
#[derive(Clone, Copy)]
pub enum Security<'a> {
    /// Nothing: requests travel in the clear.
    Security0,
    /// X25519 and AES-CTR, with an optional proof of possession.
    Security1 {
        /// The proof of possession; `None` and an empty one both ask for none (only `None` shows as `no_pop`).
        pop: Option<&'a [u8]>,
    },
    /// SRP-6a and AES-GCM.
    Security2 {
        /// Salt and verifier of the one user.
        verifier: srp::Verifier<'a>,
        /// How IVs are formed.
        nonce_rule: NonceRule,
    },
}

impl fmt::Debug for Security<'_> {
    /// Shows the scheme, never the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Security0 => f.write_str("Security0"),
            Self::Security1 { .. } => f.debug_struct("Security1").finish_non_exhaustive(),
            Self::Security2 { nonce_rule, .. } => f
                .debug_struct("Security2")
                .field("nonce_rule", nonce_rule)
                .finish_non_exhaustive(),
        }
    }
}

/// What the application may want to know of the handshake (`PROTOCOMM_SECURITY_SESSION_EVENT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A session was established.
    SetupOk,
    /// A handshake message had missing or ill-sized parameters.
    InvalidSecurityParams,
    /// The client does not know the secret.
    CredentialsMismatch,
    /// Too many wrong proofs in a row: new handshakes are refused until then.
    LockedOut {
        /// When handshakes are accepted again.
        until: Instant,
    },
}

/// Why a message was refused. The client sees only that the transport failed (spec protocol.md 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message belongs to no open session, or to another one.
    #[error("no such session")]
    UnknownSession,
    /// A request before the handshake was finished.
    #[error("the session is not established")]
    NotEstablished,
    /// Not a message.
    #[error(transparent)]
    Decode(#[from] wire::DecodeError),
    /// The message is for another security scheme.
    #[error("the client speaks another security scheme")]
    SchemeMismatch,
    /// A handshake message out of order.
    #[error("handshake message out of order")]
    UnexpectedMessage,
    /// A parameter is missing or has the wrong size or value.
    #[error("bad handshake parameter: {0}")]
    InvalidParameter(&'static str),
    /// The client does not know the secret.
    #[error("the client's proof is wrong")]
    WrongProof,
    /// Too many wrong proofs: try again after this time.
    #[error("handshakes are refused for {} ms more after too many wrong proofs", .0.as_millis())]
    LockedOut(Duration),
    /// A request that does not decrypt. The session is gone.
    #[error("the request does not decrypt")]
    Decrypt,
    /// The session's counter is at its end. The session is gone.
    #[error("the session's message counter is at its end")]
    CounterExhausted,
    /// What the device computes with gave up; never under [`Software`]. The handshake or the session is gone.
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
    /// The caller's buffer is too small.
    #[error("buffer too small: {needed} bytes needed")]
    BufferTooSmall {
        /// Bytes needed.
        needed: usize,
    },
}

/// Work that no reply waits for: do it when there is time, best right after the last reply has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Work out the shared secret of the handshake under way; without it Command1 does it and is late.
    SharedSecret,
    /// Draw the ephemeral key of the next handshake; without it Command0 does it and is late.
    Ephemeral,
}

/// A device's security scheme and its session.
///
/// Takes less than 2 KB. Keys are wiped when the session ends and when the device is dropped. `C` is what it computes
/// with.
pub struct Device<'a, C = Software> {
    crypto: C,
    security: Security<'a>,
    session: Option<SessionId>,
    state: State,
    /// Drawn ahead, for the next Command0 of security 2; from then on that of the handshake under way, until its shared
    /// secret is worked out.
    ephemeral: Option<srp::Ephemeral>,
    lockout: Lockout,
    events: Events,
}

impl<'a> Device<'a> {
    /// Bytes a message grows by when encrypted, at most (the GCM tag).
    pub const MAX_OVERHEAD: usize = 16;

    /// A buffer of this size holds any answer of [`Device::handshake`].
    pub const MAX_RESPONSE: usize = 512;

    /// A device without a session.
    pub fn new(security: Security<'a>) -> Self {
        Self::with_crypto(security, Software)
    }
}

impl<'a, C: Crypto> Device<'a, C> {
    /// A device without a session, on a chip that does the heavy work in hardware.
    pub fn with_crypto(security: Security<'a>, crypto: C) -> Self {
        Self {
            crypto,
            security,
            session: None,
            state: State::Idle,
            ephemeral: None,
            lockout: Lockout::default(),
            events: Events::default(),
        }
    }

    /// The scheme.
    pub fn security(&self) -> &Security<'a> {
        &self.security
    }

    /// Opens session `id`; another open session is closed and wiped. Opening the open session changes nothing.
    pub fn open_session(&mut self, id: SessionId) {
        if self.session != Some(id) {
            self.wipe();
            self.session = Some(id);
        }
    }

    /// Closes session `id` and wipes its keys.
    ///
    /// # Errors
    /// [`Error::UnknownSession`] if it is not the open one; nothing changes then.
    pub fn close_session(&mut self, id: SessionId) -> Result<(), Error> {
        self.require_open(id)?;
        self.wipe();
        self.session = None;
        Ok(())
    }

    /// The open session.
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// Whether requests of the open session are taken (always, under security 0).
    pub fn is_established(&self) -> bool {
        match self.security {
            Security::Security0 => self.session.is_some(),
            Security::Security1 { .. } | Security::Security2 { .. } => matches!(self.state, State::Established(_)),
        }
    }

    /// Takes one message of `prov-session` and writes the answer into `response`; gives its length.
    ///
    /// # Errors
    /// The transport must then fail the request without a body. Which errors end the session: spec protocol.md 5.4,
    /// and any wrong proof. [`Error::BufferTooSmall`], which [`Device::MAX_RESPONSE`] avoids, ends the handshake under
    /// way.
    pub fn handshake(
        &mut self,
        id: SessionId,
        request: &[u8],
        response: &mut [u8],
        now: Instant,
        random: &mut dyn Random,
    ) -> Result<usize, Error> {
        self.require_open(id)?;
        let message = wire::SessionData::decode(request)?;
        let turn = Turn { response, now, random };
        match (self.security, message.sec_ver, message.payload) {
            (Security::Security0, wire::Scheme::Security0, _) => security0(turn),
            (Security::Security1 { pop }, wire::Scheme::Security1, Some(wire::SessionPayload::Sec1 { msg, body })) => {
                self.security1(pop.unwrap_or_default(), msg, body, turn)
            }
            (
                Security::Security2 { verifier, nonce_rule },
                wire::Scheme::Security2,
                Some(wire::SessionPayload::Sec2 { msg, body }),
            ) => self.security2(verifier, nonce_rule, msg, body, turn),
            _ => Err(Error::SchemeMismatch),
        }
    }

    /// Decrypts a request in place and gives the plain part of `message`.
    ///
    /// # Errors
    /// [`Error::UnknownSession`] and [`Error::NotEstablished`] leave the cipher where it was; after
    /// [`Error::Decrypt`], [`Error::CounterExhausted`] and [`Error::Crypto`] the session is gone: the id stays open, for
    /// a new handshake.
    pub fn decrypt<'m>(&mut self, id: SessionId, message: &'m mut [u8]) -> Result<&'m mut [u8], Error> {
        self.require_open(id)?;
        match (&self.security, &mut self.state) {
            (Security::Security0, _) => Ok(message),
            (_, State::Established(cipher)) => {
                let opened = cipher.open(&mut self.crypto, message);
                opened.map_err(|error| self.cipher_failed(error))
            }
            _ => Err(Error::NotEstablished),
        }
    }

    /// Encrypts the first `len` bytes of `buffer` in place and gives the length of the message.
    ///
    /// # Errors
    /// As [`Device::decrypt`]; [`Error::BufferTooSmall`] if the tag does not fit, and nothing changes then.
    pub fn encrypt(&mut self, id: SessionId, buffer: &mut [u8], len: usize) -> Result<usize, Error> {
        self.require_open(id)?;
        match (&self.security, &mut self.state) {
            (Security::Security0, _) if len <= buffer.len() => Ok(len),
            (Security::Security0, _) => Err(Error::BufferTooSmall { needed: len }),
            (_, State::Established(cipher)) => {
                let sealed = cipher.seal(&mut self.crypto, buffer, len);
                sealed.map_err(|error| self.cipher_failed(error))
            }
            _ => Err(Error::NotEstablished),
        }
    }

    /// Work that is better done now than when a client waits for it.
    pub fn pending_work(&self) -> Option<Work> {
        match (&self.security, &self.state) {
            (Security::Security2 { .. }, State::Exchange(_)) => Some(Work::SharedSecret),
            // A client waits for the end of its handshake, not for the key of the next.
            (Security::Security2 { .. }, State::Prove(_)) => None,
            (Security::Security2 { .. }, _) if self.ephemeral.is_none() => Some(Work::Ephemeral),
            _ => None,
        }
    }

    /// Does the pending work, if any. It stays pending if [`CryptoFailed`] keeps a key from being drawn; a handshake
    /// without a shared secret is over, and its Command1 out of order.
    pub fn work(&mut self, random: &mut dyn Random) {
        let Security::Security2 { verifier, .. } = self.security else {
            return;
        };
        match self.pending_work() {
            // Command1 will show it.
            Some(Work::SharedSecret) => drop(self.share_secret(&verifier)),
            Some(Work::Ephemeral) => drop(self.draw_ephemeral(&verifier, random)),
            None => {}
        }
    }

    /// The next event, oldest first. Bounded: at most the last few are kept.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    fn require_open(&self, id: SessionId) -> Result<(), Error> {
        if self.session == Some(id) {
            Ok(())
        } else {
            Err(Error::UnknownSession)
        }
    }

    /// Forgets the session's keys; its id stays open.
    fn wipe(&mut self) {
        if matches!(self.state, State::Exchange(_)) {
            // It belongs to this handshake: no key pair is used twice.
            self.ephemeral = None;
        }
        self.state = State::Idle;
    }

    /// The one way into an established session.
    fn establish(&mut self, cipher: SessionCipher) {
        self.state = State::Established(cipher);
        self.lockout.reset();
        self.events.push(Event::SetupOk);
    }

    /// Ends the handshake of a client that does not know the secret: each guess costs a new one.
    fn refuse_proof(&mut self, now: Instant) -> Error {
        self.wipe();
        self.events.push(Event::CredentialsMismatch);
        if let Some(until) = self.lockout.count_failure(now) {
            self.events.push(Event::LockedOut { until });
        }
        Error::WrongProof
    }

    /// Refuses a parameter with the event that spec protocol.md 5.5 and 6.4 name.
    fn refuse_parameter(&mut self, what: &'static str) -> Error {
        self.events.push(Event::InvalidSecurityParams);
        Error::InvalidParameter(what)
    }

    /// Ends the session unless only the caller's buffer was too small: the other end is out of step now.
    fn cipher_failed(&mut self, error: CipherError) -> Error {
        let error = match error {
            CipherError::BufferTooSmall { needed } => return Error::BufferTooSmall { needed },
            CipherError::Forged => Error::Decrypt,
            CipherError::CounterExhausted => Error::CounterExhausted,
            CipherError::Crypto => Error::Crypto(CryptoFailed),
        };
        self.wipe();
        error
    }
}

impl<C> fmt::Debug for Device<'_, C> {
    /// Shows where the session stands, never a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("session", &self.session.map(SessionId::get))
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Where the session stands (`state` of spec protocol.md 5.4), with what that takes.
enum State {
    /// CMD0. Also security 0, which has no session state.
    Idle,
    /// CMD1 under security 1.
    Verify(security1::Verify),
    /// CMD1 under security 2, before the shared secret is worked out.
    Exchange(security2::Exchange),
    /// CMD1 under security 2.
    Prove(srp::DeviceProofs),
    /// DONE.
    Established(SessionCipher),
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "Idle",
            Self::Verify(_) => "Verify",
            Self::Exchange(_) => "Exchange",
            Self::Prove(_) => "Prove",
            Self::Established(_) => "Established",
        })
    }
}

/// What the caller of [`Device::handshake`] lends to the scheme.
struct Turn<'t> {
    response: &'t mut [u8],
    now: Instant,
    random: &'t mut dyn Random,
}

impl Turn<'_> {
    fn reply(&mut self, sec_ver: wire::Scheme, payload: wire::SessionPayload<'_>) -> Result<usize, Error> {
        let message = wire::SessionData {
            sec_ver,
            payload: Some(payload),
        };
        message
            .encode(self.response)
            .map_err(|error| Error::BufferTooSmall { needed: error.needed })
    }
}

/// Answers any message of scheme 0, whatever it carries (spec protocol.md 4).
fn security0(mut turn: Turn<'_>) -> Result<usize, Error> {
    let body = wire::Sec0Body::Response {
        status: wire::Status::Success,
    };
    turn.reply(
        wire::Scheme::Security0,
        wire::SessionPayload::Sec0 {
            msg: 1,
            body: Some(body),
        },
    )
}
