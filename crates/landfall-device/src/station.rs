use crate::{Device, Ended, Event, RunError, Wifi, device::Order, home::Home};

impl<W: Wifi> Device<W> {
    /// Joins the stored network and keeps the device on it, for as long as it runs: until [`crate::Handle::stop`], or
    /// until the future is dropped. `events` sees what becomes of it.
    ///
    /// A device that is on that network already, because it was provisioned just now, stays there undisturbed.
    ///
    /// # Errors
    /// [`RunError::NothingStored`] and [`RunError::Store`].
    pub async fn join_stored(&mut self, mut events: impl FnMut(&Event)) -> Result<Ended, RunError> {
        let mut home = Home::new(self.store.load()?.ok_or(RunError::NothingStored)?);
        match self.station {
            Some(station) if home.is_at(Some(&station)) => events(&Event::Joined(station)),
            _ => {
                self.station = None;
                home.join(&mut self.wifi, &mut events);
            }
        }
        loop {
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => match order {
                    Order::Stop => return Ok(Ended::Stopped),
                    Order::ResetOnFailure | Order::Reprovision => {}
                },
                told = self.wifi.next() => self.station = home.take(told, self.station, &mut events),
                () = home.due() => home.join(&mut self.wifi, &mut events),
            }
        }
    }
}
