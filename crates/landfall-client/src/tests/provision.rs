use alloc::{rc::Rc, vec, vec::Vec};
use core::{cell::RefCell, time::Duration};
use std::collections::BTreeSet;

use landfall_protocomm::wire::{AuthMode, Status, WifiFailReason};

use super::{
    Answer, Clock, Fake, TestEnvironment, block_on, connect,
    device::{APPLY_OK, CONNECTED, CONNECTING, FAILED_AUTH, Fate, Fault, Model, SET_OK},
    home, pop, security0,
};
use crate::{Connection, Error, Joined, Outcome, Progress, Provisioning, Secret, TransportError};

const JOINS: Fate = Fate::Joins(Duration::from_millis(2350));
const FAILS: Fate = Fate::Fails(Duration::from_millis(3100));

#[test]
fn a_device_that_joins_is_reported_within_100_ms() {
    let mut run = Run::of(JOINS);
    assert_eq!(run.provision(&Secret::default()), Ok(Outcome::Joined(joined())));
    let told_after = run.clock.now() - run.model.borrow().applied[0];
    assert!(told_after <= Duration::from_millis(2450), "{told_after:?}");
    assert_eq!(
        run.progress,
        [
            Progress::SessionEstablished { scheme: 0 },
            Progress::CredentialsSent,
            Progress::Applied,
            Progress::Connecting
        ]
    );
}

#[test]
fn a_wrong_passphrase_is_reported_at_once() {
    let mut run = Run::of(FAILS);
    assert_eq!(
        run.provision(&Secret::default()),
        Ok(Outcome::Failed(WifiFailReason::AuthError))
    );
    assert!(run.clock.now() <= Duration::from_millis(3350), "{:?}", run.clock.now());
    assert_eq!(run.model.borrow().applied.len(), 1);
}

#[test]
fn status_is_asked_often_at_first_then_less_often() {
    let mut run = Run::of(Fate::Joins(Duration::from_secs(20)));
    run.provision(&Secret::default()).expect("joins");
    let polls = run.polls();
    assert_eq!(polls[..3], [250, 350, 450]);
    assert!(polls.windows(2).all(|pair| match pair[0] {
        ..3000 => pair[1] - pair[0] == 100,
        3000..10_000 => pair[1] - pair[0] == 250,
        _ => pair[1] - pair[0] == 1000,
    }));
}

#[test]
fn where_asking_is_dear_status_is_asked_when_the_device_begins_and_less_often() {
    let mut run = Run::of(Fate::Joins(Duration::from_secs(20)));
    run.device.transport_mut().status_interval = Duration::from_millis(500);
    run.provision(&Secret::default()).expect("joins");
    let polls = run.polls();
    assert_eq!(polls[..3], [1000, 1500, 2000]);
    assert!(polls.windows(2).all(|pair| match pair[0] {
        ..10_000 => pair[1] - pair[0] == 500,
        _ => pair[1] - pair[0] == 1000,
    }));
}

#[test]
fn a_device_without_a_result_runs_into_the_timeout() {
    let mut run = Run::of(Fate::Joins(Duration::MAX));
    assert_eq!(run.provision(&Secret::default()), Err(Error::TimedOut(60)));
    assert_eq!(run.clock.now(), Duration::from_secs(60));
}

#[test]
fn each_failed_attempt_is_told_once() {
    let attempt = |left| vec![0x08, 0x01, 0x5a, 0x06, 0x10, 0x01, 0x62, 0x02, 0x08, left];
    let statuses = vec![
        CONNECTING.into(),
        attempt(2),
        attempt(2),
        attempt(1),
        attempt(1),
        CONNECTED.into(),
    ];
    let (outcome, progress) = with_statuses(statuses);
    assert_eq!(outcome, Ok(Outcome::Joined(joined())));
    let failed = |attempts_remaining| Progress::AttemptFailed { attempts_remaining };
    assert_eq!(progress[3..], [Progress::Connecting, failed(2), failed(1)]);
}

