use core::{future::pending, time::Duration};
use std::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use landfall_protocomm::gatt::ServiceUuid;
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::{Central, Controller, Found, HciAddress, central, host_address, not_working, open, own_address, seed};
use crate::{
    TransportError,
    ble::{
        AttError, Characteristic, LONGEST_VALUE,
        stack::{End, Orders, Peer, Stack, USUAL, ended, has_sessions},
    },
};

/// Makes connections to a device over the controller at an address.
pub(super) struct HciStack {
    pub(super) hci: HciAddress,
    pub(super) device: Found,
}

/// Longest wait for a device that was heard before.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that a device may end at once before it is believed.
const ATTEMPTS: u32 = 3;
/// In which a controller is told that a connection is not wanted any more.
const CANCEL_TIME: Duration = Duration::from_millis(100);
/// Longest time for finding a device's endpoints, whatever it says.
const LIST_TIME: Duration = Duration::from_secs(20);

impl Stack for HciStack {
    async fn serve(&self, mut orders: Orders) {
        let given_up = orders.given_up();
        let opened = tokio::select! {
            biased;
            opened = open(&self.hci) => opened,
            () = given_up => return,
        };
        let controller = match opened {
            Ok(controller) => controller,
            Err(error) => return orders.tell(Err(error)),
        };
        let served = central::run(controller, Some(own_address()), &seed(), async |central| {
            self.connect(central, &mut orders).await
        })
        .await;
        if served.is_err() {
            orders.tell(Err(not_working(&self.hci)));
        }
    }
}

impl HciStack {
    /// Makes connections, as long as somebody wants them.
    async fn connect<C: Controller>(&self, central: &Central<'_, '_, C>, orders: &mut Orders) {
        let mut attempts = 0;
        while orders.want_connection() {
            attempts += 1;
            let given_up = orders.given_up();
            let connection = central.connect(host_address(&self.device), PATIENCE, async |peer| {
                attempts = 0;
                orders.tell(Ok(()));
                let mut peer = HciPeer {
                    peer,
                    advertised: self.device.service,
                };
                orders.obey(&mut peer).await
            });
            let end = tokio::select! {
                biased;
                end = connection => Some(end),
                () = given_up => None,
            };
            orders.disconnected();
            let Some(end) = end else {
                // The host tells the controller meanwhile, which else goes on connecting.
                sleep(CANCEL_TIME).await;
                orders.next_wanted().await;
                continue;
            };
            match end {
                Ok(End::Parting) => {}
                Ok(End::GivenUp | End::Lost) => orders.next_wanted().await,
                // The first packets of a connection are lost easily, and it with them.
                Err(central::Error::Disconnected) if (1..ATTEMPTS).contains(&attempts) => {}
                Err(error) => {
                    orders.tell(Err(self.not_connected(&error)));
                    attempts = 0;
                    orders.next_wanted().await;
                }
            }
        }
    }

    fn not_connected(&self, error: &central::Error) -> TransportError {
        TransportError::Unreachable(match error {
            central::Error::Controller => return not_working(&self.hci),
            central::Error::TimedOut => format!(
                "nothing was heard of {} for {} s, or it did not take the connection",
                self.device.address,
                PATIENCE.as_secs()
            ),
            central::Error::Disconnected => "the device ended the connection at once".to_owned(),
            error => error.to_string(),
        })
    }
}

/// The device on a connection.
struct HciPeer<'a, 'd, 'r, C: Controller> {
    peer: &'a central::Peer<'d, 'r, C>,
    /// The service that it advertises.
    advertised: Option<ServiceUuid>,
}

impl<C: Controller> Peer for HciPeer<'_, '_, '_, C> {
    async fn list(&mut self) -> Result<Vec<Characteristic>, TransportError> {
        tokio::time::timeout(LIST_TIME, find_endpoints(self.peer, self.advertised))
            .await
            .map_err(|_| TransportError::TimedOut(LIST_TIME.as_secs()))?
            .map_err(|error| meaning(error, 0))
    }

    async fn write(&mut self, handle: u16, value: &Zeroizing<Vec<u8>>) -> Result<(), TransportError> {
        let written = self.peer.write(handle, value).await;
        written.map_err(|error| meaning(error, value.len()))
    }

    async fn read(&mut self, handle: u16) -> Result<Vec<u8>, TransportError> {
        let mut value = vec![0; LONGEST_VALUE];
        let len = self
            .peer
            .read(handle, &mut value)
            .await
            .map_err(|error| meaning(error, 0))?;
        value.truncate(len);
        Ok(value)
    }

    /// What is done with a connection ends with it.
    async fn ended(&self) {
        pending().await
    }
}

/// Finds the provisioning service: the one that the device advertises, or one that devices commonly have, or whatever
/// has the endpoint of the sessions.
async fn find_endpoints<C: Controller>(
    peer: &central::Peer<'_, '_, C>,
    advertised: Option<ServiceUuid>,
) -> Result<Vec<Characteristic>, central::Error> {
    let others = USUAL.into_iter().filter(|usual| Some(*usual) != advertised);
    for service in advertised.into_iter().chain(others) {
        if let Some(found) = peer.service(service.uuid()).await? {
            return endpoints(peer, &found).await;
        }
    }
    for service in peer.services().await? {
        let found = endpoints(peer, &service).await?;
        if has_sessions(&found) {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

async fn endpoints<C: Controller>(
    peer: &central::Peer<'_, '_, C>,
    service: &central::Service,
) -> Result<Vec<Characteristic>, central::Error> {
    let found = peer.characteristics(service).await?;
    let characteristic = |found: central::Characteristic| Characteristic {
        service: ServiceUuid::new(service.uuid),
        uuid: found.uuid,
        name: found.name.and_then(|name| String::from_utf8(name.to_vec()).ok()),
        handle: found.handle,
    };
    Ok(found.into_iter().map(characteristic).collect())
}

/// What an error means on a connection, after a value of so many bytes was written.
fn meaning(error: central::Error, len: usize) -> TransportError {
    match error {
        central::Error::Att(code) => AttError(code).meaning(len),
        // The attribute protocol's own limit, after which the host has ended the connection.
        central::Error::TimedOut => TransportError::TimedOut(30),
        central::Error::BadAnswer => TransportError::Protocol(error.to_string()),
        central::Error::Disconnected => ended(),
        central::Error::Pairing => TransportError::EncryptionNeeded,
        error => TransportError::Lost(error.to_string()),
    }
}
