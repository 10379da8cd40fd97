//! Where a simulated device meets its clients: one of the device's services, chosen on the command line.

use core::cell::RefCell;
use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    rc::Rc,
};

use landfall_device::{
    AfterProvisioning, BleOptions, BleService, ConsoleService, HttpService, Radio, RequestId, Service, ServiceEvent,
    protocomm::gatt::ServiceUuid,
};

use crate::{
    args::{DeviceBluetooth, DeviceTransport, KeepBleOn, Simulate},
    failure::{Failure, Problem},
    print::{Advertised, Place},
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
    Console(Box<ConsoleService>),
    Ble(Box<BleService>),
}

impl Front {
    /// Opens what `args` names, for a device called `name`.
    pub(super) async fn open(args: &Simulate, name: &str) -> Result<Self, Failure> {
        match (args.transport, &args.port) {
            (DeviceTransport::Softap, _) => Self::http(args).await,
            (DeviceTransport::Console, Some(port)) => Self::serial_port(port, args.baud),
            (DeviceTransport::Console, None) => Self::pseudo_terminal(args.link.as_deref()),
            (DeviceTransport::Ble, _) => Ok(Self::bluetooth(&args.bluetooth, name)),
        }
    }

    /// The radio itself is opened when the service starts.
    fn bluetooth(args: &DeviceBluetooth, name: &str) -> Self {
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

    async fn http(args: &Simulate) -> Result<Self, Failure> {
        let service = HttpService::bind(args.listen).await.map_err(|error| {
            Failure::new(Problem::AddressTaken)
                .saying(format!("{} cannot be listened on", args.listen))
                .because(error)
        })?;
        let url = format!("http://{}", service.local_addr());
        Ok(Self::new(AnyService::Http(Box::new(service)), Place::SoftAp { url }))
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
            AnyService::Console(service) => service.next().await,
            AnyService::Ble(service) => service.next().await,
        }
    }

    fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        match &mut self.service {
            AnyService::Http(service) => service.respond(request, answer),
            AnyService::Console(service) => service.respond(request, answer),
            AnyService::Ble(service) => service.respond(request, answer),
        }
    }

    async fn stop(&mut self) {
        match &mut self.service {
            AnyService::Http(service) => service.stop().await,
            AnyService::Console(service) => service.stop().await,
            AnyService::Ble(service) => service.stop().await,
        }
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
