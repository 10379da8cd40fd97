//! The console: requests typed as lines, on a serial port or any other stream of bytes (spec transports.md 3).

use core::{fmt, future, ops::Range};

use embassy_time::{Duration, Timer, with_timeout};
use embedded_io_async::{Error as _, ErrorKind, Read, Write};
use heapless::Deque;
use landfall_protocomm::{
    SessionId,
    console::{ERASE_LINE, LineEditor, LineError, PROMPT, Step, TypedRequest, answer},
};
use zeroize::{Zeroize, Zeroizing};

use crate::{Buffer, ClientEvent, RequestId, Service, ServiceEvent, names::Names};

/// A command shell on a stream of bytes that takes a line per request.
///
/// Lines of `LINE` characters are taken: two for each byte of a request, and the endpoint's name and the session's number.
/// The 1,024 of the default are enough for security 2; Espressif's console has 255, which are not. Whoever types a session
/// number other than the last one begins a new session, as on the original: one client at a time, but nothing holds a
/// second one off.
///
/// The firmware's log may use the same stream: clients find an answer among log lines, and ask again if one fell
/// into it. While a request is being answered nothing is read, so the driver's buffer has to hold what is typed
/// meanwhile; clients wait for the prompt. When nobody takes what is printed, as behind a USB port without a host, it is
/// dropped after a second.
///
/// [`Service::next`] loses nothing when it is dropped, if the driver's reading and writing lose nothing.
pub struct ConsoleService<L, const LINE: usize = 1024> {
    line: L,
    names: Option<Names>,
    editor: LineEditor<LINE>,
    typed: Typed,
    /// Whether the line whose erasure was typed is erased.
    erased: bool,
    /// To be printed before anything else is looked at.
    printed: Deque<u8, 8>,
    /// Errors of the line since the last byte.
    errors: u8,
    session: Option<SessionId>,
    told: Told,
    last_request: u32,
}

/// Somebody who reads takes something in this time.
const WRITE_TIME: Duration = Duration::from_secs(1);
/// After an error of the line, before it is read again.
const ERROR_PAUSE: Duration = Duration::from_millis(10);
/// At the line's end, before it is looked whether it goes on.
const END_PAUSE: Duration = Duration::from_millis(100);
/// So many errors of the line in a row are more than noise.
const MOST_ERRORS: u8 = 100;
const DELETE: u8 = 0x7f;
/// Drops the line typed so far.
const INTERRUPT: u8 = 0x03;

/// How far the last request has come.
enum Told {
    /// It is answered, or there is none.
    Nothing,
    /// It is read, and its session told.
    Session(Parsed),
    /// It waits for its answer.
    Request(RequestId),
}

/// A request whose message stands in the editor's buffer.
#[derive(Clone)]
struct Parsed {
    endpoint: usize,
    session: SessionId,
    message: Range<usize>,
}

/// What a typed byte gave.
enum Taken {
    Nothing,
    Refused,
    Request(Parsed),
}

impl<L: Read + Write, const LINE: usize> ConsoleService<L, LINE> {
    /// Serves whoever is at the other end of `line`.
    pub fn new(line: L) -> Self {
        Self {
            line,
            names: None,
            editor: LineEditor::new(),
            typed: Typed::new(),
            erased: false,
            printed: Deque::new(),
            errors: 0,
            session: None,
            told: Told::Nothing,
            last_request: 0,
        }
    }

    /// Looks at the next typed byte, if there is one. Nothing may wait to be printed.
    fn take_typed(&mut self) -> Option<Taken> {
        let byte = self.typed.first()?;
        // A line is erased by as many deletions as it takes, so that what has to be printed at once is short.
        let deletes = byte == ERASE_LINE && !self.erased;
        if !deletes {
            self.typed.forget_first();
        }
        let step = self.editor.feed(if deletes { DELETE } else { byte });
        self.erased = deletes && step == Step::Ignored;
        self.printed.extend(step.echo());
        Some(match step {
            Step::Line(line) => match parse(line, &self.names) {
                Ok(request) => Taken::Request(request),
                Err(error) => self.refuse(error),
            },
            Step::TooLong => Taken::Refused,
            Step::Ignored | Step::Taken(_) | Step::Erased(_) | Step::Dropped => Taken::Nothing,
        })
    }

    fn refuse(&mut self, error: LineError) -> Taken {
        self.editor.buffer_mut().zeroize();
        self.printed.extend(PROMPT.iter().copied());
        match error {
            LineError::Empty => Taken::Nothing,
            _ => Taken::Refused,
        }
    }

    /// Prints what is to be printed; what nobody takes is dropped, and with it the rest of what it belongs to.
    async fn print(&mut self) -> Result<(), Dropped> {
        while let (part @ [_, ..], _) | (_, part @ [_, ..]) = self.printed.as_slices() {
            let Ok(Ok(written @ 1..)) = with_timeout(WRITE_TIME, self.line.write(part)).await else {
                self.printed.clear();
                return Err(Dropped);
            };
            for _ in 0..written {
                self.printed.pop_front();
            }
        }
        Ok(())
    }

    /// Prints all of it.
    async fn print_all(&mut self, bytes: impl Iterator<Item = u8>) -> Result<(), Dropped> {
        for byte in bytes {
            if self.printed.is_full() {
                self.print().await?;
            }
            self.printed.extend([byte]);
        }
        self.print().await
    }

