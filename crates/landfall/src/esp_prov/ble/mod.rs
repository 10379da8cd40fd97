//! Bluetooth Low Energy as the original has it (spec transports.md 1.7): discovery, connection, endpoints.

mod choice;
mod naming;

use std::env;

use landfall_client::{
    RadioProblem, Transport, TransportError,
    ble::{
        BleTransport, Characteristic, GattLink,
        radio::{self, AnyLink, Radio},
    },
};

use super::{
    Args, Exception, Raised,
    console::{complain, say},
    link::{Way, unconnected},
    text::transport_error_text,
};
use crate::failure::Failure;
use naming::{Named, Naming};

/// A device that is connected over Bluetooth.
pub(super) struct Bluetooth(BleTransport<Named<AnyLink>>);

impl Bluetooth {
    /// Finds the device and connects; `None` where this computer has no Bluetooth.
    pub(super) async fn connect(args: &Args) -> Result<Option<Self>, Raised> {
        let radio = radio_of(args)?;
        match radio::check(&radio).await {
            Ok(()) => {}
            Err(error @ TransportError::Radio(RadioProblem::NoService | RadioProblem::NoAdapter)) => {
                complain(&format!(
                    "note: {error}. So you carry the data, with a Bluetooth tool of yours"
                ));
                return Ok(None);
            }
            Err(error) => return Err(unusable(&error)),
        }
        let device = choice::choose(&radio, args.service_name.as_deref()).await?;
        say("Connecting...");
        let connected = radio::connect(&radio, &device).await;
        let mut link = connected.map_err(|error| unusable(&error))?.into_link();
        say("Getting Services...");
        let found = characteristics(&mut link).await?;
        let naming = Naming::of(&found)?;
        Ok(Some(Self(BleTransport::new(Named::new(link, naming, found)))))
    }
}

impl Transport for Bluetooth {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.send(endpoint, request).await.map_err(|error| match error {
            TransportError::NoSuchEndpoint => TransportError::Protocol(format!("Invalid endpoint: {endpoint}")),
            other => other,
        })
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.0.reconnect().await
    }
}

/// Whatever ends the run, the device is told.
impl Drop for Bluetooth {
    fn drop(&mut self) {
        say("Disconnecting...");
    }
}

/// What listens and speaks: the adapter that the command line names, or the controller that the environment names, as
/// for `landfall`, or else the system's Bluetooth.
fn radio_of(args: &Args) -> Result<Radio, Raised> {
    let adapter = args.ble_adapter.clone();
    let from_environment = || env::var_os("LANDFALL_HCI").filter(|named| !named.is_empty());
    let Some(named) = adapter.is_none().then(from_environment).flatten() else {
        return Ok(Radio::System { adapter });
    };
    let parsed = named.to_string_lossy().parse();
    parsed
        .map(Radio::Hci)
        .map_err(|error| Raised::new(Exception::BadValue).saying(format!("LANDFALL_HCI: {error}")))
}

/// The characteristics of the provisioning service.
async fn characteristics(link: &mut AnyLink) -> Result<Vec<Characteristic>, Raised> {
    // The first list may come from a cache, of the device as it once was.
    for _ in 0..2 {
        let found = link.characteristics().await.map_err(|error| unusable(&error))?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    say("Provisioning service not found");
    Err(unconnected().hint("the device must be in provisioning: restart it, or reset it to factory settings"))
}

/// What it means that Bluetooth or the device cannot be used.
fn unusable(error: &TransportError) -> Raised {
    let TransportError::Radio(problem) = error else {
        say(&transport_error_text(error, Way::Bluetooth));
        return unconnected().hint("bring the device close, close apps that use it, and try again");
    };
    if *problem == RadioProblem::Off {
        say("Bluetooth is not ready. Maybe try `bluetoothctl power on`?");
        return unconnected().hint("switch it on: bluetoothctl power on");
    }
    say(&error.to_string());
    let hint = match problem {
        RadioProblem::NoSuchAdapter { known, .. } if !known.is_empty() => {
            format!("take one that is there: --ble_adapter {}", known.join(" or "))
        }
        problem => Failure::of_radio(problem)
            .hints()
            .first()
            .copied()
            .unwrap_or_default()
            .to_owned(),
    };
    unconnected().hint(hint)
}
