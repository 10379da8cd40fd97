//! The core crates on a bare RV32IMC machine, which QEMU plays: no operating system, no allocator.
//!
//! Four images: `checks` runs the golden vectors and whole provisionings, `costs` measures, and the sizes of `device`
//! and `empty` tell what a device's side of it all takes in flash. `cargo xtask emulator` builds and runs them.
#![no_std]

pub mod ledger;
pub mod machine;
pub mod tally;
pub mod vectors;
