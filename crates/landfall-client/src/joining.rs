use core::time::Duration;

use landfall_protocomm::wire::Status;

use crate::{
    Connection, Environment, Error, Network, Outcome, Progress, Provisioning, Secret, Transport, TransportError,
};

/// One provisioning under way, from SetConfig to the result, over a network that may fail at any moment.
///
/// # A lost answer to ApplyConfig
///
/// The device may have begun to join, or never have seen the request; its status tells "connecting" in both cases, and
/// may still tell the result of an earlier attempt with other credentials (spec protocol.md 8.1, manager.md 7). So
/// after a new handshake:
///
/// * on the wanted network: done;
/// * anything else: SetConfig and ApplyConfig once more. A device that is joining already refuses ApplyConfig with
///   InternalError and is not disturbed by either; that refusal then counts as "applied". If it tells of a failure, it
///   is reset first: devices take no credentials after one. If the failure was that of our own unanswered ApplyConfig,
///   this costs a second attempt, and the result is true in either case.
///
/// A session that is lost later, while the device is joining, may mean that it restarted and forgot the credentials; so
/// unless it tells a result, they are handed over once more in the same way.
pub(crate) struct Joining<'a, T, E> {
    connection: &'a mut Connection<T, E>,
    secret: &'a Secret,
    network: &'a Network,
    timeout: Duration,
    on_progress: &'a mut dyn FnMut(Progress),
    deadline: Duration,
    /// An ApplyConfig was sent and its answer did not come.
    apply_in_doubt: bool,
    /// The session was lost while the device was joining: it may have restarted.
    forgotten: bool,
    /// Wait before the next try to get back to the device.
    backoff: Duration,
    /// What the device said last.
    told: Option<Progress>,
}

impl<'a, T: Transport, E: Environment> Joining<'a, T, E> {
    pub(crate) fn new(
        connection: &'a mut Connection<T, E>,
        secret: &'a Secret,
        network: &'a Network,
        options: Provisioning,
        on_progress: &'a mut dyn FnMut(Progress),
    ) -> Self {
        let deadline = connection.environment.now().saturating_add(options.timeout);
        Self {
            connection,
            secret,
            network,
            timeout: options.timeout,
            on_progress,
            deadline,
            apply_in_doubt: false,
            forgotten: false,
            backoff: Duration::ZERO,
            told: None,
        }
    }

    pub(crate) async fn run(mut self) -> Result<Outcome, Error> {
        match self.hand_over().await? {
            HandedOver::Joining => self.watch().await,
            HandedOver::Over(outcome) => Ok(outcome),
        }
    }

    /// Gets the credentials to the device and applied, whatever the network does.
    async fn hand_over(&mut self) -> Result<HandedOver, Error> {
        let mut refused = false;
        loop {
            let error = match self.try_hand_over().await {
                Ok(handed_over) => return Ok(handed_over),
                Err(error) if error.is_passing() => error,
                Err(error) => return Err(error),
            };
            // Another client may have taken our session, so one refusal is worth a new one; a second is meant.
            if error == Error::Transport(TransportError::Refused) && core::mem::replace(&mut refused, true) {
                return Err(error);
            }
            self.recover().await?;
        }
    }

    async fn try_hand_over(&mut self) -> Result<HandedOver, Error> {
        if self.apply_in_doubt {
            match self.connection.status_within(Some(STATUS_WAIT)).await? {
                Ok(Outcome::Joined(joined)) if joined.ssid == self.network.ssid => {
                    return Ok(HandedOver::Over(Outcome::Joined(joined)));
                }
                Ok(Outcome::Failed(_)) => self.reset().await?,
                _ => {}
            }
        }
        match self.set_and_apply().await {
            // A device with an earlier failure, that wants a reset first (spec protocol.md 8.3).
            Err(NOT_ACCEPTING) => {
                self.reset().await?;
                self.set_and_apply().await?;
            }
            result => result?,
        }
        (self.on_progress)(Progress::Applied);
        Ok(HandedOver::Joining)
    }

    async fn set_and_apply(&mut self) -> Result<(), Error> {
        self.connection.set_network(self.network).await?;
        (self.on_progress)(Progress::CredentialsSent);
        let joining_already = core::mem::replace(&mut self.apply_in_doubt, true);
        let result = match self.connection.apply().await {
            Err(NOT_ACCEPTING) if joining_already => Ok(()),
            result => result,
        };
        if matches!(result, Ok(()) | Err(Error::Status { .. })) {
            self.apply_in_doubt = false;
        }
        result
    }

    /// Has the device forget a failed attempt. One that refuses has none to forget, and one before ESP-IDF v5.1 has no
    /// such endpoint: what comes of the credentials then is seen when they are applied.
    async fn reset(&mut self) -> Result<(), Error> {
        match self.connection.reset().await {
            Ok(()) | Err(Error::Status { .. } | Error::Transport(TransportError::NoSuchEndpoint)) => {}
            Err(error) => return Err(error),
        }
        if !self.connection.has_session() {
            self.connection.open_session(self.secret).await?;
        }
        Ok(())
    }

