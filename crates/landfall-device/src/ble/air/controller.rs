//! On a controller of its own: trouble-host.

use core::pin::pin;

use landfall_trouble::{
    Seed,
    hci::HciAddress,
    peripheral::{Config, Event, Link, Pairing, run},
};
use zeroize::Zeroizing;

use super::{Air, Number, Order, Orders, RadioError, Tell, Told};
use crate::{AfterProvisioning, clock};

pub(super) async fn serve(air: &Air, hci: &HciAddress, tell: &Tell, orders: Orders) -> Result<(), RadioError> {
    let endpoints = air.endpoints();
    let seed = seed();
    let options = &air.options;
    let config = Config {
        service: options.service,
        endpoints: &endpoints,
        name: &options.name,
        manufacturer_data: &options.manufacturer_data,
        address: options.address.map(|mut address| {
            address.reverse();
            address
        }),
        mtu: options.mtu,
        pairing: if options.encryption {
            Pairing::Required(&seed)
        } else {
            Pairing::Offered(&seed)
        },
        notify: options.notify,
    };
    let controller = hci.open().await.map_err(RadioError::NoController)?;
    let link = Link::new();
    let mut host = pin!(run(controller, &config, &link));
    let mut obey = pin!(obey(&link, orders));
    let mut obeyed = false;
    loop {
        tokio::select! {
            ended = &mut host => return Ok(ended?),
            event = link.next() => {
                if let Some(told) = told(event) {
                    let _ = tell.send(told);
                }
            }
            () = &mut obey, if !obeyed => obeyed = true,
        }
    }
}

/// Passes orders on, until the last.
async fn obey(link: &Link, mut orders: Orders) {
    while let Some(order) = orders.recv().await {
        match order {
            Order::Respond(Number::Controller(number), message) => {
                link.respond(number, message.as_deref().map(Vec::as_slice)).await;
            }
            // No other stack asked.
            Order::Respond(Number::System(_), _) => {}
            Order::End(AfterProvisioning::KeepOn { disconnect }) => link.keep_on(disconnect),
            Order::End(AfterProvisioning::Off) => break,
        }
    }
    link.stop();
}

fn told(event: Event) -> Option<Told> {
    Some(match event {
        Event::Advertising => Told::Advertising(None),
        Event::Connected(address) => Told::Connected(address.into()),
        Event::Disconnected => Told::Disconnected,
        Event::Request {
            number,
            characteristic,
            message,
        } => Told::Request {
            number: Number::Controller(number),
            characteristic,
            message: Zeroizing::new(message.to_vec()),
        },
        Event::KeptOn => Told::KeptOn,
        _ => return None,
    })
}

/// What keys for encrypted links are drawn from.
fn seed() -> Seed {
    let mut bytes = Zeroizing::new([0; 32]);
    clock::os_random(bytes.as_mut_slice());
    Seed::new(*bytes)
}
