//! Asking until the device has come to a result, the same for both kinds of network (spec esp_prov.md 2, step 13).

use core::time::Duration;
use std::env;

use landfall_client::{
    Environment as _, Error, Secret, Transport as _,
    protocomm::wire::{ConfigRequest, ConfigResponse},
};

use super::{
    console::say,
    flow::{Generation, Run},
    link::Way,
};
use crate::exit::Exit;

/// What a device says of its joining a network, as far as it decides what is printed.
pub(super) trait Answer: Clone + PartialEq {
    /// What stands above each answer.
    const HEADING: &'static str;
    /// The question.
    const REQUEST: ConfigRequest<'static>;
    /// What a device says that has just begun.
    const UNDER_WAY: Self;

    /// Whether it says how many attempts are left. A device that does so tries no more by itself once it has given up,
    /// as its limit is reached then (spec manager.md 5).
    fn counts_attempts(&self) -> bool {
        false
    }

    /// Reads an answer to the question; `None` for one to another question.
    fn read(response: ConfigResponse<'_>) -> Option<Self>;

    /// What follows from it.
    fn next(&self) -> Next;

    /// Prints it.
    fn tell(&self, generation: Generation);
}

/// What follows from an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The device is on the network.
    Joined,
    /// There is no result yet.
    UnderWay,
    /// The device has given up; the original asks a few times more. Some devices join all the same: old ones try again
    /// by themselves, and with Thread being late is no end (spec manager.md 3, 9, 10).
    GivenUp,
    /// Nothing is known, in the original's word; it asks a few times more.
    Unclear(&'static str),
}

/// How provisioning ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The device is on the network.
    Joined,
    /// The device did not join, or cannot be asked.
    Failed,
}

impl From<Verdict> for Exit {
    /// The original ends with 0 either way; so does this program where it is asked to.
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Joined => Self::Success,
            Verdict::Failed if env::var_os("ESP_PROV_COMPAT_EXIT").is_some_and(|value| value == "0") => Self::Success,
            Verdict::Failed => Self::Failure,
        }
    }
}

/// Asks until there is a result, and prints each step of it.
pub(super) async fn poll<A: Answer>(run: &mut Run<'_>, secret: &Secret) -> Verdict {
    let mut polling = Polling::<A>::new(run, secret);
    let mut tries_left = 3;
    loop {
        let word = match polling.next_told().await {
            Next::Joined => {
                say("==== Provisioning was successful ====");
                return Verdict::Joined;
            }
            Next::UnderWay => continue,
            Next::GivenUp => "failed",
            Next::Unclear(word) => word,
        };
        if tries_left == 0 {
            say("---- Provisioning failed! ----");
            return Verdict::Failed;
        }
        tries_left -= 1;
        say(&format!(
            "Waiting to poll status again (status {word}, {tries_left} tries left)..."
        ));
    }
}

/// Questions and answers.
///
/// The original sleeps 5 s before each question. This one asks often and tells at once what is new; of a device that is
/// under way, or has given up and may still join, it tells what is not new as often as the original would. So a device
/// has as long as the original gives it. A user who carries each question by hand is asked as seldom as there.
struct Polling<'r, 'a, A> {
    run: &'r mut Run<'a>,
    secret: &'r Secret,
    /// What was told last.
    told: Result<A, Error>,
    /// When the original asks next, leaving out a question whose answer has been told ahead of it.
    due: Duration,
    /// Whether the device has said how many attempts are left.
    counts_attempts: bool,
    /// Before the next question.
    wait: Duration,
}

impl<'r, 'a, A: Answer> Polling<'r, 'a, A> {
    fn new(run: &'r mut Run<'a>, secret: &'r Secret) -> Self {
        Self {
            told: Ok(A::UNDER_WAY),
            due: run.now() + TELLING,
            counts_attempts: false,
            wait: if run.is_by_hand() { TELLING } else { FIRST_WAIT },
            run,
            secret,
        }
    }

    /// Asks until there is something to tell, tells it, and gives what follows.
    async fn next_told(&mut self) -> Next {
        let by_hand = self.run.is_by_hand();
        loop {
            self.run.device.environment().sleep(self.wait).await;
            if by_hand {
                say(A::HEADING);
            }
            let answer = self.ask().await;
            let next = answer.as_ref().map_or(Next::Unclear("None"), A::next);
            self.counts_attempts |= answer.as_ref().is_ok_and(A::counts_attempts);
            self.wait = self.pause(next);
            if !by_hand {
                if self.can_wait(&answer, next) {
                    continue;
                }
                say(A::HEADING);
            }
            match &answer {
                Ok(answer) => answer.tell(self.run.generation().await),
                Err(error) => self.run.say_error(error),
            }
            self.told = answer;
            self.put_off();
            return next;
        }
    }

    /// How long to wait with the next question after an answer.
    fn pause(&self, next: Next) -> Duration {
        match next {
            // One that cannot be reached may be changing channels.
            Next::Unclear(_) => TELLING,
            Next::GivenUp if self.counts_attempts => asking(self.run.way()),
            _ if self.run.is_by_hand() => TELLING,
            _ => asking(self.run.way()),
        }
    }

    /// Whether an answer is not told before the original asks.
    fn can_wait(&self, answer: &Result<A, Error>, next: Next) -> bool {
        let is_early = self.run.now() < self.due;
        let is_known = self.told == *answer;
        match next {
            Next::UnderWay => is_early && is_known,
            Next::GivenUp if self.counts_attempts => false,
            // Of two answers without a result between two of its questions the original counts at most one.
            Next::GivenUp => (is_early && is_known) || self.is_ahead(),
            Next::Unclear(_) => self.is_ahead(),
            Next::Joined => false,
        }
    }

    /// Whether what the original tells next has been told already.
    fn is_ahead(&self) -> bool {
        self.due > self.run.now() + TELLING
    }

    /// What has been told now is what the original tells at its next question, if it came before that.
    fn put_off(&mut self) {
        if !self.is_ahead() {
            self.due = self.due.max(self.run.now()) + TELLING;
        }
    }

    async fn ask(&mut self) -> Result<A, Error> {
        // A session in doubt is gone; the original would go on with it.
        if !self.run.device.has_session() {
            self.run.device.transport_mut().reconnect().await?;
            self.run.device.open_session(self.secret).await?;
        }
        self.run.config(A::REQUEST, A::read).await
    }
}

/// Before the first question; a device starts joining a second after ApplyConfig (spec manager.md 5).
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// Between two questions.
const fn asking(way: Way) -> Duration {
    match way {
        // The device joins with the radio that each question takes from it.
        Way::Bluetooth => Duration::from_millis(500),
        Way::Http | Way::ByHand => Duration::from_millis(250),
    }
}
/// Between two questions of the original.
const TELLING: Duration = Duration::from_secs(5);
