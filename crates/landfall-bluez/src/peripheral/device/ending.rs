//! How a device goes off the air: nobody loses an answer, and nothing stays behind.

use core::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Device, Stage};
use crate::peripheral::{
    Event,
    client::Client,
    registration::{give_name_back, send_away},
    watch::Watch,
};

/// For a client to read its last answer when the device is told to stop.
const LAST_READ_TIME: Duration = Duration::from_secs(2);
/// For what was said last to travel, and for a client to go by itself.
const LINGER_TIME: Duration = Duration::from_millis(500);
/// For a client to go when it is told to, and for an advertisement to be taken away.
const GOODBYE_TIME: Duration = Duration::from_secs(2);

impl<T: FnMut(Event)> Device<'_, T> {
    /// Ends the service: clients find it no more, and the one that is there reads what it was told of.
    pub(super) async fn end(&mut self, watch: &mut Watch, disconnect: bool) {
        if self.stage == Stage::Open {
            self.stage = Stage::Ending;
            let waiting = self.client.as_mut().and_then(Client::give_up);
            self.send(waiting).await;
            self.attend_while(watch, GOODBYE_TIME, |device| {
                device.advertising || device.work.is_some()
            })
            .await;
            self.attend_while(watch, LAST_READ_TIME, |device| {
                device.client.as_ref().is_some_and(Client::has_to_read)
            })
            .await;
        }
        // One that was kept on may still have its client.
        if disconnect {
            self.attend_while(watch, LINGER_TIME, |device| device.client.is_some())
                .await;
            if let Some(client) = &self.client {
                self.work = Some(Box::pin(send_away(self.bluez.clone(), client.path().clone())));
            }
            self.attend_while(watch, GOODBYE_TIME, |device| device.client.is_some())
                .await;
        }
    }

    /// Serves on as long as `wanted`, though not for longer than `time`.
    async fn attend_while(&mut self, watch: &mut Watch, time: Duration, wanted: impl Fn(&Self) -> bool) {
        let end = Instant::now() + time;
        while wanted(self) {
            let next = tokio::select! {
                next = self.next(watch) => next,
                () = sleep_until(end) => return,
            };
            // Without a bus there is nobody to attend to.
            if self.take(next).await.is_err() {
                return;
            }
        }
    }

    pub(super) async fn give_names_back(&mut self) {
        for (adapter, alias) in self.renamed.drain(..) {
            give_name_back(&adapter, &alias).await;
        }
    }
}
