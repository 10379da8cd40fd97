//! Client and device together, over a bad link in virtual time.

mod clients;
mod console;
mod disconnects;
mod hostile;
mod lockout;
mod network;
mod reboot;
mod scan;
mod secrets;
mod seeds;
mod support;
