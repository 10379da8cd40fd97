//! A device of the tests' own, for what the simulated one is not.

use landfall_device::{HttpService, Service as _, ServiceEvent};
use landfall_protocomm::{
    Instant, SessionId,
    device::{Device as Handshakes, Security},
    wire::EncodeError,
};

use crate::esp_prov_user::Behind;

/// What a device says to a decrypted request; `None` refuses it.
type Handler = Box<dyn FnMut(&str, &[u8]) -> Option<Vec<u8>> + Send>;

/// A device that opens sessions as all do, and answers as it is told.
pub(crate) struct Fake {
    handshakes: Handshakes<'static>,
    handler: Handler,
}

impl Fake {
    pub(crate) fn new(
        security: Security<'static>,
        handler: impl FnMut(&str, &[u8]) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        Self {
            handshakes: Handshakes::new(security),
            handler: Box::new(handler),
        }
    }

    /// Serves over HTTP for as long as the test lasts, and gives the address.
    pub(crate) fn serve(mut self) -> String {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let address = "127.0.0.1:0".parse().expect("an address");
                let mut service = HttpService::bind(address).await.expect("a port");
                let endpoints = ["proto-ver", "prov-session", "prov-config", "prov-scan", "prov-ctrl"];
                service.start(&endpoints).await.expect("it starts");
                tell.send(service.local_addr().to_string()).expect("the test waits");
                loop {
                    if let ServiceEvent::Request {
                        id,
                        session,
                        endpoint,
                        message,
                    } = service.next().await
                    {
                        let answer = self.answer_in(session.unwrap_or(ONLY), &endpoint, &message);
                        service.respond(id, answer.as_deref());
                    }
                }
            });
        });
        told.recv().expect("an address")
    }

    fn answer_in(&mut self, session: SessionId, endpoint: &str, request: &[u8]) -> Option<Vec<u8>> {
        match endpoint {
            "proto-ver" => (self.handler)(endpoint, request),
            "prov-session" => {
                self.handshakes.open_session(session);
                let mut response = vec![0; Handshakes::MAX_RESPONSE];
                let mut random = |bytes: &mut [u8]| bytes.fill(0x5a);
                let len = self
                    .handshakes
                    .handshake(session, request, &mut response, Instant::ZERO, &mut random)
                    .ok()?;
                response.truncate(len);
                Some(response)
            }
            _ => {
                let mut request = request.to_vec();
                let plain = self.handshakes.decrypt(session, &mut request).ok()?;
                let mut response = (self.handler)(endpoint, plain)?;
                let len = response.len();
                response.resize(len + Handshakes::MAX_OVERHEAD, 0);
                let len = self.handshakes.encrypt(session, &mut response, len).ok()?;
                response.truncate(len);
                Some(response)
            }
        }
    }
}

impl Behind for Fake {
    fn answer(&mut self, endpoint: &str, request: &[u8]) -> Option<Vec<u8>> {
        self.answer_in(ONLY, endpoint, request)
    }
}

/// The session of whoever carries the bytes by hand.
const ONLY: SessionId = SessionId::new(0).expect("0 is a session's number");

/// A message of `len` bytes.
pub(crate) fn encoded(len: usize, encode: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>) -> Vec<u8> {
    let mut message = vec![0; len];
    encode(&mut message).expect("the length is the message's own");
    message
}
