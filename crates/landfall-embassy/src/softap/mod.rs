//! Provisioning in the device's own access point (spec transports.md 2): HTTP, and DHCP and DNS for the guests, on an
//! `embassy-net` stack.
//!
//! What is served and what is answered are the rules of [`landfall_softap`], which devices on an operating system share. Here
//! is what carries them: a few TCP connections (`connection`) and two UDP sockets (`guests`), all in the task that
//! provisions.
//!
//! The firmware brings the access point up (its name is how the device is found), and runs the stack:
//!
//! ```no_run
//! use embassy_net::{Stack, StackResources, driver::Driver};
//! use landfall_embassy::{protocomm::Random, softap::{self, Room, SoftApService}};
//!
//! async fn service<D: Driver>(access_point: D, random: impl Random) {
//!     let mut resources = StackResources::<{ softap::sockets(3) }>::new();
//!     let mut room = Room::<3, 1024>::new();
//!     // The seed of the stack's sequence numbers is to be random, too.
//!     let (stack, mut runner) = embassy_net::new(access_point, softap::config(softap::ADDRESS), &mut resources, 1);
//!     let service = SoftApService::new(stack, &mut room, random);
//!     # let _ = (service, runner.run());
//!     // device.provision(service, &mut app).await, beside runner.run().await
//! }
//! ```

mod connection;
mod guests;
mod once;
mod room;
mod state;

use core::{
    future::poll_fn,
    net::Ipv4Addr,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use embassy_net::{Ipv4Cidr, Stack, StaticConfigV4};
use embassy_time::with_timeout;
use landfall_protocomm::{Instant, Random, SessionId};
use landfall_softap::http::{Admission, ConnectionId, Sessions, draw_session};

pub use self::room::Room;
use self::{
    connection::{Connection, News},
    guests::Guests,
};
use crate::{Buffer, ClientEvent, RequestId, Service, ServiceEvent, clock, names::Names};

/// The address that Espressif's devices have in their access points.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

/// How many sockets the stack of a service of so many connections has to have room for.
pub const fn sockets(connections: usize) -> usize {
    connections + 2
}

/// The configuration of an access point's stack: `own` is the device's address, of a /24.
pub fn config(own: Ipv4Addr) -> embassy_net::Config {
    embassy_net::Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(own, 24),
        gateway: None,
        dns_servers: Default::default(),
    })
}

/// Serves provisioning over HTTP on port 80 of an access point, and addresses and names to its guests.
///
/// One client at a time: a second one that comes while the first is in the middle of its work is told so (503 with
/// `Retry-After`), and gets its turn when the first one's connection has closed, when 10 s have passed without a request of
/// its, or when its handshake takes longer than 10 s. `proto-ver` answers everyone.
///
/// `CONNECTIONS` are served at once, and one of them is kept free for whoever comes next: three are enough for a phone that
/// opens a second one. `REQUEST` is the longest request's head, the longest body and the longest answer, octets: what the
/// known clients send fits 1,024; the protocol has bodies of up to 4,096.
///
/// All work is done in [`Service::next`] and the other functions; nothing is spawned.
pub struct SoftApService<'a, R, const CONNECTIONS: usize, const REQUEST: usize> {
    stack: Stack<'a>,
    random: R,
    connections: [Connection<'a>; CONNECTIONS],
    guests: Guests<'a>,
    names: Names,
    sessions: Sessions,
    last_connection: u64,
    last_request: u32,
}

/// Why the service could not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The stack is not configured.
    #[error("the access point's network stack has no IPv4 address; configure it as `softap::config` says")]
    NoAddress,
    /// There is no room for the endpoints' names.
    #[error("the endpoints' names are too long; together they may have {} bytes", Names::MAX_LEN)]
    Names,
    /// Another socket of the stack was bound in the service's place.
    #[error("the access point's network stack gives no UDP socket for DHCP and DNS")]
    Udp,
}

/// What comes out of a turn.
enum Happened {
    Opened(SessionId),
    Request {
        id: RequestId,
        session: Option<SessionId>,
        endpoint: usize,
        /// Whose memory has the message, and how much of it.
        connection: usize,
        len: usize,
    },
    Client(ClientEvent),
}

