//! What a connection is doing: a type for each, with its own data and its own next step.

use core::{
    fmt::Write as _,
    task::{Context, Poll},
    time::Duration,
};

use embassy_net::tcp::{self, TcpSocket};
use heapless::String;
use landfall_protocomm::{Instant, SessionId};
use landfall_softap::http::{
    Bounds, Busy, CONTINUE, Failure, Head, MAX_ANSWER_HEAD, MAX_BODY, Persistence, Refusal, Success,
};
use zeroize::Zeroize;

use super::{connection::News, once::once};
use crate::{RequestId, names::Names};

/// What a connection is doing.
pub(super) enum State {
    /// Nothing.
    Off,
    Listening(Listening),
    Idle(Idle),
    Reading(Reading),
    /// A request is complete; its body is at the beginning of the memory.
    Complete(Head),
    Admitted(Admitted),
    Waiting(Waiting),
    Writing(Writing),
    Closing(Closing),
    Aborting(Aborting),
}

/// What comes out of a step.
pub(super) enum Turn {
    /// There is nothing to do before something happens.
    Wait,
    /// Goes on in another state.
    Go(State),
    /// The same, and this is to be told.
    Tell(News, State),
    /// This is to be told, and the state is the same.
    Say(News),
    /// A client has connected.
    Taken,
    /// The connection is no more.
    Over,
}

/// Waits for a client.
#[derive(Default)]
pub(super) struct Listening {
    /// Since when one is about to connect.
    knocked: Option<Instant>,
}

/// Waits for a request to begin.
pub(super) struct Idle;

/// Reads a request.
pub(super) struct Reading {
    pub(super) until: Instant,
    /// What the memory begins with: a part of the head, or once that is known, of the body.
    filled: usize,
    head: Option<Head>,
}

/// A request is to be answered.
#[derive(Clone, Copy)]
pub(super) struct Admitted {
    pub(super) head: Head,
    pub(super) session: Option<SessionId>,
    /// Whether it began its session.
    pub(super) began: bool,
}

/// A request is being answered.
pub(super) struct Waiting {
    pub(super) request: RequestId,
    pub(super) admitted: Admitted,
    /// Whether the client sends nothing more.
    has_left: bool,
}

/// Writes an answer.
pub(super) struct Writing {
    pub(super) until: Instant,
    pub(super) then: Persistence,
    answer: Answer,
    /// Octets of it that are written.
    written: usize,
}

/// What is written.
pub(super) enum Answer {
    /// Its body is at the beginning of the memory.
    Success(Success),
    Busy(Busy),
    Failure(Failure),
    /// Nothing.
    None,
}

/// Nothing more will be written; the client may still be sending. Closing at once would reset the connection and take from it
/// what was written last, so it gets a moment to notice.
pub(super) struct Closing {
    pub(super) until: Instant,
    /// Whether the client has everything that was written. Before, a connection that is cut would take it away, and over
    /// the air it may have to be sent again: after a second at the earliest.
    is_delivered: bool,
    /// Octets that are read meanwhile.
    left: usize,
}

/// The client is being told that the connection is no more.
pub(super) struct Aborting {
    pub(super) until: Instant,
}

const PORT: u16 = 80;
/// From a client's first packet to its third.
const HANDSHAKE_TIME: Duration = Duration::from_secs(1);
/// From the first byte of a request to its last.
const READ_TIME: Duration = Duration::from_secs(5);
/// For an answer to be taken by the client's side.
const WRITE_TIME: Duration = Duration::from_secs(5);
/// For a client to notice that its connection is being closed.
const LINGER_TIME: Duration = Duration::from_millis(500);
/// Octets read while it notices.
const LINGER_BYTES: usize = 64 * 1024;
/// For the last packet of a connection to leave.
const ABORT_TIME: Duration = Duration::from_millis(100);
/// Who is silent is asked whether it is still there, and has gone after so long without a sign of life: phones walk out of
/// the air without a word.
const KEEP_ALIVE: embassy_time::Duration = embassy_time::Duration::from_secs(10);
const SILENCE: embassy_time::Duration = embassy_time::Duration::from_secs(30);
/// Most header fields read.
const MAX_FIELDS: usize = 32;

impl Listening {
    pub(super) fn until(&self) -> Option<Instant> {
        self.knocked.map(|since| since + HANDSHAKE_TIME)
    }

