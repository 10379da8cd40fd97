use std::collections::HashMap;

use serde::Serialize;
use zbus::{Connection, DynamicType, Message, OwnedObjectPath, OwnedVariant, Variant};
use zeroize::Zeroizing;

use super::{
    client::{Answer, Refusal},
    objects::Exported,
};

/// A read or a write as BlueZ tells it.
pub(super) struct Access {
    /// The device that asks.
    pub(super) device: OwnedObjectPath,
    /// Where in the value it begins.
    pub(super) offset: usize,
    /// What travels at once behind the opcode.
    pub(super) room: usize,
    /// What is written.
    pub(super) value: Zeroizing<Vec<u8>>,
}

/// Options of a call.
type Options = HashMap<String, OwnedVariant>;

/// The smallest packets of the attribute protocol.
const SMALLEST_MTU: u16 = 23;

impl Access {
    /// Reads the arguments of a `ReadValue`; `None` if they are none.
    pub(super) fn of_read(call: &Message) -> Option<Self> {
        let body = call.body();
        let options: Options = body.deserialize().ok()?;
        Self::new(&options, Vec::new())
    }

    /// Reads the arguments of a `WriteValue`; `None` if they are none.
    pub(super) fn of_write(call: &Message) -> Option<Self> {
        let body = call.body();
        let (value, options): (Vec<u8>, Options) = body.deserialize().ok()?;
        Self::new(&options, value)
    }

    fn new(options: &Options, value: Vec<u8>) -> Option<Self> {
        let value = Zeroizing::new(value);
        let number = |name| u16::try_from(options.get(name)?).ok();
        let Variant::ObjectPath(device) = &**options.get("device")? else {
            return None;
        };
        Some(Self {
            device: device.to_owned().into(),
            offset: number("offset").unwrap_or(0).into(),
            room: usize::from(number("mtu").unwrap_or(SMALLEST_MTU)).saturating_sub(1),
            value,
        })
    }
}

/// Answers what BlueZ asks of our objects themselves.
pub(super) async fn describe(connection: &Connection, call: &Message, exported: &Exported) {
    let header = call.header();
    let (Some(path), Some(method)) = (header.path(), header.member()) else {
        return;
    };
    let body = call.body();
    match method.as_str() {
        "GetManagedObjects" => {
            if let Some(objects) = exported.under(path) {
                return reply(connection, call, objects).await;
            }
        }
        "GetAll" => {
            let properties = body
                .deserialize()
                .ok()
                .and_then(|interface| exported.properties(path, interface));
            if let Some(properties) = properties {
                return reply(connection, call, properties).await;
            }
        }
        _ => {}
    }
    let name = "org.freedesktop.DBus.Error.UnknownMethod";
    refuse(connection, call, name, "there is no such object or method").await;
}

/// Answers a call with `body`. Whoever called may be gone, and then nobody waits.
pub(super) async fn reply<B: Serialize + DynamicType>(connection: &Connection, call: &Message, body: &B) {
    let _ = connection.reply(&call.header(), body).await;
}

/// Answers a read or a write.
pub(super) async fn answer(connection: &Connection, call: &Message, answer: &Answer) {
    match answer {
        Answer::Written => reply(connection, call, &()).await,
        Answer::Value(value) => reply(connection, call, &value.as_slice()).await,
        Answer::Refused(refusal) => {
            let (name, text) = refusal.as_error();
            refuse(connection, call, name, text).await;
        }
    }
}

/// Fails a call.
pub(super) async fn refuse(connection: &Connection, call: &Message, name: &str, text: &str) {
    let _ = connection.reply_error(&call.header(), name, &text).await;
}

impl Refusal {
    /// The error's name, from which BlueZ makes the code that travels, and its text.
    const fn as_error(self) -> (&'static str, &'static str) {
        match self {
            // The text is the code.
            Self::Failed => ("org.bluez.Error.Failed", "0x80"),
            // 0x07.
            Self::Offset => ("org.bluez.Error.InvalidOffset", "no such offset"),
            // 0x0D.
            Self::Length => ("org.bluez.Error.InvalidValueLength", "too long"),
            // 0xFE.
            Self::Busy => ("org.bluez.Error.InProgress", "another request comes first"),
        }
    }
}
