use core::net::Ipv4Addr;

use landfall_manager::{
    AccessPoint, Bssid, Command, Config, DisconnectReason, Event, FailReason, Handled, Manager, Output, ScanChannels,
    Ssid, State, Station, WifiEvent,
};
use landfall_protocomm::{Endpoint, Instant, SessionId, device, wire::AuthMode};

use crate::{Counter, Side, World};

/// Name of the network that lets the device in.
pub const SSID: &str = "MyHomeWiFiAP";
/// Its passphrase.
pub const PASSPHRASE: &[u8] = b"mypassword";

/// What the device's radio hears, not in order: (name, channel, strength in dBm, last octet of the access point).
pub const NETWORKS: [(&str, u8, i8, u8); 5] = [
    ("InsecureWiFiAP", 7, -74, 0x7c),
    (SSID, 1, -45, 0x96),
    ("MobileHotspot", 11, -46, 0x97),
    ("NeighborsWiFiAP", 6, -61, 0x98),
    (SSID, 11, -54, 0x26),
];

/// A device with a simulated station. Its application has one endpoint, `custom-data`, which answers what it was asked.
pub struct Device<'a> {
    manager: Manager<'a>,
    now: Instant,
    random: Counter,
    /// What has come out of it.
    pub seen: Seen,
}

/// What came out of a device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Credentials were handed to the store.
    pub saved: bool,
    /// The service was stopped.
    pub stopped: bool,
    /// Proofs that were wrong.
    pub wrong_proofs: u32,
    /// Why the last network could not be joined.
    pub failed: Option<FailReason>,
}

impl<'a> Device<'a> {
    /// A device that waits for credentials.
    pub fn start(security: device::Security<'a>, world: &mut impl World) -> Option<Self> {
        let config = Config {
            endpoints: &[Endpoint::CUSTOM_DATA],
            ..Config::default()
        };
        let mut device = Self {
            manager: world
                .work(Side::Device, "making the manager", || Manager::new(security, config))
                .ok()?,
            now: Instant::ZERO,
            random: Counter::new(1),
            seen: Seen::default(),
        };
        device.manager.start(device.now).ok()?;
        device.drain(world)?;
        Some(device)
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.manager.state()
    }

    /// A client came.
    pub fn open(&mut self, session: SessionId, world: &mut impl World) -> Option<()> {
        self.manager.session_opened(session);
        self.drain(world)?;
        Some(())
    }

    /// Answers a request; gives the length of the answer. `None` if the request fails.
    pub fn request(
        &mut self,
        step: &'static str,
        session: SessionId,
        endpoint: Endpoint<'_>,
        message: &mut [u8],
        response: &mut [u8],
        world: &mut impl World,
    ) -> Option<usize> {
        let Self {
            manager, now, random, ..
        } = self;
        let handled = world.work(Side::Device, step, || {
            manager.handle_request(session, endpoint.as_str(), message, response, *now, random)
        });
        let len = match handled {
            Ok(Handled::Reply(len)) => Some(len),
            Ok(Handled::Application { len, .. }) => {
                let answer = response.get_mut(..len)?;
                answer.copy_from_slice(message.get(..len)?);
                world
                    .work(Side::Device, "answering for the application", || {
                        manager.finish_application(session, response, len)
                    })
                    .ok()
            }
            Ok(Handled::Later) => {
                self.drain(world)?;
                let manager = &mut self.manager;
                let finished = world.work(Side::Device, "answering scan start", || manager.finish_later(response));
                finished.ok().map(|(_, len)| len)
            }
            Err(_) => None,
        };
        self.drain(world)?;
        len
    }

    /// Lets time pass until the device has something to do; `None` if it never will.
    pub fn pass(&mut self, world: &mut impl World) -> Option<()> {
        let wake = self.drain(world)??;
        self.now = wake.max(self.now);
        let Self { manager, now, .. } = self;
        world.work(Side::Device, "time passing", || manager.handle_timeout(*now));
        self.drain(world)?;
        Some(())
    }

    /// Does what the manager wants; gives when it is to be called again. `None` if it never has enough.
    fn drain(&mut self, world: &mut impl World) -> Option<Option<Instant>> {
        for _ in 0..64 {
            let manager = &mut self.manager;
            match world.work(Side::Device, "poll", || manager.poll()) {
                Output::WakeAt(at) => return Some(at),
                // Has its answer when the request that waits for it asks for it.
                Output::ReplyReady => return Some(None),
                Output::Work(work) if world.prepares() => self.work(work, world),
                Output::Command(command) => self.obey(command, world),
                Output::Event(event) => self.hear(&event),
                _ => {}
            }
        }
        None
    }

    fn work(&mut self, work: device::Work, world: &mut impl World) {
        let Self { manager, random, .. } = self;
        let step = match work {
            device::Work::SharedSecret => "shared secret",
            device::Work::Ephemeral => "ephemeral key",
        };
        world.work(Side::Device, step, || manager.work(random));
    }

    fn obey(&mut self, command: Command, world: &mut impl World) {
        let Self { manager, now, seen, .. } = self;
        match command {
            Command::Scan(plan) => {
                let heard = heard();
                let on_air = match plan.channels {
                    ScanChannels::All => heard.as_slice(),
                    ScanChannels::One(channel) => heard
                        .iter()
                        .find(|n| n.channel == channel)
                        .map_or(&[][..], core::slice::from_ref),
                };
                world.work(Side::Device, "taking scan results", || {
                    manager.handle_wifi(WifiEvent::ScanDone(on_air), *now);
                });
            }
            Command::Connect(credentials) => {
                let joined = joins(&credentials);
                world.work(Side::Device, "taking news of the station", || {
                    manager.handle_wifi(joined, *now);
                });
            }
            Command::Save(_) => seen.saved = true,
            Command::StopService => seen.stopped = true,
            _ => {}
        }
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Security(device::Event::CredentialsMismatch) => self.seen.wrong_proofs += 1,
            Event::CredentialsFailed { reason } => self.seen.failed = Some(*reason),
            _ => {}
        }
    }
}

fn heard() -> [AccessPoint; NETWORKS.len()] {
    NETWORKS.map(|(ssid, channel, rssi, last)| AccessPoint {
        ssid: Ssid::new(ssid.as_bytes()).unwrap_or_default(),
        bssid: Bssid([0x78, 0x8a, 0x20, 0x84, 0x19, last]),
        channel,
        rssi,
        auth: if ssid.starts_with("Insecure") {
            AuthMode::Open
        } else {
            AuthMode::Wpa2Psk
        },
    })
}

/// How it ends to try these credentials.
fn joins(credentials: &landfall_manager::Credentials) -> WifiEvent<'static> {
    if credentials.ssid.as_bytes() != SSID.as_bytes() {
        return WifiEvent::Disconnected(DisconnectReason::NetworkNotFound);
    }
    if credentials.passphrase.expose() != PASSPHRASE {
        return WifiEvent::Disconnected(DisconnectReason::AuthError);
    }
    WifiEvent::Connected(Station {
        ip: Ipv4Addr::new(192, 168, 43, 243),
        ssid: credentials.ssid,
        bssid: Bssid([0x78, 0x8a, 0x20, 0x84, 0x19, 0x96]),
        channel: 1,
        auth: AuthMode::Wpa2Psk,
    })
}
