use alloc::{string::String, vec::Vec};
use core::time::Duration;

use landfall_protocomm::wire::{
    AuthMode, ConfigRequest, ConfigResponse, Connected, StationDetail, StationState, StationStatus, Status,
    WifiFailReason,
};

use crate::{Connection, Environment, Error, Network, Secret, Transport, joining::Joining, message::success};

/// How long to wait and how to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provisioning {
    /// Longest time from ApplyConfig to a result.
    pub timeout: Duration,
}

impl Default for Provisioning {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
        }
    }
}

/// What happens on the way, as it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The session is open.
    SessionEstablished {
        /// Scheme: 0, 1 or 2.
        scheme: u8,
    },
    /// The device has the credentials. Told again if they had to be sent again.
    CredentialsSent,
    /// The device begins to join.
    Applied,
    /// The device is trying.
    Connecting,
    /// An attempt failed, the device tries again.
    AttemptFailed {
        /// Attempts it still makes.
        attempts_remaining: u32,
    },
    /// The connection to the device was lost and is being made again.
    Reconnecting,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The device is on the network.
    Joined(Joined),
    /// The device gave up. A device that does not say why gives `Other(-1)`.
    Failed(WifiFailReason),
}

/// The device's connection, as it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its IPv4 address, as sent.
    pub ip: String,
    /// Name of the network.
    pub ssid: Vec<u8>,
    /// Address of the access point; garbled by old devices.
    pub bssid: Vec<u8>,
    /// Channel.
    pub channel: i32,
    /// Authentication.
    pub auth: AuthMode,
}

impl<T: Transport, E: Environment> Connection<T, E> {
    /// Does it all: session (if none is open), credentials, apply, and status until there is a result.
    ///
    /// Status is asked soon and often at first, then less often. Once the first session is open, a lost connection is
    /// made again and a session in doubt is replaced by a new one with `secret`, as long as the time allows.
    /// "Connected" without details is not believed.
    ///
    /// # Errors
    /// Any of [`Error`]; a network that was not joined is no error but [`Outcome::Failed`].
    pub async fn provision(
        &mut self,
        secret: &Secret,
        network: &Network,
        options: Provisioning,
        mut on_progress: impl FnMut(Progress),
    ) -> Result<Outcome, Error> {
        network.set_config()?;
        if !self.has_session() {
            self.open_session(secret).await?;
            if let Some((scheme, _)) = self.session_scheme() {
                on_progress(Progress::SessionEstablished { scheme });
            }
        }
        Joining::new(self, secret, network, options, &mut on_progress)
            .run()
            .await
    }

    /// Hands over the credentials without applying them.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if `network` cannot be sent, [`Error::Status`], and those of [`Connection::request`].
    pub async fn set_network(&mut self, network: &Network) -> Result<(), Error> {
        let request = ConfigRequest::SetConfig(network.set_config()?);
        let status = self
            .config(request, |response| match response {
                ConfigResponse::SetConfig(status) => Some(status),
                _ => None,
            })
            .await?;
        success("SetConfig", status)
    }

    /// Has the device join the network it was told.
    ///
    /// # Errors
    /// [`Error::Status`], and those of [`Connection::request`].
    pub async fn apply(&mut self) -> Result<(), Error> {
        let status = self
            .config(ConfigRequest::ApplyConfig, |response| match response {
                ConfigResponse::ApplyConfig(status) => Some(status),
                _ => None,
            })
            .await?;
        success("ApplyConfig", status)
    }

    /// Asks once how the device is doing: the outcome, or `Err` with [`Progress::AttemptFailed`] or (in any other
    /// case, also when the device cannot tell) [`Progress::Connecting`].
    ///
    /// # Errors
    /// [`Error::BadAnswer`], and those of [`Connection::request`].
    pub async fn status(&mut self) -> Result<Result<Outcome, Progress>, Error> {
        self.status_within(None).await
    }

    pub(crate) async fn status_within(&mut self, limit: Option<Duration>) -> Result<Result<Outcome, Progress>, Error> {
        self.config_within(limit, ConfigRequest::GetStatus, |response| match response {
            ConfigResponse::GetStatus(status) => Some(believed(status)),
            _ => None,
        })
        .await
    }
}

/// What a status means (spec protocol.md 8.1). A device that cannot tell says "Connected" without details, or with a
/// status that is not Success: only details make it true.
fn believed(station: StationStatus<'_>) -> Result<Outcome, Progress> {
    if station.status != Status::Success {
        return Err(Progress::Connecting);
    }
    match (station.state, station.detail) {
        (StationState::Connected, Some(StationDetail::Connected(connected))) => Ok(Outcome::Joined(connected.into())),
        (StationState::ConnectionFailed, Some(StationDetail::FailReason(reason))) => Ok(Outcome::Failed(reason)),
        (StationState::ConnectionFailed, _) => Ok(Outcome::Failed(WifiFailReason::Other(-1))),
        (_, Some(StationDetail::AttemptFailed { attempts_remaining })) => {
            Err(Progress::AttemptFailed { attempts_remaining })
        }
        _ => Err(Progress::Connecting),
    }
}

impl From<Connected<'_>> for Joined {
    fn from(connected: Connected<'_>) -> Self {
        Self {
            ip: String::from_utf8_lossy(connected.ip4_addr).into_owned(),
            ssid: connected.ssid.to_vec(),
            bssid: connected.bssid.to_vec(),
            channel: connected.channel,
            auth: connected.auth_mode,
        }
    }
}
