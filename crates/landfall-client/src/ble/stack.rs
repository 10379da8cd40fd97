//! The link over a Bluetooth stack that runs in a thread of its own, so that it answers the device's own requests while
//! nothing is asked, and says goodbye in whatever way the link ends.

use core::{
    future::{Future, poll_fn},
    sync::atomic::{AtomicBool, Ordering},
    task::{Poll, ready},
    time::Duration,
};
use std::{
    borrow::ToOwned,
    io,
    string::ToString,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{Builder, JoinHandle},
    vec::Vec,
};

#[cfg(any(feature = "bluez", feature = "btleplug"))]
use landfall_protocomm::gatt::Uuid;
use landfall_protocomm::{
    Endpoint,
    gatt::{EndpointNumber, ServiceUuid},
};
use tokio::{
    runtime::{self, Runtime},
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};
use zeroize::Zeroizing;

use super::{Characteristic, GattLink};
use crate::TransportError;

/// A connection over a Bluetooth stack.
///
/// When it is dropped it waits until the device has been told (5 s at most, as BlueZ takes 2 s of its own).
pub struct StackLink {
    serve: Arc<Serve>,
    host: Host,
}

/// Serves one device in the thread that calls it, until nobody is left who orders.
type Serve = dyn Fn(&Runtime, Orders) + Send + Sync;

/// What makes connections to one device.
pub(super) trait Stack: Send + Sync + 'static {
    /// Makes connections as long as some are wanted, and does what is ordered on them. One that returns early is lost.
    async fn serve(&self, orders: Orders);
}

/// The device at the other end of a connection, as its stack has it.
pub(super) trait Peer {
    /// Lists the characteristics of the provisioning service; from the second time on those that it has now, whatever
    /// is cached.
    async fn list(&mut self) -> Result<Vec<Characteristic>, TransportError>;

    /// Writes a value.
    async fn write(&mut self, handle: u16, value: &Zeroizing<Vec<u8>>) -> Result<(), TransportError>;

    /// Reads a value.
    async fn read(&mut self, handle: u16) -> Result<Vec<u8>, TransportError>;

    /// Waits, while nothing else is done, until the connection is gone.
    async fn ended(&self);
}

/// So long the attribute protocol lets a device work on a request.
const ANSWER_TIME: Duration = Duration::from_secs(30);
const READ_AGAIN: Duration = Duration::from_millis(500);

/// What a stack is to do.
pub(super) struct Orders {
    waiting: mpsc::UnboundedReceiver<Order>,
    connected: Arc<AtomicBool>,
    wanted: Wanted,
}

/// Who waits for a connection, shared so that it can be watched while the connection is made.
#[derive(Clone)]
struct Wanted(Arc<Mutex<Option<Answer<()>>>>);

/// Why a connection is to be ended.
pub(super) enum End {
    /// There is nobody left who orders, or a new connection is wanted.
    Parting,
    /// Somebody no longer waits for what the device has yet to answer.
    GivenUp,
    /// The connection is gone.
    Lost,
}

/// The thread, which ends when there is nobody left who orders.
struct Host {
    orders: Option<mpsc::UnboundedSender<Order>>,
    connected: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    List(Answer<Vec<Characteristic>>),
    Write {
        handle: u16,
        value: Zeroizing<Vec<u8>>,
        answer: Answer<()>,
    },
    Read {
        handle: u16,
        answer: Answer<Vec<u8>>,
    },
    Reconnect(Answer<()>),
}

/// Whoever ordered may have gone when it is done.
type Answer<T> = oneshot::Sender<Result<T, TransportError>>;

impl StackLink {
    /// Has `stack` make a connection.
    pub(super) async fn open(stack: impl Stack) -> Result<Self, TransportError> {
        let serve: Arc<Serve> = Arc::new(move |runtime, orders| runtime.block_on(stack.serve(orders)));
        let host = Host::start(&serve).await?;
        Ok(Self { serve, host })
    }
}

