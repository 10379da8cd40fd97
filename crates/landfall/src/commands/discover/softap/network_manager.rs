//! What NetworkManager hears.

use core::time::Duration;
use std::collections::HashMap;

use futures_util::future::join_all;
use tokio::time::sleep;
use zbus::{Message, OwnedObjectPath, Variant};

use super::{
    AccessPoint, Miss, Security, Signal,
    bus::{Bus, Object, Properties, Service},
    channel, together,
};

/// Listens for `time` at most with every Wi-Fi adapter that NetworkManager drives.
pub(super) async fn access_points(bus: &Bus, time: Duration) -> Result<Vec<AccessPoint>, Miss> {
    let manager = bus.running(&SERVICE).await?;
    let devices: Vec<OwnedObjectPath> = manager.call(MANAGER, "GetDevices", &()).await?;
    let devices = devices.into_iter().map(|path| as_adapter(manager.other(path)));
    let adapters = adapters(join_all(devices).await, &manager)?;
    let mut switches = manager.properties(MANAGER).await?;
    if ["WirelessEnabled", "WirelessHardwareEnabled"]
        .iter()
        .any(|name| switches.take(name) == Some(false))
    {
        return Err(Miss::Off);
    }
    together(join_all(adapters.iter().map(|adapter| listen(adapter, time))).await)
}

/// `device`, if it is a Wi-Fi adapter that is not left to others.
async fn as_adapter(device: Object<'_>) -> Result<Option<Object<'_>>, Miss> {
    let mut properties = device.properties(DEVICE).await?;
    let is_wifi = properties.take("DeviceType") == Some(TYPE_WIFI);
    let is_managed = properties.take("State") != Some(STATE_UNMANAGED);
    Ok((is_wifi && is_managed).then_some(device))
}

/// The adapters among the devices; some may have been unplugged meanwhile. If there are none, then why.
fn adapters<'a>(devices: Vec<Result<Option<Object<'a>>, Miss>>, manager: &Object<'_>) -> Result<Vec<Object<'a>>, Miss> {
    let mut miss = manager.without_wifi();
    let mut adapters = Vec::new();
    for device in devices {
        match device {
            Ok(adapter) => adapters.extend(adapter),
            Err(unknown) => miss = unknown,
        }
    }
    if adapters.is_empty() { Err(miss) } else { Ok(adapters) }
}

async fn listen(adapter: &Object<'_>, time: Duration) -> Result<Vec<AccessPoint>, Miss> {
    let mut changes = adapter
        .signals("org.freedesktop.DBus.Properties", "PropertiesChanged")
        .await?;
    // Refused if a scan is under way or was just over: then its results are as good.
    let options: HashMap<&str, Variant<'_>> = HashMap::new();
    let _ = adapter.call::<_, ()>(WIRELESS, "RequestScan", &(options,)).await;
    changes.wait(time, tells_of_scan).await;
    sleep(SETTLING_TIME).await;
    let mut properties = adapter.properties(WIRELESS).await?;
    let joined: Option<OwnedObjectPath> = properties.take("ActiveAccessPoint");
    let last_scan: Option<i64> = properties.take("LastScan");
    let points: Vec<OwnedObjectPath> = properties.take("AccessPoints").unwrap_or_default();
    let points = points.into_iter().map(async |path| {
        let is_joined = joined.as_ref() == Some(&path);
        // One that is gone by now is none.
        let properties = adapter.other(path).properties(ACCESS_POINT).await.ok()?;
        access_point(properties, is_joined, last_scan)
    });
    Ok(join_all(points).await.into_iter().flatten().collect())
}

/// NetworkManager changes the time of the last scan when one ends.
fn tells_of_scan(change: &Message) -> bool {
    let body = change.body();
    let changed: zbus::Result<(&str, HashMap<&str, Variant<'_>>, Vec<&str>)> = body.deserialize();
    changed.is_ok_and(|(interface, changed, _)| interface == WIRELESS && changed.contains_key("LastScan"))
}

/// `None` for one whose name is not told, and one that was not heard for long.
fn access_point(mut properties: Properties, is_joined: bool, last_scan: Option<i64>) -> Option<AccessPoint> {
    if let (Some(seen), Some(scan)) = (properties.take::<i32>("LastSeen"), last_scan)
        && i64::from(seen) < scan / 1000 - MOST_AGE
    {
        return None;
    }
    let mut flags = |name| properties.take::<u32>(name).unwrap_or_default();
    let (flags, wpa, rsn) = (flags("Flags"), flags("WpaFlags"), flags("RsnFlags"));
    let either = |flag| (wpa | rsn) & flag != 0;
    let security = Security {
        privacy: flags & PRIVACY != 0,
        wpa_psk: wpa & PSK != 0,
        rsn_psk: rsn & PSK != 0,
        sae: rsn & SAE != 0,
        enterprise: either(ENTERPRISE),
        enterprise_192: either(ENTERPRISE_192),
        owe: rsn & OWE != 0,
    };
    Some(AccessPoint {
        ssid: properties.take("Ssid")?,
        bssid: properties
            .take::<String>("HwAddress")
            .map(|address| address.to_ascii_lowercase()),
        signal: Signal::Percent(properties.take::<u8>("Strength").unwrap_or_default().min(100)),
        channel: properties.take("Frequency").and_then(channel),
        auth: security.auth(),
        is_joined,
    })
}

static SERVICE: Service = Service {
    label: "NetworkManager",
    bus_name: "org.freedesktop.NetworkManager",
    root: "/org/freedesktop/NetworkManager",
};

const MANAGER: &str = "org.freedesktop.NetworkManager";
const DEVICE: &str = "org.freedesktop.NetworkManager.Device";
const WIRELESS: &str = "org.freedesktop.NetworkManager.Device.Wireless";
const ACCESS_POINT: &str = "org.freedesktop.NetworkManager.AccessPoint";

const TYPE_WIFI: u32 = 2;
const STATE_UNMANAGED: u32 = 10;

const PRIVACY: u32 = 0x1;
const PSK: u32 = 0x100;
const ENTERPRISE: u32 = 0x200;
const SAE: u32 = 0x400;
const OWE: u32 = 0x800;
const ENTERPRISE_192: u32 = 0x2000;

/// When a scan has ended, NetworkManager reads what was heard last, one by one.
const SETTLING_TIME: Duration = Duration::from_millis(300);
/// Seconds before the last scan within which what was heard counts; NetworkManager remembers for minutes.
const MOST_AGE: i64 = 30;
