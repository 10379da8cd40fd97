use core::{net::Ipv4Addr, time::Duration};

use landfall_manager::{
    AccessPoint, Bssid, Credentials, DisconnectReason, Passphrase, ScanChannels, ScanPlan, Ssid, Station,
};
use landfall_protocomm::{Random, wire::AuthMode};
use serde::Deserialize;

use crate::hex;

/// A radio world: the access points a simulated device sees, and what joining them is like.
///
/// It has no clock and no random source of its own, so it can be replayed. It can be a part of another file: what it
/// deserializes from has the keys of a world file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "WorldFile")]
pub struct World {
    /// How long a scan of all channels takes.
    pub scan_time: Duration,
    /// How long the device looks for a network that is not there.
    pub not_found_time: Duration,
    /// How long an access point takes to refuse a passphrase.
    pub refuse_time: Duration,
    /// The access points.
    pub networks: Vec<Network>,
}

/// One access point.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// What a scan shows of it (with its name, even if hidden).
    pub access_point: AccessPoint,
    /// Its passphrase.
    pub passphrase: Passphrase,
    /// Left out of scans; can be joined all the same.
    pub hidden: bool,
    /// How long joining takes.
    pub join_time: Duration,
    /// The address it gives the device.
    pub ip: Ipv4Addr,
    /// The next so many attempts fail for a passing reason.
    pub failures: u32,
    /// Share of later attempts that fail for a passing reason, 0.0 to 1.0.
    pub flakiness: f64,
}

/// Why a world file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// Not TOML, an unknown key, or a value of the wrong kind.
    #[error("line {line}: {what}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong. Never the line itself: a passphrase may stand there.
        what: String,
    },
    /// A value that no access point has.
    #[error("access point {number}: {what}")]
    Value {
        /// Its place in the file, from 1.
        number: usize,
        /// What is wrong.
        what: String,
    },
}

impl World {
    /// Reads a world file.
    ///
    /// # Errors
    /// [`WorldError`].
    pub fn from_toml(text: &str) -> Result<Self, WorldError> {
        let file: WorldFile = toml::from_str(text).map_err(|error| syntax_error(text, &error))?;
        file.try_into()
    }

    /// The five rows of the scan listing in Espressif's example, and a network `myssid` that scans leave out. The
    /// passphrase is `mypassword` everywhere but on the open one.
    pub fn built_in() -> Self {
        Self::from_toml(BUILT_IN).expect("the built-in world is valid")
    }

    /// What a scan finds, strongest first, and how long it takes.
    pub fn scan(&self, plan: ScanPlan) -> (Duration, Vec<AccessPoint>) {
        let on_plan = |channel: u8| match plan.channels {
            ScanChannels::All => true,
            ScanChannels::One(one) => channel == one,
        };
        let visible = self.networks.iter().filter(|n| !n.hidden).map(|n| n.access_point);
        let mut found: Vec<_> = visible.filter(|a| on_plan(a.channel)).collect();
        found.sort_by_key(|a| core::cmp::Reverse(a.rssi));
        let time = match plan.channels {
            ScanChannels::All => self.scan_time,
            ScanChannels::One(_) => self.scan_time / CHANNELS,
        };
        (time, found)
    }

    /// What comes of an attempt to join, and how long it takes. Of several access points with the name, the preferred
    /// one is tried if it is there, else the strongest.
    pub fn join(
        &mut self,
        credentials: &Credentials,
        random: &mut dyn Random,
    ) -> (Duration, Result<Station, DisconnectReason>) {
        let named = self
            .networks
            .iter_mut()
            .filter(|n| n.access_point.ssid == credentials.ssid);
        let preferred = |n: &Network| Some(n.access_point.bssid) == credentials.bssid;
        let Some(network) = named.max_by_key(|n| (preferred(n), n.access_point.rssi)) else {
            return (self.not_found_time, Err(DisconnectReason::NetworkNotFound));
        };
        if network.fails_for_now(random) {
            return (network.join_time, Err(DisconnectReason::Other));
        }
        if network.access_point.auth != AuthMode::Open && network.passphrase != credentials.passphrase {
            return (self.refuse_time, Err(DisconnectReason::AuthError));
        }
        (network.join_time, Ok(network.station()))
    }
}

impl Network {
    fn fails_for_now(&mut self, random: &mut dyn Random) -> bool {
        if let Some(left) = self.failures.checked_sub(1) {
            self.failures = left;
            return true;
        }
        let mut draw = [0; 4];
        random.fill(&mut draw);
        f64::from(u32::from_le_bytes(draw)) < self.flakiness * f64::from(u32::MAX)
    }

    fn station(&self) -> Station {
        let AccessPoint {
            ssid,
            bssid,
            channel,
            auth,
            ..
        } = self.access_point;
        Station {
            ip: self.ip,
            ssid,
            bssid,
            channel,
            auth,
        }
    }
}

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldFile {
    #[serde(default = "default_scan_ms")]
    scan_ms: u64,
    #[serde(default = "default_not_found_ms")]
    not_found_ms: u64,
    #[serde(default = "default_refuse_ms")]
    refuse_ms: u64,
    #[serde(default)]
    access_point: Vec<Entry>,
}

impl TryFrom<WorldFile> for World {
    type Error = WorldError;

