//! The transport over a link in memory, and the types of discovery.

#[cfg(all(feature = "bluez", target_os = "linux"))]
mod bluez;
mod discovery;
#[cfg(feature = "hci")]
mod hci;
mod link;
mod transport;

use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};
use std::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use landfall_protocomm::{
    Endpoint,
    gatt::{EndpointNumber, ServiceUuid},
};

use self::link::FakeLink;
use super::*;

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing in these tests really waits"),
    }
}

/// The built-in endpoints of a service, with names, in the order of spec transports.md 1.1.
fn built_in(service: ServiceUuid) -> Vec<Characteristic> {
    let endpoints = [
        Endpoint::CTRL,
        Endpoint::SCAN,
        Endpoint::SESSION,
        Endpoint::CONFIG,
        Endpoint::VERSION,
    ];
    let numbered = endpoints.iter().zip((3..).step_by(3));
    numbered
        .map(|(endpoint, handle)| {
            let number = EndpointNumber::built_in(*endpoint).expect("built in");
            characteristic(service, number, Some(endpoint.as_str()), handle)
        })
        .collect()
}

fn characteristic(service: ServiceUuid, number: EndpointNumber, name: Option<&str>, handle: u16) -> Characteristic {
    Characteristic {
        service,
        uuid: service.characteristic(number),
        name: name.map(ToString::to_string),
        handle,
    }
}

fn application(before: u16, name: &str) -> Characteristic {
    let number = EndpointNumber::application(before).expect("few endpoints");
    characteristic(ServiceUuid::EXAMPLE, number, Some(name), 40 + 3 * before)
}
