//! What the errors of a client flow mean to its user.

use landfall_client::{Error, RadioProblem, TransportError, protocomm::client::Error as HandshakeError};

use super::{Failure, Problem};

impl Failure {
    /// What `error` of a flow with the device at `place` (an address, a port) means.
    pub(crate) fn of_client(error: &Error, place: &str) -> Self {
        match error {
            Error::Transport(error) => Self::of_transport(error, place),
            Error::WrongSecret => Self::new(Problem::WrongSecret),
            Error::SecretNeeded { device: 1 } => Self::new(Problem::PopMissing),
            Error::SecretNeeded { device: 2 } => Self::new(Problem::PasswordMissing),
            Error::SecretNeeded { device } => Self::new(Problem::SchemeUnknown)
                .saying(format!(
                    "the device uses security {device}, which this program does not have"
                ))
                .because("it is newer than this program, or no device of this kind"),
            Error::Handshake(error) => Self::of_handshake(*error),
            Error::Downgrade { device } => Self::new(Problem::Downgrade).hint(format!(
                "if you are sure that this device asks for none: --sec-ver {device}"
            )),
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

    /// What `error` of the way to `device` over Bluetooth means.
    pub(crate) fn of_bluetooth(error: &TransportError, device: &str) -> Self {
        match error {
            TransportError::Unreachable(why) => Self::new(Problem::BluetoothUnreachable)
                .saying(format!("{device} cannot be reached over Bluetooth"))
                .because(why),
            TransportError::TimedOut(_) => Self::new(Problem::BluetoothNoAnswer)
                .saying(format!("{device} does not answer over Bluetooth"))
                .because(error),
            TransportError::Lost(why) => Self::new(Problem::BluetoothLost).because(why),
            TransportError::Protocol(_) => Self::new(Problem::NotProvisioning)
                .saying(format!("{device} is not in provisioning"))
                .because(error),
            TransportError::TooLong(_) => Self::new(Problem::RequestTooLong)
                .because("a device takes values of at most 512 bytes over Bluetooth, and some take less"),
            error => Self::of_transport(error, device),
        }
    }

    /// Why this computer's Bluetooth cannot be used.
    pub(crate) fn of_radio(problem: &RadioProblem) -> Self {
        match problem {
            RadioProblem::NoService => Self::new(Problem::BluetoothNoService),
            RadioProblem::NotPermitted => Self::new(Problem::BluetoothNotPermitted),
            RadioProblem::NoAdapter => {
                Self::new(Problem::BluetoothNoAdapter).saying("this computer has no Bluetooth adapter")
            }
            RadioProblem::NoSuchAdapter { wanted, known } => Self::new(Problem::BluetoothNoAdapter)
                .saying(format!("there is no Bluetooth adapter {wanted}"))
                .because(match known.as_slice() {
                    [] => "this computer has none".to_owned(),
                    known => format!("this computer has {}", known.join(", ")),
                })
                .hint("name one of those, or leave out --adapter"),
            RadioProblem::Controller { is_silent: true, why } => Self::new(Problem::ControllerSilent).because(why),
            RadioProblem::Controller { why, .. } => Self::new(Problem::ControllerUnusable).because(why),
            RadioProblem::Off => Self::new(Problem::BluetoothOff),
            RadioProblem::Blocked => Self::new(Problem::BluetoothBlocked),
            problem => Self::new(Problem::BluetoothBroken).because(problem),
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
            TransportError::EmptyRequest => Self::new(Problem::BadArgument).because(error),
            TransportError::EncryptionNeeded => Self::new(Problem::NotEncrypted),
            TransportError::Radio(problem) => Self::of_radio(problem),
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
