use core::{mem, time::Duration};

use landfall_protocomm::Instant;

use crate::{AttemptLimit, Credentials, DisconnectReason, FailReason, State, Station, config::Rules};

/// Where a provisioning stands, with exactly the data and the deadlines of that state: leaving it cancels its timers.
#[derive(Default)]
pub(crate) enum Phase {
    #[default]
    Idle,
    Started,
    Connecting {
        trial: Trial,
        step: Step,
    },
    Failed {
        trial: Trial,
        reason: FailReason,
    },
    Connected {
        trial: Trial,
        station: Station,
        stop_at: Option<Instant>,
    },
    Stopping {
        /// What clients are told until the end.
        report: Report,
        end_at: Instant,
    },
}

/// What the state machine reacts to.
pub(crate) enum Input {
    Start,
    Stop,
    Credentials(Credentials),
    /// The station has an IPv4 address.
    Joined(Station),
    /// The station could not join, or lost its network.
    Lost(DisconnectReason),
    Reset,
    Reprovision,
    /// A client has been told the station's status.
    StatusTold,
    /// Time has passed.
    Elapsed,
}

/// What an input did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The state does not allow the input; nothing changed.
    Refused,
    /// The input means nothing in this state; nothing changed.
    Ignored,
    /// The phase was entered (again).
    Entered(Why),
}

/// Why a phase was entered: the reason that decides what the world is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Start,
    CredentialsTaken,
    ConnectDue,
    /// An attempt failed, another one follows; `left` if attempts are counted.
    AttemptFailed {
        reason: Option<FailReason>,
        left: Option<u8>,
    },
    GivenUp(FailReason),
    /// `save`: the credentials have just proved good.
    Joined {
        station: Station,
        save: bool,
    },
    Reset,
    Reprovision,
    Stop,
    End,
}

/// One set of credentials and what became of it so far. New credentials are a new trial, so neither the number of
/// attempts nor a reason outlives them (spec manager.md 2 and 5, known defects).
pub(crate) struct Trial {
    pub(crate) credentials: Credentials,
    completed: u8,
    /// The last reason that has a name in the protocol.
    reason: Option<FailReason>,
    saved: bool,
}

/// Stages of joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The answer to ApplyConfig gets time to travel first.
    Waiting {
        connect_at: Instant,
    },
    Joining,
    /// Joining again after a counted failure.
    Retrying {
        left: u8,
    },
}

/// The station's status as GetStatus tells it. `Connected` has details by construction: without them clients would
/// take any answer for success (spec protocol.md 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    Connecting,
    AttemptFailed { left: u8 },
    Failed(FailReason),
    Connected(Station),
}

/// Time between accepting credentials and joining (spec manager.md 5).
const CONNECT_DELAY: Duration = Duration::from_millis(1000);

impl Phase {
    /// The transition table: every input in every state.
    ///
    /// In place: whatever holds a passphrase is moved as seldom as can be, since moving leaves a copy behind.
    pub(crate) fn next(&mut self, input: Input, now: Instant, rules: &Rules) -> Outcome {
        match *self {
            Self::Idle => self.idle(input),
            Self::Started => self.started(input, now, rules),
            Self::Connecting { step, .. } => self.connecting(step, input, now, rules),
            Self::Failed { .. } => self.failed(input, now, rules),
            Self::Connected { stop_at, .. } => self.connected(stop_at, input, now, rules),
            Self::Stopping { end_at, .. } => self.stopping(end_at, input, now),
        }
    }

    pub(crate) fn state(&self) -> State {
        match self {
            Self::Idle => State::Idle,
            Self::Started => State::Started,
            Self::Connecting { .. } => State::Connecting,
            Self::Failed { .. } => State::Failed,
            Self::Connected { .. } => State::Connected,
            Self::Stopping { .. } => State::Stopping,
        }
    }

