//! `landfall simulate`

use core::{future::Future, time::Duration};
use std::{fs, io, path::Path};

use clap::ValueEnum as _;
use landfall_device::{
    Builder, Device, FileStore, PayloadSecret, PayloadTransport, Security, SimulatedWifi, StoreError, World,
    manager::{AttemptLimit, AutoStop, Generation},
    protocomm::NonceRule,
};
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use super::{
    front::Front,
    simulated::{DEVELOPMENT_SECRET, DEVELOPMENT_USER, Label, Narrator, random_name},
};
use crate::{
    args::{DeviceBluetooth, DeviceGeneration, DeviceSecret, DeviceTransport, Simulate, WorldSource},
    failure::{Failure, Problem},
    print::{DeviceEvent, Event, Printer, text::from_hex},
};

/// Plays a device until a signal comes, or, with `--once`, until provisioning has ended.
pub(super) async fn run(args: &Simulate, printer: &Printer) -> Result<(), Failure> {
    let name = args.name.clone().map_or_else(random_name, Ok)?;
    warn_of_unused(args, &name, printer);
    let secret = Secret::of(&args.secret)?;
    // Not earlier: while a secret is read from standard input, a signal ends the program as it does any other.
    let stop = stop_signal().map_err(|error| broken(&error))?;
    let mut device = build(args, &name, secret.security.clone(), printer)?;
    if args.erase {
        device
            .erase()
            .map_err(|error| store_failure(&error, args.state.as_deref()))?;
    }
    let provisioned = is_provisioned(&device, args, printer)?;
    tokio::select! {
        result = live(&mut device, provisioned, args, &secret, printer) => result,
        () = stop => Ok(()),
    }
}

/// The device's life: provisioning if need be, then the application.
async fn live(
    device: &mut Device<SimulatedWifi>,
    provisioned: bool,
    args: &Simulate,
    secret: &Secret,
    printer: &Printer,
) -> Result<(), Failure> {
    let name = device.name().to_owned();
    let mut front = if provisioned {
        None
    } else {
        Some(Front::open(args, &name).await?)
    };
    let place = front.as_ref().map(Front::place);
    let on_label = secret.for_label(args.secret.qr_password);
    let by = match args.transport {
        DeviceTransport::Softap => Some(PayloadTransport::SoftAp),
        DeviceTransport::Ble => Some(PayloadTransport::Ble),
        // No app can come by way of the console, so there is no code to scan.
        DeviceTransport::Console => None,
    };
    let narrator = Narrator::new(printer, Label::new(&name, place, &on_label, by));
    if let Some(front) = &mut front {
        narrator.say(DeviceEvent::DeviceUnprovisioned);
        let running = device.provision(front, |happened| narrator.tell(happened));
        with_application(&narrator, running)
            .await
            .map_err(|error| Failure::of_device(&error))?;
        if args.once {
            return Ok(());
        }
    } else {
        narrator.say(DeviceEvent::DeviceAlreadyProvisioned);
    }
    // Until the end, if Bluetooth is kept on.
    let _front = front.filter(|_| args.bluetooth.keep_ble_on.is_some());
    let handle = device.handle();
    let running = device.join_stored(|happened| {
        // After provisioning the device is on its network already, and the narrator has said so.
        if !narrator.is_online() || !matches!(happened, landfall_device::Event::Joined(_)) {
            narrator.tell(happened);
        }
        if args.once && narrator.is_online() {
            handle.stop();
        }
    });
    with_application(&narrator, running)
        .await
        .map_err(|error| Failure::of_device(&error))?;
    Ok(())
}

/// Runs the device beside the application of Espressif's example, which greets once a second when there is a network.
async fn with_application<T>(narrator: &Narrator<'_>, running: impl Future<Output = T>) -> T {
    let application = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if narrator.is_online() {
                narrator.say(DeviceEvent::DeviceHello);
            }
        }
    };
    tokio::select! {
        ended = running => ended,
        never = application => never,
    }
}

