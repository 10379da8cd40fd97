//! Manufacturing data in flash memory.

use core::{convert::Infallible, ops::Range};

use embassy_futures::block_on;
use embedded_storage_async::nor_flash::{ErrorType, ReadNorFlash};
use landfall_embassy::{
    Config, Device, Ended, MemoryStore,
    factory::{FactoryData, FactoryError},
    manager::factory::{Factory, FactorySecret, InvalidFactory},
    protocomm::{client::XRule, device::Security, srp::Credentials},
};

use crate::{
    harness::{Log, Random, provision, random, ssid},
    world::World,
};

/// Flash with an image at 0x1000.
struct Flash(Vec<u8>);

const RANGE: Range<u32> = 0x1000..0x2000;

impl ErrorType for Flash {
    type Error = Infallible;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        let from = offset as usize;
        bytes.copy_from_slice(&self.0[from..from + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

fn flash(factory: Option<&Factory<'_>>) -> Flash {
    let mut bytes = vec![0xff; 0x4000];
    factory.inspect(|factory| {
        factory.encode(&mut bytes[0x1000..]).expect("in range");
    });
    Flash(bytes)
}

fn read(flash: &mut Flash, range: Range<u32>) -> Result<FactoryData, FactoryError<Infallible>> {
    block_on(FactoryData::read(flash, range))
}

#[tokio::test]
async fn device_is_provisioned_with_the_secret_of_its_own() {
    let made = Credentials::derive(b"wifiprov", b"abcd1234", &[7; 16], XRule::Full).expect("in range");
    let verifier = FactorySecret::Verifier {
        salt: made.salt(),
        verifier: made.verifier(),
    };
    for (scheme, secret) in [
        (0, FactorySecret::Nothing),
        (1, FactorySecret::Pop(b"abcd1234")),
        (2, verifier),
    ] {
        let factory = Factory {
            secret,
            name: Some("PROV_261FCC"),
            service_uuid: None,
        };
        let data = read(&mut flash(Some(&factory)), RANGE).expect("a record");
        assert_eq!(data.get(), factory);
        let mut table = None;
        let config = Config::new(data.security(&mut table).expect("a good verifier"));
        let (world, log) = (World::new(), Log::default());
        let mut device: Device<'_, _, _, Random> = Device::new(config, &world, MemoryStore::default(), random);
        let ended = provision(&mut device, &log, async |wire| {
            let mut client = wire.establish(scheme).await;
            client.set_and_apply("myssid", "mypassword").await;
            client.wait_for_result().await;
        })
        .await;
        assert_eq!(ended, Ended::Provisioned(ssid("myssid")), "{scheme}");
    }
}

#[test]
fn empty_proof_of_possession_is_none() {
    let factory = Factory {
        secret: FactorySecret::Pop(b""),
        name: None,
        service_uuid: None,
    };
    let data = read(&mut flash(Some(&factory)), RANGE).expect("a record");
    let mut table = None;
    let security = data.security(&mut table).expect("no verifier");
    assert!(matches!(security, Security::Security1 { pop: None }));
}

#[test]
fn what_is_no_record_gives_no_security_at_all() {
    assert_eq!(
        read(&mut flash(None), RANGE).err(),
        Some(FactoryError::Record(InvalidFactory::Missing))
    );
    let mut damaged = flash(None);
    damaged.0[0x1010] = 0;
    assert_eq!(
        read(&mut damaged, RANGE).err(),
        Some(FactoryError::Record(InvalidFactory::Foreign))
    );
    assert_eq!(
        read(&mut flash(None), 0x1000..0x1200).err(),
        Some(FactoryError::TooSmall)
    );
    // A verifier that is none, under a right check sum.
    for (salt, verifier) in [(&[7; 16][..], &[1][..]), (&[0, 1], &[9; 384])] {
        let factory = Factory {
            secret: FactorySecret::Verifier { salt, verifier },
            name: None,
            service_uuid: None,
        };
        let data = read(&mut flash(Some(&factory)), RANGE).expect("a record");
        assert!(data.security(&mut None).is_err());
    }
}

#[test]
fn no_secret_shows_in_debug() {
    let factory = Factory {
        secret: FactorySecret::Pop(b"abcd1234"),
        name: Some("PROV_261FCC"),
        service_uuid: None,
    };
    let data = read(&mut flash(Some(&factory)), RANGE).expect("a record");
    let shown = format!("{data:?}");
    assert!(
        shown.contains("PROV_261FCC") && !shown.contains("abcd1234") && !shown.contains("97, 98"),
        "{shown}"
    );
}
