use core::time::Duration;

use zbus::{ObjectPath, OwnedObjectPath, fdo, interface};

use super::{Device, Error};
use crate::{
    agent,
    bus::{AT_ONCE, MANAGER},
};

/// For both ends to agree on a key. The protocol of pairing gives up after 30 s.
const PAIRING_TIME: Duration = Duration::from_secs(35);
const AGENT_MANAGER: &str = "org.bluez.AgentManager1";

/// Has BlueZ ask us about `device`'s pairing, as somebody without display and keys (Just Works, spec transports.md 1.5),
/// until the connection to the bus ends.
///
/// It has to be there before the first request: BlueZ pairs by itself when a device demands it, and refuses when there
/// is nobody to ask. On a computer with a desktop it may ask that instead.
pub(super) async fn offer(device: &Device) {
    let bluez = device.adapter().bluez();
    let server = bluez.connection().object_server();
    let agent = Agent {
        device: device.path().clone(),
    };
    // There may be one for another device, or from an earlier connection.
    _ = server.remove::<Agent, _>(agent::PATH).await;
    _ = server.at(agent::PATH, agent).await;
    let register = (AGENT_MANAGER, "RegisterAgent");
    let described = (agent::PATH, agent::CAPABILITY);
    // Without it everything works but pairing, and most devices never demand that.
    _ = bluez.call::<_, ()>(&MANAGER, register, &described, AT_ONCE).await;
}

/// Pairs with `device`.
pub(super) async fn pair(device: &Device) -> Result<(), Error> {
    match device.call::<()>("Pair", PAIRING_TIME).await {
        Err(error) if error.is("org.bluez.Error.AlreadyExists") => Ok(()),
        Err(crate::Error::Refused { name, why, .. }) => Err(Error::Pairing(if why.is_empty() { name } else { why })),
        Err(crate::Error::TimedOut { .. }) => Err(Error::Pairing("the device does not answer".to_owned())),
        other => other.map_err(Into::into),
    }
}

/// Answers BlueZ's questions about one device's pairing.
struct Agent {
    device: OwnedObjectPath,
}

impl Agent {
    /// Agrees to what concerns its device.
    fn agree(&self, device: &ObjectPath<'_>) -> fdo::Result<()> {
        if self.device.as_str() == device.as_str() {
            return Ok(());
        }
        Err(fdo::Error::AccessDenied("another device".to_owned()))
    }
}

/// What somebody without display and keys is not asked is an error.
#[interface(name = "org.bluez.Agent1")]
impl Agent {
    fn release(&self) {}

    fn cancel(&self) {}

    fn request_confirmation(&self, device: ObjectPath<'_>, _passkey: u32) -> fdo::Result<()> {
        self.agree(&device)
    }

    fn request_authorization(&self, device: ObjectPath<'_>) -> fdo::Result<()> {
        self.agree(&device)
    }
}
