//! Steps 1 and 2 of spec transports.md 1.7: which device.

use core::{ops::ControlFlow, time::Duration};

use landfall_client::ble::{
    Found,
    radio::{self, Radio},
};

use super::unusable;
use crate::{
    esp_prov::{Raised, console::say, link::unconnected, scan::select},
    print::text::printable,
};

/// The scan of the original's Bluetooth library.
const SCAN_TIME: Duration = Duration::from_secs(5);

/// The device called `wanted`, or else the one that the user picks.
pub(super) async fn choose(radio: &Radio, wanted: Option<&str>) -> Result<Found, Raised> {
    say("Discovering...");
    let heard = discover(radio).await?;
    if let Some(wanted) = wanted {
        // Of several devices of one name the last counts.
        let named = heard.into_iter().rfind(|found| found.name.as_deref() == Some(wanted));
        return named.ok_or_else(|| {
            say("Device not found");
            unconnected().hint("check the name on the label; without --service_name all devices in range are listed")
        });
    }
    if heard.is_empty() {
        say("No devices found!");
        return Err(unconnected().hint("switch the device on, and bring it close"));
    }
    pick(radio, heard).await
}

async fn pick(radio: &Radio, mut heard: Vec<Found>) -> Result<Found, Raised> {
    loop {
        heard.sort_by_key(|found| found.address);
        say("==== BLE Discovery results ====");
        say(&row("S.N.", "Name", "Address"));
        for (index, found) in heard.iter().enumerate() {
            let name = found.name.as_deref().filter(|name| !name.is_empty());
            say(&row(
                &format!("[{:>2}]", index + 1),
                &printable(name.unwrap_or("Unknown").as_bytes()),
                &found.address.to_string(),
            ));
        }
        if let Some(index) = select("Select device by number (0 to rescan) : ", heard.len()).await? {
            return Ok(heard.swap_remove(index));
        }
        heard = discover(radio).await?;
    }
}

async fn discover(radio: &Radio) -> Result<Vec<Found>, Raised> {
    let heard = radio::discover(radio, SCAN_TIME, |_| ControlFlow::Continue(())).await;
    heard.map_err(|error| unusable(&error))
}

fn row(number: &str, name: &str, address: &str) -> String {
    format!("{number:>4} {name:<33} {address:<12}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_s_rows_come_out_in_the_original_s_columns() {
        assert_eq!(
            row("S.N.", "Name", "Address"),
            "S.N. Name                              Address     "
        );
        assert_eq!(
            row("[ 1]", "PROV_4C33E8", "01:02:03:04:05:06"),
            "[ 1] PROV_4C33E8                       01:02:03:04:05:06"
        );
    }
}