    pub(super) fn poll(&mut self, socket: &mut TcpSocket<'_>, cx: &mut Context<'_>, now: Instant) -> Turn {
        match socket.state() {
            tcp::State::Closed | tcp::State::Listen | tcp::State::TimeWait => {
                self.knocked = None;
                match once(socket.accept(PORT), cx) {
                    // It cannot be otherwise: the socket was ready for it.
                    Poll::Pending | Poll::Ready(Err(_)) => Turn::Wait,
                    Poll::Ready(Ok(())) => Turn::Taken,
                }
            }
            tcp::State::SynReceived => {
                self.knocked.get_or_insert(now);
                if self.until().is_some_and(|until| until <= now) {
                    return Turn::Go(State::Aborting(Aborting::begin(socket, now)));
                }
                // The socket can be written to once the client is there, and not before.
                let _ = once(socket.wait_write_ready(), cx);
                Turn::Wait
            }
            _ => {
                // Answers are small and whole: waiting for more to send would only delay them.
                socket.set_nagle_enabled(false);
                socket.set_keep_alive(Some(KEEP_ALIVE));
                socket.set_timeout(Some(SILENCE));
                Turn::Taken
            }
        }
    }
}

impl Idle {
    pub(super) fn poll(&mut self, socket: &mut TcpSocket<'_>, cx: &mut Context<'_>, now: Instant) -> Turn {
        match once(socket.wait_read_ready(), cx) {
            Poll::Ready(()) => Turn::Go(State::Reading(Reading {
                until: now + READ_TIME,
                filled: 0,
                head: None,
            })),
            Poll::Pending if socket.may_recv() => Turn::Wait,
            Poll::Pending => Turn::close(News::Leaving, socket, now),
        }
    }
}

/// Why there is no request to be served.
enum Unfit {
    Head(Refusal),
    /// It did not arrive whole in time, or the client left in the middle of it.
    Broken,
}

impl Reading {
    pub(super) fn poll(
        &mut self,
        socket: &mut TcpSocket<'_>,
        memory: &mut [u8],
        cx: &mut Context<'_>,
        now: Instant,
        names: &Names,
    ) -> Turn {
        let unfit = loop {
            if let Some(head) = self.head.filter(|head| self.filled == head.body_len) {
                return Turn::Go(State::Complete(head));
            }
            let had_head = self.head.is_some();
            match once(socket.read_with(|bytes| self.take_and_wipe(bytes, memory, names)), cx) {
                Poll::Ready(Ok(Ok(()))) => {
                    if !had_head {
                        self.interim_answer(socket, cx);
                    }
                }
                Poll::Ready(Ok(Err(refusal))) => break Unfit::Head(refusal),
                Poll::Ready(Err(tcp::Error::ConnectionReset)) => break Unfit::Broken,
                Poll::Pending if self.until <= now => break Unfit::Broken,
                Poll::Pending => return Turn::Wait,
            }
        };
        memory.zeroize();
        let answer = match unfit {
            Unfit::Head(refusal) => refusal.answer().map_or(Answer::None, Answer::Failure),
            Unfit::Broken => Answer::None,
        };
        Turn::Tell(
            News::Refused,
            State::Writing(Writing::new(answer, Persistence::Close, now)),
        )
    }

    /// Leaves nothing of a request behind in the socket's memory: without security it is in the clear.
    fn take_and_wipe(&mut self, bytes: &mut [u8], memory: &mut [u8], names: &Names) -> (usize, Result<(), Refusal>) {
        let (taken, fit) = self.take(bytes, memory, names);
        bytes.get_mut(..taken).unwrap_or_default().zeroize();
        (taken, fit)
    }

    /// Takes bytes into the memory, not more than the request has: how many, and what is wrong with them.
    fn take(&mut self, bytes: &[u8], memory: &mut [u8], names: &Names) -> (usize, Result<(), Refusal>) {
        match self.head {
            Some(head) => {
                let room = memory.get_mut(self.filled..head.body_len).unwrap_or_default();
                let taken = copy(bytes, room);
                self.filled += taken;
                (taken, Ok(()))
            }
            None => self.take_head(bytes, memory, names),
        }
    }

    fn take_head(&mut self, bytes: &[u8], memory: &mut [u8], names: &Names) -> (usize, Result<(), Refusal>) {
        let copied = copy(bytes, memory.get_mut(self.filled..).unwrap_or_default());
        let filled = self.filled + copied;
        let bounds = Bounds {
            head: memory.len(),
            body: memory.len().min(MAX_BODY),
        };
        let begun = memory.get(..filled).unwrap_or_default();
        match Head::parse::<MAX_FIELDS>(begun, names.iter(), bounds) {
            Ok(None) => {
                self.filled = filled;
                (copied, Ok(()))
            }
            Ok(Some(head)) => {
                // What follows the request belongs to the next one, and stays with the socket.
                let end = filled.min(head.len + head.body_len);
                let taken = end.saturating_sub(self.filled);
                memory.copy_within(head.len..end, 0);
                self.filled = end.saturating_sub(head.len);
                self.head = Some(head);
                (taken, Ok(()))
            }
            Err(refusal) => (copied, Err(refusal)),
        }
    }

    /// Tells a client that waits for it to send the body. If there is no room, nothing is said: such a client goes on by
    /// itself after a while.
    fn interim_answer(&self, socket: &mut TcpSocket<'_>, cx: &mut Context<'_>) {
        let is_awaited = |head: Head| head.expects_continue && self.filled < head.body_len;
        let has_room = socket.send_capacity() - socket.send_queue() >= CONTINUE.len();
        if self.head.is_some_and(is_awaited) && has_room {
            let _ = once(socket.write(CONTINUE.as_bytes()), cx);
        }
    }
}

