//! One TCP connection after the other: listens, reads a request, has it answered, writes the answer, again.
//!
//! It is a state machine that is polled, not a future: what it has read so far survives whoever stops waiting for it.

use core::task::{Context, Poll};

use embassy_net::{Stack, tcp::TcpSocket};
use landfall_protocomm::{Instant, SessionId};
use landfall_softap::http::{Busy, ConnectionId, Head, Kind, Persistence, Success};
use zeroize::Zeroize;

use super::{
    room,
    state::{Aborting, Admitted, Answer, Closing, Idle, Listening, State, Turn, Waiting, Writing},
};
use crate::{RequestId, names::Names};

/// A place for a client.
pub(super) struct Connection<'a> {
    /// The number of its client's connection.
    pub(super) id: ConnectionId,
    /// When its client connected, or a request of its was complete or answered last.
    pub(super) last_active: Instant,
    socket: TcpSocket<'a>,
    /// A request, then its answer.
    memory: &'a mut [u8],
    state: State,
    /// Whether it listens again when its client has gone.
    is_open: bool,
    /// Whether a client has it.
    is_taken: bool,
}

/// What a connection tells the service.
pub(super) enum News {
    /// A client has connected.
    Connected,
    /// A request is not taken, and no other one will be.
    Refused,
    /// The connection serves no further request: its client has left, or will be told to.
    Leaving,
    /// The client is gone.
    Gone,
}

impl<'a> Connection<'a> {
    pub(super) fn new<const REQUEST: usize>(stack: Stack<'a>, desk: &'a mut room::Desk<REQUEST>) -> Self {
        Self {
            id: ConnectionId(0),
            last_active: Instant::ZERO,
            socket: TcpSocket::new(stack, &mut desk.received, &mut desk.sent),
            memory: &mut desk.request,
            state: State::Off,
            is_open: false,
            is_taken: false,
        }
    }

