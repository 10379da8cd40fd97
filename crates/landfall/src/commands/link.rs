//! The way to a device: one of the client's transports, chosen on the command line.

use core::time::Duration;
use std::path::{Path, PathBuf};

use landfall_client::{Transport, TransportError, console::ConsoleTransport, http::HttpTransport};

use crate::{
    args::{Target, TransportKind},
    failure::{Failure, Problem},
};

/// A transport that was chosen.
pub(super) enum Link {
    /// Over the network.
    Http(HttpTransport),
    /// Over a serial line.
    Console(Box<ConsoleTransport>),
}

impl Link {
    /// Prepares the way that `target` names; over a network nothing is sent yet.
    pub(super) fn new(target: &Target) -> Result<Self, Failure> {
        let longest = Duration::from_secs(target.timeout).min(LONGEST_ANSWER);
        match target.transport() {
            TransportKind::Console => Self::console(&named_port(target)?, target.baud, longest),
            TransportKind::Softap | TransportKind::Httpd | TransportKind::Http => Self::http(&target.host(), longest),
        }
    }

    /// A way over the network to `host`, which waits for an answer for `longest`.
    pub(super) fn http(host: &str, longest: Duration) -> Result<Self, Failure> {
        HttpTransport::new(host)
            .map(|transport| Self::Http(transport.with_timeout(longest)))
            .map_err(|error| Failure::of_client(&error.into(), host))
    }

    /// A way over the serial port at `port`, which is opened; it waits for an answer for `longest`.
    pub(super) fn console(port: &Path, baud: u32, longest: Duration) -> Result<Self, Failure> {
        match ConsoleTransport::open(port, baud) {
            Ok(transport) => Ok(Self::Console(Box::new(transport.with_timeout(longest)))),
            Err(error) => Err(Failure::new(Problem::PortUnusable)
                .saying(format!("the serial port {} cannot be used", port.display()))
                .because(match error {
                    TransportError::Unreachable(why) => why,
                    other => other.to_string(),
                })),
        }
    }
}

impl Transport for Link {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        match self {
            Self::Http(transport) => transport.send(endpoint, request).await,
            Self::Console(transport) => transport.send(endpoint, request).await,
        }
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        match self {
            Self::Http(transport) => transport.reconnect().await,
            Self::Console(transport) => transport.reconnect().await,
        }
    }

    fn scan_group_channels(&self) -> u32 {
        match self {
            Self::Http(transport) => transport.scan_group_channels(),
            Self::Console(transport) => transport.scan_group_channels(),
        }
    }

    fn scan_page(&self) -> u32 {
        match self {
            Self::Http(transport) => transport.scan_page(),
            Self::Console(transport) => transport.scan_page(),
        }
    }
}

fn named_port(target: &Target) -> Result<PathBuf, Failure> {
    target.port().ok_or_else(|| {
        Failure::new(Problem::AnswerMissing)
            .saying("the console's serial port is missing")
            .because("--transport console needs to know where the device is plugged in")
            .hint("name it: --port /dev/ttyUSB0; the ports of this computer: landfall discover")
    })
}

/// A blocking scan takes up to 10 s; nothing takes longer.
const LONGEST_ANSWER: Duration = Duration::from_secs(15);
