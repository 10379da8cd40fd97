//! Virtual time: it starts at zero, and only waiting makes it pass.

use core::{
    cell::Cell,
    fmt,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::rc::Rc;

use landfall_client::Environment;
use landfall_protocomm::{Instant, Random};

use crate::Seeded;

/// A clock that is shared by all who hold a clone of it. [`block_on`] moves it on to the next moment somebody awaits.
#[derive(Clone, Default)]
pub struct Clock(Rc<Hands>);

#[derive(Default)]
struct Hands {
    now: Cell<Instant>,
    /// The earliest moment that is awaited by what was polled last.
    awaited: Cell<Option<Instant>>,
}

impl Clock {
    /// The present.
    pub fn now(&self) -> Instant {
        self.0.now.get()
    }

    /// Waits until `moment`, and at least for the others.
    pub async fn sleep_until(&self, moment: Instant) {
        let mut polled = false;
        core::future::poll_fn(|_| {
            if core::mem::replace(&mut polled, true) && self.now() >= moment {
                return Poll::Ready(());
            }
            let earlier = self.0.awaited.get().unwrap_or(moment);
            self.0.awaited.set(Some(earlier.min(moment)));
            Poll::Pending
        })
        .await;
    }

    /// Lets time pass until `moment`; time never goes back.
    pub fn advance_to(&self, moment: Instant) {
        self.0.now.set(self.now().max(moment));
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.now().since_start())
    }
}

/// The client's time and randomness in a test.
#[derive(Debug)]
pub struct VirtualEnvironment {
    clock: Clock,
    random: Seeded,
}

impl VirtualEnvironment {
    /// Time from `clock`, randomness from `random`.
    pub fn new(clock: Clock, random: Seeded) -> Self {
        Self { clock, random }
    }
}

impl Environment for VirtualEnvironment {
    fn now(&self) -> Duration {
        self.clock.now().since_start()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep_until(self.clock.now() + duration).await;
    }

    fn fill_random(&mut self, bytes: &mut [u8]) {
        self.random.fill(bytes);
    }
}

/// What a run may take before it counts as hanging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Waits and exchanges.
    pub steps: u32,
    /// Virtual time.
    pub time: Duration,
}

/// A run that took more than its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("still running after {steps} steps and {time:?} of virtual time")]
pub struct Hung {
    /// Steps taken.
    pub steps: u32,
    /// Virtual time taken.
    pub time: Duration,
}

/// Runs `future`, whose every wait is one on `clock`, to its end.
///
/// # Errors
/// [`Hung`] once it takes more than `bounds`, or if it waits for nothing.
pub fn block_on<F: Future>(clock: &Clock, bounds: Bounds, future: F) -> Result<F::Output, Hung> {
    let start = clock.now();
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut steps = 0;
    loop {
        clock.0.awaited.set(None);
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(output);
        }
        steps += 1;
        let awaited = clock.0.awaited.get().filter(|_| steps <= bounds.steps);
        let time = clock.now() - start;
        match awaited {
            Some(moment) if moment - start <= bounds.time => clock.advance_to(moment),
            Some(_) | None => return Err(Hung { steps, time }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        steps: 100,
        time: Duration::from_secs(60),
    };

    #[test]
    fn sleeping_takes_virtual_time_only() {
        let clock = Clock::default();
        let environment = VirtualEnvironment::new(clock.clone(), Seeded::new(0));
        let slept = block_on(&clock, BOUNDS, async {
            environment.sleep(Duration::from_secs(30)).await;
            environment.now()
        });
        assert_eq!(slept, Ok(Duration::from_secs(30)));
    }

    #[test]
    fn the_earlier_of_two_waits_ends_first() {
        let clock = Clock::default();
        let (short, long) = (Instant::from_millis(10), Instant::from_millis(20));
        let raced = block_on(&clock, BOUNDS, async {
            let mut long = pin!(clock.sleep_until(long));
            let mut short = pin!(clock.sleep_until(short));
            core::future::poll_fn(|context| match long.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready("long"),
                Poll::Pending => short.as_mut().poll(context).map(|()| "short"),
            })
            .await
        });
        assert_eq!(raced, Ok("short"));
        assert_eq!(clock.now(), short);
    }

    #[test]
    fn endless_waiting_is_found_out_by_its_time() {
        let clock = Clock::default();
        let environment = VirtualEnvironment::new(clock.clone(), Seeded::new(0));
        let hung: Result<(), _> = block_on(&clock, BOUNDS, async {
            loop {
                environment.sleep(Duration::from_secs(9)).await;
            }
        });
        let time = Duration::from_secs(54);
        assert_eq!(hung, Err(Hung { steps: 7, time }));
    }

    #[test]
    fn busy_waiting_is_found_out_by_its_steps() {
        let clock = Clock::default();
        let hung: Result<(), _> = block_on(&clock, BOUNDS, async {
            loop {
                clock.sleep_until(Instant::ZERO).await;
            }
        });
        let time = Duration::ZERO;
        assert_eq!(hung, Err(Hung { steps: 101, time }));
    }

    #[test]
    fn waiting_for_nothing_is_found_out_at_once() {
        let hung = block_on(&Clock::default(), BOUNDS, core::future::pending::<()>());
        let time = Duration::ZERO;
        assert_eq!(hung, Err(Hung { steps: 1, time }));
    }
}
