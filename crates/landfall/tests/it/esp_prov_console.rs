//! `esp-prov --transport console`: the user copies lines between `esp-prov` and the device's console.

use std::{
    fs::File,
    io::{Read as _, Write as _},
};

use landfall_protocomm::wire::{ScanRequest, ScanStart};
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

use crate::{
    esp_prov_user::{Behind, OverHttp, Screen, assert_documented, converse, hex, unhex},
    support::{Device, ESP_PROV, Finished, command, redact, with_input},
};

const NETWORK: [&str; 4] = ["--ssid", "myssid", "--passphrase", "mypassword"];

/// Carries what the screen shows to `device`, and gives the answer as the device's console prints it.
fn carry(screen: &Screen<'_>, device: &mut impl Behind) -> String {
    let line = screen.last("Client->Device msg : ");
    let (endpoint, rest) = line.split_once(' ').expect("an endpoint");
    let request = unhex(rest.strip_prefix("0 ").expect("the session's number is 0"));
    hex(&device.answer(endpoint, &request).unwrap_or_default())
}

/// Runs `esp-prov` over the console of `device`.
fn over_console(device: &Device, args: &[&str]) -> Finished {
    let mut behind = OverHttp::new(&device.host);
    converse(&[&["--transport", "console"], args].concat(), |screen| {
        assert_eq!(screen.question(), "Enter device->client msg : ");
        Some(carry(screen, &mut behind))
    })
}

#[test]
fn lines_copied_by_hand_provision_a_device() {
    let device = Device::start(&["--sec-ver", "0", "--generation", "network"]);
    let finished = over_console(&device, &NETWORK);
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    let screen = redact(&finished.stdout);
    insta::assert_snapshot!(screen);
    assert_documented(&screen);
}

#[test]
fn a_network_is_chosen_from_a_scan_over_the_console() {
    let device = Device::start(&["--sec-ver", "1"]);
    let mut behind = OverHttp::new(&device.host);
    let args = ["--transport", "console", "--pop", "abcd1234", "--passphrase", ""];
    let finished = converse(&args, |screen| {
        Some(match screen.question() {
            "Select AP by number (0 to rescan) : " => "5".into(),
            _ => carry(screen, &mut behind),
        })
    });
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    assert!(
        finished.stdout.contains("++++ Scan results : 5\n"),
        "{}",
        finished.stdout
    );
    device.wait_for("InsecureWiFiAP");
}

#[test]
fn security_2_works_over_a_console_with_long_lines_and_is_warned_of_once() {
    let device = Device::start(&[]);
    let user = ["--sec2_username", "wifiprov", "--sec2_pwd", "abcd1234"];
    let finished = over_console(&device, &[&user[..], &NETWORK].concat());
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    assert_eq!(
        finished.stderr,
        "warning: this line has 827 characters, and devices with Espressif's console take at most 255: if yours is \
         one of them, it cannot use security 2 here\n"
    );
}

#[test]
fn answers_are_taken_in_any_form_that_terminals_show_them_in() {
    let device = Device::start(&["--sec-ver", "0"]);
    let mut behind = OverHttp::new(&device.host);
    let mut asked = 0;
    let finished = converse(&["--transport", "console", "--reset"], |screen| {
        asked += 1;
        Some(match asked {
            // The version, in capitals and with the end of a serial line.
            1 => format!("  {}\r", carry(screen, &mut behind).to_uppercase()),
            2 => "not hex".into(),
            3 => "abc".into(),
            // The session, byte by byte.
            4 => {
                let answer = unhex(&carry(screen, &mut behind));
                let bytes: Vec<String> = answer.iter().map(|byte| format!("0x{byte:02X}")).collect();
                bytes.join(" ")
            }
            _ => carry(screen, &mut behind),
        })
    });
    assert_eq!((finished.code, asked), (0, 5), "{}{}", finished.stdout, finished.stderr);
    let complaint = "This is not hex: paste the line that the device printed, or nothing if it printed none\n";
    assert_eq!(finished.stdout.matches(complaint).count(), 2, "{}", finished.stdout);
    assert!(
        finished.stdout.contains("==== Resetting WiFi====\n"),
        "{}",
        finished.stdout
    );
}

/// A terminal program on the device's console.
struct Terminal {
    port: File,
}

