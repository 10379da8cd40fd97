//! Names, passphrases and reasons.

use landfall_manager::{Bssid, DisconnectReason, FailReason, Passphrase, Ssid};

#[test]
fn name_of_a_network_cannot_drive_a_terminal() {
    let shown = |octets: &[u8]| Ssid::new(octets).expect("at most 32 octets").to_string();
    assert_eq!(shown("Café".as_bytes()), "Café");
    assert_eq!(shown(b"a\x1b[2Jb\n"), "a\\x1b[2Jb\\x0a");
    assert_eq!(shown(b"\xff\xfeok"), "\\xff\\xfeok");
    assert_eq!(shown(b""), "");
}

#[test]
fn lengths_are_the_protocols() {
    assert_eq!(Ssid::new(&[1; 32]).map(|ssid| ssid.as_bytes().len()), Some(32));
    assert!(Ssid::new(&[1; 33]).is_none());
    assert_eq!(
        Passphrase::new(&[1; 63]).map(|passphrase| passphrase.expose().len()),
        Some(63)
    );
    assert!(Passphrase::new(&[1; 64]).is_none());
}

#[test]
fn passphrase_is_never_shown() {
    let passphrase = Passphrase::new(b"correct horse").expect("at most 63 octets");
    assert_eq!(format!("{passphrase:?}"), "(hidden)");
    assert_eq!(format!("{:?}", Passphrase::EMPTY), "(none)");
}

#[test]
fn address_is_shown_as_people_write_it() {
    assert_eq!(
        Bssid([0x78, 0x8a, 0x20, 0x84, 0x19, 0x06]).to_string(),
        "78:8a:20:84:19:06"
    );
}

/// Spec manager.md 5, the table of driver reasons.
#[test]
fn driver_reasons_mean_what_the_newest_firmware_makes_of_them() {
    let meaning = |reason| DisconnectReason::from_esp_reason(reason).fail_reason();
    for reason in [14, 15, 202, 204] {
        assert_eq!(meaning(reason), Some(FailReason::AuthError), "{reason}");
    }
    assert_eq!(meaning(201), Some(FailReason::NetworkNotFound));
    for reason in [0, 2, 4, 8, 200, 203, 205, 210, 211, 212, u16::MAX] {
        assert_eq!(meaning(reason), None, "{reason}");
    }
}
