mod convert;
pub(crate) mod driver;

use embassy_executor::Spawner;
use embassy_futures::select::{Either, select};
use embassy_net::{Runner, Stack, StackResources};
use embassy_time::{Duration, Timer, with_timeout};
use esp_hal::{peripherals::WIFI, rng::Rng};
use esp_radio::wifi::{
    Config, ConnectionError, ControllerConfig, CountryInfo, Interface, WifiController, WifiError,
    ap::AccessPointConfig,
    sta::{ConnectedInfo, StationConfig},
};
use landfall_embassy::{Drive, Networks, ScanFailed};
use landfall_manager::{Bssid, Credentials, DisconnectReason, ScanPlan, Station};
use static_cell::StaticCell;

use crate::Entropy;

/// Sockets that the station's IP stack has room for: one is DHCP's, the others are the application's.
const SOCKETS: usize = 8;
/// For the driver to say that it has left a network.
const LEAVE_TIME: Duration = Duration::from_secs(3);
/// Between two looks at whether an address has come or gone.
const SOON: Duration = Duration::from_millis(50);
/// The same, when nobody waits for it.
const LATER: Duration = Duration::from_secs(1);
/// For the IP stack to notice it.
const DOWN_TIME: Duration = Duration::from_secs(1);
/// Transmit power, in quarters of a dBm: 15 dBm. esp-radio's own is 5 dBm, ESP-IDF's 20; above 16 dBm esp-radio knows of boards
/// that fail.
const POWER: i8 = 60;
/// Channels 1 to 13 wherever the device is: the country that stands for the whole world, as ESP-IDF has it.
const WORLD: [u8; 2] = *b"01";

/// The chip's Wi-Fi, on for as long as this exists: a station that joins networks, with an IP stack.
///
/// Its counterpart in the protocol is [`Drive`]; an IPv4 address from DHCP is what makes it joined.
pub struct Wifi {
    controller: WifiController<'static>,
    stack: Stack<'static>,
    /// What to keep open beside the station.
    access_point: Option<AccessPointConfig>,
}

/// Why Wi-Fi cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WifiSetupError {
    /// The driver does not start.
    #[error("the Wi-Fi driver does not start: {0}; most often the heap is too small")]
    Driver(WifiError),
    /// It was set up before.
    #[error("Wi-Fi is in use already: set it up once")]
    InUse,
}

impl Wifi {
    /// Switches Wi-Fi on, and has `spawner` run the task of its IP stack.
    ///
    /// # Errors
    /// [`WifiSetupError`].
    pub fn new(spawner: Spawner, device: WIFI<'static>) -> Result<Self, WifiSetupError> {
        static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();

        let config = ControllerConfig::default().with_country_info(CountryInfo::from(WORLD));
        let mut controller = WifiController::new(device, config).map_err(WifiSetupError::Driver)?;
        controller.set_max_tx_power(POWER).map_err(WifiSetupError::Driver)?;
        let station = Interface::try_station().ok_or(WifiSetupError::InUse)?;
        let resources = RESOURCES
            .try_init_with(StackResources::new)
            .ok_or(WifiSetupError::InUse)?;
        let dhcp = embassy_net::Config::dhcpv4(embassy_net::DhcpConfig::default());
        let (stack, runner) = embassy_net::new(station, dhcp, resources, seed());
        spawner.spawn(run_station(runner).map_err(|_| WifiSetupError::InUse)?);
        Ok(Self {
            controller,
            stack,
            access_point: None,
        })
    }

    /// Randomness fit for keys, for the radio is on; `None` if the chip says otherwise.
    pub fn entropy(&self) -> Option<Entropy> {
        Entropy::new()
    }