/// A connection may be idle for so long as there is room.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// A connection has so long to send something, again, before it can be made to go. Over the air, a request follows its
/// connection within some tens of milliseconds.
const GRACE: Duration = Duration::from_millis(500);
/// For answers to leave when the service ends, also if they have to be sent twice.
const END_TIME: embassy_time::Duration = embassy_time::Duration::from_secs(3);

impl<'a, R: Random, const CONNECTIONS: usize, const REQUEST: usize> SoftApService<'a, R, CONNECTIONS, REQUEST> {
    /// Clients are served once provisioning has started; `random` is what nobody can guess a session's cookie for.
    ///
    /// # Panics
    /// When the stack has no room for [`sockets`] more.
    pub fn new(stack: Stack<'a>, room: &'a mut Room<CONNECTIONS, REQUEST>, random: R) -> Self {
        const {
            assert!(CONNECTIONS >= 2, "one connection is kept free for whoever comes next");
            assert!(REQUEST >= 512, "a request's head has up to 512 octets");
        }
        let Room { connections, guests } = room;
        Self {
            stack,
            random,
            connections: connections.each_mut().map(|desk| Connection::new(stack, desk)),
            guests: Guests::new(stack, guests),
            names: Names::default(),
            sessions: Sessions::default(),
            last_connection: 0,
            last_request: 0,
        }
    }

    /// Works until there is something to tell.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Happened> {
        loop {
            let now = clock::now();
            self.guests.poll(cx, now);
            // All connections first: who has left, has left before the next one's request is decided on.
            if let Some(event) = self.poll_connections(cx, now) {
                return Poll::Ready(Happened::Client(event));
            }
            if let Some(happened) = self.hand_over(now) {
                return Poll::Ready(happened);
            }
            let to_go = self.next_to_go();
            if let Some((index, _)) = to_go.filter(|(_, at)| *at <= now) {
                return Poll::Ready(Happened::Client(self.evict(index, now)));
            }
            let deadlines = self.connections.iter().filter_map(Connection::deadline);
            let next = deadlines.chain(to_go.map(|(_, at)| at)).min();
            if pin!(clock::reached(next)).poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn poll_connections(&mut self, cx: &mut Context<'_>, now: Instant) -> Option<ClientEvent> {
        for index in 0..CONNECTIONS {
            while let Some(connection) = self.connections.get_mut(index)
                && let Poll::Ready(news) = connection.poll(cx, now, &self.names)
            {
                if let Some(event) = self.on_news(index, news) {
                    return Some(event);
                }
            }
        }
        None
    }

    fn on_news(&mut self, index: usize, news: News) -> Option<ClientEvent> {
        let connection = self.connections.get_mut(index)?;
        if let News::Connected = news {
            self.last_connection += 1;
            connection.id = ConnectionId(self.last_connection);
            return Some(ClientEvent::Connected);
        }
        // Before the client can notice: once it does, another client's turn has come.
        self.sessions.connection_closed(connection.id);
        match news {
            News::Connected | News::Leaving => None,
            News::Refused => Some(ClientEvent::Refused),
            News::Gone => Some(ClientEvent::Disconnected),
        }
    }

    /// Finds the next request that is complete, and whose it is.
    fn hand_over(&mut self, now: Instant) -> Option<Happened> {
        let admitted = |connection: &Connection<'_>| connection.admitted().is_some();
        if let Some(index) = self.connections.iter().position(admitted) {
            return self.lend(index);
        }
        for connection in &mut self.connections {
            let Some(head) = connection.complete() else { continue };
            let draw = || draw_session(&mut self.random);
            match self.sessions.admit(head.kind, head.cookie, connection.id, now, draw) {
                Admission::Same(session) => connection.admit(Some(session), false, now),
                Admission::Outside => connection.admit(None, false, now),
                Admission::New(session) => {
                    connection.admit(Some(session), true, now);
                    return Some(Happened::Opened(session));
                }
                Admission::Busy => {
                    connection.turn_away(now);
                    return Some(Happened::Client(ClientEvent::Busy));
                }
            }
        }
        let index = self.connections.iter().position(admitted)?;
        self.lend(index)
    }

    /// Gives the request that waits on a connection a number.
    fn lend(&mut self, index: usize) -> Option<Happened> {
        let connection = self.connections.get_mut(index)?;
        let (head, session) = connection.admitted()?;
        self.last_request = self.last_request.wrapping_add(1);
        let id = RequestId(self.last_request);
        connection.wait(id);
        Some(Happened::Request {
            id,
            session,
            endpoint: head.endpoint,
            connection: index,
            len: head.body_len,
        })
    }

    /// Which connection has to go, and when: the one idle for longest, and soon if there is no room for a newer one. The
    /// session's owner may be idle for as long as it likes.
    fn next_to_go(&self) -> Option<(usize, Instant)> {
        let has_room = self.connections.iter().any(Connection::has_room);
        let time = if has_room { IDLE_TIME } else { GRACE };
        let can_go = |connection: &Connection<'_>| connection.can_go() && !self.sessions.is_owner(connection.id);
        let idle = self
            .connections
            .iter()
            .enumerate()
            .filter(|(_, connection)| can_go(connection));
        let idlest = idle.min_by_key(|(_, connection)| connection.last_active);
        idlest.map(|(index, connection)| (index, connection.last_active + time))
    }

    fn evict(&mut self, index: usize, now: Instant) -> ClientEvent {
        if let Some(connection) = self.connections.get_mut(index) {
            self.sessions.connection_closed(connection.id);
            connection.abort(now);
        }
        ClientEvent::Refused
    }
}

impl<R: Random, const CONNECTIONS: usize, const REQUEST: usize> Service for SoftApService<'_, R, CONNECTIONS, REQUEST> {
    const NAME: &'static str = "SoftAP";

