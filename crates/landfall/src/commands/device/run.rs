//! `landfall device run`

use core::{
    convert::Infallible,
    fmt::Display,
    future::{self, Future},
    pin::pin,
};
use std::path::Path;

use clap::ValueEnum as _;
use landfall_device::{
    Device, LinuxWifi, Security,
    manager::{AttemptLimit, AutoStop, Passphrase, ServiceName, Ssid},
};
use landfall_wlan::{Backend, Mover, SoftApOptions, Station, StationOptions};
use tokio::{
    signal::unix::{Signal, SignalKind},
    sync::{mpsc, oneshot},
};

use super::{
    button::Button,
    control::{Answer, Control, Request},
    hooks::{self, HookRunner, Hooks},
    life::{Habits, Life, Order},
    socket, state,
    watch::Watch,
};
use crate::{
    args::{AccessPointArgs, DeviceTransport, Run, Window},
    commands::{
        front::{self, Front},
        keeping,
        secret::{self, Secret},
        signals,
        simulated::{Label, Narrator, payload_transport},
    },
    failure::{Failure, Problem},
    print::{DeviceEvent, DeviceStatus, Event, NetworkState, Printer, Provisioning},
    terminal::Farewell,
};

/// What is fine for a simulation, and not for a machine.
const KNOWN_TO_ALL: &str = "this device asks for no secret, or for one that everybody knows: anyone in range can bring it \
                            onto another network. Give it one of its own, as with --pop-file";

/// Orders that wait, at most.
const MOST_ORDERS: usize = 8;

/// Is a device until a signal comes.
pub(super) async fn run(args: &Run, printer: &Printer) -> Result<(), Failure> {
    // A machine goes on being a device without anybody who reads along.
    let _owed = Farewell::owe();
    let secret = Secret::of(&args.secret)?;
    if secret.is_everybodys() {
        let text = KNOWN_TO_ALL.to_owned();
        printer.event(&Event::Device(DeviceEvent::DeviceWarning { text }));
    }
    // Not earlier: while a secret is read from standard input, a signal ends the program as it does any other.
    let signals = Signals::caught()?;
    let button = args.button.as_ref().map(Button::open).transpose()?;
    let hook = args.hook.as_deref().map(hooks::program).transpose()?;
    // Before the Wi-Fi is touched: another device may be running.
    let control = Control::bind(socket(&args.control)).await?;
    let mover = Mover::default();
    let wifi = LinuxWifi::open(station(args, &mover)).await;
    let wifi = wifi.map_err(|error| Failure::of_wlan(&error))?;
    let by_address = || ServiceName::from_mac(wifi.station().mac()).to_string();
    let name = args.name.clone().unwrap_or_else(by_address);
    let status = status(args, &name, wifi.station());
    warn_of_unused(args, &name, printer);
    let access_point = access_point(args, &name, &status.interface, mover)?;
    let (hooks, runner) = Hooks::new(hook, &name, &status.interface);
    let state = state(args.state.as_deref());
    let on_label = secret.for_label(args.secret.qr_password);
    let key = access_point.as_ref().and_then(key_text);
    let key = key.filter(|_| secret.is_for_label(args.secret.qr_password));
    let label = Label::new(&name, None, &on_label, payload_transport(args.transport, key));
    let narrator = Narrator::new(printer, label);
    let watch = Watch::new(&narrator, hooks, status);
    let (orders, received) = mpsc::channel(MOST_ORDERS);
    let life = Life {
        device: build(args, &name, secret.security.clone(), wifi, &state)?,
        state: &state,
        open_front: async || open_front(args, &name, access_point.as_ref()),
        orders: received,
        habits: Habits {
            window: args.window.map(|window| window.0),
            keeps_front: args.bluetooth.keep_ble_on.is_some(),
        },
        watch: &watch,
        printer,
    };
    tokio::select! {
        ended = life.live() => ended,
        never = control.serve(async |request| answer(request, &orders, &watch).await) => match never {},
        never = run_hooks(runner, &watch) => match never {},
        never = watch.manager().watchdog() => match never {},
        never = signals.obey(&orders, &watch) => match never {},
        never = Button::obey(button, &orders, &watch) => match never {},
    }
}

/// Signals that a running device takes.
struct Signals<S> {
    stop: S,
    open: Signal,
}

impl Signals<()> {
    fn caught() -> Result<Signals<impl Future<Output = ()>>, Failure> {
        Ok(Signals {
            stop: signals::stop()?,
            open: signals::caught(SignalKind::user_defined1())?,
        })
    }
}

impl<S: Future<Output = ()>> Signals<S> {
    async fn obey(mut self, orders: &mpsc::Sender<Order>, watch: &Watch<'_>) -> Infallible {
        let mut stop = pin!(self.stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = self.open.recv() => {
                    let (done, _) = oneshot::channel();
                    give(orders, Order::Open { window: None, done }).await;
                }
            }
        }
        watch.manager().stopping();
        give(orders, Order::Stop).await;
        future::pending().await
    }
}