impl Terminal {
    fn open(path: &str) -> Self {
        let port = File::options()
            .read(true)
            .write(true)
            .open(path)
            .expect("the port opens");
        let mut settings = tcgetattr(&port).expect("it is a terminal");
        settings.make_raw();
        // A device that says nothing for 10 s fails the test instead of holding it up.
        settings.special_codes[SpecialCodeIndex::VMIN] = 0;
        settings.special_codes[SpecialCodeIndex::VTIME] = 100;
        tcsetattr(&port, OptionalActions::Now, &settings).expect("it takes settings");
        Self { port }
    }
}

impl Behind for Terminal {
    /// Pastes the line, and copies what the device prints behind its echo.
    fn answer(&mut self, endpoint: &str, request: &[u8]) -> Option<Vec<u8>> {
        let line = format!("{endpoint} 0 {}", hex(request));
        self.port
            .write_all(format!("{line}\r").as_bytes())
            .expect("it takes the line");
        let (mut printed, mut byte) = (String::new(), [0]);
        let answer = loop {
            self.port.read_exact(&mut byte).expect("the device prints");
            printed.push(char::from(byte[0]));
            if let Some((_, rest)) = printed.split_once(&line)
                && rest.ends_with("\n>> ")
            {
                break rest;
            }
        };
        answer
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && *line != ">>")
            .map(unhex)
    }
}

#[test]
fn the_printed_lines_are_what_a_console_takes() {
    let device = Device::spawn(&["--transport", "console", "--sec-ver", "1"]);
    let path = device.wait_for("Listening on /dev/");
    let mut terminal = Terminal::open(path.rsplit(' ').next().expect("a path follows"));
    let args = ["--transport", "console", "--pop", "abcd1234"];
    let finished = converse(&[&args, &NETWORK[..]].concat(), |screen| {
        Some(carry(screen, &mut terminal))
    });
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    assert!(
        finished.stdout.ends_with("==== Provisioning was successful ====\n"),
        "{}",
        finished.stdout
    );
}

#[test]
fn an_empty_answer_is_a_refusal() {
    let device = Device::start(&["--sec-ver", "1"]);
    let finished = over_console(&device, &["--pop", "wrong"]);
    assert_eq!(finished.code, 1);
    assert!(
        finished.stdout.ends_with(
            "Connection Failure : the device gave no answer\n\
             Failed to establish session. Ensure that security scheme and proof of possession are correct\n"
        ),
        "{}",
        finished.stdout
    );
    finished.assert_raised("RuntimeError: Error in establishing session");
}

#[test]
fn input_that_ends_ends_the_run_whatever_it_was_asked() {
    let device = Device::start(&["--sec-ver", "0"]);
    for answers in 0..5 {
        let mut behind = OverHttp::new(&device.host);
        let mut left = answers;
        let finished = converse(&[&["--transport", "console"], &NETWORK[..]].concat(), |screen| {
            left -= 1;
            (left >= 0).then(|| carry(screen, &mut behind))
        });
        finished.assert_raised("EOFError: EOF when reading a line");
        assert!(
            finished.stdout.ends_with("Enter device->client msg : "),
            "{}",
            finished.stdout
        );
    }
}

#[test]
fn a_pipe_that_never_makes_sense_is_given_up() {
    let command = command(ESP_PROV, &["--transport", "console"]);
    let finished = with_input(command, &"no hex\n".repeat(1000));
    finished.assert_raised("ValueError: too many answers that make no sense");
}

#[test]
fn a_scan_over_the_console_asks_for_all_channels_at_once_and_for_all_entries() {
    let device = Device::start(&["--sec-ver", "0"]);
    let mut behind = OverHttp::new(&device.host);
    let mut asked = Vec::new();
    converse(&["--transport", "console"], |screen| {
        if screen.question().starts_with("Select") {
            return None;
        }
        if let Some(request) = screen.last("Client->Device msg : ").strip_prefix("prov-scan 0 ") {
            asked.push(ScanRequest::decode(&unhex(request)).expect("a request for a scan"));
        }
        Some(carry(screen, &mut behind))
    });
    let start = ScanStart {
        blocking: true,
        passive: false,
        group_channels: 0,
        period_ms: 120,
    };
    let entries = ScanRequest::Result {
        start_index: 0,
        count: 5,
    };
    assert_eq!(asked, [ScanRequest::Start(start), ScanRequest::Status, entries]);
}
