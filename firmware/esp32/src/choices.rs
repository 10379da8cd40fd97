//! The features that were chosen fit together, or the build says why not.

#[cfg(not(any(feature = "esp32c2", feature = "esp32c3", feature = "esp32c6")))]
compile_error!("name the chip: --no-default-features --features esp32c3,ble (or esp32c2, esp32c6)");
#[cfg(any(
    all(feature = "esp32c2", feature = "esp32c3"),
    all(feature = "esp32c2", feature = "esp32c6"),
    all(feature = "esp32c3", feature = "esp32c6"),
))]
compile_error!("a firmware is for one chip: add --no-default-features, which leaves out the default's esp32c3");

#[cfg(not(any(feature = "ble", feature = "softap", feature = "console")))]
compile_error!("name how clients reach the device: one of the features ble, softap and console");
#[cfg(any(
    all(feature = "ble", feature = "softap"),
    all(feature = "ble", feature = "console"),
    all(feature = "softap", feature = "console"),
))]
compile_error!("clients reach the device in one way: add --no-default-features, which leaves out the default's ble");

#[cfg(all(feature = "accelerated", not(feature = "esp32c3")))]
compile_error!(
    "only the ESP32-C3 has a driver for its cryptographic peripherals here: leave out the feature accelerated"
);
#[cfg(all(feature = "factory", feature = "security1"))]
compile_error!("the manufacturing partition says which security the device has: leave out the feature security1");
