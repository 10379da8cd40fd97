//! Devices that are heard over Bluetooth.

use core::{ops::ControlFlow, time::Duration};

use landfall_client::{
    Error, TransportError, VersionInfo,
    ble::{
        Filter, Found,
        radio::{self, Radio},
    },
    protocomm::gatt::ServiceUuid,
};
use tokio::time::timeout;

use super::{Answer, Finding, Findings, Miss, Place, ask, is_device, send};
use crate::{args::Discover, commands::radio::is_usual, print::DiscoveredState};

/// What is listened for, with what, and for how long.
pub(super) struct Search {
    radio: Radio,
    wanted: Wanted,
    time: Duration,
    /// Whether devices are asked, and how long one may take to answer.
    ask: Option<Duration>,
    /// Whether somebody chose the radio.
    is_named: bool,
}

impl Search {
    pub(super) fn new(args: &Discover, radio: Radio) -> Self {
        Self {
            is_named: !matches!(radio, Radio::System { adapter: None }),
            radio,
            wanted: Wanted::new(args),
            time: Duration::from_secs(args.time),
            ask: args.ask.then(|| CONNECTING_TIME + Duration::from_secs(args.timeout)),
        }
    }

    /// Listens, and asks when nothing more is heard: a controller does one thing at a time.
    pub(super) async fn run(self, tell: Findings) {
        let mut devices = Devices::default();
        let scan = radio::discover(&self.radio, self.time, |found| {
            let device = devices.take_in(found);
            if self.wanted.includes(found) {
                send(&tell, Finding::Heard(found.clone()));
                if self.ask.is_none() && is_complete(found) && !core::mem::replace(&mut device.is_settled, true) {
                    send(&tell, Finding::Settled(found.clone(), DiscoveredState::NotAsked.into()));
                }
            }
            ControlFlow::Continue(())
        });
        let scan = scan.await;
        let wanted: Vec<&Device> = devices
            .0
            .iter()
            .filter(|device| self.wanted.includes(&device.found))
            .collect();
        for device in wanted.iter().filter(|device| !device.is_settled) {
            let answer = match self.ask {
                Some(limit) => self.ask(&device.found, limit).await,
                None => DiscoveredState::NotAsked.into(),
            };
            send(&tell, Finding::Settled(device.found.clone(), answer));
        }
        match scan {
            Err(error) => send(&tell, Finding::Miss(self.broken(&error))),
            Ok(_) if wanted.is_empty() => send(&tell, Finding::Miss(self.nothing_wanted(devices.0.len()))),
            Ok(_) => {}
        }
    }

    async fn ask(&self, found: &Found, limit: Duration) -> Answer {
        let answer = async {
            let link = radio::connect(&self.radio, found).await?;
            ask(link, limit).await
        };
        let answer: Result<VersionInfo, Error> = match timeout(limit, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(TransportError::TimedOut(limit.as_secs()).into()),
        };
        let reason = match answer {
            Ok(version) if is_device(&version) => return Answer::ready(version),
            Ok(_) => "what it answers makes no sense".to_owned(),
            Err(error) => error.to_string(),
        };
        Answer {
            reason: Some(reason),
            ..Answer::from(DiscoveredState::NoAnswer)
        }
    }

    fn broken(&self, error: &TransportError) -> Miss {
        let words = match error {
            TransportError::Radio(problem) => format!("nothing was heard over Bluetooth: {problem}"),
            other => format!("nothing was heard over Bluetooth: {other}"),
        };
        Miss {
            is_told: self.is_named,
            ..Miss::new(Place::Bluetooth, words)
        }
    }

    fn nothing_wanted(&self, heard: usize) -> Miss {
        let seconds = self.time.as_secs();
        if heard == 0 {
            return Miss::new(
                Place::Bluetooth,
                format!("no device was heard over Bluetooth in {seconds} s"),
            );
        }
        let words = match heard {
            1 => "the one device heard over Bluetooth is not of the kind that is looked for".to_owned(),
            several => format!("none of the {several} devices heard over Bluetooth is of the kind that is looked for"),
        };
        Miss {
            hint: Some("list every Bluetooth device: landfall discover --all".to_owned()),
            ..Miss::new(Place::Bluetooth, words)
        }
    }
}

/// Which devices are listed.
enum Wanted {
    All,
    /// Those that look as most do that wait to be provisioned.
    Usual,
    Only(Filter),
}

impl Wanted {
    fn new(args: &Discover) -> Self {
        let filter = Filter {
            prefix: args.prefix.clone().filter(|prefix| !prefix.is_empty()),
            service: args.service_uuid.map(ServiceUuid::new),
            ..Filter::default()
        };
        match filter {
            _ if args.all => Self::All,
            // An empty prefix is one that every name has.
            filter if filter == Filter::default() && args.prefix.is_some() => Self::All,
            filter if filter == Filter::default() => Self::Usual,
            filter => Self::Only(filter),
        }
    }

    fn includes(&self, found: &Found) -> bool {
        match self {
            Self::All => true,
            Self::Only(filter) => filter.matches(found),
            Self::Usual => is_usual(found),
        }
    }
}

/// All devices that were heard, in the order in which they were.
#[derive(Default)]
struct Devices(Vec<Device>);

struct Device {
    /// What it said last.
    found: Found,
    /// Whether all was told that is going to be.
    is_settled: bool,
}

impl Devices {
    fn take_in(&mut self, found: &Found) -> &mut Device {
        let same = |device: &Device| (device.found.address, device.found.kind) == (found.address, found.kind);
        let place = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(Device {
                found: found.clone(),
                is_settled: false,
            });
            self.0.len() - 1
        });
        let device = self.0.get_mut(place).expect("it was found there, or just put there");
        device.found.clone_from(found);
        device
    }
}

/// Whether a device is not expected to say more: the name comes last, in the scan response (spec transports.md 1.4).
fn is_complete(found: &Found) -> bool {
    found.name.is_some() && found.service.is_some()
}

/// A connection and the list of its endpoints take so long at most.
const CONNECTING_TIME: Duration = Duration::from_secs(10);
