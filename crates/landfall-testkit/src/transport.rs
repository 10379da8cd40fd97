use core::{cell::RefCell, time::Duration};
use std::{collections::VecDeque, rc::Rc};

use landfall_client::{Transport, TransportError};
use landfall_protocomm::{Instant, SessionId};

use crate::{Answer, Caller, Clock, ExchangeEnd, Fate, Link, Packet, Record, VirtualDevice};

/// The client's transport to a [`VirtualDevice`] over a bad [`Link`], with the rules of HTTP: the cookie is kept, a
/// refused request closes the connection without an answer, and so does the client after a time-out.
#[derive(Debug)]
pub struct VirtualTransport {
    shared: Shared,
    link: Link,
    client: u32,
    connection: Option<u32>,
    cookie: Option<SessionId>,
    /// Answers that have arrived on the connection and that nobody has taken.
    inbox: VecDeque<Packet>,
    exchanges: u32,
    power_cut_at: Option<u32>,
    /// An exchange has begun; if it still stands when the next one begins, its future was dropped.
    under_way: bool,
}

/// What all clients of a device share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) device: Rc<RefCell<VirtualDevice>>,
    pub(crate) record: Rc<RefCell<Record>>,
    pub(crate) connections: Rc<RefCell<u32>>,
}

/// Longest wait for an answer, as our HTTP transport has it.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Time a device needs to start again.
const REBOOT: Duration = Duration::from_secs(2);

impl VirtualTransport {
    pub(crate) fn new(shared: Shared, link: Link, client: u32) -> Self {
        Self {
            shared,
            link,
            client,
            connection: None,
            cookie: None,
            inbox: VecDeque::new(),
            exchanges: 0,
            power_cut_at: None,
            under_way: false,
        }
    }

    /// Cuts the device's power when exchange number `exchange`, from 0, begins.
    pub fn cut_power_at(&mut self, exchange: u32) {
        self.power_cut_at = Some(exchange);
    }

    /// Exchanges so far.
    pub fn exchanges(&self) -> u32 {
        self.exchanges
    }

    /// Leaves without closing the connection, as a phone that walks out of range does. Used again, it connects anew.
    pub fn vanish(&mut self) {
        self.connection = None;
    }

    /// Gives the answer that arrived, and whether it is the one that the device gave to this very request.
    async fn exchange(&mut self, request: &Packet) -> Result<(Vec<u8>, bool), TransportError> {
        let deadline = self.now() + TIMEOUT;
        self.begin()?;
        let requests = self.carry(Way::Up, request, deadline).await?;
        let mut genuine = None;
        for packet in &requests {
            let Some((answer, cookie)) = self.ask(packet, deadline).await? else {
                break;
            };
            let answers = self.carry(Way::Down, &answer, deadline).await?;
            self.cookie = cookie.filter(|_| !answers.is_empty()).or(self.cookie);
            self.inbox.extend(answers);
            if packet == request {
                genuine.get_or_insert(answer);
            }
        }
        let Some(answer) = self.inbox.pop_front() else {
            return Err(match self.connection {
                Some(_) => self.time_out(deadline).await,
                None => TransportError::Refused,
            });
        };
        let is_genuine = genuine.is_some_and(|genuine| genuine == answer);
        Ok((answer.bytes, is_genuine))
    }

    /// Begins an exchange on a connection.
    fn begin(&mut self) -> Result<(), TransportError> {
        let number = self.exchanges;
        self.exchanges += 1;
        if self.power_cut_at == Some(number) {
            self.shared.device.borrow_mut().cut_power(self.now(), REBOOT);
            self.connection = None;
        }
        match self.connection {
            Some(_) => Ok(()),
            None => self.connect(),
        }
    }

    fn connect(&mut self) -> Result<(), TransportError> {
        self.close();
        if !self.shared.device.borrow_mut().is_serving(self.now()) {
            return Err(TransportError::Unreachable("connection refused".to_owned()));
        }
        let mut connections = self.shared.connections.borrow_mut();
        *connections += 1;
        self.connection = Some(*connections);
        Ok(())
    }

