//! The device's end: it advertises its service, takes one client at a time, and advertises again when that is gone
//! (spec transports.md 1.2 to 1.4).

mod client;
mod link;
mod table;

use core::{cell::Cell, convert::Infallible, pin::pin};

use bt_hci::cmd::{info::ReadBdAddr, le::LeSetAdvEnable};
use embassy_futures::select::{Either, Either3, Either4, select, select3, select4};
use embassy_time::{Duration, Timer, with_timeout};
use embedded_io::ErrorKind;
use landfall_protocomm::gatt::{AdvertisingData, ServiceDescription, ServiceUuid, advertisement, scan_response};
use trouble_host::{
    Address, BleHostError, Controller, Error as HostError, HostResources, Stack,
    prelude::{
        Advertisement, AdvertisementParameters, DefaultPacketPool, GattConnection, GattConnectionEvent, Peripheral,
    },
};

use self::{client::Client, link::End, table::Table};
pub use self::{
    link::{Event, Link, Message, RequestNumber},
    table::MAX_ENDPOINTS,
};
use crate::{
    Seed,
    filter::{Filter, Limits},
    seed::Stand,
    waking::without_echo,
    watch::Watch,
};

/// What a device offers, and how it shows itself.
#[derive(Debug, Clone, Copy)]
pub struct Config<'a> {
    /// The service's UUID.
    pub service: ServiceUuid,
    /// The endpoints' names, each once, as for [`ServiceDescription`].
    pub endpoints: &'a [&'a str],
    /// The name that clients find; at most 29 bytes of it are advertised, in whole characters.
    pub name: &'a str,
    /// What the application adds to the scan response, the company's number first; cut to the room that is left.
    pub manufacturer_data: &'a [u8],
    /// A random static address, as it travels (least significant byte first; the two highest bits of the last byte
    /// are set); without it, the controller's own.
    pub address: Option<[u8; 6]>,
    /// The largest packets of the attribute protocol, in bytes: 23 to 508.
    pub mtu: u16,
    /// Whether clients can encrypt the link, and whether they have to.
    pub pairing: Pairing<'a>,
    /// Whether the characteristics say that they notify, as some clients want to see it. None ever does.
    pub notify: bool,
}

impl<'a> Config<'a> {
    /// The largest packets that the original grants.
    pub const DEFAULT_MTU: u16 = 256;

    /// The service that is offered.
    pub const fn description(&self) -> ServiceDescription<'a> {
        ServiceDescription {
            uuid: self.service,
            endpoints: self.endpoints,
        }
    }
}

/// Whether clients can encrypt the link (spec transports.md 1.5). Without the feature `security` they never can.
///
/// They pair without a key to compare or to type ("Just Works"), by Secure Connections only, and nothing is kept of it
/// when they are gone. The flag that asks for protection from somebody in between is not set, unlike the original's:
/// without keys and a display it changes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub enum Pairing<'a> {
    /// They cannot: who wants to pair gets no answer.
    #[default]
    Refused,
    /// If they want to. Some always do.
    Offered(&'a Seed),
    /// They have to before they read or write a value; the descriptions stay open.
    Required(&'a Seed),
}

impl<'a> Pairing<'a> {
    /// What keys are drawn from, if there are to be any.
    const fn seed(self) -> Option<&'a Seed> {
        match self {
            Self::Offered(seed) | Self::Required(seed) if cfg!(feature = "security") => Some(seed),
            _ => None,
        }
    }
}

/// Why a device is off the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The controller cannot be reached any more.
    #[error("the Bluetooth controller is gone ({0:?})")]
    ControllerGone(ErrorKind),
    /// The controller says nothing, or that it failed.
    #[error("the Bluetooth controller does not answer")]
    NotAnswering,
    /// The controller refused a command, or the host could not go on.
    #[error("the Bluetooth controller refused what it was told")]
    Refused,
    /// Links are to be encrypted, and the feature `security` is not there.
    #[error("this device is built without encrypted Bluetooth links")]
    NoEncryption,
    /// There are more endpoints than the table has room for.
    #[error("a device has at most {MAX_ENDPOINTS} endpoints over Bluetooth")]
    TooManyEndpoints,
}

