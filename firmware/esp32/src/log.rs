//! Lines on the serial port, in the form of ESP-IDF.

use core::fmt;

use embassy_time::Instant;
use esp_println::println;

pub(crate) fn info(line: impl fmt::Display) {
    println!("I ({}) app: {line}", Instant::now().as_millis());
}

pub(crate) fn error(line: impl fmt::Display) {
    println!("E ({}) app: {line}", Instant::now().as_millis());
}