    /// Works until there is something to tell, or nothing to do.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, now: Instant, names: &Names) -> Poll<News> {
        let Self { socket, memory, .. } = self;
        loop {
            let turn = match &mut self.state {
                // The service's turn.
                State::Off | State::Complete(_) | State::Admitted(_) => Turn::Wait,
                State::Listening(listening) => listening.poll(socket, cx, now),
                State::Idle(idle) => idle.poll(socket, cx, now),
                State::Reading(reading) => reading.poll(socket, memory, cx, now, names),
                State::Waiting(waiting) => waiting.poll(socket, cx),
                State::Writing(writing) => writing.poll(socket, memory, cx, now),
                State::Closing(closing) => closing.poll(socket, cx, now),
                State::Aborting(aborting) => aborting.poll(socket, cx, now),
            };
            match turn {
                Turn::Wait => return Poll::Pending,
                Turn::Say(news) => return Poll::Ready(news),
                Turn::Go(state) => self.state = state,
                Turn::Tell(news, state) => {
                    self.state = state;
                    return Poll::Ready(news);
                }
                Turn::Taken => {
                    self.is_taken = true;
                    self.last_active = now;
                    self.state = State::Idle(Idle);
                    return Poll::Ready(News::Connected);
                }
                Turn::Over => {
                    memory.zeroize();
                    self.state = match self.is_open {
                        true => State::Listening(Listening::default()),
                        false => State::Off,
                    };
                    if core::mem::take(&mut self.is_taken) {
                        return Poll::Ready(News::Gone);
                    }
                }
            }
        }
    }

    /// The moment at which it has to be polled, whatever happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Listening(listening) => listening.until(),
            State::Reading(reading) => Some(reading.until),
            State::Writing(writing) => Some(writing.until),
            State::Closing(closing) => Some(closing.until),
            State::Aborting(aborting) => Some(aborting.until),
            State::Off | State::Idle(_) | State::Complete(_) | State::Admitted(_) | State::Waiting(_) => None,
        }
    }

    /// Listens for clients from now on.
    pub(super) fn open(&mut self) {
        self.is_open = true;
        if let State::Off = self.state {
            self.state = State::Listening(Listening::default());
        }
    }

    /// Listens no more; the client has its answer, if there is one, and is told to leave.
    pub(super) fn end(&mut self, now: Instant) {
        self.is_open = false;
        match &mut self.state {
            State::Listening(_) => {
                self.socket.abort();
                self.state = State::Off;
            }
            State::Writing(writing) => writing.then = Persistence::Close,
            State::Idle(_) | State::Reading(_) | State::Complete(_) | State::Admitted(_) | State::Waiting(_) => {
                self.close(now);
            }
            State::Off | State::Closing(_) | State::Aborting(_) => {}
        }
    }

    /// Is off, whatever the client says.
    pub(super) fn cut(&mut self) {
        self.socket.abort();
        self.memory.zeroize();
        self.is_taken = false;
        self.state = State::Off;
    }

    pub(super) const fn is_off(&self) -> bool {
        matches!(self.state, State::Off)
    }

    /// Whether a client can connect, or soon can.
    pub(super) fn has_room(&self) -> bool {
        match &self.state {
            State::Listening(listening) => listening.until().is_none(),
            State::Closing(_) | State::Aborting(_) => true,
            _ => false,
        }
    }

    /// Whether its client waits for nothing that is under way.
    pub(super) const fn can_go(&self) -> bool {
        matches!(self.state, State::Idle(_) | State::Reading(_) | State::Writing(_))
    }

    /// Throws its client out.
    pub(super) fn abort(&mut self, now: Instant) {
        self.state = State::Aborting(Aborting::begin(&mut self.socket, now));
    }

    fn close(&mut self, now: Instant) {
        self.state = State::Closing(Closing::begin(&mut self.socket, now));
    }

    /// The request that is complete, and nobody's yet.
    pub(super) const fn complete(&self) -> Option<Head> {
        match &self.state {
            State::Complete(head) => Some(*head),
            _ => None,
        }
    }

    /// Its request belongs to `session`, which it `began`.
    pub(super) fn admit(&mut self, session: Option<SessionId>, began: bool, now: Instant) {
        if let State::Complete(head) = self.state {
            self.last_active = now;
            self.state = State::Admitted(Admitted { head, session, began });
        }
    }

    /// Its client has to come back later.
    pub(super) fn turn_away(&mut self, now: Instant) {
        self.write(Answer::Busy(Busy), Persistence::Close, now);
    }

    /// The request that is to be answered, and its session.
    pub(super) const fn admitted(&self) -> Option<(Head, Option<SessionId>)> {
        match &self.state {
            State::Admitted(Admitted { head, session, .. }) => Some((*head, *session)),
            _ => None,
        }
    }

    /// Its request has a number, and is out of hand.
    pub(super) const fn wait(&mut self, request: RequestId) {
        if let State::Admitted(admitted) = self.state {
            self.state = State::Waiting(Waiting::new(request, admitted));
        }
    }

    pub(super) fn waits_for(&self, request: RequestId) -> bool {
        matches!(&self.state, State::Waiting(waiting) if waiting.request == request)
    }

    /// The message of its request.
    pub(super) fn message(&mut self, len: usize) -> &mut [u8] {
        self.memory.get_mut(..len).unwrap_or_default()
    }

    /// Answers its request; gives its session and kind.
    pub(super) fn respond(&mut self, answer: Option<&[u8]>, now: Instant) -> Option<(SessionId, Kind)> {
        let State::Waiting(Waiting { admitted, .. }) = self.state else {
            return None;
        };
        let Admitted { head, session, began } = admitted;
        self.memory.zeroize();
        self.last_active = now;
        match answer.and_then(|answer| Some((answer, self.memory.get_mut(..answer.len())?))) {
            Some((answer, room)) => {
                room.copy_from_slice(answer);
                let success = Success {
                    body_len: answer.len(),
                    cookie: session.filter(|_| began),
                    persistence: head.persistence,
                };
                self.write(Answer::Success(success), head.persistence, now);
            }
            // Failed, or longer than there is room for: the client sees the connection close, and no more.
            None => self.write(Answer::None, Persistence::Close, now),
        }
        session.map(|session| (session, head.kind))
    }

    fn write(&mut self, answer: Answer, then: Persistence, now: Instant) {
        self.state = State::Writing(Writing::new(answer, then, now));
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.memory.zeroize();
    }
}
