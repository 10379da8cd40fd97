//! With which Bluetooth this computer listens and speaks, and which devices it usually looks for.

use std::env;

use landfall_client::{
    ble::{
        Filter, Found,
        hci::{HciAddress, InvalidHciAddress},
        radio::Radio,
    },
    protocomm::gatt::ServiceUuid,
};

use crate::failure::{Failure, Problem};

/// The radio that was named. What stands on the command line counts before what stands in the environment.
///
/// # Errors
/// [`Problem::BadArgument`] for an environment that makes no sense.
pub(super) fn radio(hci: Option<&HciAddress>, adapter: Option<&str>) -> Result<Radio, Failure> {
    let system = |adapter: Option<String>| Radio::System { adapter };
    match (hci, adapter) {
        (Some(hci), _) => return Ok(Radio::Hci(hci.clone())),
        (None, Some(adapter)) => return Ok(system(Some(adapter.to_owned()))),
        (None, None) => {}
    }
    match (from_environment(HCI), from_environment(ADAPTER)) {
        (Some(_), Some(_)) => Err(Failure::new(Problem::BadArgument)
            .saying(format!("both {HCI} and {ADAPTER} are set"))
            .because("a device is reached either over a controller of its own or over the computer's Bluetooth")
            .hint("unset one of them, or say which: --hci CONTROLLER or --adapter NAME")),
        (Some(hci), None) => hci.parse().map(Radio::Hci).map_err(|error: InvalidHciAddress| {
            Failure::new(Problem::BadArgument)
                .saying(format!("{HCI} names no Bluetooth controller"))
                .because(error)
        }),
        (None, adapter) => Ok(system(adapter)),
    }
}

/// Whether a device looks as most do that wait to be provisioned: by its name, or by its service, as makers who choose
/// another name often keep that.
pub(super) fn is_usual(found: &Found) -> bool {
    let is_common = |name: &str| name.starts_with(Filter::COMMON_PREFIX);
    found.name.as_deref().is_some_and(is_common)
        || found.service.is_some_and(|service| KNOWN_SERVICES.contains(&service))
}

/// The services of Espressif's examples, of the component without a choice, and of early firmware.
const KNOWN_SERVICES: [ServiceUuid; 3] = [ServiceUuid::EXAMPLE, ServiceUuid::COMPONENT, ServiceUuid::EARLY];

/// What says on the command line that `radio` is meant.
pub(super) fn arguments(radio: &Radio) -> String {
    match radio {
        Radio::Hci(address) => format!("--hci {address}"),
        Radio::System { adapter: Some(adapter) } => format!("--transport ble --adapter {adapter}"),
        _ => "--transport ble".to_owned(),
    }
}

/// A variable that is empty is not set.
fn from_environment(name: &str) -> Option<String> {
    let value = env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

const HCI: &str = "LANDFALL_HCI";
const ADAPTER: &str = "LANDFALL_ADAPTER";
