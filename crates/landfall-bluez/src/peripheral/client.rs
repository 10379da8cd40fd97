use core::time::Duration;

use landfall_protocomm::gatt::{AttError, Values, Written};
use tokio::time::Instant;
use zbus::{ObjectPath, OwnedObjectPath};
use zeroize::Zeroizing;

use super::RequestNumber;

/// The endpoints that a device can have.
pub const MAX_ENDPOINTS: usize = 16;

/// How long a call of BlueZ's waits for its answer.
const ANSWER_TIME: Duration = Duration::from_millis(4500);
// BlueZ gives up then.
const _: () = assert!(ANSWER_TIME.as_secs() < 5);

/// The client that is connected: what it can read, and what it waits for. `C` is a call of BlueZ's that waits for its
/// answer.
pub(super) struct Client<C> {
    path: OwnedObjectPath,
    values: Box<Values<MAX_ENDPOINTS>>,
    request: Option<Request<C>>,
    /// The characteristic of a request that was acknowledged and then failed.
    failed: Option<usize>,
    /// Whether there is an answer that was not read to its end yet.
    unread: bool,
}

/// A request that is being worked off.
struct Request<C> {
    number: RequestNumber,
    characteristic: usize,
    waits: Option<Waiting<C>>,
}

/// A call that waits for the answer to the request.
struct Waiting<C> {
    call: C,
    /// What it is, if it is no write.
    read: Option<Part>,
    until: Instant,
}

/// What is read of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Where it begins.
    pub(super) offset: usize,
    /// How much travels at once.
    pub(super) room: usize,
}

/// What is answered to a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A write was taken.
    Written,
    /// What was read.
    Value(Zeroizing<Vec<u8>>),
    /// It failed.
    Refused(Refusal),
}

/// Why a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request failed.
    Failed,
    /// A read began after the value's end, or a write not at its beginning.
    Offset,
    /// Too many bytes.
    Length,
    /// Another request is being worked off, or another client is connected.
    Busy,
}

/// A call with its answer.
pub(super) type Reply<C> = (C, Answer);

impl<C> Client<C> {
    /// A client that just came: the device at `path`.
    pub(super) fn new(path: &ObjectPath<'_>) -> Self {
        Self {
            path: path.to_owned().into(),
            values: Box::new(Values::new()),
            request: None,
            failed: None,
            unread: false,
        }
    }

    /// BlueZ's object for it.
    pub(super) const fn path(&self) -> &OwnedObjectPath {
        &self.path
    }

    /// Takes a write: an answer, or nothing if it is the request `number`, which is to be worked off.
    pub(super) fn write(
        &mut self,
        call: C,
        (characteristic, offset): (usize, usize),
        value: &[u8],
        number: RequestNumber,
    ) -> Option<Reply<C>> {
        // The protocol allows one request at a time.
        if self.request.is_some() {
            return Some((call, Answer::Refused(Refusal::Busy)));
        }
        match self.values.write(characteristic, offset, value) {
            Ok(Written::Request) => {
                self.failed = None;
                self.unread = false;
                self.request = Some(Request {
                    number,
                    characteristic,
                    waits: Some(Waiting::for_answer(call, None)),
                });
                None
            }
            Ok(Written::Nothing) => Some((call, Answer::Written)),
            Err(error) => Some((call, Answer::Refused(error.into()))),
        }
    }

    /// Takes a read: an answer, or nothing if that has to wait.
    pub(super) fn read(&mut self, call: C, characteristic: usize, part: Part) -> Option<Reply<C>> {
        match &mut self.request {
            Some(request) if request.characteristic == characteristic => {
                if request.waits.is_some() {
                    return Some((call, Answer::Refused(Refusal::Busy)));
                }
                request.waits = Some(Waiting::for_answer(call, Some(part)));
                None
            }
            _ => Some((call, self.value(characteristic, part))),
        }
    }

    /// Takes what was answered to a request, and answers who waits for it.
    pub(super) fn answer(&mut self, number: RequestNumber, message: Option<&[u8]>) -> Option<Reply<C>> {
        let request = self.request.take_if(|request| request.number == number)?;
        let taken = self.values.respond(request.characteristic, message);
        self.unread = taken.is_ok();
        let Some(Waiting { call, read, .. }) = request.waits else {
            self.failed = taken.is_err().then_some(request.characteristic);
            return None;
        };
        let answer = match (taken, read) {
            (Ok(()), None) => Answer::Written,
            (Ok(()), Some(part)) => self.value(request.characteristic, part),
            (Err(error), _) => Answer::Refused(error.into()),
        };
        Some((call, answer))
    }

    /// Until when somebody has to be answered.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting().map(|waiting| waiting.until)
    }

    /// Answers who cannot wait any longer for a request that is still being worked off: a write is acknowledged, since
    /// the answer can still be read; a read is told to come again.
    pub(super) fn put_off(&mut self) -> Option<Reply<C>> {
        let Waiting { call, read, .. } = self.request.as_mut()?.waits.take()?;
        let answer = match read {
            None => Answer::Written,
            Some(_) => Answer::Refused(Refusal::Busy),
        };
        Some((call, answer))
    }

    /// Fails what is being worked off, because nobody answers it any more.
    pub(super) fn give_up(&mut self) -> Option<Reply<C>> {
        let number = self.request.as_ref()?.number;
        self.answer(number, None)
    }

    /// Whether it is about to read an answer.
    pub(super) const fn has_to_read(&self) -> bool {
        self.unread
    }

    fn waiting(&self) -> Option<&Waiting<C>> {
        self.request.as_ref()?.waits.as_ref()
    }

    fn value(&mut self, characteristic: usize, part: Part) -> Answer {
        if self.failed == Some(characteristic) {
            return Answer::Refused(Refusal::Failed);
        }
        match self.values.read(characteristic, part.offset) {
            Ok(value) => {
                // A reader knows the end by a part that does not fill the packet.
                self.unread &= value.len() >= part.room;
                Answer::Value(Zeroizing::new(value.to_vec()))
            }
            Err(error) => Answer::Refused(error.into()),
        }
    }
}

