//! What the scenarios share.

use landfall_client::{Error, Network, Outcome};
use landfall_testkit::{Build, CLEAN, Client, Pair, Scheme, networks, properties};

/// The three schemes.
pub(crate) const SCHEMES: [Scheme; 3] = [Scheme::Security0, Scheme::Security1, Scheme::Security2];

pub(crate) fn pair(scheme: Scheme) -> Pair {
    Pair::new(1, Build::new(scheme))
}

/// A device that was on the network `previous` before.
pub(crate) fn pair_with_previous_network(scheme: Scheme) -> Pair {
    let build = Build {
        previous: Some(networks::credentials(&networks::previous())),
        ..Build::new(scheme)
    };
    Pair::new(1, build)
}

/// Provisions with the right secret.
#[track_caller]
pub(crate) fn provision(pair: &mut Pair, client: &mut Client, network: &Network) -> Result<Outcome, Error> {
    pair.provision(client, &pair.secret(), network)
        .expect("a provisioning ends")
}

/// Provisions over a clean link with the right secret.
#[track_caller]
pub(crate) fn provision_cleanly(pair: &mut Pair, network: &Network) -> Result<Outcome, Error> {
    let mut client = pair.client(CLEAN);
    provision(pair, &mut client, network)
}

#[track_caller]
pub(crate) fn assert_joined(result: &Result<Outcome, Error>, network: &Network) {
    match result {
        Ok(Outcome::Joined(joined)) => assert_eq!(joined.ssid, network.ssid),
        other => panic!("not joined but {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_stored(pair: &Pair, network: Option<&Network>) {
    assert_eq!(pair.device().stored(), network.map(networks::credentials).as_ref());
}

/// The device is in a state that its user can act on: the next honest client succeeds.
#[track_caller]
pub(crate) fn assert_usable(pair: &mut Pair) {
    if let Err(violation) = properties::honest_client_succeeds(pair) {
        panic!("{violation}");
    }
}
