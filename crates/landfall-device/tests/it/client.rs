//! A client as plain as can be: what it sends and gets is what the tests say.

use core::{net::SocketAddr, time::Duration};

use landfall_device::protocomm::{
    NonceRule,
    client::{Handshake, Security, Session, Step, XRule},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longest wait for anything: a test that fails is better than one that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the device, and what comes back on it.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
}

/// An HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A client with a session.
pub(crate) struct Client {
    pub(crate) connection: Connection,
    pub(crate) cookie: Option<String>,
    session: Session,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.expect("the device listens"),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the device reads");
    }

    /// The next response; `None` if the connection closes without a byte of one.
    pub(crate) async fn response(&mut self) -> Option<Response> {
        timeout(PATIENCE, self.read_response())
            .await
            .expect("an answer or an end in time")
    }

    async fn read_response(&mut self) -> Option<Response> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => {
                    assert!(head.is_empty(), "cut off: {}", head.escape_ascii());
                    return None;
                }
            }
        }
        let head = String::from_utf8(head).expect("text");
        let status = head
            .get(9..12)
            .and_then(|digits| digits.parse().ok())
            .expect("a status");
        let mut response = Response {
            status,
            head,
            body: Vec::new(),
        };
        let len = response
            .field("content-length")
            .map_or(0, |len| len.parse().expect("a number"));
        response.body.resize(len, 0);
        self.stream
            .read_exact(&mut response.body)
            .await
            .expect("the whole body");
        Some(response)
    }

    /// Posts `body` and gives the response.
    pub(crate) async fn post(&mut self, endpoint: &str, cookie: Option<&str>, body: &[u8]) -> Option<Response> {
        self.send(request(endpoint, cookie, body)).await;
        self.response().await
    }

    /// Whether the device closes the connection before it sends anything more.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read(&mut [0; 1]))
            .await
            .expect("something in time");
        matches!(read, Ok(0) | Err(_))
    }
}

impl Response {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

impl Client {
    /// What the client knows of a device of [`crate::harness::all_schemes`].
    pub(crate) fn secret(scheme: u8) -> Security<'static> {
        match scheme {
            0 => Security::Security0,
            1 => Security::Security1 { pop: b"abcd1234" },
            _ => Security::Security2 {
                username: b"wifiprov",
                password: b"abcd1234",
                nonce_rule: NonceRule::Counter,
                x_rule: XRule::Full,
            },
        }
    }

    /// Makes a handshake on a new connection.
    pub(crate) async fn establish(address: SocketAddr, scheme: u8) -> Self {
        Self::try_establish(address, Self::secret(scheme))
            .await
            .expect("the device takes the secret")
    }

    /// The first message of a handshake, which anybody can send.
    pub(crate) fn hello(scheme: u8) -> Vec<u8> {
        let mut request = [0; Handshake::MAX_MESSAGE];
        let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).expect("random bytes");
        let (_, len) = Handshake::start(Self::secret(scheme), &mut request, &mut random).expect("a secret");
        request[..len].to_vec()
    }

    /// Makes a handshake on a new connection; `None` if the device refuses it.
    pub(crate) async fn try_establish(address: SocketAddr, secret: Security<'_>) -> Option<Self> {
        let mut connection = Connection::open(address).await;
        let mut cookie = None;
        let mut request = [0; Handshake::MAX_MESSAGE];
        let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).expect("random bytes");
        let (mut handshake, mut len) = Handshake::start(secret, &mut request, &mut random).expect("a secret");
        loop {
            let response = connection
                .post("prov-session", cookie.as_deref(), &request[..len])
                .await?;
            assert_eq!(response.status, 200);
            cookie = response.field("set-cookie").map(str::to_owned).or(cookie);
            match handshake
                .advance(&response.body, &mut request)
                .expect("an honest device")
            {
                Step::Send(next, next_len) => (handshake, len) = (next, next_len),
                Step::Done(session) => {
                    return Some(Self {
                        connection,
                        cookie,
                        session,
                    });
                }
            }
        }
    }

    /// Sends a request of the session and gives the plain answer.
    pub(crate) async fn ask(&mut self, endpoint: &str, plain: &[u8]) -> Vec<u8> {
        let answer = self.try_ask(endpoint, plain).await;
        answer.expect("the device answers")
    }

    /// Sends a request of the session and gives the plain answer; `None` if the request fails.
    pub(crate) async fn try_ask(&mut self, endpoint: &str, plain: &[u8]) -> Option<Vec<u8>> {
        let mut message = plain.to_vec();
        message.resize(plain.len() + 16, 0);
        let len = self
            .session
            .encrypt(&mut message, plain.len())
            .expect("a usable session");
        let mut response = self
            .connection
            .post(endpoint, self.cookie.as_deref(), &message[..len])
            .await?;
        assert_eq!(response.status, 200);
        Some(
            self.session
                .decrypt(&mut response.body)
                .expect("an honest device")
                .to_vec(),
        )
    }

    /// Tells the device a network and has it joined.
    pub(crate) async fn set_and_apply(&mut self, ssid: &[u8], passphrase: &[u8]) {
        assert_eq!(
            self.ask("prov-config", &set_config(ssid, passphrase)).await,
            b"\x08\x03\x6a\x00"
        );
        assert_eq!(self.ask("prov-config", APPLY_CONFIG).await, b"\x08\x05\x7a\x00");
    }

    /// Asks for the status until it is something else than "connecting".
    pub(crate) async fn wait_for_result(&mut self) -> Vec<u8> {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let status = self.ask("prov-config", GET_STATUS).await;
            if !status.starts_with(b"\x08\x01\x5a\x02\x10\x01") && !status.starts_with(b"\x08\x01\x5a\x06\x10\x01") {
                return status;
            }
        }
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

/// SetConfig.
pub(crate) fn set_config(ssid: &[u8], passphrase: &[u8]) -> Vec<u8> {
    let field = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
    let config = [field(0x0a, ssid), field(0x12, passphrase)].concat();
    [b"\x08\x02".to_vec(), field(0x62, &config)].concat()
}

pub(crate) const APPLY_CONFIG: &[u8] = b"\x08\x04";
pub(crate) const GET_STATUS: &[u8] = b"\x52\x00";
/// ScanStart: blocking, active, 120 ms a channel.
pub(crate) const SCAN_BLOCKING: &[u8] = b"\x52\x04\x08\x01\x20\x78";
pub(crate) const SCAN_STATUS: &[u8] = b"\x08\x02\x62\x00";
