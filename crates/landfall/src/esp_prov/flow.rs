//! The steps that all devices share, in the order of spec esp_prov.md 2.

use core::time::Duration;

use landfall_client::{
    Connection, Environment as _, Error, SystemEnvironment, VersionInfo, protocomm::wire::CtrlRequest,
};
use tokio::sync::oneshot;

use super::{
    Args, Exception, Raised,
    console::say,
    link::{Link, Way},
    session::{self, choose_scheme},
    text::{error_text, printable_text},
    thread,
    watched::Watched,
    wifi,
};
use crate::exit::Exit;

/// One run: what was asked for, and the device.
pub(super) struct Run<'a> {
    pub(super) args: &'a Args,
    pub(super) device: Connection<Watched, SystemEnvironment>,
    /// What the device said of itself, once it has been asked.
    version: Option<VersionInfo>,
}

/// Which of Espressif's two components a device's firmware is made with (spec versions.md 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    /// `wifi_provisioning`, of ESP-IDF up to v5.5.
    WifiProvisioning,
    /// `network_provisioning`, which has come after it.
    NetworkProvisioning,
}

/// Connects and goes through all steps.
pub(super) async fn run(args: &Args) -> Result<Exit, Raised> {
    let (surrender, surrendered) = oneshot::channel();
    let link = Link::connect(args, surrender).await?;
    let run = Run {
        args,
        device: Connection::new(Watched::new(link, args.verbose), SystemEnvironment::new()),
        version: None,
    };
    tokio::select! {
        biased;
        Ok(raised) = surrendered => Err(raised),
        result = run.all_steps() => result,
    }
}

impl Run<'_> {
    /// Steps 3 to 13.
    async fn all_steps(mut self) -> Result<Exit, Raised> {
        let scheme = choose_scheme(&mut self).await?;
        let secret = if self.is_by_hand() {
            // The version is asked for once, and the seed's transcript has that under the heading of this step.
            self.verify_version().await?;
            session::secret(&mut self, scheme).await?
        } else {
            let secret = session::secret(&mut self, scheme).await?;
            self.verify_version().await?;
            secret
        };
        session::open(&mut self, &secret, scheme).await?;
        if self.has_capability("thread_prov").await {
            return thread::provision(&mut self, &secret).await;
        }
        self.warn_of_generation().await;
        wifi::provision(&mut self, &secret).await
    }

    /// Whether the device lists `name`; one that does not answer lists nothing.
    pub(super) async fn has_capability(&mut self, name: &str) -> bool {
        self.ask_version()
            .await
            .and_then(|info| info.capabilities.as_ref())
            .is_some_and(|all| all.has(name))
    }

    /// Which component the device is made with. One that does not say counts as the older one.
    pub(super) async fn generation(&mut self) -> Generation {
        match self.ask_version().await {
            Some(info) if is_network_provisioning(info) => Generation::NetworkProvisioning,
            _ => Generation::WifiProvisioning,
        }
    }

    /// What the device says of itself; asked once, where the original asks for each capability.
    pub(super) async fn ask_version(&mut self) -> Option<&VersionInfo> {
        if self.version.is_none() {
            // Devices ignore the content; ancient ones compare it with their own version (spec protocol.md 7).
            let content = match self.args.proto_ver.as_str() {
                "" => "---",
                wanted => wanted,
            };
            match self.device.version_raw(content.as_bytes()).await {
                Ok(answer) => {
                    let info = VersionInfo::parse(&answer);
                    if self.args.verbose {
                        say(&format!("proto-ver response :  {}", printable_text(&info.text)));
                    }
                    self.version = Some(info);
                }
                Err(error) => self.say_error(&error),
            }
        }
        self.version.as_ref()
    }

    /// The way to the device.
    pub(super) fn way(&self) -> Way {
        self.device.transport().link().way()
    }

    /// Whether each request costs a person's time.
    pub(super) fn is_by_hand(&self) -> bool {
        self.way() == Way::ByHand
    }

    /// Prints what the original prints where a request failed.
    pub(super) fn say_error(&self, error: &Error) {
        say(&error_text(error, self.way()));
    }

    /// What ends the run where a request to `prov-config` failed, and prints why.
    pub(super) fn refused(&self, error: &Error, exception: Exception) -> Raised {
        // For an answer with an error status the original prints no line here, as it has only its number.
        if !matches!(error, Error::Status { .. }) {
            self.say_error(error);
        }
        Raised::new(exception)
    }

    /// The time.
    pub(super) fn now(&self) -> Duration {
        self.device.environment().now()
    }

    /// The time since `began`.
    pub(super) fn since(&self, began: Duration) -> Duration {
        self.now().saturating_sub(began)
    }

    /// Step 7: one command and nothing else, if the arguments ask for it. A refusal is an empty line, and no failure.
    pub(super) async fn only_control(
        &mut self,
        network: &str,
        reset: CtrlRequest,
        reprov: CtrlRequest,
    ) -> Option<Exit> {
        let command = if self.args.reset {
            say(&format!("==== Resetting {network}===="));
            reset
        } else if self.args.reprov {
            say(&format!("==== Reprovisioning {network}===="));
            reprov
        } else {
            return None;
        };
        if let Err(error) = self.control(command).await {
            self.say_error(&error);
        }
        Some(Exit::Success)
    }

    /// Step 5, if the arguments ask for it.
    async fn verify_version(&mut self) -> Result<(), Raised> {
        let wanted = self.args.proto_ver.to_lowercase();
        if wanted.is_empty() {
            return Ok(());
        }
        say("\n==== Verifying protocol version ====");
        let matches = self.ask_version().await.is_some_and(|info| {
            // Ancient devices compare for themselves, and say so (spec protocol.md 10).
            let has_compared = info.text == "SUCCESS";
            has_compared || info.text.to_lowercase() == wanted || info.version.to_lowercase() == wanted
        });
        if !matches {
            return Err(Raised::new(Exception::WrongVersion));
        }
        say("==== Verified protocol version successfully ====");
        Ok(())
    }

    /// The newer original warns of any device that does not list `wifi_prov`, the older one of none. This program
    /// speaks to both; but a device of the newer component that does not list it is one of its first weeks, when its
    /// messages had other numbers (spec versions.md 1).
    async fn warn_of_generation(&mut self) {
        if self.generation().await == Generation::NetworkProvisioning && !self.has_capability("wifi_prov").await {
            say("Use wifi_provisioning for device without \"wifi_prov\" capabilities");
            say("The device might be using previous wifi_provisioning in ESP-IDF");
        }
    }
}

fn is_network_provisioning(info: &VersionInfo) -> bool {
    let lists = |name| info.capabilities.as_ref().is_some_and(|all| all.has(name));
    lists("wifi_prov") || lists("thread_prov") || info.version.starts_with("netprov") || info.version == "v1.2"
}
