//! The counted pieces of work. A region that is entered twice is counted as one: what the other end does in between is
//! left out.

use core::hint::black_box;

use landfall_manager::Manager;
use landfall_protocomm::{
    client::Session,
    device::Device,
    srp::{Credentials, VerifierTable},
};
use landfall_testkit::{PASSWORD, Scheme, USERNAME};

use crate::ends::{Advanced, Ends, ID, advance};

/// Only what happens in here is counted: callgrind finds it by its name.
#[inline(never)]
fn measured_region(work: &mut dyn FnMut()) {
    work();
}

/// Counts `work`.
fn counted<T>(work: impl FnOnce() -> T) -> T {
    let (mut work, mut result) = (Some(work), None);
    measured_region(&mut || result = black_box(work.take()).map(|work| work()));
    result.expect("a region is run once")
}

/// Both commands on the device.
pub(crate) fn security1_on_device() {
    both_commands(Ends::new(Scheme::Security1));
}

/// Ephemeral, Command0, shared secret and Command1.
pub(crate) fn security2_on_device() {
    let mut ends = Ends::new(Scheme::Security2);
    counted(|| ends.device_works());
    both_commands(ends);
}

/// Command0 in to Response1 out, with the ephemeral prepared.
pub(crate) fn proof() {
    both_commands(Ends::prepared(Scheme::Security2));
}

/// Command0 in to Response0 out, with the ephemeral prepared.
pub(crate) fn command0() {
    let mut ends = Ends::prepared(Scheme::Security2);
    let (_, request) = ends.client_starts();
    let answer = counted(|| ends.device_answers(request.as_bytes()));
    assert!(answer.as_bytes().len() > 384, "B is in it");
}

/// All of the client's part.
pub(crate) fn security2_on_client() {
    let mut ends = Ends::prepared(Scheme::Security2);
    let (handshake, request) = counted(|| ends.client_starts());
    let answer = ends.device_answers(request.as_bytes());
    let Advanced::Send(handshake, request) = counted(|| advance(handshake, &answer)) else {
        panic!("the proof is still to be sent")
    };
    let answer = ends.device_answers(request.as_bytes());
    let Advanced::Done(session) = counted(|| advance(handshake, &answer)) else {
        panic!("the second answer is the last")
    };
    assert!(session.is_usable());
}

/// The device decrypts 1,024 bytes and encrypts as many.
pub(crate) fn echo(scheme: Scheme) {
    let mut ends = Ends::new(scheme);
    let mut session = ends.establish();
    let mut message = encrypted(&mut session);
    let len = counted(|| echo_on_device(&mut ends.device, &mut message));
    let plain = session.decrypt(&mut message[..len]).expect("the device is honest");
    assert_eq!(plain, [7; ECHO]);
}

/// The table of the verifier's powers, made once per start of a device.
pub(crate) fn verifier_table() {
    let salt = b"sixteen-byte-sal";
    let credentials =
        Credentials::derive(USERNAME.as_bytes(), PASSWORD, salt, Default::default()).expect("valid constants");
    let table = counted(|| VerifierTable::new(credentials.verifier()));
    assert!(table.is_ok(), "a derived verifier is valid");
}

/// Sizes in bytes, one a line.
pub(crate) fn sizes() -> String {
    let device = size_of::<Device<'_>>();
    let sizes = [
        ("device-session", device - EPHEMERAL),
        ("device-session-with-ephemeral", device),
        ("client-session", size_of::<Session>()),
        ("manager", size_of::<Manager<'_, 16>>()),
    ];
    let lines: Vec<_> = sizes.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
    lines.join("\n")
}

/// A request of 1,024 bytes as the client sends it.
pub(crate) fn encrypted(session: &mut Session) -> Vec<u8> {
    let mut message = vec![7; ECHO + Session::MAX_OVERHEAD];
    let len = session.encrypt(&mut message, ECHO).expect("the session is established");
    // The device's answer needs as much room.
    message.truncate(len);
    message
}

/// The device's part of an echo; gives the answer's length.
pub(crate) fn echo_on_device(device: &mut Device<'_>, message: &mut [u8]) -> usize {
    let len = device.decrypt(ID, message).expect("the client is honest").len();
    device.encrypt(ID, message, len).expect("the answer fits")
}

const ECHO: usize = 1024;

/// What a device keeps of a key pair drawn ahead: 32 bytes of b and 384 of B.
const EPHEMERAL: usize = 32 + 384;

/// Command0 in to Response1 out.
fn both_commands(mut ends: Ends) {
    let (handshake, request) = ends.client_starts();
    let answer = counted(|| {
        let answer = ends.device_answers(request.as_bytes());
        ends.device_works();
        answer
    });
    let Advanced::Send(handshake, request) = advance(handshake, &answer) else {
        panic!("the proof is still to be sent")
    };
    let answer = counted(|| ends.device_answers(request.as_bytes()));
    assert!(
        matches!(advance(handshake, &answer), Advanced::Done(_)),
        "the device proves itself"
    );
    assert!(ends.device.is_established());
}
