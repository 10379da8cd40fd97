//! The core alone: a device and a client in one thread, without a runtime, a network or a clock.

use landfall_manager::{Config, Handled, Manager, Output};
use landfall_protocomm::{
    Endpoint, Instant, SessionId, client, device,
    wire::{ConfigRequest, ConfigResponse},
};

fn main() -> Result<(), Box<dyn core::error::Error>> {
    // A real program gives the operating system's or the chip's random bytes.
    let mut random = |bytes: &mut [u8]| bytes.fill(7);
    let id = SessionId::new(1).ok_or("reserved")?;
    let security = device::Security::Security1 { pop: Some(b"abcd1234") };
    let mut manager: Manager<'_> = Manager::new(security, Config::default())?;
    manager.start(Instant::ZERO)?;
    manager.session_opened(id);
    let mut ask = |endpoint: Endpoint<'_>, message: &mut [u8]| {
        let mut answer = vec![0; 512];
        let handled = manager.handle_request(id, endpoint.as_str(), message, &mut answer, Instant::ZERO, &mut random);
        // After every input: do what the manager wants, until it only waits.
        while !matches!(manager.poll(), Output::WakeAt(_)) {}
        handled.map(|handled| match handled {
            Handled::Reply(len) => answer[..len].to_vec(),
            other => panic!("the built-in endpoints answer at once: {other:?}"),
        })
    };

    let mut message = [0; client::Handshake::MAX_MESSAGE];
    let pop = client::Security::Security1 { pop: b"abcd1234" };
    let (mut handshake, mut len) = client::Handshake::start(pop, &mut message, &mut |bytes: &mut [u8]| bytes.fill(9))?;
    let mut session = loop {
        let answer = ask(Endpoint::SESSION, &mut message[..len])?;
        match handshake.advance(&answer, &mut message)? {
            client::Step::Send(next, next_len) => (handshake, len) = (next, next_len),
            client::Step::Done(session) => break session,
        }
    };

    let len = ConfigRequest::GetStatus.encode(&mut message)?;
    let len = session.encrypt(&mut message, len)?;
    let mut answer = ask(Endpoint::CONFIG, &mut message[..len])?;
    let status = ConfigResponse::decode(session.decrypt(&mut answer)?)?;
    assert!(matches!(status, ConfigResponse::GetStatus(_)));
    Ok(())
}
