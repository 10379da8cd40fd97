use super::*;

const A: ConnectionId = ConnectionId(1);
const B: ConnectionId = ConnectionId(2);
const FIRST: u32 = 1001;
const SECOND: u32 = 1002;

/// Sessions that number theirs 1001, 1002, ..., and a clock.
struct Table {
    sessions: Sessions,
    now: Instant,
    next: u32,
}

impl Table {
    fn new() -> Self {
        Self {
            sessions: Sessions::default(),
            now: Instant::ZERO,
            next: FIRST,
        }
    }

    fn arrives(&mut self, kind: Kind, cookie: Cookie, connection: ConnectionId) -> Admission {
        let Self { sessions, now, next } = self;
        sessions.admit(kind, cookie, connection, *now, || {
            *next += 1;
            id(*next - 1)
        })
    }

    fn answered(&mut self, kind: Kind, session: u32) {
        self.sessions.answered(id(session), kind, self.now);
    }

    /// Connection A goes on with a handshake of this session, and is answered.
    fn a_shakes_hands(&mut self, session: u32) {
        let admission = self.arrives(Kind::Handshake, Cookie::Session(session), A);
        assert_eq!(admission, Admission::Same(id(session)));
        self.answered(Kind::Handshake, session);
    }

    /// Connection A gets the first session and has begun its work.
    fn with_a_at_work() -> Self {
        let mut table = Self::new();
        assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::New(id(FIRST)));
        table.answered(Kind::Work, FIRST);
        table
    }

    /// Connection A gets the first session and has begun its handshake.
    fn with_a_at_its_handshake() -> Self {
        let mut table = Self::new();
        let admission = table.arrives(Kind::Handshake, Cookie::Absent, A);
        assert_eq!(admission, Admission::New(id(FIRST)));
        table.answered(Kind::Handshake, FIRST);
        table
    }
}

fn id(number: u32) -> SessionId {
    SessionId::new(number).expect("not the reserved number")
}

#[test]
fn only_the_exact_cookie_is_ours() {
    for (value, cookie) in [
        ("session=0", Cookie::Session(0)),
        ("session=4294967295", Cookie::Session(u32::MAX)),
        ("session=4294967296", Cookie::Foreign),
        ("session=+1", Cookie::Foreign),
        ("session=01", Cookie::Foreign),
        ("session=", Cookie::Foreign),
        ("Session=1", Cookie::Foreign),
        ("session=1; a=b", Cookie::Foreign),
        ("", Cookie::Foreign),
        ("a=bcdefghijklmnopqr", Cookie::Foreign),
        ("a=bcdefghijklmnopqrs", Cookie::Absent),
    ] {
        assert_eq!(Cookie::parse(value.as_bytes()), cookie, "{value:?}");
    }
}

#[test]
fn without_a_cookie_the_connection_is_the_session() {
    let mut table = Table::with_a_at_work();
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::Same(id(FIRST)));
}

#[test]
fn a_cookie_once_used_is_required_from_then_on() {
    let mut table = Table::with_a_at_work();
    assert_eq!(
        table.arrives(Kind::Work, Cookie::Session(FIRST), A),
        Admission::Same(id(FIRST))
    );
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::New(id(SECOND)));
}

#[test]
fn another_cookie_on_the_own_connection_begins_anew() {
    let mut table = Table::with_a_at_work();
    assert_eq!(
        table.arrives(Kind::Work, Cookie::Foreign, A),
        Admission::New(id(SECOND))
    );
}

#[test]
fn the_cookie_brings_the_session_to_another_connection() {
    let mut table = Table::with_a_at_work();
    table.sessions.connection_closed(A);
    assert_eq!(
        table.arrives(Kind::Work, Cookie::Session(FIRST), B),
        Admission::Same(id(FIRST))
    );
    assert!(table.sessions.is_owner(B));
}

#[test]
fn without_cookie_a_closed_connection_takes_its_session_along() {
    let mut table = Table::with_a_at_work();
    table.sessions.connection_closed(A);
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::New(id(SECOND)));
}

#[test]
fn a_second_client_does_not_throw_out_one_at_work() {
    for cookie in [Cookie::Absent, Cookie::Foreign, Cookie::Session(7)] {
        let mut table = Table::with_a_at_work();
        assert_eq!(table.arrives(Kind::Work, cookie, B), Admission::Busy);
        assert_eq!(table.arrives(Kind::Version, cookie, B), Admission::Outside);
        assert_eq!(
            table.arrives(Kind::Work, Cookie::Absent, A),
            Admission::Same(id(FIRST)),
            "{cookie:?}"
        );
    }
}

#[test]
fn a_client_that_only_asked_for_the_version_is_not_at_work() {
    let mut table = Table::new();
    assert_eq!(
        table.arrives(Kind::Version, Cookie::Absent, A),
        Admission::New(id(FIRST))
    );
    table.answered(Kind::Version, FIRST);
    assert_eq!(
        table.arrives(Kind::Version, Cookie::Absent, B),
        Admission::New(id(SECOND))
    );
}

#[test]
fn the_turn_comes_when_the_first_connection_has_closed() {
    let mut table = Table::with_a_at_work();
    table.sessions.connection_closed(A);
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, B), Admission::New(id(SECOND)));
}