#[test]
fn connected_without_details_or_with_a_bad_status_is_not_believed() {
    let without_details = vec![0x08, 0x01, 0x5a, 0x00];
    let mut with_status = CONNECTED.to_vec();
    with_status[3] += 2;
    with_status.splice(4..4, [0x08, 0x05]);
    for doubtful in [without_details, with_status] {
        let (outcome, _) = with_statuses(vec![doubtful.clone(), FAILED_AUTH.into()]);
        assert_eq!(outcome, Ok(Outcome::Failed(WifiFailReason::AuthError)));
        assert_eq!(with_statuses(vec![doubtful]).0, Err(Error::TimedOut(60)));
    }
}

#[test]
fn disconnected_and_unknown_states_are_no_result() {
    for state in [2, 9] {
        let status = vec![0x08, 0x01, 0x5a, 0x02, 0x10, state];
        assert_eq!(
            with_statuses(vec![status, CONNECTED.into()]).0,
            Ok(Outcome::Joined(joined()))
        );
    }
}

#[test]
fn a_failure_without_a_reason_is_still_a_failure() {
    let status = vec![0x08, 0x01, 0x5a, 0x02, 0x10, 0x03];
    assert_eq!(
        with_statuses(vec![status]).0,
        Ok(Outcome::Failed(WifiFailReason::Other(-1)))
    );
}

#[test]
fn any_one_message_after_the_handshake_may_go_astray() {
    for secret_device in [false, true] {
        for fate in [JOINS, FAILS] {
            for number in 3..20 {
                for fault in [Fault::RequestLost, Fault::AnswerLost, Fault::AnswerCut, Fault::Refused] {
                    let name = std::format!("security 1: {secret_device}, message {number}: {fault:?}");
                    let mut run = if secret_device {
                        Run::of_security1(fate)
                    } else {
                        Run::of(fate)
                    };
                    let handshake = if secret_device { 3 } else { 2 };
                    run.model.borrow_mut().fault = Some((handshake + number - 2, fault));
                    let expected = match fate {
                        Fate::Joins(_) => Outcome::Joined(joined()),
                        Fate::Fails(_) => Outcome::Failed(WifiFailReason::AuthError),
                    };
                    let secret = if secret_device {
                        pop("abcd1234")
                    } else {
                        Secret::default()
                    };
                    assert_eq!(run.provision(&secret), Ok(expected), "{name}");
                    assert!(run.model.borrow().fault.is_none(), "{name}: never happened");
                    assert!(run.progress.contains(&Progress::Reconnecting), "{name}");
                    assert!(
                        run.clock.now() < Duration::from_secs(20),
                        "{name}: {:?}",
                        run.clock.now()
                    );
                }
            }
        }
    }
}

#[test]
fn nothing_is_sent_twice_under_one_key() {
    for number in 4..12 {
        let mut run = Run::of_security1(JOINS);
        run.model.borrow_mut().fault = Some((number, Fault::AnswerLost));
        run.provision(&pop("abcd1234")).expect("joins");
        let sent = &run.device.transport().sent;
        let lost = &sent[number - 1];
        let next = sent
            .iter()
            .skip(number)
            .find(|next| next.endpoint != "proto-ver")
            .expect("goes on");
        assert_eq!(
            (lost.endpoint.as_str(), next.endpoint.as_str()),
            ("prov-config", "prov-session"),
            "{number}"
        );
        let config = run.device.transport().requests_to("prov-config");
        let different: BTreeSet<_> = config.iter().map(|sent| &sent.request).collect();
        // Key streams differ, so equal requests look different; statuses of two bytes may collide by chance.
        assert!(different.len() + 2 >= config.len(), "{number}");
    }
}

#[test]
fn a_lost_answer_to_apply_does_not_start_a_second_attempt() {
    let mut run = Run::of(JOINS);
    run.model.borrow_mut().fault = Some((4, Fault::AnswerLost));
    assert_eq!(run.provision(&Secret::default()), Ok(Outcome::Joined(joined())));
    assert_eq!((run.model.borrow().applied.len(), run.model.borrow().resets), (1, 0));
}

#[test]
fn a_lost_request_to_apply_is_made_good() {
    let mut run = Run::of(JOINS);
    run.model.borrow_mut().fault = Some((4, Fault::RequestLost));
    assert_eq!(run.provision(&Secret::default()), Ok(Outcome::Joined(joined())));
    assert_eq!(run.model.borrow().applied.len(), 1);
}

