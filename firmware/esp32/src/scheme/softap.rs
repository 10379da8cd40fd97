use core::error::Error;

use alloc::boxed::Box;
use embassy_executor::Spawner;
use landfall_embassy::{
    manager::PayloadTransport,
    softap::{Room, SoftApService},
};
use landfall_esp::AccessPoint;

use crate::{Board, example::Example};

/// Connections served at once; a phone opens two.
const CONNECTIONS: usize = 3;
/// Longest request and answer, octets.
const REQUEST: usize = 1024;
/// Key of the access point: 8 to 64 characters; without one it is open, as in the original.
const KEY: Option<&str> = None;

/// How the QR code says it.
pub(crate) const TRANSPORT: Option<PayloadTransport<'static>> = Some(PayloadTransport::SoftAp { service_key: KEY });

/// Provisions in an access point of the device's own, which is gone afterwards.
pub(crate) async fn provision(device: &mut Board, spawner: Spawner, name: &str) -> Result<(), Box<dyn Error>> {
    let wifi = device.drive_mut();
    let entropy = wifi.entropy().ok_or("the chip has no source of randomness")?;
    let access_point = AccessPoint::open(spawner, wifi, name, KEY)?;
    let mut room = Room::<CONNECTIONS, REQUEST>::new();
    let service = SoftApService::new(access_point.stack(), &mut room, entropy);
    device.provision(service, &mut Example).await?;
    Ok(())
}