    fn try_from(file: WorldFile) -> Result<Self, Self::Error> {
        let entries = (1..).zip(file.access_point);
        let networks =
            entries.map(|(number, entry)| entry.read(number).map_err(|what| WorldError::Value { number, what }));
        Ok(Self {
            scan_time: Duration::from_millis(file.scan_ms),
            not_found_time: Duration::from_millis(file.not_found_ms),
            refuse_time: Duration::from_millis(file.refuse_ms),
            networks: networks.collect::<Result<_, _>>()?,
        })
    }
}

/// One `[[access_point]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    ssid: Option<String>,
    ssid_hex: Option<String>,
    /// A text; taken as anything, since serde's complaint about another type would quote it.
    passphrase: Option<toml::Value>,
    bssid: Option<String>,
    #[serde(default = "default_channel")]
    channel: u8,
    #[serde(default = "default_rssi")]
    rssi: i8,
    auth: Option<String>,
    #[serde(default)]
    hidden: bool,
    #[serde(default = "default_join_ms")]
    join_ms: u64,
    ip: Option<Ipv4Addr>,
    #[serde(default)]
    fail_times: u32,
    #[serde(default)]
    flakiness: f64,
}

impl Entry {
    fn read(self, number: usize) -> Result<Network, String> {
        let passphrase = self.passphrase()?;
        let ssid = self.ssid()?;
        let auth = self.auth(&passphrase)?;
        if !(1..=196).contains(&self.channel) {
            return Err("a channel is 1 to 196".to_owned());
        }
        if !(0.0..=1.0).contains(&self.flakiness) {
            return Err("flakiness is 0.0 to 1.0".to_owned());
        }
        let bssid = self
            .bssid
            .as_deref()
            .map_or_else(|| Ok(nth_bssid(number)), read_bssid)?;
        Ok(Network {
            access_point: AccessPoint {
                ssid,
                bssid,
                channel: self.channel,
                rssi: self.rssi,
                auth,
            },
            passphrase,
            hidden: self.hidden,
            join_time: Duration::from_millis(self.join_ms),
            ip: self.ip.unwrap_or(DEFAULT_IP),
            failures: self.fail_times,
            flakiness: self.flakiness,
        })
    }

    fn ssid(&self) -> Result<Ssid, String> {
        let octets = match (&self.ssid, &self.ssid_hex) {
            (Some(text), None) => text.as_bytes().to_vec(),
            (None, Some(hex)) => hex::decode(hex).ok_or("ssid_hex is not pairs of hexadecimal digits")?,
            _ => return Err("needs a name: ssid (text) or ssid_hex (octets), one of them".to_owned()),
        };
        Ssid::new(&octets)
            .filter(|s| !s.is_empty())
            .ok_or_else(|| "a name has 1 to 32 octets".to_owned())
    }

    fn passphrase(&self) -> Result<Passphrase, String> {
        let text = match &self.passphrase {
            None => "",
            Some(value) => value.as_str().ok_or("a passphrase is a text in quotation marks")?,
        };
        if !(text.is_empty() || (8..=63).contains(&text.len())) {
            return Err("a passphrase has 8 to 63 octets (the protocol cannot carry a 64-digit key)".to_owned());
        }
        Passphrase::new(text.as_bytes()).ok_or_else(|| "a passphrase has 8 to 63 octets".to_owned())
    }

    fn auth(&self, passphrase: &Passphrase) -> Result<AuthMode, String> {
        let Some(name) = &self.auth else {
            return Ok(if passphrase.is_empty() {
                AuthMode::Open
            } else {
                AuthMode::Wpa2Psk
            });
        };
        let known = (0..=10).map(AuthMode::from);
        let auth = known
            .clone()
            .find(|a| a.to_string().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                let names: Vec<_> = known.map(|a| a.to_string()).collect();
                format!("auth \"{name}\" is not known; there are {}", names.join(", "))
            })?;
        match (auth, passphrase.is_empty()) {
            (AuthMode::Open | AuthMode::Owe, false) => Err(format!("auth {auth} takes no passphrase")),
            (AuthMode::Open | AuthMode::Owe, true) | (_, false) => Ok(auth),
            (_, true) => Err(format!("auth {auth} needs a passphrase")),
        }
    }
}

fn syntax_error(text: &str, error: &toml::de::Error) -> WorldError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    WorldError::Syntax {
        line: before.matches('\n').count() + 1,
        what: error.message().to_owned(),
    }
}

fn read_bssid(text: &str) -> Result<Bssid, String> {
    let octets = hex::decode(&text.replace([':', '-'], "")).and_then(|octets| octets.try_into().ok());
    octets
        .map(Bssid)
        .ok_or_else(|| "a bssid has six octets, like 78:8a:20:84:19:96".to_owned())
}

/// A locally administered address, different for each entry.
fn nth_bssid(number: usize) -> Bssid {
    let [.., c, d] = number.to_be_bytes();
    Bssid([0x02, 0x1a, 0xdf, 0xa1, c, d])
}

const fn default_scan_ms() -> u64 {
    600
}

const fn default_not_found_ms() -> u64 {
    1000
}

const fn default_refuse_ms() -> u64 {
    700
}

const fn default_channel() -> u8 {
    1
}

const fn default_rssi() -> i8 {
    -50
}

const fn default_join_ms() -> u64 {
    500
}

/// The address of the seed's log.
const DEFAULT_IP: Ipv4Addr = Ipv4Addr::new(192, 168, 43, 243);

/// Channels of the 2.4 GHz band.
const CHANNELS: u32 = 13;

const BUILT_IN: &str = include_str!("built_in.toml");
