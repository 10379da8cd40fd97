//! One TCP connection: reads a request, has it answered, writes the answer, again.

use core::{future, net::SocketAddr, time::Duration};
use std::{io, sync::Arc};

use landfall_protocomm::SessionId;
use landfall_softap::http::{
    self, Bounds, Busy, CONTINUE, ConnectionId, Head, MAX_ANSWER_HEAD, MAX_BODY, Persistence, Success,
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use zeroize::Zeroizing;

use crate::Refusal;

/// Espressif's server takes heads of 512 or 1,024 octets; browsers and proxies send more, and a bound is all that is needed
/// here.
const BOUNDS: Bounds = Bounds {
    head: 4096,
    body: MAX_BODY,
};
/// Most header fields read.
const MAX_FIELDS: usize = 64;
/// From the first byte of a request to its last.
const READ_TIME: Duration = Duration::from_secs(5);
/// For an answer to be taken by the client's side.
const WRITE_TIME: Duration = Duration::from_secs(5);
/// For a client to notice that its connection is being closed.
const LINGER_TIME: Duration = Duration::from_millis(500);
/// Bytes read while it notices.
const LINGER_BYTES: usize = 64 * 1024;
/// Bytes read at once.
const CHUNK: usize = 1024;

/// A connection being served.
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) peer: SocketAddr,
    pub(super) stream: TcpStream,
    pub(super) endpoints: Arc<[String]>,
    pub(super) notices: mpsc::Sender<Notice>,
    /// True once the service ends.
    pub(super) ending: watch::Receiver<bool>,
    /// Read but not yet understood. Empty, and without memory, between requests.
    pub(super) unread: Vec<u8>,
}

/// What a connection tells the service.
pub(super) enum Notice {
    /// A request is complete.
    Request(Incoming),
    /// A request was not taken.
    Refused { peer: SocketAddr, reason: Refusal },
    /// The connection serves no further request: its client has left, or will be told to.
    Closing(ConnectionId),
    /// The connection is gone.
    Closed { connection: ConnectionId, peer: SocketAddr },
}

/// A complete request.
pub(super) struct Incoming {
    pub(super) connection: ConnectionId,
    pub(super) peer: SocketAddr,
    pub(super) endpoint: String,
    pub(super) head: Head,
    pub(super) body: Zeroizing<Vec<u8>>,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// What the service answers. No answer at all fails the request.
pub(super) enum Answer {
    /// The request succeeded.
    Success {
        body: Vec<u8>,
        /// The session it began.
        cookie: Option<SessionId>,
    },
    /// Another client is in the middle of its work.
    Busy,
}

/// Why there is no request to be served.
#[derive(Clone, Copy)]
enum Unfit {
    Head(http::Refusal),
    TooSlow,
    Truncated,
}

/// Why a connection ends.
enum End {
    /// Nothing is on its way: just close.
    Quiet,
    /// The client may still be sending. Closing at once would reset the connection and take from it what was written
    /// last, so it gets a moment to notice.
    Linger,
}

impl Connection {
    pub(super) async fn serve(mut self) {
        let end = self.serve_requests().await;
        // Before the client can notice: once it does, another client's turn has come.
        self.notify(Notice::Closing(self.id)).await;
        if let End::Linger = end {
            // The connection closes anyway; how, is all that can go wrong.
            let _ = timeout(LINGER_TIME, linger(&mut self.stream)).await;
        }
        let Self {
            id: connection,
            peer,
            stream,
            notices,
            ..
        } = self;
        drop(stream);
        // The service is gone: nobody counts connections any more.
        let _ = notices.send(Notice::Closed { connection, peer }).await;
    }

    async fn serve_requests(&mut self) -> End {
        loop {
            if !self.request_begins().await {
                return End::Quiet;
            }
            let (head, body) = match timeout(READ_TIME, self.read_request())
                .await
                .unwrap_or(Err(Unfit::TooSlow))
            {
                Ok(request) => request,
                Err(reason) => return self.refuse(reason).await,
            };
            let persistence = head.persistence;
            let (sender, receiver) = oneshot::channel();
            let (connection, peer) = (self.id, self.peer);
            self.notify(Notice::Request(Incoming {
                connection,
                peer,
                endpoint: self.endpoints[head.endpoint].clone(),
                head,
                body,
                answer: sender,
            }))
            .await;
            let Ok(answer) = self.answered(receiver).await else {
                return End::Linger;
            };
            let (bytes, persistence) = match answer {
                Answer::Success { body, cookie } => (success(&body, cookie, persistence), persistence),
                Answer::Busy => (Busy.to_string().into_bytes(), Persistence::Close),
            };
            if !self.write(&bytes).await {
                return End::Quiet;
            }
            if persistence == Persistence::Close {
                return End::Linger;
            }
        }
    }

