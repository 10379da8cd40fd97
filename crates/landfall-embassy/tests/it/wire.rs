//! A service without a transport: what the client sends is there at once.

use core::{cell::Cell, convert::Infallible, time::Duration};
use std::collections::BTreeMap;

use landfall_embassy::{
    Buffer, RequestId, Service, ServiceEvent,
    protocomm::{
        NonceRule, SessionId,
        client::{Handshake, Security, Session, Step, XRule},
    },
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

/// Longest wait for anything: a test that fails is better than one that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// The device's end.
pub(crate) struct WireService {
    sent: mpsc::UnboundedReceiver<Sent>,
    endpoints: Vec<String>,
    message: Vec<u8>,
    answers: BTreeMap<u32, oneshot::Sender<Option<Vec<u8>>>>,
    last: u32,
    open: bool,
}

/// The client's end.
pub(crate) struct Wire {
    sender: mpsc::UnboundedSender<Sent>,
    sessions: Cell<u32>,
}

enum Sent {
    Opened(SessionId),
    Closed(SessionId),
    Request {
        session: Option<SessionId>,
        endpoint: String,
        message: Vec<u8>,
        answer: oneshot::Sender<Option<Vec<u8>>>,
    },
}

pub(crate) fn wire() -> (WireService, Wire) {
    let (sender, sent) = mpsc::unbounded_channel();
    let service = WireService {
        sent,
        endpoints: Vec::new(),
        message: Vec::new(),
        answers: BTreeMap::new(),
        last: 0,
        open: false,
    };
    let sessions = Cell::new(0);
    (service, Wire { sender, sessions })
}

impl Service for WireService {
    const NAME: &'static str = "Wire";

    type Error = Infallible;
    type Response = Buffer<1024>;

    async fn start(&mut self, endpoints: &[&str]) -> Result<(), Infallible> {
        assert!(!self.open, "started once");
        self.endpoints = endpoints.iter().copied().map(str::to_owned).collect();
        self.open = true;
        Ok(())
    }

    async fn next(&mut self) -> Result<ServiceEvent<'_>, Infallible> {
        assert!(self.open, "nothing comes before the start");
        let sent = match self.sent.recv().await {
            Some(sent) => sent,
            None => core::future::pending().await,
        };
        Ok(match sent {
            Sent::Opened(session) => ServiceEvent::SessionOpened(session),
            Sent::Closed(session) => ServiceEvent::SessionClosed(session),
            Sent::Request {
                session,
                endpoint,
                message,
                answer,
            } => {
                self.last += 1;
                self.answers.insert(self.last, answer);
                self.message = message;
                ServiceEvent::Request {
                    id: RequestId(self.last),
                    session,
                    // One that is not there has a number that no endpoint has.
                    endpoint: self.endpoints.iter().position(|name| *name == endpoint).unwrap_or(99),
                    message: &mut self.message,
                }
            }
        })
    }

    async fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        let waits = self.answers.remove(&request.0).expect("a request is answered once");
        // Its client may be gone.
        let _ = waits.send(answer.map(<[u8]>::to_vec));
    }

    async fn stop(&mut self) {
        self.open = false;
    }
}

/// What the client knows of the devices of these tests.
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

/// A client with a session.
pub(crate) struct Client<'a> {
    wire: &'a Wire,
    id: SessionId,
    session: Session,
}

impl Wire {
    /// A client comes; the one before is gone.
    pub(crate) fn open(&self) -> SessionId {
        self.sessions.set(self.sessions.get() + 1);
        let id = SessionId::new(self.sessions.get()).expect("not the number that is none");
        self.send(Sent::Opened(id));
        id
    }

    pub(crate) fn close(&self, id: SessionId) {
        self.send(Sent::Closed(id));
    }

    fn send(&self, sent: Sent) {
        // A device that has ended hears nothing.
        let _ = self.sender.send(sent);
    }

