use std::io;

use landfall_manager::{Credentials, Ssid, Station};
use tokio::sync::mpsc;

use crate::{
    BuildError, Builder, Security, Store, StoreError, Wifi,
    builder::{Handler, Plan},
};

/// A device: a security scheme, endpoints, a Wi-Fi station and a store.
///
/// Built with [`Device::builder`]; then [`provision`](Device::provision) makes it known to a network, and
/// [`join_stored`](Device::join_stored) keeps it there.
pub struct Device<W> {
    pub(crate) plan: Plan,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) wifi: W,
    pub(crate) store: Box<dyn Store + Send>,
    /// The network the station is on.
    pub(crate) station: Option<Station>,
    pub(crate) orders: mpsc::UnboundedReceiver<Order>,
    handle: Handle,
}

/// Tells a running [`Device`] what to do, from anywhere.
#[derive(Debug, Clone)]
pub struct Handle {
    orders: mpsc::UnboundedSender<Order>,
}

/// What a [`Handle`] can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Stop,
    ResetOnFailure,
    Reprovision,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The device is on this network, and stays there.
    Provisioned(Ssid),
    /// The device was told to stop.
    Stopped,
}

/// Why a run could not begin, or broke off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The service could not open for clients.
    #[error("the provisioning service cannot start")]
    Service(#[source] io::Error),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are no credentials to join a network with.
    #[error("no network is stored: provision the device first")]
    NothingStored,
    /// The device cannot be what it was built as.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Why not everything could be forgotten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResetError {
    /// The store still has the credentials.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever drives the Wi-Fi still has them.
    #[error("the system still knows the network")]
    Wifi(#[source] io::Error),
}

impl Device<()> {
    /// Begins a device called `name`, its service name.
    pub fn builder(name: &str, security: Security) -> Builder<()> {
        Builder::new(name, security)
    }
}

impl<W> Device<W> {
    /// The service name.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// The security scheme.
    pub const fn security(&self) -> &Security {
        &self.plan.security
    }

    /// What the device is stored to join; `None` if nothing.
    ///
    /// # Errors
    /// [`StoreError`]; a damaged file is reported once.
    pub fn stored(&self) -> Result<Option<Credentials>, StoreError> {
        self.store.load()
    }

    /// Forgets the stored network: the factory reset.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erase(&mut self) -> Result<(), StoreError> {
        self.store.erase()
    }

    /// The network the station is on, as far as the last run saw.
    pub const fn station(&self) -> Option<&Station> {
        self.station.as_ref()
    }

    /// The Wi-Fi station.
    pub const fn wifi_mut(&mut self) -> &mut W {
        &mut self.wifi
    }

    /// A handle to tell the device what to do while it runs.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl<W: Wifi> Device<W> {
    /// Leaves and forgets the network, in the store and with whoever drives the Wi-Fi: the factory reset. The store comes
    /// first: what is forgotten there is never joined again by this device.
    ///
    /// # Errors
    /// [`ResetError`]; what could be forgotten is.
    pub async fn reset(&mut self) -> Result<(), ResetError> {
        self.station = None;
        let stored = self.store.erase();
        self.wifi.forget().await.map_err(ResetError::Wifi)?;
        Ok(stored?)
    }

    /// Ends the device in order: what its Wi-Fi was trying is given up, and the network that was there before comes back.
    pub async fn close(self) {
        self.wifi.close().await;
    }

    pub(crate) fn new(plan: Plan, handlers: Vec<Handler>, wifi: W, store: Box<dyn Store + Send>) -> Self {
        let (sender, orders) = mpsc::unbounded_channel();
        Self {
            plan,
            handlers,
            wifi,
            store,
            station: None,
            orders,
            handle: Handle { orders: sender },
        }
    }
}

impl Handle {
    /// Ends the present run, or the next one if none is running: provisioning after its cleanup delay.
    pub fn stop(&self) {
        self.send(Order::Stop);
    }

    /// Has a provisioning that failed wait for new credentials (`reset_sm_state_on_failure`). New credentials are
    /// welcome without it, too.
    pub fn reset_on_failure(&self) {
        self.send(Order::ResetOnFailure);
    }

    /// Has a provisioning that does not stop by itself leave its network and wait for new credentials
    /// (`reset_sm_state_for_reprovision`).
    pub fn reprovision(&self) {
        self.send(Order::Reprovision);
    }

    fn send(&self, order: Order) {
        // The device is gone: there is nothing left to tell it.
        let _ = self.orders.send(order);
    }
}
