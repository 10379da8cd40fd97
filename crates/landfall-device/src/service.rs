use core::{fmt, net::SocketAddr};
use std::io;

use landfall_protocomm::{SessionId, console::LineError};
use landfall_softap::http;
use zeroize::Zeroizing;

use crate::BluetoothAddress;

/// How requests reach a device: it carries bytes and says which session they belong to, and knows nothing of what
/// they mean.
#[expect(
    async_fn_in_trait,
    reason = "a device runs on one thread; a service whose futures are Send keeps them so"
)]
pub trait Service {
    /// Opens for clients; `endpoints` are the names it serves.
    ///
    /// # Errors
    /// When the service cannot open; provisioning then ends.
    async fn start(&mut self, endpoints: &[&str]) -> io::Result<()>;

    /// Waits for the next thing that clients do. Dropping the future loses nothing.
    async fn next(&mut self) -> ServiceEvent;

    /// Hands over the answer to `request`; `None` fails it the way the transport does (spec protocol.md 9). An answer
    /// to a request whose client has gone is dropped.
    fn respond(&mut self, request: RequestId, answer: Option<&[u8]>);

    /// Closes for clients; answers handed over before still reach them.
    async fn stop(&mut self);
}

impl<S: Service> Service for &mut S {
    async fn start(&mut self, endpoints: &[&str]) -> io::Result<()> {
        (**self).start(endpoints).await
    }

    async fn next(&mut self) -> ServiceEvent {
        (**self).next().await
    }

    fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        (**self).respond(request, answer);
    }

    async fn stop(&mut self) {
        (**self).stop().await;
    }
}

/// What clients do.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServiceEvent {
    /// A session begins; an earlier one is over.
    SessionOpened(SessionId),
    /// A session is over.
    SessionClosed(SessionId),
    /// A request came in and waits for [`Service::respond`].
    Request {
        /// Its number.
        id: RequestId,
        /// Its session; `None` for a question to `proto-ver` that must not touch the session of another client.
        session: Option<SessionId>,
        /// Where it goes.
        endpoint: String,
        /// What it says, as sent.
        message: Zeroizing<Vec<u8>>,
    },
    /// Something that only the application may want to know.
    Client(ClientEvent),
}

/// The number a service gives a request, to find its client again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub u64);

/// What became of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// A client connected.
    Connected {
        /// Its address.
        peer: Peer,
    },
    /// A client's connection ended.
    Disconnected {
        /// Its address.
        peer: Peer,
    },
    /// A client was told to come back later, for another one is in the middle of its work.
    Busy {
        /// Its address.
        peer: Peer,
    },
    /// A request was not taken.
    Refused {
        /// The client's address.
        peer: Peer,
        /// Why.
        reason: Refusal,
    },
    /// Nobody can find the device, because the operating system's Bluetooth is gone or off, or the device's access point
    /// is; it is waited for.
    ServiceLost {
        /// What is the matter.
        error: String,
    },
    /// Clients can find the device again.
    ServiceBack,
    /// No client can connect at the moment; it is tried again, unless the way itself is gone (a serial port that was
    /// pulled).
    AcceptFailed {
        /// What the operating system says.
        error: String,
    },
}

/// Where a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// At an address of the network.
    Network(SocketAddr),
    /// At the other end of the console's line.
    Console,
    /// In radio range.
    Bluetooth(BluetoothAddress),
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Network(address)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(address) => address.fmt(f),
            Self::Console => f.write_str("the console"),
            Self::Bluetooth(address) => address.fmt(f),
        }
    }
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Not HTTP.
    #[error("not an HTTP request")]
    Malformed,
    /// Not HTTP/1.0 or HTTP/1.1.
    #[error("unknown HTTP version")]
    Version,
    /// The header section is too long.
    #[error("header fields too long")]
    HeadersTooLong,
    /// The URI is too long.
    #[error("URI too long")]
    UriTooLong,
    /// No endpoint has this URI.
    #[error("no such endpoint")]
    UnknownUri,
    /// Only POST is served.
    #[error("method is not POST")]
    Method,
    /// A query follows the endpoint's name.
    #[error("query in the URI")]
    Query,
    /// The body is empty, of unknown length, or longer than 4,096 bytes.
    #[error("no body of 1 to 4096 bytes")]
    BodyLength,
    /// The request did not arrive whole in time.
    #[error("request too slow")]
    TooSlow,
    /// The client left in the middle of its request.
    #[error("connection lost in the middle of a request")]
    Truncated,
    /// The connection made room for a newer one.
    #[error("too many connections")]
    Evicted,
    /// No endpoint has the name that a line begins with.
    #[error("no such endpoint")]
    UnknownEndpoint,
    /// A line that is no request.
    #[error("{0}")]
    Line(LineError),
    /// A line that is longer than a request can be.
    #[error("line too long")]
    LineTooLong,
}

impl From<http::Refusal> for Refusal {
    fn from(refusal: http::Refusal) -> Self {
        match refusal {
            http::Refusal::Malformed => Self::Malformed,
            http::Refusal::Version => Self::Version,
            http::Refusal::HeadersTooLong => Self::HeadersTooLong,
            http::Refusal::UriTooLong => Self::UriTooLong,
            http::Refusal::UnknownUri => Self::UnknownUri,
            http::Refusal::Method => Self::Method,
            http::Refusal::Query => Self::Query,
            http::Refusal::BodyLength => Self::BodyLength,
        }
    }
}
