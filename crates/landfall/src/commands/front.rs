//! Where a simulated device meets its clients: one of the device's services, chosen on the command line.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use landfall_device::{ConsoleService, HttpService, RequestId, Service, ServiceEvent};

use crate::{
    args::{DeviceTransport, Simulate},
    failure::{Failure, Problem},
};

/// A service that was chosen, and where clients find it.
pub(super) struct Front {
    service: AnyService,
    place: String,
    /// Removed when the service ends.
    _link: Option<SymbolicLink>,
}

enum AnyService {
    Http(Box<HttpService>),
    Console(Box<ConsoleService>),
}

impl Front {
    /// Opens what `args` names.
    pub(super) async fn open(args: &Simulate) -> Result<Self, Failure> {
        match (args.transport, &args.port) {
            (DeviceTransport::Softap, _) => Self::http(args).await,
            (DeviceTransport::Console, Some(port)) => Self::serial_port(port, args.baud),
            (DeviceTransport::Console, None) => Self::pseudo_terminal(args.link.as_deref()),
        }
    }

    async fn http(args: &Simulate) -> Result<Self, Failure> {
        let service = HttpService::bind(args.listen).await.map_err(|error| {
            Failure::new(Problem::AddressTaken)
                .saying(format!("{} cannot be listened on", args.listen))
                .because(error)
        })?;
        Ok(Self {
            place: format!("http://{}", service.local_addr()),
            service: AnyService::Http(Box::new(service)),
            _link: None,
        })
    }

    fn serial_port(port: &Path, baud: u32) -> Result<Self, Failure> {
        let service = ConsoleService::serial_port(port, baud).map_err(|error| unusable(port, &error))?;
        Ok(Self {
            service: AnyService::Console(Box::new(service)),
            place: port.display().to_string(),
            _link: None,
        })
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
        Ok(Self {
            service: AnyService::Console(Box::new(service)),
            place: link.as_ref().map_or(&path, |link| &link.path).display().to_string(),
            _link: link,
        })
    }

    /// Where clients find it: a URL, or the path of a port.
    pub(super) fn place(&self) -> &str {
        &self.place
    }
}

impl Service for Front {
    async fn start(&mut self, endpoints: &[&str]) -> io::Result<()> {
        match &mut self.service {
            AnyService::Http(service) => service.start(endpoints).await,
            AnyService::Console(service) => service.start(endpoints).await,
        }
    }

    async fn next(&mut self) -> ServiceEvent {
        match &mut self.service {
            AnyService::Http(service) => service.next().await,
            AnyService::Console(service) => service.next().await,
        }
    }

    fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        match &mut self.service {
            AnyService::Http(service) => service.respond(request, answer),
            AnyService::Console(service) => service.respond(request, answer),
        }
    }

    async fn stop(&mut self) {
        match &mut self.service {
            AnyService::Http(service) => service.stop().await,
            AnyService::Console(service) => service.stop().await,
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
