//! Bluetooth with a controller that says nothing. Whole provisionings over Bluetooth are `cargo xtask ble`.

use core::{cell::Cell, convert::Infallible, future::pending, mem::size_of_val, time::Duration};

use bt_hci::{
    ControllerToHostPacket, cmd,
    controller::{Controller, ControllerCmdAsync, ControllerCmdSync},
    data::{AclPacket, IsoPacket, SyncPacket},
};
use landfall_embassy::{
    ProvisionError, Service,
    ble::{self, Error, Options},
};
use tokio::time::timeout;

use crate::{
    harness::{Log, config, device, run},
    sizes::within,
    world::World,
};

/// A controller that never answers, and tells when it is dropped.
struct Silent<'a>(&'a Cell<bool>);

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

impl embedded_io::ErrorType for Silent<'_> {
    type Error = Infallible;
}

impl Controller for Silent<'_> {
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

    async fn read<'a>(&self, (): &'a mut Self::Buffer<'_>) -> Result<ControllerToHostPacket<'a>, Infallible> {
        pending().await
    }
}

impl<Q: cmd::SyncCmd> ControllerCmdSync<Q> for Silent<'_> {
    async fn exec(&self, _: &Q) -> Result<Q::Return, cmd::Error<Infallible>> {
        pending().await
    }
}

impl<Q: cmd::AsyncCmd> ControllerCmdAsync<Q> for Silent<'_> {
    async fn exec(&self, _: &Q) -> Result<(), cmd::Error<Infallible>> {
        pending().await
    }
}

#[tokio::test]
async fn a_silent_controller_ends_the_provisioning_and_is_given_back_before_its_end_is_told() {
    let (dropped, world, log) = (Cell::new(false), World::new(), Log::default());
    let mut device = device(config(0), &world);
    let options = Options::new("PROV_TEST");
    let provisioning = ble::on_air(Silent(&dropped), &options, async |service| {
        let ended = run(&mut device, service, &log).await;
        assert!(dropped.get(), "its memory could be used from here on");
        ended
    });
    let ended = timeout(Duration::from_secs(30), provisioning).await.expect("in time");
    assert!(
        matches!(ended, Err(ProvisionError::Service(Error::Radio(_)))),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_service_that_is_not_started_needs_no_controller() {
    let dropped = Cell::new(false);
    let name = ble::on_air(Silent(&dropped), &Options::new("PROV_TEST"), async |_| "done").await;
    assert_eq!(name, "done");
    assert!(dropped.get());
}

#[tokio::test]
async fn endpoints_that_have_no_room_are_refused() {
    let dropped = Cell::new(false);
    ble::on_air(Silent(&dropped), &Options::new("PROV_TEST"), async |service| {
        let long = ["x"; 8].map(|x| x.repeat(40));
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        assert_eq!(service.start(&long).await, Err(Error::NamesTooLong));
        assert!(matches!(service.start(&["x"; 17]).await, Err(Error::Radio(_))));
    })
    .await;
}

#[tokio::test]
async fn a_service_starts_only_once() {
    let dropped = Cell::new(false);
    ble::on_air(Silent(&dropped), &Options::new("PROV_TEST"), async |service| {
        let first = service.start(&["prov-session"]).await;
        assert!(matches!(first, Err(Error::Radio(_))), "{first:?}");
        assert_eq!(service.start(&["prov-session"]).await, Err(Error::Off));
    })
    .await;
}

#[test]
fn a_host_takes_what_is_told_of_it() {
    let dropped = Cell::new(false);
    let options = Options::new("PROV_TEST");
    let host = size_of_val(&ble::on_air(Silent(&dropped), &options, async |_| ()));
    within("a Bluetooth host without its controller", host, 32_000);
}
