//! The way to the device (spec esp_prov.md 2, step 2).

use core::time::Duration;

use landfall_client::{Transport, TransportError, http::HttpTransport};
use tokio::sync::oneshot;

use super::{Args, Exception, Raised, ble::Bluetooth, console::say, paste::ByHand, text::transport_error_text};

/// A way to a device.
pub(super) enum Link {
    /// Over the network.
    Http(HttpTransport),
    /// Over Bluetooth.
    Bluetooth(Bluetooth),
    /// By the user's hands.
    ByHand(ByHand),
}

/// Which way a link is: each has words of its own for what fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Over the network.
    Http,
    /// Over Bluetooth.
    Bluetooth,
    /// By the user's hands: each request costs a person's time.
    ByHand,
}

impl Link {
    /// Goes the way that the arguments name; `surrender` ends the run where a user has no more answers.
    pub(super) async fn connect(args: &Args, surrender: oneshot::Sender<Raised>) -> Result<Self, Raised> {
        match args.transport.to_lowercase().as_str() {
            "softap" | "httpd" => http(args).await.map(Self::Http),
            "console" => Ok(Self::ByHand(ByHand::over_console(surrender))),
            "ble" => match Bluetooth::connect(args).await? {
                Some(device) => Ok(Self::Bluetooth(device)),
                None => ByHand::over_bluetooth(args, surrender).await.map(Self::ByHand),
            },
            _ => Err(unconnected().hint("--transport takes softap, httpd, ble or console")),
        }
    }

    /// Which way it is.
    pub(super) const fn way(&self) -> Way {
        match self {
            Self::Http(_) => Way::Http,
            Self::Bluetooth(_) => Way::Bluetooth,
            Self::ByHand(_) => Way::ByHand,
        }
    }
}

impl Transport for Link {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        match self {
            Self::Http(transport) => transport.send(endpoint, request).await,
            Self::Bluetooth(transport) => transport.send(endpoint, request).await,
            Self::ByHand(transport) => transport.send(endpoint, request).await,
        }
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        match self {
            Self::Http(transport) => transport.reconnect().await,
            Self::Bluetooth(transport) => transport.reconnect().await,
            Self::ByHand(_) => Ok(()),
        }
    }

    fn scan_group_channels(&self) -> u32 {
        match self {
            Self::Http(transport) => transport.scan_group_channels(),
            Self::Bluetooth(_) | Self::ByHand(_) => 0,
        }
    }

    /// Entries that the original asks for at once.
    fn scan_page(&self) -> u32 {
        match self {
            Self::Http(_) => 100,
            Self::Bluetooth(transport) => transport.scan_page(),
            Self::ByHand(transport) => transport.scan_page(),
        }
    }
}

/// What ends the original where there is no way to the device.
pub(super) fn unconnected() -> Raised {
    Raised::new(Exception::NoConnection)
}

async fn http(args: &Args) -> Result<HttpTransport, Raised> {
    let host = args.service_name.as_deref().unwrap_or(HttpTransport::DEFAULT_HOST);
    // Names may take their time; meanwhile Ctrl-C is heard.
    let resolved = tokio::net::lookup_host((name_of(host), 0)).await.is_ok();
    let transport = HttpTransport::new(host).ok().filter(|_| resolved);
    let Some(transport) = transport else {
        say(&format!("Unable to resolve hostname: {host}"));
        return Err(unconnected().hint("--service_name takes HOST or HOST:PORT"));
    };
    say(&format!("++++ Connecting to {host}++++"));
    let mut transport = transport.with_timeout(PATIENCE).with_patient_connecting();
    if let Err(error) = transport.reconnect().await {
        say(&transport_error_text(&error, Way::Http));
        return Err(
            unconnected().hint("join the device's own Wi-Fi network, or say where it is: --service_name HOST:PORT")
        );
    }
    Ok(transport)
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None if host.matches(':').count() > 1 => host,
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// What the original gives the device for everything (spec transports.md 2.4).
const PATIENCE: Duration = Duration::from_secs(60);
