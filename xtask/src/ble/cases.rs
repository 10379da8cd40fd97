//! The table of cases: who plays the device, who the client, and how it ends.

use core::time::Duration;

/// One device and its clients on one air.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) device: Peripheral,
    /// The device's security.
    pub(super) security: &'static [&'static str],
    /// The device's other options.
    pub(super) options: &'static [&'static str],
    /// What the air does, besides: arguments of air.py.
    pub(super) air: &'static [&'static str],
    /// Who has the device before the client begins, if somebody has.
    pub(super) before: Option<Central>,
    pub(super) client: Central,
    /// How the client ends.
    pub(super) expect: i32,
    /// What the client must print, besides.
    pub(super) prints: &'static str,
    /// The client must take so long: something made it wait.
    pub(super) at_least: Duration,
}

/// What plays the device.
#[derive(Clone, Copy)]
pub(crate) enum Peripheral {
    /// `landfall simulate` on its controller, whose service stays or ends with success.
    Landfall { stays: bool },
    /// The firmware's example on this machine (`examples/simulated.rs` of landfall-embassy), whose service stays or ends
    /// with success.
    Firmware { stays: bool },
    /// bumble's GATT server with the ways of this stack, around `landfall simulate` over HTTP.
    Bumble(&'static str),
}

/// What plays the client.
#[derive(Clone, Copy)]
pub(crate) enum Central {
    /// A script, with what follows the port and the device's name.
    Script(&'static str, &'static [&'static str]),
    /// `landfall`, with what precedes the way to the device.
    Landfall(&'static [&'static str]),
    /// `esp-prov`, with what follows the way to the device.
    EspProv(&'static [&'static str]),
}

const OURS: Peripheral = Peripheral::Landfall { stays: true };
const OURS_ENDS: Peripheral = Peripheral::Landfall { stays: false };
const FIRMWARE: Peripheral = Peripheral::Firmware { stays: true };
const FIRMWARE_ENDS: Peripheral = Peripheral::Firmware { stays: false };
const NIMBLE: Peripheral = Peripheral::Bumble("nimble");
const NAMELESS: Peripheral = Peripheral::Bumble("nameless");
const CARELESS: Peripheral = Peripheral::Bumble("careless");
const LEAKING: Peripheral = Peripheral::Bumble("leaking");
const ENCRYPTED: Peripheral = Peripheral::Bumble("encrypted");
const BLUEDROID: Peripheral = Peripheral::Bumble("bluedroid");

pub(crate) const SEC0: &[&str] = &["--sec-ver", "0"];
pub(crate) const SEC1: &[&str] = &["--sec-ver", "1", "--pop", "abcd1234"];
pub(crate) const SEC2: &[&str] = &["--sec-ver", "2", "--username", "wifiprov", "--password", "abcd1234"];

const fn script(name: &'static str, arguments: &'static [&'static str]) -> Central {
    Central::Script(name, arguments)
}

const fn central(arguments: &'static [&'static str]) -> Central {
    script("central.py", arguments)
}

const fn landfall(arguments: &'static [&'static str]) -> Central {
    Central::Landfall(arguments)
}

const ESP0: Central = central(&["esp_prov", "517", "0", "", "myssid", "mypassword"]);
const ESP1: Central = central(&["esp_prov", "517", "1", "abcd1234", "myssid", "mypassword"]);
const ESP2: Central = central(&["esp_prov", "517", "2", "abcd1234", "myssid", "mypassword"]);
const UNTIL_OFF: Central = central(&[
    "esp_prov",
    "517",
    "2",
    "abcd1234",
    "myssid",
    "mypassword",
    "--end",
    "off",
]);
#[rustfmt::skip]
const UNTIL_REFUSING: Central = central(&["esp_prov", "517", "2", "abcd1234", "myssid", "mypassword", "--end", "refusing"]);
const ANDROID0: Central = central(&["android", "512", "0", "", "myssid", "mypassword"]);
const ANDROID1: Central = central(&["android", "512", "1", "abcd1234", "myssid", "mypassword"]);
const ANDROID2: Central = central(&["android", "512", "2", "abcd1234", "myssid", "mypassword"]);