    type Error = StartError;
    type Response = Buffer<REQUEST>;

    async fn start(&mut self, endpoints: &[&str]) -> Result<(), StartError> {
        let configured = self.stack.config_v4().ok_or(StartError::NoAddress)?;
        self.names = Names::new(endpoints).ok_or(StartError::Names)?;
        self.sessions = Sessions::default();
        self.guests.open(configured.address.address())?;
        for connection in &mut self.connections {
            connection.open();
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<ServiceEvent<'_>, StartError> {
        Ok(match poll_fn(|cx| self.poll(cx)).await {
            Happened::Opened(session) => ServiceEvent::SessionOpened(session),
            Happened::Client(event) => ServiceEvent::Client(event),
            Happened::Request {
                id,
                session,
                endpoint,
                connection,
                len,
            } => ServiceEvent::Request {
                id,
                session,
                endpoint,
                message: self.connections[connection].message(len),
            },
        })
    }

    async fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        let asks = |connection: &Connection<'_>| connection.waits_for(request);
        let Some(index) = self.connections.iter().position(asks) else {
            return;
        };
        let now = clock::now();
        match (self.connections[index].respond(answer, now), answer) {
            (Some((session, kind)), Some(_)) => self.sessions.answered(session, kind, now),
            (Some((session, kind)), None) => self.sessions.failed(session, kind, now),
            (None, _) => {}
        }
        // As much as there is room for leaves at once: what the device does next may take long.
        let news = poll_fn(|cx| Poll::Ready(self.connections[index].poll(cx, now, &self.names))).await;
        if let Poll::Ready(news) = news {
            self.on_news(index, news);
        }
    }

    async fn stop(&mut self) {
        self.guests.close();
        let now = clock::now();
        for connection in &mut self.connections {
            connection.end(now);
        }
        let ended = poll_fn(|cx| {
            let now = clock::now();
            while self.poll_connections(cx, now).is_some() {}
            match self.connections.iter().all(Connection::is_off) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        // Who has not taken an answer by now does not want it.
        let _ = with_timeout(END_TIME, ended).await;
        for connection in &mut self.connections {
            connection.cut();
        }
    }
}