    /// Waits for the first byte of a request; false if none will come.
    async fn request_begins(&mut self) -> bool {
        if !self.unread.is_empty() {
            return !*self.ending.borrow();
        }
        self.unread = Vec::new();
        let mut ending = self.ending.clone();
        tokio::select! {
            biased;
            _ = ending.wait_for(|ending| *ending) => false,
            read = self.read_more() => matches!(read, Ok(1..)),
        }
    }

    /// Waits for the answer. A client that leaves meanwhile no longer keeps others waiting; one that only has nothing
    /// more to say still gets its answer.
    async fn answered(&self, mut answer: oneshot::Receiver<Answer>) -> Result<Answer, oneshot::error::RecvError> {
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = has_left(&self.stream) => {}
        }
        self.notify(Notice::Closing(self.id)).await;
        answer.await
    }

    async fn read_request(&mut self) -> Result<(Head, Zeroizing<Vec<u8>>), Unfit> {
        let head = loop {
            if let Some(head) = Head::parse::<MAX_FIELDS>(&self.unread, self.endpoints.iter(), BOUNDS)? {
                break head;
            }
            self.read_some().await?;
        };
        self.unread.drain(..head.len);
        if head.expects_continue && self.unread.len() < head.body_len {
            self.write(CONTINUE.as_bytes()).await;
        }
        while self.unread.len() < head.body_len {
            self.read_some().await?;
        }
        let rest = self.unread.split_off(head.body_len);
        let body = Zeroizing::new(core::mem::replace(&mut self.unread, rest));
        Ok((head, body))
    }

    async fn read_some(&mut self) -> Result<(), Unfit> {
        match self.read_more().await {
            Ok(1..) => Ok(()),
            Ok(0) | Err(_) => Err(Unfit::Truncated),
        }
    }

    /// Reads what is there, waiting if nothing is; 0 bytes at the end. Dropping the future loses nothing.
    async fn read_more(&mut self) -> io::Result<usize> {
        let mut chunk = Zeroizing::new([0; CHUNK]);
        let len = read(&self.stream, &mut *chunk).await?;
        self.unread.extend_from_slice(chunk.get(..len).unwrap_or_default());
        Ok(len)
    }

    async fn refuse(&mut self, reason: Unfit) -> End {
        self.notify(Notice::Refused {
            peer: self.peer,
            reason: reason.into(),
        })
        .await;
        match reason {
            Unfit::Head(refusal) => {
                if let Some(answer) = refusal.answer() {
                    self.write(answer.to_string().as_bytes()).await;
                }
                End::Linger
            }
            Unfit::TooSlow => End::Linger,
            Unfit::Truncated => End::Quiet,
        }
    }

    /// Writes all of `bytes`; false if the client does not take them.
    async fn write(&mut self, bytes: &[u8]) -> bool {
        matches!(timeout(WRITE_TIME, self.stream.write_all(bytes)).await, Ok(Ok(())))
    }

    async fn notify(&self, notice: Notice) {
        // The service is gone, and this connection will be with it.
        let _ = self.notices.send(notice).await;
    }
}

impl From<http::Refusal> for Unfit {
    fn from(refusal: http::Refusal) -> Self {
        Self::Head(refusal)
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Head(refusal) => refusal.into(),
            Unfit::TooSlow => Self::TooSlow,
            Unfit::Truncated => Self::Truncated,
        }
    }
}

/// A successful answer; `cookie` is the session that its request began.
fn success(body: &[u8], cookie: Option<SessionId>, persistence: Persistence) -> Vec<u8> {
    let head = Success {
        body_len: body.len(),
        cookie,
        persistence,
    };
    let mut bytes = Vec::with_capacity(MAX_ANSWER_HEAD + body.len());
    bytes.extend_from_slice(head.to_string().as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Reads what is there, waiting if nothing is.
async fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        stream.readable().await?;
        match stream.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

/// Waits until the client sends nothing more. As long as something of it is unread, that cannot be seen. It is looked at
/// the data itself: that it was readable once is known long after it has been read.
async fn has_left(stream: &TcpStream) {
    if let Ok(1..) = stream.peek(&mut [0]).await {
        future::pending().await
    }
}

/// Says that nothing more will be written, and reads until the client has understood.
async fn linger(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut left = LINGER_BYTES;
    let mut chunk = [0; CHUNK];
    while left > 0 {
        match read(stream, &mut chunk).await? {
            0 => break,
            len => left = left.saturating_sub(len),
        }
    }
    Ok(())
}
