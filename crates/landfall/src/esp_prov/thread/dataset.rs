//! The dataset by which a device finds and joins a Thread network.

use core::fmt;

use zeroize::Zeroizing;

use super::scan::ThreadNetwork;
use crate::print::text;

/// An operational dataset: TLVs of Thread's MeshCoP. It has the network key in it, so it is wiped when dropped.
pub(super) struct Dataset(Zeroizing<Vec<u8>>);

impl Dataset {
    /// Takes the TLVs as tools of Thread print them. What they say is the device's to judge.
    pub(super) fn from_hex(text: &str) -> Result<Self, InvalidDataset> {
        let tlvs = Zeroizing::new(text::from_hex(text).ok_or(InvalidDataset::NotHex)?);
        // Devices refuse more (spec protocol.md 3.6).
        if (1..=254).contains(&tlvs.len()) {
            Ok(Self(tlvs))
        } else {
            Err(InvalidDataset::Length(tlvs.len()))
        }
    }

    /// Makes the dataset of a network that a scan has found: all that is known of it. A device that attaches with so
    /// much gets the rest (mesh-local prefix, timestamps, policy) from the network.
    pub(super) fn of(network: &ThreadNetwork, key: &NetworkKey) -> Result<Self, InvalidNetwork> {
        let invalid = |_| InvalidNetwork;
        let channel = u16::try_from(network.channel).map_err(invalid)?;
        let pan_id = u16::try_from(network.pan_id).map_err(invalid)?;
        let ext_pan_id: &[u8; 8] = network.ext_pan_id.as_slice().try_into().map_err(|_| InvalidNetwork)?;
        if network.name.len() > 16 {
            return Err(InvalidNetwork);
        }
        let [high, low] = channel.to_be_bytes();
        // Room for all, so that the key is not left behind where a growing vector has been.
        let mut tlvs = Zeroizing::new(Vec::with_capacity(64));
        // The channel stands behind its page, which is 0 for all of 2.4 GHz.
        push(&mut tlvs, CHANNEL, &[0, high, low]);
        push(&mut tlvs, PAN_ID, &pan_id.to_be_bytes());
        push(&mut tlvs, EXTENDED_PAN_ID, ext_pan_id);
        if !network.name.is_empty() {
            push(&mut tlvs, NETWORK_NAME, &network.name);
        }
        push(&mut tlvs, NETWORK_KEY, key.0.as_slice());
        Ok(Self(tlvs))
    }

    /// The TLVs.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dataset(hidden)")
    }
}

/// The key of a Thread network; wiped when dropped.
pub(super) struct NetworkKey(Zeroizing<[u8; 16]>);

impl NetworkKey {
    /// Takes the key as tools of Thread print it: 32 hex digits.
    pub(super) fn from_hex(text: &str) -> Result<Self, InvalidKey> {
        let octets = Zeroizing::new(text::from_hex(text).ok_or(InvalidKey)?);
        let key = octets.as_slice().try_into().map_err(|_| InvalidKey)?;
        Ok(Self(Zeroizing::new(key)))
    }
}

impl fmt::Debug for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetworkKey(hidden)")
    }
}

/// Why text is no dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidDataset {
    #[error("a dataset is written in hex, two digits a byte")]
    NotHex,
    #[error("a dataset has 1 to 254 bytes, and this has {0}")]
    Length(usize),
}

/// Text that is no network key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a Thread network key has 32 hex digits")]
pub(super) struct InvalidKey;

/// An entry of a scan that no network can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the device describes this network in a way that no network can be: give its dataset with --dataset_tlvs")]
pub(super) struct InvalidNetwork;

/// Types of TLVs, as Thread's specification numbers them.
const CHANNEL: u8 = 0;
const PAN_ID: u8 = 1;
const EXTENDED_PAN_ID: u8 = 2;
const NETWORK_NAME: u8 = 3;
const NETWORK_KEY: u8 = 5;

fn push(tlvs: &mut Vec<u8>, kind: u8, value: &[u8]) {
    let len = u8::try_from(value.len()).expect("no value here is longer than a name, 16 bytes");
    tlvs.extend_from_slice(&[kind, len]);
    tlvs.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> ThreadNetwork {
        ThreadNetwork {
            pan_id: 0x1a,
            channel: 15,
            rssi: -50,
            lqi: 3,
            ext_addr: vec![0; 8],
            name: b"OpenThread".to_vec(),
            ext_pan_id: vec![1, 2, 3, 4, 5, 6, 7, 8],
        }
    }

    fn key() -> NetworkKey {
        NetworkKey::from_hex("00112233445566778899aabbccddeeff").expect("a key")
    }

    #[test]
    fn all_that_a_scan_tells_of_a_network_stands_in_its_dataset() {
        let dataset = Dataset::of(&network(), &key()).expect("a network");
        let expected = concat!(
            "000300000f",
            "0102001a",
            "02080102030405060708",
            "030a4f70656e546872656164",
            "051000112233445566778899aabbccddeeff",
        );
        assert_eq!(text::hex(dataset.as_bytes()), expected);
    }

    #[test]
    fn a_network_without_a_name_has_a_dataset() {
        let unnamed = ThreadNetwork {
            name: Vec::new(),
            ..network()
        };
        let dataset = Dataset::of(&unnamed, &key()).expect("a network");
        assert_eq!(dataset.as_bytes().len(), 5 + 4 + 10 + 18);
    }

    #[test]
    fn what_no_network_can_be_has_no_dataset() {
        let broken = [
            ThreadNetwork {
                pan_id: 0x1_0000,
                ..network()
            },
            ThreadNetwork {
                channel: 0x1_0000,
                ..network()
            },
            ThreadNetwork {
                ext_pan_id: vec![0; 7],
                ..network()
            },
            ThreadNetwork {
                name: vec![b'x'; 17],
                ..network()
            },
        ];
        for network in broken {
            assert_eq!(Dataset::of(&network, &key()).err(), Some(InvalidNetwork), "{network:?}");
        }
    }

    #[test]
    fn datasets_and_keys_are_read_from_hex_of_the_right_length() {
        assert_eq!(Dataset::from_hex("0E08 00").expect("hex").as_bytes(), [0x0e, 8, 0]);
        assert_eq!(Dataset::from_hex("0e0").err(), Some(InvalidDataset::NotHex));
        assert_eq!(Dataset::from_hex("").err(), Some(InvalidDataset::Length(0)));
        assert_eq!(
            Dataset::from_hex(&"00".repeat(255)).err(),
            Some(InvalidDataset::Length(255))
        );
        assert!(Dataset::from_hex(&"00".repeat(254)).is_ok());
        for text in ["", "00", "0011223344556677", "00112233445566778899aabbccddeefg"] {
            assert_eq!(NetworkKey::from_hex(text).err(), Some(InvalidKey), "{text:?}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let dataset = Dataset::of(&network(), &key()).expect("a network");
        assert_eq!(format!("{dataset:?} {:?}", key()), "Dataset(hidden) NetworkKey(hidden)");
    }
}
