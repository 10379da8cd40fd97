use landfall_client::{Error, Network, Outcome, Secret, protocomm::wire::WifiFailReason};
use landfall_manager::Credentials;

use crate::{Build, CLEAN, Conditions, Pair, Scheme, Seeded, Violation, networks, properties};

/// One whole provisioning, drawn from a seed: who asks for what, over how bad a link.
#[derive(Debug, Clone)]
pub struct Case {
    /// The seed.
    pub seed: u64,
    /// The device's security.
    pub scheme: Scheme,
    /// Whether the client knows the secret.
    pub knows_secret: bool,
    /// The network it names.
    pub target: Target,
    /// Whether the device has been provisioned before.
    pub previous: bool,
    /// The link, to the device and back.
    pub conditions: [Conditions; 2],
    /// The exchange at which the device loses its power.
    pub power_cut_at: Option<u32>,
}

/// What a client may ask a device to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A network with its passphrase.
    Right,
    /// An open network.
    Open,
    /// A network whose access point often does not answer.
    Flaky,
    /// A network with another passphrase.
    WrongPassphrase,
    /// A network that is not there.
    Absent,
}

impl Target {
    /// The network, as the client names it.
    pub fn network(self) -> Network {
        match self {
            Self::Right => networks::home(),
            Self::Open => networks::open(),
            Self::Flaky => networks::flaky(),
            Self::WrongPassphrase => networks::home_with_wrong_passphrase(),
            Self::Absent => networks::absent(),
        }
    }
}

/// How a case ended.
#[derive(Debug)]
pub struct Ended {
    /// The client's result.
    pub result: Result<Outcome, Error>,
}

impl Case {
    /// The case of `seed`. Few are of security 2, whose handshakes cost milliseconds.
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Seeded::new(seed ^ 0xca5e);
        let scheme = match random.below(100) {
            0..25 => Scheme::Security0,
            25..70 => Scheme::Security1,
            70..85 => Scheme::Security1WithoutPop,
            _ => Scheme::Security2,
        };
        let target = match random.below(10) {
            0..4 => Target::Right,
            4 => Target::Open,
            5..7 => Target::Flaky,
            7..9 => Target::WrongPassphrase,
            _ => Target::Absent,
        };
        Self {
            seed,
            scheme,
            knows_secret: !random.chance(150),
            target,
            previous: random.chance(500),
            conditions: weather(&mut random),
            power_cut_at: random.chance(100).then(|| random.below(20) as u32),
        }
    }

    /// Runs it to its end and checks all that must hold of any run, an honest client's turn afterwards included.
    ///
    /// # Errors
    /// [`Violation`].
    pub fn run(&self) -> Result<Ended, Violation> {
        let mut pair = Pair::new(self.seed, self.build());
        let mut client = pair.client(self.conditions.clone());
        if let Some(exchange) = self.power_cut_at {
            client.transport_mut().cut_power_at(exchange);
        }
        let result = pair.provision(&mut client, &self.secret(), &self.target.network())?;
        drop(client);
        pair.settle()?;
        properties::check(self, &pair, &result)?;
        properties::honest_client_succeeds(&mut pair)?;
        properties::no_secret_shows(self.scheme, &pair)?;
        Ok(Ended { result })
    }

    /// Whether the client must come to the result that the radio world has for it.
    pub fn is_undisturbed(&self) -> bool {
        let faultless = |conditions: &Conditions| {
            let delay_ms = conditions.delay_ms.clone();
            let is_prompt = *delay_ms.end() <= PROMPT_MS;
            is_prompt
                && *conditions
                    == Conditions {
                        delay_ms,
                        ..Conditions::CLEAN
                    }
        };
        self.conditions.iter().all(faultless) && self.power_cut_at.is_none()
    }

    /// Whether nobody can have changed what client and device told each other, unnoticed.
    pub fn is_truthful(&self) -> bool {
        self.scheme.authenticates() || !self.conditions.iter().any(Conditions::alters)
    }

    /// Whether `outcome` is what the radio world has for the network named.
    pub fn expects(&self, outcome: &Outcome) -> bool {
        match (self.target, outcome) {
            (Target::Right | Target::Open | Target::Flaky, Outcome::Joined(joined)) => {
                joined.ssid == self.target.network().ssid
            }
            (Target::WrongPassphrase, Outcome::Failed(reason)) => *reason == WifiFailReason::AuthError,
            (Target::Absent, Outcome::Failed(reason)) => *reason == WifiFailReason::NetworkNotFound,
            // A flaky access point may have failed as often as the device tries.
            (Target::Flaky, Outcome::Failed(_)) => true,
            _ => false,
        }
    }

    /// What the store held before.
    pub fn previous(&self) -> Option<Credentials> {
        self.previous.then(|| networks::credentials(&networks::previous()))
    }

    fn build(&self) -> Build {
        Build {
            previous: self.previous(),
            ..Build::new(self.scheme)
        }
    }

    fn secret(&self) -> Secret {
        if self.knows_secret {
            self.scheme.secret()
        } else {
            self.scheme.wrong_secret()
        }
    }
}

/// A slower link makes a client try again, as if answers were lost.
const PROMPT_MS: u64 = 1000;

/// From a quiet room to a link that nobody should have to use.
fn weather(random: &mut Seeded) -> [Conditions; 2] {
    match random.below(10) {
        0 => CLEAN,
        1..6 => [one_fault(random), Conditions::CLEAN],
        6..9 => [one_fault(random), one_fault(random)],
        _ => [storm(random), storm(random)],
    }
}

/// A link that has one kind of fault, so that what it leads to is not hidden by others.
fn one_fault(random: &mut Seeded) -> Conditions {
    let much = 20 + random.below(150) as u16;
    let clean = Conditions::CLEAN;
    match random.below(8) {
        0 => Conditions {
            delay_ms: 1..=random.pick(&[50, 900, 4000]),
            ..clean
        },
        1 => Conditions { loss: much, ..clean },
        2 => Conditions {
            truncation: much,
            ..clean
        },
        3 => Conditions {
            corruption: much,
            ..clean
        },
        4 => Conditions {
            duplication: much,
            ..clean
        },
        5 => Conditions {
            reordering: much,
            ..clean
        },
        6 => Conditions {
            disconnection: much,
            ..clean
        },
        _ => Conditions {
            cut_at: Some(random.below(20) as u32),
            ..clean
        },
    }
}

fn storm(random: &mut Seeded) -> Conditions {
    let mut some = || random.below(80) as u16;
    Conditions {
        delay_ms: 1..=2000,
        loss: some(),
        truncation: some(),
        corruption: some(),
        duplication: some(),
        reordering: some(),
        disconnection: some(),
        cut_at: None,
    }
}