impl<C> Waiting<C> {
    fn for_answer(call: C, read: Option<Part>) -> Self {
        Self {
            call,
            read,
            until: Instant::now() + ANSWER_TIME,
        }
    }
}

impl From<AttError> for Refusal {
    fn from(error: AttError) -> Self {
        match error {
            AttError::InvalidHandle | AttError::RequestFailed => Self::Failed,
            AttError::InvalidOffset => Self::Offset,
            AttError::InvalidLength => Self::Length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: RequestNumber = RequestNumber(1);
    const TWO: RequestNumber = RequestNumber(2);
    const START: Part = Part { offset: 0, room: 22 };

    fn client() -> Client<&'static str> {
        Client::new(&ObjectPath::from_static_str_unchecked(
            "/org/bluez/hci0/dev_C0_00_00_00_00_02",
        ))
    }

    fn value(bytes: &[u8]) -> Answer {
        Answer::Value(Zeroizing::new(bytes.to_vec()))
    }

    #[tokio::test]
    async fn a_write_is_answered_when_the_request_is() {
        let mut client = client();
        assert_eq!(client.write("write", (0, 0), b"one", ONE), None);
        assert_eq!(client.answer(TWO, Some(b"of another")), None);
        assert_eq!(client.answer(ONE, Some(b"answer")), Some(("write", Answer::Written)));
        assert_eq!(client.read("read", 0, START), Some(("read", value(b"answer"))));
        assert_eq!(client.read("read", 1, START), Some(("read", value(b""))));
    }

    #[tokio::test]
    async fn a_request_that_fails_is_an_error_at_the_write() {
        let mut client = client();
        assert_eq!(client.write("write", (0, 0), b"one", ONE), None);
        let failed = Answer::Refused(Refusal::Failed);
        assert_eq!(client.answer(ONE, None), Some(("write", failed)));
        assert_eq!(client.read("read", 0, START), Some(("read", value(b""))));
    }

    #[tokio::test]
    async fn a_late_answer_is_waited_for_by_the_read() {
        let mut client = client();
        assert_eq!(client.write("write", (0, 0), b"one", ONE), None);
        assert!(client.deadline().is_some());
        assert_eq!(client.put_off(), Some(("write", Answer::Written)));
        assert_eq!(client.deadline(), None);
        assert_eq!(client.read("read", 0, START), None);
        assert_eq!(client.put_off(), Some(("read", Answer::Refused(Refusal::Busy))));
        assert_eq!(client.read("again", 0, START), None);
        assert_eq!(client.answer(ONE, Some(b"answer")), Some(("again", value(b"answer"))));
    }

    #[tokio::test]
    async fn a_late_failure_is_an_error_at_the_read_until_the_next_write() {
        let mut client = client();
        assert_eq!(client.write("write", (0, 0), b"one", ONE), None);
        assert_eq!(client.put_off(), Some(("write", Answer::Written)));
        assert_eq!(client.answer(ONE, None), None);
        let failed = Answer::Refused(Refusal::Failed);
        assert_eq!(client.read("read", 0, START), Some(("read", failed)));
        assert_eq!(client.write("write", (0, 0), b"two", TWO), None);
        assert_eq!(client.answer(TWO, Some(b"answer")), Some(("write", Answer::Written)));
        assert_eq!(client.read("read", 0, START), Some(("read", value(b"answer"))));
    }

    #[tokio::test]
    async fn one_request_at_a_time() {
        let mut client = client();
        assert_eq!(client.write("write", (0, 0), b"one", ONE), None);
        let busy = || Answer::Refused(Refusal::Busy);
        assert_eq!(client.write("early", (1, 0), b"two", TWO), Some(("early", busy())));
        assert_eq!(client.read("early", 0, START), Some(("early", busy())));
        assert_eq!(client.give_up(), Some(("write", Answer::Refused(Refusal::Failed))));
    }

    #[tokio::test]
    async fn an_answer_is_read_when_a_part_does_not_fill_the_packet() {
        let mut client = client();
        assert_eq!(client.write("write", (0, 0), b"one", ONE), None);
        assert!(client.answer(ONE, Some(&[7; 44])).is_some());
        for (offset, left) in [(0, true), (22, true), (44, false)] {
            let _ = client.read("read", 0, Part { offset, room: 22 });
            assert_eq!(client.has_to_read(), left, "{offset}");
        }
    }

    #[tokio::test]
    async fn what_is_no_request_is_answered_at_once() {
        let mut client = client();
        assert_eq!(
            client.write("write", (0, 0), b"", ONE),
            Some(("write", Answer::Written))
        );
        for (place, len, refusal) in [
            ((0, 1), 1, Refusal::Offset),
            ((0, 0), 513, Refusal::Length),
            ((MAX_ENDPOINTS, 0), 1, Refusal::Failed),
        ] {
            let answered = client.write("write", place, &vec![7; len], ONE);
            assert_eq!(answered, Some(("write", Answer::Refused(refusal))));
        }
        let offset = Part { offset: 1, room: 22 };
        let refused = Answer::Refused(Refusal::Offset);
        assert_eq!(client.read("read", 0, offset), Some(("read", refused)));
    }
}
