//! The programs as people and scripts meet them: whole output, exit codes, secrets.

mod clients;
mod demo;
mod esp_prov;
mod failures;
mod help;
mod secrets;
mod simulate;
mod support;
mod tools;
