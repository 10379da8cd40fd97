//! `esp-prov` with a device that attaches to Thread.

use std::sync::{Arc, Mutex};

use landfall_protocomm::{
    device::Security,
    wire::{
        ConfigRequest, ConfigResponse, CtrlRequest, CtrlResponse, Entries, ScanRequest, ScanResponse, ScanResponseBody,
        Status, ThreadAttached, ThreadDetail, ThreadFailReason, ThreadScanEntry, ThreadState, ThreadStatus,
    },
};

use crate::{
    esp_prov_fake::{Fake, encoded},
    esp_prov_user::{hex, unhex},
    support::{ESP_PROV, Finished, command, with_input},
};

const POP: [&str; 2] = ["--pop", "abcd1234"];
const KEY: &str = "00112233445566778899aabbccddeeff";

/// What a Thread device does, and what it was asked.
struct Settings {
    capabilities: &'static str,
    networks: &'static [ThreadScanEntry<'static>],
    /// What it says of itself, one answer after the other; the last stays.
    states: Vec<ThreadStatus<'static>>,
    /// How it answers a dataset.
    dataset: Status,
    /// How it answers the wish to join.
    applied: Status,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            capabilities: r#""thread_prov", "thread_scan""#,
            networks: &NETWORKS,
            states: vec![attaching(), attached()],
            dataset: Status::Success,
            applied: Status::Success,
        }
    }
}

/// Requests as they arrived, decrypted.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Request>>>);

struct Request {
    endpoint: String,
    message: Vec<u8>,
}

impl Seen {
    /// The requests to `endpoint`.
    fn of(&self, endpoint: &str) -> Vec<Vec<u8>> {
        let all = self.0.lock().expect("the device does not panic");
        let of = all.iter().filter(|request| request.endpoint == endpoint);
        of.map(|request| request.message.clone()).collect()
    }

    /// The dataset that was sent, in hex.
    #[track_caller]
    fn dataset(&self) -> String {
        let requests = self.of("prov-config");
        let datasets: Vec<String> = requests
            .iter()
            .filter_map(|request| match ConfigRequest::decode(request) {
                Ok(ConfigRequest::SetThreadConfig { dataset }) => Some(hex(dataset)),
                _ => None,
            })
            .collect();
        assert_eq!(datasets.len(), 1, "{datasets:?}");
        datasets[0].clone()
    }
}

/// Two networks with the same name, and one without; five in all, so that they come in two pages.
static NETWORKS: [ThreadScanEntry<'static>; 5] = [
    entry(0x1234, 15, b"OpenThread", -45),
    entry(0x001a, 25, b"Garden", -60),
    entry(0xabcd, 11, b"OpenThread", -70),
    entry(0x0001, 12, b"", -80),
    entry(0xfffe, 26, b"caf\xc3\xa9\x1b[2J", -90),
];

const fn entry(pan_id: u32, channel: u32, network_name: &'static [u8], rssi: i32) -> ThreadScanEntry<'static> {
    ThreadScanEntry {
        pan_id,
        channel,
        rssi,
        lqi: 3,
        ext_addr: &[0x8a, 1, 2, 3, 4, 5, 6, 7],
        network_name,
        ext_pan_id: &[0xde, 0xad, 0, 0xbe, 0xef, 0, 0xca, 0xfe],
    }
}

fn attaching() -> ThreadStatus<'static> {
    state(ThreadState::Attaching, None)
}

fn attached() -> ThreadStatus<'static> {
    let attached = ThreadAttached {
        pan_id: 0x1a,
        ext_pan_id: &[0xde, 0xad, 0, 0xbe, 0xef, 0, 0xca, 0xfe],
        channel: 25,
        name: b"Garden",
    };
    state(ThreadState::Attached, Some(ThreadDetail::Attached(attached)))
}

fn failed(reason: Option<ThreadFailReason>) -> ThreadStatus<'static> {
    state(ThreadState::AttachingFailed, reason.map(ThreadDetail::FailReason))
}

