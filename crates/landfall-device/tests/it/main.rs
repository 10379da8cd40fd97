//! The device from outside: raw sockets on loopback, files, and real time (paused only where there are no sockets).

mod bad_input;
mod client;
mod console;
mod harness;
mod http;
mod provisioning;
mod simulated;
mod store;
mod world;
