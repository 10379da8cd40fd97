//! A device as firmware has it, over Bluetooth: it is linked, and runs until it waits for a controller.

use core::future::pending;

use landfall_embassy::{
    Config, Device, Drive, MemoryStore, Networks, ScanFailed,
    ble::{self, Options},
    manager::{Credentials, DisconnectReason, ScanPlan, Station},
    protocomm::device::Security,
};

use crate::radio::{Silent, begins_to_wait};

/// Gives whether it waits.
pub(crate) fn waits() -> Option<()> {
    let config = Config::new(Security::Security1 { pop: Some(b"abcd1234") });
    let random = |bytes: &mut [u8]| bytes.fill(7);
    let mut device = Device::new(config, Nowhere, MemoryStore::default(), random);
    let options = Options::new("PROV_CHIP");
    begins_to_wait(ble::on_air(Silent, &options, async |service| {
        let provisioned = device.provision(service, &mut ()).await.is_ok();
        provisioned && device.stay_joined(&mut ()).await.is_ok()
    }))
}

/// A station without networks.
struct Nowhere;

impl Drive for Nowhere {
    async fn scan(&mut self, _: &ScanPlan, _: &mut Networks) -> Result<(), ScanFailed> {
        Err(ScanFailed)
    }

    async fn join(&mut self, _: &Credentials) -> Result<Station, DisconnectReason> {
        Err(DisconnectReason::NetworkNotFound)
    }

    async fn leave(&mut self) {}

    async fn lost(&mut self) -> DisconnectReason {
        pending().await
    }
}
