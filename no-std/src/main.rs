//! Proof that the core, Bluetooth and the loop of firmware need neither std nor an allocator: a client and a device in one
//! binary, joined by a function call, go through a whole provisioning with each security scheme; and both ends of
//! Bluetooth, and a device as firmware has it, are put on a radio that says nothing. The exit status is 0 if the device
//! joined.
#![no_std]
#![no_main]

mod firmware;
mod radio;

use core::{ffi::c_int, panic::PanicInfo};

use landfall_pair::{
    Client, Counter, Device, Network, PASSWORD, POP, Quiet, USERNAME, provision, security0, security1, security2,
};
use landfall_protocomm::{
    client, device,
    srp::{Credentials, Verifier, VerifierTable},
};

// The C library brings `_start`, and the memory functions that the compiler calls; on a chip its runtime crate does.
#[link(name = "c")]
unsafe extern "C" {
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// Called by the C runtime, which is all this binary has below it.
#[unsafe(no_mangle)]
extern "C" fn main(_: c_int, _: *const *const u8) -> c_int {
    match run() {
        Some(()) => 0,
        None => 1,
    }
}

fn run() -> Option<()> {
    let credentials = Credentials::generate(USERNAME, PASSWORD, 16, &mut Counter::new(3)).ok()?;
    let table = VerifierTable::new(credentials.verifier()).ok()?;
    let verifier = Verifier::new(credentials.salt(), &table).ok()?;

    provisions(security0())?;
    provisions(security1(POP))?;
    radio::waits()?;
    firmware::waits()?;
    provisions(security2(verifier, PASSWORD))
}

fn provisions((device, client): (device::Security<'_>, client::Security<'_>)) -> Option<()> {
    let mut device = Device::start(device, &mut Quiet)?;
    let mut client = Client::new(client);
    provision(&mut device, &mut client, Network::default(), &mut Quiet).ok()?;
    device.seen.saved.then_some(())
}