#[test]
fn an_earlier_failure_is_not_taken_for_the_result_when_apply_goes_astray() {
    for fault in [Fault::RequestLost, Fault::AnswerLost] {
        let mut run = Run::of(JOINS);
        run.model.borrow_mut().failed_before = true;
        run.model.borrow_mut().fault = Some((4, fault));
        assert_eq!(run.provision(&Secret::default()), Ok(Outcome::Joined(joined())));
    }
}

#[test]
fn a_device_that_failed_before_is_reset_once() {
    for (mut run, secret) in [
        (Run::of(JOINS), Secret::default()),
        (Run::of_security1(JOINS), pop("abcd1234")),
    ] {
        run.model.borrow_mut().failed_before = true;
        assert_eq!(run.provision(&secret), Ok(Outcome::Joined(joined())));
        assert_eq!(run.model.borrow().resets, 1);
    }
}

#[test]
fn a_device_without_prov_ctrl_that_refuses_credentials_gives_its_status() {
    let mut run = Run::of_security1(JOINS);
    run.model.borrow_mut().failed_before = true;
    run.model.borrow_mut().has_ctrl = false;
    let refused = Error::Status {
        operation: "ApplyConfig",
        status: Status::InternalError,
    };
    assert_eq!(run.provision(&pop("abcd1234")), Err(refused));
}

#[test]
fn an_unreachable_device_is_sought_with_growing_pauses() {
    let mut run = Run::of(JOINS);
    run.model.borrow_mut().fault = Some((6, Fault::AnswerLost));
    run.device.transport_mut().unreachable = 5;
    assert_eq!(run.provision(&Secret::default()), Ok(Outcome::Joined(joined())));
    let times = &run.device.transport().reconnects;
    let pauses: Vec<_> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
    assert_eq!(pauses, [250, 500, 1000, 2000, 2000]);
}

#[test]
fn a_status_request_that_vanishes_is_given_up_after_5_s() {
    let mut run = Run::of_security1(JOINS);
    run.device.transport_mut().silent_at = Some(6);
    assert_eq!(run.provision(&pop("abcd1234")), Ok(Outcome::Joined(joined())));
    assert_eq!(run.clock.now(), Duration::from_millis(250 + 5000));
    assert_eq!(run.device.transport().requests_to("prov-session").len(), 4);
}

#[test]
fn a_dropped_request_leaves_no_session() {
    let mut run = Run::of_security1(JOINS);
    block_on(run.device.open_session(&pop("abcd1234"))).expect("the pop is right");
    run.device.transport_mut().silent_at = Some(4);
    {
        let mut request = core::pin::pin!(run.device.request("prov-config", &[0x52, 0x00]));
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        assert!(Future::poll(request.as_mut(), &mut context).is_pending());
    }
    assert!(!run.device.has_session());
}

#[test]
fn a_device_that_stays_away_runs_into_the_timeout() {
    let mut run = Run::of(JOINS);
    run.model.borrow_mut().fault = Some((6, Fault::AnswerLost));
    run.device.transport_mut().unreachable = usize::MAX;
    assert_eq!(run.provision(&Secret::default()), Err(Error::TimedOut(60)));
    assert!(run.clock.now() <= Duration::from_secs(61));
}

#[test]
fn a_second_refusal_of_the_credentials_is_meant() {
    let mut device = connect(&Clock::default(), security0(|_, _| Err(TransportError::Refused)));
    let result = block_on(device.provision(&Secret::default(), &home(), Provisioning::default(), |_| ()));
    assert_eq!(result, Err(Error::Transport(TransportError::Refused)));
    assert_eq!(device.transport().requests_to("prov-config").len(), 2);
}

#[test]
fn an_open_session_is_used() {
    let mut run = Run::of_security1(JOINS);
    block_on(run.device.open_session(&pop("abcd1234"))).expect("the pop is right");
    assert_eq!(run.provision(&pop("not looked at")), Ok(Outcome::Joined(joined())));
    assert_eq!(run.device.transport().requests_to("prov-session").len(), 2);
}

