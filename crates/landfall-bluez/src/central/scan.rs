use core::{ops::ControlFlow, time::Duration};
use std::collections::HashMap;

use futures_util::StreamExt as _;
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout_at},
};
use zbus::{OwnedObjectPath, Variant};

use super::{
    Heard,
    device::DEVICE,
    heard::get,
    news::{News, Properties, news},
};
use crate::{
    Adapter, Error,
    bus::{ADAPTER, AT_ONCE},
};

/// Listens for `time`. `on_heard` sees each device that is near as soon as BlueZ tells of it, and again whenever it
/// tells more; it may break the scan off.
///
/// # Errors
/// [`Error::Off`], [`Error::Blocked`], [`Error::Gone`] and the like.
pub async fn scan(
    adapter: &Adapter,
    time: Duration,
    mut on_heard: impl FnMut(&Heard) -> ControlFlow<()>,
) -> Result<(), Error> {
    adapter.check_on().await?;
    let mut news = news(adapter.bluez()).await?;
    let mut devices = Devices::default();
    for (path, mut interfaces) in adapter.bluez().objects().await? {
        let device = interfaces.remove(DEVICE).filter(|_| adapter.has(path.as_str()));
        let known = device.and_then(|properties| devices.take_in(path, &properties));
        if known.map(&mut on_heard) == Some(ControlFlow::Break(())) {
            return Ok(());
        }
    }
    let discovery = Discovery::start(adapter).await?;
    let end = Instant::now() + time;
    let result = loop {
        let Ok(told) = timeout_at(end, news.next()).await else {
            break Ok(());
        };
        let heard = match told {
            Some(News::Added(path, mut interfaces)) if adapter.has(path.as_str()) => {
                let device = interfaces.remove(DEVICE);
                device.and_then(|properties| devices.take_in(path, &properties))
            }
            Some(News::Changed {
                path,
                interface,
                properties,
            }) if interface == DEVICE && adapter.has(path.as_str()) => devices.take_in(path, &properties),
            Some(other) if ends(adapter, &other) => break Err(why_ended(adapter).await),
            Some(_) => None,
            None => break Err(Error::Gone),
        };
        if heard.map(&mut on_heard) == Some(ControlFlow::Break(())) {
            break Ok(());
        }
    };
    // It would hold up the answer.
    drop(news);
    discovery.stop().await;
    result
}

/// Devices of an adapter, as far as BlueZ has told of them.
#[derive(Default)]
struct Devices(HashMap<OwnedObjectPath, Heard>);

impl Devices {
    /// Takes in what is told of a device; gives the device if it is near.
    fn take_in(&mut self, path: OwnedObjectPath, properties: &Properties) -> Option<&Heard> {
        let heard = self.0.entry(path).or_default();
        heard.take_in(properties);
        Some(&*heard).filter(|heard| heard.is_near())
    }
}

/// A scan of ours that BlueZ has been asked for. It ends with this, in whatever way.
struct Discovery {
    adapter: Adapter,
    is_running: bool,
}

/// For a scan to begin or to end: the controller has to be asked, and may be doing something else.
const SCAN_CALL_TIME: Duration = Duration::from_secs(10);
/// How often is asked for a scan, while another one is just being begun or ended.
const ATTEMPTS: u32 = 10;
const AGAIN: Duration = Duration::from_millis(300);

impl Discovery {
    async fn start(adapter: &Adapter) -> Result<Self, Error> {
        // Names are in the scan response and signal strengths change, so a device has to be told of more than once.
        let filter = HashMap::from([
            ("Transport", Variant::from("le")),
            ("DuplicateData", Variant::from(true)),
        ]);
        let (bluez, path) = (adapter.bluez(), adapter.path());
        bluez
            .call::<_, ()>(&path, (ADAPTER, "SetDiscoveryFilter"), &(filter,), AT_ONCE)
            .await?;
        let mut attempts = 1;
        loop {
            let mut discovery = Self {
                adapter: adapter.clone(),
                is_running: true,
            };
            let call = (ADAPTER, "StartDiscovery");
            match bluez.call::<_, ()>(&path, call, &(), SCAN_CALL_TIME).await {
                Ok(()) => return Ok(discovery),
                Err(error) if error.is("org.bluez.Error.InProgress") => {
                    // Nothing was begun, and what ends it would end the next attempt.
                    discovery.is_running = false;
                    if attempts == ATTEMPTS {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
            attempts += 1;
            sleep(AGAIN).await;
        }
    }

    async fn stop(mut self) {
        self.is_running = false;
        stop(&self.adapter).await;
    }
}

/// A scan that is given up is stopped as well.
impl Drop for Discovery {
    fn drop(&mut self) {
        if let (true, Ok(runtime)) = (self.is_running, Handle::try_current()) {
            let adapter = self.adapter.clone();
            runtime.spawn(async move { stop(&adapter).await });
        }
    }
}

async fn stop(adapter: &Adapter) {
    let call = (ADAPTER, "StopDiscovery");
    let (bluez, path) = (adapter.bluez(), adapter.path());
    // It fails only if there is no scan any more.
    _ = bluez.call::<_, ()>(&path, call, &(), SCAN_CALL_TIME).await;
}

/// Whether no more can be heard after this.
fn ends(adapter: &Adapter, news: &News) -> bool {
    let path = adapter.path();
    let is_off = |properties| get(properties, "Powered") == Some(false);
    news.of(&path, ADAPTER).is_some_and(is_off) || news.takes(&path, ADAPTER)
}

async fn why_ended(adapter: &Adapter) -> Error {
    adapter.check_on().await.err().unwrap_or(Error::Gone)
}