impl<E: embedded_io::Error> From<BleHostError<E>> for Error {
    fn from(error: BleHostError<E>) -> Self {
        match error {
            BleHostError::Controller(error) => Self::ControllerGone(error.kind()),
            BleHostError::BleHost(_) => Self::Refused,
        }
    }
}

/// Keeps a device on the air until `link` is told to stop: what clients do comes out of `link`, what they are
/// answered goes into it.
///
/// # Errors
/// When the controller fails, or there are too many endpoints.
pub async fn run<C: Controller>(controller: C, config: &Config<'_>, link: &Link) -> Result<(), Error> {
    let table = Table::new(config)?;
    let stand = Stand::new(config.pairing.seed());
    let progress = Progress::default();
    loop {
        let ended = serve(&controller, config, &table, &stand, link, &progress).await;
        if progress.client.take() {
            link.tell(Event::Disconnected).await;
        }
        // The host gives up over some of what a client can do in the middle of a pairing. For a device that is no
        // reason to.
        let gave_up = ended == Err(Error::Refused);
        if gave_up && progress.end.get() == Some(End::Off) {
            return Ok(());
        }
        if !gave_up || !progress.may_begin_again() {
            return ended;
        }
    }
}

/// How far a device has come.
#[derive(Default)]
struct Progress {
    /// How often it may begin again before clients find it: never before the first time.
    attempts: Cell<u8>,
    /// Whether a client was announced who is not gone yet.
    client: Cell<bool>,
    /// How the service is to end, once that was told.
    end: Cell<Option<End>>,
    kept_on: Cell<bool>,
}

/// How often a device begins again before it gives up.
const ATTEMPTS: u8 = 3;

impl Progress {
    fn may_begin_again(&self) -> bool {
        let left = self.attempts.get();
        self.attempts.set(left.saturating_sub(1));
        left > 0
    }
}

async fn serve<C: Controller>(
    controller: &C,
    config: &Config<'_>,
    table: &Table<'_>,
    stand: &Stand<'_>,
    link: &Link,
    progress: &Progress,
) -> Result<(), Error> {
    let watch = Watch::new();
    let limits = Limits {
        mtu: config.mtu,
        pairing: config.pairing.seed().is_some(),
    };
    let mut resources = Resources::new();
    let builder = trouble_host::new(Filter::new(controller, limits, &watch, stand), &mut resources);
    let stack = match config.address {
        Some(address) => builder.set_random_address(Address::random(address)),
        None => builder,
    }
    .build();
    let mut runner = stack.runner();
    let device = Device {
        stack: &stack,
        table,
        watch: &watch,
        advertisement: advertisement(config.service),
        scan_response: scan_response(config.name, config.manufacturer_data),
        link,
        progress,
    };
    let host = pin!(select4(
        runner.run(),
        device.serve(),
        watch.failed.wait(),
        device.feel_the_pulse(),
    ));
    match without_echo(host).await {
        Either4::First(ended) => Ok(ended?),
        Either4::Second(served) => served,
        Either4::Third(()) => Err(Error::NotAnswering),
        Either4::Fourth(never) => match never {},
    }
}

/// One connection, the channel that trouble-host wants at least, one advertisement, and the keys of one link.
type Resources = HostResources<DefaultPacketPool, 1, 1, 1, 1>;

/// For a client to read its last answer when the device is told to stop.
const LAST_READ_TIME: Duration = Duration::from_secs(2);
/// For what was said last to travel, and for a client to go by itself.
const LINGER_TIME: Duration = Duration::from_millis(500);
/// For a client to go when it is told to.
const GOODBYE_TIME: Duration = Duration::from_secs(2);
/// For a client to take an answer, and for whoever answers to take a request, as the attribute protocol has it.
const TRANSACTION_TIME: Duration = Duration::from_secs(30);
/// After which any client is gone that does not answer: no connection may be silent for longer.
const LONGEST_SILENCE: Duration = Duration::from_secs(32);
/// How often a controller has to show that it is there.
const PULSE_TIME: Duration = Duration::from_secs(5);

