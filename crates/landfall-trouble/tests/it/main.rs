//! Device and client on an air without radios: whole hosts, and hands that send any bytes.

mod air;
mod device;
mod discovery;
mod ending;
mod hostile;
mod pairing;
mod table;
