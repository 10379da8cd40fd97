//! Secrets stay where they belong, and the net that says so can catch.

use landfall_testkit::{CLEAN, POP, Scheme, SecretNet, Violation, networks, properties};

use crate::support::{SCHEMES, assert_joined, pair, provision_cleanly};

#[test]
fn no_secret_shows_in_a_whole_provisioning() {
    for scheme in SCHEMES {
        let mut pair = pair(scheme);
        assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
        properties::no_secret_shows(scheme, &pair).expect("nothing shows");
    }
}

/// Security 0 sends passphrases in the clear, so held to the standard of the others it must be caught.
#[test]
fn the_net_catches_what_security_0_shows() {
    let mut pair = pair(Scheme::Security0);
    assert_joined(&provision_cleanly(&mut pair, &networks::home()), &networks::home());
    let caught = properties::no_secret_shows(Scheme::Security1, &pair);
    let Err(Violation::Leak(leak)) = caught else {
        panic!("not caught: {caught:?}")
    };
    assert_eq!(leak.to_string(), "the passphrase shows (as it is) in a packet");
}

#[test]
fn the_net_catches_a_careless_application() {
    let mut pair = pair(Scheme::Security0);
    let mut client = pair.client(CLEAN);
    let echo = pair.run(client.open_session(&pair.secret()));
    echo.expect("security 0 asks for nothing");
    let hex: String = POP.iter().map(|byte| format!("{byte:02X}")).collect();
    pair.run(client.request("custom-data", hex.as_bytes()))
        .expect("the echo answers");
    let net = SecretNet::new(&[("proof of possession", POP)]);
    let caught = pair
        .record()
        .wire
        .iter()
        .any(|packet| net.check("a packet", &packet.bytes).is_err());
    assert!(caught);
}

#[test]
fn a_panic_in_the_middle_shows_no_secret() {
    let net = SecretNet::new(&[("passphrase", networks::HOME_PASSPHRASE), ("proof of possession", POP)]);
    let watch = net.watch_panics();
    let network = networks::home();
    let (secret, credentials) = (Scheme::Security1.secret(), networks::credentials(&network));
    let panicked = std::panic::catch_unwind(|| panic!("{network:?} {credentials:?} {secret:?}"));
    assert!(panicked.is_err());
    assert_eq!(watch.leaks(), []);
}
