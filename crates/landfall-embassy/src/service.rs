use core::fmt;

use landfall_protocomm::SessionId;

/// How requests reach a device: it carries bytes and says which session they belong to, and knows nothing of what they
/// mean.
#[expect(
    async_fn_in_trait,
    reason = "firmware runs on one executor; nothing here has to be Send"
)]
pub trait Service {
    /// What it is called in the log: `BLE`, `SoftAP`.
    const NAME: &'static str;

    /// Why it cannot open, or broke off.
    type Error: core::error::Error;

    /// Memory for one answer: a [`Buffer`](crate::Buffer) as long as what the service carries.
    type Response: Default + AsMut<[u8]>;

    /// Opens for clients; `endpoints` are the names it serves.
    ///
    /// # Errors
    /// When the service cannot open; provisioning then ends.
    async fn start(&mut self, endpoints: &[&str]) -> Result<(), Self::Error>;

    /// Waits for the next thing that clients do. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the service cannot go on; provisioning then ends.
    async fn next(&mut self) -> Result<ServiceEvent<'_>, Self::Error>;

    /// Hands over the answer to `request`; `None` fails it the way the transport does (spec protocol.md 9). An answer to
    /// a request whose client has gone is dropped. Nothing else is done meanwhile, so a client that does not take its
    /// answer may not hold it up for longer than seconds.
    async fn respond(&mut self, request: RequestId, answer: Option<&[u8]>);

    /// Closes for clients; answers handed over before still reach them.
    async fn stop(&mut self);
}

impl<S: Service> Service for &mut S {
    const NAME: &'static str = S::NAME;

    type Error = S::Error;
    type Response = S::Response;

    async fn start(&mut self, endpoints: &[&str]) -> Result<(), S::Error> {
        (**self).start(endpoints).await
    }

    async fn next(&mut self) -> Result<ServiceEvent<'_>, S::Error> {
        (**self).next().await
    }

    async fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        (**self).respond(request, answer).await;
    }

    async fn stop(&mut self) {
        (**self).stop().await;
    }
}

/// What clients do.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServiceEvent<'m> {
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
        /// Where it goes, as an index into the names that the service was started with.
        endpoint: usize,
        /// What it says, as sent; it is decrypted in place, and the service wipes it.
        message: &'m mut [u8],
    },
    /// Something that only the application may want to know.
    Client(ClientEvent),
}

/// The number a service gives a request, to find its client again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub u32);

/// What became of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// A client connected.
    Connected,
    /// A client's connection ended.
    Disconnected,
    /// A client was told to come back later, for another one is in the middle of its work.
    Busy,
    /// A request was not taken.
    Refused,
}

impl fmt::Display for ClientEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connected => "Connected!",
            Self::Disconnected => "Disconnected!",
            Self::Busy => "Another client was told to come back later",
            Self::Refused => "A request was not taken",
        })
    }
}