impl Waiting {
    pub(super) const fn new(request: RequestId, admitted: Admitted) -> Self {
        Self {
            request,
            admitted,
            has_left: false,
        }
    }

    /// A client that leaves meanwhile no longer keeps others waiting; one that only has nothing more to say still gets its
    /// answer. As long as something of it is unread, that cannot be seen.
    pub(super) fn poll(&mut self, socket: &mut TcpSocket<'_>, cx: &mut Context<'_>) -> Turn {
        let has_left = once(socket.wait_read_ready(), cx).is_pending() && !socket.may_recv();
        if has_left && !self.has_left {
            self.has_left = true;
            return Turn::Say(News::Leaving);
        }
        Turn::Wait
    }
}

impl Writing {
    pub(super) fn new(answer: Answer, then: Persistence, now: Instant) -> Self {
        Self {
            until: now + WRITE_TIME,
            then,
            answer,
            written: 0,
        }
    }

    pub(super) fn poll(
        &mut self,
        socket: &mut TcpSocket<'_>,
        memory: &mut [u8],
        cx: &mut Context<'_>,
        now: Instant,
    ) -> Turn {
        let (head, body_len) = self.answer.bytes();
        let body = memory.get(..body_len).unwrap_or_default();
        loop {
            let left = match head.as_bytes().get(self.written..) {
                Some(left @ [_, ..]) => left,
                _ => body.get(self.written - head.len()..).unwrap_or_default(),
            };
            if left.is_empty() {
                break;
            }
            match once(socket.write(left), cx) {
                Poll::Ready(Ok(written)) => self.written += written,
                Poll::Ready(Err(tcp::Error::ConnectionReset)) => return Turn::close(News::Leaving, socket, now),
                Poll::Pending if self.until <= now => {
                    return Turn::Tell(News::Leaving, State::Aborting(Aborting::begin(socket, now)));
                }
                Poll::Pending => return Turn::Wait,
            }
        }
        memory.zeroize();
        match self.then {
            Persistence::Implied | Persistence::Announced => Turn::Go(State::Idle(Idle)),
            Persistence::Close => Turn::close(News::Leaving, socket, now),
        }
    }
}

impl Answer {
    /// What is written, and how much of the memory after it.
    fn bytes(&self) -> (String<MAX_ANSWER_HEAD>, usize) {
        let mut head = String::new();
        // Each answer's head fits: landfall-softap says so, and tests it.
        let (_, body_len) = match self {
            Self::Success(success) => (write!(head, "{success}"), success.body_len),
            Self::Busy(busy) => (write!(head, "{busy}"), 0),
            Self::Failure(failure) => (write!(head, "{failure}"), 0),
            Self::None => (Ok(()), 0),
        };
        (head, body_len)
    }
}

impl Closing {
    pub(super) fn begin(socket: &mut TcpSocket<'_>, now: Instant) -> Self {
        socket.close();
        Self {
            until: now + WRITE_TIME,
            is_delivered: false,
            left: LINGER_BYTES,
        }
    }

    pub(super) fn poll(&mut self, socket: &mut TcpSocket<'_>, cx: &mut Context<'_>, now: Instant) -> Turn {
        while let Poll::Ready(Ok(read)) = once(socket.read_with(|bytes| (bytes.len(), bytes.len())), cx) {
            self.left = self.left.saturating_sub(read);
        }
        if let tcp::State::Closed | tcp::State::TimeWait = socket.state() {
            return Turn::Over;
        }
        if !self.is_delivered && socket.send_queue() == 0 {
            self.is_delivered = true;
            self.until = self.until.min(now + LINGER_TIME);
        }
        if self.left == 0 || self.until <= now {
            return Turn::Go(State::Aborting(Aborting::begin(socket, now)));
        }
        // Wakes when the client has acknowledged something.
        let _ = once(socket.flush(), cx);
        Turn::Wait
    }
}

impl Aborting {
    pub(super) fn begin(socket: &mut TcpSocket<'_>, now: Instant) -> Self {
        socket.abort();
        Self {
            until: now + ABORT_TIME,
        }
    }

    pub(super) fn poll(&mut self, socket: &mut TcpSocket<'_>, cx: &mut Context<'_>, now: Instant) -> Turn {
        match once(socket.flush(), cx) {
            Poll::Pending if now < self.until => Turn::Wait,
            Poll::Pending | Poll::Ready(_) => Turn::Over,
        }
    }
}

impl Turn {
    fn close(news: News, socket: &mut TcpSocket<'_>, now: Instant) -> Self {
        Self::Tell(news, State::Closing(Closing::begin(socket, now)))
    }
}

/// Copies as much as both have; gives how much that is.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    len
}
