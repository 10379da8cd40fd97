//! What has been found, told as it comes.

use core::net::{IpAddr, SocketAddr};
use std::path::Path;

use landfall_client::{
    VersionInfo,
    ble::{Filter, Found, radio::Radio},
};
use landfall_wlan::{Heard, Signal};

use super::{Answer, Finding, Host, Miss, Place, ports::Port, prefix, signal};
use crate::{
    args::Discover,
    commands::radio::arguments,
    failure::{Failure, Problem},
    print::{
        Discovered, DiscoveredState, Event, OnAir, Printer,
        text::{Name, hex, printable},
    },
    terminal::width,
};

/// What has been found so far.
pub(super) struct List<'a> {
    printer: &'a Printer,
    /// Words of the command line that lead to a device over Bluetooth.
    way: String,
    place_width: usize,
    /// Addresses of the devices in the list.
    known: Vec<SocketAddr>,
    /// Why places are not in the list.
    misses: Vec<Miss>,
    /// What can be done next with what was found.
    next: Vec<(Place, String)>,
    is_empty: bool,
    /// Whether anything in the list may be a device.
    has_hope: bool,
}

impl<'a> List<'a> {
    /// The list of a search; the ports that are not asked are in it from the beginning.
    pub(super) fn new(
        args: &Discover,
        radio: &Radio,
        (asked, listed): (&[Port], &[Port]),
        printer: &'a Printer,
    ) -> Self {
        let ports = asked.iter().chain(listed).map(|port| place(&port.path));
        let usual = prefix(args) + USUAL_REST;
        let places = args.host.iter().cloned().chain(ports).chain([usual]);
        let mut list = Self {
            printer,
            way: arguments(radio),
            place_width: places.map(|place| width(&place)).max().unwrap_or_default(),
            known: Vec::new(),
            misses: Vec::new(),
            next: Vec::new(),
            is_empty: true,
            has_hope: false,
        };
        if asked.is_empty() && listed.is_empty() {
            list.misses
                .push(Miss::new(Place::Ports, "no serial port is plugged in".to_owned()));
        }
        for port in listed {
            list.port(port, Answer::from(DiscoveredState::NotAsked));
        }
        list
    }

    /// Takes in what was found, and tells of it.
    pub(super) fn take(&mut self, finding: Finding) {
        match finding {
            Finding::Host(host) => self.host(host),
            Finding::Port(port, answer) => self.port(&port, answer),
            // A person is told once of a device, a machine all that is new.
            Finding::Heard(found) if self.printer.is_json() => {
                self.device(&found, Answer::from(DiscoveredState::NotAsked));
            }
            Finding::Heard(_) => {}
            Finding::Settled(found, answer) => {
                if !self.printer.is_json() || answer.state != DiscoveredState::NotAsked {
                    self.device(&found, answer);
                }
            }
            Finding::AccessPoint(point) => self.access_point(point),
            Finding::Miss(miss) => self.misses.push(miss),
        }
    }

    fn host(&mut self, host: Host) {
        let answer = match host.answer {
            Ok(answer) => answer,
            Err(failure) => {
                let words = failure.message().to_owned();
                return self.misses.push(Miss::new(Place::Network, words));
            }
        };
        if host.addresses.iter().any(|address| self.known.contains(address)) {
            return;
        }
        let signal_dbm = host.addresses.iter().find_map(|address| match address.ip() {
            IpAddr::V4(address) => signal::towards(address),
            IpAddr::V6(_) => None,
        });
        self.known.extend(host.addresses);
        self.has_hope = true;
        self.tell(Discovered {
            signal_dbm,
            ..discovered(host.name, "http", answer)
        });
    }

    fn port(&mut self, port: &Port, answer: Answer) {
        let place = place(&port.path);
        match answer.state {
            DiscoveredState::NoAnswer | DiscoveredState::Unusable => {}
            DiscoveredState::NotAsked => {
                self.has_hope = true;
                self.advise(Place::Ports, || {
                    format!(
                        "a serial port is asked if it is named, as that restarts many boards: landfall discover --port {place}"
                    )
                });
            }
            _ => self.has_hope = true,
        }
        self.tell(Discovered {
            hardware: port.hardware.clone(),
            ..discovered(place, "console", answer)
        });
    }

