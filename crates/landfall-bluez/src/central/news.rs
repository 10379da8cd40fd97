use core::{future::ready, num::NonZeroUsize};
use std::collections::HashMap;

use futures_util::{
    Stream, StreamExt as _,
    stream::{once, select},
};
use zbus::{
    MatchRule, Message, MessageStream, OwnedObjectPath, OwnedVariant, message::Type, names::OwnedInterfaceName,
};

use crate::{
    Bluez, Error,
    bus::{AT_ONCE, OBJECT_MANAGER, PROPERTIES, SERVICE, within},
};

/// How much waits while the daemon is asked for something: another program may have it listen already, in busy air.
const QUEUE: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

pub(super) type Properties = HashMap<String, OwnedVariant>;

/// What the daemon tells unasked.
pub(super) enum News {
    /// An object is new, or can more.
    Added(OwnedObjectPath, HashMap<OwnedInterfaceName, Properties>),
    /// An object's properties are others now.
    Changed {
        path: OwnedObjectPath,
        interface: String,
        properties: Properties,
    },
    /// An object is gone, or can less.
    Removed(OwnedObjectPath, Vec<OwnedInterfaceName>),
    /// The daemon has ended, or the bus.
    Gone,
}

impl News {
    /// What is new of the object at `path`.
    pub(super) fn of(&self, path: &str, interface: &str) -> Option<&Properties> {
        match self {
            Self::Changed {
                path: changed,
                interface: with,
                properties,
            } => (changed.as_str() == path && with == interface).then_some(properties),
            _ => None,
        }
    }

    /// Whether the object at `path` is gone.
    pub(super) fn takes(&self, path: &str, interface: &str) -> bool {
        match self {
            Self::Removed(removed, interfaces) => {
                removed.as_str() == path && interfaces.iter().any(|name| name.as_str() == interface)
            }
            Self::Gone => true,
            _ => false,
        }
    }
}

/// All that the daemon tells from now on, in its order. Whoever takes it must go on taking: what is not taken holds up
/// the answers to calls.
pub(super) async fn news(bluez: &Bluez) -> Result<impl Stream<Item = News> + Unpin + use<>, Error> {
    const CALL: &str = "AddMatch";
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(SERVICE)
        .build()
        .map_err(|error| Error::of(CALL, error))?;
    let goings = bluez.comings_and_goings().await?;
    let signals = MessageStream::for_match_rule(rule, bluez.connection(), Some(QUEUE));
    let signals = within(AT_ONCE, CALL, signals).await?;
    // The rule keeps away what others tell everybody, but not what they tell us alone.
    let daemon = bluez.daemon().await?;
    let told = signals
        .filter_map(move |message| {
            let by_daemon = |message: &Message| message.header().sender() == Some(&*daemon);
            ready(message.ok().filter(by_daemon).and_then(|message| read(&message)))
        })
        .chain(once(ready(News::Gone)));
    let goings = goings.filter_map(|is_there| ready((!is_there).then_some(News::Gone)));
    Ok(select(told, goings))
}

fn read(message: &Message) -> Option<News> {
    let header = message.header();
    let body = message.body();
    match (header.interface()?.as_str(), header.member()?.as_str()) {
        (OBJECT_MANAGER, "InterfacesAdded") => {
            let (path, interfaces) = body.deserialize().ok()?;
            Some(News::Added(path, interfaces))
        }
        (OBJECT_MANAGER, "InterfacesRemoved") => {
            let (path, interfaces) = body.deserialize().ok()?;
            Some(News::Removed(path, interfaces))
        }
        (PROPERTIES, "PropertiesChanged") => {
            let (interface, properties, _invalidated): (String, Properties, Vec<String>) = body.deserialize().ok()?;
            Some(News::Changed {
                path: header.path()?.clone().into(),
                interface,
                properties,
            })
        }
        _ => None,
    }
}
