//! Measures whole provisionings, step by step, with each scheme; and what surrounds them.
#![no_std]
#![no_main]

use core::{hint::black_box, panic::PanicInfo};

use landfall_emulator::{
    ledger::Ledger,
    machine::{self, say},
};
use landfall_manager::Manager;
use landfall_pair::{
    Client, Counter, Device, Failed, Network, PASSWORD, POP, USERNAME, provision, security0, security1, security2,
};
use landfall_protocomm::{
    client,
    console::{LineEditor, Step, TypedRequest, answer},
    device,
    gatt::{Values, Written},
    srp::{Credentials, Verifier, VerifierTable},
};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    machine::panicked(info)
}

#[unsafe(no_mangle)]
fn image() -> bool {
    sizes();
    let outcome = schemes();
    if let Err(failed) = outcome {
        say(format_args!("failed: {failed:?}"));
    }
    outcome.is_ok() && transports().is_some()
}

fn schemes() -> Result<(), Failed> {
    measured("security 0", security0())?;
    measured("security 1", security1(POP))?;

    let mut ledger = Ledger::new("security 2");
    let mut random = Counter::new(3);
    let credentials = ledger
        .measure("making salt and verifier", || {
            Credentials::generate(USERNAME, PASSWORD, 16, &mut random)
        })
        .map_err(|_| Failed::Unexpected("credentials"))?;
    let table = ledger
        .measure("table of the verifier", || {
            VerifierTable::new(black_box(credentials.verifier()))
        })
        .map_err(|_| Failed::Unexpected("the verifier"))?;
    ledger.close();
    let verifier = Verifier::new(credentials.salt(), &table).map_err(|_| Failed::Unexpected("the salt"))?;
    measured("security 2", security2(verifier, PASSWORD))?;
    unprepared(security2(verifier, PASSWORD))
}

fn measured(
    scheme: &'static str,
    (device, client): (device::Security<'_>, client::Security<'_>),
) -> Result<(), Failed> {
    let mut ledger = Ledger::new(scheme);
    let mut device = Device::start(black_box(device), &mut ledger).ok_or(Failed::Unexpected("the start"))?;
    let mut client = Client::new(black_box(client));
    provision(&mut device, &mut client, Network::default(), &mut ledger)?;
    ledger.close();
    Ok(())
}

/// A handshake with a device that leaves all to the requests: what they take at most.
fn unprepared((device, client): (device::Security<'_>, client::Security<'_>)) -> Result<(), Failed> {
    let mut ledger = Ledger::unprepared("security 2, nothing prepared");
    let mut device = Device::start(black_box(device), &mut ledger).ok_or(Failed::Unexpected("the start"))?;
    Client::new(black_box(client)).handshake(&mut device, &mut ledger)?;
    ledger.close();
    Ok(())
}

/// What the core does for the console and for Bluetooth.
fn transports() -> Option<()> {
    let mut ledger = Ledger::new("console");
    let mut line = *b"prov-config 1 ................................................................................\r";
    line.iter_mut()
        .filter(|byte| **byte == b'.')
        .for_each(|byte| *byte = b'5');
    let mut editor = LineEditor::<1100>::new();
    let typed = ledger.measure("a line with 40 bytes: collecting and reading it", || {
        black_box(line)
            .into_iter()
            .fold(None, |typed, byte| match editor.feed(byte) {
                Step::Line(line) => TypedRequest::parse(line).ok().map(|request| request.message.len()),
                _ => typed,
            })
    });
    let message = [0x5a; 40];
    let digits = ledger.measure("an answer of 40 bytes as characters", || {
        answer(black_box(&message))
            .filter(|byte| black_box(byte).is_ascii_hexdigit())
            .count()
    });
    ledger.close();

    let mut ledger = Ledger::new("Bluetooth LE");
    let mut values = Values::<6>::new();
    let value = [0x5a; 256];
    let written = ledger.measure("a write of 256 bytes", || {
        values.write(black_box(2), 0, black_box(&value))
    });
    let kept = ledger.measure("keeping an answer of 256 bytes", || {
        values.respond(black_box(2), Some(black_box(&value)))
    });
    let read = ledger.measure("a read of it", || values.read(black_box(2), 0).map(<[u8]>::len));
    ledger.close();
    let good = (typed, digits, written, kept, read) == (Some(40), 80, Ok(Written::Request), Ok(()), Ok(256));
    good.then_some(())
}

/// Static memory, in bytes.
fn sizes() {
    let size = |name: &str, bytes: usize| say(format_args!("size\t{name}\t{bytes}"));
    size("manager", size_of::<Manager<'_>>());
    size("session", size_of::<device::Device<'_>>());
    size("verifier table", size_of::<VerifierTable>());
    size("client session", size_of::<client::Session>());
    size("values of 6 characteristics", size_of::<Values<6>>());
    size("console line of 1,100 characters", size_of::<LineEditor<1100>>());
}
