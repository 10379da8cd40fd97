//! The client's end: hears devices, connects to one, and speaks to its GATT server.
//!
//! Values pass whole, whatever the MTU: long writes and long reads are made of what is needed. A device that wants an
//! encrypted link gets one (feature `security`): the two pair, without anything to compare or to type, and forget it
//! afterwards.

mod bridge;
mod discovery;
mod peer;

use core::{ops::ControlFlow, pin::pin, time::Duration};

use bt_hci::{cmd::le::LeSetScanParams, controller::ControllerCmdSync};
use embassy_futures::select::{Either, select};
use embassy_sync::{blocking_mutex::raw::NoopRawMutex, channel::Channel};
use embassy_time::with_timeout;
use heapless::Vec;
use trouble_host::{
    Address, BleHostError, Error as HostError, HostResources, Stack,
    connection::{ConnectConfig, Connection, ConnectionEvent, RequestedConnParams, ScanConfig},
    gatt::GattClient,
    prelude::{DefaultPacketPool, EventHandler},
    scan::{LeAdvReportsIter, Scanner},
};

use self::{
    bridge::{Bridge, Bridged},
    peer::Encrypted,
};
pub use self::{
    discovery::{Characteristic, Service},
    peer::Peer,
};
use crate::{Seed, seed::Stand, waking::without_echo};

/// Somebody who hears and connects, while [`run`] drives the host.
pub struct Central<'a, 's, C: Controller> {
    stack: &'a Stack<'s, Bridged<'a, C>, DefaultPacketPool>,
    bridge: &'a Bridge,
    heard: &'a Heard,
}

/// What a central needs of a controller.
pub trait Controller: trouble_host::Controller + ControllerCmdSync<LeSetScanParams> {}

impl<C: trouble_host::Controller + ControllerCmdSync<LeSetScanParams>> Controller for C {}

/// An advertisement or a scan response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who sent it.
    pub address: Address,
    /// Signal strength, dBm; 127 if the controller does not know.
    pub rssi: i8,
    /// The advertising data.
    pub data: Vec<u8, 31>,
}

/// Why something did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The device answered with an error of the attribute protocol.
    #[error("the device answered with ATT error {0:#04x}")]
    Att(u8),
    /// The device wants an encrypted link, and pairing with it failed.
    #[error("the device wants an encrypted link, and did not pair")]
    Pairing,
    /// The connection is gone.
    #[error("the connection was lost")]
    Disconnected,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The device sent something that no device should.
    #[error("the device's answer makes no sense")]
    BadAnswer,
    /// The controller is gone, or does not do what it should.
    #[error("the Bluetooth controller does not work")]
    Controller,
}

/// Resets `controller`, and drives the host on it while `work` is done. The controller's own address is used, unless
/// there is a random one of `address`. Keys of encrypted links are drawn from `seed`.
///
/// # Errors
/// [`Error::Controller`]: `work` was given up.
pub async fn run<C: Controller, R>(
    controller: C,
    address: Option<Address>,
    seed: &Seed,
    work: impl AsyncFnOnce(&Central<'_, '_, C>) -> R,
) -> Result<R, Error> {
    let bridge = Bridge::default();
    let heard = Heard(Channel::new());
    let bridged = Bridged {
        controller,
        bridge: &bridge,
        stand: Stand::new(Some(seed)),
    };
    let mut resources: HostResources<DefaultPacketPool, CONNECTIONS, CHANNELS, 1, CONNECTIONS> = HostResources::new();
    let mut builder = trouble_host::new(bridged, &mut resources);
    if let Some(address) = address {
        builder = builder.set_random_address(address);
    }
    let stack = builder.build();
    let mut runner = stack.runner();
    let central = Central {
        stack: &stack,
        bridge: &bridge,
        heard: &heard,
    };
    let host = pin!(select(runner.run_with_handler(&heard), work(&central)));
    match without_echo(host).await {
        Either::First(_) => Err(Error::Controller),
        Either::Second(result) => Ok(result),
    }
}

impl<C: Controller> Central<'_, '_, C> {
    /// Listens for `time`, and asks everybody who is heard for a scan response. `on_report` may break it off.
    ///
    /// # Errors
    /// [`Error::Controller`].
    pub async fn scan<B>(
        &self,
        time: Duration,
        mut on_report: impl FnMut(&Report) -> ControlFlow<B>,
    ) -> Result<Option<B>, Error> {
        let mut central = self.stack.central();
        let mut scanner = Scanner::new(&mut central);
        let config = scan_config(&[]);
        self.heard.0.clear();
        let session = scanner.scan(&config).await?;
        let listen = async {
            loop {
                let report = self.heard.0.receive().await;
                if let ControlFlow::Break(result) = on_report(&report) {
                    return result;
                }
            }
        };
        let result = with_timeout(ticks(time), listen).await.ok();
        session.stop().await;
        Ok(result)
    }

