//! How joining goes, as wpa_supplicant's signals tell it.

use landfall_manager::DisconnectReason;

use crate::{bus::Properties, station::NotJoined};

/// An attempt to join one network, which is the only one that wpa_supplicant may join meanwhile.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Whether the network knows WPA3, which wpa_supplicant then prefers.
    has_sae: bool,
    state: State,
    /// Scans in a row that have not led to anything.
    scans: u32,
    /// How often an access point has said no.
    refusals: u32,
}

/// What comes of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// A link is up.
    Up,
    /// So many scans in a row have not found the network.
    Unheard(u32),
    Failed(NotJoined),
}

/// What has changed about wpa_supplicant's interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Change {
    state: Option<State>,
    is_scanning: Option<bool>,
    /// Negative if this end has ended it (IEEE 802.11, reason codes).
    disconnected: Option<i32>,
    /// IEEE 802.11, status codes.
    authenticated: Option<i32>,
    associated: Option<i32>,
}

/// As far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing goes on with any access point.
    Idle,
    Connecting,
    /// Both ends prove to each other that they know the key.
    Handshake,
    Up,
}

impl Attempt {
    pub(super) const fn new(has_sae: bool, state: State) -> Self {
        Self {
            has_sae,
            state,
            scans: 0,
            refusals: 0,
        }
    }

    pub(super) fn take(&mut self, change: Change) -> Option<Turn> {
        // What has come to an end is told before the state that follows from it, so a state beside it is an older one.
        if let Some(state) = change.state {
            self.state = state;
            if state != State::Idle {
                self.scans = 0;
            }
        }
        if let Some(turn) = self.ended(change) {
            return Some(turn);
        }
        match (self.state, change.is_scanning) {
            (State::Up, _) if change.state.is_some() => Some(Turn::Up),
            (State::Idle, Some(false)) => {
                self.scans += 1;
                Some(Turn::Unheard(self.scans))
            }
            _ => None,
        }
    }

    fn ended(&mut self, change: Change) -> Option<Turn> {
        let status = [change.authenticated, change.associated]
            .into_iter()
            .flatten()
            .find(|&status| status != 0);
        let why = match (change.authenticated, change.disconnected) {
            (Some(SAE_FAILED | SAE_MISMATCH), _) if self.has_sae => return Some(wrong_passphrase()),
            // The rule of wpa_supplicant's own: who has another key does not answer, or ends it. A signal that is lost
            // just then counts as well (spec manager.md, 4WAY_HANDSHAKE_TIMEOUT).
            (_, Some(reason)) if self.state == State::Handshake && reason != OWN_DISTRUST => {
                return Some(wrong_passphrase());
            }
            _ if status == Some(FULL) => "the access point takes no more stations".to_owned(),
            (_, Some(reason)) => format!("the link ended with reason {}", reason.abs()),
            _ => format!("the access point refuses with status {}", status?),
        };
        self.refusals += 1;
        // wpa_supplicant tries another access point of the network by itself, if there is one.
        (self.refusals >= REFUSALS).then(|| Turn::Failed(NotJoined::other(why)))
    }
}

impl Change {
    pub(super) fn read(mut properties: Properties) -> Self {
        Self {
            state: properties.take::<String>("State").map(|state| State::read(&state)),
            is_scanning: properties.take("Scanning"),
            disconnected: properties.take("DisconnectReason"),
            authenticated: properties.take("AuthStatusCode"),
            associated: properties.take("AssocStatusCode"),
        }
    }

    /// Whether no link is up any more.
    pub(super) fn is_loss(&self) -> bool {
        self.state == Some(State::Idle)
    }

    /// Why, for whoever wants to know.
    pub(super) const fn reason(&self) -> Option<i32> {
        self.disconnected
    }
}

impl State {
    pub(super) fn read(text: &str) -> Self {
        match text {
            "authenticating" | "associating" | "associated" => Self::Connecting,
            "4way_handshake" => Self::Handshake,
            // The key of the group is renewed in the latter, at any time.
            "completed" | "group_handshake" => Self::Up,
            _ => Self::Idle,
        }
    }
}

fn wrong_passphrase() -> Turn {
    Turn::Failed(NotJoined {
        reason: DisconnectReason::AuthError,
        why: "the network does not take this passphrase".to_owned(),
    })
}

/// How often an access point may say no: it may mean "later" only.
const REFUSALS: u32 = 3;
/// Status codes: SAE was not completed; hostapd says it to who has another passphrase.
const SAE_FAILED: i32 = 1;
const SAE_MISMATCH: i32 = 15;
const FULL: i32 = 17;
/// This end has seen that the access point had said something else before (reason 17): not the key's fault.
const OWN_DISTRUST: i32 = -17;

#[cfg(test)]
mod tests {
    use super::*;

    fn state(state: State) -> Change {
        Change {
            state: Some(state),
            ..Change::default()
        }
    }

    fn scanned() -> Change {
        Change {
            is_scanning: Some(false),
            ..Change::default()
        }
    }

    fn disconnected(reason: i32) -> Change {
        Change {
            disconnected: Some(reason),
            ..Change::default()
        }
    }

    fn reason(turn: Option<Turn>) -> Option<DisconnectReason> {
        match turn? {
            Turn::Failed(failure) => Some(failure.reason),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_end_in_the_handshake_means_a_wrong_passphrase() {
        let mut attempt = Attempt::new(false, State::Idle);
        assert_eq!(attempt.take(state(State::Connecting)), None);
        // wpa_supplicant may tell both at once.
        let both = Change {
            disconnected: Some(15),
            ..state(State::Handshake)
        };
        assert_eq!(reason(attempt.take(both)), Some(DisconnectReason::AuthError));
    }

    #[test]
    fn an_end_elsewhere_is_no_wrong_passphrase_and_ends_the_attempt_at_the_third() {
        let mut attempt = Attempt::new(false, State::Connecting);
        assert_eq!(attempt.take(disconnected(15)), None);
        attempt.take(state(State::Handshake));
        assert_eq!(attempt.take(disconnected(OWN_DISTRUST)), None);
        attempt.take(state(State::Connecting));
        assert_eq!(reason(attempt.take(disconnected(2))), Some(DisconnectReason::Other));
    }

    #[test]
    fn a_failed_sae_means_a_wrong_passphrase_only_where_sae_is_spoken() {
        let refused = Change {
            authenticated: Some(1),
            ..state(State::Idle)
        };
        let mut wpa3 = Attempt::new(true, State::Connecting);
        assert_eq!(reason(wpa3.take(refused)), Some(DisconnectReason::AuthError));
        let mut wpa2 = Attempt::new(false, State::Connecting);
        assert_eq!([wpa2.take(refused), wpa2.take(refused)], [None, None]);
        assert_eq!(reason(wpa2.take(refused)), Some(DisconnectReason::Other));
    }

    #[test]
    fn scans_are_counted_until_an_access_point_is_found() {
        let mut attempt = Attempt::new(false, State::Idle);
        assert_eq!(attempt.take(scanned()), Some(Turn::Unheard(1)));
        assert_eq!(attempt.take(scanned()), Some(Turn::Unheard(2)));
        let found = Change {
            is_scanning: Some(false),
            ..state(State::Connecting)
        };
        assert_eq!(attempt.take(found), None);
        attempt.take(state(State::Idle));
        assert_eq!(attempt.take(scanned()), Some(Turn::Unheard(1)));
    }

    #[test]
    fn a_completed_link_is_up() {
        let mut attempt = Attempt::new(false, State::Handshake);
        assert_eq!(attempt.take(state(State::read("completed"))), Some(Turn::Up));
    }
}
