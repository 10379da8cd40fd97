//! A client on the air of a played daemon.

use core::time::Duration;
use std::collections::HashMap;

use tokio::time::timeout;
use zbus::{Message, ObjectPath, Variant};

use super::{DEVICE, FakeHost};

/// A client on the air, by its address.
#[derive(Debug)]
pub struct FakeCentral<'a> {
    pub(super) host: &'a FakeHost,
    pub(super) path: String,
    pub(super) mtu: u16,
}

const CHARACTERISTIC: &str = "org.bluez.GattCharacteristic1";
const DESCRIPTOR: &str = "org.bluez.GattDescriptor1";
/// How long an application is waited for. 5.66 gives it five seconds, of which a loaded machine may need some itself.
const ATTRIBUTE_TIME: Duration = Duration::from_secs(20);

impl FakeCentral<'_> {
    /// The same client, with packets of another length.
    #[must_use]
    pub const fn with_mtu(mut self, mtu: u16) -> Self {
        self.mtu = mtu;
        self
    }

    /// BlueZ's object for it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Writes to the characteristic `number` of the table.
    ///
    /// # Errors
    /// The error code that travels.
    pub async fn write(&self, number: usize, value: &[u8]) -> Result<(), u8> {
        self.write_at(number, 0, value).await
    }

    /// Writes what follows `offset` bytes.
    ///
    /// # Errors
    /// The error code that travels.
    pub async fn write_at(&self, number: usize, offset: u16, value: &[u8]) -> Result<(), u8> {
        let arguments = (value, self.options(offset));
        let written = self.ask(CHARACTERISTIC, number, "WriteValue", &arguments).await;
        written.map(drop)
    }

    /// Reads the characteristic `number` of the table, in as many parts as it takes.
    ///
    /// # Errors
    /// The error code that travels.
    pub async fn read(&self, number: usize) -> Result<Vec<u8>, u8> {
        let mut value = Vec::new();
        loop {
            let offset = u16::try_from(value.len()).expect("at most 512 bytes");
            let part = self.read_at(number, offset).await?;
            let room = usize::from(self.mtu) - 1;
            value.extend(part.iter().take(room));
            if part.len() < room {
                return Ok(value);
            }
        }
    }

    /// Reads what follows `offset` bytes.
    ///
    /// # Errors
    /// The error code that travels.
    pub async fn read_at(&self, number: usize, offset: u16) -> Result<Vec<u8>, u8> {
        let arguments = (self.options(offset),);
        let read = self.ask(CHARACTERISTIC, number, "ReadValue", &arguments).await?;
        Ok(read.body().deserialize().expect("bytes"))
    }

    /// Reads the description of the characteristic `number` of the table.
    ///
    /// # Errors
    /// The error code that travels.
    pub async fn describe(&self, number: usize) -> Result<Vec<u8>, u8> {
        let arguments = (self.options(0),);
        let read = self.ask(DESCRIPTOR, number, "ReadValue", &arguments).await?;
        Ok(read.body().deserialize().expect("bytes"))
    }

    /// Goes.
    pub async fn disconnect(self) {
        self.host.state().connected.retain(|path| *path != self.path);
        self.host
            .changed(&self.path, DEVICE, "Connected", Variant::from(false))
            .await;
    }

    /// Waits until it was sent away.
    pub async fn until_sent_away(&self) {
        self.host.until(|state| !state.connected.contains(&self.path)).await;
    }

    fn options(&self, offset: u16) -> HashMap<&str, Variant<'_>> {
        let device = ObjectPath::try_from(self.path.as_str()).expect("a path");
        let mut options = HashMap::from([
            ("device", Variant::from(device)),
            ("link", Variant::from("LE")),
            ("mtu", Variant::from(self.mtu)),
        ]);
        if offset > 0 {
            options.insert("offset", Variant::from(offset));
        }
        options
    }

    async fn ask<B: serde::Serialize + zbus::DynamicType>(
        &self,
        interface: &str,
        number: usize,
        method: &str,
        arguments: &B,
    ) -> Result<Message, u8> {
        let (owner, path) = self.host.object(interface, number);
        let connection = &self.host.connection;
        let asked = connection.call_method(Some(owner.as_str()), path.as_str(), Some(interface), method, arguments);
        match timeout(ATTRIBUTE_TIME, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(zbus::Error::MethodError(name, text, _))) => Err(code(&name, text.as_deref().unwrap_or_default())),
            Ok(Err(_)) | Err(_) => Err(0x0e),
        }
    }
}

impl FakeHost {
    /// The owner and the path of the application's object with this number among those with `interface`.
    fn object(&self, interface: &str, number: usize) -> (String, String) {
        let state = self.state();
        let (owner, objects) = state.application.as_ref().expect("a device on the air");
        let of_interface = objects
            .iter()
            .filter(|(_, interfaces)| interfaces.contains_key(interface));
        let mut paths: Vec<_> = of_interface.map(|(path, _)| path.as_str().to_owned()).collect();
        paths.sort();
        (owner.clone(), paths[number].clone())
    }
}

/// The error code that 5.66 makes of an application's error.
fn code(name: &str, text: &str) -> u8 {
    match name.strip_prefix("org.bluez.Error.") {
        Some("Failed") => {
            let number = text
                .strip_prefix("0x")
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match number {
                Some(number @ 0x80..=0x9f) => number,
                Some(_) => 0x0e,
                None => 0x80,
            }
        }
        Some("NotSupported") => 0x06,
        Some("NotAuthorized") => 0x08,
        Some("InvalidValueLength") => 0x0d,
        Some("InvalidOffset") => 0x07,
        Some("InProgress") => 0xfe,
        Some("NotPermitted") => 0x03,
        _ => 0x0e,
    }
}
