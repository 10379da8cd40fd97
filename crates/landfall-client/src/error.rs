use landfall_protocomm::{client, wire::Status};

use crate::TransportError;

/// Why a flow failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The transport failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The device refused our proof: the secret is wrong (or the device is of another make for this user).
    #[error("the device refused the secret")]
    WrongSecret,
    /// The device could not prove itself, or broke the handshake.
    #[error(transparent)]
    Handshake(client::Error),
    /// The device needs a secret of another kind.
    #[error("the device uses security {device}, for which no secret was given")]
    SecretNeeded {
        /// The device's scheme.
        device: u8,
    },
    /// A secret was given, and the device says that it asks for none. What it says is not authenticated.
    #[error("a secret was given, but the device says that it asks for none (security {device})")]
    Downgrade {
        /// The scheme it says.
        device: u8,
    },
    /// The device does not say which scheme it uses, and none was chosen.
    #[error("the device does not tell its security scheme")]
    UnknownScheme,
    /// The device promised less than was asked for: its nonce rule is the broken one of 2022.
    #[error("the device uses the insecure nonce rule of firmware before March 2025")]
    InsecureDevice,
    /// The device cannot scan.
    #[error("the device cannot scan for networks")]
    ScanUnsupported,
    /// No session is open, or the one that was is in doubt after an unanswered request.
    #[error("no session is open")]
    NoSession,
    /// The device answered a request with a status.
    #[error("the device answered {operation} with {status:?}")]
    Status {
        /// What was asked.
        operation: &'static str,
        /// The answer's status.
        status: Status,
    },
    /// An answer that makes no sense.
    #[error("the device's answer to {operation} cannot be read")]
    BadAnswer {
        /// What was asked.
        operation: &'static str,
    },
    /// What the caller gave cannot be sent.
    #[error("{0}")]
    InvalidInput(&'static str),
    /// The device did not come to a result in time.
    #[error("no result within {0} s")]
    TimedOut(u64),
}

impl Error {
    /// What the `status` of an answer to `operation` means: an error, unless it is success.
    pub fn of_status(operation: &'static str, status: Status) -> Option<Self> {
        (status != Status::Success).then_some(Self::Status { operation, status })
    }

    /// Whether this says nothing of the device's will: the exchange failed on the way, or came back garbled, and may
    /// succeed over a new connection and a new session.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Transport(error) => !matches!(
                error,
                TransportError::NoSuchEndpoint
                    | TransportError::TooLong(_)
                    | TransportError::Protocol(_)
                    | TransportError::HttpStatus(_)
            ),
            // A device that cannot prove itself may be an impostor: never try again by ourselves.
            Self::Handshake(error) => !matches!(
                error,
                client::Error::WrongProof | client::Error::SchemeMismatch | client::Error::InvalidCredentials(_)
            ),
            Self::BadAnswer { .. } | Self::NoSession => true,
            _ => false,
        }
    }
}
