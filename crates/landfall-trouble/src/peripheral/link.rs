use core::{
    convert::Infallible,
    sync::atomic::{AtomicU32, Ordering},
};

use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, channel::Channel, signal::Signal};
use heapless::Vec;
use landfall_protocomm::gatt::Values;
use trouble_host::Address;
use zeroize::Zeroize;

/// What joins a device on the air ([`run`](super::run)) and whoever answers its clients, a task each.
pub struct Link {
    events: Channel<CriticalSectionRawMutex, Event, 2>,
    answers: Channel<CriticalSectionRawMutex, Answer, 2>,
    end: Signal<CriticalSectionRawMutex, End>,
    requests: AtomicU32,
}

/// What clients do.
#[derive(Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "there is no allocator, and a link holds two")]
pub enum Event {
    /// Clients can find the device (again).
    Advertising,
    /// A client connected.
    Connected(Address),
    /// It is gone.
    Disconnected,
    /// It wrote a request, and waits for [`Link::respond`].
    Request {
        /// The request's number.
        number: RequestNumber,
        /// The characteristic, counted in the order of
        /// [`ServiceDescription::characteristics`](landfall_protocomm::gatt::ServiceDescription::characteristics).
        characteristic: usize,
        /// What it says.
        message: Message,
    },
    /// The service has ended, and the host runs on ([`Link::keep_on`]).
    KeptOn,
}

/// How the service ends (spec transports.md 1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With the whole host.
    Off,
    /// The host runs on.
    KeepOn {
        /// Whether the client is sent away.
        disconnect: bool,
    },
}

/// By which an answer finds its request. It comes again after 2^32 others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestNumber(pub(super) u32);

/// A request or an answer: at most 512 bytes, wiped when dropped.
#[derive(Clone)]
pub struct Message(Vec<u8, MAX_LEN>);

const MAX_LEN: usize = Values::<0>::MAX_LEN;

/// What is answered to a request.
pub(super) struct Answer {
    pub(super) number: RequestNumber,
    pub(super) message: Option<Message>,
}

impl Link {
    /// A link for one device.
    pub const fn new() -> Self {
        Self {
            events: Channel::new(),
            answers: Channel::new(),
            end: Signal::new(),
            requests: AtomicU32::new(0),
        }
    }

    /// Waits for the next thing that a client does. Nobody is served while two wait here.
    pub async fn next(&self) -> Event {
        self.events.receive().await
    }

    /// Answers a request; with `None`, or more than 512 bytes, the client is told that it failed. An answer whose
    /// client is gone is dropped.
    pub async fn respond(&self, number: RequestNumber, message: Option<&[u8]>) {
        let message = message.and_then(Message::new);
        self.answers.send(Answer { number, message }).await;
    }

    /// Takes the device off the air, and its client with it.
    pub fn stop(&self) {
        self.end.signal(End::Off);
    }

    /// Ends the service, and leaves the host running until [`Link::stop`]: nobody finds the device any more. With
    /// `disconnect` its client is sent away; else it stays as long as it wants, and all values answer with an error.
    /// [`Event::KeptOn`] says when that is done. Clients have time to read their last answer first, as with
    /// [`Link::stop`].
    pub fn keep_on(&self, disconnect: bool) {
        self.end.signal(End::KeepOn { disconnect });
    }

    /// A number for the next request.
    pub(super) fn number(&self) -> RequestNumber {
        let last = self.requests.load(Ordering::Relaxed);
        // Only the device counts. RISC-V chips without atomic instructions have loads and stores.
        self.requests.store(last.wrapping_add(1), Ordering::Relaxed);
        RequestNumber(last)
    }

    pub(super) async fn tell(&self, event: Event) {
        self.events.send(event).await;
    }

    pub(super) async fn answer(&self) -> Answer {
        self.answers.receive().await
    }

    /// Takes answers for whom there is no client any more, without end.
    pub(super) async fn drop_answers(&self) -> Infallible {
        loop {
            drop(self.answer().await);
        }
    }

    /// How the service is to end, when it is.
    pub(super) async fn ended(&self) -> End {
        self.end.wait().await
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Link {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Message {
    /// Takes `bytes`, unless they are more than 512.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        Vec::from_slice(bytes).ok().map(Self)
    }
}

impl core::ops::Deref for Message {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Requests are decrypted where they lie.
impl core::ops::DerefMut for Message {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// Without the bytes: credentials may travel unprotected.
impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Message({} bytes)", self.0.len())
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}