    /// Reads something.
    async fn read(&mut self) -> Result<(), ConsoleError> {
        match self.line.read(&mut *self.typed.bytes).await {
            Ok(0) => {
                // Nobody is there; somebody may come.
                Timer::after(END_PAUSE).await;
                Ok(())
            }
            Ok(len) => {
                self.errors = 0;
                self.typed.unread = 0..len;
                Ok(())
            }
            Err(error) if self.errors == MOST_ERRORS => Err(ConsoleError::Failed(error.kind())),
            Err(_) => {
                // Noise, or more than the driver could hold: a line in which something is missing is none.
                if self.errors == 0 {
                    self.printed.extend(self.editor.feed(INTERRUPT).echo());
                }
                self.errors += 1;
                Timer::after(ERROR_PAUSE).await;
                Ok(())
            }
        }
    }

    /// Tells of a request whose session was told.
    fn tell(&mut self, request: Parsed) -> ServiceEvent<'_> {
        self.last_request = self.last_request.wrapping_add(1);
        let id = RequestId(self.last_request);
        self.told = Told::Request(id);
        ServiceEvent::Request {
            id,
            session: Some(request.session),
            endpoint: request.endpoint,
            message: self.editor.buffer_mut().get_mut(request.message).unwrap_or_default(),
        }
    }
}

impl<L: Read + Write, const LINE: usize> Service for ConsoleService<L, LINE> {
    const NAME: &'static str = "Console";

    type Error = ConsoleError;
    // Sixteen networks with the longest names take 983 bytes: over a line clients may ask for all of them at once.
    type Response = Buffer<1024>;

    async fn start(&mut self, endpoints: &[&str]) -> Result<(), ConsoleError> {
        self.names = Some(Names::new(endpoints).ok_or(ConsoleError::Endpoints)?);
        (self.session, self.told) = (None, Told::Nothing);
        self.printed.extend(PROMPT.iter().copied());
        Ok(())
    }

    async fn next(&mut self) -> Result<ServiceEvent<'_>, ConsoleError> {
        let request = loop {
            // What is dropped here is the echo of somebody who does not listen.
            let _ = self.print().await;
            match &self.told {
                Told::Session(request) => break request.clone(),
                // What is typed meanwhile waits in the driver.
                Told::Request(_) => future::pending().await,
                Told::Nothing => {}
            }
            match self.take_typed() {
                Some(Taken::Request(request)) => {
                    let session = request.session;
                    self.told = Told::Session(request);
                    if self.session.replace(session) != Some(session) {
                        return Ok(ServiceEvent::SessionOpened(session));
                    }
                }
                Some(Taken::Refused) => return Ok(ServiceEvent::Client(ClientEvent::Refused)),
                Some(Taken::Nothing) => {}
                None => self.read().await?,
            }
        };
        Ok(self.tell(request))
    }

    async fn respond(&mut self, request: RequestId, message: Option<&[u8]>) {
        if !matches!(self.told, Told::Request(id) if id == request) {
            return;
        }
        self.told = Told::Nothing;
        self.editor.buffer_mut().zeroize();
        let message = message.into_iter().flat_map(answer);
        // Whoever does not take the answer does not want it.
        let _ = self.print_all(message.chain(PROMPT.iter().copied())).await;
    }

    async fn stop(&mut self) {
        // A line that is gone takes nothing.
        let _ = self.print().await;
        let _ = with_timeout(WRITE_TIME, self.line.flush()).await;
        self.wipe();
    }
}

impl<L, const LINE: usize> ConsoleService<L, LINE> {
    /// Forgets what was typed.
    fn wipe(&mut self) {
        self.editor.buffer_mut().zeroize();
        self.typed = Typed::new();
    }
}

impl<L, const LINE: usize> Drop for ConsoleService<L, LINE> {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// Shows nothing of what was typed.
impl<L, const LINE: usize> fmt::Debug for ConsoleService<L, LINE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleService")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Why the console cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The stream gives only errors.
    #[error("the console's line fails again and again: {0:?}; check wires and speed")]
    Failed(ErrorKind),
    /// There is no room for the endpoints' names.
    #[error("the endpoints' names are too long; together they may have {} bytes", Names::MAX_LEN)]
    Endpoints,
}

/// Somebody does not take what is printed.
struct Dropped;

/// Bytes that were read, wiped when dropped.
struct Typed {
    bytes: Zeroizing<[u8; 32]>,
    /// Those that were not looked at yet.
    unread: Range<usize>,
}

impl Typed {
    fn new() -> Self {
        Self {
            bytes: Zeroizing::new([0; 32]),
            unread: 0..0,
        }
    }

    fn first(&self) -> Option<u8> {
        self.bytes.get(self.unread.clone())?.first().copied()
    }

    fn forget_first(&mut self) {
        if let Some(byte) = self.unread.next().and_then(|at| self.bytes.get_mut(at)) {
            byte.zeroize();
        }
    }
}

/// Reads a line, and decodes its message in place.
fn parse(line: &mut [u8], names: &Option<Names>) -> Result<Parsed, LineError> {
    let start = line.as_ptr().addr();
    let typed = TypedRequest::parse(line)?;
    let mut names = names.iter().flat_map(Names::iter);
    let endpoint = names.position(|name| name == typed.endpoint);
    let from = typed.message.as_ptr().addr().saturating_sub(start);
    Ok(Parsed {
        // What the device does not have is refused like what is no name.
        endpoint: endpoint.ok_or(LineError::Endpoint)?,
        session: typed.session,
        message: from..from + typed.message.len(),
    })
}
