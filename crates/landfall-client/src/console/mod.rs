//! The console transport: requests typed at a device's command shell, over a serial port (spec transports.md 3).

mod port;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::{borrow::ToOwned, format, path::Path, string::ToString, vec, vec::Vec};

use landfall_protocomm::{
    Endpoint, SessionId,
    console::{AnswerReader, CARRIAGE_RETURN, ERASE_LINE, Echo, ORIGINAL_LINE_LEN, PromptFinder, Reply, RequestLine},
};
use serial2_tokio::SerialPort;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use zeroize::Zeroizing;

use self::port::Port;
use crate::{Transport, TransportError};

/// A device's console on a stream of bytes.
///
/// Needs a tokio runtime with time and I/O enabled; spawns nothing. A serial line without flow control loses what
/// comes too fast, so a line is typed in pieces, each after the echo of the one before. The original firmware takes
/// lines of 255 characters: a longer one is typed on only after the device was seen to wait for more of it.
///
/// The session has a number drawn at random, and keeps it over [`Transport::reconnect`], which opens the port anew only
/// if it was lost: to open a port resets many boards.
pub struct ConsoleTransport<S = SerialPort> {
    port: Port<S>,
    session: SessionId,
    timeout: Duration,
    /// Whether the device waits for a line, with nothing typed yet.
    prompted: bool,
    /// Whether the device has been seen to take more than the original does.
    takes_long_lines: bool,
}

/// Characters typed at once; the receive buffer of a chip's UART has 128.
const PIECE: usize = 64;
/// A device that listens echoes in this time.
const ECHO_TIME: Duration = Duration::from_secs(3);
/// A device that ended a line by itself has printed its next prompt in this time.
const LINE_END_TIME: Duration = Duration::from_millis(300);
/// The prompt follows an answer in this time.
const PROMPT_TIME: Duration = Duration::from_secs(1);
/// Time after which a device that gave no prompt is asked for one again: it may have been starting.
const WAKE_TIME: Duration = Duration::from_secs(1);
/// So long silence after a prompt means that no other is on its way.
const SILENCE: Duration = Duration::from_millis(100);
/// So long silence means that nothing lies unread.
const NOTHING_UNREAD: Duration = Duration::from_millis(3);
const LONGEST_ANSWER: usize = 64 * 1024;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

impl ConsoleTransport {
    /// The speed that devices use unless their maker chose another one.
    pub const DEFAULT_BAUD: u32 = 115_200;

