//! Which request belongs to which session (spec transports.md 2.3), as rules without I/O.
//!
//! One rule is ours: a client in the middle of its work is not thrown out by another one. Espressif's server lets
//! any first request do that. It holds for a moment only for a client that has not come past the handshake: anybody in
//! radio range can begin one.

use core::time::Duration;

use landfall_protocomm::{Instant, Random, SessionId};

/// The number of a TCP connection; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// What a request's `Cookie` header says, as far as it can be ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// There is none, or one too long to be ours.
    Absent,
    /// Exactly `session=<decimal>`.
    Session(u32),
    /// Something else.
    Foreign,
}

/// What a request is, as far as sessions go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To `proto-ver`, which is the same for everyone.
    Version,
    /// To `prov-session`: from somebody who need not know the secret.
    Handshake,
    /// To any other endpoint. It fails at once unless the handshake is done.
    Work,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It belongs to the session.
    Same(SessionId),
    /// It begins this session; an earlier one is over.
    New(SessionId),
    /// It is answered outside any session.
    Outside,
    /// Another client is in the middle of its work.
    Busy,
}

/// The one session, and whose it is.
#[derive(Debug, Default)]
pub struct Sessions {
    current: Option<Session>,
}

#[derive(Debug)]
struct Session {
    id: SessionId,
    /// The connection on which requests without a cookie belong to the session.
    socket: Option<ConnectionId>,
    /// The open connection that the session's last request came on.
    connection: Option<ConnectionId>,
    /// When its client began to do more than ask for the version.
    at_work_since: Option<Instant>,
    /// Whether its client has come past the handshake: work that it asked for was answered.
    is_established: bool,
    /// Requests being answered.
    waiting: u32,
    /// Those of them that are work.
    working: u32,
    last_active: Instant,
}

impl Cookie {
    /// Espressif's server reads no longer one.
    const MAX_LEN: usize = 19;

    /// Takes the value of a `Cookie` header.
    pub fn parse(value: &[u8]) -> Self {
        if value.len() > Self::MAX_LEN {
            return Self::Absent;
        }
        let number = value
            .strip_prefix(b"session=")
            .and_then(|digits| str::from_utf8(digits).ok());
        // Compared as a whole: neither a sign nor leading zeros are ours.
        let plain = number.filter(|digits| *digits == "0" || digits.starts_with(|first| matches!(first, '1'..='9')));
        match plain.and_then(|digits| digits.parse().ok()) {
            Some(number) => Self::Session(number),
            None => Self::Foreign,
        }
    }
}

impl Sessions {
    /// A client that was silent for so long has to make room for another one, and so has one whose handshake takes longer.
    /// The known clients ask every 5 s, and their handshakes take 1 s.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// Decides on a request; `draw` gives the number of a new session. [`Sessions::answered`] or [`Sessions::failed`] must
    /// follow when the request was admitted to a session, and at once if the device refuses it.
    pub fn admit(
        &mut self,
        kind: Kind,
        cookie: Cookie,
        connection: ConnectionId,
        now: Instant,
        draw: impl FnOnce() -> SessionId,
    ) -> Admission {
        match &mut self.current {
            Some(session) if session.owns(cookie, connection) => {
                if cookie != Cookie::Absent {
                    session.socket = None;
                }
                session.begin(kind, connection, now);
                Admission::Same(session.id)
            }
            // Who only asks what this device is takes nobody's place, however silent the other one is.
            Some(session) if kind == Kind::Version && session.is_held(connection) => Admission::Outside,
            Some(session) if session.is_busy(connection, now) => Admission::Busy,
            earlier => {
                let id = draw();
                let mut session = Session::new(id, connection, now);
                // Whoever begins anew on his connection gets no more time for it.
                let renewed = earlier.as_ref().filter(|earlier| earlier.is_renewed_on(connection));
                session.at_work_since = renewed.and_then(|earlier| earlier.at_work_since);
                session.begin(kind, connection, now);
                *earlier = Some(session);
                Admission::New(id)
            }
        }
    }

    /// Notes that a request of session `id` has been answered.
    pub fn answered(&mut self, id: SessionId, kind: Kind, now: Instant) {
        if let Some(session) = self.session(id) {
            session.end(kind, now);
            session.is_established |= kind == Kind::Work;
        }
    }

    /// Notes that a request of session `id` has failed: its connection closes now.
    pub fn failed(&mut self, id: SessionId, kind: Kind, now: Instant) {
        if let Some(session) = self.session(id) {
            session.end(kind, now);
        }
    }

    /// Notes that a connection has closed. The session itself survives: with the cookie its client can go on.
    pub fn connection_closed(&mut self, connection: ConnectionId) {
        if let Some(session) = &mut self.current {
            session.socket.take_if(|socket| *socket == connection);
            session.connection.take_if(|last| *last == connection);
        }
    }

    /// Whether the session's client is on this connection.
    pub fn is_owner(&self, connection: ConnectionId) -> bool {
        self.current
            .as_ref()
            .is_some_and(|session| session.connection == Some(connection))
    }

    fn session(&mut self, id: SessionId) -> Option<&mut Session> {
        self.current.as_mut().filter(|session| session.id == id)
    }
}

impl Session {
    const fn new(id: SessionId, connection: ConnectionId, now: Instant) -> Self {
        Self {
            id,
            socket: Some(connection),
            connection: Some(connection),
            at_work_since: None,
            is_established: false,
            waiting: 0,
            working: 0,
            last_active: now,
        }
    }

    fn owns(&self, cookie: Cookie, connection: ConnectionId) -> bool {
        match cookie {
            Cookie::Session(number) => number == self.id.get(),
            Cookie::Foreign => false,
            Cookie::Absent => self.socket == Some(connection),
        }
    }

    /// Whether a request on `connection` that is not of this session has to wait for its end. The session's own
    /// connection may always begin anew.
    fn is_busy(&self, connection: ConnectionId, now: Instant) -> bool {
        let is_within = |since| now.saturating_since(since) < Sessions::PATIENCE;
        let is_active = self.waiting > 0 || is_within(self.last_active);
        // Work that is not refused at once is that of a client with keys.
        let has_keys = self.is_established || self.working > 0;
        let has_time = has_keys || self.at_work_since.is_some_and(is_within);
        is_active && has_time && self.is_held(connection)
    }

    /// Whether the session's client is at work on another connection, which is still open.
    fn is_held(&self, connection: ConnectionId) -> bool {
        self.at_work_since.is_some() && self.connection.is_some_and(|own| own != connection)
    }

    /// Whether a new session on `connection` is this one's handshake, begun anew.
    fn is_renewed_on(&self, connection: ConnectionId) -> bool {
        self.connection == Some(connection) && !self.is_established
    }

    fn begin(&mut self, kind: Kind, connection: ConnectionId, now: Instant) {
        self.connection = Some(connection);
        self.last_active = now;
        self.waiting += 1;
        if kind != Kind::Version {
            self.at_work_since.get_or_insert(now);
        }
        self.working += u32::from(kind == Kind::Work);
    }

    fn end(&mut self, kind: Kind, now: Instant) {
        self.waiting = self.waiting.saturating_sub(1);
        self.working = self.working.saturating_sub((kind == Kind::Work).into());
        self.last_active = now;
    }
}

/// Draws a session's number: nobody can guess it.
pub fn draw_session(random: &mut impl Random) -> SessionId {
    loop {
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        if let Some(id) = SessionId::new(u32::from_le_bytes(bytes)) {
            return id;
        }
    }
}

#[cfg(test)]
mod tests;
