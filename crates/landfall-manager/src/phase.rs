use core::time::Duration;

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

/// The next phase, and how it came to it.
pub(crate) struct Transition {
    pub(crate) phase: Phase,
    pub(crate) outcome: Outcome,
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
    pub(crate) fn next(self, input: Input, now: Instant, rules: &Rules) -> Transition {
        match self {
            Self::Idle => Self::idle(input),
            Self::Started => Self::started(input, now, rules),
            Self::Connecting { trial, step } => Self::connecting(trial, step, input, now, rules),
            Self::Failed { trial, reason } => Self::failed(trial, reason, input, now, rules),
            Self::Connected {
                trial,
                station,
                stop_at,
            } => Self::connected(trial, station, stop_at, input, now, rules),
            Self::Stopping { report, end_at } => Self::stopping(report, end_at, input, now),
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

    fn idle(input: Input) -> Transition {
        match input {
            Input::Start => Self::Started.entered(Why::Start),
            Input::Credentials(_) | Input::Reset | Input::Reprovision => Self::Idle.refused(),
            Input::Stop | Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => {
                Self::Idle.ignored()
            }
        }
    }

    fn started(input: Input, now: Instant, rules: &Rules) -> Transition {
        match input {
            Input::Start => Self::Started.refused(),
            Input::Stop => Self::Started.stop(now, rules),
            Input::Credentials(credentials) => Self::wait_to_connect(credentials, now),
            Input::Reprovision => Self::Started.reprovision(rules),
            // Already accepting credentials: network_provisioning 1.2.1 and later call that success.
            Input::Reset => Self::Started.ignored(),
            // Nobody asked for a network, so whatever the station does is not about us.
            Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => Self::Started.ignored(),
        }
    }

    fn connecting(trial: Trial, step: Step, input: Input, now: Instant, rules: &Rules) -> Transition {
        let asked = !matches!(step, Step::Waiting { .. });
        match input {
            Input::Joined(station) if asked && trial.is_for(&station) => trial.joined(station, now, rules),
            Input::Lost(reason) if asked => trial.lost(reason, rules),
            Input::Elapsed if matches!(step, Step::Waiting { connect_at } if now >= connect_at) => Self::Connecting {
                trial,
                step: Step::Joining,
            }
            .entered(Why::ConnectDue),
            Input::Stop => Self::Connecting { trial, step }.stop(now, rules),
            Input::Reprovision => Self::Connecting { trial, step }.reprovision(rules),
            Input::Start | Input::Credentials(_) | Input::Reset => Self::Connecting { trial, step }.refused(),
            // What the station does before it was asked, or on another network, says nothing about these credentials:
            // it is the tail of leaving the previous network, or somebody went back to it.
            Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => {
                Self::Connecting { trial, step }.ignored()
            }
        }
    }

    fn failed(trial: Trial, reason: FailReason, input: Input, now: Instant, rules: &Rules) -> Transition {
        match input {
            Input::Credentials(credentials) => Self::wait_to_connect(credentials, now),
            // We gave up, so the application joined by itself (spec manager.md 3) - perhaps with the previous
            // passphrase of the same network. It is a success, but no proof that our credentials are worth saving.
            Input::Joined(station) if trial.is_for(&station) => {
                let stop_at = rules.stop_at(now);
                trial.connected(station, stop_at, false)
            }
            Input::Reset => Self::Started.entered(Why::Reset),
            Input::Stop => Self::Failed { trial, reason }.stop(now, rules),
            Input::Reprovision => Self::Failed { trial, reason }.reprovision(rules),
            Input::Start => Self::Failed { trial, reason }.refused(),
            Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => {
                Self::Failed { trial, reason }.ignored()
            }
        }
    }

    fn connected(
        trial: Trial,
        station: Station,
        stop_at: Option<Instant>,
        input: Input,
        now: Instant,
        rules: &Rules,
    ) -> Transition {
        let due = stop_at.is_some_and(|stop_at| now >= stop_at);
        let stay = |trial| Self::Connected {
            trial,
            station,
            stop_at,
        };
        match input {
            // A further address does not move the moment of stopping.
            Input::Joined(station) if trial.is_for(&station) => trial.connected(station, stop_at, false),
            Input::Lost(reason) => trial.lost(reason, rules),
            Input::StatusTold if stop_at.is_some() => stay(trial).stop(now, rules),
            Input::Elapsed if due => stay(trial).stop(now, rules),
            Input::Stop => stay(trial).stop(now, rules),
            Input::Reprovision => stay(trial).reprovision(rules),
            Input::Start | Input::Credentials(_) | Input::Reset => stay(trial).refused(),
            Input::Joined(_) | Input::StatusTold | Input::Elapsed => stay(trial).ignored(),
        }
    }

    fn stopping(report: Report, end_at: Instant, input: Input, now: Instant) -> Transition {
        match input {
            Input::Elapsed if now >= end_at => Self::Idle.entered(Why::End),
            Input::Start | Input::Credentials(_) | Input::Reset | Input::Reprovision => {
                Self::Stopping { report, end_at }.refused()
            }
            Input::Stop | Input::Joined(_) | Input::Lost(_) | Input::StatusTold | Input::Elapsed => {
                Self::Stopping { report, end_at }.ignored()
            }
        }
    }

    fn wait_to_connect(credentials: Credentials, now: Instant) -> Transition {
        let trial = Trial {
            credentials,
            completed: 0,
            reason: None,
            saved: false,
        };
        let step = Step::Waiting {
            connect_at: now + CONNECT_DELAY,
        };
        Self::Connecting { trial, step }.entered(Why::CredentialsTaken)
    }

    fn stop(self, now: Instant, rules: &Rules) -> Transition {
        Self::Stopping {
            report: self.report(),
            end_at: now + rules.cleanup_delay,
        }
        .entered(Why::Stop)
    }

    fn reprovision(self, rules: &Rules) -> Transition {
        if rules.stop_after.is_some() {
            return self.refused();
        }
        Self::Started.entered(Why::Reprovision)
    }

    fn refused(self) -> Transition {
        Transition {
            phase: self,
            outcome: Outcome::Refused,
        }
    }

    fn ignored(self) -> Transition {
        Transition {
            phase: self,
            outcome: Outcome::Ignored,
        }
    }

    fn entered(self, why: Why) -> Transition {
        Transition {
            phase: self,
            outcome: Outcome::Entered(why),
        }
    }
}

impl Trial {
    /// Whether `station` is on the network of these credentials.
    fn is_for(&self, station: &Station) -> bool {
        self.credentials.ssid == station.ssid
    }

    /// The network was joined with these credentials, which have proved good.
    fn joined(mut self, station: Station, now: Instant, rules: &Rules) -> Transition {
        let save = !self.saved;
        self.saved = true;
        self.connected(station, rules.stop_at(now), save)
    }

    fn connected(self, station: Station, stop_at: Option<Instant>, save: bool) -> Transition {
        Phase::Connected {
            trial: self,
            station,
            stop_at,
        }
        .entered(Why::Joined { station, save })
    }

    /// One more failure (spec manager.md 5): with a limit any reason counts; without, a reason the protocol can name
    /// ends it and any other is tried again for ever.
    fn lost(mut self, reason: DisconnectReason, rules: &Rules) -> Transition {
        let reason = reason.fail_reason();
        self.reason = reason.or(self.reason);
        let left = match rules.attempts {
            AttemptLimit::Total(limit) => {
                self.completed = self.completed.saturating_add(1);
                Some(limit.saturating_sub(self.completed))
            }
            AttemptLimit::Unlimited => None,
        };
        let step = match left {
            Some(0) => return self.give_up(),
            Some(left) => Step::Retrying { left },
            None if reason.is_some() => return self.give_up(),
            None => Step::Joining,
        };
        Phase::Connecting { trial: self, step }.entered(Why::AttemptFailed { reason, left })
    }

    /// The protocol has but two reasons. If these credentials never failed with one of them, the network could not be
    /// reached; to say so is nearer the truth than to blame a passphrase that nobody refused.
    fn give_up(self) -> Transition {
        let reason = self.reason.unwrap_or(FailReason::NetworkNotFound);
        Phase::Failed { trial: self, reason }.entered(Why::GivenUp(reason))
    }
}

#[cfg(test)]
mod tests;
