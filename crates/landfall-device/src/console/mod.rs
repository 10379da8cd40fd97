//! The console service: requests typed as lines, on a serial port or a pseudo-terminal (spec transports.md 3).
//!
//! What is typed and printed is [`protocomm::console`](landfall_protocomm::console)'s; the service carries it. One
//! request at a time: while one is being answered, nothing is read, and the operating system keeps what is typed.

mod pty;

use core::{
    future::{self, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use std::{
    collections::VecDeque,
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use landfall_protocomm::{
    SessionId,
    console::{LineEditor, LineError, PROMPT, Step, TypedRequest, answer},
};
use serial2_tokio::SerialPort;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, timeout},
};
use zeroize::{Zeroize, Zeroizing};

use crate::{ClientEvent, Peer, Refusal, RequestId, Service, ServiceEvent, clock::reached};

/// A command shell on a stream of bytes that takes a line per request.
///
/// Its lines are long enough for security 2 and for requests of 4,096 bytes. Whoever types a session number other
/// than the last one begins a new session, as on the original: one client at a time, but nothing holds a second one
/// off. When nobody reads what is printed, it is dropped after 5 s.
pub struct ConsoleService {
    /// Not there any more when it was lost, or when the service ended.
    line: Option<Box<dyn Line>>,
    /// The clients' end of a pseudo-terminal, kept open: without anybody there, reading would fail.
    terminal: Option<OwnedFd>,
    /// Whether lines are served.
    open: bool,
    endpoints: Vec<String>,
    editor: Box<LineEditor<LINE_LEN>>,
    /// What was typed and is not looked at yet.
    typed: Typed,
    /// What is to be printed.
    printed: VecDeque<u8>,
    /// What is to be told before anything new is waited for.
    told: VecDeque<ServiceEvent>,
    session: Option<SessionId>,
    /// The request being answered.
    pending: Option<RequestId>,
    last_number: u64,
}

/// The longest line: 4,096 bytes in hexadecimal, the longest name, a session number, and some quotes.
const LINE_LEN: usize = 8_320;
/// No more is read while so much waits to be printed.
const MOST_PRINTED: usize = 16 * 1024;
/// Somebody who reads takes something in this time.
const WRITE_TIME: Duration = Duration::from_secs(5);
/// For answers to leave when the service ends.
const END_TIME: Duration = Duration::from_secs(1);
/// Between two looks at whether an answer has been read.
const LOOK_TIME: Duration = Duration::from_millis(5);

impl ConsoleService {
    /// The speed that Espressif's console has unless it is configured otherwise.
    pub const DEFAULT_BAUD: u32 = 115_200;

    /// Takes the serial port at `path`. Needs a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn serial_port(path: &Path, baud: u32) -> io::Result<Self> {
        Ok(Self::on_stream(SerialPort::open(path, baud)?))
    }

    /// Makes a pseudo-terminal and gives the path at which clients find it. Needs a tokio runtime with I/O and time
    /// enabled.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn pseudo_terminal() -> io::Result<(Self, PathBuf)> {
        let (device, clients, path) = pty::open()?;
        let mut service = Self::on_stream(device);
        service.terminal = Some(clients);
        Ok((service, path))
    }

    /// Serves whoever is at the other end of `stream`.
    pub fn on_stream(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self {
            line: Some(Box::new(stream)),
            terminal: None,
            open: false,
            endpoints: Vec::new(),
            editor: Box::default(),
            typed: Typed::default(),
            printed: VecDeque::new(),
            told: VecDeque::new(),
            session: None,
            pending: None,
            last_number: 0,
        }
    }

    /// Looks at what was typed, until a line has something to tell.
    fn take_typed(&mut self) {
        while self.pending.is_none() && self.told.is_empty() {
            let Some(byte) = self.typed.pop() else { return };
            let step = self.editor.feed(byte);
            self.printed.extend(step.echo());
            match step {
                Step::Line(line) => match Request::read(line, &self.endpoints) {
                    Ok(request) => self.on_request(request),
                    Err(refusal) => {
                        self.printed.extend(PROMPT);
                        self.refuse(refusal);
                    }
                },
                Step::TooLong => self.refuse(Some(Refusal::LineTooLong)),
                Step::Ignored | Step::Taken(_) | Step::Erased(_) | Step::Dropped => {}
            }
        }
    }

    fn on_request(&mut self, request: Request) {
        let Request {
            session,
            endpoint,
            message,
        } = request;
        if self.session.replace(session) != Some(session) {
            self.told.push_back(ServiceEvent::SessionOpened(session));
        }
        self.last_number += 1;
        let id = RequestId(self.last_number);
        self.pending = Some(id);
        self.told.push_back(ServiceEvent::Request {
            id,
            session: Some(session),
            endpoint,
            message,
        });
    }

    fn refuse(&mut self, reason: Option<Refusal>) {
        let peer = Peer::Console;
        let refused = reason.map(|reason| ServiceEvent::Client(ClientEvent::Refused { peer, reason }));
        self.told.extend(refused);
    }

    /// Prints what is to be printed and reads what is typed, whichever can be done first.
    async fn carry(&mut self) -> io::Result<()> {
        let Some(line) = &mut self.line else {
            return future::pending().await;
        };
        let listens = self.open && self.pending.is_none() && self.printed.len() < MOST_PRINTED;
        let give_up = (!self.printed.is_empty()).then(|| Instant::now() + WRITE_TIME);
        let (typed, printed) = (&mut self.typed, &mut self.printed);
        let carried = poll_fn(|cx| {
            if !printed.is_empty()
                && let Poll::Ready(written) = poll_print(line, cx, printed)
            {
                return Poll::Ready(written);
            }
            if listens {
                return typed.poll_fill(line, cx);
            }
            Poll::Pending
        });
        tokio::select! {
            carried = carried => carried,
            () = reached(give_up) => {
                self.printed.clear();
                Ok(())
            }
        }
    }

    fn on_lost(&mut self, error: &io::Error) {
        self.line = None;
        self.told.push_back(ServiceEvent::Client(ClientEvent::AcceptFailed {
            error: format!("the console's line is gone: {error}"),
        }));
    }

    /// Prints all that is to be printed, and waits until a pseudo-terminal's client has read it.
    async fn finish(&mut self) -> io::Result<()> {
        while !self.printed.is_empty() {
            self.carry().await?;
        }
        // What is unread when a pseudo-terminal closes is lost.
        if let Some(clients) = &self.terminal {
            while rustix::io::ioctl_fionread(clients)? > 0 {
                tokio::time::sleep(LOOK_TIME).await;
            }
        }
        Ok(())
    }
}

