use core::convert::Infallible;

use embassy_futures::select::{Either, Either3, select, select3};
use landfall_protocomm::{Crypto, Random};

use crate::{
    App, Device, Drive, Ended, Event, StayError, Store,
    control::{Order, order},
    home::Home,
    station::{Desk, Report},
};

impl<D: Drive, S: Store, R: Random, C: Crypto> Device<'_, D, S, R, C> {
    /// Joins the stored network and keeps the device on it, again after each loss, for as long as it runs: until
    /// [`Control::stop`](crate::Control::stop), or until the future is dropped.
    ///
    /// A device that is on that network already, because it was provisioned just now, stays there undisturbed.
    ///
    /// # Errors
    /// [`StayError`].
    pub async fn stay_joined(&mut self, app: &mut impl App) -> Result<Ended, StayError<S::Error>> {
        let stored = self.store.load().await.map_err(StayError::Store)?;
        let mut home = Home::new(stored.ok_or(StayError::NothingStored)?);
        let desk = Desk::new();
        if !home.is_at(self.station()) {
            self.station = None;
            app.on_event(&Event::AlreadyProvisioned);
            home.join(&desk, app);
        }
        let station = &mut self.station;
        let control = self.config.control;
        let stay = async {
            loop {
                match select3(order(control), desk.report(), home.due()).await {
                    Either3::First(Order::Stop) => return Ended::Stopped,
                    Either3::Second(Report::Network(told)) => *station = home.take(told, app),
                    Either3::Third(()) => home.join(&desk, app),
                    // There is no provisioning to reset or to configure, and nobody scans.
                    Either3::First(Order::ResetOnFailure | Order::Reprovision | Order::Configure(_))
                    | Either3::Second(Report::Scanned(_)) => {}
                }
            }
        };
        let ended: Either<Infallible, Ended> = select(self.radio.run(&desk), stay).await;
        match ended {
            Either::First(never) => match never {},
            Either::Second(ended) => Ok(ended),
        }
    }
}
