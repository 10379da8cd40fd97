//! The golden vectors, and whole provisionings, on the bare machine.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use landfall_emulator::{machine, tally::Tally};

mod behaviour;
mod handshakes;
mod messages;
mod provisionings;
/// The values that landfall-protocomm's own tests compare the recorded messages with.
#[path = "../../../../crates/landfall-protocomm/tests/it/wire/recorded.rs"]
mod recorded;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    machine::panicked(info)
}

#[unsafe(no_mangle)]
fn image() -> bool {
    let mut tally = Tally::default();
    messages::check(&mut tally);
    behaviour::check(&mut tally);
    handshakes::check(&mut tally);
    provisionings::check(&mut tally);
    tally.close()
}