    fn close(&mut self) {
        self.inbox.clear();
        if let Some(connection) = self.connection.take() {
            self.shared
                .device
                .borrow_mut()
                .connection_closed(self.now(), connection);
        }
    }

    /// Sends a packet one way and waits for what arrives; nothing may, if an earlier answer is there to be taken.
    async fn carry(&mut self, way: Way, packet: &Packet, deadline: Instant) -> Result<Vec<Packet>, TransportError> {
        self.shared.record.borrow_mut().wire.push(packet.clone());
        let path = match way {
            Way::Up => &mut self.link.up,
            Way::Down => &mut self.link.down,
        };
        match path.send(packet) {
            Fate::Arrives(delay, packets) if self.now() + delay <= deadline => {
                self.shared.clock.sleep_until(self.now() + delay).await;
                Ok(packets)
            }
            Fate::Lost if !self.inbox.is_empty() => Ok(Vec::new()),
            Fate::Arrives(..) | Fate::Lost => Err(self.time_out(deadline).await),
            Fate::Disconnected => {
                self.close();
                Err(TransportError::Lost("connection reset".to_owned()))
            }
        }
    }

    /// Has the device take a request; `None` if it closed the connection instead of answering.
    async fn ask(&mut self, packet: &Packet, deadline: Instant) -> Result<Option<Told>, TransportError> {
        let Some(connection) = self.connection else {
            return Ok(None);
        };
        let caller = Caller {
            cookie: self.cookie,
            connection,
        };
        let answer = self
            .shared
            .device
            .borrow_mut()
            .request(self.now(), caller, &packet.endpoint, &packet.bytes);
        match answer {
            Answer::Reply { bytes, cookie } => Ok(Some((Packet::new(&packet.endpoint, &bytes), cookie))),
            Answer::Later(session) => {
                let ready = self.shared.device.borrow_mut().wait_later(session, deadline);
                let Some((moment, bytes)) = ready else {
                    return Err(self.time_out(deadline).await);
                };
                self.shared.clock.sleep_until(moment).await;
                Ok(Some((Packet::new(&packet.endpoint, &bytes), None)))
            }
            Answer::Refused => {
                // Answers that are on their way still arrive.
                self.connection = None;
                self.shared
                    .device
                    .borrow_mut()
                    .connection_closed(self.now(), connection);
                Ok(None)
            }
            Answer::UnknownEndpoint => Err(TransportError::NoSuchEndpoint),
            Answer::Busy => Err(TransportError::Busy),
            Answer::Absent => {
                self.close();
                Err(TransportError::Lost("connection reset".to_owned()))
            }
        }
    }

    async fn time_out(&mut self, deadline: Instant) -> TransportError {
        self.shared.clock.sleep_until(deadline).await;
        self.close();
        TransportError::TimedOut(TIMEOUT.as_secs())
    }

    fn now(&self) -> Instant {
        self.shared.clock.now()
    }
}

impl Transport for VirtualTransport {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        if self.under_way {
            self.close();
        }
        self.under_way = true;
        let request = Packet::new(endpoint, request);
        let index = self.shared.record.borrow_mut().begin(self.client, &request);
        self.shared.clock.sleep_until(self.now()).await;
        let result = self.exchange(&request).await;
        self.under_way = false;
        let end = match &result {
            Ok((answer, true)) => ExchangeEnd::Answered(answer.clone()),
            Ok((answer, false)) => ExchangeEnd::Altered(answer.clone()),
            Err(error) => ExchangeEnd::Failed(error.clone()),
        };
        self.shared.record.borrow_mut().exchanges[index].end = end;
        result.map(|(answer, _)| answer)
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.shared.clock.sleep_until(self.now()).await;
        self.connect()
    }
}

impl Drop for VirtualTransport {
    fn drop(&mut self) {
        self.close();
    }
}

/// An answer and the cookie that comes with it.
type Told = (Packet, Option<SessionId>);

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}
