//! Every recorded run of the original client against the original device, replayed by each of our roles; and the
//! verifiers on which the two rules for x differ.

use landfall_emulator::{
    tally::{Tally, Wrong, require},
    vectors::{CREDENTIALS, Credential, Exchange, HANDSHAKES, Handshake, Secrets},
};
use landfall_protocomm::{
    Instant, NonceRule, Random, SessionId, client, device,
    srp::{Credentials, Verifier, VerifierTable},
};

pub(crate) fn check(tally: &mut Tally) {
    // The build script takes what it finds; so that nothing vanishes, the numbers stand here.
    let complete = require(
        (HANDSHAKES.len(), CREDENTIALS.len()) == (8, 2),
        "there are more or fewer",
    );
    tally.count("handshakes and verifiers", "all of them are known", complete);
    for vector in HANDSHAKES {
        // Our roles draw no keys with a leading zero byte; landfall-protocomm replays these inside.
        if vector.name != "sec2_short_B" {
            tally.count("device replays", vector.name, device_replays(vector));
        }
        if vector.name != "sec2_short_A_padded" {
            tally.count("client replays", vector.name, client_replays(vector));
        }
    }
    for vector in CREDENTIALS {
        tally.count("verifier", vector.case, verifiers(vector));
    }
}

fn device_replays(vector: &Handshake) -> Result<(), Wrong> {
    match vector.secrets {
        Secrets::Security1 { pop, device_random } => {
            device_says(vector, device::Security::Security1 { pop }, device_random)
        }
        Secrets::Security2 {
            salt,
            verifier,
            device_nonce,
            counter,
            ..
        } => {
            let table = VerifierTable::new(verifier).map_err(|_| "a bad verifier")?;
            let verifier = Verifier::new(salt, &table).map_err(|_| "a bad salt")?;
            let nonce_rule = nonce_rule(counter);
            // The counter itself is not drawn.
            let drawn = if counter {
                device_nonce.get(..8)
            } else {
                Some(device_nonce)
            };
            device_says(
                vector,
                device::Security::Security2 { verifier, nonce_rule },
                drawn.ok_or("a short nonce")?,
            )
        }
    }
}

fn device_says(vector: &Handshake, security: device::Security<'_>, then: &'static [u8]) -> Result<(), Wrong> {
    let mut random = Script([vector.device_private, then]);
    let mut device = device::Device::new(security);
    let id = SessionId::new(1).ok_or("no session")?;
    device.open_session(id);
    let [command0, response0, command1, response1] = vector.messages;
    for (command, response) in [(command0, response0), (command1, response1)] {
        let mut out = [0; device::Device::MAX_RESPONSE];
        let len = device.handshake(id, command, &mut out, Instant::ZERO, &mut random);
        let len = len.map_err(|_| "a message was refused")?;
        require(out.get(..len) == Some(response), "another response")?;
    }
    require(device.poll_event() == Some(device::Event::SetupOk), "no event")?;
    require(random.is_empty(), "random bytes are left")?;
    vector
        .exchanges
        .iter()
        .try_for_each(|exchange| device_answers(&mut device, id, exchange))
}

fn device_answers(device: &mut device::Device<'_>, id: SessionId, exchange: &Exchange) -> Result<(), Wrong> {
    let (mut buffer, len) = copy(exchange.request_wire)?;
    let plain = device.decrypt(id, buffer.get_mut(..len).unwrap_or_default());
    let plain = plain.map_err(|_| "a request does not decrypt")?;
    require(
        *plain == *exchange.request_plain,
        "a request decrypts to something else",
    )?;
    let (mut buffer, len) = copy(exchange.response_plain)?;
    let len = device
        .encrypt(id, &mut buffer, len)
        .map_err(|_| "an answer does not encrypt")?;
    require(
        buffer.get(..len) == Some(exchange.response_wire),
        "an answer encrypts to something else",
    )
}