fn state(state: ThreadState, detail: Option<ThreadDetail<'static>>) -> ThreadStatus<'static> {
    ThreadStatus {
        status: Status::Success,
        state,
        detail,
    }
}

/// A Thread device on a port of this machine: its address, and what it sees.
fn device(settings: Settings) -> (String, Seen) {
    let seen = Seen::default();
    let record = seen.clone();
    let mut states = settings.states.into_iter();
    let mut state = states.next().expect("a state");
    let fake = Fake::new(
        Security::Security1 { pop: Some(b"abcd1234") },
        move |endpoint, request| {
            record.0.lock().expect("readers do not panic").push(Request {
                endpoint: endpoint.to_owned(),
                message: request.to_vec(),
            });
            match endpoint {
                "proto-ver" => Some(version(settings.capabilities)),
                "prov-scan" => Some(scan(ScanRequest::decode(request).ok()?, settings.networks)),
                "prov-ctrl" => Some(control(CtrlRequest::decode(request).ok()?)),
                _ => {
                    let response = match ConfigRequest::decode(request).ok()? {
                        ConfigRequest::SetThreadConfig { .. } => ConfigResponse::SetThreadConfig(settings.dataset),
                        ConfigRequest::ApplyThreadConfig => ConfigResponse::ApplyThreadConfig(settings.applied),
                        ConfigRequest::GetThreadStatus => {
                            let now = state;
                            state = states.next().unwrap_or(now);
                            ConfigResponse::GetThreadStatus(now)
                        }
                        _ => return None,
                    };
                    Some(encoded(response.encoded_len(), |out| response.encode(out)))
                }
            }
        },
    );
    (fake.serve(), seen)
}

fn version(capabilities: &str) -> Vec<u8> {
    format!(r#"{{"prov":{{"ver":"netprov-v1.2","sec_ver":1,"sec_patch_ver":0,"cap":[{capabilities}]}}}}"#).into_bytes()
}

fn scan(request: ScanRequest, networks: &[ThreadScanEntry<'_>]) -> Vec<u8> {
    let body = match request {
        ScanRequest::ThreadStart { .. } => ScanResponseBody::ThreadStart,
        ScanRequest::ThreadStatus => ScanResponseBody::ThreadStatus {
            scan_finished: true,
            result_count: networks.len() as u32,
        },
        ScanRequest::ThreadResult { start_index, count } => {
            let from = start_index as usize;
            ScanResponseBody::ThreadResult(Entries::List(&networks[from..from + count as usize]))
        }
        other => panic!("a Thread device is not asked this: {other:?}"),
    };
    let response = ScanResponse {
        status: Status::Success,
        body,
    };
    encoded(response.encoded_len(), |out| response.encode(out))
}

fn control(request: CtrlRequest) -> Vec<u8> {
    let status = match request {
        CtrlRequest::ThreadReset => Status::Success,
        _ => Status::InternalError,
    };
    let response = CtrlResponse {
        status,
        answers: request,
    };
    encoded(response.encoded_len(), |out| response.encode(out))
}

/// Runs `esp-prov` against the device at `host`.
fn esp_prov(host: &str, args: &[&str], input: &str) -> Finished {
    let all = [&["--transport", "softap", "--service_name", host], &POP[..], args].concat();
    with_input(command(ESP_PROV, &all), input)
}

#[test]
fn a_network_is_chosen_by_number_and_its_key_asked_for() {
    let (host, seen) = device(Settings::default());
    // A number that is none, another scan, the second network, a key that is none, its key.
    let finished = esp_prov(&host, &["--custom_data", "x"], &format!("6\n0\n2\nshort\n{KEY}\n"));
    insta::assert_snapshot!(finished.redacted());
    // Entry 2 is Garden, and its small numbers have all their bytes.
    assert_eq!(
        seen.dataset(),
        format!(
            "0003000019{}0208dead00beef00cafe0306{}0510{KEY}",
            "0102001a",
            hex(b"Garden")
        )
    );
    assert_eq!(seen.of("custom-data"), Vec::<Vec<u8>>::new());
    let pages: Vec<ScanRequest> = seen
        .of("prov-scan")
        .iter()
        .map(|request| ScanRequest::decode(request).expect("a request"))
        .collect();
    let start = ScanRequest::ThreadStart {
        blocking: true,
        channel_mask: 0,
    };
    let page = |start_index, count| ScanRequest::ThreadResult { start_index, count };
    assert_eq!(pages[..4], [start, ScanRequest::ThreadStatus, page(0, 4), page(4, 1)]);
}

#[test]
fn a_given_dataset_is_sent_as_it_is() {
    let dataset = "0e080000000000010000000300000f0102";
    let (host, seen) = device(Settings::default());
    let finished = esp_prov(&host, &["--dataset_tlvs", &dataset.to_uppercase()], "");
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(finished.redacted());
    assert_eq!(seen.dataset(), dataset);
    assert_eq!(unhex(dataset).len(), 17);
}

#[test]
fn without_a_scan_the_dataset_is_asked_for() {
    let settings = Settings {
        capabilities: r#""thread_prov""#,
        ..Settings::default()
    };
    let (host, seen) = device(settings);
    let finished = esp_prov(&host, &[], "no hex\n0003 0000 0f\n");
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert!(
        finished.stdout.contains(
            "Enter Thread dataset tlvs string : a dataset is written in hex, two digits a byte\n\
             Enter Thread dataset tlvs string : "
        ),
        "{}",
        finished.stdout
    );
    assert_eq!(seen.dataset(), "000300000f");
}

#[test]
fn a_dataset_that_is_none_ends_with_1_before_anything_is_sent() {
    for (dataset, expected) in [
        (
            "xyz",
            "ValueError: --dataset_tlvs: a dataset is written in hex, two digits a byte",
        ),
        (
            "",
            "ValueError: --dataset_tlvs: a dataset has 1 to 254 bytes, and this has 0",
        ),
    ] {
        let (host, seen) = device(Settings::default());
        let finished = esp_prov(&host, &["--dataset_tlvs", dataset], "");
        finished.assert_raised(expected);
        assert_eq!(seen.of("prov-config"), Vec::<Vec<u8>>::new());
    }
}

#[test]
fn a_device_that_refuses_to_join_ends_with_1() {
    let settings = Settings {
        applied: Status::InternalError,
        ..Settings::default()
    };
    let (host, _) = device(settings);
    let finished = esp_prov(&host, &["--dataset_tlvs", "00"], "");
    finished.assert_raised("RuntimeError: Error in apply Thread config");
}

#[test]
fn a_dataset_that_the_device_refuses_ends_with_1() {
    let settings = Settings {
        dataset: Status::InvalidArgument,
        ..Settings::default()
    };
    let (host, _) = device(settings);
    let finished = esp_prov(&host, &["--dataset_tlvs", "00"], "");
    assert!(
        finished
            .stdout
            .ends_with("\n==== Sending Thread Dataset to Target ====\n"),
        "{}",
        finished.stdout
    );
    finished.assert_raised("RuntimeError: Error in send Thread config");
}

#[test]
fn a_device_that_cannot_attach_says_why_and_may_be_late() {
    for (reason, line) in [
        (
            Some(ThreadFailReason::DatasetInvalid),
            "---- Failure reason: Invalid Dataset ----\n",
        ),
        // It reads as its number 0.
        (None, "---- Failure reason: Invalid Dataset ----\n"),
        (
            Some(ThreadFailReason::NetworkNotFound),
            "---- Failure reason: Network Not Found ----\n",
        ),
    ] {
        // More failures than the original would hear of, but within the time that it gives.
        let mut states = vec![attaching()];
        states.extend([failed(reason); 6]);
        states.push(attached());
        let settings = Settings {
            states,
            ..Settings::default()
        };
        let (host, _) = device(settings);
        let finished = esp_prov(&host, &["--dataset_tlvs", "00"], "");
        assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
        let told = format!(
            "\n==== Thread connection state  ====\n\
             ==== Thread state: Attaching Failed ====\n{line}\
             Waiting to poll status again (status failed, 2 tries left)...\n"
        );
        assert!(finished.stdout.contains(&told), "{}", finished.stdout);
        let end = "==== Thread state: Attached ====\n==== Provisioning was successful ====\n";
        assert!(finished.stdout.ends_with(end), "{}", finished.stdout);
    }
}

#[test]
fn attached_without_details_is_not_believed() {
    let settings = Settings {
        states: vec![state(ThreadState::Attached, None), attached()],
        ..Settings::default()
    };
    let (host, _) = device(settings);
    let finished = esp_prov(&host, &["--dataset_tlvs", "00"], "");
    assert_eq!(finished.code, 0);
    assert!(
        finished.stdout.contains(
            "\n==== Thread connection state  ====\n\
             Waiting to poll status again (status unknown, 2 tries left)...\n"
        ),
        "{}",
        finished.stdout
    );
}

#[test]
fn no_network_in_reach_ends_with_0() {
    let settings = Settings {
        networks: &[],
        ..Settings::default()
    };
    let (host, _) = device(settings);
    let finished = esp_prov(&host, &[], "");
    assert_eq!(finished.code, 0);
    assert!(
        finished.stdout.ends_with("sec\nNo Thread Networks found!\n"),
        "{}",
        finished.stdout
    );
}

#[test]
fn control_commands_are_those_of_thread() {
    let (host, seen) = device(Settings::default());
    let reset = esp_prov(&host, &["--reset"], "");
    assert_eq!(reset.code, 0);
    assert!(
        reset.stdout.ends_with("==== Resetting Thread====\n"),
        "{}",
        reset.stdout
    );
    let refused = esp_prov(&host, &["--reprov"], "");
    assert_eq!(refused.code, 0);
    assert!(
        refused.stdout.ends_with("==== Reprovisioning Thread====\n\n"),
        "{}",
        refused.stdout
    );
    assert_eq!(seen.of("prov-ctrl"), [vec![0x08, 5], vec![0x08, 7]]);
}

#[test]
fn a_device_of_the_newer_component_that_does_not_list_wifi_is_warned_of() {
    let settings = Settings {
        capabilities: r#""wifi_scan""#,
        ..Settings::default()
    };
    let (host, _) = device(settings);
    let finished = esp_prov(&host, &["--ssid", "x", "--passphrase", ""], "");
    assert!(
        finished.stdout.contains(
            "==== Session Established ====\n\
             Use wifi_provisioning for device without \"wifi_prov\" capabilities\n\
             The device might be using previous wifi_provisioning in ESP-IDF\n\
             \n==== Sending Wi-Fi Credentials to Target ====\n"
        ),
        "{}",
        finished.stdout
    );
}
