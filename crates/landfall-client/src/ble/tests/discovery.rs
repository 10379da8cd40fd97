use super::*;

const ADDRESS: Address = Address([0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0x05]);

fn report<'a>(address: Address, data: &'a [u8]) -> Report<'a> {
    Report {
        address,
        kind: AddressKind::Random,
        rssi: -60,
        data,
    }
}

/// What NimBLE sends (spec transports.md 1.4).
fn advertisement(service: ServiceUuid) -> Vec<u8> {
    [&[2, 1, 6, 17, 7][..], &service.uuid().to_le_bytes()].concat()
}

fn scan_response(name: &str) -> Vec<u8> {
    let len = u8::try_from(1 + name.len()).expect("short");
    [&[len, 9], name.as_bytes(), &[4, 0xff, 0xe5, 0x02, 7]].concat()
}

fn heard(reports: &[&[u8]]) -> Found {
    let mut discovery = Discovery::default();
    for data in reports {
        discovery.hear(&report(ADDRESS, data));
    }
    let mut found = discovery.into_found();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn a_device_is_known_from_both_its_packets_in_either_order() {
    let (first, second) = (advertisement(ServiceUuid::EXAMPLE), scan_response("PROV_AB12"));
    for packets in [[&*first, &*second], [&*second, &*first]] {
        let found = heard(&packets);
        assert_eq!(found.name.as_deref(), Some("PROV_AB12"));
        assert_eq!(found.service, Some(ServiceUuid::EXAMPLE));
        assert_eq!(found.manufacturer_data.as_deref(), Some(&[0xe5, 0x02, 7][..]));
        assert_eq!((found.address, found.rssi), (ADDRESS, -60));
    }
}

#[test]
fn the_service_is_found_in_bluedroid_s_advertisement() {
    let uuid = ServiceUuid::COMPONENT.uuid().to_le_bytes();
    let bluedroid = [&[2, 1, 6, 2, 0x0a, 9, 17, 7][..], &uuid, &[5, 0x12, 6, 0, 16, 0]].concat();
    assert_eq!(heard(&[&bluedroid]).service, Some(ServiceUuid::COMPONENT));
}

#[test]
fn an_assigned_number_is_a_service_of_ours_only_if_it_is_early_firmware_s() {
    assert_eq!(
        heard(&[&[5, 3, 0x0d, 0x18, 0xff, 0xff]]).service,
        Some(ServiceUuid::EARLY)
    );
    assert_eq!(heard(&[&[3, 3, 0x0d, 0x18]]).service, None);
}

#[test]
fn only_news_are_told() {
    let mut discovery = Discovery::default();
    let first = advertisement(ServiceUuid::EXAMPLE);
    let second = scan_response("PROV_AB12");
    assert!(discovery.hear(&report(ADDRESS, &first)).is_some(), "new");
    assert!(discovery.hear(&report(ADDRESS, &first)).is_none(), "the same");
    assert!(discovery.hear(&report(ADDRESS, &second)).is_some(), "a name");
    assert!(discovery.hear(&report(ADDRESS, &second)).is_none(), "the same");
    let other = Report {
        kind: AddressKind::Public,
        ..report(ADDRESS, &[])
    };
    assert!(
        discovery.hear(&other).is_some(),
        "another device, though it says nothing"
    );
    assert_eq!(discovery.found().len(), 2);
}

#[test]
fn advertising_data_cut_anywhere_is_read_as_far_as_it_goes() {
    let data = [advertisement(ServiceUuid::EXAMPLE), scan_response("PROV_AB12")].concat();
    for len in 0..=data.len() {
        let found = heard(&[data.get(..len).expect("within")]);
        assert_eq!(found.service.is_some(), len >= 21, "{len}");
        assert_eq!(found.name.is_some(), len >= 32, "{len}");
        assert_eq!(found.manufacturer_data.is_some(), len >= 37, "{len}");
    }
    // A length of 0 ends it.
    assert_eq!(heard(&[&[0, 3, 9, b'a', b'b']]).name, None);
}

#[test]
fn a_name_that_is_no_text_and_a_shortened_one_are_shown_as_well_as_can_be() {
    assert_eq!(heard(&[&[3, 9, b'a', 0xff]]).name.as_deref(), Some("a\u{fffd}"));
    assert_eq!(heard(&[&[3, 8, b'P', b'R']]).name.as_deref(), Some("PR"));
    assert_eq!(
        heard(&[&[2, 8, b'P'], &[3, 9, b'P', b'R'], &[2, 8, b'P']])
            .name
            .as_deref(),
        Some("PR")
    );
}

#[test]
fn memory_is_bounded_whoever_is_on_the_air() {
    let mut discovery = Discovery::default();
    for number in 0..5000_u16 {
        let [high, low] = number.to_be_bytes();
        discovery.hear(&report(Address([0, 0, 0, 0, high, low]), &[]));
    }
    assert_eq!(discovery.found().len(), 1024);
}

#[test]
fn a_filter_wants_what_it_says_and_nothing_else() {
    let found = heard(&[&advertisement(ServiceUuid::EXAMPLE), &scan_response("PROV_AB12")]);
    let filter = |prefix: Option<&str>, name: Option<&str>, address, service| Filter {
        prefix: prefix.map(ToString::to_string),
        name: name.map(ToString::to_string),
        address,
        service,
    };
    assert!(Filter::default().matches(&found));
    assert!(filter(Some(Filter::COMMON_PREFIX), None, None, None).matches(&found));
    assert!(
        filter(
            Some("PROV_"),
            Some("PROV_AB12"),
            Some(ADDRESS),
            Some(ServiceUuid::EXAMPLE)
        )
        .matches(&found)
    );
    assert!(!filter(Some("prov_"), None, None, None).matches(&found));
    assert!(!filter(None, Some("PROV_AB1"), None, None).matches(&found));
    assert!(!filter(None, None, Some(Address([0; 6])), None).matches(&found));
    assert!(!filter(None, None, None, Some(ServiceUuid::COMPONENT)).matches(&found));
    let nameless = heard(&[&[]]);
    assert!(!filter(Some(""), None, None, None).matches(&nameless));
}

#[test]
fn an_address_reads_as_it_is_written() {
    assert_eq!(ADDRESS.to_string(), "F0:F1:F2:F3:F4:05");
    assert_eq!("f0:f1:F2:F3:F4:05".parse(), Ok(ADDRESS));
    assert_eq!(Address::from_le_bytes([5, 0xf4, 0xf3, 0xf2, 0xf1, 0xf0]), ADDRESS);
    assert_eq!(ADDRESS.to_le_bytes(), [5, 0xf4, 0xf3, 0xf2, 0xf1, 0xf0]);
    for text in [
        "",
        "F0:F1:F2:F3:F4",
        "F0:F1:F2:F3:F4:05:06",
        "F0:F1:F2:F3:F4:5",
        "+0:F1:F2:F3:F4:05",
        "F0F1F2F3F405",
    ] {
        assert_eq!(text.parse::<Address>(), Err(InvalidAddress), "{text}");
    }
}
