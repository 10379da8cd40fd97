//! Whole provisionings, drawn from seeds.

use std::collections::BTreeSet;

use landfall_client::{Error, Outcome, TransportError};
use landfall_testkit::{Case, Ended, for_each_seed};

#[test]
fn every_provisioning_ends_well_for_its_user() {
    for_each_seed("every_provisioning_ends_well_for_its_user", 2000, |seed| {
        Case::from_seed(seed).run().map(drop)
    });
}

/// If the seeds led to few ends, what holds of them all would say little.
#[test]
fn seeds_lead_to_all_kinds_of_ends() {
    let ends = |seed| Case::from_seed(seed).run().ok().and_then(kind);
    let seen: BTreeSet<_> = (0..300).filter_map(ends).collect();
    let kinds = [
        "failed",
        "garbled",
        "joined",
        "lost",
        "refused",
        "silent",
        "timed out",
        "wrong secret",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), kinds);
}

fn kind(ended: Ended) -> Option<&'static str> {
    match ended.result {
        Ok(Outcome::Joined(_)) => Some("joined"),
        Ok(Outcome::Failed(_)) => Some("failed"),
        Err(Error::WrongSecret) => Some("wrong secret"),
        Err(Error::TimedOut(_)) => Some("timed out"),
        Err(Error::Handshake(_)) => Some("garbled"),
        Err(Error::Transport(TransportError::Lost(_))) => Some("lost"),
        Err(Error::Transport(TransportError::Refused)) => Some("refused"),
        Err(Error::Transport(TransportError::TimedOut(_))) => Some("silent"),
        _ => None,
    }
}
