//! A device in an access point of its own: its network stack and its guests' are embassy-net's, joined in memory.

mod air;
mod bad_input;
mod dhcp_and_dns;
mod echo;
mod guest;
mod http;
mod provisioning;
