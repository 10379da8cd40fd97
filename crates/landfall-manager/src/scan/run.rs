use core::time::Duration;

use landfall_protocomm::{Instant, wire};

use super::{ScanChannels, ScanPlan, list::ScanList};
use crate::AccessPoint;

/// The list of networks, and the scan that fills it (spec protocol.md 8.2).
pub(crate) struct Scanner<const N: usize> {
    list: ScanList<N>,
    run: Option<Run>,
}

/// What came of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing to do.
    Idle,
    /// The driver's turn.
    Scan(ScanPlan),
    /// The run is complete.
    Finished,
    /// The driver could not scan: the run is over.
    Failed,
    /// The driver did not answer in time: the run is over.
    TimedOut,
}

/// A scan under way: over all channels at once, or channel by channel with pauses.
struct Run {
    passive: bool,
    dwell: Option<Duration>,
    /// Channels between two pauses; 0 for one scan over all channels.
    group: u8,
    step: Step,
    give_up_at: Instant,
}

#[derive(Clone, Copy)]
enum Step {
    All,
    Channel(u8),
    /// Leaves the radio to the access point's beacons before `channel`.
    Pause {
        channel: u8,
        until: Instant,
    },
}

const LAST_CHANNEL: u8 = 13;
const PAUSE: Duration = Duration::from_millis(120);
const DWELL_MAX: Duration = Duration::from_millis(1500);

/// Time for a whole run: above 13 channels of the longest dwell with a pause each (21 s), below the 30 s after which a
/// Bluetooth client's blocking request fails for good.
const RUN_MAX: Duration = Duration::from_secs(25);

impl<const N: usize> Scanner<N> {
    pub(crate) fn new() -> Self {
        Self {
            list: ScanList::new(),
            run: None,
        }
    }

    /// The networks heard so far, strongest first.
    pub(crate) fn networks(&self) -> &[AccessPoint] {
        self.list.as_slice()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// When [`Scanner::elapsed`] has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let run = self.run.as_ref()?;
        match run.step {
            Step::Pause { until, .. } => Some(until.min(run.give_up_at)),
            Step::All | Step::Channel(_) => Some(run.give_up_at),
        }
    }

    /// Starts a run with an empty list.
    pub(crate) fn start(&mut self, request: &wire::ScanStart, now: Instant) -> Progress {
        self.list.clear();
        let dwell = Duration::from_millis(request.period_ms.into());
        // Taken modulo 256, as the original does.
        let [group, ..] = request.group_channels.to_le_bytes();
        let mut run = Run {
            passive: request.passive,
            dwell: (!dwell.is_zero()).then_some(dwell.min(DWELL_MAX)),
            group,
            step: Step::All,
            give_up_at: now + RUN_MAX,
        };
        let progress = if group == 0 {
            run.scan(Step::All)
        } else {
            run.go_to(1, now)
        };
        self.run = Some(run);
        progress
    }

    /// Takes what the driver heard; nothing if it was not asked.
    pub(crate) fn done(&mut self, batch: &[AccessPoint], now: Instant) -> Progress {
        let Some(run) = &mut self.run else {
            return Progress::Idle;
        };
        let progress = match run.step {
            Step::Pause { .. } => return Progress::Idle,
            Step::Channel(channel) if channel < LAST_CHANNEL => run.go_to(channel + 1, now),
            Step::Channel(_) | Step::All => Progress::Finished,
        };
        self.list.merge(batch);
        if progress == Progress::Finished {
            self.run = None;
        }
        progress
    }

    /// Takes that the driver could not scan: what was heard before stays.
    pub(crate) fn failed(&mut self) -> Progress {
        match self.run.take_if(|run| !matches!(run.step, Step::Pause { .. })) {
            Some(_) => Progress::Failed,
            None => Progress::Idle,
        }
    }

    /// Takes that time has passed.
    pub(crate) fn elapsed(&mut self, now: Instant) -> Progress {
        if self.run.take_if(|run| now >= run.give_up_at).is_some() {
            return Progress::TimedOut;
        }
        match &mut self.run {
            Some(run) => run.end_pause(now),
            None => Progress::Idle,
        }
    }

    /// Ends a run; what was heard stays. Says whether there was one.
    pub(crate) fn cancel(&mut self) -> bool {
        self.run.take().is_some()
    }

    pub(crate) fn clear(&mut self) {
        self.run = None;
        self.list.clear();
    }
}

impl Run {
    /// Goes on to `channel`, after a pause if one is due before it.
    fn go_to(&mut self, channel: u8, now: Instant) -> Progress {
        if channel.is_multiple_of(self.group) {
            self.step = Step::Pause {
                channel,
                until: now + PAUSE,
            };
            return Progress::Idle;
        }
        self.scan(Step::Channel(channel))
    }

    fn end_pause(&mut self, now: Instant) -> Progress {
        match self.step {
            Step::Pause { channel, until } if now >= until => self.scan(Step::Channel(channel)),
            Step::Pause { .. } | Step::All | Step::Channel(_) => Progress::Idle,
        }
    }

    fn scan(&mut self, step: Step) -> Progress {
        self.step = step;
        Progress::Scan(ScanPlan {
            channels: match step {
                Step::All => ScanChannels::All,
                Step::Channel(channel) | Step::Pause { channel, .. } => ScanChannels::One(channel),
            },
            passive: self.passive,
            dwell: self.dwell,
        })
    }
}
