//! Controllers that an operating system reaches: H4, the framing of HCI for serial lines, over TCP or a serial port.

mod port;
mod split;

use core::{fmt, str::FromStr};
use std::{
    boxed::Box,
    io,
    path::PathBuf,
    string::{String, ToString},
};

use bt_hci::controller::ExternalController;
use bt_hci_serial::SerialTransport;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_io_adapters::tokio_1::FromTokio;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf},
    net::TcpStream,
};

use self::port::Port;
pub use self::split::Split;

/// Where a controller is: `tcp:HOST:PORT`, or the path of a serial port.
///
/// A serial port runs at 1,000,000 baud unless its path is followed by a comma and another speed; lines for flow
/// control are needed (RTS and CTS), as everywhere with H4.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HciAddress {
    /// At a port of the network: a virtual controller, or one that another program forwards.
    Tcp(String),
    /// On a serial port.
    Serial {
        /// The port's path.
        path: PathBuf,
        /// Its speed.
        baud: u32,
    },
}

/// A controller at an [`HciAddress`].
pub type HciController = ExternalController<
    SerialTransport<NoopRawMutex, Split<FromTokio<ReadHalf<Box<dyn Stream>>>>, FromTokio<WriteHalf<Box<dyn Stream>>>>,
    COMMANDS,
>;

/// Commands that may wait for the controller at a time.
const COMMANDS: usize = 10;
const DEFAULT_BAUD: u32 = 1_000_000;

impl HciAddress {
    /// Opens the controller. Needs a tokio runtime with I/O enabled. Whether it answers shows later.
    ///
    /// # Errors
    /// Those of the operating system: among them [`NotFound`](io::ErrorKind::NotFound),
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) and [`ConnectionRefused`](io::ErrorKind::ConnectionRefused);
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another program has the port, and
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is no serial port's.
    pub async fn open(&self) -> io::Result<HciController> {
        let stream: Box<dyn Stream> = match self {
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Serial { path, baud } => Box::new(Port::open(path, *baud)?),
        };
        let (reader, writer) = tokio::io::split(stream);
        Ok(ExternalController::new(SerialTransport::new(
            Split::new(FromTokio::new(reader)),
            FromTokio::new(writer),
        )))
    }
}

impl FromStr for HciAddress {
    type Err = InvalidHciAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(address) = text.strip_prefix("tcp:") {
            let (host, port) = address.rsplit_once(':').ok_or(InvalidHciAddress)?;
            return match port.parse::<u16>() {
                Ok(1..) if !host.is_empty() => Ok(Self::Tcp(address.to_string())),
                _ => Err(InvalidHciAddress),
            };
        }
        let (path, baud) = match text.rsplit_once(',') {
            Some((path, baud)) => (path, baud.parse().map_err(|_| InvalidHciAddress)?),
            None => (text, DEFAULT_BAUD),
        };
        // Without a slash it is more likely a word gone wrong ("hci0") than a file in the current directory.
        if !path.contains('/') || baud == 0 {
            return Err(InvalidHciAddress);
        }
        Ok(Self::Serial {
            path: path.into(),
            baud,
        })
    }
}

impl fmt::Display for HciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Serial {
                path,
                baud: DEFAULT_BAUD,
            } => write!(f, "{}", path.display()),
            Self::Serial { path, baud } => write!(f, "{},{baud}", path.display()),
        }
    }
}

/// A text that names no controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a controller is tcp:HOST:PORT or the path of a serial port, with its speed after a comma if that is not 1000000"
)]
pub struct InvalidHciAddress;

/// A stream of bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_they_are_written() {
        for text in [
            "tcp:127.0.0.1:7001",
            "tcp:[::1]:7001",
            "/dev/ttyACM0",
            "/dev/ttyUSB1,115200",
        ] {
            let address: HciAddress = text.parse().expect(text);
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_names_no_controller_is_refused() {
        for text in [
            "",
            "hci0",
            "tcp:",
            "tcp:host",
            "tcp::7001",
            "tcp:host:0",
            "tcp:host:70000",
            "/dev/tty,",
            "/dev/tty,0",
        ] {
            assert_eq!(text.parse::<HciAddress>(), Err(InvalidHciAddress), "{text}");
        }
    }
}
