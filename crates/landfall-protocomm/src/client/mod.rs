//! The client's side: a handshake, and the session that comes out of it.
//!
//! [`crate::device`] shows both ends in an example.

use core::fmt;

use crate::{CryptoFailed, NonceRule, Random, srp, wire};

mod security1;
mod security2;
mod session;
#[cfg(test)]
mod tests;

pub use session::Session;

/// What a client knows of the device's secret.
#[derive(Clone, Copy)]
pub enum Security<'a> {
    /// Nothing is asked.
    Security0,
    /// Proof of possession; empty for none.
    Security1 {
        /// The proof of possession.
        pop: &'a [u8],
    },
    /// User name and password.
    Security2 {
        /// User name; not empty.
        username: &'a [u8],
        /// Password.
        password: &'a [u8],
        /// How the device forms IVs: `Counter` exactly if its `sec_patch_ver` is 1.
        nonce_rule: NonceRule,
        /// How the device's verifier was made.
        x_rule: XRule,
    },
}

/// The two ways in which known tools form x (spec protocol.md 6.2, quirks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum XRule {
    /// All 64 bytes of the inner hash.
    #[default]
    Full,
    /// Leading zero bytes of the inner hash are dropped, as esp_prov's generator does. Differs from `Full` for one
    /// credential in 256; see [`Security::x_rules_differ`].
    Stripped,
}

impl Security<'_> {
    /// Whether the two rules for x give different results for these credentials, so that a refused proof is worth
    /// another handshake with the other rule.
    pub fn x_rules_differ(&self) -> bool {
        match self {
            Self::Security0 | Self::Security1 { .. } => false,
            Self::Security2 { username, password, .. } => srp::x_rules_differ(username, password),
        }
    }
}

impl fmt::Debug for Security<'_> {
    /// Shows the scheme, never what the client knows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Security0 => f.write_str("Security0"),
            Self::Security1 { .. } => f.debug_struct("Security1").finish_non_exhaustive(),
            Self::Security2 { nonce_rule, x_rule, .. } => f
                .debug_struct("Security2")
                .field("nonce_rule", nonce_rule)
                .field("x_rule", x_rule)
                .finish_non_exhaustive(),
        }
    }
}

/// Why a handshake or a message failed, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The answer is no message.
    #[error("the device's answer cannot be read: {0}")]
    Decode(#[from] wire::DecodeError),
    /// The answer belongs to another security scheme.
    #[error("the device speaks another security scheme")]
    SchemeMismatch,
    /// The answer is not the one that was due.
    #[error("unexpected answer")]
    UnexpectedMessage,
    /// The device answered with a status.
    #[error("the device refused with status {0:?}")]
    Refused(wire::Status),
    /// A parameter of the device has the wrong size or value: not an honest device.
    #[error("bad handshake parameter: {0}")]
    InvalidParameter(&'static str),
    /// The device does not know the secret: it may be an impostor.
    #[error("the device could not prove that it knows the secret")]
    WrongProof,
    /// An answer that does not decrypt. The session is gone.
    #[error("the device's answer does not decrypt")]
    Decrypt,
    /// A request was sent and its answer never arrived: both ends may disagree on what was used, so nothing more is
    /// sent under these keys. Make a new session.
    #[error("the session is in doubt after an unanswered request")]
    InDoubt,
    /// The session's counter is at its end. Make a new session.
    #[error("the session's message counter is at its end")]
    CounterExhausted,
    /// An empty request: known devices fail on it.
    #[error("a request must not be empty")]
    EmptyRequest,
    /// User name empty or too long.
    #[error("bad credentials: {0}")]
    InvalidCredentials(&'static str),
    /// The caller's buffer is too small.
    #[error("buffer too small: {needed} bytes needed")]
    BufferTooSmall {
        /// Bytes needed.
        needed: usize,
    },
}

/// A handshake that waits for the device's answer.
pub struct Handshake<'a>(Awaiting<'a>);

/// What a client does after an answer.
#[expect(
    clippy::large_enum_variant,
    reason = "there is no allocator to box with, and steps are taken apart at once"
)]
pub enum Step<'a> {
    /// Send the first bytes of the request buffer, then give the answer to the handshake.
    Send(Handshake<'a>, usize),
    /// The session is established.
    Done(Session),
}

impl<'a> Handshake<'a> {
    /// A buffer of this size holds any handshake message for user names up to 64 bytes.
    pub const MAX_MESSAGE: usize = 512;