    /// Asks for the status until there is a result.
    async fn watch(&mut self) -> Result<Outcome, Error> {
        let applied = self.connection.environment.now();
        self.deadline = applied.saturating_add(self.timeout);
        let shortest = self.connection.transport.status_interval();
        self.sleep(first_poll(shortest)).await?;
        loop {
            match self.connection.status_within(Some(STATUS_WAIT)).await {
                Ok(Ok(outcome)) => return Ok(outcome),
                Ok(Err(progress)) => self.tell_change(progress),
                Err(error) if error.is_passing() => {
                    let had_session = self.connection.has_session();
                    self.recover().await?;
                    self.forgotten |= !had_session;
                }
                Err(error) => return Err(error),
            }
            if self.forgotten {
                match self.offer_again().await {
                    Ok(Some(outcome)) => return Ok(outcome),
                    Ok(None) => {}
                    Err(error) if error.is_passing() => self.recover().await?,
                    Err(error) => return Err(error),
                }
            }
            let since_applied = self.connection.environment.now().saturating_sub(applied);
            self.sleep(poll_interval(since_applied).max(shortest)).await?;
        }
    }

    /// Hands the credentials over once more after the session was lost: a device that restarted meanwhile has forgotten
    /// them and would say "connecting" for ever. One that is joining refuses ApplyConfig and is not disturbed.
    async fn offer_again(&mut self) -> Result<Option<Outcome>, Error> {
        if let Ok(outcome) = self.connection.status_within(Some(STATUS_WAIT)).await? {
            return Ok(Some(outcome));
        }
        self.apply_in_doubt = true;
        self.set_and_apply().await?;
        self.forgotten = false;
        Ok(None)
    }

    fn tell_change(&mut self, progress: Progress) {
        self.backoff = Duration::ZERO;
        if self.told.as_ref() != Some(&progress) {
            self.told = Some(progress.clone());
            (self.on_progress)(progress);
        }
    }

    /// Gets back to the device: a new connection, and a new session where the old one is in doubt.
    ///
    /// The secret has been right before, so a device that refuses it now is another one or means it; one that refuses
    /// even to begin is busy or counts somebody's wrong proofs, and is asked again.
    async fn recover(&mut self) -> Result<(), Error> {
        (self.on_progress)(Progress::Reconnecting);
        loop {
            let pause = self.backoff;
            self.backoff = (pause * 2).clamp(FIRST_BACKOFF, LONGEST_BACKOFF);
            self.sleep(pause).await?;
            match self.try_recover().await {
                Err(error) if error.is_passing() => {}
                result => return result,
            }
        }
    }

    async fn try_recover(&mut self) -> Result<(), Error> {
        self.connection.transport.reconnect().await?;
        if !self.connection.has_session() {
            self.connection.open_session(self.secret).await?;
        }
        Ok(())
    }

    /// Waits, but not beyond the deadline.
    async fn sleep(&self, duration: Duration) -> Result<(), Error> {
        let environment = &self.connection.environment;
        let left = self.deadline.saturating_sub(environment.now());
        if left.is_zero() {
            return Err(Error::TimedOut(self.timeout.as_secs()));
        }
        environment.sleep(duration.min(left)).await;
        Ok(())
    }
}

/// What came of handing over the credentials.
enum HandedOver {
    /// The device is joining.
    Joining,
    /// There is a result already.
    Over(Outcome),
}

/// How long after ApplyConfig the first status request comes. A device begins to join after one second (spec
/// transports.md 2.1): asking earlier pays only where it is cheap.
fn first_poll(shortest: Duration) -> Duration {
    if shortest <= FIRST_POLL {
        FIRST_POLL
    } else {
        shortest.max(BEGINNING)
    }
}

/// How long after ApplyConfig the time between two status requests grows: a device begins to join after one second and
/// commonly has an address in the second or two after that.
fn poll_interval(since_applied: Duration) -> Duration {
    match since_applied.as_secs() {
        0..3 => Duration::from_millis(100),
        3..10 => Duration::from_millis(250),
        _ => Duration::from_secs(1),
    }
}

/// How a device refuses ApplyConfig when it is joining, or has failed and not been reset (spec protocol.md 8.1).
const NOT_ACCEPTING: Error = Error::Status {
    operation: "ApplyConfig",
    status: Status::InternalError,
};

const FIRST_POLL: Duration = Duration::from_millis(250);
const BEGINNING: Duration = Duration::from_secs(1);
/// A status is answered at once or not at all: when the access point changes its channel, connections die silently
/// (spec transports.md 2.1), and waiting for the transport's own limit would cost the result's time.
const STATUS_WAIT: Duration = Duration::from_secs(5);
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);