fn build(args: &Simulate, name: &str, security: Security, printer: &Printer) -> Result<Device<SimulatedWifi>, Failure> {
    let on_data = *printer;
    let builder: Builder<SimulatedWifi> = Device::builder(name, security)
        .wifi(SimulatedWifi::new(world(args.world.as_ref())?))
        .attempts(AttemptLimit::Total(args.attempts))
        .auto_stop(if args.no_auto_stop {
            AutoStop::Disabled
        } else {
            AutoStop::default()
        })
        .generation(match args.generation {
            DeviceGeneration::Wifi => Generation::WifiProvisioning,
            DeviceGeneration::Network => Generation::NetworkProvisioning,
        })
        .endpoint("custom-data", move |octets| {
            on_data.event(&Event::Device(DeviceEvent::DeviceDataReceived { octets }));
            // The example's answer, with its NUL (spec protocol.md 8.5).
            Some(b"SUCCESS\0".to_vec())
        });
    let builder = match &args.state {
        Some(directory) => {
            builder.store(FileStore::open(directory).map_err(|error| store_failure(&error, Some(directory)))?)
        }
        None => builder,
    };
    builder.build().map_err(|error| {
        Failure::new(Problem::BadArgument)
            .saying("no device can be made of this")
            .because(error)
    })
}

/// Whether a network is stored. A damaged store counts as empty, and is told of.
fn is_provisioned(device: &Device<SimulatedWifi>, args: &Simulate, printer: &Printer) -> Result<bool, Failure> {
    match device.stored() {
        Ok(stored) => Ok(stored.is_some()),
        Err(error @ StoreError::Damaged { .. }) => {
            printer.event(&Event::Device(DeviceEvent::DeviceWarning {
                text: error.to_string(),
            }));
            Ok(false)
        }
        Err(error) => Err(store_failure(&error, args.state.as_deref())),
    }
}

fn world(source: Option<&WorldSource>) -> Result<World, Failure> {
    let path = match source {
        None => return Ok(World::built_in()),
        Some(WorldSource::Table(world)) => return Ok(world.clone()),
        Some(WorldSource::File(path)) => path,
    };
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::new(Problem::FileUnreadable)
            .saying(format!("the world cannot be read from {}", path.display()))
            .because(error)
    })?;
    World::from_toml(&text).map_err(|error| {
        Failure::new(Problem::WorldInvalid)
            .saying(format!("{} describes no world", path.display()))
            .because(error)
    })
}

/// A device's secret, and how it came by it.
struct Secret {
    security: Security,
    username: String,
    /// The proof of possession or password, unless only a verifier is known.
    text: Option<Zeroizing<String>>,
    /// Everyone knows it.
    is_development: bool,
}

impl Secret {
    fn of(args: &DeviceSecret) -> Result<Self, Failure> {
        match scheme(args) {
            0 => Ok(Self {
                security: Security::Security0,
                username: String::new(),
                text: None,
                is_development: false,
            }),
            1 => Self::proof_of_possession(args),
            _ => Self::user(args),
        }
    }

    fn proof_of_possession(args: &DeviceSecret) -> Result<Self, Failure> {
        let given = args.pop.given()?;
        let is_development = given.is_none();
        let pop = given.unwrap_or_else(|| Zeroizing::new(DEVELOPMENT_SECRET.into()));
        let text = text(&pop, "proof of possession")?;
        let pop = (!pop.is_empty()).then_some(pop);
        let text = pop.is_some().then_some(text);
        Ok(Self {
            security: Security::Security1 { pop },
            username: String::new(),
            text,
            is_development,
        })
    }

    fn user(args: &DeviceSecret) -> Result<Self, Failure> {
        let given = args.password.given()?;
        let is_development = given.is_none() && args.salt.is_none();
        let (mut security, text) = match (&args.salt, &args.verifier, given) {
            (Some(salt), Some(verifier), _) => (verifier_of(salt.expose(), verifier.expose())?, None),
            (_, _, None) if args.username == DEVELOPMENT_USER => (
                Security::development(),
                Some(Zeroizing::new(DEVELOPMENT_SECRET.to_owned())),
            ),
            (_, _, given) => {
                let password = given.unwrap_or_else(|| Zeroizing::new(DEVELOPMENT_SECRET.into()));
                let security = Security::from_password(&args.username, &password).map_err(|error| {
                    Failure::new(Problem::BadArgument)
                        .saying("user name or password cannot be used")
                        .because(error)
                })?;
                (security, Some(text(&password, "password")?))
            }
        };
        if let (Security::Security2 { nonce_rule, .. }, true) = (&mut security, args.insecure_static_nonce) {
            *nonce_rule = NonceRule::StaticInsecure2022;
        }
        Ok(Self {
            security,
            username: args.username.clone(),
            text,
            is_development,
        })
    }

