use core::ops::Deref;

use crate::gatt::ServiceUuid;

/// What travels in an advertisement or a scan response: at most 31 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdvertisingData {
    bytes: [u8; MAX_LEN],
    len: usize,
}

/// All that fits into either.
const MAX_LEN: usize = 31;
/// A field's length and type.
const FIELD_HEADER_LEN: usize = 2;
/// The longest name that fits.
const MAX_NAME_LEN: usize = MAX_LEN - FIELD_HEADER_LEN;

const FLAGS: u8 = 0x01;
const COMPLETE_LIST_OF_128_BIT_UUIDS: u8 = 0x07;
const COMPLETE_LOCAL_NAME: u8 = 0x09;
const MANUFACTURER_DATA: u8 = 0xff;

/// LE general discoverable, BR/EDR not supported.
const GENERAL_DISCOVERABLE_LE_ONLY: u8 = 0x06;

/// What a device advertises: that it can be found, and its service (spec transports.md 1.4).
pub fn advertisement(service: ServiceUuid) -> AdvertisingData {
    let mut data = AdvertisingData::EMPTY;
    data.push(FLAGS, &[GENERAL_DISCOVERABLE_LE_ONLY]);
    data.push(COMPLETE_LIST_OF_128_BIT_UUIDS, &service.uuid().to_le_bytes());
    data
}

/// What a device answers to a client that scans actively: of its name the whole characters that fit into 29 bytes, and
/// what its application adds (the company's number first), cut to the room that is left; 27 bytes of a name or more
/// leave none.
pub fn scan_response(name: &str, manufacturer_data: &[u8]) -> AdvertisingData {
    let mut data = AdvertisingData::EMPTY;
    let name = (0..=MAX_NAME_LEN).rev().find_map(|len| name.get(..len));
    data.push(COMPLETE_LOCAL_NAME, name.unwrap_or_default().as_bytes());
    data.push(MANUFACTURER_DATA, manufacturer_data);
    data
}

impl AdvertisingData {
    const EMPTY: Self = Self {
        bytes: [0; MAX_LEN],
        len: 0,
    };

    /// Adds a field, cut to the room that is left; none if nothing of it would be left.
    fn push(&mut self, kind: u8, value: &[u8]) {
        let Some((header, room)) = self
            .bytes
            .get_mut(self.len..)
            .and_then(|free| free.split_first_chunk_mut::<FIELD_HEADER_LEN>())
        else {
            return;
        };
        let len = value.len().min(room.len());
        if len == 0 {
            return;
        }
        for (place, byte) in room.iter_mut().zip(value) {
            *place = *byte;
        }
        // The type counts too. At most 31 bytes, so nothing is lost.
        *header = [1 + len as u8, kind];
        self.len += FIELD_HEADER_LEN + len;
    }
}

impl Deref for AdvertisingData {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::{format, string::String, vec, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_advertisement_has_flags_and_the_service() {
        let expected = [
            0x02, 0x01, 0x06, 0x11, 0x07, 0xb4, 0xdf, 0x5a, 0x1c, 0x3f, 0x6b, 0xf4, 0xbf, 0xea, 0x4a, 0x82, 0x03, 0x04,
            0x90, 0x1a, 0x02,
        ];
        assert_eq!(*advertisement(ServiceUuid::EXAMPLE), expected);
    }

    #[test]
    fn the_scan_response_has_the_name_and_the_manufacturers_data() {
        assert_eq!(*scan_response("PROV_A", &[]), *b"\x07\x09PROV_A");
        assert_eq!(
            *scan_response("PROV_A", b"\xe5\x02x"),
            *b"\x07\x09PROV_A\x04\xff\xe5\x02x"
        );
        assert_eq!(*scan_response("", b"\xe5\x02x"), *b"\x04\xff\xe5\x02x");
        assert!(scan_response("", &[]).is_empty());
    }

    #[test]
    fn a_name_is_cut_at_29_bytes() {
        let name = "PROV_123456789012345678901234567890";
        assert_eq!(*scan_response(name, &[]), *b"\x1e\x09PROV_123456789012345678901234");
    }

    #[test]
    fn a_name_is_cut_between_two_characters() {
        for (before, cut) in [(25, 29), (26, 26), (27, 27), (28, 28), (29, 29)] {
            let name = "n".repeat(before) + "\u{1f511}";
            let data = scan_response(&name, &[]);
            assert_eq!(data.get(2..), name.as_bytes().get(..cut), "{before}");
        }
    }

    #[test]
    fn names_of_27_bytes_leave_no_room_for_the_manufacturers_data() {
        for (len, room) in [(0, 29), (1, 26), (25, 2), (26, 1), (27, 0), (28, 0), (29, 0)] {
            let data = scan_response(&"n".repeat(len), &[7; 40]);
            let name_len = if len == 0 { 0 } else { len + 2 };
            let field_len = if room == 0 { 0 } else { room + 2 };
            assert_eq!(data.len(), name_len + field_len, "{len}");
        }
    }

    proptest! {
        #[test]
        fn every_scan_response_is_whole_fields_in_31_bytes(name in ".{0,40}", more: Vec<u8>) {
            let data = scan_response(&name, &more);
            prop_assert!(data.len() <= MAX_LEN);
            let mut rest = &*data;
            let mut fields = vec![];
            while let [len, kind, after @ ..] = rest {
                let (value, after) = after.split_at(usize::from(*len) - 1);
                fields.push((*kind, value));
                rest = after;
            }
            prop_assert!(rest.is_empty());
            for (kind, value) in fields {
                if kind == COMPLETE_LOCAL_NAME {
                    let text = str::from_utf8(value).expect("whole characters");
                    let next = name.get(text.len()..).and_then(|cut| cut.chars().next());
                    prop_assert!(next.is_none_or(|next| value.len() + next.len_utf8() > MAX_NAME_LEN));
                }
                let whole: &[u8] = if kind == COMPLETE_LOCAL_NAME { name.as_bytes() } else { &more };
                prop_assert!(whole.starts_with(value), "{}", format!("{kind} {value:?}") as String);
            }
        }
    }
}
