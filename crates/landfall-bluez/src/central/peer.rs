use core::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use std::collections::HashMap;

use landfall_protocomm::gatt::Uuid;
use serde::Serialize;
use tokio::time::timeout;
use zbus::{DynamicType, OwnedObjectPath, Variant, fdo::ManagedObjects, wire::DynamicDeserialize};

use super::{Device, Error, heard::get, pairing::pair, state::State};

/// A device on a connection.
pub struct Peer {
    device: Device,
    state: State,
    has_cached: bool,
    has_paired: AtomicBool,
}

/// A service of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// What it is.
    pub uuid: Uuid,
    /// Its characteristics, by handle.
    pub characteristics: Vec<Characteristic>,
}

/// A characteristic of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Characteristic {
    /// What it is.
    pub uuid: Uuid,
    path: OwnedObjectPath,
    description: Option<OwnedObjectPath>,
}

const SERVICE: &str = "org.bluez.GattService1";
const CHARACTERISTIC: &str = "org.bluez.GattCharacteristic1";
const DESCRIPTOR: &str = "org.bluez.GattDescriptor1";
const USER_DESCRIPTION: Uuid = Uuid::from_assigned(0x2901);

/// BlueZ gives a device 30 s for each answer, as the attribute protocol demands.
const ANSWER_TIME: Duration = Duration::from_secs(35);
/// In which BlueZ notices that the connection has ended, after it has told the end as an empty value.
const SETTLE_TIME: Duration = Duration::from_millis(500);
const INSUFFICIENT_AUTHENTICATION: u8 = 0x05;

impl Peer {
    pub(super) const fn new(device: Device, state: State, has_cached: bool) -> Self {
        Self {
            device,
            state,
            has_cached,
            has_paired: AtomicBool::new(false),
        }
    }

    /// The device.
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// Whether BlueZ may have its services out of its memory, and not from the device. [`Device::forget`] helps, for a
    /// device that is nobody's.
    pub const fn has_cached(&self) -> bool {
        self.has_cached && !self.device.is_owned()
    }

    /// Whether the connection is still there.
    pub fn is_connected(&self) -> bool {
        self.state.is_connected()
    }

    /// Waits until the connection is gone.
    pub async fn ended(&self) {
        self.state.ended().await;
    }

    /// All services of the device, by handle.
    ///
    /// # Errors
    /// [`Error::Disconnected`], [`Error::Bluez`].
    pub async fn services(&self) -> Result<Vec<Service>, Error> {
        let adapter = self.device.adapter();
        let objects = self.unless_ended(adapter.bluez().objects()).await?;
        let services = children(&objects, self.device.path(), SERVICE);
        let service = |(uuid, path): (Uuid, &OwnedObjectPath)| Service {
            uuid,
            characteristics: characteristics(&objects, path),
        };
        Ok(services.into_iter().map(service).collect())
    }

