//! `landfall provision`

use core::time::Duration;

use landfall_client::{Outcome, Progress, Provisioning, Secret, protocomm::wire::WifiFailReason};

use super::{
    joining::Joining,
    network::{Chooser, Wanted},
    remote::Remote,
    visits::Visits,
};
use crate::{
    args::Provision,
    failure::{Failure, Problem},
    print::{Event, Printer, Reason, text::network_name},
    terminal::Interrupts,
};

/// Brings a device onto a network.
pub(super) async fn run(
    args: &Provision,
    visits: &Visits,
    printer: &Printer,
    interrupts: &Interrupts,
) -> Result<(), Failure> {
    let chooser = Chooser {
        args: &args.network,
        printer,
    };
    if args.network.passphrase_source().is_exposed() {
        printer.exposed("--passphrase");
    }
    // What can be asked before the device waits is asked first: it forgets silent clients.
    let named = chooser.named().await?;
    let (mut remote, secret) = Remote::with_secret(&args.target, &args.secret, visits, printer).await?;
    remote.open_session(&secret, printer).await?;
    let mut wanted = match named {
        Some(wanted) => wanted,
        None => chooser
            .choose(&mut remote, &secret, None)
            .await?
            .ok_or_else(nothing_chosen)?,
    };
    loop {
        let mut joining = Joining {
            remote: &mut remote,
            secret: &secret,
            options: Provisioning {
                timeout: Duration::from_secs(args.target.timeout),
            },
            interrupts,
            printer,
        };
        let outcome = joining.join(&wanted.network).await?;
        wanted = match second_chance(&outcome, &wanted, chooser, &mut remote, &secret).await? {
            Some(other) => other,
            None => return conclude(&outcome, &wanted.network.ssid, printer),
        };
    }
}

/// What somebody at a terminal wants to try after a failure, if what they typed may be the reason.
async fn second_chance(
    outcome: &Outcome,
    wanted: &Wanted,
    chooser: Chooser<'_>,
    remote: &mut Remote,
    secret: &Secret,
) -> Result<Option<Wanted>, Failure> {
    match outcome {
        Outcome::Failed(_) if !(wanted.is_asked && chooser.printer.can_ask()) => Ok(None),
        Outcome::Failed(WifiFailReason::AuthError) => chooser.try_again(wanted.network.clone()).await,
        Outcome::Failed(WifiFailReason::NetworkNotFound) => {
            // A device that has failed scans no more before it has been reset. One that refuses tells of it by the scan.
            drop(remote.connection.reset().await);
            let name = network_name(&wanted.network.ssid);
            let note = format!("The device sees no network called {name}. Choose again.");
            chooser.choose(remote, secret, Some(note)).await
        }
        _ => Ok(None),
    }
}

fn nothing_chosen() -> Failure {
    Failure::new(Problem::Interrupted).saying("no network was chosen")
}

/// Tells of a step on the way to the network `ssid`.
pub(super) fn tell(progress: &Progress, ssid: &[u8], printer: &Printer) {
    match *progress {
        Progress::SessionEstablished { scheme } => printer.event(&Event::SessionEstablished { scheme }),
        Progress::CredentialsSent => printer.event(&Event::credentials_sent(ssid)),
        Progress::Applied => {
            printer.event(&Event::Applied);
            printer.step(&format!("The device is joining {}", network_name(ssid)));
        }
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
                    Failure::new(Problem::WrongPassphrase).saying(format!("the passphrase of {name} is wrong"))
                }
                WifiFailReason::NetworkNotFound => {
                    Failure::new(Problem::NetworkNotFound).saying(format!("the device sees no network called {name}"))
                }
                WifiFailReason::Other(_) => {
                    Failure::new(Problem::NotJoined).saying(format!("the device could not join {name}"))
                }
            })
        }
        _ => Err(Failure::new(Problem::NotJoined).because("it ended in a way this program does not know")),
    }
}
