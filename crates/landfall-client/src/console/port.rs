use core::time::Duration;
use std::{boxed::Box, io, string::ToString};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout_at},
};
use zeroize::Zeroizing;

use crate::TransportError;

/// A stream of bytes that may get lost and found again, and waits for nothing without a bound.
pub(super) struct Port<S> {
    /// Not there any more after it failed.
    stream: Option<S>,
    opener: Option<Opener<S>>,
    buffer: Zeroizing<[u8; 1024]>,
}

type Opener<S> = Box<dyn Fn() -> io::Result<S> + Send + Sync>;

/// Something that never stops talking is not waited for longer.
const LONGEST_SKIP: Duration = Duration::from_secs(1);

impl<S> Port<S> {
    /// A port that can be opened again.
    ///
    /// # Errors
    /// [`TransportError::Unreachable`], if it cannot be opened.
    pub(super) fn open(opener: impl Fn() -> io::Result<S> + Send + Sync + 'static) -> Result<Self, TransportError> {
        let mut port = Self {
            stream: None,
            opener: Some(Box::new(opener)),
            buffer: Zeroizing::new([0; 1024]),
        };
        port.reopen()?;
        Ok(port)
    }

    pub(super) fn on_stream(stream: S) -> Self {
        Self {
            stream: Some(stream),
            opener: None,
            buffer: Zeroizing::new([0; 1024]),
        }
    }

    /// Opens the port again if it was lost; gives whether it was.
    ///
    /// # Errors
    /// [`TransportError::Unreachable`].
    pub(super) fn reopen(&mut self) -> Result<bool, TransportError> {
        if self.stream.is_some() {
            return Ok(false);
        }
        let open = self.opener.as_ref().ok_or_else(gone)?;
        let stream = open().map_err(|error| TransportError::Unreachable(error.to_string()))?;
        self.stream = Some(stream);
        Ok(true)
    }

    fn lost(&mut self, error: &io::Error) -> TransportError {
        self.stream = None;
        TransportError::Lost(error.to_string())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Port<S> {
    /// Writes all of it.
    ///
    /// # Errors
    /// [`TransportError::Lost`], also if it is not taken in time.
    pub(super) async fn write(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), TransportError> {
        let stream = self.stream.as_mut().ok_or_else(gone)?;
        let written = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        match timeout_at(deadline, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.lost(&error)),
            Err(_) => Err(TransportError::Lost("the port takes nothing".to_string())),
        }
    }

    /// The next bytes; `None` when the time is over.
    ///
    /// # Errors
    /// [`TransportError::Lost`].
    pub(super) async fn read(&mut self, deadline: Instant) -> Result<Option<&[u8]>, TransportError> {
        // A stream that always has something must not outrun the clock.
        if Instant::now() >= deadline {
            return Ok(None);
        }
        let stream = self.stream.as_mut().ok_or_else(gone)?;
        match timeout_at(deadline, stream.read(&mut *self.buffer)).await {
            Err(_) => Ok(None),
            Ok(Ok(0)) => Err(self.lost(&io::ErrorKind::UnexpectedEof.into())),
            Ok(Ok(len)) => Ok(self.buffer.get(..len)),
            Ok(Err(error)) => Err(self.lost(&error)),
        }
    }

    /// Drops what comes until nothing has come for this time.
    ///
    /// # Errors
    /// [`TransportError::Lost`].
    pub(super) async fn skip_until_silent(&mut self, silence: Duration) -> Result<(), TransportError> {
        let end = Instant::now() + LONGEST_SKIP;
        while self.read(end.min(Instant::now() + silence)).await?.is_some() {}
        Ok(())
    }
}

fn gone() -> TransportError {
    TransportError::Lost("the port is gone".to_string())
}
