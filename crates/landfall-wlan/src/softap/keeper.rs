//! Who keeps an access point on the air, moves it, and takes it away in the end.

use tokio::sync::{mpsc, oneshot};

use super::{
    Way,
    interface::OwnInterface,
    place::Place,
    process::Process,
    program::{Program, Wish},
};
use crate::{
    Error,
    kernel::{self, Driving},
};

/// What a [`super::Mover`] wants.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) frequency: u32,
    pub(super) done: oneshot::Sender<Result<(), Error>>,
}

/// All that an access point is made of.
pub(super) struct Keeper {
    pub(super) place: Place,
    pub(super) program: Program,
    pub(super) wish: Wish,
    pub(super) interface: OwnInterface,
    /// Where it is, in MHz.
    pub(super) frequency: u32,
    /// The station whose channel has to be its own; none if the radio can be on two.
    pub(super) follows: Option<String>,
    /// None: it failed, which was told.
    pub(super) process: Option<Process>,
    /// DHCP and DNS.
    pub(super) _serving: [Driving; 2],
}

impl Keeper {
    /// Keeps it until the other end of `end` is dropped.
    pub(super) async fn run(
        mut self,
        mut moves: mpsc::Receiver<Move>,
        failed: oneshot::Sender<Error>,
        mut end: oneshot::Receiver<()>,
    ) {
        let mut failed = Some(failed);
        loop {
            tokio::select! {
                _ = &mut end => break,
                Some(wanted) = moves.recv() => {
                    let moved = self.move_to(wanted.frequency).await;
                    if let (None, Err(error)) = (&self.process, &moved) {
                        failed.take().map(|tell| tell.send(error.clone()));
                    }
                    // Who asked may have gone.
                    let _ = wanted.done.send(moved);
                }
                error = failure(self.process.as_mut()) => {
                    self.stop().await;
                    failed.take().map(|tell| tell.send(error));
                }
            }
        }
        self.stop().await;
        self.interface.give_back().await;
    }

    /// Goes to another channel, with the guests if that is possible.
    async fn move_to(&mut self, frequency: u32) -> Result<(), Error> {
        let Some(process) = &mut self.process else {
            // The radio is free.
            return Ok(());
        };
        let Some(station) = self.follows.as_deref().filter(|_| self.frequency != frequency) else {
            return Ok(());
        };
        if let Some(elsewhere) = is_at(station).await.filter(|there| *there != frequency) {
            // The kernel would let it begin, and fail in the end. What can be done is not to be in the station's way.
            self.stop().await;
            return Err(Error::Program {
                program: self.program.name(),
                why: format!("the station is still at {elsewhere} MHz"),
            });
        }
        let way = Way::between(self.frequency, frequency);
        self.frequency = frequency;
        if way == Way::Announced && process.switch(frequency).await.is_ok() {
            return Ok(());
        }
        // Without an announcement its guests lose it, and find it again by its name.
        self.stop().await;
        let started = Process::start(&self.program, &self.place, &self.wish, frequency).await;
        self.process = Some(started?);
        Ok(())
    }

    async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
    }
}

/// Where the station is, in MHz, if it is in a network.
async fn is_at(station: &str) -> Option<u32> {
    kernel::interface(Some(station)).await.ok()?.frequency
}

async fn failure(process: Option<&mut Process>) -> Error {
    match process {
        Some(process) => process.failed().await,
        None => core::future::pending().await,
    }
}
