//! What a device takes: there is no allocator, so the sizes of its values and futures are all of it. These are for 64-bit
//! words; on a chip pointers and lengths are half as long.

use core::mem::{size_of, size_of_val};

use landfall_embassy::{Config, Device, MemoryStore, Service, protocomm::device::Security};

use crate::{
    harness::random,
    wire::{WireService, wire},
    world::World,
};

/// Checks that something takes at most so many bytes, and not so few that the bound says nothing.
pub(crate) fn within(what: &str, size: usize, bound: usize) {
    assert!(size <= bound, "{what} takes {size} bytes, more than {bound}");
    assert!(
        size * 10 >= bound * 8,
        "{what} takes {size} bytes: {bound} says too little"
    );
}

#[test]
fn a_device_and_its_futures_take_what_is_told_of_them() {
    let world = World::new();
    let mut device = Device::new(Config::new(Security::Security0), &world, MemoryStore::default(), random);
    let mut app = ();
    within("a device at rest", size_of_val(&device), 480);
    let staying = size_of_val(&device.stay_joined(&mut app));
    within("staying on a network", staying, 3_000);
    let (service, _wire) = wire();
    let lent = size_of::<WireService>() + size_of::<<WireService as Service>::Response>();
    let provisioning = size_of_val(&device.provision(service, &mut app));
    within(
        "a provisioning, without service and response",
        provisioning - lent,
        7_400,
    );
}