    fn device(&mut self, found: &Found, answer: Answer) {
        let address = found.address.to_string();
        let name = found.name.clone().filter(|name| !name.is_empty());
        let place = name.clone().unwrap_or_else(|| address.clone());
        self.has_hope = true;
        let way = format!(
            "landfall provision {} --device {}",
            self.way,
            typed(&place).unwrap_or(&address)
        );
        self.advise(Place::Bluetooth, || format!("over Bluetooth: {way}"));
        self.tell(Discovered {
            signal_dbm: (found.rssi != UNKNOWN_STRENGTH).then_some(found.rssi.into()),
            heard: Some(OnAir::Device {
                name,
                address,
                service: found.service.map(|service| service.uuid().to_string()),
                manufacturer_data: found.manufacturer_data.as_deref().map(hex),
            }),
            ..discovered(place, "ble", answer)
        });
    }

    fn access_point(&mut self, point: Heard) {
        let state = if point.is_joined {
            DiscoveredState::Joined
        } else {
            DiscoveredState::NotJoined
        };
        let shown = printable(&point.ssid);
        self.has_hope = true;
        if !point.is_joined {
            self.advise(Place::Wifi, || {
                // A prefix of the user's own may be one that other networks have as well.
                let perhaps = if point.ssid.starts_with(Filter::COMMON_PREFIX.as_bytes()) {
                    ""
                } else {
                    "if "
                };
                let name = typed(&shown).unwrap_or("NAME");
                format!("{perhaps}{shown} is a device's own access point: landfall provision --join {name}")
            });
        }
        let (signal_dbm, signal_percent) = match point.signal {
            Signal::Dbm(dbm) => (Some(dbm), None),
            Signal::Percent(percent) => (None, Some(percent)),
        };
        let name = Name::new(&point.ssid);
        self.tell(Discovered {
            signal_dbm,
            heard: Some(OnAir::AccessPoint {
                octets: point.ssid,
                bssid: point.bssid,
                channel: point.channel,
                auth_mode: point.auth,
                signal_percent,
                name: name.clone(),
            }),
            ..discovered(name.ssid, "softap", Answer::from(state))
        });
    }

    /// Keeps what to do next with what is found at `place`: once, as it is much the same for all there.
    fn advise(&mut self, place: Place, words: impl FnOnce() -> String) {
        if !self.next.iter().any(|(known, _)| *known == place) {
            self.next.push((place, words()));
        }
    }

    fn tell(&mut self, discovered: Discovered) {
        self.printer.event(&Event::Discovered(Discovered {
            place_width: self.place_width,
            is_first: core::mem::take(&mut self.is_empty),
            ..discovered
        }));
    }

    /// Says what to do next, or that nothing was found and where it was looked for.
    pub(super) fn conclude(mut self) -> Result<(), Failure> {
        self.misses.sort_by_key(|miss| miss.place);
        if self.has_hope {
            let told = self
                .misses
                .iter()
                .filter(|miss| miss.is_told || self.printer.is_verbose());
            told.for_each(|miss| self.printer.hint(&miss.words));
            self.next.sort_by_key(|(place, _)| *place);
            self.next.iter().for_each(|(_, next)| self.printer.hint(next));
            return Ok(());
        }
        let words: Vec<_> = self.misses.iter().map(|miss| miss.words.as_str()).collect();
        let nothing = Failure::new(Problem::NothingFound).because(words.join("; "));
        let hints = self.misses.iter().filter_map(|miss| miss.hint.as_deref());
        Err(hints.fold(nothing, |nothing, hint| nothing.hint(hint)))
    }
}

/// A device of which nothing is known but what it answered.
fn discovered(place: String, transport: &'static str, answer: Answer) -> Discovered {
    let Answer { state, version, reason } = answer;
    Discovered {
        place,
        transport,
        signal_dbm: None,
        security: version.as_ref().and_then(VersionInfo::scheme),
        state,
        version: version.map(|version| version.version),
        hardware: None,
        reason,
        heard: None,
        place_width: 0,
        is_first: false,
    }
}

/// `name`, if a shell takes it as it is: a device may call itself anything.
fn typed(name: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    (name.chars().all(is_plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some(name)
}

fn place(path: &Path) -> String {
    path.display().to_string()
}

/// What follows the prefix in the names that most devices give themselves.
const USUAL_REST: &str = "XXXXXX";
/// What a controller says that knows no strength, dBm.
const UNKNOWN_STRENGTH: i8 = 127;
