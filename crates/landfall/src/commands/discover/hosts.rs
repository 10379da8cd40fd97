//! Devices on the network.

use core::{net::SocketAddr, time::Duration};

use landfall_client::{Error, TransportError};
use tokio::{net, time::timeout};

use super::{Answer, Finding, Findings, ask, is_device, send};
use crate::{
    commands::link::Link,
    failure::{Failure, Problem},
    print::{DiscoveredState, text::printable},
};

/// An address on the network that was asked.
pub(super) struct Host {
    pub(super) name: String,
    /// What the name stands for, by which two names of one device are known.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) answer: Result<Answer, Failure>,
}

pub(super) async fn ask_host(name: String, link: Link, limit: Duration, tell: Findings) {
    let mut addresses = Vec::new();
    if let Link::Http(transport) = &link
        && let Ok(Ok(found)) = timeout(limit, net::lookup_host(transport.address())).await
    {
        addresses.extend(found);
    }
    let answer = match ask(link, limit).await {
        Ok(version) if is_device(&version) => Ok(Answer::ready(version)),
        Ok(_) => Err(not_a_device(&name)),
        Err(Error::Transport(TransportError::Busy)) => Ok(Answer::from(DiscoveredState::Busy)),
        Err(Error::Transport(error @ (TransportError::Unreachable(_) | TransportError::TimedOut(_)))) => {
            Err(Failure::of_client(&error.into(), &name))
        }
        Err(_) => Err(not_a_device(&name)),
    };
    let host = Host {
        name,
        addresses,
        answer,
    };
    send(&tell, Finding::Host(host));
}

fn not_a_device(name: &str) -> Failure {
    let name = printable(name.as_bytes());
    Failure::new(Problem::NotADevice).saying(format!("what answers at {name} is not a device in provisioning"))
}
