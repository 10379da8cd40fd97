use core::time::Duration;
use std::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};

use landfall_bluez::{
    Error as BluezError,
    central::{self, Device, Error, Service},
};
use landfall_protocomm::gatt::ServiceUuid;
use tokio::time::{Instant, sleep, timeout};
use zeroize::Zeroizing;

use super::{Found, Place, problem};
use crate::{
    TransportError,
    ble::{
        AttError, Characteristic,
        stack::{End, Orders, Peer, Stack, USUAL, ended, has_sessions, is_assigned},
    },
};

/// Makes connections to a device with an adapter of BlueZ's.
pub(super) struct BluezStack {
    pub(super) place: Place,
    pub(super) device: Found,
}

/// Longest wait for a device that was heard before.
const PATIENCE: Duration = Duration::from_secs(10);
/// In which a daemon that was restarted, or an adapter that was plugged in again, is there again.
const RETURN_TIME: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(500);
/// In which somebody who gave up and has nothing else to order is gone.
const GOING_TIME: Duration = Duration::from_millis(100);

impl Stack for BluezStack {
    async fn serve(&self, mut orders: Orders) {
        let mut central = BluezCentral {
            stack: self,
            device: None,
        };
        while orders.want_connection() {
            let connected = tokio::select! {
                biased;
                connected = central.connect() => Some(connected),
                () = orders.given_up() => None,
            };
            let end = match connected {
                Some(Ok(peer)) => {
                    orders.tell(Ok(()));
                    let mut peer = BluezPeer::new(&mut central, peer);
                    orders.obey(&mut peer).await
                }
                Some(Err(error)) => {
                    orders.tell(Err(self.not_connected(error)));
                    End::Lost
                }
                None => End::GivenUp,
            };
            orders.disconnected();
            match end {
                End::Parting => {}
                End::Lost => orders.next_wanted().await,
                End::GivenUp => {
                    // Whoever gives up mostly goes, and then the goodbye below is enough.
                    if timeout(GOING_TIME, orders.next_wanted()).await.is_err() {
                        // The device can serve others meanwhile.
                        central.disconnect().await;
                        orders.next_wanted().await;
                    }
                }
            }
        }
        central.part().await;
    }
}

impl BluezStack {
    fn not_connected(&self, error: Error) -> TransportError {
        let address = self.device.address;
        TransportError::Unreachable(match error {
            Error::Bluez(error) => return problem(error),
            Error::NotHeard => format!("nothing was heard of {address} for {} s", PATIENCE.as_secs()),
            Error::NotConnected(why) => format!("{address} did not take the connection: {why}"),
            other => other.to_string(),
        })
    }
}

/// Connects as often as wanted, and knows what to leave behind.
struct BluezCentral<'a> {
    stack: &'a BluezStack,
    /// The device, once it has been found.
    device: Option<Device>,
}

impl BluezCentral<'_> {
    /// Makes a connection. When there was one before, a daemon that is being restarted is waited for.
    async fn connect(&mut self) -> Result<central::Peer, Error> {
        let end = Instant::now() + RETURN_TIME;
        loop {
            let error = match self.try_to_connect().await {
                Ok(peer) => return Ok(peer),
                Err(error) => error,
            };
            if self.device.is_none() || !may_return(&error) || Instant::now() > end {
                return Err(error);
            }
            sleep(AGAIN).await;
        }
    }

    async fn try_to_connect(&mut self) -> Result<central::Peer, Error> {
        let adapter = self.stack.place.adapter().await?;
        let found = Device::find(&adapter, self.stack.device.address.0, PATIENCE).await?;
        // What it was to its user before we came counts.
        let found = match &self.device {
            Some(before) => found.owned(before.is_owned()),
            None => found,
        };
        self.device.insert(found).connect().await
    }

    async fn disconnect(&self) {
        if let Some(device) = &self.device {
            device.disconnect().await;
        }
    }

    async fn forget(&self) {
        if let Some(device) = &self.device {
            device.forget().await;
        }
    }

    async fn part(&self) {
        if let Some(device) = &self.device {
            device.part().await;
        }
    }
}

