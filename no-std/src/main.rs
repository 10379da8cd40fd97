//! Proof that the core and Bluetooth need neither std nor an allocator: a client and a device in one binary, joined by a
//! function call, go through a whole provisioning with each security scheme, and both are put on a radio that says
//! nothing. The exit status is 0 if the device joined.
#![no_std]
#![no_main]

mod radio;

use core::{ffi::c_int, net::Ipv4Addr, panic::PanicInfo};

use landfall_manager::{Command, Config, Handled, Manager, Output, Station, WifiEvent};
use landfall_protocomm::{
    Endpoint, Instant, NonceRule, SessionId, client, device,
    srp::{Credentials, Verifier, VerifierTable},
    wire::{AuthMode, ConfigRequest, ConfigResponse, SetConfig, StationDetail, Status},
};

const USER: &[u8] = b"wifiprov";
const SECRET: &[u8] = b"abcd1234";

// The C library brings `_start`, and the memory functions that the compiler calls; on a chip its runtime crate does.
#[link(name = "c")]
unsafe extern "C" {
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// Called by the C runtime, which is all this binary has below it.
#[unsafe(no_mangle)]
extern "C" fn main(_: c_int, _: *const *const u8) -> c_int {
    match run() {
        Some(()) => 0,
        None => 1,
    }
}

fn run() -> Option<()> {
    let mut random = counter_bytes();
    let credentials = Credentials::generate(USER, SECRET, 16, &mut random).ok()?;
    let table = VerifierTable::new(credentials.verifier()).ok()?;
    let verifier = Verifier::new(credentials.salt(), &table).ok()?;

    provision(device::Security::Security0, client::Security::Security0)?;
    provision(
        device::Security::Security1 { pop: Some(SECRET) },
        client::Security::Security1 { pop: SECRET },
    )?;
    radio::waits()?;
    provision(
        device::Security::Security2 {
            verifier,
            nonce_rule: NonceRule::Counter,
        },
        client::Security::Security2 {
            username: USER,
            password: SECRET,
            nonce_rule: NonceRule::Counter,
            x_rule: client::XRule::Full,
        },
    )
}

/// A device, and the only session it will have.
struct Link<'a> {
    manager: Manager<'a>,
    id: SessionId,
    now: Instant,
}

fn provision(device: device::Security<'_>, client: client::Security<'_>) -> Option<()> {
    let manager: Manager<'_> = Manager::new(device, Config::default()).ok()?;
    let mut link = Link {
        manager,
        id: SessionId::new(1)?,
        now: Instant::ZERO,
    };
    link.manager.start(link.now).ok()?;
    link.drain()?;
    link.manager.session_opened(link.id);

    let mut session = handshake(&mut link, client)?;
    let network = SetConfig {
        ssid: b"myssid",
        passphrase: b"mypassword",
        ..SetConfig::default()
    };
    let set = ConfigRequest::SetConfig(network);
    link.config(&mut session, set, |r| {
        matches!(r, ConfigResponse::SetConfig(Status::Success))
    })?;
    link.config(&mut session, ConfigRequest::ApplyConfig, |r| {
        matches!(r, ConfigResponse::ApplyConfig(Status::Success))
    })?;
    loop {
        let next = link.drain()?;
        if link.manager.state() == landfall_manager::State::Connected {
            break;
        }
        link.now = next;
        link.manager.handle_timeout(link.now);
    }
    link.config(
        &mut session,
        ConfigRequest::GetStatus,
        |r| matches!(r, ConfigResponse::GetStatus(s) if matches!(s.detail, Some(StationDetail::Connected(_)))),
    )
}

fn handshake(link: &mut Link<'_>, security: client::Security<'_>) -> Option<client::Session> {
    let (mut request, mut response) = ([0; client::Handshake::MAX_MESSAGE], [0; 512]);
    let (mut handshake, mut len) = client::Handshake::start(security, &mut request, &mut counter_bytes()).ok()?;
    loop {
        let answer = link.request(Endpoint::SESSION, request.get_mut(..len)?, &mut response)?;
        match handshake.advance(response.get(..answer)?, &mut request).ok()? {
            client::Step::Send(next, next_len) => (handshake, len) = (next, next_len),
            client::Step::Done(session) => return Some(session),
        }
    }
}

impl Link<'_> {
    fn config(
        &mut self,
        session: &mut client::Session,
        request: ConfigRequest<'_>,
        expected: impl FnOnce(ConfigResponse<'_>) -> bool,
    ) -> Option<()> {
        let (mut message, mut response) = ([0; 256], [0; 256]);
        let len = request.encode(&mut message).ok()?;
        let len = session.encrypt(&mut message, len).ok()?;
        let answer = self.request(Endpoint::CONFIG, message.get_mut(..len)?, &mut response)?;
        let plain = session.decrypt(response.get_mut(..answer)?).ok()?;
        expected(ConfigResponse::decode(plain).ok()?).then_some(())
    }

    fn request(&mut self, endpoint: Endpoint<'_>, message: &mut [u8], response: &mut [u8]) -> Option<usize> {
        let mut random = counter_bytes();
        let handled = self
            .manager
            .handle_request(self.id, endpoint.as_str(), message, response, self.now, &mut random)
            .ok()?;
        let Handled::Reply(len) = handled else { return None };
        self.drain()?;
        Some(len)
    }

    /// Does what the manager wants; the network is always there. Gives the moment to call again.
    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.manager.poll() {
                Output::WakeAt(at) => return at.or(Some(self.now)),
                Output::Work(_) => self.manager.work(&mut counter_bytes()),
                Output::Command(Command::Connect(credentials)) => {
                    let station = Station {
                        ip: Ipv4Addr::new(192, 168, 43, 243),
                        ssid: credentials.ssid,
                        bssid: Default::default(),
                        channel: 1,
                        auth: AuthMode::Wpa2Psk,
                    };
                    self.manager.handle_wifi(WifiEvent::Connected(station), self.now);
                }
                _ => {}
            }
        }
    }
}

/// Not random at all: this binary shows that things link and fit together, and keeps nothing secret.
fn counter_bytes() -> impl FnMut(&mut [u8]) {
    let mut next = 1_u8;
    move |bytes| {
        for byte in bytes {
            *byte = next;
            next = next.wrapping_mul(5).wrapping_add(17);
        }
    }
}