    /// Opens the serial port (or pseudo-terminal) at `path`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`TransportError::Unreachable`] with the reason in words.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O enabled.
    pub fn open(path: &Path, baud: u32) -> Result<Self, TransportError> {
        let path = path.to_owned();
        Ok(Self::on_port(Port::open(move || SerialPort::open(&path, baud))?))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ConsoleTransport<S> {
    /// Speaks over `stream`, in a session with a number drawn at random.
    pub fn new(stream: S) -> Self {
        Self::on_port(Port::on_stream(stream))
    }

    /// Sets the longest wait for a prompt and for an answer (default 15 s: a blocking scan takes up to 10).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn on_port(port: Port<S>) -> Self {
        Self {
            port,
            session: draw_session(),
            timeout: DEFAULT_TIMEOUT,
            prompted: false,
            takes_long_lines: false,
        }
    }

    /// Has the device wait for a line of ours, whatever was typed or asked before.
    async fn wake(&mut self) -> Result<(), TransportError> {
        if self.port.reopen()? {
            self.takes_long_lines = false;
        }
        // A prompt that lies unread is not the one that is wanted.
        self.port.skip_until_silent(NOTHING_UNREAD).await?;
        let deadline = Instant::now() + self.timeout;
        loop {
            // A device that cannot erase its line refuses the unknown command that the line then is.
            self.port.write(&[ERASE_LINE, CARRIAGE_RETURN], deadline).await?;
            if self.hears_prompt(deadline.min(Instant::now() + WAKE_TIME)).await? {
                break;
            }
            if Instant::now() >= deadline {
                return Err(self.timed_out());
            }
        }
        // What was asked before may have been answered only now, or this was asked for more than once.
        self.port.skip_until_silent(SILENCE).await
    }

    async fn hears_prompt(&mut self, deadline: Instant) -> Result<bool, TransportError> {
        let mut prompt = PromptFinder::default();
        while let Some(heard) = self.port.read(deadline).await? {
            if heard.iter().any(|&byte| prompt.hear(byte)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Types a line without its end, no faster than the device takes it.
    async fn type_line(&mut self, line: &[u8]) -> Result<(), TransportError> {
        let mut typed = 0;
        let mut disturbed = false;
        while let Some(rest) = line.get(typed..).filter(|rest| !rest.is_empty()) {
            let (piece, _) = rest.split_at(self.next_piece(typed).min(rest.len()));
            disturbed |= self.type_piece(piece, typed).await?;
            typed += piece.len();
            if typed >= ORIGINAL_LINE_LEN && !self.takes_long_lines {
                self.check_that_line_goes_on(typed).await?;
            }
        }
        if disturbed {
            // Some of the echo may still be on its way, and must not be taken for an answer.
            self.port.skip_until_silent(SILENCE).await?;
        }
        Ok(())
    }

    /// Length of the next piece, when so many characters have been typed: never past the last one that the original
    /// takes, and past it by one character first, where old versions end the line.
    fn next_piece(&self, typed: usize) -> usize {
        match ORIGINAL_LINE_LEN.checked_sub(typed) {
            _ if self.takes_long_lines => PIECE,
            None => PIECE,
            Some(0) => 1,
            Some(left) => PIECE.min(left),
        }
    }

    /// Types a piece after so many characters, and awaits its echo; gives whether something else came between.
    async fn type_piece(&mut self, piece: &[u8], before: usize) -> Result<bool, TransportError> {
        let deadline = Instant::now() + ECHO_TIME.min(self.timeout);
        self.port.write(piece, deadline).await?;
        let mut echo = Echo::of(piece);
        let mut prompt = PromptFinder::default();
        while !echo.is_complete() {
            let Some(heard) = self.port.read(deadline).await? else {
                return Err(self.no_echo(&echo, piece, before));
            };
            for &byte in heard {
                // Earlier, a prompt is a late one of before.
                if prompt.hear(byte) && before >= ORIGINAL_LINE_LEN {
                    return Err(TransportError::TooLong(before));
                }
                echo.hear(byte);
            }
        }
        Ok(echo.is_disturbed())
    }

    /// Why a piece's echo did not come back.
    fn no_echo(&self, echo: &Echo<'_>, piece: &[u8], before: usize) -> TransportError {
        if echo.missing() < piece.len() {
            TransportError::Lost("the device echoed only a part of what was typed".to_owned())
        } else if before >= ORIGINAL_LINE_LEN {
            TransportError::TooLong(before)
        } else {
            self.timed_out()
        }
    }

    /// Makes sure that the device has not ended the line by itself after so many characters.
    async fn check_that_line_goes_on(&mut self, typed: usize) -> Result<(), TransportError> {
        if self.hears_prompt(Instant::now() + LINE_END_TIME).await? {
            return Err(TransportError::TooLong(typed));
        }
        self.takes_long_lines = typed > ORIGINAL_LINE_LEN;
        Ok(())
    }

    /// Reads the answer to the line that was ended.
    async fn answer(&mut self) -> Result<Vec<u8>, TransportError> {
        let mut message = Zeroizing::new(vec![0; LONGEST_ANSWER]);
        match self.reply(&mut message).await? {
            Reply::Answer(len) => Ok(message.iter().copied().take(len).collect()),
            Reply::Refused => Err(TransportError::Refused),
            Reply::Broken => Err(TransportError::Lost(
                "a line of the device's log fell into its answer".to_owned(),
            )),
            Reply::TooLong => Err(TransportError::Protocol(format!(
                "an answer of more than {LONGEST_ANSWER} bytes"
            ))),
        }
    }

    async fn reply(&mut self, message: &mut [u8]) -> Result<Reply, TransportError> {
        let deadline = Instant::now() + self.timeout;
        let mut reader = AnswerReader::new(message);
        loop {
            let wait_until = match reader.early() {
                Some(_) => deadline.min(Instant::now() + PROMPT_TIME),
                None => deadline,
            };
            let Some(heard) = self.port.read(wait_until).await? else {
                return reader.early().ok_or_else(|| self.timed_out());
            };
            if let Some(reply) = heard.iter().find_map(|&byte| reader.hear(byte)) {
                self.prompted = true;
                return Ok(reply);
            }
        }
    }

    fn timed_out(&self) -> TransportError {
        TransportError::TimedOut(self.timeout.as_secs())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for ConsoleTransport<S> {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        let endpoint = Endpoint::new(endpoint).map_err(|error| TransportError::Protocol(error.to_string()))?;
        let request = RequestLine {
            endpoint,
            session: self.session,
            message: request,
        };
        let mut line = Zeroizing::new(vec![0; request.len()]);
        request.write(&mut line);
        // Until the next prompt has come, a request that is given up leaves the device in the middle of something.
        if core::mem::take(&mut self.prompted) {
            self.port.skip_until_silent(NOTHING_UNREAD).await?;
        } else {
            self.wake().await?;
        }
        let (end, characters) = line.split_last().unwrap_or((&CARRIAGE_RETURN, &[]));
        self.type_line(characters).await?;
        let deadline = Instant::now() + self.timeout;
        self.port.write(&[*end], deadline).await?;
        self.answer().await
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.prompted = false;
        self.wake().await?;
        self.prompted = true;
        Ok(())
    }
}

/// Draws a session's number that a device reads as it is written: C's `atoi` ends at 2,147,483,647. 0 is left to people
/// and to `esp_prov`, which always type it.
fn draw_session() -> SessionId {
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).expect("the operating system always has a random source");
        let number = u32::from_le_bytes(bytes) >> 1;
        if let Some(session) = SessionId::new(number).filter(|_| number != 0) {
            return session;
        }
    }
}
