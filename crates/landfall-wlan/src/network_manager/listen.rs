//! What NetworkManager hears.

use core::time::Duration;

use futures_util::future::join_all;
use zbus::OwnedObjectPath;

use super::{DEVICE, MANAGER, SERVICE, TYPE_WIFI, device::UNMANAGED, scan::Scan};
use crate::{
    Error, Heard,
    bus::{Bus, Object},
    heard::together,
};

/// Listens for `time` at most with every Wi-Fi adapter that NetworkManager drives.
pub(crate) async fn access_points(bus: &Bus, time: Duration) -> Result<Vec<Heard>, Error> {
    let manager = bus.running(&SERVICE).await?;
    let devices: Vec<OwnedObjectPath> = manager.call(MANAGER, "GetDevices", &()).await?;
    let devices = devices.into_iter().map(|path| as_adapter(manager.other(path)));
    let adapters = adapters(join_all(devices).await, &manager)?;
    let mut switches = manager.properties(MANAGER).await?;
    if ["WirelessEnabled", "WirelessHardwareEnabled"]
        .iter()
        .any(|name| switches.take(name) == Some(false))
    {
        return Err(Error::Off);
    }
    together(join_all(adapters.iter().map(|adapter| listen(adapter, time))).await)
}

/// `device`, if it is a Wi-Fi adapter that is not left to others.
async fn as_adapter(device: Object<'_>) -> Result<Option<Object<'_>>, Error> {
    let mut properties = device.properties(DEVICE).await?;
    let is_wifi = properties.take("DeviceType") == Some(TYPE_WIFI);
    let is_managed = properties.take("State") != Some(UNMANAGED);
    Ok((is_wifi && is_managed).then_some(device))
}

/// The adapters among the devices; some may have been unplugged meanwhile. If there are none, then why.
fn adapters<'a>(
    devices: Vec<Result<Option<Object<'a>>, Error>>,
    manager: &Object<'_>,
) -> Result<Vec<Object<'a>>, Error> {
    let mut error = manager.without_wifi();
    let mut adapters = Vec::new();
    for device in devices {
        match device {
            Ok(adapter) => adapters.extend(adapter),
            Err(unknown) => error = unknown,
        }
    }
    if adapters.is_empty() { Err(error) } else { Ok(adapters) }
}

async fn listen(adapter: &Object<'_>, time: Duration) -> Result<Vec<Heard>, Error> {
    let mut scan = Scan::begin(adapter, &[]).await?;
    // If none ends in that time, what was heard earlier is what there is.
    scan.ended(time).await;
    let heard = scan.found().await?.heard_within(MOST_AGE);
    Ok(heard.map(|(point, is_joined)| point.heard(is_joined)).collect())
}

/// Seconds before the last scan within which what was heard counts; NetworkManager remembers for minutes.
const MOST_AGE: i64 = 30;
