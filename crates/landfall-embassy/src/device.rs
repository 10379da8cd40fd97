use landfall_manager::{Credentials, InvalidConfig, Ssid, Station};
use landfall_protocomm::{Crypto, Random, Software};

use crate::{Config, Drive, Store, run::Endpoints, station::Radio};

/// A device: how it is to be, a Wi-Fi station, a store, and randomness fit for keys.
///
/// [`provision`](Self::provision) makes it known to a network, and [`stay_joined`](Self::stay_joined) keeps it there. Both
/// do all their work in the task that awaits them, and need no other. All memory is in this value and in their futures;
/// there is no allocator.
pub struct Device<'a, D, S, R, C = Software> {
    pub(crate) config: Config<'a>,
    /// Before the radio, so that it is dropped first: chips draw randomness from the radio.
    pub(crate) random: R,
    pub(crate) radio: Radio<D>,
    pub(crate) store: S,
    pub(crate) crypto: C,
    /// The network the station is on.
    pub(crate) station: Option<Station>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The device is on this network, and stays there.
    Provisioned(Ssid),
    /// The device was told to stop.
    Stopped,
}

/// Why a provisioning could not begin, or broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError<E> {
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// There are more endpoints than a device can have.
    #[error("a device has at most {} endpoints of the application's", Endpoints::MAX_APPLICATION)]
    TooManyEndpoints,
    /// The service could not open, or cannot go on.
    #[error("the provisioning service failed: {0}")]
    Service(#[source] E),
}

/// Why a device cannot stay on its network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StayError<E> {
    /// There are no credentials to join a network with.
    #[error("no network is stored: provision the device first")]
    NothingStored,
    /// The store could not be read.
    #[error("the stored network could not be read: {0}")]
    Store(#[source] E),
}

impl<'a, D: Drive, S: Store, R: Random> Device<'a, D, S, R> {
    /// A device at rest.
    pub const fn new(config: Config<'a>, drive: D, store: S, random: R) -> Self {
        Self::with_crypto(config, drive, store, random, Software)
    }
}

impl<'a, D: Drive, S: Store, R: Random, C: Crypto> Device<'a, D, S, R, C> {
    /// A device at rest whose heavy work a chip's accelerators do.
    pub const fn with_crypto(config: Config<'a>, drive: D, store: S, random: R, crypto: C) -> Self {
        Self {
            config,
            random,
            radio: Radio::new(drive),
            store,
            crypto,
            station: None,
        }
    }

    /// What the device is stored to join; `None` if nothing. A wrong password is never stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn stored(&mut self) -> Result<Option<Credentials>, S::Error> {
        self.store.load().await
    }

    /// Leaves and forgets the network: the factory reset.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn reset(&mut self) -> Result<(), S::Error> {
        let erased = self.store.erase().await;
        self.station = None;
        self.radio.leave().await;
        erased
    }

    /// The network the station is on, as far as the last run saw.
    pub fn station(&self) -> Option<&Station> {
        // What the station told last may have been told to nobody, because the run was at its end.
        self.station.as_ref().filter(|_| self.radio.is_joined())
    }

    /// The Wi-Fi station.
    pub const fn drive_mut(&mut self) -> &mut D {
        self.radio.drive_mut()
    }

    /// The store.
    pub const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }
}