    /// Sends bytes as they are; the answer comes when it comes. `None` is a request that failed.
    pub(crate) fn post(
        &self,
        session: Option<SessionId>,
        endpoint: &str,
        message: &[u8],
    ) -> impl Future<Output = Option<Vec<u8>>> + use<> {
        let (answer, answered) = oneshot::channel();
        self.send(Sent::Request {
            session,
            endpoint: endpoint.to_owned(),
            message: message.to_vec(),
            answer,
        });
        async move {
            let answered = timeout(PATIENCE, answered).await.expect("an answer in time");
            answered.expect("the device answers every request")
        }
    }

    /// Makes a handshake in a new session.
    pub(crate) async fn establish(&self, scheme: u8) -> Client<'_> {
        let client = self.try_establish(secret(scheme)).await;
        client.expect("the device takes the secret")
    }

    /// Makes a handshake in a new session; `None` if the device refuses it.
    pub(crate) async fn try_establish(&self, secret: Security<'_>) -> Option<Client<'_>> {
        let id = self.open();
        let mut request = [0; Handshake::MAX_MESSAGE];
        let mut random = |bytes: &mut [u8]| getrandom::fill(bytes).expect("random bytes");
        let (mut handshake, mut len) = Handshake::start(secret, &mut request, &mut random).expect("a secret");
        loop {
            let answer = self.post(Some(id), "prov-session", &request[..len]).await?;
            match handshake.advance(&answer, &mut request).expect("an honest device") {
                Step::Send(next, next_len) => (handshake, len) = (next, next_len),
                Step::Done(session) => {
                    return Some(Client {
                        wire: self,
                        id,
                        session,
                    });
                }
            }
        }
    }
}

impl Client<'_> {
    pub(crate) const fn id(&self) -> SessionId {
        self.id
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
        let len = self.session.encrypt(&mut message, plain.len()).expect("usable");
        let mut answer = self.wire.post(Some(self.id), endpoint, &message[..len]).await?;
        Some(self.session.decrypt(&mut answer).expect("an honest device").to_vec())
    }

    /// Tells the device a network and has it joined.
    pub(crate) async fn set_and_apply(&mut self, ssid: &str, passphrase: &str) {
        assert_eq!(
            self.ask("prov-config", &set_config(ssid, passphrase)).await,
            b"\x08\x03\x6a\x00"
        );
        assert_eq!(self.ask("prov-config", APPLY_CONFIG).await, b"\x08\x05\x7a\x00");
    }

    /// Asks for the status until it is something else than "connecting", or that an attempt failed.
    pub(crate) async fn wait_for_result(&mut self) -> Vec<u8> {
        let asked = async {
            loop {
                sleep(Duration::from_millis(50)).await;
                let status = self.ask("prov-config", GET_STATUS).await;
                let trying = [&b"\x08\x01\x5a\x02\x10\x01"[..], b"\x08\x01\x5a\x06\x10\x01"];
                if !trying.iter().any(|trying| status.starts_with(trying)) {
                    return status;
                }
            }
        };
        timeout(PATIENCE, asked).await.expect("a result in time")
    }
}

/// SetConfig.
pub(crate) fn set_config(ssid: &str, passphrase: &str) -> Vec<u8> {
    let field = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
    let config = [field(0x0a, ssid.as_bytes()), field(0x12, passphrase.as_bytes())].concat();
    [b"\x08\x02".to_vec(), field(0x62, &config)].concat()
}

pub(crate) const APPLY_CONFIG: &[u8] = b"\x08\x04";
pub(crate) const GET_STATUS: &[u8] = b"\x52\x00";
/// What a device answers that waits for credentials.
pub(crate) const CONNECTING: &[u8] = b"\x08\x01\x5a\x02\x10\x01";
/// ScanStart: blocking, active, 120 ms a channel.
pub(crate) const SCAN_BLOCKING: &[u8] = b"\x52\x04\x08\x01\x20\x78";
pub(crate) const SCAN_STATUS: &[u8] = b"\x08\x02\x62\x00";
