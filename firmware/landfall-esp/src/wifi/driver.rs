//! The calls of Espressif's Wi-Fi driver that esp-radio has no function for.

#![expect(unsafe_code, reason = "the driver is a C library")]

/// The driver's number of the mode "station alone".
#[cfg(feature = "softap")]
const STATION: u32 = 1;

unsafe extern "C" {
    fn esp_wifi_scan_stop() -> i32;
    #[cfg(feature = "softap")]
    fn esp_wifi_set_mode(mode: u32) -> i32;
}

/// Stops a scan that is under way. Without effect if there is none.
pub(super) fn stop_scan() {
    // SAFETY: takes nothing and gives a number; the driver takes its own lock, and answers with an error if it is not
    // initialised or nothing is being scanned.
    let _ = unsafe { esp_wifi_scan_stop() };
}

/// Closes the access point and leaves the station as it is. esp-radio would stop and start the driver for that, and the
/// station would lose the network that it was brought onto a second ago.
#[cfg(feature = "softap")]
pub(crate) fn station_alone() {
    // SAFETY: takes a number and gives one; the driver takes its own lock, and may change its mode while it runs.
    let _ = unsafe { esp_wifi_set_mode(STATION) };
}
