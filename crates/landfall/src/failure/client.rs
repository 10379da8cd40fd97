//! What the errors of a client flow mean to its user.

use landfall_client::{Error, TransportError, protocomm::client::Error as HandshakeError};

use super::{Failure, Problem};

impl Failure {
    /// What `error` of a flow with the device at `place` (an address, a port) means.
    pub(crate) fn of_client(error: &Error, place: &str) -> Self {
        match error {
            Error::Transport(error) => Self::of_transport(error, place),
            Error::WrongSecret => Self::new(Problem::WrongSecret),
            Error::SecretNeeded { device: 1 } => Self::new(Problem::PopMissing),
            Error::SecretNeeded { .. } => Self::new(Problem::PasswordMissing),
            Error::Handshake(error) => Self::of_handshake(*error),
            Error::Downgrade { .. } => Self::new(Problem::Downgrade),
            Error::UnknownScheme => Self::new(Problem::SchemeUnknown),
            Error::InsecureDevice => Self::new(Problem::InsecureDevice),
            Error::ScanUnsupported => Self::new(Problem::ScanUnsupported),
            Error::Status { operation: "Reset", .. } => Self::new(Problem::ResetRefused).because(error),
            Error::Status {
                operation: "Reprov", ..
            } => Self::new(Problem::ReprovisionRefused).because(error),
            Error::Status { .. } => Self::new(Problem::StatusRefused).because(error),
            Error::TimedOut(_) => Self::new(Problem::NoResult).because(error),
            Error::InvalidInput(what) => Self::new(Problem::BadArgument).saying(*what),
            _ => Self::new(Problem::BadAnswer).because(error),
        }
    }

    fn of_transport(error: &TransportError, place: &str) -> Self {
        match error {
            TransportError::Unreachable(why) => Self::new(Problem::Unreachable)
                .saying(format!("no device can be reached at {place}"))
                .because(why),
            TransportError::Busy => Self::new(Problem::Busy),
            TransportError::TimedOut(_) => Self::new(Problem::NoAnswer)
                .saying(format!("the device at {place} does not answer"))
                .because(error),
            TransportError::Refused => Self::new(Problem::RequestRefused),
            TransportError::NoSuchEndpoint => Self::new(Problem::NoSuchEndpoint),
            TransportError::TooLong(_) => Self::new(Problem::RequestTooLong).because(error),
            TransportError::Lost(why) => Self::new(Problem::ConnectionLost).because(why),
            _ => Self::new(Problem::NotADevice)
                .saying(format!("what answers at {place} is not a device in provisioning"))
                .because(error),
        }
    }

    fn of_handshake(error: HandshakeError) -> Self {
        match error {
            HandshakeError::SchemeMismatch => Self::new(Problem::SchemeMismatch),
            HandshakeError::WrongProof => Self::new(Problem::Impostor),
            HandshakeError::InvalidCredentials(what) => Self::new(Problem::BadArgument).saying(what),
            error => Self::new(Problem::NoSession).because(error),
        }
    }
}
