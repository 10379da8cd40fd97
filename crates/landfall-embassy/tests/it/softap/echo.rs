//! A device without a manager: each endpoint does one simple thing. So what is tested is the service alone.

use core::{cell::RefCell, pin::Pin, time::Duration};

use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use landfall_embassy::{
    RequestId, Service, ServiceEvent,
    softap::{self, Room, SoftApService},
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{
    air::{Air, Host},
    guest::{PATIENCE, all, fixed},
};

/// Connections that the device serves at once.
pub(crate) const CONNECTIONS: usize = 3;
/// Its longest body, octets.
pub(crate) const REQUEST: usize = 4096;

pub(crate) type TestService = SoftApService<'static, fn(&mut [u8]), CONNECTIONS, REQUEST>;

/// What the device's endpoints do: `echo` answers what it got, `len` how much that was, `long` as much as was asked for,
/// `slow` what it got as soon as it is [let go](Device::let_go), `fail` nothing.
const ENDPOINTS: &[&str] = &["proto-ver", "prov-session", "echo", "len", "long", "slow", "fail"];

/// Plays `script` with a guest of a device that serves.
pub(crate) async fn with_guest(script: impl AsyncFnOnce(&Device)) {
    play(Duration::from_secs(3600), all, script).await;
}

/// The same, and of what the device says only that arrives which `passes` lets.
pub(crate) async fn with_guest_through(passes: impl Fn(&[u8]) -> bool + 'static, script: impl AsyncFnOnce(&Device)) {
    play(Duration::from_secs(3600), passes, script).await;
}

/// The same with a device that waits for so long and no longer, again and again: nothing may be lost by that.
pub(crate) async fn with_guest_of_hasty(patience: Duration, script: impl AsyncFnOnce(&Device)) {
    play(patience, all, script).await;
}

async fn play(patience: Duration, passes: impl Fn(&[u8]) -> bool + 'static, script: impl AsyncFnOnce(&Device)) {
    let air = Air::default();
    let (host, guest) = (
        air.host(softap::config(softap::ADDRESS), passes),
        air.host(fixed(20), all),
    );
    let mut service = service(&host);
    let device = Device {
        air,
        guest: guest.stack,
        heard: RefCell::default(),
        let_go: Notify::new(),
    };
    let serve = serve(&mut service, patience, &device);
    beside(
        host,
        guest,
        [Box::pin(serve) as Task<'_, ()>, Box::pin(script(&device))],
    )
    .await;
}

/// A service on a stack.
pub(crate) fn service(host: &Host) -> TestService {
    let room = Box::leak(Box::new(Room::new()));
    SoftApService::new(host.stack, room, |bytes| getrandom::fill(bytes).expect("random bytes"))
}

/// A piece of work beside others.
pub(crate) type Task<'w, T> = Pin<Box<dyn Future<Output = T> + 'w>>;

/// Does `work` while two stacks run, until a piece of it is done. Each is polled when it was woken, and not else.
pub(crate) async fn beside<'w, T: 'w>(
    mut one: Host,
    mut other: Host,
    work: impl IntoIterator<Item = Task<'w, T>>,
) -> T {
    let mut tasks: FuturesUnordered<Task<'_, T>> = FuturesUnordered::new();
    tasks.push(Box::pin(async move { one.runner.run().await }));
    tasks.push(Box::pin(async move { other.runner.run().await }));
    tasks.extend(work);
    tasks.next().await.expect("there are some")
}

/// A device that serves beside a test.
pub(crate) struct Device {
    pub(crate) air: Air,
    /// A guest's stack.
    pub(crate) guest: Stack<'static>,
    heard: RefCell<Vec<String>>,
    let_go: Notify,
}

impl Device {
    /// How many things like this were heard.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.heard.borrow().iter().filter(|heard| heard.contains(what)).count()
    }

    /// Waits until a thing like this was heard.
    pub(crate) async fn until(&self, what: &str) {
        let heard = async {
            while self.count(what) == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, heard).await.expect("heard in time");
    }

    /// Has the requests to `slow` answered that were heard.
    pub(crate) fn let_go(&self) {
        self.let_go.notify_one();
    }
}

/// Serves for ever.
async fn serve(service: &mut TestService, patience: Duration, device: &Device) {
    service.start(ENDPOINTS).await.expect("it starts");
    let heard = &device.heard;
    let mut slow: Vec<(RequestId, Vec<u8>)> = Vec::new();
    loop {
        let next = select(device.let_go.notified(), timeout(patience, service.next())).await;
        let next = match next {
            Either::First(()) => {
                for (id, answer) in slow.drain(..) {
                    service.respond(id, Some(&answer)).await;
                }
                continue;
            }
            Either::Second(Ok(next)) => next.expect("it goes on"),
            Either::Second(Err(_)) => continue,
        };
        let (id, answer) = match next {
            ServiceEvent::Request {
                id,
                session,
                endpoint,
                message,
            } => {
                heard
                    .borrow_mut()
                    .push(format!("{} of {session:?}", ENDPOINTS[endpoint]));
                let answer = match ENDPOINTS[endpoint] {
                    "fail" => None,
                    "len" => Some(message.len().to_string().into_bytes()),
                    "long" => Some(vec![7; String::from_utf8_lossy(message).parse().expect("a number")]),
                    "slow" => {
                        slow.push((id, message.to_vec()));
                        continue;
                    }
                    _ => Some(message.to_vec()),
                };
                (id, answer)
            }
            other => {
                heard.borrow_mut().push(format!("{other:?}"));
                continue;
            }
        };
        service.respond(id, answer.as_deref()).await;
    }
}
