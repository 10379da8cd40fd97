//! What a provisioning over Bluetooth sends, counted on the air between two virtual controllers: by our client, and by the
//! sequence that esp_prov makes. Both speak to our device, which takes the same time to join.

use core::time::Duration;
use std::thread;

use super::report::{Report, Row};
use crate::{
    ble::{Central, Peripheral, SEC2, Tools, output},
    shell::Result,
};

/// What is counted with packets of one size, and its limits.
struct Size {
    /// The largest packets of the attribute protocol that the device grants, bytes.
    mtu: &'static str,
    /// For finding the endpoints.
    discovery: (&'static str, f64),
    /// For a whole provisioning, security 2, the network being known.
    provisioning: (&'static str, f64),
    /// The same, on the air.
    packets: (&'static str, f64),
}

#[rustfmt::skip]
const SIZES: &[Size] = &[
    Size {
        mtu: "23",
        discovery: ("Bluetooth, MTU 23: requests to find the endpoints", 15.0),
        provisioning: ("Bluetooth, MTU 23: requests of a provisioning", 104.0),
        packets: ("Bluetooth, MTU 23: packets of a provisioning", 208.0),
    },
    Size {
        mtu: "185",
        discovery: ("Bluetooth, MTU 185: requests to find the endpoints", 9.0),
        provisioning: ("Bluetooth, MTU 185: requests of a provisioning", 38.0),
        packets: ("Bluetooth, MTU 185: packets of a provisioning", 134.0),
    },
    Size {
        mtu: "256",
        discovery: ("Bluetooth, MTU 256: requests to find the endpoints", 9.0),
        provisioning: ("Bluetooth, MTU 256: requests of a provisioning", 34.0),
        packets: ("Bluetooth, MTU 256: packets of a provisioning", 130.0),
    },
    // A client asks for 512 or 517, and is granted what the device's buffers hold.
    Size {
        mtu: "508",
        discovery: ("Bluetooth, MTU 512: requests to find the endpoints", 9.0),
        provisioning: ("Bluetooth, MTU 512: requests of a provisioning", 33.0),
        packets: ("Bluetooth, MTU 512: packets of a provisioning", 115.0),
    },
];

const OURS: Central = Central::Landfall(&[
    "provision",
    "--password",
    "abcd1234",
    "--ssid",
    "myssid",
    "--passphrase",
    "mypassword",
]);
const DEVICE: Peripheral = Peripheral::Landfall { stays: true };
/// Six times proto-ver, a read for each name, and a question every five seconds.
const ESP_PROV: Central = Central::Script(
    "central.py",
    &[
        "esp_prov",
        "517",
        "2",
        "abcd1234",
        "myssid",
        "mypassword",
        "--no-scan",
        "--poll",
        "5",
    ],
);
/// The longest that a provisioning may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn measure(report: &mut Report) -> Result<()> {
    let tools = Tools::new()?;
    for size in SIZES {
        // They mostly wait.
        let (ours, original) = thread::scope(|scope| {
            let original = scope.spawn(|| Traffic::of(ESP_PROV, size.mtu, &tools).map_err(|error| error.to_string()));
            let ours = Traffic::of(OURS, size.mtu, &tools);
            (ours, original.join().expect("counting does not panic"))
        });
        let (ours, original) = (ours?, original?);
        let mut row = |(cost, limit), unit, count: fn(&Traffic) -> u32| {
            report.push(Row {
                cost,
                measured: f64::from(count(&ours)),
                unit,
                limit: Some(limit),
                reference: Some(f64::from(count(&original))),
            });
        };
        row(size.discovery, "requests", |traffic| traffic.discovery);
        row(size.provisioning, "requests", |traffic| traffic.requests);
        row(size.packets, "packets", |traffic| traffic.packets);
    }
    Ok(())
}

/// What went over the air.
#[derive(Default)]
struct Traffic {
    /// Requests of the attribute protocol before the first that writes. Each is a round trip.
    discovery: u32,
    /// All requests.
    requests: u32,
    /// Packets of the link layer in both directions, each with at most 27 bytes as on the first devices.
    packets: u32,
}

impl Traffic {
    /// Counts a provisioning by `client` of our device, which grants packets of `mtu` bytes.
    fn of(client: Central, mtu: &str, tools: &Tools) -> Result<Self> {
        let air = tools.air(&["--tell"])?;
        let options = ["--world", "peers/ble/joining.toml", "--ble-mtu", mtu];
        let device = tools.device(&air, DEVICE, &[SEC2, &options].concat())?;
        let (code, printed) = output(tools.client(client, air.client()), PATIENCE)?;
        if code != Some(0) {
            return Err(format!("the provisioning with MTU {mtu} ended with {code:?}:\n{printed}").into());
        }
        drop(device);
        let mut traffic = Self::default();
        let mut writes = false;
        for line in air.close() {
            let packet = Packet::read(&line).ok_or_else(|| format!("the air says {line}"))?;
            traffic.packets += packet.len.div_ceil(LINK_PACKET);
            if packet.is_request() {
                writes |= matches!(packet.kind, WRITE | PREPARE_WRITE);
                traffic.requests += 1;
                traffic.discovery += u32::from(!writes);
            }
        }
        Ok(traffic)
    }
}

/// A packet of a protocol above the link, as air.py tells of it: `PDU` controller, channel, kind, length.
struct Packet {
    sender: u32,
    channel: u32,
    kind: u8,
    len: u32,
}

impl Packet {
    fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let ["PDU", sender, channel, kind, len] = *words else {
            return None;
        };
        Some(Self {
            sender: sender.parse().ok()?,
            channel: channel.parse().ok()?,
            kind: u8::from_str_radix(kind.strip_prefix("0x")?, 16).ok()?,
            len: len.parse().ok()?,
        })
    }

    /// Whether the client waits for an answer to it.
    const fn is_request(&self) -> bool {
        let is_asking = self.kind & 1 == 0 && self.kind & COMMAND == 0 && self.kind != CONFIRMATION;
        self.sender == CLIENT && self.channel == ATT && is_asking
    }
}

/// The number of the client's controller.
const CLIENT: u32 = 1;
/// The channel of the attribute protocol.
const ATT: u32 = 4;
/// What a packet of the link layer holds, unless both ends agree on more.
const LINK_PACKET: u32 = 27;
const WRITE: u8 = 0x12;
const PREPARE_WRITE: u8 = 0x16;
const CONFIRMATION: u8 = 0x1e;
/// The bit of what wants no answer.
const COMMAND: u8 = 0x40;

#[cfg(test)]
mod tests {
    use super::Packet;

    #[test]
    fn only_what_the_client_waits_for_is_a_request() {
        let is_request = |line| Packet::read(line).expect("a packet").is_request();
        assert!(is_request("PDU 1 4 0x12 47"), "a write");
        assert!(is_request("PDU 1 4 0x16 260"), "a part of one");
        assert!(!is_request("PDU 0 4 0x12 47"), "the device's");
        assert!(!is_request("PDU 1 4 0x52 47"), "a write without response");
        assert!(!is_request("PDU 1 4 0x1e 5"), "a confirmation");
        assert!(!is_request("PDU 1 4 0x03 7"), "an answer");
        assert!(!is_request("PDU 1 6 0x02 11"), "another protocol's");
    }

    #[test]
    fn what_is_no_packet_is_not_counted() {
        for line in ["", "AIR 1 2", "PDU 1 4 12 47", "PDU 1 4 0x12", "PDU 1 4 0x12 47 1"] {
            assert!(Packet::read(line).is_none(), "{line}");
        }
    }
}
