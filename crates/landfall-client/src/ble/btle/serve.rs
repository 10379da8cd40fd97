use core::{future::Future, time::Duration};
use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use btleplug::{
    Error,
    api::{Characteristic as BtleCharacteristic, Peripheral as _, Service, WriteType},
    platform::{Adapter, Peripheral},
};
use landfall_protocomm::gatt::{ServiceUuid, Uuid};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::{ControlFlow, Found, open, scan};
use crate::{
    TransportError,
    ble::{
        Characteristic,
        stack::{End, Orders, Peer, Stack, USUAL, ended, has_sessions, is_assigned},
    },
};

/// Makes connections to a device with an adapter of the operating system's.
pub(super) struct BtleStack {
    pub(super) adapter: Option<String>,
    pub(super) device: Found,
}

/// Longest wait for a device that was heard before.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait for a connection, and for the device's services.
const CONNECT_TIME: Duration = Duration::from_secs(20);
/// Connections that are tried before the device is given up. The first packets of one are lost easily, and it with them.
const ATTEMPTS: u32 = 3;
/// The attribute protocol gives a device 30 s for each answer.
const ANSWER_TIME: Duration = Duration::from_secs(35);
const GOODBYE_TIME: Duration = Duration::from_secs(3);
/// How often the system is asked whether there still is a connection, while nothing else is asked.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const USER_DESCRIPTION: Uuid = Uuid::from_assigned(0x2901);

impl Stack for BtleStack {
    async fn serve(&self, mut orders: Orders) {
        while orders.want_connection() {
            let connected = tokio::select! {
                biased;
                connected = self.connect() => Some(connected),
                () = orders.given_up() => None,
            };
            let end = match connected {
                Some(Ok(peripheral)) => {
                    orders.tell(Ok(()));
                    let mut peer = BtlePeer {
                        peripheral,
                        advertised: self.device.service,
                        listed: Vec::new(),
                    };
                    let end = orders.obey(&mut peer).await;
                    disconnect(&peer.peripheral).await;
                    end
                }
                Some(Err(error)) => {
                    orders.tell(Err(error));
                    End::Lost
                }
                None => End::GivenUp,
            };
            orders.disconnected();
            match end {
                End::Parting => {}
                End::Lost | End::GivenUp => orders.next_wanted().await,
            }
        }
    }
}

impl BtleStack {
    async fn connect(&self) -> Result<Peripheral, TransportError> {
        let adapter = open(self.adapter.as_deref()).await?;
        let peripheral = self.find(&adapter).await?;
        let mut attempts = 1;
        loop {
            let connected = timeout(CONNECT_TIME, connect(&peripheral)).await;
            let why = match connected {
                Ok(Ok(())) => return Ok(peripheral),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it does not answer".to_string(),
            };
            disconnect(&peripheral).await;
            if attempts == ATTEMPTS {
                let address = self.device.address;
                return Err(TransportError::Unreachable(format!(
                    "{address} did not take the connection: {why}"
                )));
            }
            attempts += 1;
        }
    }