    /// The station's IP stack, for the application's sockets. Only one task should wait for it to be up or down.
    pub const fn stack(&self) -> Stack<'static> {
        self.stack
    }

    /// Opens `access_point` beside the station, which loses its network if it has one.
    #[cfg(feature = "softap")]
    pub(crate) fn open(&mut self, access_point: AccessPointConfig) -> Result<(), WifiError> {
        let both = Config::AccessPointStation(StationConfig::default(), access_point.clone());
        self.controller.set_config(&both)?;
        self.access_point = Some(access_point);
        Ok(())
    }

    fn configure(&mut self, credentials: &Credentials) -> Result<(), WifiError> {
        let station = convert::station_config(credentials)?;
        #[cfg(feature = "softap")]
        if !crate::access_point::is_open() {
            self.access_point = None;
        }
        let configured = self.controller.set_config(&self.config(station));
        if configured.is_err() {
            // esp-radio has stopped Wi-Fi for it, and the access point is needed to tell the client.
            let _ = self.controller.set_config(&self.config(StationConfig::default()));
        }
        configured
    }

    fn config(&self, station: StationConfig) -> Config {
        match &self.access_point {
            Some(access_point) => Config::AccessPointStation(station, access_point.clone()),
            None => Config::Station(station),
        }
    }

    /// Waits until the stack has an address, or has none, looking each time `every` has passed. The stack would tell one task
    /// only, and keep two busy with waking each other; that one is the application's.
    async fn configured(&self, up: bool, every: Duration) {
        while self.stack.is_config_up() != up {
            Timer::after(every).await;
        }
    }

    /// Waits for an address on the network that was just joined.
    async fn address(
        &mut self,
        joined: &ConnectedInfo,
        credentials: &Credentials,
    ) -> Result<Station, DisconnectReason> {
        match select(self.configured(true, SOON), self.controller.wait_for_disconnect_async()).await {
            Either::First(()) => {
                let config = self.stack.config_v4().ok_or(DisconnectReason::Other)?;
                Ok(Station {
                    ip: config.address.address(),
                    ssid: credentials.ssid,
                    bssid: Bssid(joined.bssid),
                    channel: joined.channel,
                    auth: convert::auth_mode(joined.authmode),
                })
            }
            Either::Second(Ok(lost)) => Err(convert::reason(lost.reason)),
            Either::Second(Err(_)) => Err(DisconnectReason::Other),
        }
    }
}

impl Drive for Wifi {
    async fn scan(&mut self, plan: &ScanPlan, found: &mut Networks) -> Result<(), ScanFailed> {
        // The driver takes no other order while it scans, so a scan that nobody waits for any more is to end.
        let stop = StopScan;
        let config = convert::scan_config(plan, found.capacity());
        let seen = self.controller.scan_async(&config).await.map_err(|_| ScanFailed)?;
        core::mem::forget(stop);
        found.clear();
        // The driver gives the strongest first.
        for network in seen.iter().take(found.capacity()) {
            let _ = found.push(convert::access_point(network));
        }
        Ok(())
    }

    async fn join(&mut self, credentials: &Credentials) -> Result<Station, DisconnectReason> {
        // An address that is left over must not count as one of the new network.
        self.leave().await;
        // Credentials that the driver refuses, it refuses for their form.
        self.configure(credentials).map_err(|_| DisconnectReason::AuthError)?;
        let joined = match self.controller.connect_async().await {
            Ok(joined) => joined,
            Err(ConnectionError::Failed(info)) => return Err(convert::reason(info.reason)),
            Err(_) => return Err(DisconnectReason::Other),
        };
        self.address(&joined, credentials).await
    }

    async fn leave(&mut self) {
        // An error says that there is no connection.
        let _ = with_timeout(LEAVE_TIME, self.controller.disconnect_async()).await;
        let _ = with_timeout(DOWN_TIME, self.configured(false, SOON)).await;
    }

    async fn lost(&mut self) -> DisconnectReason {
        match select(
            self.controller.wait_for_disconnect_async(),
            self.configured(false, LATER),
        )
        .await
        {
            Either::First(Ok(info)) => convert::reason(info.reason),
            // It was lost before, or DHCP has not renewed the address.
            Either::First(Err(_)) | Either::Second(()) => DisconnectReason::Other,
        }
    }
}

/// Ends the driver's scan when it is dropped.
struct StopScan;

impl Drop for StopScan {
    fn drop(&mut self) {
        driver::stop_scan();
    }
}

/// For an IP stack to begin its port numbers at: noise, for the radio is on.
pub(crate) fn seed() -> u64 {
    let rng = Rng::new();
    u64::from(rng.random()) << 32 | u64::from(rng.random())
}

#[embassy_executor::task]
async fn run_station(mut runner: Runner<'static, Interface>) -> ! {
    runner.run().await
}
