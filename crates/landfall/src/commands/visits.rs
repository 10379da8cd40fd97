//! Visits in a device's access point, for as long as a command takes.

use core::{cell::Cell, panic::AssertUnwindSafe};
use std::panic::resume_unwind;

use futures_util::FutureExt as _;
use landfall_device::manager::{Passphrase, Ssid};
use landfall_wlan::{Error, Visit, VisitOptions};
use zeroize::Zeroizing;

use super::label::Label;
use crate::{
    args::JoinArgs,
    failure::{Failure, Problem},
    print::{Event, Printer, text::printable},
    terminal::{self, Farewell, Interrupts},
};

/// Drives a command that may visit a device's access point. However it ends, by a signal or a panic as well, this
/// computer gets its own network back.
pub(super) async fn visiting<T>(
    interrupts: &Interrupts,
    command: impl AsyncFnOnce(&Visits) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let visits = Visits::default();
    let ended = AssertUnwindSafe(interrupts.race(command(&visits))).catch_unwind().await;
    let back = visits.end(interrupts).await;
    match (ended, back) {
        (Err(panic), _) => resume_unwind(panic),
        (Ok(Ok(result)), back) => back.map(|()| result),
        (Ok(Err(failure)), Ok(())) => Err(failure),
        (Ok(Err(failure)), Err(miss)) => Err(failure.hint(format!("{}: {}", miss.message(), miss.cause()))),
    }
}

/// The visit of a command, if it makes one.
#[derive(Default)]
pub(super) struct Visits {
    present: Cell<Option<Present>>,
}

/// A visit that is on its way.
struct Present {
    visit: Visit,
    /// Tells of it.
    printer: Printer,
    /// This computer's way back.
    _owed: Farewell,
}

impl Visits {
    /// Goes into the access point that `args` or the label name, and gives the interface that is there.
    pub(super) async fn begin(
        &self,
        args: &JoinArgs,
        label: Option<&Label>,
        printer: &Printer,
    ) -> Result<String, Failure> {
        let ssid = name(args, label)?;
        let source = args.key_source();
        if source.is_exposed() {
            printer.exposed("--service-key");
        }
        let label_key = label.and_then(|label| label.service_key.as_ref());
        let label_key = label_key.map(|key| Zeroizing::new(key.as_bytes().to_vec()));
        let given = source.find_apart().await?.or(label_key).unwrap_or_default();
        let (shown, interface) = (printable(ssid.as_bytes()), args.interface.clone());
        let go = async |key: &[u8]| {
            let key = self::key(key)?;
            Ok::<_, Failure>(
                self.go(VisitOptions::new(ssid, key).with_interface(interface.clone()), printer)
                    .await,
            )
        };
        let arrived = match go(&given).await? {
            Err(Error::KeyMissing) if printer.can_ask() => {
                let typed = source.ask_apart(&format!("Key of the access point {shown}: ")).await?;
                go(&typed.unwrap_or_default()).await?
            }
            arrived => arrived,
        };
        arrived.map_err(|error| Failure::of_wlan(&error))
    }

    async fn go(&self, options: VisitOptions, printer: &Printer) -> Result<String, Error> {
        let ssid = options.ssid;
        if let Some(mut earlier) = self.present.take() {
            earlier.visit.leave().await;
        }
        printer.step("Looking for this computer's Wi-Fi");
        let visit = Visit::begin(options).await?;
        let (interface, arrival) = (visit.interface().to_owned(), visit.arrival());
        self.present.set(Some(Present {
            visit,
            printer: *printer,
            _owed: Farewell::owe(),
        }));
        printer.event(&Event::access_point_joining(ssid.as_bytes(), &interface));
        printer.step(&format!("Joining {}", printable(ssid.as_bytes())));
        let ip = arrival.await?.to_string();
        printer.event(&Event::AccessPointJoined {
            interface: &interface,
            ip,
        });
        Ok(interface)
    }

    /// Has this computer go back. The order to do so is given in any case; only the wait for what comes of it ends with
    /// a signal.
    async fn end(&self, interrupts: &Interrupts) -> Result<(), Failure> {
        let Some(Present {
            mut visit,
            printer,
            _owed,
        }) = self.present.take()
        else {
            return Ok(());
        };
        // Who has stopped reading wants their network back all the same.
        let _ = terminal::reader_gone().now_or_never();
        printer.step("Going back to this computer's own network");
        visit.leave().await;
        let back = async { visit.back().await.map_err(|error| Failure::of_wlan(&error)) };
        let back = interrupts.race(back).await?;
        let ssid = back.as_ref().map(Ssid::as_bytes);
        printer.event(&Event::access_point_left(ssid, visit.interface()));
        Ok(())
    }
}

/// The access point's name.
fn name(args: &JoinArgs, label: Option<&Label>) -> Result<Ssid, Failure> {
    let label_name = || label.and_then(|label| label.name.as_deref());
    let name = args.name().or_else(label_name).ok_or_else(|| {
        Failure::new(Problem::AnswerMissing)
            .saying("the name of the device's access point is missing")
            .because("neither --join nor a label says it")
            .hint("name it: --join NAME; those in range: landfall discover")
    })?;
    let ssid = Ssid::new(name.as_bytes()).filter(|ssid| !ssid.is_empty());
    ssid.ok_or_else(|| Failure::new(Problem::BadArgument).saying("the name of an access point has 1 to 32 bytes"))
}

fn key(octets: &[u8]) -> Result<Passphrase, Failure> {
    let is_possible = matches!(octets.len(), 0 | 8..=63);
    let key = Passphrase::new(octets).filter(|_| is_possible);
    key.ok_or_else(|| Failure::new(Problem::BadArgument).saying("the key of an access point has 8 to 63 characters"))
}
