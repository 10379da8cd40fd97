//! The programs as people and scripts meet them: whole output, exit codes, secrets.

#[expect(dead_code, reason = "shared with the tests of what is seen on a terminal")]
mod air;
mod bluetooth;
mod bluetooth_system;
mod clients;
mod config;
mod demo;
mod device;
mod discover;
mod docs;
mod esp_prov;
mod esp_prov_ble;
mod esp_prov_bluetooth;
mod esp_prov_console;
mod esp_prov_failures;
mod esp_prov_fake;
mod esp_prov_status;
mod esp_prov_thread;
mod esp_prov_user;
mod failures;
mod help;
mod prompts;
mod qr;
mod relay;
mod secrets;
mod simulate;
mod simulate_bluetooth;
mod support;
mod tools;
mod visit;
