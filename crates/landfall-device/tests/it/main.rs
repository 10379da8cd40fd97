//! The device from outside: raw sockets on loopback, files, and tokio's paused time.

mod bad_input;
mod client;
mod harness;
mod http;
mod provisioning;
mod simulated;
mod store;
mod world;
