//! `landfall discover`

mod ports;
mod signal;

use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use std::path::Path;

use landfall_client::{Connection, Error, SystemEnvironment, TransportError, VersionInfo};
use tokio::{net, task::JoinSet, time::timeout};

use self::ports::Port;
use super::link::Link;
use crate::{
    args::Discover,
    failure::{Failure, Problem},
    print::{Discovered, DiscoveredState, Event, Printer, text::printable},
};

/// Asks everywhere at once, and tells of each device as soon as it answers.
pub(super) async fn run(args: &Discover, printer: &Printer) -> Result<(), Failure> {
    let limit = Duration::from_secs(args.timeout);
    let (asked, listed) = ports(args);
    let mut list = List::new(args, &asked, &listed, printer);
    for port in &listed {
        list.port(port, Answer::from(DiscoveredState::NotAsked));
    }
    let mut probes = JoinSet::new();
    for host in &args.host {
        let link = Link::http(host, limit)?;
        probes.spawn(probe_host(host.clone(), link, limit));
    }
    for port in asked {
        probes.spawn(probe_port(port, args.baud, limit));
    }
    printer.step("Looking for devices");
    while let Some(probed) = probes.join_next().await {
        match probed {
            Ok(Probed::Host(host)) => list.host(host),
            Ok(Probed::Port(port, answer)) => list.port(&port, answer),
            // Nobody cancels a probe: this is a panic of ours.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    list.conclude(&listed)
}

/// The ports to ask, each once, and the others.
fn ports(args: &Discover) -> (Vec<Port>, Vec<Port>) {
    let mut plugged_in = ports::plugged_in(&args.device_dir);
    let mut asked: Vec<Port> = Vec::new();
    for named in &args.port {
        let path = ports::real(named);
        let place = plugged_in.iter().position(|port| ports::real(&port.path) == path);
        let hardware = place.and_then(|place| plugged_in.remove(place).hardware);
        if !asked.iter().any(|port| ports::real(&port.path) == path) {
            asked.push(Port {
                path: named.clone(),
                hardware,
            });
        }
    }
    (asked, plugged_in)
}

/// A place that was asked.
enum Probed {
    Host(Host),
    Port(Port, Answer),
}

/// An address on the network that was asked.
struct Host {
    name: String,
    /// What the name stands for, by which two names of one device are known.
    addresses: Vec<SocketAddr>,
    answer: Result<Answer, Failure>,
}

/// What is known of a device.
struct Answer {
    state: DiscoveredState,
    version: Option<VersionInfo>,
    /// Why no more is known.
    reason: Option<String>,
}

impl Answer {
    fn ready(version: VersionInfo) -> Self {
        Self {
            state: DiscoveredState::Ready,
            version: Some(version),
            reason: None,
        }
    }
}

impl From<DiscoveredState> for Answer {
    fn from(state: DiscoveredState) -> Self {
        Self {
            state,
            version: None,
            reason: None,
        }
    }
}

async fn probe_host(name: String, link: Link, limit: Duration) -> Probed {
    let mut addresses = Vec::new();
    if let Link::Http(transport) = &link
        && let Ok(Ok(found)) = timeout(limit, net::lookup_host(transport.address())).await
    {
        addresses.extend(found);
    }
    let answer = match ask(link, limit).await {
        Ok(version) if is_device(&version) => Ok(Answer::ready(version)),
        Ok(_) => Err(not_a_device(&name)),
        Err(Error::Transport(TransportError::Busy)) => Ok(Answer::from(DiscoveredState::Busy)),
        Err(Error::Transport(error @ (TransportError::Unreachable(_) | TransportError::TimedOut(_)))) => {
            Err(Failure::of_client(&error.into(), &name))
        }
        Err(_) => Err(not_a_device(&name)),
    };
    Probed::Host(Host {
        name,
        addresses,
        answer,
    })
}

async fn probe_port(port: Port, baud: u32, limit: Duration) -> Probed {
    let answer = match Link::console(&port.path, baud, limit) {
        Ok(link) => match ask(link, limit).await {
            Ok(version) if is_device(&version) => Answer::ready(version),
            _ => Answer::from(DiscoveredState::NoAnswer),
        },
        Err(failure) => Answer {
            reason: Some(failure.cause().to_owned()),
            ..Answer::from(DiscoveredState::Unusable)
        },
    };
    Probed::Port(port, answer)
}

async fn ask(link: Link, limit: Duration) -> Result<VersionInfo, Error> {
    let mut connection = Connection::new(link, SystemEnvironment::new());
    match timeout(limit, connection.version()).await {
        Ok(answer) => answer.cloned(),
        Err(_) => Err(TransportError::TimedOut(limit.as_secs()).into()),
    }
}

fn not_a_device(name: &str) -> Failure {
    let name = printable(name.as_bytes());
    Failure::new(Problem::NotADevice).saying(format!("what answers at {name} is not a device in provisioning"))
}

/// Any web server may answer with a page. A device answers with JSON, an old one with a short word (spec protocol.md 7).
fn is_device(version: &VersionInfo) -> bool {
    version.capabilities.is_some() || (1..=LONGEST_WORD).contains(&version.text.len()) && !version.text.contains('<')
}

const LONGEST_WORD: usize = 16;

/// What has been found so far.
struct List<'a> {
    printer: &'a Printer,
    place_width: usize,
    /// Addresses of the devices in the list.
    known: Vec<SocketAddr>,
    /// Why places are not in the list.
    misses: Vec<String>,
    is_empty: bool,
    /// Whether anything in the list may be a device.
    has_hope: bool,
}

impl<'a> List<'a> {
    fn new(args: &Discover, asked: &[Port], listed: &[Port], printer: &'a Printer) -> Self {
        let ports = asked.iter().chain(listed).map(|port| place(&port.path));
        let widths = args
            .host
            .iter()
            .cloned()
            .chain(ports)
            .map(|place| place.chars().count());
        Self {
            printer,
            place_width: widths.max().unwrap_or_default(),
            known: Vec::new(),
            misses: Vec::new(),
            is_empty: true,
            has_hope: false,
        }
    }

    fn host(&mut self, host: Host) {
        let answer = match host.answer {
            Ok(answer) => answer,
            Err(failure) => return self.misses.push(failure.message().to_owned()),
        };
        if host.addresses.iter().any(|address| self.known.contains(address)) {
            return;
        }
        let wireless = host.addresses.iter().find_map(|address| match address.ip() {
            IpAddr::V4(address) => signal::towards(address),
            IpAddr::V6(_) => None,
        });
        self.known.extend(host.addresses);
        self.add(host.name, "http", wireless, None, answer);
    }

    fn port(&mut self, port: &Port, answer: Answer) {
        self.add(place(&port.path), "console", None, port.hardware.clone(), answer);
    }

    fn add(
        &mut self,
        place: String,
        transport: &'static str,
        signal_dbm: Option<i32>,
        hardware: Option<String>,
        answer: Answer,
    ) {
        let Answer { state, version, reason } = answer;
        self.has_hope |= !matches!(state, DiscoveredState::NoAnswer | DiscoveredState::Unusable);
        self.printer.event(&Event::Discovered(Discovered {
            place,
            transport,
            signal_dbm,
            security: version.as_ref().and_then(VersionInfo::scheme),
            state,
            version: version.map(|version| version.version),
            hardware,
            reason,
            place_width: self.place_width,
            is_first: core::mem::take(&mut self.is_empty),
        }));
    }

    /// Says how to find more, or that nothing was found and where it was looked for.
    fn conclude(self, listed: &[Port]) -> Result<(), Failure> {
        if self.has_hope {
            if self.printer.is_verbose() {
                self.misses.iter().for_each(|miss| self.printer.hint(miss));
            }
            if let Some(port) = listed.first() {
                self.printer.hint(&format!(
                    "a serial port is asked if it is named, as that restarts many boards: landfall discover --port {}",
                    place(&port.path)
                ));
            }
            return Ok(());
        }
        Err(Failure::new(Problem::NothingFound).because(self.misses.join("; ")))
    }
}

fn place(path: &Path) -> String {
    path.display().to_string()
}
