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

    fn answered(&mut self, session: u32) {
        self.sessions.answered(id(session), self.now);
    }

    /// Connection A gets the first session and has begun its work.
    fn with_a_at_work() -> Self {
        let mut table = Self::new();
        assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::New(id(FIRST)));
        table.answered(FIRST);
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
    table.answered(FIRST);
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
    table.answered(FIRST);
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
    table.answered(FIRST);
    table.now = table.now + Duration::from_secs(30);
    assert_eq!(table.arrives(Kind::Work, Cookie::Absent, A), Admission::Busy);
}
