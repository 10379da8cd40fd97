use core::cell::RefCell;

use embassy_sync::{
    blocking_mutex::{Mutex, raw::CriticalSectionRawMutex},
    signal::Signal,
};
use landfall_manager::Credentials;

/// Tells a running [`Device`](crate::Device) what to do, from any task or interrupt: give it to
/// [`Config::control`](crate::Config::control).
///
/// What nobody is there to hear is kept until a device runs; of two wishes of a kind it hears the newer one.
///
/// ```
/// static CONTROL: landfall_embassy::Control = landfall_embassy::Control::new();
/// ```
pub struct Control {
    wishes: Mutex<CriticalSectionRawMutex, RefCell<Wishes>>,
    news: Signal<CriticalSectionRawMutex, ()>,
}

/// One of each kind.
struct Wishes {
    stop: bool,
    reset_on_failure: bool,
    reprovision: bool,
    configure: Option<Credentials>,
}

/// What a device can be told.
#[derive(Debug)]
pub(crate) enum Order {
    Stop,
    ResetOnFailure,
    Reprovision,
    Configure(Credentials),
}

impl Control {
    /// For one device.
    pub const fn new() -> Self {
        Self {
            wishes: Mutex::new(RefCell::new(Wishes {
                stop: false,
                reset_on_failure: false,
                reprovision: false,
                configure: None,
            })),
            news: Signal::new(),
        }
    }

    /// Ends the present run, or the next one if none is running: provisioning after its cleanup delay.
    pub fn stop(&self) {
        self.wish(|wishes| wishes.stop = true);
    }

    /// Has a provisioning that failed forget the failure (`reset_sm_state_on_failure`). New credentials are welcome
    /// without it, too.
    pub fn reset_on_failure(&self) {
        self.wish(|wishes| wishes.reset_on_failure = true);
    }

    /// Has a provisioning that does not stop by itself leave its network and wait for new credentials
    /// (`reset_sm_state_for_reprovision`).
    pub fn reprovision(&self) {
        self.wish(|wishes| wishes.reprovision = true);
    }

    /// Gives a provisioning its credentials from another source than a client (`configure_sta`).
    pub fn configure(&self, credentials: Credentials) {
        self.wish(|wishes| wishes.configure = Some(credentials));
    }

    /// Waits for the next order. Dropping the future loses nothing.
    pub(crate) async fn order(&self) -> Order {
        loop {
            if let Some(order) = self.wishes.lock(|wishes| wishes.borrow_mut().next()) {
                return order;
            }
            self.news.wait().await;
        }
    }

    fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        self.wishes.lock(|wishes| change(&mut wishes.borrow_mut()));
        self.news.signal(());
    }
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}

/// Without what was wished: credentials are a secret.
impl core::fmt::Debug for Control {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Wishes {
    /// What was wished, the end last: what was to be done before is done before.
    fn next(&mut self) -> Option<Order> {
        if core::mem::take(&mut self.reset_on_failure) {
            return Some(Order::ResetOnFailure);
        }
        if core::mem::take(&mut self.reprovision) {
            return Some(Order::Reprovision);
        }
        if let Some(credentials) = self.configure.take() {
            return Some(Order::Configure(credentials));
        }
        core::mem::take(&mut self.stop).then_some(Order::Stop)
    }
}

/// Waits for the next order, if anybody can give one.
pub(crate) async fn order(control: Option<&Control>) -> Order {
    match control {
        Some(control) => control.order().await,
        None => core::future::pending().await,
    }
}
