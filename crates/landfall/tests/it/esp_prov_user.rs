//! A person at `esp-prov` who carries requests to a device by hand and pastes its answers.

use core::time::Duration;
use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use landfall_client::{Transport as _, TransportError, http::HttpTransport};

use crate::support::{ESP_PROV, Finished, command};

/// What is behind the tool in the person's hands.
pub(crate) trait Behind {
    /// The device's answer; `None` if it gives none.
    fn answer(&mut self, endpoint: &str, request: &[u8]) -> Option<Vec<u8>>;
}

/// A simulated device, reached over HTTP.
pub(crate) struct OverHttp {
    runtime: tokio::runtime::Runtime,
    transport: HttpTransport,
}

impl OverHttp {
    pub(crate) fn new(host: &str) -> Self {
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            transport: HttpTransport::new(host).expect("an address"),
        }
    }
}

impl Behind for OverHttp {
    fn answer(&mut self, endpoint: &str, request: &[u8]) -> Option<Vec<u8>> {
        match self.runtime.block_on(self.transport.send(endpoint, request)) {
            Ok(answer) => Some(answer),
            Err(TransportError::Refused | TransportError::NoSuchEndpoint) => None,
            Err(error) => panic!("the simulated device cannot be asked: {error}"),
        }
    }
}

/// What the person sees: everything printed and typed so far. It ends with a question.
pub(crate) struct Screen<'a>(&'a str);

impl Screen<'_> {
    /// The question that waits for an answer.
    pub(crate) fn question(&self) -> &str {
        self.0.rsplit('\n').next().unwrap_or_default()
    }

    /// The rest of the last line that begins with `start`.
    #[track_caller]
    pub(crate) fn last(&self, start: &str) -> &str {
        let mut lines = self.0.lines().rev();
        lines
            .find_map(|line| line.strip_prefix(start))
            .unwrap_or_else(|| panic!("no line begins with {start:?}:\n{}", self.0))
    }
}

/// Runs `esp-prov`; `person` answers each question, or ends the input with `None`. Gives what stood on the screen, with
/// the answers in it, as standard output.
#[track_caller]
pub(crate) fn converse(args: &[&str], mut person: impl FnMut(&Screen<'_>) -> Option<String>) -> Finished {
    let mut child = command(ESP_PROV, args)
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let _watchdog = Watchdog::over(child.id());
    let mut stdin = child.stdin.take();
    let mut stdout = child.stdout.take().expect("it was piped");
    let mut seen = Vec::new();
    let mut byte = [0];
    while stdout.read(&mut byte).expect("it can be read") == 1 {
        seen.extend(byte);
        let screen = String::from_utf8_lossy(&seen).into_owned();
        if !is_question(&screen) {
            continue;
        }
        match (person(&Screen(&screen)), &mut stdin) {
            (Some(answer), Some(stdin)) => {
                seen.extend(format!("{answer}\n").bytes());
                // A program that has heard enough is right not to read the rest.
                let _ = stdin.write_all(format!("{answer}\n").as_bytes());
            }
            _ => stdin = None,
        }
    }
    let mut finished = Finished::from(child.wait_with_output().expect("the program ends"));
    finished.stdout = String::from_utf8(seen).expect("the program prints UTF-8");
    finished
}

/// Whether the screen ends with a question.
fn is_question(screen: &str) -> bool {
    QUESTIONS.iter().any(|end| screen.ends_with(end))
}

/// How the questions end that are seen on standard output.
const QUESTIONS: [&str; 6] = [
    " [y/n] ",
    "\n\t<< ",
    "\nEnter device->client msg : ",
    "(0 to rescan) : ",
    "(nothing if there is none) : ",
    "Enter Thread dataset tlvs string : ",
];

/// Ends a program that does not end: a test that fails is better than one that hangs.
struct Watchdog {
    _ended: mpsc::Sender<()>,
}

impl Watchdog {
    fn over(id: u32) -> Self {
        let (ended, end) = mpsc::channel::<()>();
        thread::spawn(move || {
            if end.recv_timeout(Duration::from_secs(100)) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").arg(id.to_string()).status();
            }
        });
        Self { _ended: ended }
    }
}

/// Lower-case hex digits, as devices' tools show bytes.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of what `esp-prov` prints as hex.
#[track_caller]
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(
        text.len().is_multiple_of(2)
            && text
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()),
        "{text:?} is not lower-case hex"
    );
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits"))
        .collect()
}

/// Checks that docs/esp-prov.md has `text` in it, indented as an example.
#[track_caller]
pub(crate) fn assert_documented(text: &str) {
    let docs = include_str!("../../../../docs/esp-prov.md");
    let indented: String = text
        .lines()
        .map(|line| format!("    {line}").trim_end().to_owned() + "\n")
        .collect();
    assert!(
        docs.contains(&indented),
        "docs/esp-prov.md should show this:\n{indented}"
    );
}
