use core::sync::atomic::{AtomicBool, Ordering};

use embassy_executor::Spawner;
use embassy_net::{Runner, Stack, StackResources};
use esp_radio::wifi::{AuthenticationMethodConfig, Interface, WifiError, ap::AccessPointConfig};
use landfall_embassy::softap;
use static_cell::StaticCell;

use crate::{
    Wifi,
    wifi::{driver, seed},
};

/// Sockets that the access point's IP stack has room for: a service of up to four connections.
const SOCKETS: usize = softap::sockets(4);
/// Stations at a time, as in the original (spec transports.md 2.1); the C2 has keys for four.
const STATIONS: u16 = if cfg!(feature = "esp32c2") { 4 } else { 5 };
/// Of a longer key the original uses so much (the same place).
const LONGEST_KEY: usize = 63;
/// Whether the one access point is open; [`Wifi`] joins beside it as long as it is.
static OPEN: AtomicBool = AtomicBool::new(false);

/// The chip's own network, open until this is dropped: 192.168.4.1/24.
///
/// The chip has one radio, hence one channel: when the station joins a network on another channel, the access point moves
/// there, and says so beforehand in three beacons (esp-radio sets `csa_count` to 3). A phone that does not understand
/// the announcement loses the access point and has to come back; the device waits for it. While the station scans, the
/// access point is away from its channel for a moment at a time.
pub struct AccessPoint {
    stack: Stack<'static>,
}

/// Why the access point cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessPointError {
    /// The key has a length that WPA2 does not have.
    #[error("the key of an access point has 8 to 64 characters")]
    KeyLength,
    /// The driver refuses.
    #[error("the Wi-Fi driver does not open the access point: {0}")]
    Driver(WifiError),
    /// It was opened before.
    #[error("the access point was opened before: open it once")]
    InUse,
}

impl AccessPoint {
    /// Opens it beside `wifi`'s station: `name` is at most 32 bytes; WPA2 with `key`, without one for everybody. Has
    /// `spawner` run the task of its IP stack.
    ///
    /// # Errors
    /// [`AccessPointError`].
    pub fn open(spawner: Spawner, wifi: &mut Wifi, name: &str, key: Option<&str>) -> Result<Self, AccessPointError> {
        static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();

        let config = config(name, key)?;
        let interface = Interface::try_access_point().ok_or(AccessPointError::InUse)?;
        let resources = RESOURCES
            .try_init_with(StackResources::new)
            .ok_or(AccessPointError::InUse)?;
        let (stack, runner) = embassy_net::new(interface, softap::config(softap::ADDRESS), resources, seed());
        spawner.spawn(run_access_point(runner).map_err(|_| AccessPointError::InUse)?);
        wifi.open(config).map_err(AccessPointError::Driver)?;
        OPEN.store(true, Ordering::Relaxed);
        Ok(Self { stack })
    }

    /// The access point's IP stack, for the provisioning service.
    pub const fn stack(&self) -> Stack<'static> {
        self.stack
    }
}

impl Drop for AccessPoint {
    fn drop(&mut self) {
        OPEN.store(false, Ordering::Relaxed);
        driver::station_alone();
    }
}

/// Whether there is an access point to be kept.
pub(crate) fn is_open() -> bool {
    OPEN.load(Ordering::Relaxed)
}

fn config(name: &str, key: Option<&str>) -> Result<AccessPointConfig, AccessPointError> {
    let authentication = match key {
        None => AuthenticationMethodConfig::Open,
        Some(key) if (8..=64).contains(&key.len()) => {
            // The original lets WPA of 2003 in, too, which is broken.
            let key = key.as_bytes();
            let key = key.get(..LONGEST_KEY).unwrap_or(key);
            AuthenticationMethodConfig::Wpa2Personal(key.try_into().map_err(AccessPointError::Driver)?)
        }
        Some(_) => return Err(AccessPointError::KeyLength),
    };
    Ok(AccessPointConfig::default()
        .with_ssid(name.try_into().map_err(AccessPointError::Driver)?)
        .with_authentication(authentication)
        .with_max_connections(STATIONS))
}

#[embassy_executor::task]
async fn run_access_point(mut runner: Runner<'static, Interface>) -> ! {
    runner.run().await
}
