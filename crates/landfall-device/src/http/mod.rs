//! The HTTP service of spec transports.md section 2.
//!
//! A small server of its own, because what the known clients expect is not what an HTTP library does: a request that
//! fails gets no answer at all, a body of unknown length is none, a session hangs on a cookie or on the connection.
//! Each connection is a task ([`connection`]); what its requests mean and whose they are, is decided by the rules of
//! landfall-softap, which devices without an operating system share.

mod connection;

use core::{future, net::SocketAddr, time::Duration};
use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::Arc,
};

use landfall_protocomm::SessionId;
use landfall_softap::http::{Admission, ConnectionId, Kind, Sessions, draw_session};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, timeout},
};

use self::connection::{Answer, Connection, Incoming, Notice};
use crate::{
    ClientEvent, Refusal, RequestId, Service, ServiceEvent,
    clock::{Clock, os_random, reached},
};

/// Serves provisioning over HTTP.
///
/// One client at a time: a second one that comes while the first is in the middle of its work is told so (503 with
/// `Retry-After`), and gets its turn when the first one's connection has closed, when 10 s have passed without a request
/// of its, or when its handshake takes longer than 10 s. `proto-ver` answers everyone.
pub struct HttpService {
    address: SocketAddr,
    listener: Option<TcpListener>,
    endpoints: Arc<[String]>,
    sessions: Sessions,
    /// What the sessions' moments are counted from.
    clock: Clock,
    connections: HashMap<ConnectionId, Open>,
    /// Requests being answered.
    pending: HashMap<RequestId, Pending>,
    /// Requests of other clients, and when to decide on them finally.
    put_off: VecDeque<(Instant, Incoming)>,
    /// What is to be told before anything new is waited for.
    told: VecDeque<ServiceEvent>,
    tasks: JoinSet<()>,
    notices: mpsc::Receiver<Notice>,
    notify: mpsc::Sender<Notice>,
    ending: watch::Sender<bool>,
    /// No connection is accepted before this moment.
    accept_after: Option<Instant>,
    last_number: u64,
}

/// A connection as the service sees it.
struct Open {
    peer: SocketAddr,
    task: AbortHandle,
    last_active: Instant,
}

/// A request being answered.
struct Pending {
    connection: ConnectionId,
    session: Option<SessionId>,
    kind: Kind,
    /// Whether the request began its session.
    began: bool,
    answer: oneshot::Sender<Answer>,
}

/// Whether a request that has to wait is looked at once more.
#[derive(Clone, Copy)]
enum Chance {
    First,
    Last,
}

/// Connections served at once. When there are so many, the one idle for longest makes room.
const MAX_CONNECTIONS: usize = 32;
/// A connection may be idle for so long as there is room.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// A connection has so long to send something, again, before it can be made to go.
const GRACE: Duration = Duration::from_millis(50);
/// That a client has left is often seen only after the next one's first request: two sockets tell in no order. So
/// nobody is told to come back before a second look.
const SECOND_LOOK: Duration = Duration::from_millis(20);
/// Pause after the operating system refused a connection (it may be out of file descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections that wait to be accepted.
const BACKLOG: u32 = 64;
/// For answers to leave when the service ends.
const END_TIME: Duration = Duration::from_secs(1);