    /// Starts a handshake: writes the first message for `prov-session` into `request` and gives its length.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], [`Error::BufferTooSmall`].
    pub fn start(security: Security<'a>, request: &mut [u8], random: &mut dyn Random) -> Result<(Self, usize), Error> {
        let (awaiting, len) = match security {
            Security::Security0 => {
                let command = wire::SessionPayload::Sec0 {
                    msg: 0,
                    body: Some(wire::Sec0Body::Command),
                };
                (
                    Awaiting::Security0Response,
                    write(wire::Scheme::Security0, command, request)?,
                )
            }
            Security::Security1 { pop } => {
                let (awaiting, len) = security1::AwaitResponse0::start(pop, request, random)?;
                (Awaiting::Security1Response0(awaiting), len)
            }
            Security::Security2 {
                username,
                password,
                nonce_rule,
                x_rule,
            } => {
                let account = security2::Account {
                    username,
                    password,
                    nonce_rule,
                    x_rule,
                };
                let (awaiting, len) = security2::AwaitResponse0::start(account, request, random)?;
                (Awaiting::Security2Response0(awaiting), len)
            }
        };
        Ok((Self(awaiting), len))
    }

    /// Takes the device's answer; writes the next message, if any, into `request`.
    ///
    /// # Errors
    /// Any: the handshake is over.
    pub fn advance(self, response: &[u8], request: &mut [u8]) -> Result<Step<'a>, Error> {
        let message = wire::SessionData::decode(response)?;
        if message.sec_ver != self.0.scheme() {
            return Err(Error::SchemeMismatch);
        }
        let payload = message.payload.ok_or(Error::UnexpectedMessage)?;
        match self.0 {
            Awaiting::Security0Response => security0(payload).map(Step::Done),
            Awaiting::Security1Response0(awaiting) => {
                let (next, len) = awaiting.advance(payload, request)?;
                Ok(Step::Send(Self(Awaiting::Security1Response1(next)), len))
            }
            Awaiting::Security1Response1(awaiting) => awaiting.advance(payload).map(Step::Done),
            Awaiting::Security2Response0(awaiting) => {
                let (next, len) = awaiting.advance(payload, request)?;
                Ok(Step::Send(Self(Awaiting::Security2Response1(next)), len))
            }
            Awaiting::Security2Response1(awaiting) => awaiting.advance(payload).map(Step::Done),
        }
    }
}

impl fmt::Debug for Handshake<'_> {
    /// Shows which answer is due, never a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handshake").field(&self.0).finish()
    }
}

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(handshake, len) => f.debug_tuple("Send").field(handshake).field(len).finish(),
            Self::Done(session) => f.debug_tuple("Done").field(session).finish(),
        }
    }
}

/// Which answer is due, with what it takes to judge it.
#[expect(
    clippy::large_enum_variant,
    reason = "there is no allocator to box with, and a client has one handshake"
)]
enum Awaiting<'a> {
    Security0Response,
    Security1Response0(security1::AwaitResponse0<'a>),
    Security1Response1(security1::AwaitResponse1),
    Security2Response0(security2::AwaitResponse0<'a>),
    Security2Response1(security2::AwaitResponse1),
}

impl Awaiting<'_> {
    fn scheme(&self) -> wire::Scheme {
        match self {
            Self::Security0Response => wire::Scheme::Security0,
            Self::Security1Response0(_) | Self::Security1Response1(_) => wire::Scheme::Security1,
            Self::Security2Response0(_) | Self::Security2Response1(_) => wire::Scheme::Security2,
        }
    }
}

impl fmt::Debug for Awaiting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Security0Response => "Security0Response",
            Self::Security1Response0(_) => "Security1Response0",
            Self::Security1Response1(_) => "Security1Response1",
            Self::Security2Response0(_) => "Security2Response0",
            Self::Security2Response1(_) => "Security2Response1",
        })
    }
}

/// Judges the only answer of security 0 (spec protocol.md 4).
fn security0(payload: wire::SessionPayload<'_>) -> Result<Session, Error> {
    let wire::SessionPayload::Sec0 {
        msg: 1,
        body: Some(wire::Sec0Body::Response { status }),
    } = payload
    else {
        return Err(Error::UnexpectedMessage);
    };
    require_success(status)?;
    Ok(Session::plain())
}

/// What would become of a failure of [`Software`](crate::Software), which clients compute with and which never fails.
fn software_failed(_: CryptoFailed) -> Error {
    Error::Decrypt
}

fn require_success(status: wire::Status) -> Result<(), Error> {
    if status == wire::Status::Success {
        Ok(())
    } else {
        Err(Error::Refused(status))
    }
}

/// Writes a handshake message into the caller's buffer.
fn write(sec_ver: wire::Scheme, payload: wire::SessionPayload<'_>, request: &mut [u8]) -> Result<usize, Error> {
    let message = wire::SessionData {
        sec_ver,
        payload: Some(payload),
    };
    message
        .encode(request)
        .map_err(|error| Error::BufferTooSmall { needed: error.needed })
}
