//! Where a device of ours meets its clients: one of the device's services, chosen on the command line.

use core::{cell::RefCell, net::SocketAddr};
use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    rc::Rc,
};

use landfall_device::{
    AfterProvisioning, BleOptions, BleService, ConsoleService, HttpService, Radio, RequestId, Service, ServiceEvent,
    SoftApService, protocomm::gatt::ServiceUuid,
};
use landfall_wlan::SoftApOptions;

use crate::{
    args::{ConsoleArgs, DeviceBluetooth, DeviceTransport, KeepBleOn},
    failure::{Failure, Problem},
    print::{Advertised, Place, Printer},
};

/// A service that was chosen, and where clients find it.
pub(super) struct Front {
    service: AnyService,
    /// Known in full when the service has started.
    place: Rc<RefCell<Place>>,
    /// Removed when the service ends.
    _link: Option<SymbolicLink>,
}

enum AnyService {
    Http(Box<HttpService>),
    SoftAp(Box<SoftApService>),
    Console(Box<ConsoleService>),
    Ble(Box<BleService>),
}

impl Front {
    /// Bluetooth, for a device called `name`. The radio itself is opened when the service starts.
    pub(super) fn bluetooth(args: &DeviceBluetooth, name: &str) -> Self {
        let options = BleOptions {
            service: ServiceUuid::new(args.service_uuid),
            manufacturer_data: args
                .manufacturer_data
                .as_ref()
                .map(|data| data.0.clone())
                .unwrap_or_default(),
            address: args.ble_address.map(|address| address.0),
            mtu: args.ble_mtu,
            encryption: args.ble_encryption,
            notify: args.ble_notify,
            after: match args.keep_ble_on {
                None => AfterProvisioning::Off,
                Some(how) => AfterProvisioning::KeepOn {
                    disconnect: how == KeepBleOn::Disconnect,
                },
            },
            ..BleOptions::new(name)
        };
        let radio = match &args.hci {
            Some(hci) => Radio::Controller(hci.clone()),
            None => Radio::System {
                adapter: args.adapter.clone(),
            },
        };
        let place = Place::Ble(Advertised {
            adapter: args.adapter.clone(),
            controller: args.hci.as_ref().map(ToString::to_string),
            address: None,
            service_uuid: args.service_uuid.to_string(),
        });
        Self::new(AnyService::Ble(Box::new(BleService::new(radio, options))), place)
    }

    fn new(service: AnyService, place: Place) -> Self {
        Self {
            service,
            place: Rc::new(RefCell::new(place)),
            _link: None,
        }
    }

    /// HTTP at `address`.
    pub(super) async fn http(address: SocketAddr) -> Result<Self, Failure> {
        let service = HttpService::bind(address).await.map_err(|error| {
            Failure::new(Problem::AddressTaken)
                .saying(format!("{address} cannot be listened on"))
                .because(error)
        })?;
        let url = format!("http://{}", service.local_addr());
        Ok(Self::new(AnyService::Http(Box::new(service)), Place::SoftAp { url }))
    }

    /// HTTP in an access point, which is opened when the service starts.
    pub(super) fn access_point(options: SoftApOptions) -> Self {
        let url = format!("http://{}", options.address);
        let service = Box::new(SoftApService::new(options));
        Self::new(AnyService::SoftAp(service), Place::SoftAp { url })
    }

    /// A console on the port that `args` names, or on a new pseudo-terminal.
    pub(super) fn console(args: &ConsoleArgs) -> Result<Self, Failure> {
        match &args.port {
            Some(port) => Self::serial_port(port, args.baud),
            None => Self::pseudo_terminal(args.link.as_deref()),
        }
    }

    fn serial_port(port: &Path, baud: u32) -> Result<Self, Failure> {
        let service = ConsoleService::serial_port(port, baud).map_err(|error| unusable(port, &error))?;
        let url = port.display().to_string();
        Ok(Self::new(
            AnyService::Console(Box::new(service)),
            Place::Console { url },
        ))
    }

