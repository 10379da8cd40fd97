//! What wpa_supplicant hears.

use core::time::Duration;
use std::collections::HashMap;

use futures_util::future::join_all;
use zbus::{OwnedObjectPath, Variant};

use super::{BSS, INTERFACE, SERVICE, SUPPLICANT, bss::Bss};
use crate::{
    Error, Heard,
    bus::{Bus, Object},
    heard::together,
};

/// Listens for `time` at most with every interface that wpa_supplicant drives.
pub(crate) async fn access_points(bus: &Bus, time: Duration) -> Result<Vec<Heard>, Error> {
    let supplicant = bus.running(&SERVICE).await?;
    let mut properties = supplicant.properties(SUPPLICANT).await?;
    let interfaces: Vec<OwnedObjectPath> = properties.take("Interfaces").unwrap_or_default();
    if interfaces.is_empty() {
        return Err(supplicant.without_wifi());
    }
    let interfaces = interfaces.into_iter().map(|path| listen(supplicant.other(path), time));
    together(join_all(interfaces).await)
}

async fn listen(interface: Object<'_>, time: Duration) -> Result<Vec<Heard>, Error> {
    let mut done = interface.signals(INTERFACE, "ScanDone").await?;
    // Refused if a scan is under way: then its results are as good.
    let options = HashMap::from([("Type", Variant::from("active"))]);
    let _ = interface.call::<_, ()>(INTERFACE, "Scan", &(options,)).await;
    done.wait(time, |_| true).await;
    let mut properties = interface.properties(INTERFACE).await?;
    if properties.take::<String>("State").as_deref() == Some("interface_disabled") {
        return Err(Error::Off);
    }
    let joined: Option<OwnedObjectPath> = properties.take("CurrentBSS");
    let points: Vec<OwnedObjectPath> = properties.take("BSSs").unwrap_or_default();
    let points = points.into_iter().map(async |path| {
        let is_joined = joined.as_ref() == Some(&path);
        // One that is gone by now is none.
        let bss = Bss::read(interface.other(path).properties(BSS).await.ok()?)?;
        (bss.age <= MOST_AGE).then(|| bss.heard(is_joined))
    });
    Ok(join_all(points).await.into_iter().flatten().collect())
}

/// Seconds; wpa_supplicant remembers for minutes.
const MOST_AGE: u32 = 30;
