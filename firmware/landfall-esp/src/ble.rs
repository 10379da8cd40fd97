//! The Bluetooth controller.

use bt_hci::controller::ExternalController;
use esp_hal::peripherals::BT;
use esp_radio::ble::{
    Config,
    controller::{BleConnector, BleInitError},
};

/// Commands that may be on their way to the controller at a time.
const COMMANDS: usize = 8;

/// The chip's Bluetooth LE controller, as the host stack takes it.
pub type Controller<'d> = ExternalController<BleConnector<'d>, COMMANDS>;

/// Switches Bluetooth LE on, until what is given back is dropped: then the controller is off, and its tasks and its part
/// of the heap are free again.
///
/// # Errors
/// When the controller refuses its configuration.
pub fn controller(device: BT<'_>) -> Result<Controller<'_>, BleInitError> {
    // Its number of connections is left alone: on the C3 the driver takes it for connections and advertisers together.
    BleConnector::new(device, Config::default()).map(ExternalController::new)
}
