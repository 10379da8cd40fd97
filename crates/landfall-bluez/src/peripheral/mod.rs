//! The device's end: a GATT service and an advertisement that BlueZ shows for us (spec transports.md 1.2 to 1.6).
//!
//! What BlueZ (5.66 was read and tried) does differently from a stack of one's own:
//!
//! * **Time.** It waits 5 s for the answer to a write or a read, then tells the client that it failed. A request that
//!   takes longer (a blocking scan) is acknowledged shortly before, and its answer waited for by the client's read:
//!   together about 9 s. Later still, reads fail with 0xFE (in progress) until the answer is there.
//! * **Lengths.** Up to 5.68 the longest write is 510 bytes, and 508 bytes when it comes in parts
//!   (BlueZ's issue 570); longer ones fail with 0x0D. The longest message of the protocol has 406 bytes. Writes in
//!   parts that do not follow upon each other fail with 0x06.
//! * **Errors.** BlueZ lets an application choose 0x80 to 0x9F and a few others, not 0x04: a request that failed
//!   is told as 0x80.
//! * **The advertisement.** The flags come after the service's UUID, not before. Manufacturer data stand in the
//!   advertisement and not in the scan response: at most 8 bytes, the company's number included, and none of less than
//!   2. A name is cut at a character's end. The address is the adapter's. Older versions (5.66 to 5.75 at least) let
//!   applications choose the interval only if they were started with `--experimental`: else the device advertises
//!   every 1.28 s and not every 160 ms, unless `main.conf` says so (section `[LE]`: `MinAdvertisementInterval=256` and
//!   `MaxAdvertisementInterval=256`).
//! * **The table.** The adapter's other services stand beside ours (0x1800, 0x1801, and those of other programs). So
//!   clients can read a name, and many then know the device by that: while the device is on the air, the adapter is
//!   called like the device (BlueZ keeps that if the program is killed: `bluetoothctl reset-alias` undoes it).
//!   The MTU is BlueZ's (517 unless `main.conf` says otherwise).
//! * **Clients.** Anybody who connects to the computer for another reason is left alone: a client is who reads a
//!   description, or reads or writes a value of ours. From then on, and not from the connection on, the device does not
//!   advertise; others who are connected by then and try are told 0xFE. A client whose program was killed may stay
//!   connected: BlueZ, as a client, keeps its connections.
//! * **Pairing.** While the device is on the air, it answers BlueZ's questions about all pairing with this computer:
//!   yes where nobody has to compare or type anything, no elsewhere.
//! * **Copies.** What travels passes through the memory of the bus and of BlueZ, which do not wipe it. The security
//!   schemes 1 and 2 protect what is in it.

mod advertisement;
mod application;
mod call;
mod client;
mod device;
mod objects;
mod registration;
mod watch;

use core::{fmt, ops::Deref};

use landfall_protocomm::gatt::{ServiceDescription, ServiceUuid};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

pub use self::client::MAX_ENDPOINTS;
use self::device::Device;
use crate::{Bluez, Error};

/// What a device offers, and how it shows itself.
#[derive(Debug, Clone, Copy)]
pub struct Config<'a> {
    /// The service's UUID.
    pub service: ServiceUuid,
    /// The endpoints' names, each once, as for [`ServiceDescription`].
    pub endpoints: &'a [&'a str],
    /// The name that clients find; at most 29 bytes of it are advertised.
    pub name: &'a str,
    /// What the application adds to the advertisement, the company's number first; cut to 8 bytes.
    pub manufacturer_data: &'a [u8],
    /// Whether values are written and read over encrypted links only (spec transports.md 1.5).
    pub encryption: bool,
    /// Whether the characteristics say that they notify, which they never do (spec transports.md 1.2).
    pub notify: bool,
}

impl Config<'_> {
    /// The service that is offered.
    pub const fn description(&self) -> ServiceDescription<'_> {
        ServiceDescription {
            uuid: self.service,
            endpoints: self.endpoints,
        }
    }
}

/// What happens on the air.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Clients can find the device (again).
    Advertising {
        /// The adapter's name, such as `hci0`.
        adapter: String,
        /// The adapter's address, under which clients find the device.
        address: Address,
    },
    /// A client has come.
    Connected(Address),
    /// It is gone.
    Disconnected,
    /// It wrote a request, and waits for [`Order::Respond`].
    Request {
        /// The request's number.
        number: RequestNumber,
        /// The characteristic, counted in the order of [`ServiceDescription::characteristics`].
        characteristic: usize,
        /// What it says.
        message: Secret,
    },
    /// Nobody can find the device, because BlueZ or the adapter is gone or off. It is waited for.
    Interrupted(Error),
    /// The service has ended, and stays in the table ([`Order::KeepOn`]).
    KeptOn,
}

/// What a device on the air is told.
#[derive(Debug)]
pub enum Order {
    /// To answer a request; with `None`, or more than 512 bytes, the client is told that it failed. An answer whose
    /// client is gone is dropped.
    Respond(RequestNumber, Option<Secret>),
    /// To end the service and take everything back; the client is sent away.
    Stop,
    /// To advertise no more, but leave the service in the table, where all values answer with an error; with
    /// `disconnect` the client is sent away (spec transports.md 1.6).
    KeepOn {
        /// Whether the client is sent away.
        disconnect: bool,
    },
}

/// A request or an answer, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl From<Zeroizing<Vec<u8>>> for Secret {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl From<Secret> for Zeroizing<Vec<u8>> {
    fn from(secret: Secret) -> Self {
        secret.0
    }
}

impl Deref for Secret {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Without the bytes: credentials may travel unprotected.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// By which an answer finds its request. It comes again after 2^32 others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestNumber(u32);

/// The address of a Bluetooth device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// The address, most significant byte first.
    pub bytes: [u8; 6],
    /// Whether it is one of those that devices make up.
    pub random: bool,
}

/// Keeps a device on the air until it is ordered off, or nobody is there any more who could order it. `adapter` is the
/// adapter's name or address, as for [`Bluez::adapter`].
///
/// When BlueZ ends or the adapter is pulled, the client is gone ([`Event::Disconnected`]), and everything is
/// registered again when they are back.
///
/// # Errors
/// When the device cannot be brought on the air at first, or the bus is gone.
pub async fn run(
    bluez: &Bluez,
    adapter: Option<&str>,
    config: &Config<'_>,
    tell: impl FnMut(Event),
    orders: mpsc::UnboundedReceiver<Order>,
) -> Result<(), Error> {
    Device::new(bluez, adapter, config, tell)?.run(orders).await
}

impl Address {
    /// Reads an address as BlueZ writes it, with `:` or `_` between its bytes.
    fn read(text: &str, random: bool) -> Option<Self> {
        let mut bytes = [0; 6];
        let mut parts = text.split([':', '_']);
        for byte in &mut bytes {
            *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
        }
        Some(Self { bytes, random })
    }
}
