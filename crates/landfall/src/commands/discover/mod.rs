//! `landfall discover`

mod bluetooth;
mod hosts;
mod list;
mod ports;
mod signal;

use core::time::Duration;

use landfall_client::{
    Connection, Error, SystemEnvironment, Transport, TransportError, VersionInfo,
    ble::{Filter, Found},
};
use landfall_wlan::{Heard, softaps};
use tokio::{
    sync::mpsc::{self, UnboundedSender},
    task::{JoinSet, LocalSet},
    time::timeout,
};

use self::{bluetooth::Search, hosts::Host, list::List, ports::Port};
use super::{link::Link, radio::radio};
use crate::{
    args::Discover,
    failure::Failure,
    print::{DiscoveredState, Printer, text::printable},
};

/// Looks everywhere at once, and tells of each device as soon as it is found.
pub(super) async fn run(args: &Discover, printer: &Printer) -> Result<(), Failure> {
    // Not every link can move to another thread.
    LocalSet::new().run_until(look_everywhere(args, printer)).await
}

async fn look_everywhere(args: &Discover, printer: &Printer) -> Result<(), Failure> {
    let limit = Duration::from_secs(args.timeout);
    let radio = radio(args.hci.as_ref(), args.adapter.as_deref())?;
    let (asked, listed) = ports::ports(args);
    let mut list = List::new(args, &radio, (&asked, &listed), printer);
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut places = JoinSet::new();
    for host in &args.host {
        let link = Link::http(host, limit, None)?;
        places.spawn_local(hosts::ask_host(host.clone(), link, limit, tell.clone()));
    }
    for port in asked {
        places.spawn_local(ports::ask_port(port, args.baud, limit, tell.clone()));
    }
    places.spawn_local(Search::new(args, radio).run(tell.clone()));
    places.spawn_local(look_for_access_points(
        prefix(args),
        Duration::from_secs(args.time),
        tell,
    ));
    printer.step("Looking for devices");
    while let Some(finding) = told.recv().await {
        list.take(finding);
    }
    while let Some(ended) = places.join_next().await {
        if let Err(error) = ended {
            // Nobody cancels a search: this is a panic of ours.
            std::panic::resume_unwind(error.into_panic());
        }
    }
    list.conclude()
}

async fn look_for_access_points(prefix: String, time: Duration, tell: Findings) {
    let words = match softaps(&prefix, time).await {
        Ok(points) if points.is_empty() && prefix.is_empty() => "no access point is in range".to_owned(),
        Ok(points) if points.is_empty() => {
            let prefix = printable(prefix.as_bytes());
            format!("no access point in range has a name that begins with {prefix}")
        }
        Ok(points) => {
            return points
                .into_iter()
                .for_each(|point| send(&tell, Finding::AccessPoint(point)));
        }
        Err(miss) => format!("no access points are known: {miss}"),
    };
    send(&tell, Finding::Miss(Miss::new(Place::Wifi, words)));
}

fn prefix(args: &Discover) -> String {
    args.prefix.clone().unwrap_or_else(|| Filter::COMMON_PREFIX.to_owned())
}

/// What comes out of the search at one place.
enum Finding {
    Host(Host),
    Port(Port, Answer),
    /// Heard over Bluetooth, perhaps not for the first time.
    Heard(Found),
    /// Heard over Bluetooth, and as much is known as is going to be; once for each device.
    Settled(Found, Answer),
    AccessPoint(Heard),
    Miss(Miss),
}

/// Where findings go.
type Findings = UnboundedSender<Finding>;

fn send(tell: &Findings, finding: Finding) {
    // The list is there until all have told; without it, the program is ending.
    let _ = tell.send(finding);
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

/// Why nothing was found at a place.
struct Miss {
    place: Place,
    words: String,
    /// What else may be tried there.
    hint: Option<String>,
    /// Whether it is told even if devices were found elsewhere, as somebody counts on this place.
    is_told: bool,
}

impl Miss {
    fn new(place: Place, words: String) -> Self {
        Self {
            place,
            words,
            hint: None,
            is_told: false,
        }
    }
}

/// Where devices are looked for, in the order in which it is told that there are none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Network,
    Ports,
    Bluetooth,
    Wifi,
}

async fn ask(link: impl Transport, limit: Duration) -> Result<VersionInfo, Error> {
    let mut connection = Connection::new(link, SystemEnvironment::new());
    match timeout(limit, connection.version()).await {
        Ok(answer) => answer.cloned(),
        Err(_) => Err(TransportError::TimedOut(limit.as_secs()).into()),
    }
}

/// Any web server may answer with a page. A device answers with JSON, an old one with a short word (spec protocol.md 7).
pub(super) fn is_device(version: &VersionInfo) -> bool {
    version.capabilities.is_some() || (1..=LONGEST_WORD).contains(&version.text.len()) && !version.text.contains('<')
}

const LONGEST_WORD: usize = 16;
