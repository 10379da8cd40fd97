//! HTTP, as devices with their own access point speak it (spec transports.md section 2).

mod authority;
mod connection;
#[cfg(test)]
mod tests;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header,
};
use landfall_protocomm::Endpoint;

use self::{
    authority::Authority,
    connection::{Exchange, HttpConnection},
};
use crate::{Transport, TransportError};

/// One kept connection to a device.
///
/// Needs a tokio runtime with time and I/O enabled; spawns nothing. A connection that the device closed while nothing
/// was asked is made again silently, as the session lives on in its cookie; a request that was written is never
/// written again.
pub struct HttpTransport {
    host: String,
    authority: Authority,
    /// The network interface that everything goes out of; `None`: where the system's routes lead.
    interface: Option<String>,
    timeout: Duration,
    /// Whether a connection may take as long as an answer.
    connects_patiently: bool,
    /// Not there while a request is under way, so that a cancelled one takes its connection with it.
    connection: Option<HttpConnection>,
    /// `session=<number>`, as the device gave it last.
    cookie: Option<String>,
}

impl HttpTransport {
    /// Where a device's own access point has it.
    pub const DEFAULT_HOST: &'static str = "192.168.4.1:80";

    /// A transport to `host`: a name or address, with an optional port (default 80); IPv6 addresses in brackets if a
    /// port follows. Nothing is sent yet.
    ///
    /// # Errors
    /// [`TransportError::Unreachable`] if `host` cannot be one.
    pub fn new(host: &str) -> Result<Self, TransportError> {
        let authority = Authority::parse(host)
            .ok_or_else(|| TransportError::Unreachable(format!("{host:?} is neither a name nor an address")))?;
        Ok(Self {
            host: host.to_string(),
            authority,
            interface: None,
            timeout: DEFAULT_TIMEOUT,
            connects_patiently: false,
            connection: None,
            cookie: None,
        })
    }

    /// Sets the longest wait for an answer (default 15 s: a blocking scan takes up to 10).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Gives a new connection as long as an answer, instead of 5 s. One that takes longer is then
    /// [`TransportError::TimedOut`], as an answer is.
    #[must_use]
    pub fn with_patient_connecting(mut self) -> Self {
        self.connects_patiently = true;
        self
    }

    /// Has everything go out of `interface`, such as `wlan0`, whatever the system's routes say: several devices have the
    /// same address, each in the network of its own access point. On Linux only; elsewhere nothing can be reached then.
    #[must_use]
    pub fn with_interface(mut self, interface: impl Into<String>) -> Self {
        self.interface = Some(interface.into());
        self
    }

    /// The host, as given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whom it connects to: a name or an address, without brackets, and a port.
    pub fn address(&self) -> (&str, u16) {
        (&self.authority.host, self.authority.port)
    }

    fn request(&self, endpoint: &str, body: Bytes) -> Result<Request<connection::Body>, TransportError> {
        let endpoint = Endpoint::new(endpoint).map_err(|error| TransportError::Protocol(error.to_string()))?;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/{endpoint}"))
            .header(header::HOST, self.authority.host_header())
            .header(header::CONTENT_LENGTH, body.len())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/plain");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        request
            .body(connection::Body::new(body))
            .map_err(|error| TransportError::Protocol(error.to_string()))
    }

    async fn connect(&self) -> Result<HttpConnection, TransportError> {
        let (limit, too_late) = if self.connects_patiently {
            (self.timeout, TransportError::TimedOut(self.timeout.as_secs()))
        } else {
            let why = format!("no connection within {} s", CONNECT_TIMEOUT.as_secs());
            (CONNECT_TIMEOUT, TransportError::Unreachable(why))
        };
        let opened = HttpConnection::open(&self.authority, self.interface.as_deref());
        tokio::time::timeout(limit, opened).await.unwrap_or(Err(too_late))
    }

    /// Sends on the kept connection if it is still open, else on a new one.
    async fn exchange(
        &mut self,
        kept: Option<HttpConnection>,
        request: Request<connection::Body>,
    ) -> Result<(HttpConnection, Response<Incoming>), TransportError> {
        let mut request = request;
        if let Some(mut connection) = kept {
            match connection.send(request).await {
                Exchange::Answered(response) => return Ok((connection, response)),
                Exchange::Failed(error) => return Err(error),
                Exchange::NotSent(unsent) => request = unsent,
            }
        }
        let mut connection = self.connect().await?;
        match connection.send(request).await {
            Exchange::Answered(response) => Ok((connection, response)),
            Exchange::Failed(error) => Err(error),
            Exchange::NotSent(_) => Err(TransportError::Lost("closed before the request".to_string())),
        }
    }

    /// Reads the answer and keeps the connection, unless the device is about to close it.
    async fn read(
        &mut self,
        mut connection: HttpConnection,
        response: Response<Incoming>,
    ) -> Result<Vec<u8>, TransportError> {
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(TransportError::NoSuchEndpoint),
            StatusCode::SERVICE_UNAVAILABLE => return Err(TransportError::Busy),
            status => return Err(TransportError::HttpStatus(status.as_u16())),
        }
        let cookie = session_cookie(&response);
        let body = connection
            .drive(Limited::new(response.into_body(), LONGEST_ANSWER).collect())
            .await;
        let body = body.map_err(|error| {
            if error.is::<LengthLimitError>() {
                TransportError::Protocol(format!("an answer of more than {LONGEST_ANSWER} bytes"))
            } else {
                TransportError::Lost(error.to_string())
            }
        })?;
        if cookie.is_some() {
            self.cookie = cookie;
        }
        self.connection = Some(connection);
        Ok(body.to_bytes().to_vec())
    }
}

impl Transport for HttpTransport {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        let request = self.request(endpoint, Bytes::copy_from_slice(request))?;
        let timeout = self.timeout;
        let kept = self.connection.take();
        let answer = async {
            let (connection, response) = self.exchange(kept, request).await?;
            self.read(connection, response).await
        };
        tokio::time::timeout(timeout, answer)
            .await
            .unwrap_or(Err(TransportError::TimedOut(timeout.as_secs())))
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.connection = None;
        self.connection = Some(self.connect().await?);
        Ok(())
    }

    fn scan_group_channels(&self) -> u32 {
        5
    }

    fn scan_page(&self) -> u32 {
        16
    }
}

/// The session cookie of an answer, if it has one. The device compares the whole header, so nothing else may stand in
/// it (spec transports.md 2.3): no attributes, no cookies of other names.
fn session_cookie(response: &Response<Incoming>) -> Option<String> {
    let values = response.headers().get_all(header::SET_COOKIE).iter();
    let cookies = values.filter_map(|value| Some(value.to_str().ok()?.split(';').next()?.trim()));
    let mut sessions = cookies.filter(|cookie| cookie.starts_with("session=") && cookie.len() <= LONGEST_COOKIE);
    sessions.next_back().map(ToString::to_string)
}

/// What an HTTP status stands for, where that is known.
pub(crate) fn reason(status: u16) -> Option<&'static str> {
    StatusCode::from_u16(status).ok()?.canonical_reason()
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const LONGEST_ANSWER: usize = 64 * 1024;
/// Devices refuse requests with more than 512 bytes of headers (spec transports.md 2.2).
const LONGEST_COOKIE: usize = 64;
