//! What the examples share: the application of Espressif's example, its secrets, and Wi-Fi that is played (the networks of
//! `NETWORKS`, of which `myssid` can be joined with `mypassword`).

use core::{error::Error, future::pending, net::Ipv4Addr, time::Duration};
use std::env;

use landfall_embassy::{
    App, Config, Drive, Event, Networks, ScanFailed,
    manager::{AccessPoint, AutoStop, Bssid, Credentials, DisconnectReason, ScanChannels, ScanPlan, Ssid, Station},
    protocomm::{
        Endpoint, NonceRule,
        client::XRule,
        device::Security,
        srp::{self, Verifier, VerifierTable},
        wire::AuthMode,
    },
};
use tokio::time::sleep;

/// Name, channel and strength (dBm) of each network.
const NETWORKS: [(&str, u8, i8); 3] = [("myssid", 6, -45), ("MobileHotspot", 11, -58), ("MyHomeWiFiAP", 1, -67)];

/// How many channels a scan of all goes through.
const CHANNELS: u32 = 13;

/// What was asked for.
pub(crate) struct Arguments(Vec<String>);

impl Arguments {
    pub(crate) fn of_this_process() -> Self {
        Self(env::args().skip(1).collect())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|argument| argument == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    fn millis(&self, name: &str) -> Result<Duration, Box<dyn Error>> {
        let millis = self.value(name).map(str::parse).transpose()?;
        Ok(Duration::from_millis(millis.unwrap_or(100)))
    }
}

/// What a device of Espressif's example asks of clients.
pub(crate) struct Secrets {
    credentials: srp::Credentials,
    table: VerifierTable,
}

impl Secrets {
    pub(crate) fn of_the_example() -> Result<Self, Box<dyn Error>> {
        let credentials = srp::Credentials::derive(b"wifiprov", b"abcd1234", &[0x36; 16], XRule::Full)?;
        let table = VerifierTable::new(credentials.verifier())?;
        Ok(Self { credentials, table })
    }

    /// `--sec-ver N` and `--no-auto-stop`.
    pub(crate) fn config(&self, arguments: &Arguments) -> Result<Config<'_>, Box<dyn Error>> {
        let mut config = Config::new(match arguments.value("--sec-ver").unwrap_or("2") {
            "0" => Security::Security0,
            "1" => Security::Security1 { pop: Some(b"abcd1234") },
            _ => Security::Security2 {
                verifier: Verifier::new(self.credentials.salt(), &self.table)?,
                nonce_rule: NonceRule::Counter,
            },
        });
        config.provisioning.endpoints = &[Endpoint::CUSTOM_DATA];
        if arguments.has("--no-auto-stop") {
            config.provisioning.auto_stop = AutoStop::Disabled;
        }
        Ok(config)
    }
}

pub(crate) fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

/// As the original's example: it logs, and answers `custom-data`.
pub(crate) struct Application;

impl Application {
    #[expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
    pub(crate) fn log(text: &str) {
        println!("{text}");
    }
}

impl App for Application {
    fn on_event(&mut self, event: &Event<'_>) {
        Self::log(&event.to_string());
    }

    async fn on_request(&mut self, _: &str, request: &[u8], response: &mut [u8]) -> Option<usize> {
        Self::log(&format!("Received data: {}", request.escape_ascii()));
        let answer = b"SUCCESS\0";
        response.get_mut(..answer.len())?.copy_from_slice(answer);
        Some(answer.len())
    }
}

/// Networks, and a station for one of them.
pub(crate) struct Air {
    scan_time: Duration,
    join_time: Duration,
    networks: Vec<AccessPoint>,
}

impl Air {
    /// `--scan-ms N` and `--join-ms N`.
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, Box<dyn Error>> {
        let networks = (1..).zip(NETWORKS).map(|(number, (ssid, channel, rssi))| {
            Some(AccessPoint {
                ssid: Ssid::new(ssid.as_bytes())?,
                bssid: Bssid([2, 0, 0, 0, 0, number]),
                channel,
                rssi,
                auth: AuthMode::Wpa2Psk,
            })
        });
        Ok(Self {
            scan_time: arguments.millis("--scan-ms")?,
            join_time: arguments.millis("--join-ms")?,
            networks: networks.collect::<Option<_>>().ok_or("too long")?,
        })
    }
}

impl Drive for Air {
    async fn scan(&mut self, plan: &ScanPlan, found: &mut Networks) -> Result<(), ScanFailed> {
        let (time, networks) = match plan.channels {
            ScanChannels::All => (self.scan_time, self.networks.clone()),
            ScanChannels::One(channel) => {
                let on_channel = self.networks.iter().filter(|network| network.channel == channel);
                (self.scan_time / CHANNELS, on_channel.copied().collect())
            }
        };
        sleep(time).await;
        found.extend_from_slice(&networks).map_err(|_| ScanFailed)
    }

    async fn join(&mut self, credentials: &Credentials) -> Result<Station, DisconnectReason> {
        sleep(self.join_time).await;
        let mut networks = self.networks.iter();
        let Some(network) = networks.find(|network| network.ssid == credentials.ssid) else {
            return Err(DisconnectReason::NetworkNotFound);
        };
        if network.ssid.as_bytes() != b"myssid" || credentials.passphrase.expose() != b"mypassword" {
            return Err(DisconnectReason::AuthError);
        }
        Ok(Station {
            ip: Ipv4Addr::new(192, 168, 43, 243),
            ssid: network.ssid,
            bssid: network.bssid,
            channel: network.channel,
            auth: network.auth,
        })
    }

    async fn leave(&mut self) {}

    async fn lost(&mut self) -> DisconnectReason {
        pending().await
    }
}