/// Whether it may be another thing in a moment.
const fn may_return(error: &Error) -> bool {
    use BluezError::{Gone, NoAdapter, NoSuchAdapter, NotRunning, Off};
    matches!(
        error,
        Error::Bluez(Gone | NotRunning | NoAdapter | NoSuchAdapter { .. } | Off { .. })
    )
}

/// The device on a connection.
struct BluezPeer<'a, 'b> {
    central: &'a mut BluezCentral<'b>,
    peer: central::Peer,
    /// What was listed; a handle is a place in it.
    listed: Option<Vec<central::Characteristic>>,
}

impl<'a, 'b> BluezPeer<'a, 'b> {
    const fn new(central: &'a mut BluezCentral<'b>, peer: central::Peer) -> Self {
        Self {
            central,
            peer,
            listed: None,
        }
    }

    /// Makes a connection on which BlueZ asks for everything anew.
    async fn refresh(&mut self) -> Result<(), TransportError> {
        self.central.forget().await;
        self.peer = self.central.connect().await.map_err(|error| meaning(error, 0))?;
        Ok(())
    }

    /// The provisioning service: the one that the device advertises, or one that devices commonly have, or whatever has
    /// the endpoint of the sessions.
    async fn find_service(&self) -> Result<Vec<(Characteristic, central::Characteristic)>, Error> {
        let services = self.peer.services().await?;
        let advertised = self.central.stack.device.service;
        for wanted in advertised.into_iter().chain(USUAL) {
            if let Some(service) = services.iter().find(|service| service.uuid == wanted.uuid()) {
                return self.endpoints(service).await;
            }
        }
        for service in services.iter().filter(|service| !is_assigned(service.uuid)) {
            let found = self.endpoints(service).await?;
            if has_sessions(found.iter().map(|(found, _)| found)) {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    async fn endpoints(&self, service: &Service) -> Result<Vec<(Characteristic, central::Characteristic)>, Error> {
        let mut found = Vec::new();
        for (handle, characteristic) in (0..).zip(&service.characteristics) {
            let name = self.peer.name(characteristic).await?;
            let described = Characteristic {
                service: ServiceUuid::new(service.uuid),
                uuid: characteristic.uuid,
                name: name.and_then(|name| String::from_utf8(name).ok()),
                handle,
            };
            found.push((described, characteristic.clone()));
        }
        Ok(found)
    }

    fn at(&self, handle: u16) -> Result<&central::Characteristic, TransportError> {
        let listed = self.listed.as_ref().and_then(|listed| listed.get(usize::from(handle)));
        listed.ok_or(TransportError::NoSuchEndpoint)
    }
}

impl Peer for BluezPeer<'_, '_> {
    async fn list(&mut self) -> Result<Vec<Characteristic>, TransportError> {
        if self.listed.is_some() && self.peer.has_cached() {
            self.refresh().await?;
        }
        let found = self.find_service().await.map_err(|error| meaning(error, 0))?;
        let (described, listed) = found.into_iter().unzip();
        self.listed = Some(listed);
        Ok(described)
    }

    async fn write(&mut self, handle: u16, value: &Zeroizing<Vec<u8>>) -> Result<(), TransportError> {
        let written = self.peer.write(self.at(handle)?, value).await;
        written.map_err(|error| meaning(error, value.len()))
    }

    async fn read(&mut self, handle: u16) -> Result<Vec<u8>, TransportError> {
        let value = self.peer.read(self.at(handle)?).await;
        value.map_err(|error| meaning(error, 0))
    }

    async fn ended(&self) {
        self.peer.ended().await;
    }
}

/// What an error means on a connection, after a value of so many bytes was written.
fn meaning(error: Error, len: usize) -> TransportError {
    match error {
        Error::Att(code) => AttError(code).meaning(len),
        Error::TimedOut => TransportError::TimedOut(30),
        Error::Pairing(_) => TransportError::EncryptionNeeded,
        Error::Disconnected => ended(),
        Error::Bluez(BluezError::Gone | BluezError::NotRunning) => {
            TransportError::Lost("the Bluetooth service has ended".to_owned())
        }
        Error::Bluez(error) => problem(error),
        other => TransportError::Lost(other.to_string()),
    }
}
