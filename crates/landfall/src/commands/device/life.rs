//! What a device does from its beginning to its end: it waits for clients, or is on its network.

use core::{pin::pin, time::Duration};
use std::path::Path;

use landfall_device::{Device, Event as Happened, RunError, Service as _, Wifi, manager::Event as ManagerEvent};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::watch::Watch;
use crate::{
    commands::{
        front::Front,
        keeping::{self, Kept},
    },
    failure::Failure,
    print::Printer,
};

/// A device that lives on one Wi-Fi.
pub(super) struct Life<'a, W, O> {
    pub(super) device: Device<W>,
    /// Where its credentials are kept.
    pub(super) state: &'a Path,
    /// Makes the service for clients, anew each time.
    pub(super) open_front: O,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) habits: Habits,
    pub(super) watch: &'a Watch<'a>,
    pub(super) printer: &'a Printer,
}

/// How a device does it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// How long it is open for clients, if nobody says otherwise.
    pub(super) window: Option<Duration>,
    /// Whether its service stays, without answering, when provisioning has ended.
    pub(super) keeps_front: bool,
}

/// What a living device can be told.
pub(super) enum Order {
    /// To open for clients.
    Open { window: Option<Duration>, done: Done },
    /// To forget its network.
    Reset { done: Done },
    /// To end.
    Stop,
}

/// For a service to end; one that is dropped goes by itself.
const STOP_TIME: Duration = Duration::from_secs(20);

/// Hears when an order was obeyed, or why not. Who does not want to know drops the other end.
pub(super) type Done = oneshot::Sender<Result<(), String>>;

/// What comes next.
enum Phase {
    Provisioning(Opening),
    /// On the stored network.
    Station,
    /// Neither: the window has passed.
    Rest,
    End,
}

/// The device opens for clients.
struct Opening {
    window: Option<Duration>,
    done: Option<Done>,
}

/// How provisioning ended.
enum Outcome {
    /// By itself, or because the window had passed.
    Over {
        closing: bool,
    },
    Failed(RunError),
    Told(Order),
}