    /// Reads what the device calls a characteristic: its descriptor 0x2901, if it has one that can be read.
    ///
    /// # Errors
    /// [`Error::Disconnected`] and the like.
    pub async fn name(&self, characteristic: &Characteristic) -> Result<Option<Vec<u8>>, Error> {
        let Some(path) = &characteristic.description else {
            return Ok(None);
        };
        match self.read_value(path, DESCRIPTOR).await {
            Ok(name) => Ok(Some(name)),
            Err(Error::Att(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a value, and waits for the device's answer. Pairs if the device demands it.
    ///
    /// # Errors
    /// [`Error::Att`], [`Error::Disconnected`], [`Error::TimedOut`], [`Error::Pairing`].
    pub async fn write(&self, characteristic: &Characteristic, value: &[u8]) -> Result<(), Error> {
        self.paired(async || {
            let options = HashMap::from([("type", Variant::from("request"))]);
            self.ask(&characteristic.path, (CHARACTERISTIC, "WriteValue"), &(value, options))
                .await
        })
        .await
    }

    /// Reads a value, whole. Pairs if the device demands it.
    ///
    /// # Errors
    /// As for [`Peer::write`].
    pub async fn read(&self, characteristic: &Characteristic) -> Result<Vec<u8>, Error> {
        self.paired(async || self.read_value(&characteristic.path, CHARACTERISTIC).await)
            .await
    }

    async fn read_value(&self, path: &OwnedObjectPath, interface: &'static str) -> Result<Vec<u8>, Error> {
        let options = HashMap::<&str, Variant<'_>>::new();
        let value: Vec<u8> = self.ask(path, (interface, "ReadValue"), &(options,)).await?;
        let is_empty = value.is_empty();
        if is_empty && timeout(SETTLE_TIME, self.ended()).await.is_ok() {
            return Err(Error::Disconnected);
        }
        Ok(value)
    }

    /// Does something, and once more after pairing, if the device demands that.
    async fn paired<T>(&self, work: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
        match work().await {
            Err(Error::Att(INSUFFICIENT_AUTHENTICATION)) if !self.has_paired.swap(true, Ordering::Relaxed) => {
                self.unless_ended(pair(&self.device)).await?;
                work().await
            }
            result => result,
        }
    }

    /// Asks the device for something.
    async fn ask<B, R>(&self, path: &OwnedObjectPath, call: (&'static str, &'static str), body: &B) -> Result<R, Error>
    where
        B: Serialize + DynamicType,
        R: for<'a> DynamicDeserialize<'a>,
    {
        let bluez = self.device.adapter().bluez();
        let path = path.into();
        let answer = async { bluez.call(&path, call, body, ANSWER_TIME).await.map_err(answered) };
        self.unless_ended(answer).await
    }

    /// Waits for an answer, which BlueZ may owe for ever when the connection has ended.
    async fn unless_ended<T, E: Into<Error>>(&self, answer: impl Future<Output = Result<T, E>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            answer = answer => answer.map_err(Into::into),
            () = self.ended() => Err(Error::Disconnected),
        }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

fn characteristics(objects: &ManagedObjects, service: &OwnedObjectPath) -> Vec<Characteristic> {
    let characteristic = |(uuid, path): (Uuid, &OwnedObjectPath)| Characteristic {
        uuid,
        path: path.clone(),
        description: children(objects, path, DESCRIPTOR)
            .into_iter()
            .find(|(uuid, _)| *uuid == USER_DESCRIPTION)
            .map(|(_, path)| path.clone()),
    };
    let found = children(objects, service, CHARACTERISTIC);
    found.into_iter().map(characteristic).collect()
}

/// The objects of one kind right below `parent`, by handle: BlueZ ends their paths with it.
fn children<'a>(
    objects: &'a ManagedObjects,
    parent: &OwnedObjectPath,
    interface: &str,
) -> Vec<(Uuid, &'a OwnedObjectPath)> {
    let mut found: Vec<_> = objects
        .iter()
        .filter(|(path, _)| path.rsplit_once('/').is_some_and(|(above, _)| above == parent.as_str()))
        .filter_map(|(path, interfaces)| {
            let uuid: String = get(interfaces.get(interface)?, "UUID")?;
            Some((uuid.parse().ok()?, path))
        })
        .collect();
    found.sort_by(|(_, one), (_, other)| one.as_str().cmp(other.as_str()));
    found
}

/// What BlueZ's answer means. It gives some codes of the attribute protocol names of its own.
fn answered(error: crate::Error) -> Error {
    let crate::Error::Refused { name, why, .. } = &error else {
        return match error {
            crate::Error::TimedOut { .. } => Error::TimedOut,
            other => other.into(),
        };
    };
    let code = match (name.strip_prefix("org.bluez.Error."), why.as_str()) {
        (Some("NotPermitted"), "Read not permitted") => 0x02,
        (Some("NotPermitted"), "Write not permitted") => 0x03,
        (Some("NotPermitted"), "Not paired") => INSUFFICIENT_AUTHENTICATION,
        (Some("NotSupported"), _) => 0x06,
        (Some("InvalidArguments" | "InvalidOffset"), "Invalid offset") => 0x07,
        (Some("NotAuthorized"), _) => 0x08,
        (Some("InProgress"), _) => 0xfe,
        (Some("InvalidArguments"), "Invalid Length") | (Some("InvalidValueLength"), _) => 0x0d,
        (Some("NotConnected"), _) | (Some("Failed"), "Not connected" | "Operation failed" | "No ATT transport") => {
            return Error::Disconnected;
        }
        (Some("Failed"), why) => match att_code(why) {
            Some(code) => code,
            None => return error.into(),
        },
        // Whatever was there before has another place now.
        _ if error.is_no_such_object() => 0x01,
        _ => return error.into(),
    };
    Error::Att(code)
}

/// The code at the end of `Operation failed with ATT error: 0x80`.
fn att_code(why: &str) -> Option<u8> {
    let (_, digits) = why.split_once("ATT error: 0x")?;
    u8::from_str_radix(digits.trim_end(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, why: &str) -> Error {
        answered(crate::Error::Refused {
            call: "WriteValue",
            name: format!("org.bluez.Error.{name}"),
            why: why.to_owned(),
        })
    }

    #[test]
    fn codes_of_the_attribute_protocol_are_read_out_of_bluez_s_errors() {
        for (name, why, code) in [
            ("NotPermitted", "Read not permitted", 0x02),
            ("NotPermitted", "Write not permitted", 0x03),
            ("NotPermitted", "Not paired", 0x05),
            ("NotSupported", "Operation is not supported", 0x06),
            ("InvalidArguments", "Invalid offset", 0x07),
            ("NotAuthorized", "Operation Not Authorized", 0x08),
            ("InvalidArguments", "Invalid Length", 0x0d),
            ("Failed", "Operation failed with ATT error: 0x04", 0x04),
            ("Failed", "Operation failed with ATT error: 0x85", 0x85),
            ("InProgress", "In Progress", 0xfe),
        ] {
            assert_eq!(refused(name, why), Error::Att(code), "{name}: {why}");
        }
    }

    #[test]
    fn a_connection_that_is_gone_is_no_answer_of_the_device() {
        for why in ["Not connected", "Operation failed", "No ATT transport"] {
            assert_eq!(refused("Failed", why), Error::Disconnected, "{why}");
        }
        assert_eq!(refused("NotConnected", ""), Error::Disconnected);
    }

    #[test]
    fn what_is_neither_is_told_as_it_is() {
        for why in [
            "Failed to initiate write",
            "ATT error: 0x",
            "Operation failed with ATT error: 0x123",
        ] {
            assert!(matches!(refused("Failed", why), Error::Bluez(_)), "{why}");
        }
    }
}