#[rustfmt::skip]
const PROVISION0: Central = landfall(&["provision", "--sec-ver", "0", "--ssid", "myssid", "--passphrase", "mypassword"]);
#[rustfmt::skip]
const PROVISION1: Central = landfall(&["provision", "--pop", "abcd1234", "--ssid", "myssid", "--passphrase", "mypassword"]);
#[rustfmt::skip]
const PROVISION2: Central = landfall(&["provision", "--password", "abcd1234", "--ssid", "myssid", "--passphrase", "mypassword"]);
#[rustfmt::skip]
const WRONG: Central = landfall(&["provision", "--password", "wrong", "--ssid", "myssid", "--passphrase", "mypassword"]);
#[rustfmt::skip]
const BY_ADDRESS: Central = landfall(&["provision", "--password", "abcd1234", "--ssid", "myssid", "--passphrase", "mypassword", "--device", OWN]);
const SCAN: Central = landfall(&["scan", "--password", "abcd1234"]);
#[rustfmt::skip]
const OUR_ESP_PROV: Central = Central::EspProv(&["--sec_ver", "2", "--sec2_username", "wifiprov", "--sec2_pwd", "abcd1234", "--ssid", "myssid", "--passphrase", "mypassword"]);

/// An address that a device made up, and one of another service.
const OWN: &str = "C0:DE:00:00:00:09";
const SERVICE: &str = "1775244d-6b43-439b-877c-060f2d9bed07";

/// Manufacturer data of 25 bytes.
const MUCH: &str = "e502000102030405060708090a0b0c0d0e0f10111213141516";

/// A world in which a scan takes its time.
const SLOW: &[&str] = &["--world", "peers/ble/slow.toml"];
/// A world in which joining does.
const JOINING: &[&str] = &["--world", "peers/ble/joining.toml"];
const SLOW_SCAN: Duration = Duration::from_secs(6);

