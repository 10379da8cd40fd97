//! Bluetooth Low Energy with a tool in the user's hands: the original's way out where it cannot use Bluetooth itself
//! (spec transports.md 1.7).

use landfall_client::{
    TransportError,
    protocomm::{
        Endpoint,
        gatt::{EndpointNumber, ServiceUuid, Uuid},
    },
};

use super::{
    Trouble,
    hex::{self, NotHex},
};
use crate::{
    esp_prov::{
        Args, Raised,
        console::{ask, ask_until, say},
        link::unconnected,
    },
    print::text,
};

/// A user with a tool that is connected to the device.
pub(super) struct BleUser {
    service: ServiceUuid,
    /// The endpoints that the user has seen.
    seen: Vec<Endpoint<'static>>,
}

impl BleUser {
    /// Has the user connect, and asks for what this run needs.
    pub(super) async fn connect(args: &Args) -> Result<Self, Raised> {
        Self::try_connect(args).await.map_err(|trouble| match trouble {
            Missing::Raised(raised) => raised,
            Missing::Text(text) => {
                say(&text);
                unconnected().hint("the device must be in provisioning, and your tool must have listed its services")
            }
        })
    }

    async fn try_connect(args: &Args) -> Result<Self, Missing> {
        say("BLE client is running in console mode");
        say("\tThis could be due to your platform not being supported or dependencies not being met");
        say("\tPlease ensure all pre-requisites are met to run the full fledged client");
        let device = match &args.service_name {
            Some(name) => format!("BLE device `{name}`"),
            None => "the BLE device".into(),
        };
        tell(&format!(
            "Please connect to {device} manually using your tool of choice"
        ));
        if !confirm("Was the device connected successfully?").await? {
            return Err(Missing::Text("Failed to initialize transport".into()));
        }
        tell("List available attributes of the connected device");
        let mut user = Self {
            service: service().await?,
            seen: Vec::new(),
        };
        for endpoint in needed(args) {
            if !user.sees(endpoint).await? {
                return Err(Missing::Text(format!("'{endpoint}' endpoint not found")));
            }
        }
        Ok(user)
    }

    /// Whether the device has `endpoint`; asked once.
    async fn sees(&mut self, endpoint: Endpoint<'static>) -> Result<bool, Raised> {
        if self.seen.contains(&endpoint) {
            return Ok(true);
        }
        let Some(uuid) = characteristic(self.service, endpoint) else {
            return Ok(false);
        };
        let is_listed = is_listed("characteristic", uuid).await?;
        if is_listed {
            self.seen.push(endpoint);
        }
        Ok(is_listed)
    }

    /// Shows what to write and asks for what was read.
    pub(super) async fn carry(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, Trouble> {
        let invalid = || Trouble::Device(TransportError::Protocol(format!("Invalid endpoint: {endpoint}")));
        let known = known(endpoint).ok_or_else(invalid)?;
        let uuid = characteristic(self.service, known).ok_or_else(invalid)?;
        if !self.sees(known).await? {
            return Err(invalid());
        }
        tell(&format!("Write following data to characteristic with UUID '{uuid}' :"));
        say(&format!("\t>> {}", text::hex(request)));
        tell("Enter data read from characteristic (in hex) :");
        let answer = ask_until(
            async || ask("\t<< ").await,
            |pasted| hex::read(pasted).map_err(|error| format!("BLECLI >> {}", explanation(error))),
        );
        Ok(answer.await?)
    }
}

/// Why there is no connection.
enum Missing {
    Raised(Raised),
    /// What the original prints.
    Text(String),
}

impl From<Raised> for Missing {
    fn from(raised: Raised) -> Self {
        Self::Raised(raised)
    }
}

/// The service that the user sees: one that is known, or else as they type it.
async fn service() -> Result<ServiceUuid, Missing> {
    for service in [ServiceUuid::EXAMPLE, ServiceUuid::COMPONENT, ServiceUuid::EARLY] {
        if is_listed("service", service.uuid()).await? {
            return Ok(service);
        }
    }
    let typed = ask_until(
        async || ask("BLECLI >> Enter the service UUID that is listed (nothing if there is none) : ").await,
        |typed| match typed.trim() {
            "" => Ok(None),
            uuid => match uuid.trim_start_matches("0x").parse::<Uuid>() {
                Ok(uuid) => Ok(Some(uuid)),
                Err(error) => Err(format!("BLECLI >> This is no UUID: {error}")),
            },
        },
    );
    typed
        .await?
        .map(ServiceUuid::new)
        .ok_or_else(|| Missing::Text("Provisioning service not found".into()))
}

/// The endpoints that this run is sure to use, in the order of the seed's transcript.
fn needed(args: &Args) -> Vec<Endpoint<'static>> {
    let mut needed = vec![Endpoint::VERSION, Endpoint::SESSION, Endpoint::CONFIG];
    if args.reset || args.reprov {
        needed.push(Endpoint::CTRL);
        return needed;
    }
    if args.ssid.is_empty() && args.dataset_tlvs.is_none() {
        needed.push(Endpoint::SCAN);
    }
    if !args.custom_data.is_empty() {
        needed.push(Endpoint::CUSTOM_DATA);
    }
    needed
}

/// The endpoint of this name, if it is one that this program uses.
fn known(name: &str) -> Option<Endpoint<'static>> {
    let mut all = Endpoint::BUILT_IN.into_iter().chain([Endpoint::CUSTOM_DATA]);
    all.find(|endpoint| endpoint.as_str() == name)
}

/// Where `endpoint` is in `service`; custom-data is the first endpoint that the example application adds.
fn characteristic(service: ServiceUuid, endpoint: Endpoint<'_>) -> Option<Uuid> {
    let number = match endpoint {
        Endpoint::CUSTOM_DATA => EndpointNumber::application(0),
        other => EndpointNumber::built_in(other),
    };
    number.map(|number| service.characteristic(number))
}

fn explanation(error: NotHex) -> &'static str {
    match error {
        NotHex::Text => {
            "This is not hex: enter two digits a byte as your tool shows them, or nothing if the write failed"
        }
        NotHex::Unpaired => {
            "The device wants an encrypted link: pair with it in your tool, write the data again, and enter what you \
             read then"
        }
    }
}

async fn is_listed(kind: &str, uuid: Uuid) -> Result<bool, Raised> {
    confirm(&format!(
        "Is the {kind} UUID '{uuid}' listed among available attributes?"
    ))
    .await
}

async fn confirm(question: &str) -> Result<bool, Raised> {
    let answer = ask(&format!("BLECLI >> {question} [y/n] ")).await?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

fn tell(text: &str) {
    say(&format!("BLECLI >> {text}"));
}