impl<W: Wifi, O: AsyncFn() -> Result<Front, Failure>> Life<'_, W, O> {
    /// Lives until told to stop.
    ///
    /// # Errors
    ///
    /// Where a device without a network cannot open for clients, or its store fails: it could do nothing any more.
    pub(super) async fn live(mut self) -> Result<(), Failure> {
        let mut phase = self.begin().await?;
        let mut kept_front = None;
        loop {
            phase = match phase {
                Phase::Provisioning(opening) => {
                    drop(kept_front.take());
                    self.provision(opening, &mut kept_front).await?
                }
                Phase::Station => self.stay().await?,
                Phase::Rest => match self.orders.recv().await {
                    Some(order) => self.obey(order).await,
                    None => Phase::End,
                },
                Phase::End => break,
            };
        }
        self.device.close().await;
        Ok(())
    }

    async fn begin(&mut self) -> Result<Phase, Failure> {
        let kept = keeping::kept(&self.device, Some(self.state), self.printer)?;
        // A reset may have been cut short: the network would be joined again behind our back.
        if kept == Kept::Nothing
            && let Err(error) = self.device.reset().await
        {
            self.watch.warn(error.to_string());
        }
        self.watch.begins(kept == Kept::Network);
        Ok(match kept {
            Kept::Network => Phase::Station,
            Kept::Nothing | Kept::Damaged => self.opening(None, None),
        })
    }

    /// Waits for clients. What they have brought decides what comes next.
    async fn provision(&mut self, opening: Opening, kept_front: &mut Option<Front>) -> Result<Phase, Failure> {
        let Opening { window, mut done } = opening;
        let mut front = match (self.open_front)().await {
            Ok(front) => front,
            Err(failure) => return self.cannot_open(failure, done),
        };
        self.watch.opens(front.place(), window);
        let outcome = self.serve(&mut front, &mut done).await;
        if matches!(outcome, Outcome::Told(_)) && timeout(STOP_TIME, front.stop()).await.is_err() {
            self.watch.warn(format!(
                "the service for clients did not end within {} s",
                STOP_TIME.as_secs()
            ));
        }
        self.watch.closed();
        match outcome {
            Outcome::Failed(error @ (RunError::Service(_) | RunError::Build(_))) => {
                self.cannot_open(Failure::of_device(&error), done)
            }
            Outcome::Failed(error) => Err(Failure::of_device(&error)),
            Outcome::Told(order) => Ok(self.obey(order).await),
            Outcome::Over { closing } => {
                *kept_front = Some(front).filter(|_| self.habits.keeps_front);
                Ok(match self.is_stored()? {
                    true => Phase::Station,
                    false if closing => Phase::Rest,
                    // The network went away before it was stored.
                    false => self.opening(None, None),
                })
            }
        }
    }

    /// Serves clients at `front` until it ends; `done` hears when it has begun.
    async fn serve(&mut self, front: &mut Front, done: &mut Option<Done>) -> Outcome {
        let (watch, orders, handle) = (self.watch, &mut self.orders, self.device.handle());
        let mut running = pin!(self.device.provision(front, |happened| {
            watch.tell(happened);
            if let (Happened::Manager(ManagerEvent::Started), Some(done)) = (happened, done.take()) {
                say(done, Ok(()));
            }
        }));
        let mut closing = false;
        loop {
            tokio::select! {
                biased;
                ended = &mut running => return match ended {
                    Ok(_) => Outcome::Over { closing },
                    Err(error) => Outcome::Failed(error),
                },
                Some(order) = orders.recv() => match order {
                    // One that is on its way out has to come to its end first.
                    Order::Open { window, done } if !closing => {
                        watch.set_window(window.or(self.habits.window));
                        say(done, Ok(()));
                    }
                    order => return Outcome::Told(order),
                },
                () = watch.window_over(), if !closing => {
                    closing = true;
                    handle.stop();
                }
            }
        }
    }

    /// Keeps the device on the stored network.
    async fn stay(&mut self) -> Result<Phase, Failure> {
        let (watch, orders) = (self.watch, &mut self.orders);
        let order = tokio::select! {
            biased;
            Some(order) = orders.recv() => order,
            ended = self.device.join_stored(|happened| watch.tell(happened)) => return match ended {
                // An order to close that came too late has found this.
                Ok(_) => Ok(Phase::Station),
                Err(RunError::NothingStored) => Ok(self.opening(None, None)),
                Err(error) => Err(Failure::of_device(&error)),
            },
        };
        Ok(self.obey(order).await)
    }

    async fn obey(&mut self, order: Order) -> Phase {
        match order {
            Order::Open { window, done } => self.opening(window, Some(done)),
            Order::Reset { done } => {
                let forgotten = self.device.reset().await;
                // Where the Wi-Fi alone makes trouble, the store is empty nevertheless.
                if matches!(self.device.stored(), Ok(None)) {
                    self.watch.was_reset();
                }
                if let Err(error) = &forgotten {
                    self.watch.warn(error.to_string());
                }
                say(done, forgotten.map_err(|error| error.to_string()));
                self.opening(None, None)
            }
            Order::Stop => Phase::End,
        }
    }

    fn opening(&self, window: Option<Duration>, done: Option<Done>) -> Phase {
        let window = window.or(self.habits.window);
        Phase::Provisioning(Opening { window, done })
    }

    /// A device that has a network goes on without clients.
    fn cannot_open(&self, failure: Failure, done: Option<Done>) -> Result<Phase, Failure> {
        let words = format!("{}: {}", failure.message(), failure.cause());
        if let Some(done) = done {
            say(done, Err(words.clone()));
        }
        if !self.is_stored()? {
            return Err(failure);
        }
        self.watch.warn(words);
        Ok(Phase::Station)
    }

    fn is_stored(&self) -> Result<bool, Failure> {
        Ok(keeping::kept(&self.device, Some(self.state), self.printer)? == Kept::Network)
    }
}

fn say(done: Done, result: Result<(), String>) {
    // Who has gone does not want to know.
    let _ = done.send(result);
}
