//! The device from outside: raw sockets on loopback, files, and real time (paused only where there are no sockets).

mod bad_input;
mod ble;
mod bluez;
mod client;
mod console;
mod harness;
mod http;
mod provisioning;
mod radio;
mod simulated;
mod store;
mod world;
