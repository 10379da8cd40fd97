use core::time::Duration;

use landfall_protocomm::{Instant, Random, SessionId};

use crate::Seeded;

/// Whose request it is, as an HTTP server knows: a cookie, and the connection it comes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// What the server set, if the client sends it back.
    pub cookie: Option<SessionId>,
    /// Number of the connection, never used again.
    pub connection: u32,
}

/// Which request belongs to which session (spec transports.md 2.3), with our device's rule for a second client: it is
/// told so while the first one is at work, and gets its turn when that one's connection is gone or has been silent.
#[derive(Debug)]
pub(crate) struct Sessions {
    held: Option<Held>,
    random: Seeded,
}

#[derive(Debug)]
struct Held {
    id: SessionId,
    /// The connection that opened the session, until the cookie has come back.
    opened_on: Option<u32>,
    /// The connection that was used last, while it lives.
    live: Option<u32>,
    last_request: Instant,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It belongs to the open session.
    Same(SessionId),
    /// It opens a session, in place of any other.
    New(SessionId),
    /// Another client is at work.
    Busy,
}

/// A first client that has been silent for so long gives way.
const SILENCE: Duration = Duration::from_secs(5);

impl Sessions {
    pub(crate) fn new(random: Seeded) -> Self {
        Self { held: None, random }
    }

    pub(crate) fn admit(&mut self, caller: Caller, now: Instant) -> Admission {
        if let Some(held) = &mut self.held {
            if held.is_of(caller) {
                if caller.cookie.is_some() {
                    held.opened_on = None;
                }
                held.live = Some(caller.connection);
                held.last_request = now;
                return Admission::Same(held.id);
            }
            if held.live.is_some() && now - held.last_request < SILENCE {
                return Admission::Busy;
            }
        }
        let id = self.draw();
        self.held = Some(Held {
            id,
            opened_on: Some(caller.connection),
            live: Some(caller.connection),
            last_request: now,
        });
        Admission::New(id)
    }

    /// A connection is gone; its session stays, for who has the cookie.
    pub(crate) fn closed(&mut self, connection: u32) {
        if let Some(held) = &mut self.held {
            held.opened_on.take_if(|opened_on| *opened_on == connection);
            held.live.take_if(|live| *live == connection);
        }
    }

    fn draw(&mut self) -> SessionId {
        loop {
            let mut number = [0; 4];
            self.random.fill(&mut number);
            if let Some(id) = SessionId::new(u32::from_le_bytes(number)) {
                return id;
            }
        }
    }
}

impl Held {
    fn is_of(&self, caller: Caller) -> bool {
        match caller.cookie {
            Some(cookie) => cookie == self.id,
            None => self.opened_on == Some(caller.connection),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Caller = Caller {
        cookie: None,
        connection: 1,
    };
    const SECOND: Caller = Caller {
        cookie: None,
        connection: 2,
    };

    fn opened() -> (Sessions, SessionId) {
        let mut sessions = Sessions::new(Seeded::new(1));
        let Admission::New(id) = sessions.admit(FIRST, Instant::ZERO) else {
            panic!("the first client is welcome")
        };
        (sessions, id)
    }

    fn with_cookie(caller: Caller, cookie: SessionId) -> Caller {
        Caller {
            cookie: Some(cookie),
            ..caller
        }
    }

    #[test]
    fn the_connection_or_the_cookie_names_the_session() {
        let (mut sessions, id) = opened();
        assert_eq!(sessions.admit(FIRST, Instant::ZERO), Admission::Same(id));
        assert_eq!(
            sessions.admit(with_cookie(SECOND, id), Instant::ZERO),
            Admission::Same(id)
        );
        // From now on the cookie is required.
        assert_eq!(sessions.admit(FIRST, Instant::ZERO), Admission::Busy);
    }

    #[test]
    fn a_second_client_waits_for_silence_or_the_end_of_the_connection() {
        let (mut sessions, _) = opened();
        assert_eq!(sessions.admit(SECOND, Instant::from_millis(4999)), Admission::Busy);
        assert!(matches!(
            sessions.admit(SECOND, Instant::from_millis(5000)),
            Admission::New(_)
        ));
        let (mut sessions, _) = opened();
        sessions.closed(1);
        assert!(matches!(sessions.admit(SECOND, Instant::ZERO), Admission::New(_)));
    }

    #[test]
    fn a_closed_connection_leaves_the_session_to_the_cookie() {
        let (mut sessions, id) = opened();
        sessions.closed(1);
        assert_eq!(
            sessions.admit(with_cookie(SECOND, id), Instant::ZERO),
            Admission::Same(id)
        );
    }
}