impl HttpService {
    /// Takes `address`; clients can connect from now on, and are served once provisioning has started.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpListener::bind(address).await?)
    }

    /// Takes `address` on the network interface called `interface` alone: no client comes by another one, whatever it
    /// sends packets to.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn bind_to(interface: &str, address: SocketAddr) -> io::Result<Self> {
        Self::new(listen_on(interface, address)?)
    }

    /// Listens on `interface` from now on, when the one before has gone. Clients' sessions stay.
    pub(crate) fn move_to(&mut self, interface: &str) -> io::Result<()> {
        // As long as the old one listens, the address is taken.
        self.listener = None;
        self.listener = Some(listen_on(interface, self.address)?);
        Ok(())
    }

    fn new(listener: TcpListener) -> io::Result<Self> {
        let (notify, notices) = mpsc::channel(MAX_CONNECTIONS);
        Ok(Self {
            address: listener.local_addr()?,
            listener: Some(listener),
            endpoints: Arc::default(),
            sessions: Sessions::default(),
            clock: Clock::start(),
            connections: HashMap::new(),
            pending: HashMap::new(),
            put_off: VecDeque::new(),
            told: VecDeque::new(),
            tasks: JoinSet::new(),
            notices,
            notify,
            ending: watch::Sender::new(false),
            accept_after: None,
            last_number: 0,
        })
    }

    /// The address clients connect to, with the port that was chosen if none was given.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    fn on_accepted(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, peer)) => self.open(stream, peer),
            Err(error) => {
                self.accept_after = Some(Instant::now() + ACCEPT_PAUSE);
                self.tell(ClientEvent::AcceptFailed {
                    error: error.to_string(),
                });
            }
        }
    }

    fn open(&mut self, stream: TcpStream, peer: SocketAddr) {
        // Answers are small and whole: waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let id = ConnectionId(self.next_number());
        let connection = Connection {
            id,
            peer,
            stream,
            endpoints: Arc::clone(&self.endpoints),
            notices: self.notify.clone(),
            ending: self.ending.subscribe(),
            unread: Vec::new(),
        };
        let task = self.tasks.spawn(connection.serve());
        self.connections.insert(
            id,
            Open {
                peer,
                task,
                last_active: Instant::now(),
            },
        );
        self.tell(ClientEvent::Connected { peer: peer.into() });
    }

    /// Which connection has to go, and when: the one idle for longest, and soon if there is no room for a newer one.
    /// The session's owner may be idle for as long as it likes.
    fn next_to_go(&self) -> Option<(ConnectionId, Instant)> {
        let time = if self.has_room() { IDLE_TIME } else { GRACE };
        let waits = |id: &ConnectionId| self.pending.values().any(|pending| pending.connection == *id);
        let can_go = |(id, _): &(&ConnectionId, &Open)| !self.sessions.is_owner(**id) && !waits(id);
        let idlest = self
            .connections
            .iter()
            .filter(can_go)
            .min_by_key(|(_, open)| open.last_active);
        idlest.map(|(id, open)| (*id, open.last_active + time))
    }

    fn has_room(&self) -> bool {
        self.connections.len() < MAX_CONNECTIONS
    }

    fn end(&mut self, id: ConnectionId) {
        let made_room = !self.has_room();
        if let Some(Open { peer, task, .. }) = self.connections.remove(&id) {
            task.abort();
            self.forget(id);
            if made_room {
                self.tell(ClientEvent::Refused {
                    peer: peer.into(),
                    reason: Refusal::Evicted,
                });
            }
            self.tell(ClientEvent::Disconnected { peer: peer.into() });
        }
    }

    /// A client that has left, or is about to be left, has no session and waits for nothing.
    fn forget(&mut self, connection: ConnectionId) {
        self.sessions.connection_closed(connection);
        self.put_off.retain(|(_, incoming)| incoming.connection != connection);
    }

    fn on_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Request(incoming) => self.on_request(incoming, Chance::First),
            Notice::Refused { peer, reason } => self.tell(ClientEvent::Refused {
                peer: peer.into(),
                reason,
            }),
            Notice::Closing(connection) => self.forget(connection),
            Notice::Closed { connection, peer } => {
                if self.connections.remove(&connection).is_some() {
                    self.tell(ClientEvent::Disconnected { peer: peer.into() });
                }
            }
        }
    }

    fn on_request(&mut self, incoming: Incoming, chance: Chance) {
        let now = Instant::now();
        let connection = incoming.connection;
        match self.connections.get_mut(&connection) {
            Some(open) => open.last_active = now,
            // It had to go just when its request was complete.
            None => return,
        }
        let head = &incoming.head;
        let (session, began) = match self
            .sessions
            .admit(head.kind, head.cookie, connection, self.clock.now(), || {
                draw_session(&mut os_random)
            }) {
            Admission::Same(session) => (Some(session), false),
            Admission::New(session) => {
                self.told.push_back(ServiceEvent::SessionOpened(session));
                (Some(session), true)
            }
            Admission::Outside => (None, false),
            Admission::Busy => return self.put_off(incoming, chance),
        };
        let id = RequestId(self.next_number());
        let Incoming {
            head,
            endpoint,
            body,
            answer,
            ..
        } = incoming;
        self.pending.insert(
            id,
            Pending {
                connection,
                session,
                kind: head.kind,
                began,
                answer,
            },
        );
        self.told.push_back(ServiceEvent::Request {
            id,
            session,
            endpoint,
            message: body,
        });
    }

    /// Decides once more in a moment, then has the client come back later.
    fn put_off(&mut self, incoming: Incoming, chance: Chance) {
        match chance {
            Chance::First => self.put_off.push_back((Instant::now() + SECOND_LOOK, incoming)),
            Chance::Last => {
                // A client that has gone needs no answer.
                let _ = incoming.answer.send(Answer::Busy);
                self.tell(ClientEvent::Busy {
                    peer: incoming.peer.into(),
                });
            }
        }
    }

    fn tell(&mut self, event: ClientEvent) {
        self.told.push_back(ServiceEvent::Client(event));
    }

    const fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }
}