/// A device on the air.
struct Device<'a, 'stack, 'config, C> {
    stack: &'a Stack<'stack, Filter<'a, C>, DefaultPacketPool>,
    table: &'a Table<'config>,
    watch: &'a Watch,
    advertisement: AdvertisingData,
    scan_response: AdvertisingData,
    link: &'a Link,
    progress: &'a Progress,
}

/// A connection with the table behind it.
type Connection<'a> = GattConnection<'a, 'a, DefaultPacketPool>;

impl<'a, C: Controller> Device<'a, '_, '_, C> {
    /// Takes client after client, until the host is to end.
    async fn serve(&self) -> Result<(), Error> {
        if let Some(end) = self.progress.end.get() {
            self.rest(end).await;
            return Ok(());
        }
        let mut peripheral = self.stack.peripheral();
        loop {
            let connection = match select3(self.ended(), self.accept(&mut peripheral), self.link.drop_answers()).await {
                Either3::Third(never) => match never {},
                Either3::First(end) => {
                    // Whether it is on or off already makes no difference.
                    let _ = self.stack.command(LeSetAdvEnable::new(false)).await;
                    self.rest(end).await;
                    return Ok(());
                }
                Either3::Second(connection) => connection?,
            };
            self.progress.client.set(true);
            self.link.tell(Event::Connected(connection.raw().peer_address())).await;
            let mut end = self.attend(&connection).await;
            drop(connection);
            if end.is_none() {
                end = self.see_it_gone().await;
            }
            self.progress.client.set(false);
            self.link.tell(Event::Disconnected).await;
            if let Some(end) = end {
                self.rest(end).await;
                return Ok(());
            }
        }
    }