/// Does what somebody asks for.
pub(super) async fn answer(request: Request, orders: &mpsc::Sender<Order>, watch: &Watch<'_>) -> Answer {
    let (done, obeyed) = oneshot::channel();
    match request {
        Request::Status => return Answer::Status(Box::new(watch.status())),
        Request::Open { window_s } => {
            let window = match window_s.map(Window::of_seconds).transpose() {
                Ok(window) => window.map(|window| window.0),
                Err(why) => {
                    return Answer::Refused {
                        why: format!("window_s: {why}"),
                    };
                }
            };
            give(orders, Order::Open { window, done }).await;
        }
        Request::Reset => give(orders, Order::Reset { done }).await,
    }
    match obeyed.await {
        Ok(Ok(())) => Answer::Done,
        Ok(Err(why)) => Answer::Refused { why },
        Err(_) => Answer::Refused {
            why: "the device was told something else meanwhile".to_owned(),
        },
    }
}

/// Runs the hooks, if there are any, for ever.
pub(super) async fn run_hooks(runner: Option<HookRunner>, watch: &Watch<'_>) -> Infallible {
    if let Some(runner) = runner {
        runner.run(|why| watch.warn(why)).await;
    }
    future::pending().await
}

async fn give(orders: &mpsc::Sender<Order>, order: Order) {
    // A device that has ended obeys nothing; the program ends with it.
    let _ = orders.send(order).await;
}

fn build(
    args: &Run,
    name: &str,
    security: Security,
    wifi: LinuxWifi,
    state: &Path,
) -> Result<Device<LinuxWifi>, Failure> {
    let device = Device::builder(name, security)
        .wifi(wifi)
        .stay_home()
        .attempts(AttemptLimit::Total(args.attempts))
        .auto_stop(if args.no_auto_stop {
            AutoStop::Disabled
        } else {
            AutoStop::default()
        })
        .store(keeping::open(state)?);
    device.build().map_err(|error| unmakable(&error))
}

fn unmakable(why: &dyn Display) -> Failure {
    Failure::new(Problem::BadArgument)
        .saying("no device can be made of this")
        .because(why)
}

/// The service that `args` name, for a device called `name`.
fn open_front(args: &Run, name: &str, access_point: Option<&SoftApOptions>) -> Result<Front, Failure> {
    match (args.transport, access_point) {
        (DeviceTransport::Softap, Some(options)) => Ok(Front::access_point(options.clone())),
        (DeviceTransport::Console, _) => Front::console(&args.console),
        (DeviceTransport::Ble | DeviceTransport::Softap, _) => Ok(Front::bluetooth(&args.bluetooth, name)),
    }
}

/// The access point of a device called `name`, if it has one.
fn access_point(args: &Run, name: &str, interface: &str, mover: Mover) -> Result<Option<SoftApOptions>, Failure> {
    if args.transport != DeviceTransport::Softap {
        return Ok(None);
    }
    let AccessPointArgs {
        ap_address,
        ap_channel,
        ap_interface,
        ..
    } = &args.access_point;
    let ssid = Ssid::new(name.as_bytes()).ok_or_else(|| unmakable(&"an access point's name has at most 32 bytes"))?;
    let mut options = SoftApOptions::new(ssid, ap_interface.as_deref().unwrap_or(interface));
    if let Some(octets) = args.access_point.key()? {
        let key = Passphrase::new(&octets).filter(|_| octets.len() >= SHORTEST_KEY);
        options.key = key.ok_or_else(|| unmakable(&"an access point's key has 8 to 63 characters"))?;
    }
    options.takes_interface = ap_interface.as_deref().is_some_and(|other| other != interface);
    options.channel = *ap_channel;
    options.address = *ap_address;
    options.mover = mover;
    Ok(Some(options))
}

/// The access point's key, if it has one.
fn key_text(access_point: &SoftApOptions) -> Option<&str> {
    let key = core::str::from_utf8(access_point.key.expose()).ok()?;
    (!key.is_empty()).then_some(key)
}

/// Of WPA2 (IEEE 802.11, annex J.4).
const SHORTEST_KEY: usize = 8;

/// The Wi-Fi that was chosen; what it has to move before it joins is moved by `mover`.
fn station(args: &Run, mover: &Mover) -> StationOptions {
    let mut options = super::station(&args.wifi.driver);
    options.ipv6_only = args.wifi.ipv6_only_ok;
    // Another radio has channels of its own.
    if args.transport == DeviceTransport::Softap && args.access_point.ap_interface.is_none() {
        options.beside = Some(mover.clone());
    }
    options
}

/// What the device is before it begins.
fn status(args: &Run, name: &str, station: &Station) -> DeviceStatus {
    let transport = args.transport.to_possible_value();
    DeviceStatus {
        name: name.to_owned(),
        transport: transport.map_or_else(String::new, |value| value.get_name().to_owned()),
        interface: station.interface().to_owned(),
        backend: match station.backend() {
            Backend::NetworkManager => "networkmanager",
            Backend::WpaSupplicant => "wpa_supplicant",
        }
        .to_owned(),
        provisioning: Provisioning::Closed,
        window_left_s: None,
        provisioned: false,
        network: NetworkState::None,
        ssid: None,
        ip: None,
        last_failure: None,
    }
}

/// What is for another scheme or transport than the device's is ignored, but not in silence.
fn warn_of_unused(args: &Run, name: &str, printer: &Printer) {
    secret::warn_of_unused(&args.secret, printer);
    let others = [
        (DeviceTransport::Console, args.console.given()),
        (DeviceTransport::Ble, args.bluetooth.given()),
        (DeviceTransport::Softap, args.access_point.given()),
    ];
    front::warn_of_other_transports(args.transport, &others, printer);
    if args.transport == DeviceTransport::Ble {
        front::warn_of_bluetooth(&args.bluetooth, name, printer);
    }
}
