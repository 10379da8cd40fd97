//! What our client asks a device for to find its endpoints.

use landfall_protocomm::gatt::ServiceUuid;

use crate::{
    air::Air,
    device::{Device, config},
    pairing::connected,
};

#[tokio::test]
async fn endpoints_are_found_without_asking_past_the_last_name() {
    let air = Air::new();
    Device::with(config(), &air, async |_| {
        let names = connected(&air, async |peer| {
            let service = peer.service(ServiceUuid::EXAMPLE.uuid()).await.expect("an answer");
            let found = peer.characteristics(&service.expect("the service")).await;
            let found = found.expect("the characteristics");
            found
                .iter()
                .map(|found| String::from_utf8_lossy(found.name.as_ref().expect("a name")).into_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(names.await, Ok(vec!["prov-session".to_owned(), "proto-ver".to_owned()]));
    })
    .await;
    // The size of packets; the service; its declarations at once, and that there are no more, as the service has no end;
    // two names of different lengths.
    assert_eq!(air.asked(), [0x02, 0x06, 0x08, 0x08, 0x08, 0x08]);
}