    /// When [`Input::Elapsed`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Idle | Self::Started | Self::Failed { .. } => None,
            Self::Connecting { step, .. } => match step {
                Step::Waiting { connect_at } => Some(*connect_at),
                Step::Joining | Step::Retrying { .. } => None,
            },
            Self::Connected { stop_at, .. } => *stop_at,
            Self::Stopping { end_at, .. } => Some(*end_at),
        }
    }

    /// What a client is told. A device that waits for credentials says Connecting, whatever came before: a new one
    /// does, and "Connected" after a re-provisioning is a known defect (spec manager.md 7).
    pub(crate) fn report(&self) -> Report {
        match self {
            Self::Idle | Self::Started => Report::Connecting,
            Self::Connecting { step, .. } => match *step {
                Step::Waiting { .. } | Step::Joining => Report::Connecting,
                Step::Retrying { left } => Report::AttemptFailed { left },
            },
            Self::Failed { reason, .. } => Report::Failed(*reason),
            Self::Connected { station, .. } => Report::Connected(*station),
            Self::Stopping { report, .. } => *report,
        }
    }

    /// The credentials under trial.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        match self {
            Self::Connecting { trial, .. } | Self::Failed { trial, .. } | Self::Connected { trial, .. } => {
                Some(&trial.credentials)
            }
            Self::Idle | Self::Started | Self::Stopping { .. } => None,
        }
    }

    /// The credentials that nobody has used yet.
    pub(crate) fn unused_credentials_mut(&mut self) -> Option<&mut Credentials> {
        match self {
            Self::Connecting {
                trial,
                step: Step::Waiting { .. },
            } => Some(&mut trial.credentials),
            _ => None,
        }
    }

    fn idle(&mut self, input: Input) -> Outcome {
        match input {
            Input::Start => self.enter(Self::Started, Why::Start),
            Input::Credentials(_) | Input::Reset | Input::Reprovision => Outcome::Refused,
            Input::Stop | Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => Outcome::Ignored,
        }
    }

    fn started(&mut self, input: Input, now: Instant, rules: &Rules) -> Outcome {
        match input {
            Input::Start => Outcome::Refused,
            Input::Stop => self.stop(now, rules),
            Input::Credentials(credentials) => self.wait_to_connect(credentials, now),
            Input::Reprovision => self.reprovision(rules),
            // Already accepting credentials: network_provisioning 1.2.1 and later call that success.
            Input::Reset => Outcome::Ignored,
            // Nobody asked for a network, so whatever the station does is not about us.
            Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => Outcome::Ignored,
        }
    }

    fn connecting(&mut self, step: Step, input: Input, now: Instant, rules: &Rules) -> Outcome {
        let asked = !matches!(step, Step::Waiting { .. });
        match input {
            Input::Joined(station) if asked && self.is_for(&station) => self.joined(station, rules.stop_at(now)),
            Input::Lost(reason) if asked => self.lost(reason, rules),
            Input::Elapsed if matches!(step, Step::Waiting { connect_at } if now >= connect_at) => {
                let step = Step::Joining;
                self.go_on(Why::ConnectDue, |trial| Self::Connecting { trial, step })
            }
            Input::Stop => self.stop(now, rules),
            Input::Reprovision => self.reprovision(rules),
            Input::Start | Input::Credentials(_) | Input::Reset => Outcome::Refused,
            // What the station does before it was asked, or on another network, says nothing about these credentials:
            // it is the tail of leaving the previous network, or somebody went back to it.
            Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => Outcome::Ignored,
        }
    }

    fn failed(&mut self, input: Input, now: Instant, rules: &Rules) -> Outcome {
        match input {
            Input::Credentials(credentials) => self.wait_to_connect(credentials, now),
            // We gave up, so the application joined by itself (spec manager.md 3) - perhaps with the previous
            // passphrase of the same network. It is a success, but no proof that our credentials are worth saving.
            Input::Joined(station) if self.is_for(&station) => self.be_connected(station, rules.stop_at(now), false),
            Input::Reset => self.enter(Self::Started, Why::Reset),
            Input::Stop => self.stop(now, rules),
            Input::Reprovision => self.reprovision(rules),
            Input::Start => Outcome::Refused,
            Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => Outcome::Ignored,
        }
    }

    fn connected(&mut self, stop_at: Option<Instant>, input: Input, now: Instant, rules: &Rules) -> Outcome {
        let due = stop_at.is_some_and(|stop_at| now >= stop_at);
        match input {
            // A further address does not move the moment of stopping.
            Input::Joined(station) if self.is_for(&station) => self.be_connected(station, stop_at, false),
            Input::Lost(reason) => self.lost(reason, rules),
            Input::StatusTold if stop_at.is_some() => self.stop(now, rules),
            Input::Elapsed if due => self.stop(now, rules),
            Input::Stop => self.stop(now, rules),
            Input::Reprovision => self.reprovision(rules),
            Input::Start | Input::Credentials(_) | Input::Reset => Outcome::Refused,
            Input::Joined(_) | Input::StatusTold | Input::Elapsed => Outcome::Ignored,
        }
    }

    fn stopping(&mut self, end_at: Instant, input: Input, now: Instant) -> Outcome {
        match input {
            Input::Elapsed if now >= end_at => self.enter(Self::Idle, Why::End),
            Input::Start | Input::Credentials(_) | Input::Reset | Input::Reprovision => Outcome::Refused,
            Input::Stop | Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => Outcome::Ignored,
        }
    }

    #[inline(never)]
    fn wait_to_connect(&mut self, credentials: Credentials, now: Instant) -> Outcome {
        let trial = Trial {
            credentials,
            completed: 0,
            reason: None,
            saved: false,
        };
        let step = Step::Waiting {
            connect_at: now + CONNECT_DELAY,
        };
        self.enter(Self::Connecting { trial, step }, Why::CredentialsTaken)
    }

    #[inline(never)]
    fn stop(&mut self, now: Instant, rules: &Rules) -> Outcome {
        let report = self.report();
        let end_at = now + rules.cleanup_delay;
        self.enter(Self::Stopping { report, end_at }, Why::Stop)
    }

    #[inline(never)]
    fn reprovision(&mut self, rules: &Rules) -> Outcome {
        if rules.stop_after.is_some() {
            return Outcome::Refused;
        }
        self.enter(Self::Started, Why::Reprovision)
    }

    /// Whether `station` is on the network of the credentials under trial.
    fn is_for(&self, station: &Station) -> bool {
        self.credentials()
            .is_some_and(|credentials| credentials.ssid == station.ssid)
    }

    /// The network was joined with the credentials under trial, which have proved good.
    fn joined(&mut self, station: Station, stop_at: Option<Instant>) -> Outcome {
        let save = self
            .trial_mut()
            .is_some_and(|trial| !mem::replace(&mut trial.saved, true));
        self.be_connected(station, stop_at, save)
    }

    #[inline(never)]
    fn be_connected(&mut self, station: Station, stop_at: Option<Instant>, save: bool) -> Outcome {
        self.go_on(Why::Joined { station, save }, |trial| Self::Connected {
            trial,
            station,
            stop_at,
        })
    }

    /// One more failure (spec manager.md 5): with a limit any reason counts; without, a reason the protocol can name
    /// ends it and any other is tried again for ever.
    #[inline(never)]
    fn lost(&mut self, reason: DisconnectReason, rules: &Rules) -> Outcome {
        let Some(trial) = self.trial_mut() else {
            return Outcome::Ignored;
        };
        let reason = reason.fail_reason();
        let left = trial.count_failure(reason, rules.attempts);
        let step = match left {
            Some(0) => return self.give_up(),
            Some(left) => Step::Retrying { left },
            None if reason.is_some() => return self.give_up(),
            None => Step::Joining,
        };
        self.go_on(Why::AttemptFailed { reason, left }, |trial| Self::Connecting {
            trial,
            step,
        })
    }

    /// The protocol has but two reasons. If these credentials never failed with one of them, the network could not be
    /// reached; to say so is nearer the truth than to blame a passphrase that nobody refused.
    fn give_up(&mut self) -> Outcome {
        let known = self.trial_mut().and_then(|trial| trial.reason);
        let reason = known.unwrap_or(FailReason::NetworkNotFound);
        self.go_on(Why::GivenUp(reason), |trial| Self::Failed { trial, reason })
    }

    fn trial_mut(&mut self) -> Option<&mut Trial> {
        match self {
            Self::Connecting { trial, .. } | Self::Failed { trial, .. } | Self::Connected { trial, .. } => Some(trial),
            Self::Idle | Self::Started | Self::Stopping { .. } => None,
        }
    }

    /// Enters a phase without what was there before.
    fn enter(&mut self, phase: Self, why: Why) -> Outcome {
        *self = phase;
        Outcome::Entered(why)
    }

    /// Enters a phase with the same trial; without one there is none to enter.
    fn go_on(&mut self, why: Why, phase: impl FnOnce(Trial) -> Self) -> Outcome {
        match mem::take(self) {
            Self::Connecting { trial, .. } | Self::Failed { trial, .. } | Self::Connected { trial, .. } => {
                self.enter(phase(trial), why)
            }
            other @ (Self::Idle | Self::Started | Self::Stopping { .. }) => {
                *self = other;
                Outcome::Ignored
            }
        }
    }
}

impl Trial {
    /// Keeps the reason if it has a name, and counts where there is a limit; gives how many attempts that leaves.
    fn count_failure(&mut self, reason: Option<FailReason>, limit: AttemptLimit) -> Option<u8> {
        self.reason = reason.or(self.reason);
        match limit {
            AttemptLimit::Total(limit) => {
                self.completed = self.completed.saturating_add(1);
                Some(limit.saturating_sub(self.completed))
            }
            AttemptLimit::Unlimited => None,
        }
    }
}

#[cfg(test)]
mod tests;
