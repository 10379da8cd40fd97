use core::{
    cell::{Ref, RefCell},
    time::Duration,
};
use std::rc::Rc;

use landfall_client::{Connection, Error, Network, Outcome, Progress, Provisioning, Secret};
use landfall_manager::{Event, State};
use landfall_protocomm::{Instant, device};

use crate::{
    Bounds, Build, Clock, Conditions, Hung, Link, Record, Scheme, Seeded, VirtualDevice, VirtualEnvironment,
    VirtualTransport, clock::block_on, transport::Shared,
};

/// A client of the pair's device.
pub type Client = Connection<VirtualTransport, VirtualEnvironment>;

/// A virtual device and the clients that talk to it, all in one virtual time and all from one seed.
#[derive(Debug)]
pub struct Pair {
    scheme: Scheme,
    random: Seeded,
    shared: Shared,
    clients: u32,
    said: Vec<String>,
}

/// No provisioning takes longer, whatever the link does.
pub const LONGEST: Bounds = Bounds {
    steps: 20_000,
    time: Duration::from_secs(10 * 60),
};

/// Both ways a link without faults.
pub const CLEAN: [Conditions; 2] = [Conditions::CLEAN, Conditions::CLEAN];

impl Pair {
    /// A pair whose device is built like this and has just been switched on.
    pub fn new(seed: u64, build: Build) -> Self {
        let mut random = Seeded::new(seed);
        let scheme = build.scheme;
        let device = VirtualDevice::new(build, random.fork());
        let shared = Shared {
            clock: Clock::default(),
            device: Rc::new(RefCell::new(device)),
            record: Rc::default(),
            connections: Rc::default(),
        };
        Self {
            scheme,
            random,
            shared,
            clients: 0,
            said: Vec::new(),
        }
    }

    /// The device's security.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What the device's owner knows.
    pub fn secret(&self) -> Secret {
        self.scheme.secret()
    }

    /// A client that has not said anything yet, on a link with these conditions (to the device, and back).
    pub fn client(&mut self, conditions: [Conditions; 2]) -> Client {
        Connection::new(self.transport(conditions), self.environment())
    }

    /// What a client sends with, for clients of a test's own.
    pub fn transport(&mut self, [up, down]: [Conditions; 2]) -> VirtualTransport {
        self.clients += 1;
        let link = Link::new(up, down, &mut self.random);
        VirtualTransport::new(self.shared.clone(), link, self.clients)
    }

    /// Time and randomness for a client of a test's own.
    pub fn environment(&mut self) -> VirtualEnvironment {
        VirtualEnvironment::new(self.shared.clock.clone(), self.random.fork())
    }

    /// Has `client` provision the device, to whatever end.
    ///
    /// # Errors
    /// [`Hung`] if there is none.
    pub fn provision(
        &mut self,
        client: &mut Client,
        secret: &Secret,
        network: &Network,
    ) -> Result<Result<Outcome, Error>, Hung> {
        let said = &mut self.said;
        let tell = |progress: Progress| said.push(format!("{progress:?}"));
        let flow = client.provision(secret, network, Provisioning::default(), tell);
        let end = block_on(&self.shared.clock, LONGEST, flow)?;
        self.said.push(match &end {
            Ok(outcome) => format!("{outcome:?}"),
            Err(error) => format!("{error:?} {error}"),
        });
        self.said.push(format!("{secret:?} {network:?}"));
        Ok(end)
    }

    /// Runs any other flow of a client.
    ///
    /// # Panics
    /// If it hangs.
    #[track_caller]
    pub fn run<T>(&self, flow: impl Future<Output = T>) -> T {
        match block_on(&self.shared.clock, LONGEST, flow) {
            Ok(output) => output,
            Err(hung) => panic!("{hung}"),
        }
    }

    /// The present.
    pub fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    /// Lets time pass.
    pub fn wait(&mut self, duration: Duration) {
        self.shared.clock.advance_to(self.now() + duration);
        self.shared.device.borrow_mut().run_until(self.now());
    }

    /// Lets time pass until the device waits for credentials, or does nothing at all: joining and stopping have an end.
    ///
    /// # Errors
    /// [`Hung`] if they have none.
    pub fn settle(&mut self) -> Result<(), Hung> {
        let start = self.now();
        for steps in 0..LONGEST.steps {
            let state = self.device().state();
            let next = self.device().next_moment();
            let moment = match (state, next) {
                (State::Connecting | State::Connected | State::Stopping, Some(moment)) => moment,
                // Without power it is idle, and has a plan.
                (State::Idle, Some(moment)) => moment,
                _ => return Ok(()),
            };
            let time = moment - start;
            if time > LONGEST.time {
                return Err(Hung { steps, time });
            }
            self.wait(moment - self.now());
        }
        let time = self.now() - start;
        Err(Hung {
            steps: LONGEST.steps,
            time,
        })
    }

    /// Waits until handshakes are welcome again, if wrong proofs have locked the device.
    pub fn wait_out_lock(&mut self) {
        let locked_until = self
            .device()
            .history()
            .events
            .iter()
            .rev()
            .find_map(|event| match event {
                Event::Security(device::Event::LockedOut { until }) => Some(*until),
                _ => None,
            });
        if let Some(until) = locked_until {
            self.wait(until - self.now());
        }
    }

    /// The owner presses the device's button: it provisions, unless it does already.
    pub fn press_button(&mut self) {
        let now = self.now();
        self.shared.device.borrow_mut().press_button(now);
    }

    /// Cuts the device's power for some seconds.
    pub fn cut_power(&mut self, off: Duration) {
        let now = self.now();
        self.shared.device.borrow_mut().cut_power(now, off);
    }

    /// The device, as it was when it was last touched.
    pub fn device(&self) -> Ref<'_, VirtualDevice> {
        self.shared.device.borrow()
    }

    /// Changes the device's surroundings.
    pub fn with_device<T>(&mut self, change: impl FnOnce(&mut VirtualDevice) -> T) -> T {
        change(&mut self.shared.device.borrow_mut())
    }

    /// What went over the wire.
    pub fn record(&self) -> Ref<'_, Record> {
        self.shared.record.borrow()
    }

    /// Progress, outcomes and errors of the clients, as `Debug` and `Display` print them.
    pub fn said(&self) -> &[String] {
        &self.said
    }
}