    /// Advertises until a client connects.
    async fn accept(
        &self,
        peripheral: &mut Peripheral<'a, Filter<'a, C>, DefaultPacketPool>,
    ) -> Result<Connection<'a>, Error> {
        loop {
            let data = Advertisement::ConnectableScannableUndirected {
                adv_data: &self.advertisement,
                scan_data: &self.scan_response,
            };
            self.watch.ended.reset();
            let advertiser = peripheral.advertise(&interval(), data).await?;
            self.progress.attempts.set(ATTEMPTS);
            self.link.tell(Event::Advertising).await;
            // An advertiser that ended without a client begins anew, and so does one whose client left at once.
            if let Either::First(Ok(connection)) = select(advertiser.accept(), self.watch.ended.wait()).await
                && let Ok(connection) = connection.with_attribute_server(self.table.server())
            {
                return Ok(connection);
            }
        }
    }

    /// Serves a client until it is gone, or the service is to end: how. Nothing of the client stays behind.
    async fn attend(&self, connection: &Connection<'_>) -> Option<End> {
        let mut client = Client::new(self.table, self.link, connection.raw());
        // The host has room for two events, and the one that a client is gone may find none.
        while connection.raw().is_connected() {
            // Answers come before the end.
            let served = match select3(connection.next(), self.link.answer(), self.ended()).await {
                Either3::First(GattConnectionEvent::Disconnected { .. }) => return None,
                Either3::First(GattConnectionEvent::Gatt { event }) => in_time(client.on_event(event)).await,
                Either3::First(_) => Ok(()),
                Either3::Second(answer) => in_time(client.on_answer(&answer)).await,
                Either3::Third(end) => return Some(self.part(connection, &mut client, end).await),
            };
            // Without room for an answer the client would wait for it in vain. One that takes none holds up the end.
            if served.is_err() {
                connection.raw().disconnect();
            }
        }
        None
    }

    /// Ends the service for a client, when it has read the answer that it was told of. Gives how the host is to end.
    async fn part<'stack, 'server>(
        &self,
        connection: &GattConnection<'stack, 'server, DefaultPacketPool>,
        client: &mut Client<'_, '_, 'stack, 'server>,
        mut end: End,
    ) -> End {
        let unread = serve_while(connection, client, Client::has_to_read);
        let _ = with_timeout(LAST_READ_TIME, unread).await;
        if end == (End::KeepOn { disconnect: false }) {
            // A client that does not take its answers may miss this one too.
            let _ = with_timeout(LINGER_TIME, client.close()).await;
            self.say_kept_on().await;
            let stay = serve_while(connection, client, |_| true);
            match select3(stay, self.ended(), self.link.drop_answers()).await {
                Either3::First(()) => return end,
                Either3::Second(other) => end = other,
                Either3::Third(never) => match never {},
            }
        }
        let _ = with_timeout(LINGER_TIME, serve_while(connection, client, |_| true)).await;
        say_goodbye(connection).await;
        end
    }

    /// Waits until the controller says that the client is gone. The host has one place for clients, and stops to listen
    /// while it sends the next one away. Gives how the service is to end, if that is told in between.
    async fn see_it_gone(&self) -> Option<End> {
        let gone = select3(self.watch.ended.wait(), self.ended(), self.link.drop_answers());
        match with_timeout(LONGEST_SILENCE, gone).await {
            Ok(Either3::Second(end)) => Some(end),
            Ok(Either3::Third(never)) => match never {},
            Ok(Either3::First(())) | Err(_) => None,
        }
    }

    /// Keeps the host running after the service, if that is wanted.
    async fn rest(&self, mut end: End) {
        while end != End::Off {
            self.say_kept_on().await;
            match select(self.ended(), self.link.drop_answers()).await {
                Either::First(other) => end = other,
                Either::Second(never) => match never {},
            }
        }
    }

    /// How the service is to end, when that is told. It is kept for a host that begins again.
    async fn ended(&self) -> End {
        let end = self.link.ended().await;
        self.progress.end.set(Some(end));
        end
    }

    async fn say_kept_on(&self) {
        if !self.progress.kept_on.replace(true) {
            self.link.tell(Event::KeptOn).await;
        }
    }

    /// Asks the controller for something, again and again. The filter sees when it does not answer.
    async fn feel_the_pulse(&self) -> Infallible {
        loop {
            Timer::after(PULSE_TIME).await;
            // What it says does not matter.
            let _ = self.stack.command(ReadBdAddr::new()).await;
        }
    }
}

/// Does something for a client that may not take its answers.
async fn in_time(work: impl Future<Output = Result<(), HostError>>) -> Result<(), HostError> {
    with_timeout(TRANSACTION_TIME, work)
        .await
        .unwrap_or(Err(HostError::Timeout))
}

/// Serves a client that nobody answers any more, as long as `wanted`.
async fn serve_while<'a, 'b, 'stack, 'server>(
    connection: &GattConnection<'stack, 'server, DefaultPacketPool>,
    client: &mut Client<'a, 'b, 'stack, 'server>,
    wanted: impl Fn(&Client<'a, 'b, 'stack, 'server>) -> bool,
) {
    while wanted(client) && connection.raw().is_connected() {
        let served = match connection.next().await {
            GattConnectionEvent::Disconnected { .. } => return,
            GattConnectionEvent::Gatt { event } => client.on_event(event).await,
            _ => Ok(()),
        };
        if served.is_err() {
            return;
        }
    }
}

/// How often a device advertises: every 160 ms.
fn interval() -> AdvertisementParameters {
    AdvertisementParameters {
        interval_min: Duration::from_millis(160),
        interval_max: Duration::from_millis(160),
        ..AdvertisementParameters::default()
    }
}

/// Ends a connection. A controller that does not manage to in time loses it with the host.
async fn say_goodbye(connection: &Connection<'_>) {
    if !connection.raw().is_connected() {
        return;
    }
    connection.raw().disconnect();
    let gone = async { while !matches!(connection.next().await, GattConnectionEvent::Disconnected { .. }) {} };
    let _ = with_timeout(GOODBYE_TIME, gone).await;
}
