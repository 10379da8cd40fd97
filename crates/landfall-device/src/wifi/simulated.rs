use landfall_manager::{AccessPoint, Credentials, DisconnectReason, ScanPlan, Station};
use tokio::time::Instant;

use super::{OwnedWifiEvent, Wifi, World};
use crate::clock::{os_random, reached};

/// A Wi-Fi station in a [`World`], in real (or tokio's paused) time.
#[derive(Debug)]
pub struct SimulatedWifi {
    world: World,
    scan: Option<Pending<Vec<AccessPoint>>>,
    join: Option<Pending<Result<Station, DisconnectReason>>>,
}

/// What will have happened at a moment.
#[derive(Debug)]
struct Pending<T> {
    at: Instant,
    outcome: T,
}

impl SimulatedWifi {
    /// A station in `world` that has not joined anything.
    pub const fn new(world: World) -> Self {
        Self {
            world,
            scan: None,
            join: None,
        }
    }

    /// The world.
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// The world, to change it: what has begun ends as it would have.
    pub const fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    fn take_due(&mut self, now: Instant) -> Option<OwnedWifiEvent> {
        if let Some(scan) = self.scan.take_if(|scan| scan.at <= now) {
            return Some(OwnedWifiEvent::ScanDone(scan.outcome));
        }
        self.join.take_if(|join| join.at <= now).map(|join| match join.outcome {
            Ok(station) => OwnedWifiEvent::Connected(station),
            Err(reason) => OwnedWifiEvent::Disconnected(reason),
        })
    }
}

impl Wifi for SimulatedWifi {
    fn scan(&mut self, plan: ScanPlan) {
        let (takes, outcome) = self.world.scan(plan);
        self.scan = Some(Pending {
            at: Instant::now() + takes,
            outcome,
        });
    }

    fn cancel_scan(&mut self) {
        self.scan = None;
    }

    fn connect(&mut self, credentials: &Credentials) {
        let (takes, outcome) = self.world.join(credentials, &mut os_random);
        self.join = Some(Pending {
            at: Instant::now() + takes,
            outcome,
        });
    }

    fn disconnect(&mut self) {
        self.join = None;
    }

    async fn next(&mut self) -> OwnedWifiEvent {
        loop {
            if let Some(event) = self.take_due(Instant::now()) {
                return event;
            }
            let deadlines = [
                self.scan.as_ref().map(|scan| scan.at),
                self.join.as_ref().map(|join| join.at),
            ];
            reached(deadlines.into_iter().flatten().min()).await;
        }
    }
}
