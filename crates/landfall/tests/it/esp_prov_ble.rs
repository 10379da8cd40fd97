//! `esp-prov --transport ble` in its console mode: the user works the device's characteristics with a tool.

use landfall_protocomm::{
    device::Security,
    wire::{ConfigRequest, ConfigResponse, Connected, StationDetail, StationState, StationStatus, Status},
};

use crate::{
    esp_prov_fake::{Fake, encoded},
    esp_prov_user::{Behind, OverHttp, Screen, assert_documented, converse, hex, unhex},
    support::{Device, Finished, redact},
};

const EXAMPLE: &str = "021a9004-0382-4aea-bff4-6b3f1c5adfb4";
const COMPONENT: &str = "1775244d-6b43-439b-877c-060f2d9bed07";
const EARLY: &str = "0000ffff-0000-1000-8000-00805f9b34fb";
const NETWORK: [&str; 4] = ["--ssid", "myssid", "--passphrase", "mypassword"];

/// A person whose tool shows the service with this UUID.
struct Person<B> {
    service: &'static str,
    behind: B,
    /// What was written, by endpoint.
    written: Vec<(String, Vec<u8>)>,
}

impl<B: Behind> Person<B> {
    fn new(service: &'static str, behind: B) -> Self {
        Self {
            service,
            behind,
            written: Vec::new(),
        }
    }

    /// Answers every question truly.
    fn answer(&mut self, screen: &Screen<'_>) -> String {
        let question = screen.question();
        match question {
            "\t<< " => hex(&self.carry(screen)),
            "BLECLI >> Enter the service UUID that is listed (nothing if there is none) : " => {
                self.service.to_uppercase()
            }
            "Select AP by number (0 to rescan) : " => "1".into(),
            _ if question.contains("service UUID") => yes_or_no(question.contains(self.service)),
            _ if question.contains("characteristic UUID") => {
                let uuid = question.split('\'').nth(1).expect("a UUID in quotes");
                yes_or_no(endpoint(self.service, uuid).is_some())
            }
            _ => yes_or_no(true),
        }
    }

    /// Writes what the screen shows and reads the answer.
    fn carry(&mut self, screen: &Screen<'_>) -> Vec<u8> {
        let uuid = screen.last("BLECLI >> Write following data to characteristic with UUID '");
        let endpoint = endpoint(self.service, uuid.trim_end_matches("' :")).expect("a characteristic of the service");
        let request = unhex(screen.last("\t>> "));
        let answer = self.behind.answer(endpoint, &request).unwrap_or_default();
        self.written.push((endpoint.to_owned(), request));
        answer
    }
}

fn yes_or_no(yes: bool) -> String {
    if yes { "y".into() } else { "n".into() }
}

/// The endpoint behind a characteristic (spec transports.md 1.1).
fn endpoint(service: &str, uuid: &str) -> Option<&'static str> {
    if uuid.get(..4) != service.get(..4) || uuid.get(8..) != service.get(8..) {
        return None;
    }
    match uuid.get(4..8)? {
        "ff4f" => Some("prov-ctrl"),
        "ff50" => Some("prov-scan"),
        "ff51" => Some("prov-session"),
        "ff52" => Some("prov-config"),
        "ff53" => Some("proto-ver"),
        "ff54" => Some("custom-data"),
        _ => None,
    }
}

/// Runs `esp-prov` with a person who answers truly.
fn over_ble(person: &mut Person<impl Behind>, args: &[&str]) -> Finished {
    converse(&[&["--transport", "ble"], args].concat(), |screen| {
        Some(person.answer(screen))
    })
}

/// The questions about what the tool lists, as UUIDs with the answers.
fn listed(finished: &Finished) -> Vec<(&str, &str)> {
    let lines = finished.stdout.lines().filter(|line| line.contains("listed among"));
    lines
        .map(|line| {
            let uuid = line.split('\'').nth(1).expect("a UUID in quotes");
            (uuid, line.rsplit(' ').next().expect("an answer"))
        })
        .collect()
}

#[test]
fn data_carried_by_hand_provisions_a_device() {
    let device = Device::start(&["--sec-ver", "0"]);
    let mut person = Person::new(EXAMPLE, OverHttp::new(&device.host));
    let finished = over_ble(
        &mut person,
        &[&["--service_name", "PROV_261FCC"], &NETWORK[..]].concat(),
    );
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let screen = redact(&finished.stdout);
    insta::assert_snapshot!(screen);
    assert_documented(&screen);
}

