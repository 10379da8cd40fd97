//! The device's command shell, with the user at it (spec transports.md 3).

use super::{Trouble, hex};
use crate::{
    esp_prov::console::{ask, ask_until, complain, say},
    print::text,
};

/// A user with a terminal program on the device's serial port.
#[derive(Default)]
pub(super) struct ConsoleUser {
    was_warned: bool,
}

impl ConsoleUser {
    /// Shows the line to type and asks for the device's.
    pub(super) async fn carry(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, Trouble> {
        // The session's number is always 0, as the original has it.
        let line = format!("{endpoint} 0 {}", text::hex(request));
        self.warn_of_length(&line);
        say(&format!("Client->Device msg : {line}"));
        let answer = ask_until(
            async || ask("Enter device->client msg : ").await,
            |pasted| hex::read(pasted).map_err(|_| NOT_HEX.into()),
        );
        Ok(answer.await?)
    }

    /// Security 2 needs longer lines than an ESP device reads.
    fn warn_of_length(&mut self, line: &str) {
        if line.len() > LONGEST_LINE && !self.was_warned {
            self.was_warned = true;
            complain(&format!(
                "warning: this line has {} characters, and devices with Espressif's console take at most \
                 {LONGEST_LINE}: if yours is one of them, it cannot use security 2 here",
                line.len()
            ));
        }
    }
}

/// Characters of a line, at most, that an ESP device's console reads.
const LONGEST_LINE: usize = 255;
const NOT_HEX: &str = "This is not hex: paste the line that the device printed, or nothing if it printed none";
