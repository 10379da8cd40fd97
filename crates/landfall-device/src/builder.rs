use core::time::Duration;

use landfall_manager::{AppInfo, AttemptLimit, AutoStop, Config, Generation, InvalidConfig, Manager};
use landfall_protocomm::{Endpoint, InvalidEndpoint, srp::InvalidVerifier, srp::VerifierTable};

use crate::{Device, MemoryStore, Security, Store, Wifi};

/// Puts a [`Device`] together. Without a store it forgets its network when it goes.
pub struct Builder<W> {
    plan: Plan,
    handlers: Vec<Handler>,
    wifi: W,
    store: Box<dyn Store + Send>,
}

/// An application endpoint's handler: takes a decrypted request, gives the plain answer, or `None` to fail the request.
pub(crate) type Handler = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send>;

/// Everything a manager is made from.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) security: Security,
    endpoints: Vec<String>,
    app_info: Vec<OwnedAppInfo>,
    attempts: AttemptLimit,
    auto_stop: AutoStop,
    cleanup_delay: Duration,
    generation: Generation,
    pub(crate) stays_home: bool,
}

struct OwnedAppInfo {
    label: String,
    version: String,
    capabilities: Vec<String>,
}

/// Why a device cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An application endpoint cannot have this name.
    #[error("bad endpoint name {name:?}")]
    Endpoint {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: InvalidEndpoint,
    },
    /// Salt or verifier cannot be used.
    #[error(transparent)]
    Verifier(#[from] InvalidVerifier),
    /// The settings contradict each other.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
}

impl Builder<()> {
    pub(crate) fn new(name: &str, security: Security) -> Self {
        let defaults = Config::default();
        let plan = Plan {
            name: name.to_owned(),
            security,
            endpoints: Vec::new(),
            app_info: Vec::new(),
            attempts: defaults.attempts,
            auto_stop: defaults.auto_stop,
            cleanup_delay: defaults.cleanup_delay,
            generation: defaults.generation,
            stays_home: false,
        };
        Self {
            plan,
            handlers: Vec::new(),
            wifi: (),
            store: Box::new(MemoryStore::default()),
        }
    }
}

impl<W> Builder<W> {
    /// Sets the Wi-Fi station.
    pub fn wifi<N: Wifi>(self, wifi: N) -> Builder<N> {
        Builder {
            plan: self.plan,
            handlers: self.handlers,
            wifi,
            store: self.store,
        }
    }

    /// Sets where credentials are kept.
    pub fn store(mut self, store: impl Store + Send + 'static) -> Self {
        self.store = Box::new(store);
        self
    }

    /// Sets how often the device tries to join.
    pub fn attempts(mut self, attempts: AttemptLimit) -> Self {
        self.plan.attempts = attempts;
        self
    }

    /// Sets when the service stops by itself.
    pub fn auto_stop(mut self, auto_stop: AutoStop) -> Self {
        self.plan.auto_stop = auto_stop;
        self
    }

    /// Sets the time between deciding to stop and stopping; at least 100 ms.
    pub fn cleanup_delay(mut self, delay: Duration) -> Self {
        self.plan.cleanup_delay = delay;
        self
    }

    /// Sets which generation of Espressif's component `proto-ver` speaks for.
    pub fn generation(mut self, generation: Generation) -> Self {
        self.plan.generation = generation;
        self
    }

    /// Has the device stay on the network whose credentials are stored, or look for it, while it waits for a client to
    /// name another one, and go back to it when that one cannot be joined. The original leaves it.
    pub fn stay_home(mut self) -> Self {
        self.plan.stays_home = true;
        self
    }

    /// Adds an application's entry to the `proto-ver` JSON.
    pub fn app_info(mut self, label: &str, version: &str, capabilities: &[&str]) -> Self {
        self.plan.app_info.push(OwnedAppInfo {
            label: label.to_owned(),
            version: version.to_owned(),
            capabilities: capabilities.iter().copied().map(str::to_owned).collect(),
        });
        self
    }

    /// Adds an endpoint: `handler` takes a decrypted request and gives the plain answer, or `None` to fail the request.
    pub fn endpoint(mut self, name: &str, handler: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        self.plan.endpoints.push(name.to_owned());
        self.handlers.push(Box::new(handler));
        self
    }
}

impl<W: Wifi> Builder<W> {
    /// Builds the device.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(self) -> Result<Device<W>, BuildError> {
        self.plan.check()?;
        Ok(Device::new(self.plan, self.handlers, self.wifi, self.store))
    }
}

impl Plan {
    /// Names of all endpoints, the built-in ones first.
    pub(crate) fn endpoint_names(&self) -> Vec<&str> {
        let built_in = Endpoint::BUILT_IN.iter().map(Endpoint::as_str);
        built_in.chain(self.endpoints.iter().map(String::as_str)).collect()
    }

    /// The application's endpoints.
    pub(crate) fn endpoints(&self) -> Result<Vec<Endpoint<'_>>, BuildError> {
        let endpoint = |name| {
            Endpoint::new(name).map_err(|source| BuildError::Endpoint {
                name: name.to_owned(),
                source,
            })
        };
        self.endpoints.iter().map(|name| endpoint(name.as_str())).collect()
    }

    /// The capabilities of each application entry.
    pub(crate) fn capabilities(&self) -> Vec<Vec<&str>> {
        self.app_info
            .iter()
            .map(|info| info.capabilities.iter().map(String::as_str).collect())
            .collect()
    }

    /// The application entries, with their capabilities as [`Plan::capabilities`] gives them.
    pub(crate) fn app_info<'a>(&'a self, capabilities: &'a [Vec<&'a str>]) -> Vec<AppInfo<'a>> {
        let info = |(info, capabilities): (&'a OwnedAppInfo, &'a Vec<&'a str>)| AppInfo {
            label: &info.label,
            version: &info.version,
            capabilities,
        };
        self.app_info.iter().zip(capabilities).map(info).collect()
    }

    /// A manager at rest.
    pub(crate) fn manager<'a>(
        &'a self,
        table: Option<&'a VerifierTable>,
        endpoints: &'a [Endpoint<'a>],
        app_info: &'a [AppInfo<'a>],
    ) -> Result<Box<Manager<'a>>, BuildError> {
        let config = Config {
            attempts: self.attempts,
            auto_stop: self.auto_stop,
            cleanup_delay: self.cleanup_delay,
            generation: self.generation,
            app_info,
            endpoints,
        };
        Ok(Box::new(Manager::new(self.security.borrow(table)?, config)?))
    }

    /// Whether everything fits together.
    fn check(&self) -> Result<(), BuildError> {
        let table = self.security.table()?;
        let endpoints = self.endpoints()?;
        let capabilities = self.capabilities();
        let app_info = self.app_info(&capabilities);
        self.manager(table.as_deref(), &endpoints, &app_info).map(drop)
    }
}
