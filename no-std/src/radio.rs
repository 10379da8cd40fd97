//! A device and a client on Bluetooth, as a chip has them: their code is linked, and runs until it waits for a controller,
//! which this one keeps it doing for ever.

use core::{
    convert::Infallible,
    future::{Future, pending},
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use bt_hci::{
    ControllerToHostPacket, cmd,
    controller::{Controller, ControllerCmdAsync, ControllerCmdSync},
    data::{AclPacket, IsoPacket, SyncPacket},
};
use landfall_protocomm::gatt::ServiceUuid;
use landfall_trouble::{
    Address, Seed, central,
    peripheral::{self, Config, Link, Pairing},
};

/// Gives whether both wait.
pub(crate) fn waits() -> Option<()> {
    let seed = Seed::new([7; 32]);
    let config = Config {
        service: ServiceUuid::EXAMPLE,
        endpoints: &["prov-session", "proto-ver"],
        name: "PROV_CHIP",
        manufacturer_data: &[],
        address: None,
        mtu: Config::DEFAULT_MTU,
        pairing: Pairing::Required(&seed),
        notify: true,
    };
    let link = Link::new();
    begins_to_wait(peripheral::run(Silent, &config, &link))?;
    let address = Address::random([1, 2, 3, 4, 5, 0xc6]);
    begins_to_wait(central::run(Silent, Some(address), &seed, async |central| {
        central
            .connect(address, Duration::MAX, async |peer| peer.write(3, b"ESP").await)
            .await
    }))
}

pub(crate) fn begins_to_wait(work: impl Future) -> Option<()> {
    pin!(work)
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_pending()
        .then_some(())
}

/// A controller that never answers.
pub(crate) struct Silent;

impl embedded_io::ErrorType for Silent {
    type Error = Infallible;
}

impl Controller for Silent {
    type Buffer<'a> = ();

    fn alloc_buf(&self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn write_acl_data(&self, _: &AclPacket<'_>) -> Result<(), Infallible> {
        pending().await
    }

    async fn write_sync_data(&self, _: &SyncPacket<'_>) -> Result<(), Infallible> {
        pending().await
    }

    async fn write_iso_data(&self, _: &IsoPacket<'_>) -> Result<(), Infallible> {
        pending().await
    }

    async fn read<'a>(&self, _: &'a mut Self::Buffer<'_>) -> Result<ControllerToHostPacket<'a>, Infallible> {
        pending().await
    }
}

impl<Q: cmd::SyncCmd> ControllerCmdSync<Q> for Silent {
    async fn exec(&self, _: &Q) -> Result<Q::Return, cmd::Error<Infallible>> {
        pending().await
    }
}

impl<Q: cmd::AsyncCmd> ControllerCmdAsync<Q> for Silent {
    async fn exec(&self, _: &Q) -> Result<(), cmd::Error<Infallible>> {
        pending().await
    }
}

/// There is one thread, so nothing has to be kept out. On a chip its own crate does this.
struct OneThread;

critical_section::set_impl!(OneThread);

unsafe impl critical_section::Impl for OneThread {
    unsafe fn acquire() {}

    unsafe fn release((): ()) {}
}

/// A clock that stands still.
struct Stopped;

impl embassy_time_driver::Driver for Stopped {
    fn now(&self) -> u64 {
        0
    }

    fn schedule_wake(&self, _: u64, _: &Waker) {}
}

embassy_time_driver::time_driver_impl!(static CLOCK: Stopped = Stopped);
