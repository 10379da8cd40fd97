//! On the operating system's Bluetooth: BlueZ.

use core::pin::pin;

use landfall_bluez::{
    Bluez,
    peripheral::{self, Config, Event, run},
};
use tokio::sync::mpsc;

use super::{Air, Number, Order, Orders, Place, RadioError, Tell, Told};
use crate::AfterProvisioning;

pub(super) async fn serve(air: &Air, adapter: Option<&str>, tell: &Tell, mut orders: Orders) -> Result<(), RadioError> {
    let endpoints = air.endpoints();
    let options = &air.options;
    let config = Config {
        service: options.service,
        endpoints: &endpoints,
        name: &options.name,
        manufacturer_data: &options.manufacturer_data,
        encryption: options.encryption,
        notify: options.notify,
    };
    let bluez = match &air.bus {
        Some(address) => Bluez::at(address).await?,
        None => Bluez::system().await?,
    };
    let (order, obeyed) = mpsc::unbounded_channel();
    let pass_on = |event| {
        if let Some(told) = told(event) {
            let _ = tell.send(told);
        }
    };
    let mut host = pin!(run(&bluez, adapter, &config, pass_on, obeyed));
    let mut order = Some(order);
    loop {
        tokio::select! {
            ended = &mut host => return Ok(ended?),
            next = orders.recv(), if order.is_some() => match (next, &order) {
                (Some(next), Some(order)) => {
                    // A host that has ended is about to be seen.
                    let _ = translated(next).map(|next| order.send(next));
                }
                _ => order = None,
            },
        }
    }
}

fn translated(order: Order) -> Option<peripheral::Order> {
    match order {
        Order::Respond(Number::System(number), message) => {
            Some(peripheral::Order::Respond(number, message.map(Into::into)))
        }
        // No other stack asked.
        Order::Respond(Number::Controller(_), _) => None,
        Order::End(AfterProvisioning::KeepOn { disconnect }) => Some(peripheral::Order::KeepOn { disconnect }),
        Order::End(AfterProvisioning::Off) => Some(peripheral::Order::Stop),
    }
}

fn told(event: Event) -> Option<Told> {
    Some(match event {
        Event::Advertising { adapter, address } => Told::Advertising(Some(Place {
            adapter,
            address: address.into(),
        })),
        Event::Connected(address) => Told::Connected(address.into()),
        Event::Disconnected => Told::Disconnected,
        Event::Request {
            number,
            characteristic,
            message,
        } => Told::Request {
            number: Number::System(number),
            characteristic,
            message: message.into(),
        },
        Event::Interrupted(error) => Told::Interrupted(error.into()),
        Event::KeptOn => Told::KeptOn,
        _ => return None,
    })
}