impl Service for HttpService {
    async fn start(&mut self, endpoints: &[&str]) -> io::Result<()> {
        self.endpoints = endpoints.iter().copied().map(str::to_owned).collect();
        Ok(())
    }

    async fn next(&mut self) -> ServiceEvent {
        loop {
            if let Some(event) = self.told.pop_front() {
                return event;
            }
            let has_room = self.has_room();
            let next_to_go = self.next_to_go();
            let second_look = self.put_off.front().map(|(at, _)| *at);
            // Notices come first: who has left, has left before the next one came.
            tokio::select! {
                biased;
                Some(notice) = self.notices.recv() => self.on_notice(notice),
                Some(_) = self.tasks.join_next() => {}
                () = reached(second_look), if second_look.is_some() => {
                    if let Some((_, incoming)) = self.put_off.pop_front() {
                        self.on_request(incoming, Chance::Last);
                    }
                }
                id = due(next_to_go) => self.end(id),
                accepted = accept(self.listener.as_ref(), self.accept_after), if has_room => {
                    self.accept_after = None;
                    self.on_accepted(accepted);
                }
            }
        }
    }

    fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        let Some(Pending {
            connection,
            session,
            kind,
            began,
            answer: sender,
        }) = self.pending.remove(&request)
        else {
            return;
        };
        let now = Instant::now();
        if let Some(open) = self.connections.get_mut(&connection) {
            open.last_active = now;
        }
        match (session, answer) {
            (Some(session), Some(_)) => self.sessions.answered(session, kind, self.clock.now()),
            (Some(session), None) => self.sessions.failed(session, kind, self.clock.now()),
            (None, _) => {}
        }
        if let Some(body) = answer {
            let cookie = session.filter(|_| began);
            // A client that has gone needs no answer.
            let _ = sender.send(Answer::Success {
                body: body.to_vec(),
                cookie,
            });
        }
    }

    async fn stop(&mut self) {
        self.listener = None;
        // Nobody listens any more: what waits for an answer, or waits to ask, must not wait for ever.
        self.notices.close();
        self.pending.clear();
        self.put_off.clear();
        self.ending.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // Who has not taken an answer by now does not want it.
        let _ = timeout(END_TIME, ended).await;
        self.tasks.shutdown().await;
    }
}

fn listen_on(interface: &str, address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Connections of an earlier life may not be over yet.
    socket.set_reuseaddr(true)?;
    socket.bind_device(Some(interface.as_bytes()))?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts a connection, but not before `after`.
async fn accept(listener: Option<&TcpListener>, after: Option<Instant>) -> io::Result<(TcpStream, SocketAddr)> {
    if after.is_some() {
        reached(after).await;
    }
    match listener {
        Some(listener) => listener.accept().await,
        None => future::pending().await,
    }
}

/// Waits until a connection has to go; for ever if none has to.
async fn due(next_to_go: Option<(ConnectionId, Instant)>) -> ConnectionId {
    reached(next_to_go.map(|(_, at)| at)).await;
    match next_to_go {
        Some((id, _)) => id,
        None => future::pending().await,
    }
}