#[test]
fn the_turn_comes_after_ten_silent_seconds() {
    let mut table = Table::with_a_at_work();
    table.now = table.now + (Sessions::PATIENCE - Duration::from_millis(1));
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, B), Admission::Busy);
    table.now = table.now + Duration::from_millis(1);
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, B), Admission::New(id(SECOND)));
}

#[test]
fn a_client_that_waits_for_an_answer_is_not_silent() {
    let mut table = Table::with_a_at_work();
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::Same(id(FIRST)));
    table.now = table.now + Duration::from_secs(30);
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, B), Admission::Busy);
    table.answered(Kind::Work, FIRST);
    table.now = table.now + Sessions::PATIENCE;
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, B), Admission::New(id(SECOND)));
}

#[test]
fn asking_for_the_version_from_elsewhere_does_not_prolong_a_turn() {
    let mut table = Table::with_a_at_work();
    table.now = table.now + Sessions::PATIENCE / 2;
    assert_eq!(table.arrives(Kind::Version, Cookie::Absent, B), Admission::Outside);
    table.now = table.now + Sessions::PATIENCE / 2;
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, B), Admission::New(id(SECOND)));
}

#[test]
fn asking_for_the_version_ends_no_session_at_work_however_silent() {
    let mut table = Table::with_a_at_work();
    table.now = table.now + 100 * Sessions::PATIENCE;
    assert_eq!(table.arrives(Kind::Version, Cookie::Absent, B), Admission::Outside);
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::Same(id(FIRST)));
}

#[test]
fn the_answer_to_an_earlier_session_changes_nothing() {
    let mut table = Table::new();
    assert_eq!(
        table.arrives(Kind::Version, Cookie::Absent, A),
        Admission::New(id(FIRST))
    );
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, B), Admission::New(id(SECOND)));
    table.answered(Kind::Version, FIRST);
    table.now = table.now + Duration::from_secs(30);
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::Busy);
}

#[test]
fn handshakes_hold_others_off_for_ten_seconds_however_often_they_come() {
    let mut table = Table::with_a_at_its_handshake();
    table.now = table.now + (Sessions::PATIENCE - Duration::from_millis(1));
    table.a_shakes_hands(FIRST);
    assert_eq!(table.arrives(Kind::Handshake, Cookie::Absent, B), Admission::Busy);
    table.now = table.now + Duration::from_millis(1);
    assert_eq!(
        table.arrives(Kind::Handshake, Cookie::Absent, B),
        Admission::New(id(SECOND))
    );
    // It is the other one's turn now, with all its time.
    table.answered(Kind::Handshake, SECOND);
    table.now = table.now + (Sessions::PATIENCE - Duration::from_millis(1));
    let again = table.arrives(Kind::Handshake, Cookie::Session(FIRST), A);
    assert_eq!(again, Admission::Busy);
}

#[test]
fn a_client_that_nobody_waits_for_may_take_long_for_its_handshake() {
    let mut table = Table::with_a_at_its_handshake();
    table.now = table.now + 100 * Sessions::PATIENCE;
    table.a_shakes_hands(FIRST);
}

#[test]
fn a_handshake_begun_anew_on_the_same_connection_gets_no_more_time() {
    for kind in [Kind::Handshake, Kind::Version] {
        let mut table = Table::with_a_at_its_handshake();
        table.now = table.now + (Sessions::PATIENCE - Duration::from_millis(1));
        assert_eq!(table.arrives(kind, Cookie::Foreign, A), Admission::New(id(SECOND)));
        table.answered(kind, SECOND);
        table.a_shakes_hands(SECOND);
        assert_eq!(table.arrives(Kind::Handshake, Cookie::Absent, B), Admission::Busy);
        table.now = table.now + Duration::from_millis(1);
        assert_eq!(
            table.arrives(Kind::Handshake, Cookie::Absent, B),
            Admission::New(id(SECOND + 1)),
            "{kind:?}"
        );
    }
}

#[test]
fn a_client_past_its_handshake_holds_others_off_while_it_goes_on() {
    let mut table = Table::with_a_at_its_handshake();
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::Same(id(FIRST)));
    table.answered(Kind::Work, FIRST);
    for _ in 0..10 {
        table.now = table.now + Sessions::PATIENCE / 2;
        assert_eq!(table.arrives(Kind::Handshake, Cookie::Absent, B), Admission::Busy);
        // What the application fails is no reason to lose one's place.
        assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::Same(id(FIRST)));
        table.sessions.failed(id(FIRST), Kind::Work, table.now);
    }
}

#[test]
fn a_client_whose_first_work_takes_long_holds_others_off() {
    let mut table = Table::with_a_at_its_handshake();
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::Same(id(FIRST)));
    table.now = table.now + 2 * Sessions::PATIENCE;
    assert_eq!(table.arrives(Kind::Handshake, Cookie::Absent, B), Admission::Busy);
}

#[test]
fn work_that_is_refused_does_not_stand_for_a_handshake() {
    let mut table = Table::with_a_at_its_handshake();
    table.now = table.now + Sessions::PATIENCE;
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::Same(id(FIRST)));
    table.sessions.failed(id(FIRST), Kind::Work, table.now);
    table.a_shakes_hands(FIRST);
    assert_eq!(
        table.arrives(Kind::Handshake, Cookie::Absent, B),
        Admission::New(id(SECOND))
    );
}
