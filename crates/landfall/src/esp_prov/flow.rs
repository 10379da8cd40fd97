//! The steps, in the order of spec esp_prov.md 2.

use core::time::Duration;
use std::{env, net::ToSocketAddrs as _};

use landfall_client::{
    Connection, Environment, Network, SystemEnvironment, Transport, VersionInfo, http::HttpTransport,
};
use zeroize::Zeroizing;

use super::{
    Args, Raised, console,
    console::say,
    scan,
    session::{self, choose_scheme},
    status::{self, Verdict},
    text::{bytes_literal, error_text, ssid},
    watched::Watched,
};
use crate::exit::Exit;

/// One run: what was asked for, and the device.
pub(super) struct Run<'a, T, E> {
    pub(super) args: &'a Args,
    pub(super) device: Connection<T, E>,
    /// What the device said of itself, once it has been asked.
    pub(super) version: Option<VersionInfo>,
}

/// Connects and goes through all steps.
pub(super) async fn run(args: &Args) -> Result<Exit, Raised> {
    let transport = connect(args).await?;
    let device = Connection::new(Watched::new(transport, args.verbose), SystemEnvironment::new());
    Run {
        args,
        device,
        version: None,
    }
    .all_steps()
    .await
}

/// Step 2.
async fn connect(args: &Args) -> Result<HttpTransport, Raised> {
    let failed = || Raised::runtime("Failed to establish connection");
    let mode = args.transport.to_lowercase();
    match mode.as_str() {
        "softap" | "httpd" => {}
        "ble" | "console" => {
            return Err(failed().hint(format!("{mode} is not there yet: use a device with --transport softap")));
        }
        _ => return Err(failed().hint("--transport takes softap or httpd")),
    }
    let host = args.service_name.as_deref().unwrap_or(HttpTransport::DEFAULT_HOST);
    let resolved = (name_of(host), 0).to_socket_addrs().is_ok();
    let transport = HttpTransport::new(host).ok().filter(|_| resolved);
    let Some(transport) = transport else {
        say(&format!("Unable to resolve hostname: {host}"));
        return Err(failed().hint("--service_name takes HOST or HOST:PORT"));
    };
    say(&format!("++++ Connecting to {host}++++"));
    let mut transport = transport.with_timeout(Duration::from_secs(60));
    if let Err(error) = transport.reconnect().await {
        say(&error_text(&error.into()));
        return Err(failed().hint("join the device's own Wi-Fi network, or say where it is: --service_name HOST:PORT"));
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

impl<T: Transport, E: Environment> Run<'_, T, E> {
    /// Steps 3 to 13.
    async fn all_steps(mut self) -> Result<Exit, Raised> {
        let scheme = choose_scheme(&mut self).await?;
        let secret = session::secret(&mut self, scheme).await?;
        if !self.args.proto_ver.is_empty() {
            self.verify_version().await?;
        }
        session::open(&mut self, &secret, scheme).await?;
        if self.args.reset || self.args.reprov {
            return Ok(self.control().await);
        }
        if self.has_capability("thread_prov").await {
            return Err(Raised::runtime("Thread devices are not supported yet"));
        }
        if !self.args.custom_data.is_empty() {
            self.send_custom_data().await?;
        }
        let Some(network) = self.network().await? else {
            return Ok(Exit::Success);
        };
        self.send_credentials(&network).await?;
        self.apply().await?;
        Ok(match status::poll(&mut self, &secret).await {
            Verdict::Joined => Exit::Success,
            Verdict::Failed if env::var_os("ESP_PROV_COMPAT_EXIT").is_some_and(|value| value == "0") => Exit::Success,
            Verdict::Failed => Exit::Failure,
        })
    }

    /// Whether the device lists `name`; one that does not answer lists nothing.
    pub(super) async fn has_capability(&mut self, name: &str) -> bool {
        self.ask_version()
            .await
            .and_then(|info| info.capabilities.as_ref())
            .is_some_and(|all| all.has(name))
    }

    /// What the device says of itself; asked once, where the original asks for each capability.
    pub(super) async fn ask_version(&mut self) -> Option<&VersionInfo> {
        if self.version.is_none() {
            match self.device.version().await {
                Ok(info) => {
                    if self.args.verbose {
                        say(&format!("proto-ver response :  {}", info.text));
                    }
                    self.version = Some(info.clone());
                }
                Err(error) => say(&error_text(&error)),
            }
        }
        self.version.as_ref()
    }

    /// Step 5.
    async fn verify_version(&mut self) -> Result<(), Raised> {
        say("\n==== Verifying protocol version ====");
        let wanted = &self.args.proto_ver;
        let matches = match self.device.version_raw(wanted.as_bytes()).await {
            Ok(answer) => {
                let info = VersionInfo::parse(&answer);
                if self.args.verbose {
                    say(&format!("proto-ver response :  {}", info.text));
                }
                [&info.text, &info.version]
                    .iter()
                    .any(|text| text.to_lowercase() == wanted.to_lowercase())
            }
            Err(error) => {
                say(&error_text(&error));
                false
            }
        };
        if !matches {
            return Err(Raised::runtime("Error in protocol version matching"));
        }
        say("==== Verified protocol version successfully ====");
        Ok(())
    }

    /// Step 7. A refusal is an empty line, and no failure.
    async fn control(&mut self) -> Exit {
        let result = if self.args.reset {
            say("==== Resetting WiFi====");
            self.device.reset().await
        } else {
            say("==== Reprovisioning WiFi====");
            self.device.reprovision().await
        };
        if let Err(error) = result {
            say(&error_text(&error));
        }
        Exit::Success
    }

    /// Step 8.
    async fn send_custom_data(&mut self) -> Result<(), Raised> {
        say("\n==== Sending Custom data to Target ====");
        match self
            .device
            .request("custom-data", self.args.custom_data.as_bytes())
            .await
        {
            Ok(answer) => say(&format!("++++ CustomData response: {}++++", bytes_literal(&answer))),
            Err(error) => {
                say(&error_text(&error));
                return Err(Raised::runtime("Error in custom data"));
            }
        }
        say("==== Custom data sent successfully ====");
        Ok(())
    }

    /// Steps 9 and 10; `None` where there is none to choose.
    async fn network(&mut self) -> Result<Option<Network>, Raised> {
        let octets = if self.args.ssid.is_empty() {
            match scan::choose(self).await? {
                Some(octets) => octets,
                None => return Ok(None),
            }
        } else {
            self.args.ssid.clone().into_bytes()
        };
        let passphrase = match &self.args.passphrase {
            Some(given) => given.to_bytes(),
            None => {
                let typed = console::ask_hidden(&format!("Enter passphrase for {} : ", ssid(&octets)))?;
                Zeroizing::new(typed.as_bytes().to_vec())
            }
        };
        Ok(Some(Network {
            ssid: octets,
            passphrase,
            bssid: None,
            channel: None,
        }))
    }

    /// Step 11.
    async fn send_credentials(&mut self, network: &Network) -> Result<(), Raised> {
        say("\n==== Sending Wi-Fi Credentials to Target ====");
        if let Err(error) = self.device.set_network(network).await {
            say(&error_text(&error));
            return Err(Raised::runtime("Error in send Wi-Fi config"));
        }
        say("==== Wi-Fi Credentials sent successfully ====");
        Ok(())
    }

    /// Step 12.
    async fn apply(&mut self) -> Result<(), Raised> {
        say("\n==== Applying Wi-Fi Config to Target ====");
        if let Err(error) = self.device.apply().await {
            say(&error_text(&error));
            return Err(Raised::runtime("Error in apply Wi-Fi config"));
        }
        say("==== Apply config sent successfully ====");
        Ok(())
    }
}