#[test]
fn a_network_is_chosen_from_a_scan_in_pages_of_four() {
    let device = Device::start(&["--sec-ver", "1"]);
    let mut person = Person::new(COMPONENT, OverHttp::new(&device.host));
    let args = ["--pop", "abcd1234", "--passphrase", "wrong", "--custom_data", "hello"];
    let mut asked = 0;
    let finished = converse(&[&["--transport", "ble"], &args[..]].concat(), |screen| {
        asked += usize::from(screen.question().starts_with("Select"));
        (asked == 0).then(|| person.answer(screen))
    });
    device.wait_for("Received data: hello");
    assert!(
        finished
            .stdout
            .contains("BLECLI >> Please connect to the BLE device manually using your tool of choice\n"),
        "{}",
        finished.stdout
    );
    assert_eq!(
        listed(&finished),
        [
            (EXAMPLE, "n"),
            (COMPONENT, "y"),
            ("1775ff53-6b43-439b-877c-060f2d9bed07", "y"),
            ("1775ff51-6b43-439b-877c-060f2d9bed07", "y"),
            ("1775ff52-6b43-439b-877c-060f2d9bed07", "y"),
            ("1775ff50-6b43-439b-877c-060f2d9bed07", "y"),
            ("1775ff54-6b43-439b-877c-060f2d9bed07", "y"),
        ]
    );
    let scans = person.written.iter().filter(|(endpoint, _)| endpoint == "prov-scan");
    assert_eq!(scans.count(), 4, "start, status, four entries, the fifth");
}

#[test]
fn security_2_works_with_any_service() {
    let device = Device::start(&[]);
    let service = "12345678-9abc-def0-1234-56789abcdef0";
    let mut person = Person::new(service, OverHttp::new(&device.host));
    let args = ["--sec2_username", "wifiprov", "--sec2_pwd", "abcd1234"];
    let finished = over_ble(&mut person, &[&args[..], &NETWORK].concat());
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    assert_eq!(listed(&finished)[..3], [(EXAMPLE, "n"), (COMPONENT, "n"), (EARLY, "n")]);
    let versions = person.written.iter().filter(|(endpoint, _)| endpoint == "proto-ver");
    assert_eq!(versions.count(), 1, "what never changes is asked for once");
}