impl GattLink for StackLink {
    fn characteristics(&mut self) -> impl Future<Output = Result<Vec<Characteristic>, TransportError>> {
        self.host.order(Order::List)
    }

    async fn write(&mut self, characteristic: &Characteristic, value: &[u8]) -> Result<(), TransportError> {
        let (handle, value) = (characteristic.handle, Zeroizing::new(value.to_vec()));
        self.host.order(|answer| Order::Write { handle, value, answer }).await
    }

    async fn read(&mut self, characteristic: &Characteristic) -> Result<Vec<u8>, TransportError> {
        let handle = characteristic.handle;
        self.host.order(|answer| Order::Read { handle, answer }).await
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        if self.host.is_over() {
            self.host = Host::start(&self.serve).await?;
            return Ok(());
        }
        self.host.order(Order::Reconnect).await
    }

    fn is_connected(&self) -> bool {
        self.host.connected.load(Ordering::Relaxed)
    }
}

impl Orders {
    /// Whether a connection is wanted.
    pub(super) fn want_connection(&self) -> bool {
        self.wanted.lock().is_some()
    }

    /// Tells whoever waits for a connection what has come of it.
    pub(super) fn tell(&mut self, result: Result<(), TransportError>) {
        self.connected.store(result.is_ok(), Ordering::Relaxed);
        let waiting = self.wanted.lock().take();
        if let Some(answer) = waiting {
            // It may have gone meanwhile.
            _ = answer.send(result);
        }
    }

    /// Waits until nobody waits any more for the connection that was wanted, which then is no longer. It never comes to
    /// that once something was told.
    pub(super) fn given_up(&self) -> impl Future<Output = ()> + use<> {
        let wanted = self.wanted.clone();
        poll_fn(move |context| {
            let mut wanted = wanted.lock();
            let Some(answer) = &mut *wanted else {
                return Poll::Pending;
            };
            ready!(answer.poll_closed(context));
            *wanted = None;
            Poll::Ready(())
        })
    }

    /// Does what is ordered on the connection to `peer`.
    pub(super) async fn obey(&mut self, peer: &mut impl Peer) -> End {
        loop {
            let order = tokio::select! {
                biased;
                order = self.waiting.recv() => order,
                () = peer.ended() => return End::Lost,
            };
            let answered = match order {
                None => return End::Parting,
                Some(Order::List(answer)) => answer_with(answer, peer.list()).await,
                Some(Order::Write { handle, value, answer }) => answer_with(answer, peer.write(handle, &value)).await,
                Some(Order::Read { handle, answer }) => answer_with(answer, read(peer, handle)).await,
                Some(Order::Reconnect(answer)) => {
                    *self.wanted.lock() = Some(answer);
                    return End::Parting;
                }
            };
            if !answered {
                return End::GivenUp;
            }
        }
    }

    /// Takes note that the connection is gone.
    pub(super) fn disconnected(&self) {
        self.connected.store(false, Ordering::Relaxed);
    }

    /// Waits until a connection is wanted again. What else is ordered is lost.
    pub(super) async fn next_wanted(&mut self) {
        while !self.want_connection()
            && let Some(order) = self.waiting.recv().await
        {
            if let Order::Reconnect(answer) = order {
                *self.wanted.lock() = Some(answer);
            }
        }
    }
}

