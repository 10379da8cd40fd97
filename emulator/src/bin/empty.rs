//! An image that does nothing: what `device` is compared with.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use landfall_emulator::machine;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    machine::exit(2)
}

#[unsafe(no_mangle)]
fn image() -> bool {
    true
}
