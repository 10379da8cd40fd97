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
    /// The device has given up: it says so for good, but the original asks a few times more.
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
/// The original sleeps 5 s before each question. This one asks often, but tells of a device that is under way only as
/// often as the original would, or when it says something new. A user who carries each question by hand is asked as
/// seldom as by the original.
struct Polling<'r, 'a, A> {
    run: &'r mut Run<'a>,
    secret: &'r Secret,
    /// What was told last, and when.
    told: (Result<A, Error>, Duration),
    /// Before the next question.
    wait: Duration,
}

impl<'r, 'a, A: Answer> Polling<'r, 'a, A> {
    fn new(run: &'r mut Run<'a>, secret: &'r Secret) -> Self {
        Self {
            told: (Ok(A::UNDER_WAY), run.now()),
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
            self.wait = match next {
                Next::UnderWay if by_hand => TELLING,
                Next::Joined | Next::UnderWay | Next::GivenUp => asking(self.run.way()),
                // One that cannot be reached may be changing channels.
                Next::Unclear(_) => TELLING,
            };
            if !by_hand {
                if next == Next::UnderWay && self.told.0 == answer && self.run.since(self.told.1) < TELLING {
                    continue;
                }
                say(A::HEADING);
            }
            match &answer {
                Ok(answer) => answer.tell(self.run.generation().await),
                Err(error) => self.run.say_error(error),
            }
            self.told = (answer, self.run.now());
            return next;
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
