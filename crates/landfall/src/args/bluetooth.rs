//! Which device is meant among those that are heard over Bluetooth, and what listens.

use clap::Args;
use landfall_client::{
    ble::{Filter, hci::HciAddress},
    protocomm::gatt::{ServiceUuid, Uuid},
};

/// Which device is meant, and what listens. Any of these options means Bluetooth.
#[derive(Args, Clone)]
#[command(next_help_heading = "Bluetooth")]
pub(crate) struct BluetoothArgs {
    /// Name or address of the device [default: what its label says, or choose among those that are heard]
    #[arg(long, value_name = "NAME|ADDRESS", conflicts_with_all = ["host", "port", "join", "prefix", "service_uuid"])]
    pub(crate) device: Option<String>,
    /// What the names of the devices to choose from begin with; '' for any [default: PROV_, or any with a well-known service]
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["host", "port", "join"])]
    prefix: Option<String>,
    /// Service that the devices to choose from offer
    #[arg(long, value_name = "UUID", value_parser = service, conflicts_with_all = ["host", "port", "join"])]
    service_uuid: Option<ServiceUuid>,
    /// The computer's Bluetooth adapter to use, by name or address (also LANDFALL_ADAPTER) [default: one that is on]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["host", "port", "join", "hci"])]
    pub(crate) adapter: Option<String>,
    /// Controller to use in place of the computer's Bluetooth: its serial port, or tcp:HOST:PORT (also LANDFALL_HCI)
    #[arg(long, value_name = "CONTROLLER", conflicts_with_all = ["host", "port", "join"])]
    pub(crate) hci: Option<HciAddress>,
}

impl BluetoothArgs {
    /// One of these options that was given, if any was.
    pub(super) fn given(&self) -> Option<&'static str> {
        let all = [
            (self.device.is_some(), "--device"),
            (self.hci.is_some(), "--hci"),
            (self.adapter.is_some(), "--adapter"),
            (self.prefix.is_some(), "--prefix"),
            (self.service_uuid.is_some(), "--service-uuid"),
        ];
        all.iter().find_map(|(is_given, name)| is_given.then_some(*name))
    }

    /// The devices to choose from, if it is said.
    pub(crate) fn filter(&self) -> Option<Filter> {
        let is_given = self.prefix.is_some() || self.service_uuid.is_some();
        is_given.then(|| Filter {
            prefix: self.prefix.clone().filter(|prefix| !prefix.is_empty()),
            service: self.service_uuid,
            ..Filter::default()
        })
    }
}

fn service(text: &str) -> Result<ServiceUuid, String> {
    let uuid = text.parse::<Uuid>().map_err(|error| error.to_string())?;
    Ok(ServiceUuid::new(uuid))
}
