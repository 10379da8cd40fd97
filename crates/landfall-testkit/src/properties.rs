//! What must hold of every run, however bad the link and however wrong the client.

use landfall_client::{Error, Outcome};
use landfall_manager::State;
use landfall_protocomm::Endpoint;

use crate::{CLEAN, Case, ExchangeEnd, Hung, Leak, Pair, Record, Scheme, SecretNet, networks, scheme};

/// Something that must hold and does not.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// The run does not end.
    #[error("the run does not end: {0}")]
    Hung(#[from] Hung),
    /// A secret shows.
    #[error(transparent)]
    Leak(#[from] Leak),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Violation {
    fn unless(holds: bool, what: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::Other(what())) }
    }
}

/// Checks a run that has ended and whose device has settled.
///
/// # Errors
/// [`Violation`].
pub fn check(case: &Case, pair: &Pair, result: &Result<Outcome, Error>) -> Result<(), Violation> {
    store_holds_what_was_joined(case, pair)?;
    result_is_true(case, pair, result)?;
    nothing_is_sent_in_doubt(case.scheme, &pair.record())
}

/// The store holds the previous credentials, or new ones that were really joined; never wrong ones.
fn store_holds_what_was_joined(case: &Case, pair: &Pair) -> Result<(), Violation> {
    let device = pair.device();
    let Some(stored) = device.stored() else {
        return Violation::unless(!case.previous, || "the previous credentials are gone".to_owned());
    };
    let is_previous = case.previous().as_ref() == Some(stored);
    let was_joined = device.history().joined.contains(stored);
    Violation::unless(is_previous || was_joined, || {
        format!("the store holds credentials of {} that were never joined", stored.ssid)
    })?;
    let is_asked_for = *stored == networks::credentials(&case.target.network());
    Violation::unless(is_previous || is_asked_for || !case.is_truthful(), || {
        format!("the store holds credentials of {} that nobody gave", stored.ssid)
    })?;
    Violation::unless(
        is_previous || case.knows_secret || !case.scheme.asks_for_secret(),
        || "a client without the secret changed the store".to_owned(),
    )
}

/// What the client says is so, unless somebody else may have said it to the client.
fn result_is_true(case: &Case, pair: &Pair, result: &Result<Outcome, Error>) -> Result<(), Violation> {
    if case.is_undisturbed() {
        let refused = !case.knows_secret && case.scheme.asks_for_secret();
        let expected = match result {
            Ok(outcome) => !refused && case.expects(outcome),
            Err(error) => refused && *error == Error::WrongSecret,
        };
        Violation::unless(expected, || format!("undisturbed, the client came to {result:?}"))?;
    }
    let Ok(outcome) = result else {
        return Ok(());
    };
    if !case.is_truthful() {
        return Ok(());
    }
    Violation::unless(case.expects(outcome), || format!("the client was told {outcome:?}"))?;
    let asked_for = networks::credentials(&case.target.network());
    let history = pair.device();
    let history = history.history();
    let happened = match outcome {
        Outcome::Joined(_) => history.joined.contains(&asked_for),
        _ => history.refused.iter().any(|(credentials, _)| *credentials == asked_for),
    };
    Violation::unless(happened, || format!("{outcome:?} never happened"))
}

/// No part of a key stream and no nonce is used twice: after an exchange whose answer did not come, or came otherwise
/// than it was sent where that can be noticed, the client begins a new handshake before it sends another ciphertext.
fn nothing_is_sent_in_doubt(scheme: Scheme, record: &Record) -> Result<(), Violation> {
    if !scheme.hides() {
        return Ok(());
    }
    let mut doubtful = std::collections::BTreeSet::new();
    for exchange in &record.exchanges {
        let endpoint = exchange.request.endpoint.as_str();
        if endpoint == Endpoint::VERSION.as_str() {
            continue;
        }
        if endpoint == Endpoint::SESSION.as_str() {
            doubtful.remove(&exchange.client);
            continue;
        }
        Violation::unless(!doubtful.contains(&exchange.client), || {
            format!(
                "client {} sent to {endpoint} in a session that is in doubt",
                exchange.client
            )
        })?;
        let in_doubt = match &exchange.end {
            ExchangeEnd::Answered(_) => false,
            ExchangeEnd::Altered(_) => scheme.authenticates(),
            ExchangeEnd::Failed(_) | ExchangeEnd::Abandoned => true,
        };
        if in_doubt {
            doubtful.insert(exchange.client);
        }
    }
    Ok(())
}

/// After whatever has happened, a client that knows the secret provisions the device over a clean link, without a
/// factory reset; who was locked out waits, and a device at rest has its button pressed.
///
/// # Errors
/// [`Violation`].
pub fn honest_client_succeeds(pair: &mut Pair) -> Result<(), Violation> {
    pair.settle()?;
    pair.press_button();
    pair.wait_out_lock();
    let network = networks::home();
    let mut client = pair.client(CLEAN);
    let result = pair.provision(&mut client, &pair.secret(), &network)?;
    let joined = matches!(&result, Ok(Outcome::Joined(joined)) if joined.ssid == network.ssid);
    Violation::unless(joined, || format!("afterwards an honest client came to {result:?}"))?;
    drop(client);
    pair.settle()?;
    let device = pair.device();
    let stored = device.stored() == Some(&networks::credentials(&network));
    Violation::unless(stored, || "what the honest client brought was not stored".to_owned())?;
    Violation::unless(device.state() == State::Idle, || {
        format!("the service did not stop: {:?}", device.state())
    })
}

/// No secret on the wire of a scheme that hides, nor in anything that client or device print.
///
/// # Errors
/// [`Violation::Leak`].
pub fn no_secret_shows(scheme: Scheme, pair: &Pair) -> Result<(), Violation> {
    let printed = net(true);
    printed.check("what the client says", pair.said().join("\n"))?;
    printed.check("the device's outputs", pair.device().history().log.join("\n"))?;
    printed.check_debug("the device", &*pair.device())?;
    let wire = net(scheme.hides());
    for packet in &pair.record().wire {
        wire.check("a packet", &packet.bytes)?;
    }
    Ok(())
}

/// The secrets of the pair; without passphrases, which security 0 sends in the clear.
fn net(with_passphrases: bool) -> SecretNet {
    let mut secrets: Vec<(&str, &[u8])> = vec![("proof of possession", scheme::POP), ("password", scheme::PASSWORD)];
    if with_passphrases {
        secrets.extend([
            ("passphrase", networks::HOME_PASSPHRASE),
            ("mistyped passphrase", networks::WRONG_PASSPHRASE),
            ("flaky network's passphrase", networks::FLAKY_PASSPHRASE),
            ("previous passphrase", networks::PREVIOUS_PASSPHRASE),
        ]);
    }
    SecretNet::new(&secrets)
}