impl Wanted {
    fn lock(&self) -> MutexGuard<'_, Option<Answer<()>>> {
        // Nothing is left half done, whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whatever way a stack ends, it has no connection any more.
impl Drop for Orders {
    fn drop(&mut self) {
        self.disconnected();
    }
}

impl Host {
    async fn start(serve: &Arc<Serve>) -> Result<Self, TransportError> {
        let (orders, waiting) = mpsc::unbounded_channel();
        let (wanted, opened) = oneshot::channel();
        let connected = Arc::new(AtomicBool::new(false));
        let taken = Orders {
            waiting,
            connected: Arc::clone(&connected),
            wanted: Wanted(Arc::new(Mutex::new(Some(wanted)))),
        };
        let cannot_run = |error: io::Error| TransportError::Unreachable(error.to_string());
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(cannot_run)?;
        let serve = Arc::clone(serve);
        let thread = Builder::new()
            .name("bluetooth".to_owned())
            .spawn(move || serve(&runtime, taken));
        let host = Self {
            orders: Some(orders),
            connected,
            thread: Some(thread.map_err(cannot_run)?),
        };
        opened.await.map_err(|_| ended())??;
        Ok(host)
    }

    /// Has `order` done.
    async fn order<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, TransportError> {
        let (answer, done) = oneshot::channel();
        let sent = self.orders.as_ref().map(|orders| orders.send(order(answer)));
        match sent {
            Some(Ok(())) => done.await.map_err(|_| ended())?,
            _ => Err(ended()),
        }
    }

    /// Whether the stack is lost.
    fn is_over(&self) -> bool {
        self.orders.as_ref().is_none_or(mpsc::UnboundedSender::is_closed)
    }
}

/// Says goodbye to the device and waits until that is done.
impl Drop for Host {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            _ = thread.join();
        }
    }
}

/// What an order ends with that was not carried out, as the connection is gone.
pub(super) fn ended() -> TransportError {
    TransportError::Lost("the device ended it, or is out of range".to_owned())
}

/// The services that devices commonly have.
pub(super) const USUAL: [ServiceUuid; 3] = [ServiceUuid::EXAMPLE, ServiceUuid::COMPONENT, ServiceUuid::EARLY];

/// Whether Bluetooth has assigned this UUID's number; then it is no maker's own.
#[cfg(any(feature = "bluez", feature = "btleplug"))]
pub(super) const fn is_assigned(uuid: Uuid) -> bool {
    // Early firmware's UUID is one of those.
    ServiceUuid::EARLY.number_of(uuid).is_some()
}

/// The service among those that a device advertises that may be the provisioning service: a usual one, or one with a
/// UUID of its own.
#[cfg(any(feature = "bluez", feature = "btleplug"))]
pub(super) fn provisioning_service(advertised: &[Uuid]) -> Option<ServiceUuid> {
    let usual = USUAL.into_iter().find(|usual| advertised.contains(&usual.uuid()));
    let own = || advertised.iter().find(|uuid| !is_assigned(**uuid));
    usual.or_else(|| own().copied().map(ServiceUuid::new))
}

/// Whether a service with these characteristics has the endpoint that every provisioning service has.
pub(super) fn has_sessions<'a>(found: impl IntoIterator<Item = &'a Characteristic>) -> bool {
    let number = EndpointNumber::built_in(Endpoint::SESSION);
    found.into_iter().any(|found| {
        let by_number = number.is_some_and(|number| found.service.characteristic(number) == found.uuid);
        by_number || found.name.as_deref() == Some(Endpoint::SESSION.as_str())
    })
}

/// Reads a value. A device on BlueZ has to acknowledge a long request early, and then says that it is busy until it has
/// the answer.
async fn read(peer: &mut impl Peer, handle: u16) -> Result<Vec<u8>, TransportError> {
    let end = Instant::now() + ANSWER_TIME;
    loop {
        match peer.read(handle).await {
            Err(TransportError::Busy) if Instant::now() < end => sleep(READ_AGAIN).await,
            result => return result,
        }
    }
}

/// Does something for whoever waits for the answer; gives whether it was done. Otherwise nobody waits any more.
async fn answer_with<T>(mut answer: Answer<T>, work: impl Future<Output = Result<T, TransportError>>) -> bool {
    let result = tokio::select! {
        biased;
        result = work => result,
        () = answer.closed() => return false,
    };
    answer.send(result).is_ok()
}