    /// What the QR code shows: as in Espressif's example a proof of possession and development credentials, but no
    /// password of the user's own unless asked to (spec manager.md 9).
    fn for_label(&self, show_password: bool) -> PayloadSecret<'_> {
        match (&self.security, &self.text) {
            (Security::Security1 { .. }, Some(pop)) => PayloadSecret::Pop(pop),
            (Security::Security2 { .. }, Some(pop)) if self.is_development || show_password => {
                PayloadSecret::UsernameAndPop {
                    username: &self.username,
                    pop,
                }
            }
            _ => PayloadSecret::Hidden,
        }
    }
}

/// The scheme that was chosen, or follows from the secret that was given.
fn scheme(args: &DeviceSecret) -> u8 {
    let default = if args.pop.is_given() && !args.has_password() {
        1
    } else {
        2
    };
    args.sec_ver.unwrap_or(default)
}

/// What is for another scheme or transport than the device's is ignored, but not in silence.
fn warn_of_unused(args: &Simulate, name: &str, printer: &Printer) {
    let scheme = scheme(&args.secret);
    if scheme != 1 && args.secret.pop.is_given() {
        printer.hint(&format!(
            "security {scheme} takes no proof of possession: it is not used"
        ));
    }
    if scheme != 2 && args.secret.has_password() {
        printer.hint(&format!("security {scheme} takes no password: it is not used"));
    }
    warn_of_other_transports(args, printer);
    if args.transport == DeviceTransport::Ble {
        warn_of_bluetooth(&args.bluetooth, name, printer);
    }
}

/// What only another transport has.
fn warn_of_other_transports(args: &Simulate, printer: &Printer) {
    let console = [("port", args.port.is_some()), ("link", args.link.is_some())];
    let console = console.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name);
    let others = [
        (DeviceTransport::Console, "console", console.collect()),
        (DeviceTransport::Ble, "ble", args.bluetooth.given()),
    ];
    let taken = args.transport.to_possible_value();
    let taken = taken.as_ref().map_or("this transport", |value| value.get_name());
    for (_, other, given) in others.iter().filter(|(transport, ..)| *transport != args.transport) {
        for name in given {
            printer.hint(&format!(
                "{taken} takes no {name}: it is not used; you may want --transport {other}"
            ));
        }
    }
}

/// What the system's Bluetooth decides itself, and what does not fit into an advertisement.
fn warn_of_bluetooth(args: &DeviceBluetooth, name: &str, printer: &Printer) {
    if args.hci.is_none() {
        for name in args.of_controllers() {
            printer.hint(&format!(
                "the system's Bluetooth takes no {name}: it is not used; a controller of the device's own does, with --hci"
            ));
        }
    }
    // Each structure has a length and a type before its content (spec transports.md 1.4).
    let room = if args.hci.is_some() {
        27_usize.saturating_sub(name.len())
    } else {
        8
    };
    if args.manufacturer_data.as_ref().is_some_and(|data| data.0.len() > room) {
        printer.hint(&format!(
            "there is room for {room} bytes of manufacturer data: the rest is not advertised"
        ));
    }
}

fn verifier_of(salt: &str, verifier: &str) -> Result<Security, Failure> {
    let salt = from_hex(salt).ok_or_else(|| Failure::new(Problem::NotHex).saying("--salt is not hex"))?;
    let octets = from_hex(verifier)
        .or_else(|| from_hex(&fs::read_to_string(verifier).ok()?))
        .ok_or_else(|| {
            Failure::new(Problem::NotHex)
                .saying("--verifier is neither hex nor a file of hex")
                .hint("make both: landfall credentials --format hex")
        })?;
    Ok(Security::Security2 {
        salt,
        verifier: Zeroizing::new(octets),
        nonce_rule: NonceRule::Counter,
    })
}

fn text(secret: &[u8], what: &str) -> Result<Zeroizing<String>, Failure> {
    core::str::from_utf8(secret)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| Failure::new(Problem::NotText).saying(format!("the {what} is no text")))
}

/// Completes when the user or the system asks the program to end.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn store_failure(error: &StoreError, directory: Option<&Path>) -> Failure {
    let failure = Failure::new(Problem::StoreUnusable).because(error);
    match directory {
        Some(directory) => failure.hint(format!(
            "check {}, or take another directory with --state",
            directory.display()
        )),
        None => failure,
    }
}

fn broken(why: &dyn core::fmt::Display) -> Failure {
    Failure::new(Problem::DeviceBroken).because(why)
}