impl Service for ConsoleService {
    async fn start(&mut self, endpoints: &[&str]) -> io::Result<()> {
        self.endpoints = endpoints.iter().copied().map(str::to_owned).collect();
        self.open = true;
        self.printed.extend(PROMPT);
        Ok(())
    }

    async fn next(&mut self) -> ServiceEvent {
        loop {
            self.take_typed();
            if let Some(event) = self.told.pop_front() {
                return event;
            }
            if let Err(error) = self.carry().await {
                self.on_lost(&error);
            }
        }
    }

    fn respond(&mut self, request: RequestId, message: Option<&[u8]>) {
        if self.pending.take_if(|pending| *pending == request).is_none() {
            return;
        }
        if let Some(message) = message {
            self.printed.extend(answer(message));
        }
        self.printed.extend(PROMPT);
    }

    async fn stop(&mut self) {
        self.open = false;
        // Who has not taken an answer by now does not want it, and a line that is gone takes none.
        let _ = timeout(END_TIME, self.finish()).await;
        self.line = None;
        self.terminal = None;
    }
}

/// A stream of bytes in both directions.
trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Line for S {}

/// A line that is a request to an endpoint of this device.
struct Request {
    session: SessionId,
    endpoint: String,
    message: Zeroizing<Vec<u8>>,
}

impl Request {
    /// Reads a line, and wipes it.
    ///
    /// # Errors
    /// What to tell of a line that is none; nothing, if it is empty.
    fn read(line: &mut [u8], endpoints: &[String]) -> Result<Self, Option<Refusal>> {
        let request = match TypedRequest::parse(line) {
            Ok(typed) if endpoints.iter().any(|endpoint| endpoint == typed.endpoint) => Ok(Self {
                session: typed.session,
                endpoint: typed.endpoint.to_owned(),
                message: Zeroizing::new(typed.message.to_vec()),
            }),
            Ok(_) => Err(Some(Refusal::UnknownEndpoint)),
            Err(LineError::Empty) => Err(None),
            Err(error) => Err(Some(Refusal::Line(error))),
        };
        line.zeroize();
        request
    }
}

/// Typed bytes that wait to be looked at.
struct Typed {
    bytes: Zeroizing<[u8; 1024]>,
    taken: usize,
    filled: usize,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            bytes: Zeroizing::new([0; 1024]),
            taken: 0,
            filled: 0,
        }
    }
}

impl Typed {
    fn pop(&mut self) -> Option<u8> {
        let byte = self.bytes.get(..self.filled)?.get(self.taken)?;
        self.taken += 1;
        Some(*byte)
    }

    /// Reads something, when all that there was has been taken.
    fn poll_fill(&mut self, line: &mut Box<dyn Line>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = ReadBuf::new(&mut *self.bytes);
        ready!(Pin::new(line).poll_read(cx, &mut buffer))?;
        (self.taken, self.filled) = (0, buffer.filled().len());
        Poll::Ready(match self.filled {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        })
    }
}

fn poll_print(line: &mut Box<dyn Line>, cx: &mut Context<'_>, printed: &mut VecDeque<u8>) -> Poll<io::Result<()>> {
    let written = ready!(Pin::new(line).poll_write(cx, printed.as_slices().0))?;
    printed.drain(..written);
    Poll::Ready(match written {
        0 => Err(io::ErrorKind::WriteZero.into()),
        _ => Ok(()),
    })
}
