//! A device without a manager: each endpoint does one simple thing. So what is tested is the service alone.

use core::{cell::RefCell, pin::Pin, time::Duration};

use embassy_net::Stack;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use landfall_embassy::{
    RequestId, Service, ServiceEvent,
    softap::{self, Room, SoftApService},
};
use tokio::time::{Instant, timeout};

use super::{
    air::{Air, Host},
    guest::{all, fixed},
};

/// Connections that the device serves at once.
pub(crate) const CONNECTIONS: usize = 3;
/// Its longest body, octets.
pub(crate) const REQUEST: usize = 4096;

pub(crate) type TestService = SoftApService<'static, fn(&mut [u8]), CONNECTIONS, REQUEST>;

/// What the device's endpoints do: `echo` answers what it got, `len` how much that was, `long` as much as was asked for,
/// `slow` what it got 300 ms later, `fail` nothing.
const ENDPOINTS: &[&str] = &["proto-ver", "prov-session", "echo", "len", "long", "slow", "fail"];

const SLOW: Duration = Duration::from_millis(300);

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
    };
    let serve = serve(&mut service, patience, &device.heard);
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
}

impl Device {
    /// How many things like this were heard.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.heard.borrow().iter().filter(|heard| heard.contains(what)).count()
    }
}

/// Serves for ever.
async fn serve(service: &mut TestService, patience: Duration, heard: &RefCell<Vec<String>>) {
    service.start(ENDPOINTS).await.expect("it starts");
    let mut slow: Vec<(Instant, RequestId, Vec<u8>)> = Vec::new();
    loop {
        if let Some(at) = slow.iter().position(|(due, ..)| *due <= Instant::now()) {
            let (_, id, answer) = slow.remove(at);
            service.respond(id, Some(&answer)).await;
        }
        let due = slow.first().map(|(due, ..)| due.duration_since(Instant::now()));
        let next = match timeout(due.unwrap_or(patience), service.next()).await {
            Ok(next) => next.expect("it goes on"),
            Err(_) => continue,
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
                        slow.push((Instant::now() + SLOW, id, message.to_vec()));
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
