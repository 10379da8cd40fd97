use core::{ops::ControlFlow, time::Duration};

use tokio::time::{Instant, sleep};
use zbus::OwnedObjectPath;

use super::{Error, Heard, Peer, heard::get, news::Properties, pairing::offer, scan::scan, state::State};
use crate::{Adapter, bus::ADAPTER};

/// A device that BlueZ knows of.
#[derive(Debug, Clone)]
pub struct Device {
    adapter: Adapter,
    path: OwnedObjectPath,
    is_owned: bool,
}

pub(super) const DEVICE: &str = "org.bluez.Device1";

/// Connections that are tried before the device is given up. The first packets of one are lost easily, and it with them
/// (`le-connection-abort-by-local`).
const ATTEMPTS: u32 = 5;
/// For all attempts together.
const CONNECT_TIME: Duration = Duration::from_secs(25);
/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(500);
/// For the device to tell its services: some dozen requests, and as many connection intervals.
const RESOLVE_TIME: Duration = Duration::from_secs(20);
/// For a goodbye, of which BlueZ lets 2 s pass on purpose.
const GOODBYE_TIME: Duration = Duration::from_secs(5);

impl Device {
    /// Finds the device with `address` in BlueZ's list, or listens for it for `time` at most.
    ///
    /// # Errors
    /// [`Error::NotHeard`], and those of [`scan`].
    pub async fn find(adapter: &Adapter, address: [u8; 6], time: Duration) -> Result<Self, Error> {
        adapter.check_on().await?;
        if let Some(device) = Self::listed(adapter, address).await? {
            return Ok(device);
        }
        let hear = |heard: &Heard| match heard.address == address {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        scan(adapter, time, hear).await?;
        Self::listed(adapter, address).await?.ok_or(Error::NotHeard)
    }

    async fn listed(adapter: &Adapter, address: [u8; 6]) -> Result<Option<Self>, Error> {
        let mut objects = adapter.bluez().objects().await?.into_iter();
        Ok(objects.find_map(|(path, interfaces)| {
            let properties = interfaces.get(DEVICE)?;
            let mut heard = Heard::default();
            heard.take_in(properties);
            (adapter.has(path.as_str()) && heard.address == address).then(|| Self {
                adapter: adapter.clone(),
                path,
                is_owned: is_owned(properties),
            })
        }))
    }

    /// Whether its user has paired with it, or trusts it. Then it stays in BlueZ's list.
    pub const fn is_owned(&self) -> bool {
        self.is_owned
    }

    /// The same device, though owned or not, as it was known to be before.
    #[must_use]
    pub const fn owned(mut self, is_owned: bool) -> Self {
        self.is_owned = is_owned;
        self
    }

    /// Connects to it, and waits until it has told its services. A connection that there is already is ended before.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::Bluez`].
    pub async fn connect(&self) -> Result<Peer, Error> {
        self.disconnect().await;
        let has_cached = self.has_services().await?;
        offer(self).await;
        let end = Instant::now() + CONNECT_TIME;
        let mut attempts = 1;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let error = match self.try_to_connect(left).await {
                Ok(state) => return Ok(Peer::new(self.clone(), state, has_cached)),
                Err(error) => error,
            };
            // This ends what is still under way as well.
            self.disconnect().await;
            if !matches!(error, Error::NotConnected(_)) || attempts == ATTEMPTS || Instant::now() + AGAIN > end {
                return Err(error);
            }
            attempts += 1;
            sleep(AGAIN).await;
        }
    }

    async fn try_to_connect(&self, time: Duration) -> Result<State, Error> {
        let state = State::of(&self.adapter, &self.path).await?;
        match self.call::<()>("Connect", time).await {
            Ok(()) => {}
            Err(error) if error.is("org.bluez.Error.AlreadyConnected") => {}
            Err(error) => return Err(not_connected(error)),
        }
        state.resolved(RESOLVE_TIME).await?;
        Ok(state)
    }

    /// Whether BlueZ remembers services of it.
    async fn has_services(&self) -> Result<bool, Error> {
        let objects = self.adapter.bluez().objects().await?;
        let mut below = objects.keys().filter_map(|path| path.strip_prefix(self.path.as_str()));
        Ok(below.any(|rest| rest.starts_with('/')))
    }

    /// Ends the connection, if there is one.
    pub async fn disconnect(&self) {
        // It fails only if there is nothing to end.
        _ = self.call::<()>("Disconnect", GOODBYE_TIME).await;
    }

    /// Ends the connection, and takes the device off BlueZ's list, with its cached services and its keys.
    pub async fn forget(&self) {
        let call = (ADAPTER, "RemoveDevice");
        let (bluez, path) = (self.adapter.bluez(), self.adapter.path());
        // It fails only if it is not there.
        _ = bluez.call::<_, ()>(&path, call, &(&self.path,), GOODBYE_TIME).await;
    }

    /// Leaves BlueZ as it was: ends the connection, and forgets the device unless it is its user's.
    pub async fn part(&self) {
        if self.is_owned {
            self.disconnect().await;
        } else {
            self.forget().await;
        }
    }

    pub(super) const fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    pub(super) const fn path(&self) -> &OwnedObjectPath {
        &self.path
    }

    /// Has BlueZ do something with it.
    pub(super) async fn call<R>(&self, method: &'static str, time: Duration) -> Result<R, crate::Error>
    where
        R: for<'a> zbus::wire::DynamicDeserialize<'a>,
    {
        let call = (DEVICE, method);
        self.adapter.bluez().call(&(&self.path).into(), call, &(), time).await
    }
}

fn is_owned(properties: &Properties) -> bool {
    get(properties, "Paired") == Some(true) || get(properties, "Trusted") == Some(true)
}

/// What it means that BlueZ did not connect. It says "failed" to whatever happens on the air, and the reason as a text.
fn not_connected(error: crate::Error) -> Error {
    match error {
        error if error.is("org.bluez.Error.NotReady") => error.into(),
        crate::Error::Refused { why, .. } => Error::NotConnected(why),
        crate::Error::TimedOut { .. } => Error::NotConnected("it does not answer".to_owned()),
        other => other.into(),
    }
}
