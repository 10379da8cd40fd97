//! What went wrong, why, and what to do next.

use core::fmt;

use landfall_client::{Error, TransportError, protocomm::client::Error as HandshakeError};

use crate::exit::Exit;

/// A command that failed, as a person hears of it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code the program ends with.
    pub(crate) exit: Exit,
    /// What happened, without a full stop. Never holds a secret.
    pub(crate) message: String,
    /// Why, if more is known than the message says.
    pub(crate) cause: Option<String>,
    /// What to do next, best first, with the command to type where there is one.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    /// A failure without a cause or a hint yet.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            cause: None,
            hints: Vec::new(),
        }
    }

    /// A command line that clap cannot know to be wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Adds why it happened.
    #[must_use]
    pub(crate) fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What a client flow's error means to the user of the device at `host`.
    pub(crate) fn of_client(error: &Error, host: &str) -> Self {
        let exit = Exit::of(error);
        match error {
            Error::Transport(error) => Self::of_transport(exit, error, host),
            Error::WrongSecret => Self::new(exit, "the device refuses the secret")
                .because("it was made with another proof of possession, user name or password")
                .hint("they are on the device's label or in its QR code: try --qr 'TEXT OF THE CODE'")
                .hint("after several wrong tries a device may refuse everyone for a while: wait, then try again"),
            Error::SecretNeeded { device: 1 } => Self::new(exit, "the device wants a proof of possession")
                .hint("give it with --pop, --pop-file or LANDFALL_POP"),
            Error::SecretNeeded { device } => Self::new(
                exit,
                format!("the device uses security {device}, which needs a user name and a password"),
            )
            .hint("give them with --username and --password (or --password-file, or LANDFALL_PASSWORD)"),
            Error::Handshake(error) => Self::of_handshake(*error),
            Error::Downgrade { .. } => Self::new(exit, "the device says that it asks for no secret, but one was given")
                .because("what it says is not protected: somebody on the way may want to read along")
                .hint("if you are sure that this device has no security: --sec-ver 0"),
            Error::UnknownScheme => Self::new(exit, "the device does not tell its security scheme")
                .because("its firmware is older than the scheme's announcement")
                .hint("say which one: --sec-ver 0, 1 or 2"),
            Error::InsecureDevice => Self::new(exit, "the device is refused, as --require-patched asks")
                .because("its security 2 uses one nonce for all messages (firmware before March 2025)")
                .hint("update its firmware, or leave out --require-patched to accept the risk"),
            Error::ScanUnsupported => {
                Self::new(exit, "the device cannot scan for networks").hint("name the network yourself: --ssid NAME")
            }
            Error::Status { operation: "Reset", .. } => Self::new(exit, "the device refuses to be reset")
                .because(error)
                .hint("it takes a reset only after a failed attempt to join a network; otherwise just provision it"),
            Error::Status {
                operation: "Reprov", ..
            } => Self::new(exit, "the device refuses to be provisioned again")
                .because(error)
                .hint("only a device that was built to stay in service takes this; others need a factory reset"),
            Error::Status { .. } => Self::new(exit, "the device refuses")
                .because(error)
                .hint("if it holds on to an earlier attempt: landfall reset"),
            Error::TimedOut(_) => Self::new(exit, "the device came to no result")
                .because(error)
                .hint("wait longer with --timeout SECONDS, or ask it again: landfall info"),
            Error::InvalidInput(what) => Self::usage(*what),
            _ => {
                Self::new(exit, error.to_string()).hint("run it again with -v, and tell the device's maker if it stays")
            }
        }
    }

    fn of_transport(exit: Exit, error: &TransportError, host: &str) -> Self {
        match error {
            TransportError::Unreachable(why) => Self::new(exit, format!("no device can be reached at {host}"))
                .because(why)
                .hint("join the device's own Wi-Fi network first, or say where it is: --host HOST:PORT"),
            TransportError::Busy => Self::new(exit, "the device is busy with another client")
                .hint("close the other app or program, or try again in some seconds"),
            TransportError::TimedOut(_) => Self::new(exit, format!("the device at {host} does not answer"))
                .because(error)
                .hint("move closer to it, or wait longer with --timeout SECONDS"),
            TransportError::Refused => Self::new(exit, "the device refused the request without an answer")
                .hint("its provisioning may be over, or it may not know this request: landfall info"),
            TransportError::NoSuchEndpoint => Self::new(exit, "the device has no endpoint of this name")
                .hint("names are case-sensitive; what the device offers: landfall info"),
            TransportError::Lost(why) => Self::new(exit, "the connection to the device was lost")
                .because(why)
                .hint("rejoin the device's own Wi-Fi network and try again"),
            _ => Self::new(exit, format!("what answers at {host} is not a device in provisioning"))
                .because(error)
                .hint("check the address: --host HOST:PORT"),
        }
    }

    fn of_handshake(error: HandshakeError) -> Self {
        match error {
            HandshakeError::SchemeMismatch => Self::new(Exit::Failure, "the device uses another security scheme")
                .hint("leave out --sec-ver to have the device's own one chosen"),
            HandshakeError::WrongProof => Self::new(
                Exit::SecretRefused,
                "the device could not prove that it knows the secret",
            )
            .because("the secret is another device's, or this one is an impostor")
            .hint("check the secret on the device's label"),
            HandshakeError::InvalidCredentials(what) => Self::usage(what),
            error => Self::new(Exit::Failure, "no session could be opened with the device")
                .because(error)
                .hint("try again; if it stays, restart the device"),
        }
    }
}
