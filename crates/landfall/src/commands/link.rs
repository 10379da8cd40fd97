//! The way to a device: one of the client's transports, chosen on the command line.

use core::time::Duration;
use std::path::{Path, PathBuf};

use landfall_client::{
    Error, Transport, TransportError,
    ble::{BleTransport, radio::AnyLink},
    console::ConsoleTransport,
    http::HttpTransport,
};

use super::{bluetooth, label::Label, visits::Visits};
use crate::{
    args::{Target, TransportKind},
    failure::{Failure, Problem},
    print::Printer,
};

/// A transport that was chosen.
pub(super) enum Link {
    /// Over the network.
    Http(HttpTransport),
    /// Over a serial line.
    Console(Box<ConsoleTransport>),
    /// Over Bluetooth.
    Ble(Box<BleTransport<AnyLink>>),
}

impl Link {
    /// Prepares the way to the device that `target` means, or its `label`, and tells where that is; over a network
    /// nothing is sent yet. What was typed counts before what the label says.
    pub(super) async fn open(
        target: &Target,
        label: Option<&Label>,
        visits: &Visits,
        printer: &Printer,
    ) -> Result<(Self, String), Failure> {
        let longest = Duration::from_secs(target.timeout).min(LONGEST_ANSWER);
        let transport = match (target.named_transport()?, label) {
            (Some(transport), _) => transport,
            (None, Some(label)) => label.transport()?.unwrap_or_else(TransportKind::usual),
            (None, None) => TransportKind::usual(),
        };
        match transport {
            TransportKind::Console => {
                let port = named_port(target)?;
                let place = port.display().to_string();
                Ok((Self::console(&port, target.baud, longest)?, place))
            }
            TransportKind::Ble => {
                let name = label.and_then(|label| label.name.as_deref());
                let (transport, place) = bluetooth::connect(target, name, printer).await?;
                Ok((Self::Ble(Box::new(transport)), place))
            }
            TransportKind::Softap | TransportKind::Httpd | TransportKind::Http => {
                let host = target.host();
                let interface = match target.join.is_wanted() {
                    true => Some(visits.begin(&target.join, label, printer).await?),
                    false => None,
                };
                Ok((Self::http(&host, longest, interface)?, host))
            }
        }
    }

    /// What `error` of a flow over this way to `place` means.
    pub(super) fn failure(&self, error: &Error, place: &str) -> Failure {
        match (self, error) {
            (Self::Ble(_), Error::Transport(error)) => Failure::of_bluetooth(error, place),
            _ => Failure::of_client(error, place),
        }
    }

    /// A way over the network to `host`, out of `interface` if it has to be this one, which waits for an answer for
    /// `longest`.
    pub(super) fn http(host: &str, longest: Duration, interface: Option<String>) -> Result<Self, Failure> {
        let transport = HttpTransport::new(host).map_err(|error| Failure::of_client(&error.into(), host))?;
        let transport = transport.with_timeout(longest);
        Ok(Self::Http(match interface {
            Some(interface) => transport.with_interface(interface),
            None => transport,
        }))
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
            Self::Ble(transport) => transport.send(endpoint, request).await,
        }
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        match self {
            Self::Http(transport) => transport.reconnect().await,
            Self::Console(transport) => transport.reconnect().await,
            Self::Ble(transport) => transport.reconnect().await,
        }
    }

    fn scan_group_channels(&self) -> u32 {
        match self {
            Self::Http(transport) => transport.scan_group_channels(),
            Self::Console(transport) => transport.scan_group_channels(),
            Self::Ble(transport) => transport.scan_group_channels(),
        }
    }

    fn scan_page(&self) -> u32 {
        match self {
            Self::Http(transport) => transport.scan_page(),
            Self::Console(transport) => transport.scan_page(),
            Self::Ble(transport) => transport.scan_page(),
        }
    }

    fn status_interval(&self) -> Duration {
        match self {
            Self::Http(transport) => transport.status_interval(),
            Self::Console(transport) => transport.status_interval(),
            Self::Ble(transport) => transport.status_interval(),
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