fn client_replays(vector: &Handshake) -> Result<(), Wrong> {
    let security = match vector.secrets {
        Secrets::Security1 { pop, .. } => client::Security::Security1 {
            pop: pop.unwrap_or_default(),
        },
        Secrets::Security2 {
            username,
            password,
            counter,
            ..
        } => client::Security::Security2 {
            username,
            password,
            nonce_rule: nonce_rule(counter),
            x_rule: client::XRule::Full,
        },
    };
    let mut random = Script([vector.client_private, &[]]);
    let mut out = [0; client::Handshake::MAX_MESSAGE];
    let [command0, response0, command1, response1] = vector.messages;
    let (handshake, len) = client::Handshake::start(security, &mut out, &mut random).map_err(|_| "no start")?;
    require(out.get(..len) == Some(command0), "another Command0")?;
    require(random.is_empty(), "random bytes are left")?;
    let Ok(client::Step::Send(handshake, len)) = handshake.advance(response0, &mut out) else {
        return Err("Response0 was refused");
    };
    require(out.get(..len) == Some(command1), "another Command1")?;
    let Ok(client::Step::Done(mut session)) = handshake.advance(response1, &mut out) else {
        return Err("Response1 was refused");
    };
    vector
        .exchanges
        .iter()
        .try_for_each(|exchange| client_asks(&mut session, exchange))
}

fn client_asks(session: &mut client::Session, exchange: &Exchange) -> Result<(), Wrong> {
    let (mut buffer, len) = copy(exchange.request_plain)?;
    let len = session
        .encrypt(&mut buffer, len)
        .map_err(|_| "a request does not encrypt")?;
    require(
        buffer.get(..len) == Some(exchange.request_wire),
        "a request encrypts to something else",
    )?;
    let (mut buffer, len) = copy(exchange.response_wire)?;
    let plain = session.decrypt(buffer.get_mut(..len).unwrap_or_default());
    let plain = plain.map_err(|_| "an answer does not decrypt")?;
    require(
        *plain == *exchange.response_plain,
        "an answer decrypts to something else",
    )
}

/// The stripped rule drops leading zero bytes of the inner hash, and of the salt.
fn verifiers(vector: &Credential) -> Result<(), Wrong> {
    let zeros = vector.salt.iter().take_while(|byte| **byte == 0).count();
    let stripped_salt = vector.salt.get(zeros..).unwrap_or_default();
    let rules = [
        (client::XRule::Full, vector.salt, vector.full),
        (client::XRule::Stripped, stripped_salt, vector.stripped),
    ];
    rules.into_iter().try_for_each(|(rule, salt, verifier)| {
        let derived = Credentials::derive(vector.username, vector.password, salt, rule);
        let derived = derived.map_err(|_| "cannot be derived")?;
        require(Some(derived.verifier()) == verifier, "another verifier")
    })
}

fn nonce_rule(counter: bool) -> NonceRule {
    if counter {
        NonceRule::Counter
    } else {
        NonceRule::StaticInsecure2022
    }
}

/// A copy with room for what encryption adds.
fn copy(bytes: &[u8]) -> Result<([u8; 1024], usize), Wrong> {
    let mut buffer = [0; 1024];
    buffer
        .get_mut(..bytes.len())
        .ok_or("a message is too long")?
        .copy_from_slice(bytes);
    Ok((buffer, bytes.len()))
}

/// A source that hands out exactly these bytes.
struct Script([&'static [u8]; 2]);

impl Script {
    fn is_empty(&self) -> bool {
        self.0.iter().all(|part| part.is_empty())
    }
}

impl Random for Script {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            let part = self.0.iter_mut().find(|part| !part.is_empty());
            let part = part.expect("no more random bytes are drawn than the vector has");
            let (first, rest) = part.split_first().expect("the part is not empty");
            (*byte, *part) = (*first, rest);
        }
    }
}
