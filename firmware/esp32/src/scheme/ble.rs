use core::error::Error;

use alloc::boxed::Box;
use esp_hal::peripherals::BT;
use landfall_embassy::{
    ble::{self, Options},
    manager::PayloadTransport,
    protocomm::gatt::ServiceUuid,
};

use crate::{Board, example::Example, log};

/// How the QR code says it.
pub(crate) const TRANSPORT: Option<PayloadTransport<'static>> = Some(PayloadTransport::Ble);

/// Provisions over Bluetooth LE, which is off afterwards and gives its memory back.
pub(crate) async fn provision(
    device: &mut Board,
    (bluetooth, service): (BT<'static>, ServiceUuid),
    name: &str,
) -> Result<(), Box<dyn Error>> {
    let before = esp_alloc::HEAP.free();
    let controller = landfall_esp::ble::controller(bluetooth)?;
    let on = esp_alloc::HEAP.free();
    let options = Options {
        service,
        ..Options::new(name)
    };
    ble::on_air(controller, &options, async |service| {
        device.provision(service, &mut Example).await
    })
    .await?;
    let after = esp_alloc::HEAP.free();
    log::info(format_args!(
        "BLE memory released: free heap {before} before, {on} with BLE, {after} after"
    ));
    Ok(())
}
