use alloc::vec::Vec;
use core::{future::Future, pin::pin, task::Poll, time::Duration};

use landfall_protocomm::{Endpoint, NonceRule, client};
use zeroize::Zeroizing;

use crate::{Capabilities, Environment, Error, Transport, TransportError, VersionInfo};

/// A device on the other end of a transport: asks, opens sessions, sends requests.
///
/// A request that gets no answer, or one that cannot be read, leaves the session in doubt: it is dropped, and nothing
/// is ever sent twice under one nonce. [`Connection::provision`] then makes a new session by itself; after single
/// requests that is the caller's to do.
pub struct Connection<T, E> {
    pub(crate) transport: T,
    pub(crate) environment: E,
    version: Option<VersionInfo>,
    pub(crate) session: Option<OpenSession>,
}

/// A session and what it was opened as.
pub(crate) struct OpenSession {
    pub(crate) session: client::Session,
    pub(crate) scheme: u8,
    pub(crate) nonce_rule: Option<NonceRule>,
}

impl<T: Transport, E: Environment> Connection<T, E> {
    /// A device that has not been asked anything yet.
    pub fn new(transport: T, environment: E) -> Self {
        Self {
            transport,
            environment,
            version: None,
            session: None,
        }
    }

    /// The transport.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// The transport, to change its settings.
    pub fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// The environment.
    pub fn environment(&self) -> &E {
        &self.environment
    }

    /// What the device says of itself; asked once and remembered.
    ///
    /// # Errors
    /// [`Error::Transport`].
    pub async fn version(&mut self) -> Result<&VersionInfo, Error> {
        let version = match self.version.take() {
            Some(version) => version,
            None => VersionInfo::parse(&self.version_raw(b"---").await?),
        };
        Ok(self.version.insert(version))
    }

    /// Asks `proto-ver` with `request` as content and gives the raw answer. Devices ignore the content, but over most
    /// transports it must not be empty.
    ///
    /// # Errors
    /// [`Error::Transport`].
    pub async fn version_raw(&mut self, request: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.transport.send(Endpoint::VERSION.as_str(), request).await?)
    }

    /// What the device said of itself, if it has been asked.
    pub fn known_version(&self) -> Option<&VersionInfo> {
        self.version.as_ref()
    }

    /// What the device can do, if it has been asked.
    pub(crate) fn known_capabilities(&self) -> Option<&Capabilities> {
        self.version.as_ref()?.capabilities.as_ref()
    }

    /// Whether a session is open and usable.
    pub fn has_session(&self) -> bool {
        self.session.as_ref().is_some_and(|open| open.session.is_usable())
    }

    /// The scheme of the open session, and for security 2 its nonce rule.
    pub fn session_scheme(&self) -> Option<(u8, Option<NonceRule>)> {
        self.session
            .as_ref()
            .filter(|open| open.session.is_usable())
            .map(|open| (open.scheme, open.nonce_rule))
    }

    /// Sends `request` to `endpoint` under the session and gives the decrypted answer.
    ///
    /// # Errors
    /// [`Error::NoSession`]. [`Error::Transport`], [`Error::Handshake`] (the answer does not decrypt): the session was
    /// in doubt and is dropped.
    pub async fn request(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, Error> {
        self.request_within(None, endpoint, request).await
    }

    /// [`Connection::request`] with a wait of its own besides the transport's.
    pub(crate) async fn request_within(
        &mut self,
        limit: Option<Duration>,
        endpoint: &str,
        request: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let mut open = self
            .session
            .take()
            .filter(|open| open.session.is_usable())
            .ok_or(Error::NoSession)?;
        let mut message = Zeroizing::new(Vec::with_capacity(request.len() + client::Session::MAX_OVERHEAD));
        message.extend_from_slice(request);
        message.resize(request.len() + client::Session::MAX_OVERHEAD, 0);
        let len = match open.session.encrypt(&mut message, request.len()) {
            Ok(len) => len,
            Err(error) => {
                // Nothing was sent: a request that could not be encrypted does not harm the session.
                self.session = Some(open);
                return Err(Error::Handshake(error));
            }
        };
        message.truncate(len);
        // From here on the session is out of `self` until the answer has been read, so that it is gone whatever
        // happens, be it that this future is dropped.
        let mut answer = within(limit, &self.environment, self.transport.send(endpoint, &message)).await?;
        let plain = open.session.decrypt(&mut answer).map_err(Error::Handshake)?.to_vec();
        self.session = Some(open);
        Ok(plain)
    }
}

/// Gives `exchange` up when `limit` is over.
async fn within<A>(
    limit: Option<Duration>,
    environment: &impl Environment,
    exchange: impl Future<Output = Result<A, TransportError>>,
) -> Result<A, TransportError> {
    let Some(limit) = limit else {
        return exchange.await;
    };
    let mut exchange = pin!(exchange);
    let mut alarm = pin!(environment.sleep(limit));
    core::future::poll_fn(|context| match exchange.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(answer),
        Poll::Pending => alarm
            .as_mut()
            .poll(context)
            .map(|()| Err(TransportError::TimedOut(limit.as_secs()))),
    })
    .await
}
