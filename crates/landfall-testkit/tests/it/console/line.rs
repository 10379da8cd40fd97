//! What may stand between a client and a device: log lines, and the line discipline of the original firmware.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use landfall_protocomm::console::{CARRIAGE_RETURN, NEWLINE, PROMPT};
use serial2_tokio::SerialPort;
use tokio::time::timeout;

use super::PATIENCE;

/// Both ends of a new pseudo-terminal.
pub(crate) fn pseudo_terminal() -> (SerialPort, SerialPort) {
    let (near, mut far) = SerialPort::pair().expect("a pseudo-terminal");
    let mut settings = far.get_configuration().expect("settings");
    settings.set_raw();
    far.set_configuration(&settings).expect("raw mode");
    (near, far)
}

const LOG: [&[u8]; 4] = [
    b"I (4711) wifi:state: init -> auth (b0)\r\n",
    b"\x1b[0;32mI (5000) app: face 0a0b beef\x1b[0m\r\n",
    b"\x1b[0;33mW (5123) wifi_init: deadbeef 123 prov-config\x1b[0m\n",
    b"E (1) x: >> \r\n",
];

/// Carries bytes between a client and `device` until the client goes, with log lines of other tasks between the
/// device's lines and inside its echo.
pub(crate) async fn chatty(client: SerialPort, device: SerialPort) {
    let mut log = LOG.iter().cycle();
    let (mut up, mut down) = ([0; 256], [0; 256]);
    let mut echoing = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(len @ 1..) = read else { return };
                echoing = up[len - 1] != CARRIAGE_RETURN;
                device.write_all(&up[..len]).await.expect("the device is there");
            }
            read = device.read(&mut down) => {
                let mut printed = Vec::new();
                for (index, byte) in down[..read.unwrap_or(0)].iter().enumerate() {
                    printed.push(*byte);
                    if *byte == b'\n' || (echoing && index == 20) {
                        printed.extend_from_slice(log.next().expect("it is endless"));
                    }
                }
                if printed.is_empty() || client.write_all(&printed).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Stands before a device of ours and takes lines as Espressif's firmware does: nothing can be edited, and a line ends
/// by itself after so many characters.
pub(crate) struct Original {
    limit: usize,
    seen: Arc<Mutex<Seen>>,
}

/// What [`Original`] has seen of its client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Requests that it passed on.
    pub(crate) requests: usize,
    /// Lines that it ended by itself.
    pub(crate) cut: usize,
    /// Characters that came right after such an end, which old firmware writes where they do not belong.
    pub(crate) overrun: usize,
}

impl Original {
    pub(crate) fn new(limit: usize) -> (Self, Arc<Mutex<Seen>>) {
        let seen = Arc::default();
        let original = Self {
            limit,
            seen: Arc::clone(&seen),
        };
        (original, seen)
    }

    /// Serves until the client goes.
    pub(crate) async fn serve(self, client: SerialPort, device: SerialPort) {
        printed_by(&device).await;
        while let Some(line) = self.line(&client).await {
            if line.contains(&b' ') {
                self.seen.lock().expect("no panic").requests += 1;
                device.write_all(&line).await.expect("the device is there");
                device.write_all(b"\r").await.expect("the device is there");
                let printed = printed_by(&device).await;
                let echo = printed.iter().position(|byte| *byte == b'\n').expect("an echo");
                client.write_all(&printed[echo + 1..]).await.expect("a client");
            } else {
                let log = b"\x1b[0;31mE (99) console: unknown command\x1b[0m\r\n";
                client.write_all(log).await.expect("a client");
            }
        }
    }

    /// Prompts, and takes a line; `None` when the client has gone.
    async fn line(&self, client: &SerialPort) -> Option<Vec<u8>> {
        client.write_all(PROMPT).await.ok()?;
        let mut line = Vec::new();
        let mut byte = [0; 1];
        while line.len() < self.limit {
            client.read(&mut byte).await.ok().filter(|len| *len == 1)?;
            if byte[0] == CARRIAGE_RETURN {
                client.write_all(NEWLINE).await.ok()?;
                return Some(line);
            }
            client.write_all(&byte).await.ok()?;
            line.push(byte[0]);
        }
        let overrun = timeout(Duration::from_millis(50), client.read(&mut [0; 256])).await;
        let mut seen = self.seen.lock().expect("no panic");
        seen.cut += 1;
        seen.overrun += overrun.map_or(0, |read| read.unwrap_or(0));
        Some(line)
    }
}

/// What a device prints up to its next prompt, without the prompt.
async fn printed_by(device: &SerialPort) -> Vec<u8> {
    let mut printed = Vec::new();
    while !printed.ends_with(PROMPT) {
        let mut buffer = [0; 256];
        let read = timeout(PATIENCE, device.read(&mut buffer)).await;
        let len = read.expect("a prompt in time").expect("the device is there");
        printed.extend_from_slice(&buffer[..len]);
    }
    printed.truncate(printed.len() - PROMPT.len());
    printed
}
