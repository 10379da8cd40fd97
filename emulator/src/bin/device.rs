//! The device's side of the core alone, for its size: manager and all three schemes, every way in taken with values that
//! the compiler cannot know. It is linked, not run.
#![no_std]
#![no_main]

use core::{hint::black_box, panic::PanicInfo};

use landfall_emulator::machine;
use landfall_manager::{Config, Credentials, Manager, Output, Passphrase, Ssid, WifiEvent};
use landfall_protocomm::{
    Instant, NonceRule, SessionId, device,
    srp::{Verifier, VerifierTable},
};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    machine::exit(2)
}

#[unsafe(no_mangle)]
fn image() -> bool {
    run().is_some()
}

fn run() -> Option<()> {
    let table = VerifierTable::new(black_box(&[])).ok()?;
    let verifier = Verifier::new(black_box(&[]), &table).ok()?;
    let security = match black_box(2_u8) {
        0 => device::Security::Security0,
        1 => device::Security::Security1 { pop: black_box(None) },
        _ => device::Security::Security2 {
            verifier,
            nonce_rule: black_box(NonceRule::Counter),
        },
    };
    let mut manager: Manager<'_> = Manager::new(security, black_box(Config::default())).ok()?;
    loop {
        step(&mut manager);
    }
}

fn step(manager: &mut Manager<'_>) {
    let now = black_box(Instant::ZERO);
    let Some(id) = SessionId::new(black_box(1)) else { return };
    let (mut message, mut response) = (black_box([0_u8; 256]), black_box([0_u8; 512]));
    let random = &mut |bytes: &mut [u8]| black_box(bytes).fill(black_box(1));
    match black_box(0_u8) {
        0 => drop(black_box(manager.start(now))),
        1 => manager.stop(now),
        2 => manager.session_opened(id),
        3 => manager.session_closed(id),
        4 => {
            let handled = manager.handle_request(id, black_box(""), &mut message, &mut response, now, random);
            drop(black_box(handled));
        }
        5 => drop(black_box(manager.finish_application(id, &mut response, black_box(1)))),
        6 => drop(black_box(manager.finish_later(&mut response))),
        7 => manager.handle_wifi(wifi(), now),
        8 => manager.handle_timeout(now),
        9 => manager.work(random),
        10 => drop(black_box(manager.reset_on_failure(now))),
        11 => drop(black_box(manager.reset_for_reprovision(now))),
        12 => {
            let given = Credentials {
                ssid: black_box(Ssid::default()),
                passphrase: black_box(Passphrase::EMPTY),
                bssid: None,
                channel: None,
            };
            let _ = black_box(manager.configure_station(given, now));
        }
        13 => drop(black_box(manager.version_text(&mut response))),
        14 => drop(black_box(manager.credentials_mut())),
        _ => drop(black_box((
            manager.state(),
            manager.session(),
            manager.is_session_established(),
        ))),
    }
    loop {
        match black_box(manager.poll()) {
            Output::WakeAt(_) => return,
            output => drop(output),
        }
    }
}

fn wifi() -> WifiEvent<'static> {
    match black_box(0_u8) {
        0 => WifiEvent::ScanDone(black_box(&[])),
        1 => WifiEvent::ScanFailed,
        2 => WifiEvent::Connected(black_box(landfall_manager::Station {
            ip: core::net::Ipv4Addr::UNSPECIFIED,
            ssid: Default::default(),
            bssid: Default::default(),
            channel: 1,
            auth: Default::default(),
        })),
        _ => WifiEvent::Disconnected(black_box(landfall_manager::DisconnectReason::Other)),
    }
}
