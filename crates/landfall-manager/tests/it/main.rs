//! The manager as its callers see it: requests, reports and time go in, answers and outputs come out.

mod attempts;
mod bench;
mod config;
mod credentials;
mod crypto;
mod ctrl;
mod defects;
mod hostile;
mod lifecycle;
mod network;
mod outputs;
mod scan;
mod sessions;
mod timers;
mod vectors;
mod version;