#[test]
fn a_network_that_cannot_be_sent_is_refused_before_anything_is_sent() {
    let with = |ssid: &[u8], passphrase: &[u8]| {
        let mut network = home();
        network.ssid = ssid.to_vec();
        network.passphrase = passphrase.to_vec().into();
        network
    };
    let networks = [
        with(b"", b""),
        with(&[b'x'; 33], b""),
        with(b"a\0b", b""),
        with(b"a", &[b'x'; 64]),
        with(b"a", b"12345678\0"),
    ];
    for network in networks {
        let mut run = Run::of(JOINS);
        let result = block_on(
            run.device
                .provision(&Secret::default(), &network, Provisioning::default(), |_| ()),
        );
        assert!(matches!(result, Err(Error::InvalidInput(_))), "{network:?}: {result:?}");
        assert!(run.device.transport().sent.is_empty());
    }
    for network in [with(&[0xff; 32], &[b'x'; 63]), with(b"a", b"")] {
        assert!(network.set_config().is_ok(), "{network:?}");
    }
}

#[test]
fn debug_output_hides_secrets() {
    let mut secret = super::login("wifiprov", "abcd1234");
    secret.pop = pop("abcd1234").pop;
    let text = std::format!("{secret:?} {:?}", home());
    assert!(text.contains("wifiprov") && text.contains("home"), "{text}");
    for hidden in [
        "abcd1234",
        "97, 98, 99, 100",
        "passphrase\"",
        "a passphrase",
        "97, 32, 112",
    ] {
        assert!(!text.contains(hidden), "{text}");
    }
}

/// A provisioning of a model device.
struct Run {
    clock: Clock,
    model: Rc<RefCell<Model>>,
    device: Connection<Fake<Handler>, TestEnvironment>,
    progress: Vec<Progress>,
}

type Handler = alloc::boxed::Box<dyn FnMut(&str, &[u8]) -> Answer>;

impl Run {
    fn of(fate: Fate) -> Self {
        let clock = Clock::default();
        Self::with(&clock, Model::security0(&clock, fate))
    }

    fn of_security1(fate: Fate) -> Self {
        let clock = Clock::default();
        Self::with(&clock, Model::security1(&clock, "abcd1234", fate))
    }

    fn with(clock: &Clock, model: Model) -> Self {
        let model = Rc::new(RefCell::new(model));
        let handler = Rc::clone(&model);
        let handler: Handler =
            alloc::boxed::Box::new(move |endpoint, request| handler.borrow_mut().answer(endpoint, request));
        Self {
            clock: clock.clone(),
            model,
            device: connect(clock, handler),
            progress: Vec::new(),
        }
    }

    /// When it was asked for its status, in milliseconds.
    fn polls(&self) -> Vec<u128> {
        // Version, session, credentials, and their use.
        let statuses = self.device.transport().sent.iter().skip(4);
        statuses.map(|sent| sent.at.as_millis()).collect()
    }

    fn provision(&mut self, secret: &Secret) -> Result<Outcome, Error> {
        let progress = &mut self.progress;
        block_on(
            self.device
                .provision(secret, &home(), Provisioning::default(), |now| progress.push(now)),
        )
    }
}

/// Provisions a device that gives these statuses one after the other, the last for ever.
fn with_statuses(mut statuses: Vec<Vec<u8>>) -> (Result<Outcome, Error>, Vec<Progress>) {
    statuses.reverse();
    let mut device = connect(
        &Clock::default(),
        security0(move |_, request| match request.get(..2) {
            Some([0x08, 0x02]) => Ok(SET_OK.into()),
            Some([0x08, 0x04]) => Ok(APPLY_OK.into()),
            _ if statuses.len() > 1 => Ok(statuses.pop().expect("more than one")),
            _ => Ok(statuses[0].clone()),
        }),
    );
    let mut progress = Vec::new();
    let options = Provisioning::default();
    let result = block_on(device.provision(&Secret::default(), &home(), options, |now| progress.push(now)));
    (result, progress)
}

fn joined() -> Joined {
    Joined {
        ip: "10.0.0.7".into(),
        ssid: b"home".to_vec(),
        bssid: vec![0xaa, 0xbb],
        channel: 6,
        auth: AuthMode::Wpa2Psk,
    }
}
