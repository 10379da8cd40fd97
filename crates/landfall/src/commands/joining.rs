//! A device that joins a network, watched to the end or left with a word.

use core::{cell::Cell, time::Duration};

use landfall_client::{
    Error, Network, Outcome, Progress, Provisioning, Secret, Transport as _, protocomm::wire::Status,
};
use tokio::time::{Instant, sleep, timeout};

use super::{provision::tell, remote::Remote};
use crate::{
    failure::{Failure, Problem},
    print::{Printer, text::network_name},
    terminal::{Interrupts, Signal},
};

/// Who has a device join networks.
pub(super) struct Joining<'a> {
    pub(super) remote: &'a mut Remote,
    pub(super) secret: &'a Secret,
    pub(super) options: Provisioning,
    pub(super) interrupts: &'a Interrupts,
    pub(super) printer: &'a Printer,
}

impl Joining<'_> {
    /// Has the device join `network` and waits for what comes of it. Before the device has credentials an interruption
    /// just ends the session; after that somebody has to say what becomes of them.
    pub(super) async fn join(&mut self, network: &Network) -> Result<Outcome, Failure> {
        let handed_over = Cell::new(false);
        let interrupts = self.interrupts;
        match interrupts.hold(self.provision_in_turn(network, &handed_over)).await {
            Ok(outcome) => outcome,
            Err(signal) if handed_over.get() => Err(self.say_farewell(network, signal).await),
            Err(signal) => Err(signal.failure()),
        }
    }

    /// Provisions; if the device is still at an attempt of somebody who has left, after that.
    async fn provision_in_turn(&mut self, network: &Network, handed_over: &Cell<bool>) -> Result<Outcome, Failure> {
        let result = match self.provision(network, handed_over).await {
            Err(STILL_JOINING) => match self.earlier_outcome().await {
                Ok(Some(Outcome::Joined(joined))) if joined.ssid == network.ssid => Ok(Outcome::Joined(joined)),
                Ok(Some(Outcome::Joined(joined))) => return Err(elsewhere(&joined.ssid)),
                Ok(Some(_)) => self.provision_after_failure(network, handed_over).await,
                Ok(None) => Err(STILL_JOINING),
                Err(error) => Err(error),
            },
            result => result,
        };
        result.map_err(|error| self.remote.failure(&error))
    }

    /// Devices that cannot be told to forget an attempt do so by themselves, some time after it has failed (spec versions.md 3).
    async fn provision_after_failure(&mut self, network: &Network, handed_over: &Cell<bool>) -> Result<Outcome, Error> {
        let deadline = Instant::now() + EARLIER_ATTEMPT.min(self.options.timeout);
        loop {
            match self.provision(network, handed_over).await {
                Err(STILL_JOINING) if Instant::now() < deadline => sleep(PAUSE).await,
                result => return result,
            }
        }
    }

    async fn provision(&mut self, network: &Network, handed_over: &Cell<bool>) -> Result<Outcome, Error> {
        self.printer.step("Sending the credentials");
        let on_progress = |progress| {
            if progress == Progress::CredentialsSent {
                handed_over.set(true);
            }
            tell(&progress, &network.ssid, self.printer);
        };
        self.remote
            .connection
            .provision(self.secret, network, self.options, on_progress)
            .await
    }

    /// What comes of the attempt that the device is at; `None` if that takes longer than all attempts of one take.
    async fn earlier_outcome(&mut self) -> Result<Option<Outcome>, Error> {
        self.printer
            .hint("the device is still at an earlier attempt to join a network: waiting for its end");
        self.printer.step("The device is at an earlier attempt");
        let deadline = Instant::now() + EARLIER_ATTEMPT.min(self.options.timeout);
        while Instant::now() < deadline {
            if let Ok(outcome) = self.remote.connection.status().await? {
                return Ok(Some(outcome));
            }
            sleep(POLL).await;
        }
        Ok(None)
    }

    /// Leaves the device clean where that can be done quickly, and tells what becomes of it where not.
    async fn say_farewell(&mut self, network: &Network, signal: Signal) -> Failure {
        self.printer.step("Asking the device how it is doing");
        let name = network_name(&network.ssid);
        let failure = signal.failure();
        match timeout(FAREWELL, self.part()).await {
            Ok(Ok(Left::Clean)) => failure.because(format!(
                "before that, the device had failed to join {name}; it accepts other credentials now"
            )),
            Ok(Ok(Left::Joined)) => failure
                .because(format!("meanwhile the device has joined {name}"))
                .hint("have it leave the network again: landfall reprovision"),
            Ok(Ok(Left::Joining)) => on_its_own(failure.because(format!(
                "the device has the credentials of {name}, and goes on joining by itself"
            ))),
            Ok(Err(_)) | Err(_) => on_its_own(failure.because(format!(
                "the device may have the credentials of {name}, and does not answer any more"
            ))),
        }
    }

    /// Asks the device once how it is doing; one that has failed is made to forget that.
    async fn part(&mut self) -> Result<Left, Error> {
        let connection = &mut self.remote.connection;
        if !connection.has_session() {
            connection.transport_mut().reconnect().await?;
            connection.open_session(self.secret).await?;
        }
        match connection.status().await? {
            Ok(Outcome::Joined(_)) => Ok(Left::Joined),
            Ok(_) => connection.reset().await.map(|()| Left::Clean),
            Err(_) => Ok(Left::Joining),
        }
    }
}

/// How a device was left.
enum Left {
    Clean,
    Joining,
    Joined,
}

fn on_its_own(failure: Failure) -> Failure {
    failure.hint("if it fails, have it forget the attempt: landfall reset")
}

fn elsewhere(ssid: &[u8]) -> Failure {
    Failure::new(Problem::NotJoined)
        .saying(format!("the device has joined {} instead", network_name(ssid)))
        .because("it was at an earlier attempt, which has come to its end")
        .hint("have it leave that network: landfall reprovision")
}

/// How a device that is joining refuses other credentials (spec protocol.md 8.1).
const STILL_JOINING: Error = Error::Status {
    operation: "ApplyConfig",
    status: Status::InternalError,
};

/// For a last word with the device; nobody who has typed Ctrl-C wants to wait for longer.
const FAREWELL: Duration = Duration::from_secs(3);
/// All attempts of a device take a few seconds each.
const EARLIER_ATTEMPT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(250);
/// Between two tries to hand over credentials.
const PAUSE: Duration = Duration::from_secs(1);