/// Has the device for three seconds.
const OCCUPY: Central = script("occupy.py", &["3"]);
const OCCUPIED: Duration = Duration::from_secs(3);

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    // How our device shows itself, and what a client finds.
    case("advertising of our device", OURS, SEC2, script("advertising.py", &[])).prints("as specified"),
    case("advertising of our device, manufacturer data", OURS, SEC2, script("advertising.py", &["--manufacturer", "e502010203"])).with(&["--manufacturer-data", "e502010203"]).prints("as specified"),
    case("advertising of our device, more manufacturer data than there is room for", OURS, SEC2, script("advertising.py", &["--manufacturer", MUCH])).with(&["--manufacturer-data", MUCH]).prints("as specified"),
    case("advertising of our device, another service, an address of its own", OURS, SEC2, script("advertising.py", &["--service", SERVICE, "--address", OWN])).with(&["--service-uuid", SERVICE, "--ble-address", OWN]).prints("as specified"),
    case("table of our device", OURS, SEC2, script("table.py", &[])).prints("as specified"),
    case("table of our device, with notifications", OURS, SEC2, script("table.py", &["--notify"])).with(&["--ble-notify"]).prints("as specified"),

    // Clients that nobody here wrote.
    case("esp_prov to our device, security 0", OURS, SEC0, ESP0),
    case("esp_prov to our device, security 1", OURS, SEC1, ESP1),
    case("esp_prov to our device, security 2", OURS, SEC2, ESP2),
    case("esp_prov to our device, security 2, MTU 23", OURS, SEC2, central(&["esp_prov", "23", "2", "abcd1234", "myssid", "mypassword"])),
    case("esp_prov to our device, security 2, MTU 185", OURS, SEC2, central(&["esp_prov", "185", "2", "abcd1234", "myssid", "mypassword"])),
    case("esp_prov to our device, security 2, MTU 256", OURS, SEC2, central(&["esp_prov", "256", "2", "abcd1234", "myssid", "mypassword"])),
    case("esp_prov to our device, wrong proof of possession", OURS, SEC1, central(&["esp_prov", "517", "1", "wrong", "myssid", "mypassword"])).ends(3, "session refused"),
    case("esp_prov to our device, wrong Wi-Fi password", OURS, SEC2, central(&["esp_prov", "517", "2", "abcd1234", "myssid", "notmypassword"])).ends(1, "RESULT"),
    case("esp_prov to our device, a scan that takes long", OURS, SEC2, ESP2).with(SLOW).takes(SLOW_SCAN),
    case("esp_prov to our device, gone after every request and back again", OURS, SEC2, central(&["esp_prov", "517", "2", "abcd1234", "myssid", "mypassword", "--leave"])),
    case("esp_prov to our device, while somebody else has it", OURS, SEC2, ESP2).after(OCCUPY).takes(OCCUPIED),
    case("esp_prov to our device, another service", OURS, SEC2, ESP2).with(&["--service-uuid", SERVICE]),
    case("esp_prov to our device, with notifications", OURS, SEC2, ESP2).with(&["--ble-notify"]),
    case("esp_prov to our device, which demands encryption", OURS, SEC2, ESP2).with(&["--ble-encryption"]).prints("paired"),
    case("esp_prov to our device, which leaves the air then", OURS_ENDS, SEC2, UNTIL_OFF),
    case("esp_prov to our device, which keeps Bluetooth on then", OURS_ENDS, SEC2, UNTIL_REFUSING).with(&["--keep-ble-on"]),
    case("esp_prov to our device, which keeps Bluetooth on and disconnects", OURS_ENDS, SEC2, UNTIL_OFF).with(&["--keep-ble-on=disconnect"]),
    case("Android to our device, security 0", OURS, SEC0, ANDROID0),
    case("Android to our device, security 1", OURS, SEC1, ANDROID1),
    case("Android to our device, security 2", OURS, SEC2, ANDROID2),
    case("Android to our device, another service", OURS, SEC1, ANDROID1).with(&["--service-uuid", SERVICE]),
    case("hostile client to our device", OURS, SEC2, script("hostile.py", &[])).prints("RESULT well"),
    case("unencrypted client to our device, which demands encryption", OURS, SEC2, script("encryption.py", &[])).with(&["--ble-encryption"]).prints("as specified"),

    // Our client to our device.
    case("our client to our device, security 0", OURS, SEC0, PROVISION0),
    case("our client to our device, security 1", OURS, SEC1, PROVISION1),
    case("our client to our device, security 2", OURS, SEC2, PROVISION2),
    case("our client to our device, security 2, MTU 23", OURS, SEC2, PROVISION2).with(&["--ble-mtu", "23"]),
    case("our client to our device, security 2, MTU 185", OURS, SEC2, PROVISION2).with(&["--ble-mtu", "185"]),
    case("our client to our device, security 2, MTU 508", OURS, SEC2, PROVISION2).with(&["--ble-mtu", "508"]),
    case("our client to our device, wrong password", OURS, SEC2, WRONG).ends(4, "wrong-secret"),
    case("our client to our device, a scan that takes long", OURS, SEC2, SCAN).with(SLOW).takes(SLOW_SCAN).prints("myssid"),
    // Of its requests 19 hands over the credentials, 21 has them applied, 25 is a question for the state.
    case("our client to our device, gone with the credentials", OURS, SEC2, PROVISION2).on(&["--cut", "19"]).prints("\"event\":\"reconnecting\""),
    case("our client to our device, gone with the answer to them", OURS, SEC2, PROVISION2).on(&["--cut", "20"]).prints("\"event\":\"reconnecting\""),
    case("our client to our device, gone as they are applied", OURS, SEC2, PROVISION2).on(&["--cut", "21"]).prints("\"event\":\"reconnecting\""),
    case("our client to our device, gone while it joins", OURS, SEC2, PROVISION2).with(JOINING).on(&["--cut", "25"]).prints("\"event\":\"reconnecting\""),
    case("our client to our device, while somebody else has it", OURS, SEC2, PROVISION2).after(OCCUPY).takes(OCCUPIED),
    case("our client to our device, another service", OURS, SEC2, PROVISION2).with(&["--service-uuid", SERVICE]),
    case("our client to our device, by its address", OURS, SEC2, BY_ADDRESS).with(&["--ble-address", OWN]),
    case("our client to our device, with notifications", OURS, SEC2, PROVISION2).with(&["--ble-notify"]),
    case("our client to our device, which demands encryption", OURS, SEC2, PROVISION2).with(&["--ble-encryption"]),

    case("our esp-prov to our device", OURS, SEC2, OUR_ESP_PROV),

    // The loop that runs on chips: its application is the one of the firmware, its Wi-Fi is played.
    case("table of our firmware", FIRMWARE, SEC2, script("table.py", &[])).prints("as specified"),
    case("esp_prov to our firmware, security 0", FIRMWARE, SEC0, ESP0),
    case("esp_prov to our firmware, security 1", FIRMWARE, SEC1, ESP1),
    case("esp_prov to our firmware, security 2", FIRMWARE, SEC2, ESP2),
    case("esp_prov to our firmware, wrong proof of possession", FIRMWARE, SEC1, central(&["esp_prov", "517", "1", "wrong", "myssid", "mypassword"])).ends(3, "session refused"),
    case("esp_prov to our firmware, wrong Wi-Fi password", FIRMWARE, SEC2, central(&["esp_prov", "517", "2", "abcd1234", "myssid", "notmypassword"])).ends(1, "RESULT"),
    case("esp_prov to our firmware, gone after every request and back again", FIRMWARE, SEC2, central(&["esp_prov", "517", "2", "abcd1234", "myssid", "mypassword", "--leave"])),
    case("esp_prov to our firmware, while somebody else has it", FIRMWARE, SEC2, ESP2).after(OCCUPY).takes(OCCUPIED),
    case("esp_prov to our firmware, which demands encryption", FIRMWARE, SEC2, ESP2).with(&["--ble-encryption"]).prints("paired"),
    case("esp_prov to our firmware, which leaves the air then", FIRMWARE_ENDS, SEC2, UNTIL_OFF),
    case("esp_prov to our firmware, which keeps Bluetooth on then", FIRMWARE_ENDS, SEC2, UNTIL_REFUSING).with(&["--keep-ble-on"]),
    case("esp_prov to our firmware, which keeps Bluetooth on and disconnects", FIRMWARE_ENDS, SEC2, UNTIL_OFF).with(&["--keep-ble-on=disconnect"]),
    case("Android to our firmware, security 1", FIRMWARE, SEC1, ANDROID1),
    case("Android to our firmware, security 2", FIRMWARE, SEC2, ANDROID2),
    case("hostile client to our firmware", FIRMWARE, SEC2, script("hostile.py", &[])).prints("RESULT well"),
    case("our client to our firmware, security 0", FIRMWARE, SEC0, PROVISION0),
    case("our client to our firmware, security 1", FIRMWARE, SEC1, PROVISION1),
    case("our client to our firmware, security 2", FIRMWARE, SEC2, PROVISION2),
    case("our client to our firmware, MTU 23", FIRMWARE, SEC2, PROVISION2).with(&["--ble-mtu", "23"]),
    case("our client to our firmware, wrong password", FIRMWARE, SEC2, WRONG).ends(4, "wrong-secret"),
    case("our client to our firmware, a scan that takes long", FIRMWARE, SEC2, SCAN).with(&["--scan-ms", "6000"]).takes(SLOW_SCAN).prints("myssid"),
    case("our client to our firmware, gone as they are applied", FIRMWARE, SEC2, PROVISION2).on(&["--cut", "21"]).prints("\"event\":\"reconnecting\""),
    case("our client to our firmware, gone while it joins", FIRMWARE, SEC2, PROVISION2).with(&["--join-ms", "2000"]).on(&["--cut", "25"]).prints("\"event\":\"reconnecting\""),
    case("our esp-prov to our firmware", FIRMWARE, SEC2, OUR_ESP_PROV),

    // Our client to devices that nobody here wrote.
    case("our esp-prov to NimBLE", NIMBLE, SEC2, OUR_ESP_PROV),
    case("our client to NimBLE, security 1", NIMBLE, SEC1, PROVISION1),
    case("our client to NimBLE, security 2", NIMBLE, SEC2, PROVISION2),
    case("our client to NimBLE, wrong password", NIMBLE, SEC2, WRONG).ends(4, "wrong-secret"),
    case("our client to NimBLE, which demands encryption", ENCRYPTED, SEC2, PROVISION2),
    case("our client to NimBLE, a scan that takes long", NIMBLE, SEC2, SCAN).with(SLOW).takes(SLOW_SCAN).prints("myssid"),
    case("our client to NimBLE without names", NAMELESS, SEC1, PROVISION1),
    case("our client to Bluedroid, security 1", BLUEDROID, SEC1, PROVISION1),
    case("our client to Bluedroid, security 2", BLUEDROID, SEC2, PROVISION2),
    case("our client to Bluedroid, wrong password", BLUEDROID, SEC2, WRONG).ends(4, "wrong-secret"),

    // The scripts themselves.
    case("esp_prov to NimBLE: the script itself", NIMBLE, SEC2, central(&["esp_prov", "23", "2", "abcd1234", "myssid", "mypassword"])),
    case("Android to Bluedroid: the script itself", BLUEDROID, SEC2, ANDROID2),
    case("esp_prov to NimBLE, which demands encryption: the script itself", ENCRYPTED, SEC2, ESP2).prints("paired"),
    case("table of NimBLE: the script itself", NIMBLE, SEC2, script("table.py", &[])).prints("as specified"),
    case("encryption of NimBLE: the script itself", ENCRYPTED, SEC2, script("encryption.py", &[])).prints("as specified"),
    case("no encryption of NimBLE: the script itself", NIMBLE, SEC2, script("encryption.py", &[])).ends(1, "RESULT other than specified"),
    case("hostile client to NimBLE: the script itself", NIMBLE, SEC2, script("hostile.py", &[])).prints("RESULT well"),
    case("hostile client to a careless device: the script itself", CARELESS, SEC2, script("hostile.py", &[])).ends(1, "RESULT failed: values of any length, an empty write keeps the response, writes to what cannot be written, writes without response, unknown requests, every truncation of every request\n"),
    case("hostile client to a leaking device: the script itself", LEAKING, SEC2, script("hostile.py", &[])).ends(1, "the next client may go on with the session"),
];

/// A case that ends well, unless it says otherwise.
const fn case(name: &'static str, device: Peripheral, security: &'static [&'static str], client: Central) -> Case {
    Case {
        name,
        device,
        security,
        options: &[],
        air: &[],
        before: None,
        client,
        expect: 0,
        prints: match client {
            Central::Script(..) => "RESULT connected",
            Central::Landfall(_) => "\"event\":\"joined\"",
            Central::EspProv(_) => "Provisioning was successful",
        },
        at_least: Duration::ZERO,
    }
}

impl Case {
    const fn with(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }

    const fn on(self, air: &'static [&'static str]) -> Self {
        Self { air, ..self }
    }

    const fn after(self, before: Central) -> Self {
        Self {
            before: Some(before),
            ..self
        }
    }

    const fn takes(self, at_least: Duration) -> Self {
        Self { at_least, ..self }
    }

    const fn prints(self, prints: &'static str) -> Self {
        Self { prints, ..self }
    }

    const fn ends(self, expect: i32, prints: &'static str) -> Self {
        Self { expect, prints, ..self }
    }
}
