//! What this device asks of its clients.

use alloc::boxed::Box;
use core::error::Error;

use esp_hal::peripherals::FLASH;
use landfall_embassy::{
    manager::PayloadSecret,
    protocomm::{device::Security, gatt::ServiceUuid},
};

/// What a client has to know, and what the QR code tells of it.
pub(crate) struct Secret {
    pub(crate) security: Security<'static>,
    pub(crate) label: PayloadSecret<'static>,
    /// The device's name, if it is not to be made from its address.
    pub(crate) name: Option<&'static str>,
    /// The UUID of its Bluetooth service.
    #[cfg_attr(not(feature = "ble"), expect(dead_code, reason = "there is no Bluetooth"))]
    pub(crate) service: ServiceUuid,
}

/// The proof of possession of Espressif's example, and its password: everybody knows it.
#[cfg(not(feature = "factory"))]
const POP: &str = "abcd1234";

/// Security 1 with the development credentials.
#[cfg(all(feature = "security1", not(feature = "factory")))]
pub(crate) async fn read(_flash: FLASH<'_>) -> Result<Secret, Box<dyn Error>> {
    Ok(Secret {
        security: Security::Security1 {
            pop: Some(POP.as_bytes()),
        },
        label: PayloadSecret::Pop(POP),
        name: None,
        service: ServiceUuid::EXAMPLE,
    })
}

/// Security 2 with the development credentials. Computes the table of the verifier, which takes the chip about a second.
#[cfg(not(any(feature = "security1", feature = "factory")))]
pub(crate) async fn read(_flash: FLASH<'_>) -> Result<Secret, Box<dyn Error>> {
    use landfall_embassy::protocomm::{
        NonceRule,
        srp::{Verifier, VerifierTable},
    };
    use static_cell::StaticCell;

    static TABLE: StaticCell<VerifierTable> = StaticCell::new();

    let table = TABLE.init(VerifierTable::new(include_bytes!("verifier.bin"))?);
    Ok(Secret {
        security: Security::Security2 {
            verifier: Verifier::new(include_bytes!("salt.bin"), table)?,
            nonce_rule: NonceRule::Counter,
        },
        label: PayloadSecret::UsernameAndPop {
            username: "wifiprov",
            pop: POP,
        },
        name: None,
        service: ServiceUuid::EXAMPLE,
    })
}

/// What the factory wrote: a secret of this device's own, which stands on its label and not in its log.
#[cfg(feature = "factory")]
pub(crate) async fn read(flash: FLASH<'_>) -> Result<Secret, Box<dyn Error>> {
    use landfall_embassy::{factory::FactoryData, protocomm::srp::VerifierTable};
    use landfall_esp::Partition;
    use static_cell::StaticCell;

    /// The data partition (partitions.csv).
    const PARTITION: &str = "factory_data";

    static DATA: StaticCell<FactoryData> = StaticCell::new();
    static TABLE: StaticCell<Option<VerifierTable>> = StaticCell::new();

    let mut partition = Partition::find(flash, PARTITION)?;
    let range = partition.range();
    let data = FactoryData::read(&mut partition, range).await;
    let data: &FactoryData = DATA.init(data.map_err(|error| alloc::format!("{error}"))?);
    Ok(Secret {
        security: data.security(TABLE.init(None))?,
        label: PayloadSecret::Hidden,
        name: data.get().name,
        service: data.get().service_uuid.map_or(ServiceUuid::EXAMPLE, ServiceUuid::new),
    })
}
