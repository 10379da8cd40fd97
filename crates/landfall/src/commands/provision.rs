//! `landfall provision`

use core::time::Duration;
use std::io;

use landfall_client::{
    Network, Outcome, Progress, Provisioning, ScanOptions,
    protocomm::wire::{AuthMode, WifiFailReason},
};
use zeroize::Zeroizing;

use super::{remote::Remote, scan};
use crate::{
    args::{NetworkArgs, Provision},
    exit::Exit,
    failure::Failure,
    input,
    print::{
        Event, NetworkRow, Printer, Reason,
        text::{from_hex, network_name},
    },
};

/// Brings a device onto a network.
pub(super) async fn run(args: &Provision, printer: &Printer) -> Result<(), Failure> {
    let named = named(&args.network)?;
    if args.network.passphrase_source().is_exposed() {
        printer.exposed("--passphrase");
    }
    // What can be asked before the device waits is asked first: it forgets silent clients.
    let mut network = match named {
        Some(ssid) => Some(network(ssid, None, &args.network)?),
        None => None,
    };
    let mut remote = Remote::new(&args.target)?;
    let secret = remote.secret(&args.secret, printer).await?;
    remote.open_session(&secret, printer).await?;
    if network.is_none() {
        let chosen = choose(&mut remote, printer).await?;
        network = Some(self::network(chosen.octets, Some(chosen.auth_mode), &args.network)?);
    }
    let network = network.expect("named or chosen just above");
    let options = Provisioning {
        timeout: Duration::from_secs(args.target.timeout),
    };
    let outcome = remote
        .connection
        .provision(&secret, &network, options, |progress| {
            tell(&progress, &network.ssid, printer)
        })
        .await
        .map_err(|error| remote.failure(&error))?;
    conclude(&outcome, &network.ssid, printer)
}

/// Tells of a step on the way to the network `ssid`.
pub(super) fn tell(progress: &Progress, ssid: &[u8], printer: &Printer) {
    match *progress {
        Progress::SessionEstablished { scheme } => printer.event(&Event::SessionEstablished { scheme }),
        Progress::CredentialsSent => printer.event(&Event::credentials_sent(ssid)),
        Progress::Applied => printer.event(&Event::Applied),
        Progress::Connecting => printer.event(&Event::Connecting),
        Progress::AttemptFailed { attempts_remaining } => printer.event(&Event::AttemptFailed { attempts_remaining }),
        Progress::Reconnecting => printer.event(&Event::Reconnecting),
        _ => {}
    }
}

/// Tells how it ended; a network that was not joined is a failure.
pub(super) fn conclude(outcome: &Outcome, ssid: &[u8], printer: &Printer) -> Result<(), Failure> {
    let name = network_name(ssid);
    match outcome {
        Outcome::Joined(joined) => {
            printer.event(&Event::joined(joined));
            Ok(())
        }
        Outcome::Failed(reason) => {
            printer.event(&Event::Failed {
                reason: Reason::from(*reason),
            });
            Err(match reason {
                WifiFailReason::AuthError => {
                    Failure::new(Exit::WrongPassphrase, format!("the passphrase of {name} is wrong"))
                        .hint("the device still waits: run the same command with the right passphrase")
                }
                WifiFailReason::NetworkNotFound => Failure::new(
                    Exit::NetworkNotFound,
                    format!("the device sees no network called {name}"),
                )
                .because("the name is misspelled, the network out of reach, or on 5 GHz only")
                .hint("see what the device sees: landfall scan"),
                WifiFailReason::Other(_) => Failure::new(Exit::Failure, format!("the device could not join {name}"))
                    .hint("see what the device sees: landfall scan"),
            })
        }
        _ => Err(Failure::new(
            Exit::Failure,
            "the device ended in a way this program does not know",
        )),
    }
}

/// The name that was given, if one was.
fn named(args: &NetworkArgs) -> Result<Option<Vec<u8>>, Failure> {
    match (&args.ssid, &args.ssid_hex) {
        (Some(ssid), _) => Ok(Some(ssid.clone().into_bytes())),
        (None, Some(digits)) => from_hex(digits)
            .map(Some)
            .ok_or_else(|| Failure::usage("--ssid-hex is not hex")),
        (None, None) => Ok(None),
    }
}

/// The network with its passphrase; an open one has none, and `auth` tells whether it is one, if known.
fn network(ssid: Vec<u8>, auth: Option<AuthMode>, args: &NetworkArgs) -> Result<Network, Failure> {
    let source = args.passphrase_source();
    let passphrase = match (source.find()?, auth) {
        (Some(given), _) => given,
        (None, Some(AuthMode::Open | AuthMode::Owe)) => Zeroizing::default(),
        (None, _) => source
            .ask(&format!("Passphrase of {}: ", network_name(&ssid)))?
            .ok_or_else(|| {
                Failure::usage("the passphrase of the network is missing").hint(
                    "give it with --passphrase-file FILE or LANDFALL_PASSPHRASE; --passphrase '' for an open network",
                )
            })?,
    };
    Ok(Network {
        ssid,
        passphrase,
        bssid: None,
        channel: None,
    })
}

/// Shows what the device sees until the user has chosen.
async fn choose(remote: &mut Remote, printer: &Printer) -> Result<NetworkRow, Failure> {
    loop {
        let found = scan::find(remote, ScanOptions::default(), printer).await?;
        printer.event(&Event::Networks(found.clone()));
        if found.networks.is_empty() {
            return Err(Failure::new(Exit::NetworkNotFound, "the device sees no network")
                .hint("move it closer to an access point, or name a hidden network: --ssid NAME"));
        }
        if let Some(row) = pick(&found.networks, printer)? {
            return Ok(row);
        }
    }
}

/// The row that the user picks by number; `None` to scan again.
fn pick(rows: &[NetworkRow], printer: &Printer) -> Result<Option<NetworkRow>, Failure> {
    let prompt = format!("Network (1 to {}, 0 to scan again): ", rows.len());
    loop {
        let typed = input::visible(&prompt, io::stderr())
            .map_err(|error| Failure::new(Exit::Failure, "the choice cannot be read").because(error))?
            .ok_or_else(|| Failure::usage("no network was chosen").hint("name it: --ssid NAME"))?;
        match typed.trim().parse::<usize>() {
            Ok(0) => return Ok(None),
            Ok(number) => match rows.get(number - 1) {
                Some(row) if row.octets.is_empty() => printer.correct("A hidden network has to be named: --ssid NAME."),
                Some(row) => return Ok(Some(row.clone())),
                None => printer.correct(&format!("There are {} networks.", rows.len())),
            },
            Err(_) => printer.correct("That is not a number."),
        }
    }
}
