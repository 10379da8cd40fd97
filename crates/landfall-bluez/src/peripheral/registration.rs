//! What BlueZ is asked to do for a device: one piece of work at a time, while its questions are answered.

use core::time::Duration;
use std::collections::HashMap;

use zbus::{OwnedObjectPath, Variant};

use super::{advertisement, application::Application};
use crate::{
    Adapter, Bluez, Error,
    agent::{self, CAPABILITY},
    bus::{AT_ONCE, MANAGER},
};

/// What a piece of work has brought about.
pub(super) enum Worked {
    /// BlueZ has the service in its table.
    Registered {
        /// On this adapter.
        adapter: Box<Adapter>,
        /// As which the adapter was known before; nothing if its name was the computer's.
        alias: String,
    },
    /// The device advertises.
    Advertised,
    /// It advertises no more.
    Hidden,
    /// A client was sent away.
    SentAway,
}

const AGENT_MANAGER: &str = "org.bluez.AgentManager1";
const GATT_MANAGER: &str = "org.bluez.GattManager1";
const ADVERTISING_MANAGER: &str = "org.bluez.LEAdvertisingManager1";
const DEVICE: &str = "org.bluez.Device1";

/// For what BlueZ has to ask us about, or the controller.
const IN_A_WHILE: Duration = Duration::from_secs(10);

/// Options of a call: none.
type NoOptions = HashMap<&'static str, Variant<'static>>;

/// Switches the adapter on and has BlueZ take up the service and an agent for pairing. The adapter is known as `name`
/// from now on.
pub(super) async fn register(
    bluez: Bluez,
    adapter: Option<String>,
    name: String,
    encryption: bool,
) -> Result<Worked, Error> {
    let adapter = bluez.adapter(adapter.as_deref()).await?;
    adapter.power_on().await?;
    register_agent(&bluez).await?;
    if encryption {
        adapter.set("Pairable", Variant::from(true), AT_ONCE).await?;
    }
    let arguments = (Application::path(), NoOptions::new());
    let method = (GATT_MANAGER, "RegisterApplication");
    let registered = bluez.call(&adapter.path(), method, &arguments, IN_A_WHILE).await;
    already(registered)?;
    // Last, so that the old name is not lost with what comes after it.
    let alias = rename(&adapter, &name).await?;
    let adapter = Box::new(adapter);
    Ok(Worked::Registered { adapter, alias })
}

/// Gives the adapter a name, and returns with what it gets its old one back. Clients that read the name of a device
/// they are connected to (BlueZ, iOS) know it by that from then on, and not by the one that is advertised.
async fn rename(adapter: &Adapter, name: &str) -> Result<String, Error> {
    let alias: String = adapter.get("Alias").await?;
    // Without a name of its own it follows the computer's.
    let computer: String = adapter.get("Name").await?;
    if !name.is_empty() && alias != name {
        adapter.set("Alias", Variant::from(name), AT_ONCE).await?;
    }
    Ok(if alias == computer { String::new() } else { alias })
}

async fn register_agent(bluez: &Bluez) -> Result<(), Error> {
    let arguments = (agent::PATH, CAPABILITY);
    let method = (AGENT_MANAGER, "RegisterAgent");
    already(bluez.call(&MANAGER, method, &arguments, AT_ONCE).await)?;
    // BlueZ asks the default agent when somebody else begins to pair.
    let method = (AGENT_MANAGER, "RequestDefaultAgent");
    bluez.call(&MANAGER, method, &(agent::PATH,), AT_ONCE).await
}

/// Begins to advertise (anew).
pub(super) async fn advertise(adapter: Adapter) -> Result<Worked, Error> {
    unregister_advertisement(&adapter).await?;
    let arguments = (advertisement::path(), NoOptions::new());
    let method = (ADVERTISING_MANAGER, "RegisterAdvertisement");
    let bluez = adapter.bluez();
    bluez
        .call::<_, ()>(&adapter.path(), method, &arguments, IN_A_WHILE)
        .await?;
    Ok(Worked::Advertised)
}

/// Advertises no more.
pub(super) async fn hide(adapter: Adapter) -> Result<Worked, Error> {
    unregister_advertisement(&adapter).await?;
    Ok(Worked::Hidden)
}

async fn unregister_advertisement(adapter: &Adapter) -> Result<(), Error> {
    let method = (ADVERTISING_MANAGER, "UnregisterAdvertisement");
    let bluez = adapter.bluez();
    match bluez
        .call(&adapter.path(), method, &(advertisement::path(),), AT_ONCE)
        .await
    {
        Err(error) if error.is("org.bluez.Error.DoesNotExist") => Ok(()),
        hidden => hidden,
    }
}

/// Ends a client's connection.
pub(super) async fn send_away(bluez: Bluez, client: OwnedObjectPath) -> Result<Worked, Error> {
    let method = (DEVICE, "Disconnect");
    // Who is not connected any more need not be sent away.
    let _ = bluez.call::<_, ()>(&client, method, &(), AT_ONCE).await;
    Ok(Worked::SentAway)
}

/// Has BlueZ know the adapter as `alias` again. One that is gone is asked in vain.
pub(super) async fn give_name_back(adapter: &Adapter, alias: &str) {
    let _ = adapter.set("Alias", Variant::from(alias), AT_ONCE).await;
}

/// Has BlueZ forget service and agent. What fails is gone already, or goes with the connection to the bus.
pub(super) async fn take_back(adapter: &Adapter) {
    let bluez = adapter.bluez();
    let method = (GATT_MANAGER, "UnregisterApplication");
    let _ = bluez
        .call::<_, ()>(&adapter.path(), method, &(Application::path(),), AT_ONCE)
        .await;
    let method = (AGENT_MANAGER, "UnregisterAgent");
    let _ = bluez.call::<_, ()>(&MANAGER, method, &(agent::PATH,), AT_ONCE).await;
}

/// What is registered already need not be.
fn already(registered: Result<(), Error>) -> Result<(), Error> {
    match registered {
        Err(error) if error.is("org.bluez.Error.AlreadyExists") => Ok(()),
        registered => registered,
    }
}
