//! Who is in the access point: a client as plain as can be; what it sends and gets is what the tests say.

use core::{net::Ipv4Addr, time::Duration};

use embassy_net::{Stack, tcp::TcpSocket};
use landfall_client::{Transport, TransportError};
use landfall_embassy::softap;
use tokio::time::timeout;

/// Longest wait for anything: a test that fails is better than one that hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A guest's connection to the device.
pub(crate) struct Connection {
    pub(crate) socket: TcpSocket<'static>,
}

/// An HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// What carries a client's requests: a connection that is kept, and the session's cookie.
pub(crate) struct Guest {
    stack: Stack<'static>,
    connection: Option<Connection>,
    cookie: Option<String>,
}

impl Connection {
    /// Connects; `None` if the device refuses.
    pub(crate) async fn try_open(stack: Stack<'static>) -> Option<Self> {
        let room = || Box::leak(vec![0; 4096].into_boxed_slice());
        let mut socket = TcpSocket::new(stack, room(), room());
        let connected = timeout(PATIENCE, socket.connect((softap::ADDRESS, 80))).await;
        connected.expect("an answer in time").ok()?;
        Some(Self { socket })
    }

    /// Connects, as often as it takes.
    pub(crate) async fn open(stack: Stack<'static>) -> Self {
        let connected = async {
            loop {
                if let Some(connection) = Self::try_open(stack).await {
                    return connection;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, connected).await.expect("the device has room")
    }

    /// Sends; false if the device does not take it.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let mut bytes = bytes.as_ref();
        while !bytes.is_empty() {
            match timeout(PATIENCE, self.socket.write(bytes))
                .await
                .expect("it reads in time")
            {
                Ok(written) => bytes = &bytes[written..],
                Err(_) => return false,
            }
        }
        true
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        assert!(self.try_send(bytes).await, "the device reads");
    }

    /// The next response; `None` if the connection closes without a byte of one.
    pub(crate) async fn response(&mut self) -> Option<Response> {
        let response = timeout(PATIENCE, self.read_response()).await;
        response.expect("an answer or an end in time")
    }

    async fn read_response(&mut self) -> Option<Response> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.socket.read(&mut byte).await {
                Ok(1) => head.push(byte[0]),
                _ => {
                    assert!(head.is_empty(), "cut off: {}", head.escape_ascii());
                    return None;
                }
            }
        }
        let head = String::from_utf8(head).expect("text");
        let status = head.get(9..12).and_then(|digits| digits.parse().ok());
        let mut response = Response {
            status: status.expect("a status"),
            head,
            body: Vec::new(),
        };
        let len = response
            .field("content-length")
            .map_or(0, |len| len.parse().expect("a number"));
        while response.body.len() < len {
            let mut chunk = [0; 512];
            let most = chunk.len().min(len - response.body.len());
            match self.socket.read(&mut chunk[..most]).await {
                Ok(read @ 1..) => response.body.extend_from_slice(&chunk[..read]),
                end => panic!("cut off after {} of {len}: {end:?}", response.body.len()),
            }
        }
        Some(response)
    }

    /// Posts `body` and gives the response.
    pub(crate) async fn post(&mut self, endpoint: &str, cookie: Option<&str>, body: &[u8]) -> Option<Response> {
        self.send(request(endpoint, cookie, body)).await;
        self.response().await
    }

    /// Whether the device closes the connection before it sends anything more.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let read = timeout(PATIENCE, self.socket.read(&mut [0; 1])).await;
        matches!(read.expect("something in time"), Ok(0) | Err(_))
    }

    /// Closes, and waits until the device has heard it.
    pub(crate) async fn close(mut self) {
        self.socket.close();
        let _ = timeout(PATIENCE, self.socket.flush()).await.expect("heard in time");
    }
}

impl Guest {
    pub(crate) const fn new(stack: Stack<'static>) -> Self {
        Self {
            stack,
            connection: None,
            cookie: None,
        }
    }
}

impl Response {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }
}

impl Transport for Guest {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.stack).await,
        };
        let answer = connection.post(endpoint, self.cookie.as_deref(), request).await;
        let answer = answer.ok_or(TransportError::Refused)?;
        assert_eq!(answer.status, 200);
        if let Some(cookie) = answer.field("set-cookie") {
            self.cookie = Some(cookie.to_owned());
        }
        self.connection = Some(connection);
        Ok(answer.body)
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.connection = None;
        Ok(())
    }
}

/// A request as clients send it.
pub(crate) fn request(endpoint: &str, cookie: Option<&str>, body: &[u8]) -> Vec<u8> {
    let cookie = cookie.map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
    let head = format!(
        "POST /{endpoint} HTTP/1.1\r\nHost: device\r\nContent-Length: {}\r\n{cookie}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The configuration of a guest that takes no address by DHCP.
pub(crate) fn fixed(host: u8) -> embassy_net::Config {
    softap::config(Ipv4Addr::new(192, 168, 4, host))
}

/// Lets every frame pass.
pub(crate) const fn all(_: &[u8]) -> bool {
    true
}

/// Lets no frame of TCP's pass but the first of a connection.
pub(crate) fn only_syn(frame: &[u8]) -> bool {
    const SYN_AND_ACK: u8 = 0x12;
    const SYN: u8 = 2;
    // TCP's flags are at 47.
    !is_tcp(frame) || frame.get(47).is_some_and(|flags| flags & SYN_AND_ACK == SYN)
}

/// Whether a frame of TCP's carries something.
pub(crate) fn has_payload(frame: &[u8]) -> bool {
    // The packet's length is at 16, that of TCP's header in words at 46; IPv4's header takes 20 octets.
    let (Some(&[high, low]), Some(words)) = (frame.get(16..).and_then(<[u8]>::first_chunk), frame.get(46)) else {
        return false;
    };
    is_tcp(frame) && usize::from(u16::from_be_bytes([high, low])) > 20 + 4 * usize::from(words >> 4)
}

/// IPv4 without options, in Ethernet: the protocol is at 23.
fn is_tcp(frame: &[u8]) -> bool {
    const TCP: u8 = 6;
    frame.get(12..14) == Some(&[8, 0]) && frame.get(23) == Some(&TCP)
}
