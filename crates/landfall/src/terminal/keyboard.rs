//! Keys, as they are pressed.

use core::time::Duration;
use std::{
    fs::File,
    io::{self, ErrorKind, Read as _},
    os::fd::AsFd as _,
};

use tokio::{
    io::{Interest, unix::AsyncFd},
    time::timeout,
};

use super::{
    guard::{RawMode, Reading},
    keys::{Decoder, Key},
};

/// The terminal at standard input, key by key. It reads no byte more than it gives keys for: what is typed ahead
/// belongs to the next question. The cursor is hidden meanwhile.
pub(super) struct Keyboard {
    terminal: AsyncFd<File>,
    decoder: Decoder,
    _raw: RawMode,
}

impl Keyboard {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn open() -> io::Result<Self> {
        let raw = RawMode::enter(Reading::Returns)?;
        raw.hide_cursor()?;
        let terminal = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        #[expect(
            deprecated,
            reason = "what replaces it is unsafe; a file keeps its descriptor for as long as it lives, which is all it asks for"
        )]
        let terminal = AsyncFd::with_interest(terminal, Interest::READABLE)?;
        Ok(Self {
            terminal,
            decoder: Decoder::default(),
            _raw: raw,
        })
    }

    /// The next key. May be cancelled: no key is lost.
    ///
    /// # Errors
    /// What the operating system says; [`ErrorKind::UnexpectedEof`] when the terminal is gone.
    pub(super) async fn key(&mut self) -> io::Result<Key> {
        loop {
            let key = if self.decoder.is_waiting() {
                match timeout(ESCAPE_TIME, self.byte()).await {
                    Ok(byte) => self.decoder.take(byte?),
                    Err(_) => self.decoder.give_up(),
                }
            } else {
                let byte = self.byte().await?;
                self.decoder.take(byte)
            };
            if let Some(key) = key {
                return Ok(key);
            }
        }
    }

    async fn byte(&mut self) -> io::Result<u8> {
        loop {
            let mut ready = self.terminal.readable_mut().await?;
            let mut byte = [0];
            // In this mode reading returns when there is nothing.
            if ready.get_inner_mut().read(&mut byte)? == 1 {
                let [byte] = byte;
                return Ok(byte);
            }
            if ready.ready().is_read_closed() {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "the terminal is gone"));
            }
            ready.clear_ready();
        }
    }
}

/// The bytes of one key come together. A slow line may part them, but not for so long.
const ESCAPE_TIME: Duration = Duration::from_millis(50);