    /// Connects to the device at `address`, does `work`, and disconnects. `patience` is for the connecting.
    ///
    /// # Errors
    /// [`Error::TimedOut`] if the device was not heard, [`Error::Disconnected`] if it ended the connection: `work` was
    /// given up. [`Error::Controller`].
    pub async fn connect<R>(
        &self,
        address: Address,
        patience: Duration,
        work: impl AsyncFnOnce(&Peer<'_, '_, C>) -> R,
    ) -> Result<R, Error> {
        self.bridge.reset();
        let accepted = [address];
        let config = ConnectConfig {
            scan_config: scan_config(&accepted),
            connect_params: RequestedConnParams {
                min_connection_interval: ticks(SHORTEST_INTERVAL),
                max_connection_interval: ticks(LONGEST_INTERVAL),
                supervision_timeout: ticks(SUPERVISION_TIMEOUT),
                ..RequestedConnParams::default()
            },
        };
        let mut central = self.stack.central();
        let connection = with_timeout(ticks(patience), central.connect(&config))
            .await
            .map_err(|_| Error::TimedOut)??;
        let result = self.serve(&connection, work).await;
        self.disconnect(&connection).await;
        result
    }

    /// Does `work` on a connection, as long as it is there.
    async fn serve<R>(
        &self,
        connection: &Connection<'_, DefaultPacketPool>,
        work: impl AsyncFnOnce(&Peer<'_, '_, C>) -> R,
    ) -> Result<R, Error> {
        let encrypted = Encrypted::new();
        let speak = async {
            let client = GattClient::new(self.stack, connection).await?;
            let peer = Peer::new(&client, connection, self.bridge, &encrypted);
            match select(client.task(), work(&peer)).await {
                Either::First(ended) => Err(ended.err().map_or(Error::Disconnected, Error::from)),
                Either::Second(result) => Ok(result),
            }
        };
        match select(self.watch(connection, &encrypted), speak).await {
            Either::First(()) => Err(Error::Disconnected),
            Either::Second(result) => result,
        }
    }

    /// Grants the device the intervals that it asks for, and sees how pairing ends, until the connection does.
    async fn watch(&self, connection: &Connection<'_, DefaultPacketPool>, encrypted: &Encrypted) {
        loop {
            match connection.next().await {
                ConnectionEvent::Disconnected { .. } => break,
                // What came of it does not matter: the connection goes on as it was.
                ConnectionEvent::RequestConnectionParams(request) => _ = request.accept(None, self.stack).await,
                #[cfg(feature = "security")]
                ConnectionEvent::Encrypted { .. } => encrypted.signal(true),
                #[cfg(feature = "security")]
                ConnectionEvent::PairingFailed(_) => encrypted.signal(false),
                _ => {}
            }
        }
    }

    async fn disconnect(&self, connection: &Connection<'_, DefaultPacketPool>) {
        if connection.is_connected() {
            connection.disconnect();
            // A device that is out of range does not answer; the controller then gives up by itself.
            _ = with_timeout(ticks(GOODBYE), self.watch(connection, &Encrypted::new())).await;
        }
    }
}

/// Listens all the time.
fn scan_config(accepted: &[Address]) -> ScanConfig<'_> {
    ScanConfig {
        filter_accept_list: accepted,
        interval: ticks(SCAN_INTERVAL),
        window: ticks(SCAN_INTERVAL),
        ..ScanConfig::default()
    }
}

/// The time as the host counts it; nobody waits for longer than a day.
fn ticks(duration: Duration) -> embassy_time::Duration {
    embassy_time::Duration::from_micros(duration.min(LONGEST_WAIT).as_micros() as u64)
}

/// What was heard and not looked at yet.
struct Heard(Channel<NoopRawMutex, Report, REPORTS>);

impl EventHandler for Heard {
    fn on_adv_reports(&self, reports: LeAdvReportsIter<'_>) {
        for report in reports.flatten() {
            let Ok(data) = Vec::from_slice(report.data) else {
                continue;
            };
            let report = Report {
                address: Address::new(report.addr_kind, report.addr),
                rssi: report.rssi,
                data,
            };
            // What is lost here will be sent again.
            _ = self.0.try_send(report);
        }
    }
}

impl<E> From<BleHostError<E>> for Error {
    fn from(error: BleHostError<E>) -> Self {
        match error {
            BleHostError::Controller(_) => Self::Controller,
            BleHostError::BleHost(HostError::Att(code)) => Self::Att(code.to_u8()),
            BleHostError::BleHost(HostError::Disconnected | HostError::NotFound) => Self::Disconnected,
            BleHostError::BleHost(HostError::Timeout) => Self::TimedOut,
            BleHostError::BleHost(HostError::Hci(_) | HostError::HciDecode(_)) => Self::Controller,
            BleHostError::BleHost(_) => Self::BadAnswer,
        }
    }
}

const CONNECTIONS: usize = 1;
/// Channels of trouble-host's own; it wants some.
const CHANNELS: usize = 3;
/// Reports that wait to be looked at.
const REPORTS: usize = 64;
const SCAN_INTERVAL: Duration = Duration::from_millis(60);
/// As short as any controller does: a provisioning is a hundred round trips, and over in seconds.
const SHORTEST_INTERVAL: Duration = Duration::from_micros(7_500);
const LONGEST_INTERVAL: Duration = Duration::from_millis(30);
const SUPERVISION_TIMEOUT: Duration = Duration::from_secs(4);
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
const GOODBYE: Duration = Duration::from_secs(2);
