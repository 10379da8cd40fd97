use core::time::Duration;

use futures_util::StreamExt as _;
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use zbus::OwnedObjectPath;

use super::{
    Error,
    device::DEVICE,
    heard::get,
    news::{News, Properties, news},
};
use crate::{Adapter, bus::PROPERTIES};

/// Keeps an eye on a device's connection.
pub(super) struct State {
    phase: watch::Receiver<Phase>,
    watcher: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Before,
    Connected,
    /// Its services are known.
    Resolved,
    /// There was a connection.
    Ended,
    /// BlueZ has forgotten the device, or has ended.
    Gone,
}

impl State {
    /// Looks at the device at `path` from now on.
    pub(super) async fn of(adapter: &Adapter, path: &OwnedObjectPath) -> Result<Self, crate::Error> {
        let mut news = news(adapter.bluez()).await?;
        let all = (PROPERTIES, "GetAll");
        let properties: Properties = adapter
            .bluez()
            .call(&path.into(), all, &(DEVICE,), crate::bus::AT_ONCE)
            .await?;
        let (tell, phase) = watch::channel(Phase::Before.after(&properties));
        let path = path.clone();
        let watcher = tokio::spawn(async move {
            while let Some(told) = news.next().await {
                tell.send_if_modified(|phase| {
                    let before = *phase;
                    *phase = before.after_news(path.as_str(), &told);
                    *phase != before
                });
            }
        });
        Ok(Self { phase, watcher })
    }

    /// Waits until the device's services are known.
    pub(super) async fn resolved(&self, time: Duration) -> Result<(), Error> {
        let mut phases = self.phase.clone();
        let settled = phases.wait_for(|phase| !matches!(phase, Phase::Before | Phase::Connected));
        let settled = timeout(time, settled).await.map(|phase| phase.map(|phase| *phase));
        match settled {
            Ok(Ok(Phase::Resolved)) => Ok(()),
            Ok(Ok(Phase::Ended)) => Err(Error::NotConnected("the device ended it at once".to_owned())),
            Ok(_) => Err(crate::Error::Gone.into()),
            Err(_) => Err(Error::NotConnected("the device does not tell its services".to_owned())),
        }
    }

    /// Whether there is a connection.
    pub(super) fn is_connected(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Connected | Phase::Resolved)
    }

    /// Waits until there is no connection any more.
    pub(super) async fn ended(&self) {
        let mut phases = self.phase.clone();
        // An error says that the watcher has ended.
        _ = phases
            .wait_for(|phase| matches!(phase, Phase::Ended | Phase::Gone))
            .await;
    }
}

impl Phase {
    fn after_news(self, device: &str, news: &News) -> Self {
        match news.of(device, DEVICE) {
            Some(properties) => self.after(properties),
            None if news.takes(device, DEVICE) => Self::Gone,
            None => self,
        }
    }

    fn after(self, properties: &Properties) -> Self {
        let connected = get(properties, "Connected");
        let resolved = get(properties, "ServicesResolved");
        match (self, connected, resolved) {
            (Self::Gone, ..) => Self::Gone,
            (Self::Connected | Self::Resolved, Some(false), _) => Self::Ended,
            (Self::Before | Self::Connected, _, Some(true)) => Self::Resolved,
            (Self::Before, Some(true), _) => Self::Connected,
            (before, ..) => before,
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}
