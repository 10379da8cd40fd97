//! `landfall simulate`

use core::{future::Future, time::Duration};
use std::fs;

use landfall_device::{
    Builder, Device, Security, SimulatedWifi, World,
    manager::{AttemptLimit, AutoStop, Generation},
};

use super::{
    front::{self, Front},
    keeping::{self, Kept},
    secret::{self, Secret},
    signals,
    simulated::{Label, Narrator, payload_transport, random_name},
};
use crate::{
    args::{DeviceGeneration, DeviceTransport, Simulate, WorldSource},
    failure::{Failure, Problem},
    print::{DeviceEvent, Event, Printer},
    terminal::{self, Farewell},
};

/// Plays a device until a signal comes, or, with `--once`, until provisioning has ended.
pub(super) async fn run(args: &Simulate, printer: &Printer) -> Result<(), Failure> {
    let name = args.name.clone().map_or_else(random_name, Ok)?;
    warn_of_unused(args, &name, printer);
    let secret = Secret::of(&args.secret)?;
    // Not earlier: while a secret is read from standard input, a signal ends the program as it does any other.
    let stop = signals::stop()?;
    // To who is connected, and to Bluetooth.
    let _owed = Farewell::owe();
    let mut device = build(args, &name, secret.security.clone(), printer)?;
    if args.erase {
        device
            .erase()
            .map_err(|error| keeping::failure(&error, args.state.as_deref()))?;
    }
    let provisioned = keeping::kept(&device, args.state.as_deref(), printer)? == Kept::Network;
    tokio::select! {
        result = live(&mut device, provisioned, args, &secret, printer) => result,
        () = stop => Ok(()),
        () = terminal::reader_gone() => Ok(()),
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
        Some(open_front(args, &name).await?)
    };
    let place = front.as_ref().map(Front::place);
    let on_label = secret.for_label(args.secret.qr_password);
    let by = payload_transport(args.transport, None);
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

/// The service that `args` name, for a device called `name`.
async fn open_front(args: &Simulate, name: &str) -> Result<Front, Failure> {
    match args.transport {
        DeviceTransport::Softap => Front::http(args.listen).await,
        DeviceTransport::Console => Front::console(&args.console),
        DeviceTransport::Ble => Ok(Front::bluetooth(&args.bluetooth, name)),
    }
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
        Some(directory) => builder.store(keeping::open(directory)?),
        None => builder,
    };
    builder.build().map_err(|error| {
        Failure::new(Problem::BadArgument)
            .saying("no device can be made of this")
            .because(error)
    })
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

/// What is for another scheme or transport than the device's is ignored, but not in silence.
fn warn_of_unused(args: &Simulate, name: &str, printer: &Printer) {
    secret::warn_of_unused(&args.secret, printer);
    let others = [
        (DeviceTransport::Console, args.console.given()),
        (DeviceTransport::Ble, args.bluetooth.given()),
    ];
    front::warn_of_other_transports(args.transport, &others, printer);
    if args.transport == DeviceTransport::Ble {
        front::warn_of_bluetooth(&args.bluetooth, name, printer);
    }
}