#[test]
fn control_commands_need_their_own_characteristic_and_no_scan() {
    let device = Device::start(&["--sec-ver", "0"]);
    let mut person = Person::new(EARLY, OverHttp::new(&device.host));
    let finished = over_ble(&mut person, &["--reset", "--custom_data", "x"]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(
        listed(&finished).last(),
        Some(&("0000ff4f-0000-1000-8000-00805f9b34fb", "y"))
    );
    assert!(
        finished.stdout.contains("==== Resetting WiFi====\n"),
        "{}",
        finished.stdout
    );
}

#[test]
fn what_the_tool_does_not_list_is_told_and_ends_with_1() {
    for (refused, expected) in [
        (
            "Was the device connected successfully?",
            "Failed to initialize transport\n",
        ),
        ("service UUID", "Provisioning service not found\n"),
        ("021aff53", "'proto-ver' endpoint not found\n"),
        ("021aff51", "'prov-session' endpoint not found\n"),
        ("021aff52", "'prov-config' endpoint not found\n"),
        ("021aff50", "'prov-scan' endpoint not found\n"),
    ] {
        let finished = converse(&["--transport", "BLE"], |screen| {
            Some(match screen.question() {
                question if question.ends_with(" : ") => String::new(),
                question => yes_or_no(!question.contains(refused)),
            })
        });
        assert!(finished.stdout.ends_with(expected), "{}", finished.stdout);
        finished.assert_raised("RuntimeError: Failed to establish connection");
    }
}

#[test]
fn text_that_is_no_data_is_explained_and_asked_for_again() {
    let device = Device::start(&["--sec-ver", "0"]);
    let mut person = Person::new(EXAMPLE, OverHttp::new(&device.host));
    let mut nonsense = vec!["Insufficient Authentication (0x05)", "timeout"];
    let finished = converse(&["--transport", "ble", "--reset"], |screen| {
        if screen.question() == "\t<< " && !nonsense.is_empty() {
            return nonsense.pop().map(str::to_owned);
        }
        Some(person.answer(screen))
    });
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    let expected = "\t<< timeout\n\
        BLECLI >> This is not hex: enter two digits a byte as your tool shows them, or nothing if the write failed\n\
        \t<< Insufficient Authentication (0x05)\n\
        BLECLI >> The device wants an encrypted link: pair with it in your tool, write the data again, and enter what \
        you read then\n\
        \t<< ";
    assert!(finished.stdout.contains(expected), "{}", finished.stdout);
}

#[test]
fn a_characteristic_that_only_turns_out_to_be_needed_is_asked_for_then() {
    // A Thread device, for which a network of Wi-Fi was named.
    struct ThreadDevice;
    impl Behind for ThreadDevice {
        fn answer(&mut self, endpoint: &str, _request: &[u8]) -> Option<Vec<u8>> {
            match endpoint {
                "proto-ver" => Some(
                    br#"{"prov":{"ver":"netprov-v1.2","sec_ver":0,"cap":["no_sec","thread_prov","thread_scan"]}}"#
                        .to_vec(),
                ),
                "prov-session" => Some(unhex("52050801aa0100")),
                _ => None,
            }
        }
    }
    let mut person = Person::new(EXAMPLE, ThreadDevice);
    let finished = converse(&[&["--transport", "ble"], &NETWORK[..]].concat(), |screen| {
        Some(match screen.question() {
            question if question.contains("021aff50") => "n".into(),
            _ => person.answer(screen),
        })
    });
    assert_eq!(finished.code, 1);
    assert!(
        finished
            .stdout
            .contains("listed among available attributes? [y/n] n\nInvalid endpoint: prov-scan\n"),
        "{}",
        finished.stdout
    );
}

#[test]
fn input_that_ends_ends_the_run_whatever_it_was_asked() {
    let device = Device::start(&["--sec-ver", "0"]);
    for answers in 0..9 {
        let mut person = Person::new(EXAMPLE, OverHttp::new(&device.host));
        let mut left = answers;
        let finished = converse(&[&["--transport", "ble"], &NETWORK[..]].concat(), |screen| {
            left -= 1;
            (left >= 0).then(|| person.answer(screen))
        });
        finished.assert_raised("EOFError: EOF when reading a line");
    }
}

/// A device as old as the one of the seed's transcript: it answers SUCCESS to the version that it speaks.
fn old_device() -> Fake {
    let security = Security::Security1 { pop: Some(b"abcd1234") };
    Fake::new(security, |endpoint, request| match endpoint {
        "proto-ver" => (request == b"V0.1").then(|| b"SUCCESS".to_vec()),
        "prov-config" => old_config(ConfigRequest::decode(request).ok()?),
        _ => None,
    })
}

fn old_config(request: ConfigRequest<'_>) -> Option<Vec<u8>> {
    let connected = Connected {
        ip4_addr: b"192.168.43.243",
        auth_mode: 3.into(),
        ssid: b"MyHomeWiFi1",
        bssid: b"\x78\x8a\x20\x84\x19\x96",
        channel: 1,
    };
    let response = match request {
        ConfigRequest::SetConfig(_) => ConfigResponse::SetConfig(Status::Success),
        ConfigRequest::ApplyConfig => ConfigResponse::ApplyConfig(Status::Success),
        ConfigRequest::GetStatus => ConfigResponse::GetStatus(StationStatus {
            status: Status::Success,
            state: StationState::Connected,
            detail: Some(StationDetail::Connected(connected)),
        }),
        _ => return None,
    };
    Some(encoded(response.encoded_len(), |out| response.encode(out)))
}

/// The messages of the transcript at the end of the seed (spec protocol.md 10).
fn seed_messages() -> Vec<serde_json::Value> {
    let text = include_str!("../../../landfall-protocomm/tests/vectors/seed_transcript.json");
    let vectors: serde_json::Value = serde_json::from_str(text).expect("JSON");
    vectors["messages"].as_array().expect("a list").clone()
}

#[test]
fn a_device_as_old_as_the_seed_s_transcript_is_provisioned_with_its_dialogue() {
    let mut person = Person::new(EARLY, old_device());
    let args = [
        "--service_name",
        "PROV_261FCC",
        "--proto_ver",
        "V0.1",
        "--sec_ver",
        "1",
        "--pop",
        "abcd1234",
        "--ssid",
        "MyHomeWiFi1",
        "--passphrase",
        "password",
    ];
    let finished = over_ble(&mut person, &args);
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);

    // The same requests to the same endpoints, of the same lengths; those in the clear with the same values.
    let messages = seed_messages();
    let recorded = messages
        .iter()
        .filter(|message| message["direction"] == "client->device");
    let expected: Vec<(&str, usize)> = recorded
        .map(|message| {
            let length = message["length"].as_u64().expect("a number");
            (
                message["endpoint"].as_str().expect("a name"),
                usize::try_from(length).expect("short"),
            )
        })
        .collect();
    let written: Vec<(&str, usize)> = person
        .written
        .iter()
        .map(|(endpoint, request)| (endpoint.as_str(), request.len()))
        .collect();
    assert_eq!(written, expected);
    assert_eq!(person.written[0].1, unhex(messages[0]["hex"].as_str().expect("hex")));
    for (request, index, header) in [(1, 2, 9), (2, 4, 11)] {
        let recorded = unhex(messages[index]["hex"].as_str().expect("hex"));
        assert_eq!(person.written[request].1[..header], recorded[..header]);
    }
    insta::assert_snapshot!(without_data(&finished.stdout));
}

/// The dialogue without what is random in it.
fn without_data(screen: &str) -> String {
    let line = |line: &str| match line.split_at_checked(4) {
        Some((arrows @ ("\t>> " | "\t<< "), data)) => format!("{arrows}({} bytes)\n", data.len() / 2),
        _ => format!("{line}\n"),
    };
    screen.lines().map(line).collect()
}
