//! What BlueZ tells of itself: that it comes and goes, and what becomes of adapters and clients.

use std::collections::HashMap;

use futures_util::StreamExt as _;
use zbus::{
    MatchRule, Message, MessageStream, ObjectPath, OwnedObjectPath, OwnedVariant,
    fdo::DBusProxy,
    message::Type,
    names::{OwnedUniqueName, UniqueName},
};

use crate::{
    Bluez, Error,
    bus::{ADAPTER, AT_ONCE, OBJECT_MANAGER, PROPERTIES, SERVICE, within},
};

/// All that comes over the bus, in the order in which it came: BlueZ's questions and what it tells. (An object server
/// would answer questions beside what is told, so that a client's first read could come before the end of the client
/// before it.)
pub(super) struct Watch {
    messages: MessageStream,
    /// The daemon, while there is one.
    daemon: Option<OwnedUniqueName>,
}

/// What came over the bus.
pub(super) enum Heard {
    /// The daemon asks something.
    Call(Message),
    /// The daemon is there.
    Came,
    /// The daemon is gone.
    Went,
    /// An adapter was switched on or off.
    Powered(OwnedObjectPath, bool),
    /// An adapter was pulled.
    Pulled(OwnedObjectPath),
    /// A device is not connected any more.
    Disconnected(OwnedObjectPath),
}

const DEVICE: &str = "org.bluez.Device1";
const BUS: &str = "org.freedesktop.DBus";

impl Watch {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the bus does not let us.
    pub(super) async fn new(bluez: &Bluez) -> Result<Self, Error> {
        let messages = MessageStream::from(bluez.connection());
        let bus = within(AT_ONCE, "Hello", DBusProxy::new(bluez.connection())).await?;
        let signal = || MatchRule::builder().msg_type(Type::Signal);
        for rule in [
            signal().sender(BUS).member("NameOwnerChanged").arg(0, SERVICE),
            signal().sender(SERVICE).interface(PROPERTIES),
            signal().sender(SERVICE).interface(OBJECT_MANAGER),
        ] {
            let added = async { Ok(bus.add_match_rule(rule.build()?).await?) };
            within(AT_ONCE, "AddMatch", added).await?;
        }
        Ok(Self {
            messages,
            daemon: bluez.daemon().await.ok(),
        })
    }

    /// Whether the daemon is there.
    pub(super) const fn has_daemon(&self) -> bool {
        self.daemon.is_some()
    }

    /// Waits for the next thing that concerns us; `None` when the bus is gone. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        loop {
            let message = self.messages.next().await?.ok()?;
            if let Some(heard) = self.read(message) {
                return Some(heard);
            }
        }
    }

    fn read(&mut self, message: Message) -> Option<Heard> {
        let header = message.header();
        let by_daemon = self.daemon.is_some() && header.sender() == self.daemon.as_deref();
        match (header.message_type(), header.member().map(|member| member.as_str())) {
            // Anybody else on the bus is none of our clients.
            (Type::MethodCall, _) if by_daemon => Some(Heard::Call(message.clone())),
            (Type::Signal, Some("NameOwnerChanged")) if header.sender().is_some_and(|sender| sender == BUS) => {
                let body = message.body();
                self.on_owner(&body.deserialize().ok()?)
            }
            (Type::Signal, Some("PropertiesChanged")) if by_daemon => changed(header.path()?, &message),
            (Type::Signal, Some("InterfacesRemoved")) if by_daemon => removed(&message),
            _ => None,
        }
    }

    fn on_owner(&mut self, (name, _, new): &(&str, &str, &str)) -> Option<Heard> {
        if *name != SERVICE {
            return None;
        }
        self.daemon = UniqueName::try_from(*new).ok().map(Into::into);
        Some(if self.daemon.is_some() {
            Heard::Came
        } else {
            Heard::Went
        })
    }
}

fn changed(path: &ObjectPath<'_>, message: &Message) -> Option<Heard> {
    type Changed<'a> = (&'a str, HashMap<&'a str, OwnedVariant>, Vec<&'a str>);
    let body = message.body();
    let (interface, properties, _): Changed<'_> = body.deserialize().ok()?;
    let flag = |name| bool::try_from(properties.get(name)?).ok();
    match interface {
        ADAPTER => Some(Heard::Powered(path.to_owned().into(), flag("Powered")?)),
        DEVICE if !flag("Connected")? => Some(Heard::Disconnected(path.to_owned().into())),
        _ => None,
    }
}

fn removed(message: &Message) -> Option<Heard> {
    let body = message.body();
    let (path, interfaces): (OwnedObjectPath, Vec<&str>) = body.deserialize().ok()?;
    if interfaces.contains(&ADAPTER) {
        Some(Heard::Pulled(path))
    } else if interfaces.contains(&DEVICE) {
        Some(Heard::Disconnected(path))
    } else {
        None
    }
}
