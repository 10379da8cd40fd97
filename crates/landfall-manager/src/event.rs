use landfall_protocomm::{Instant, device};

use crate::{Credentials, ScanPlan, Ssid, Station};

/// What the manager wants. Drain with [`crate::Manager::poll`] after every input until `WakeAt` comes.
///
/// Who does not drain between two inputs gets the newest wish of each kind and the newest event: what the world should
/// become is never lost, what led there may be.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Tell the application.
    Event(Event),
    /// Do this to the world; what came of it goes in as [`crate::WifiEvent`] where it has an outcome.
    Command(Command),
    /// The answer to a request that was [`crate::Handled::Later`] can be written:
    /// call [`crate::Manager::finish_later`] and send it.
    ReplyReady,
    /// Heavy work can be done now, best after the last reply has been sent: call [`crate::Manager::work`].
    Work(device::Work),
    /// Nothing more: call [`crate::Manager::handle_timeout`] at this moment, if one is given.
    WakeAt(Option<Instant>),
}

/// What is to be done to the world.
#[derive(Debug)]
#[non_exhaustive]
pub enum Command {
    /// Scan; answer with `ScanDone` or `ScanFailed`.
    Scan(ScanPlan),
    /// Forget the running scan; answers to it are ignored.
    CancelScan,
    /// Join this network; answer with `Connected` (an IPv4 address is there) or `Disconnected`, each time again when
    /// the connection is lost or comes back.
    Connect(Credentials),
    /// Leave the network, or give up joining: do not try these credentials any more. After `CredentialsFailed` and
    /// `Ended` the station may go back to the network it had before.
    Disconnect,
    /// Keep these credentials for good, in place of any earlier ones: the network has been joined with them.
    Save(Credentials),
    /// Start the transport: the service is up.
    StartService,
    /// Stop the transport: provisioning is over.
    StopService,
}

/// What happened, for the application (spec manager.md 2).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// START: the service is up, or up again for new credentials.
    Started,
    /// CRED_RECV: credentials were accepted; joining starts in a second.
    CredentialsReceived {
        /// Name of the network.
        ssid: Ssid,
    },
    /// An attempt failed and another follows. Only where attempts are limited; without a limit nobody counts them.
    AttemptFailed {
        /// Why.
        reason: Option<FailReason>,
        /// Attempts left.
        remaining: u8,
    },
    /// CRED_FAIL: the network could not be joined.
    CredentialsFailed {
        /// Why.
        reason: FailReason,
    },
    /// CRED_SUCCESS: the network was joined; again with every further address.
    CredentialsSucceeded(Station),
    /// END: the service has stopped.
    Ended,
    /// What the security layer has to tell.
    Security(device::Event),
}

/// Why a network was not joined, as far as the protocol can say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailReason {
    /// Wrong passphrase.
    AuthError,
    /// No such network.
    NetworkNotFound,
}
