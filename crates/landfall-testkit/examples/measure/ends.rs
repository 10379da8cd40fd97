//! A client and a device without anything between them.

use landfall_protocomm::{
    Instant, NonceRule, SessionId,
    client::{Handshake, Security, Session, Step, XRule},
    device::Device,
};
use landfall_testkit::{PASSWORD, POP, Scheme, Seeded, USERNAME};

/// A device of `scheme` with an open session, and the randomness of both ends.
pub(crate) struct Ends {
    pub(crate) scheme: Scheme,
    pub(crate) device: Device<'static>,
    pub(crate) random: Seeded,
}

/// The number of the one session.
pub(crate) const ID: SessionId = SessionId::new(1).expect("1 does not stand for no session");

impl Ends {
    /// A new device; its ephemeral key is not drawn yet.
    pub(crate) fn new(scheme: Scheme) -> Self {
        let mut device = Device::new(scheme.device());
        device.open_session(ID);
        Self {
            scheme,
            device,
            random: Seeded::new(1),
        }
    }

    /// The same, with all the work done that needs no client.
    pub(crate) fn prepared(scheme: Scheme) -> Self {
        let mut ends = Self::new(scheme);
        ends.device_works();
        ends
    }

    /// The device does what it has put off.
    pub(crate) fn device_works(&mut self) {
        self.device.work(&mut self.random);
    }

    /// The device answers a handshake message.
    pub(crate) fn device_answers(&mut self, request: &[u8]) -> Message {
        let mut answer = Message::new();
        answer.len = self
            .device
            .handshake(ID, request, &mut answer.bytes, Instant::ZERO, &mut self.random)
            .expect("the client is honest");
        answer
    }

    /// The client's first message, and its handshake.
    pub(crate) fn client_starts(&mut self) -> (Handshake<'static>, Message) {
        let mut request = Message::new();
        let (handshake, len) =
            Handshake::start(security(self.scheme), &mut request.bytes, &mut self.random).expect("valid constants");
        request.len = len;
        (handshake, request)
    }

    /// An established session on both ends.
    pub(crate) fn establish(&mut self) -> Session {
        let (mut handshake, mut request) = self.client_starts();
        loop {
            let answer = self.device_answers(request.as_bytes());
            match advance(handshake, &answer) {
                Advanced::Send(next, message) => (handshake, request) = (next, message),
                Advanced::Done(session) => return session,
            }
        }
    }
}

/// A handshake message.
pub(crate) struct Message {
    bytes: [u8; Handshake::MAX_MESSAGE],
    len: usize,
}

impl Message {
    fn new() -> Self {
        Self { bytes: [0; _], len: 0 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// What the client does after an answer.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub(crate) enum Advanced {
    Send(Handshake<'static>, Message),
    Done(Session),
}

/// The client takes an answer.
pub(crate) fn advance(handshake: Handshake<'static>, answer: &Message) -> Advanced {
    let mut request = Message::new();
    match handshake
        .advance(answer.as_bytes(), &mut request.bytes)
        .expect("the device is honest")
    {
        Step::Send(next, len) => {
            request.len = len;
            Advanced::Send(next, request)
        }
        Step::Done(session) => Advanced::Done(session),
    }
}

fn security(scheme: Scheme) -> Security<'static> {
    match scheme {
        Scheme::Security0 => Security::Security0,
        Scheme::Security1 => Security::Security1 { pop: POP },
        Scheme::Security1WithoutPop => Security::Security1 { pop: &[] },
        Scheme::Security2 => Security::Security2 {
            username: USERNAME.as_bytes(),
            password: PASSWORD,
            nonce_rule: NonceRule::Counter,
            x_rule: XRule::Full,
        },
    }
}
