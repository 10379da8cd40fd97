use core::{
    pin::Pin,
    task::{Context, Poll},
};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, IsTerminal as _},
    path::Path,
};

use serial2_tokio::{FlowControl, SerialPort, Settings};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A serial port that no other program has.
pub(super) struct Port {
    serial: SerialPort,
    /// What the port is locked with, for those who look at locks.
    _lock: File,
}

impl Port {
    pub(super) fn open(path: &Path, baud: u32) -> io::Result<Self> {
        let lock = lock(path)?;
        if !lock.is_terminal() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no serial port"));
        }
        let serial = SerialPort::open(path, |mut settings: Settings| {
            settings.set_raw();
            settings.set_baud_rate(baud)?;
            settings.set_flow_control(FlowControl::RtsCts);
            Ok(settings)
        })?;
        // What came before this host is none of its answers.
        serial.discard_buffers()?;
        Ok(Self { serial, _lock: lock })
    }
}

/// Takes the lock of a file, unless another program has it. The kernel itself lets several open a port.
fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another program is using it",
        )),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl AsyncRead for Port {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.serial).poll_read(context, buffer)
    }
}

impl AsyncWrite for Port {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.serial).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.serial).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.serial).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(path: &Path) -> Option<io::ErrorKind> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("a runtime");
        let _inside = runtime.enter();
        Port::open(path, 1_000_000).err().map(|error| error.kind())
    }

    #[test]
    fn what_is_wrong_with_a_port_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("no-port");
        assert_eq!(kind(&file), Some(io::ErrorKind::NotFound));
        File::create(&file).expect("a file");
        assert_eq!(kind(&file), Some(io::ErrorKind::InvalidInput));
        let _held = lock(&file).expect("nobody else has it");
        assert_eq!(kind(&file), Some(io::ErrorKind::ResourceBusy));
    }
}
