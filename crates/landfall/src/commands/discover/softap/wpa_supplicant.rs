//! What wpa_supplicant hears.

use core::time::Duration;
use std::collections::HashMap;

use futures_util::future::join_all;
use zbus::{OwnedObjectPath, Variant};

use super::{
    AccessPoint, Miss, Security, Signal,
    bus::{Bus, Object, Properties, Service},
    channel, together,
};
use crate::print::text::address;

/// Listens for `time` at most with every interface that wpa_supplicant drives.
pub(super) async fn access_points(bus: &Bus, time: Duration) -> Result<Vec<AccessPoint>, Miss> {
    let supplicant = bus.running(&SERVICE).await?;
    let mut properties = supplicant.properties(SUPPLICANT).await?;
    let interfaces: Vec<OwnedObjectPath> = properties.take("Interfaces").unwrap_or_default();
    if interfaces.is_empty() {
        return Err(supplicant.without_wifi());
    }
    let interfaces = interfaces.into_iter().map(|path| listen(supplicant.other(path), time));
    together(join_all(interfaces).await)
}

async fn listen(interface: Object<'_>, time: Duration) -> Result<Vec<AccessPoint>, Miss> {
    let mut done = interface.signals(INTERFACE, "ScanDone").await?;
    // Refused if a scan is under way: then its results are as good.
    let options = HashMap::from([("Type", Variant::from("active"))]);
    let _ = interface.call::<_, ()>(INTERFACE, "Scan", &(options,)).await;
    done.wait(time, |_| true).await;
    let mut properties = interface.properties(INTERFACE).await?;
    if properties.take::<String>("State").as_deref() == Some("interface_disabled") {
        return Err(Miss::Off);
    }
    let joined: Option<OwnedObjectPath> = properties.take("CurrentBSS");
    let points: Vec<OwnedObjectPath> = properties.take("BSSs").unwrap_or_default();
    let points = points.into_iter().map(async |path| {
        let is_joined = joined.as_ref() == Some(&path);
        // One that is gone by now is none.
        access_point(interface.other(path).properties(BSS).await.ok()?, is_joined)
    });
    Ok(join_all(points).await.into_iter().flatten().collect())
}

/// `None` for one whose name is not told, and one that was not heard for long.
fn access_point(mut properties: Properties, is_joined: bool) -> Option<AccessPoint> {
    if properties.take::<u32>("Age").is_some_and(|age| age > MOST_AGE) {
        return None;
    }
    let methods = |mut of: Properties| of.take::<Vec<String>>("KeyMgmt").unwrap_or_default();
    let wpa = methods(properties.take_all("WPA"));
    let rsn = methods(properties.take_all("RSN"));
    let has = |methods: &[String], part: &str| methods.iter().any(|method| method.contains(part));
    let security = Security {
        privacy: properties.take("Privacy").unwrap_or_default(),
        wpa_psk: has(&wpa, "psk"),
        rsn_psk: has(&rsn, "psk"),
        sae: has(&rsn, "sae"),
        enterprise: has(&wpa, "eap") || has(&rsn, "eap"),
        enterprise_192: has(&rsn, "suite-b-192"),
        owe: has(&rsn, "owe"),
    };
    Some(AccessPoint {
        ssid: properties.take("SSID")?,
        bssid: properties.take::<Vec<u8>>("BSSID").map(|octets| address(&octets)),
        signal: Signal::Dbm(properties.take::<i16>("Signal").map_or(WEAKEST, i32::from)),
        channel: properties
            .take::<u16>("Frequency")
            .and_then(|frequency| channel(frequency.into())),
        auth: security.auth(),
        is_joined,
    })
}

static SERVICE: Service = Service {
    label: "wpa_supplicant",
    bus_name: "fi.w1.wpa_supplicant1",
    root: "/fi/w1/wpa_supplicant1",
};

const SUPPLICANT: &str = "fi.w1.wpa_supplicant1";
const INTERFACE: &str = "fi.w1.wpa_supplicant1.Interface";
const BSS: &str = "fi.w1.wpa_supplicant1.BSS";

/// Seconds; wpa_supplicant remembers for minutes.
const MOST_AGE: u32 = 30;
/// For one that does not say, dBm.
const WEAKEST: i32 = -100;
