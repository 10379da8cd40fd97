//! `landfall demo`

use core::{cell::RefCell, pin::pin, time::Duration};
use std::{rc::Rc, time::Instant};

use landfall_client::{Connection, Network, Outcome, Provisioning, Secret, SystemEnvironment, http::HttpTransport};
use landfall_device::{
    Device, HttpService, PayloadSecret, PayloadTransport, Security, SimulatedWifi, World, manager::AttemptLimit,
};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::{
    provision::{conclude, tell},
    simulated::{DEVELOPMENT_SECRET, DEVELOPMENT_USER, Label, Narrator, random_name},
};
use crate::{
    args::{Demo, FailFirst},
    failure::{Failure, Problem},
    print::{DeviceEvent, Event, Place, Printer, Side},
};

/// Brings a simulated device onto a simulated network, over real HTTP, in front of the user.
pub(super) async fn run(args: &Demo, printer: &Printer) -> Result<(), Failure> {
    let began = Instant::now();
    let name = random_name()?;
    let service = HttpService::bind(([127, 0, 0, 1], 0).into())
        .await
        .map_err(|error| broken(&error))?;
    let address = service.local_addr();
    let mut device = Device::builder(&name, security(args.sec_ver))
        .wifi(SimulatedWifi::new(World::built_in()))
        .attempts(AttemptLimit::Total(1))
        .build()
        .map_err(|error| broken(&error))?;

    let (on_device, on_client) = (printer.on_side(Side::Device), printer.on_side(Side::Client));
    let place = Place::SoftAp {
        url: format!("http://{address}"),
    };
    let place = Rc::new(RefCell::new(place));
    let narrator = Narrator::new(
        &on_device,
        Label::new(
            &name,
            Some(place),
            &label(args.sec_ver),
            Some(PayloadTransport::SoftAp { service_key: None }),
        ),
    );
    let ready = Notify::new();
    narrator.say(DeviceEvent::DeviceUnprovisioned);
    let mut running = pin!(device.provision(service, |happened| {
        narrator.tell(happened);
        if narrator.has_announced() {
            ready.notify_one();
        }
    }));
    let client = async {
        ready.notified().await;
        client(&address.to_string(), args, &on_client).await
    };
    tokio::select! {
        ended = &mut running => return Err(ended.map_or_else(|error| broken(&error), |_| broken(&"it ended early"))),
        done = client => done?,
    }
    let seconds = began.elapsed().as_secs_f64();
    running.await.map_err(|error| broken(&error))?;
    printer.event(&Event::DemoDone { seconds });
    printer.words("Next: landfall simulate in one terminal, landfall provision --host 127.0.0.1:8080 in another.");
    Ok(())
}

/// The client's part: one try, or a failing one and a good one.
async fn client(host: &str, args: &Demo, printer: &Printer) -> Result<(), Failure> {
    let failure = |error: &_| Failure::of_client(error, host);
    let transport = HttpTransport::new(host).map_err(|error| failure(&error.into()))?;
    let mut connection = Connection::new(transport, SystemEnvironment::new());
    match connection.version().await {
        Ok(info) => printer.event(&Event::info(host, info)),
        Err(error) => return Err(failure(&error)),
    }
    let options = Provisioning {
        timeout: Duration::from_secs(20),
    };
    for network in networks(args.fail) {
        let outcome = connection
            .provision(&secret(args.sec_ver), &network, options, |progress| {
                tell(&progress, &network.ssid, printer)
            })
            .await
            .map_err(|error| failure(&error))?;
        match conclude(&outcome, &network.ssid, printer) {
            Err(failed) if matches!(outcome, Outcome::Failed(_)) && args.fail.is_some() => {
                printer.words(&format!(
                    "So it goes: {}. Once more, as it should be:",
                    failed.message()
                ));
            }
            result => return result,
        }
    }
    Err(Failure::new(Problem::DeviceBroken).saying("the demo's device did not join its network"))
}

/// The networks to try, in order.
fn networks(fail: Option<FailFirst>) -> Vec<Network> {
    let network = |ssid: &str, passphrase: &str| Network {
        ssid: ssid.into(),
        passphrase: Zeroizing::new(passphrase.into()),
        bssid: None,
        channel: None,
    };
    let first = fail.map(|fail| match fail {
        FailFirst::WrongPassword => network("myssid", "notmypassword"),
        FailFirst::NotFound => network("nosuchssid", "mypassword"),
    });
    first.into_iter().chain([network("myssid", "mypassword")]).collect()
}

fn security(scheme: u8) -> Security {
    match scheme {
        0 => Security::Security0,
        1 => Security::Security1 {
            pop: Some(Zeroizing::new(DEVELOPMENT_SECRET.into())),
        },
        _ => Security::development(),
    }
}

fn label(scheme: u8) -> PayloadSecret<'static> {
    match scheme {
        0 => PayloadSecret::Hidden,
        1 => PayloadSecret::Pop(DEVELOPMENT_SECRET),
        _ => PayloadSecret::UsernameAndPop {
            username: DEVELOPMENT_USER,
            pop: DEVELOPMENT_SECRET,
        },
    }
}

fn secret(scheme: u8) -> Secret {
    let both = Some(Zeroizing::new(DEVELOPMENT_SECRET.into()));
    Secret {
        pop: both.clone(),
        username: Some(DEVELOPMENT_USER.to_owned()),
        password: both,
        // A client that knows its device insists, or refuses one that asks for nothing.
        scheme: Some(scheme),
        require_patched: false,
    }
}

fn broken(why: &dyn core::fmt::Display) -> Failure {
    Failure::new(Problem::DeviceBroken).because(why)
}