    /// Listens for the device: what was heard before is not known to a new way to the system.
    async fn find(&self, adapter: &Adapter) -> Result<Peripheral, TransportError> {
        let mut wanted = None;
        scan(adapter, PATIENCE, |peripheral, found| {
            if found.address == self.device.address {
                wanted = Some(peripheral);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
        .await?;
        wanted.ok_or_else(|| {
            let (address, time) = (self.device.address, PATIENCE.as_secs());
            TransportError::Unreachable(format!("nothing was heard of {address} for {time} s"))
        })
    }
}

async fn connect(peripheral: &Peripheral) -> Result<(), Error> {
    peripheral.connect().await?;
    peripheral.discover_services().await
}

async fn disconnect(peripheral: &Peripheral) {
    // It fails only if there is nothing to end.
    _ = timeout(GOODBYE_TIME, peripheral.disconnect()).await;
}

/// The device on a connection.
struct BtlePeer {
    peripheral: Peripheral,
    /// The service that it advertises.
    advertised: Option<ServiceUuid>,
    /// What was listed; a handle is a place in it.
    listed: Vec<BtleCharacteristic>,
}

impl BtlePeer {
    /// The provisioning service: the one that the device advertises, or one that devices commonly have, or whatever has
    /// the endpoint of the sessions.
    async fn find_service(&self) -> Result<Vec<(Characteristic, BtleCharacteristic)>, TransportError> {
        let services = self.peripheral.services();
        for wanted in self.advertised.into_iter().chain(USUAL) {
            if let Some(service) = services
                .iter()
                .find(|service| uuid(service.uuid.as_u128()) == wanted.uuid())
            {
                return self.endpoints(service).await;
            }
        }
        for service in &services {
            if is_assigned(uuid(service.uuid.as_u128())) {
                continue;
            }
            let found = self.endpoints(service).await?;
            if has_sessions(found.iter().map(|(found, _)| found)) {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    async fn endpoints(&self, service: &Service) -> Result<Vec<(Characteristic, BtleCharacteristic)>, TransportError> {
        let mut found = Vec::new();
        for (handle, characteristic) in (0..).zip(&service.characteristics) {
            let described = Characteristic {
                service: ServiceUuid::new(uuid(service.uuid.as_u128())),
                uuid: uuid(characteristic.uuid.as_u128()),
                name: self.name(characteristic).await?,
                handle,
            };
            found.push((described, characteristic.clone()));
        }
        Ok(found)
    }

    /// What the device calls a characteristic. One without a name, or whose name the system hides, is known by its UUID.
    async fn name(&self, characteristic: &BtleCharacteristic) -> Result<Option<String>, TransportError> {
        let mut descriptors = characteristic.descriptors.iter();
        let Some(description) = descriptors.find(|found| uuid(found.uuid.as_u128()) == USER_DESCRIPTION) else {
            return Ok(None);
        };
        match self.answer(self.peripheral.read_descriptor(description)).await {
            Ok(name) => Ok(String::from_utf8(name).ok()),
            Err(TransportError::Refused | TransportError::NoSuchEndpoint | TransportError::EncryptionNeeded) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Waits for the device's answer. The systems tell its refusals in words of their own.
    async fn answer<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, TransportError> {
        let Ok(answer) = timeout(ANSWER_TIME, answer).await else {
            return Err(TransportError::TimedOut(ANSWER_TIME.as_secs()));
        };
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => Err(meaning(&error, self.is_connected().await)),
        }
    }

    async fn is_connected(&self) -> bool {
        let connected = timeout(GOODBYE_TIME, self.peripheral.is_connected()).await;
        matches!(connected, Ok(Ok(true)))
    }

    fn at(&self, handle: u16) -> Result<&BtleCharacteristic, TransportError> {
        let listed = self.listed.get(usize::from(handle));
        listed.ok_or(TransportError::NoSuchEndpoint)
    }
}

impl Peer for BtlePeer {
    async fn list(&mut self) -> Result<Vec<Characteristic>, TransportError> {
        if !self.listed.is_empty() {
            self.answer(self.peripheral.discover_services()).await?;
        }
        let (described, listed) = self.find_service().await?.into_iter().unzip();
        self.listed = listed;
        Ok(described)
    }

    async fn write(&mut self, handle: u16, value: &Zeroizing<Vec<u8>>) -> Result<(), TransportError> {
        let characteristic = self.at(handle)?;
        let written = self.peripheral.write(characteristic, value, WriteType::WithResponse);
        self.answer(written).await
    }

    async fn read(&mut self, handle: u16) -> Result<Vec<u8>, TransportError> {
        self.answer(self.peripheral.read(self.at(handle)?)).await
    }

    async fn ended(&self) {
        while self.is_connected().await {
            sleep(LOOK_AGAIN).await;
        }
    }
}

const fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// What an error means, given whether there still is a connection.
fn meaning(error: &Error, is_connected: bool) -> TransportError {
    let text = error.to_string().to_lowercase();
    match error {
        Error::NotConnected | Error::DeviceNotFound => ended(),
        Error::TimedOut(time) => TransportError::TimedOut(time.as_secs()),
        Error::NoSuchCharacteristic => TransportError::NoSuchEndpoint,
        Error::PermissionDenied => TransportError::EncryptionNeeded,
        _ if text.contains("authentication") || text.contains("encryption") => TransportError::EncryptionNeeded,
        _ if is_connected => TransportError::Refused,
        _ => TransportError::Lost(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_means_what_the_device_meant_as_far_as_systems_tell() {
        let other = |text: &str| Error::RuntimeError(text.to_string());
        assert!(matches!(meaning(&Error::NotConnected, true), TransportError::Lost(_)));
        assert_eq!(
            meaning(&other("Encryption is insufficient."), true),
            TransportError::EncryptionNeeded
        );
        assert_eq!(
            meaning(&other("Operation failed with ATT error: 0x04"), true),
            TransportError::Refused
        );
        assert!(matches!(
            meaning(&other("out of range"), false),
            TransportError::Lost(_)
        ));
        assert_eq!(
            meaning(&Error::NoSuchCharacteristic, true),
            TransportError::NoSuchEndpoint
        );
    }
}