    fn pseudo_terminal(link: Option<&Path>) -> Result<Self, Failure> {
        let (service, path) = ConsoleService::pseudo_terminal().map_err(|error| {
            Failure::new(Problem::SystemRefuses)
                .saying("no pseudo-terminal can be made")
                .because(error)
        })?;
        let link = link
            .map(|link| SymbolicLink::make(&path, link).map_err(|error| unwritable(link, &error)))
            .transpose()?;
        let url = link.as_ref().map_or(&path, |link| &link.path).display().to_string();
        Ok(Self {
            _link: link,
            ..Self::new(AnyService::Console(Box::new(service)), Place::Console { url })
        })
    }

    /// Where clients find it, for whoever tells it when it has started.
    pub(super) fn place(&self) -> Rc<RefCell<Place>> {
        Rc::clone(&self.place)
    }

    /// Takes in what is only known on the air.
    fn locate(&self, found: &landfall_device::Place) {
        if let Place::Ble(advertised) = &mut *self.place.borrow_mut() {
            advertised.adapter = Some(found.adapter.clone());
            advertised.address = Some(found.address.to_string());
        }
    }
}

impl Service for Front {
    async fn start(&mut self, endpoints: &[&str]) -> io::Result<()> {
        match &mut self.service {
            AnyService::Http(service) => service.start(endpoints).await,
            AnyService::SoftAp(service) => service.start(endpoints).await,
            AnyService::Console(service) => service.start(endpoints).await,
            AnyService::Ble(service) => {
                service.start(endpoints).await?;
                if let Some(place) = service.place().cloned() {
                    self.locate(&place);
                }
                Ok(())
            }
        }
    }

    async fn next(&mut self) -> ServiceEvent {
        match &mut self.service {
            AnyService::Http(service) => service.next().await,
            AnyService::SoftAp(service) => service.next().await,
            AnyService::Console(service) => service.next().await,
            AnyService::Ble(service) => service.next().await,
        }
    }

    fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        match &mut self.service {
            AnyService::Http(service) => service.respond(request, answer),
            AnyService::SoftAp(service) => service.respond(request, answer),
            AnyService::Console(service) => service.respond(request, answer),
            AnyService::Ble(service) => service.respond(request, answer),
        }
    }

    async fn stop(&mut self) {
        match &mut self.service {
            AnyService::Http(service) => service.stop().await,
            AnyService::SoftAp(service) => service.stop().await,
            AnyService::Console(service) => service.stop().await,
            AnyService::Ble(service) => service.stop().await,
        }
    }
}

/// What only transports other than `taken` have, and was given: it is ignored, but not in silence.
pub(super) fn warn_of_other_transports(
    taken: DeviceTransport,
    others: &[(DeviceTransport, Vec<&'static str>)],
    printer: &Printer,
) {
    let name = |transport: DeviceTransport| match transport {
        DeviceTransport::Softap => "softap",
        DeviceTransport::Console => "console",
        DeviceTransport::Ble => "ble",
    };
    for (other, given) in others.iter().filter(|(other, _)| *other != taken) {
        for option in given {
            printer.hint(&format!(
                "{} takes no {option}: it is not used; you may want --transport {}",
                name(taken),
                name(*other)
            ));
        }
    }
}

/// What the system's Bluetooth decides itself, and what does not fit into an advertisement.
pub(super) fn warn_of_bluetooth(args: &DeviceBluetooth, name: &str, printer: &Printer) {
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

/// A name for a pseudo-terminal that stays the same from run to run, gone with its device.
struct SymbolicLink {
    path: PathBuf,
}

impl SymbolicLink {
    /// Makes the link; an old one, left behind by a device that was killed, is replaced, but nothing else is.
    fn make(target: &Path, path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
            fs::remove_file(path)?;
        }
        symlink(target, path)?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for SymbolicLink {
    fn drop(&mut self) {
        // One that is gone already needs no removing.
        let _ = fs::remove_file(&self.path);
    }
}

fn unusable(port: &Path, error: &io::Error) -> Failure {
    Failure::new(Problem::PortUnusable)
        .saying(format!("the serial port {} cannot be used", port.display()))
        .because(error)
}

fn unwritable(link: &Path, error: &io::Error) -> Failure {
    Failure::new(Problem::FileUnwritable)
        .saying(format!("the link {} cannot be made", link.display()))
        .because(error)
}
