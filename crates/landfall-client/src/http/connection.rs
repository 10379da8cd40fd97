use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
};
use core::{error::Error as _, future::Future, future::poll_fn, net::SocketAddr, pin::Pin, pin::pin};
use std::io;

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};

use super::authority::Authority;
use crate::TransportError;

/// An open connection. Its driver, which moves the bytes, is polled with whatever waits for them, so that nothing has
/// to be spawned and dropping the connection closes it.
pub(super) struct HttpConnection {
    sender: http1::SendRequest<Body>,
    /// `None` once the connection is over.
    driver: Option<Pin<Box<Driver>>>,
}

/// What a request carries.
pub(super) type Body = Full<Bytes>;

type Driver = http1::Connection<TokioIo<TcpStream>, Body>;

/// How an exchange went.
pub(super) enum Exchange {
    /// The head of the answer is here.
    Answered(Response<Incoming>),
    /// The connection was closed before anything of the request was written.
    NotSent(Request<Body>),
    /// The device has, or may have, seen the request.
    Failed(TransportError),
}

impl HttpConnection {
    /// Connects to the first address of the host that takes the connection, by way of `interface` if one is named. The
    /// caller bounds the time.
    pub(super) async fn open(authority: &Authority, interface: Option<&str>) -> Result<Self, TransportError> {
        let stream = connect(authority, interface)
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        // Requests are small and waited for; Nagle's algorithm would only delay them.
        stream
            .set_nodelay(true)
            .map_err(|error| unreachable(error.to_string()))?;
        let (sender, driver) = http1::Builder::new()
            .title_case_headers(true)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        Ok(Self {
            sender,
            driver: Some(Box::pin(driver)),
        })
    }

    /// Sends `request` and waits for the head of the answer.
    pub(super) async fn send(&mut self, request: Request<Body>) -> Exchange {
        // A device may have closed the connection while nothing was asked. The runtime learns of it when the task
        // yields, the driver when it is polled; a request written after that would count as refused.
        tokio::task::yield_now().await;
        if !self.is_ready().await {
            return Exchange::NotSent(request);
        }
        let exchange = self.sender.try_send_request(request);
        match drive(&mut self.driver, exchange).await {
            Ok(response) => Exchange::Answered(response),
            Err(mut failure) => match failure.take_message() {
                Some(request) => Exchange::NotSent(request),
                None => Exchange::Failed(failed(failure.error())),
            },
        }
    }

    /// Awaits `work` while the connection's bytes move.
    pub(super) async fn drive<F: Future>(&mut self, work: F) -> F::Output {
        drive(&mut self.driver, work).await
    }

    async fn is_ready(&mut self) -> bool {
        let ready = drive(&mut self.driver, self.sender.ready()).await;
        ready.is_ok() && self.driver.is_some()
    }
}

async fn drive<F: Future>(driver: &mut Option<Pin<Box<Driver>>>, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|context| {
        if driver
            .as_mut()
            .is_some_and(|driver| driver.as_mut().poll(context).is_ready())
        {
            // Its result says nothing that `work` does not learn.
            *driver = None;
        }
        work.as_mut().poll(context)
    })
    .await
}

async fn connect(authority: &Authority, interface: Option<&str>) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in tokio::net::lookup_host((authority.host.as_str(), authority.port)).await? {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        if let Some(interface) = interface {
            bind(&socket, interface)?;
        }
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Since Linux 5.7 this needs no rights.
#[cfg(target_os = "linux")]
fn bind(socket: &TcpSocket, interface: &str) -> io::Result<()> {
    socket
        .bind_device(Some(interface.as_bytes()))
        .map_err(|error| io::Error::new(error.kind(), format!("interface {interface}: {error}")))
}

#[cfg(not(target_os = "linux"))]
fn bind(_: &TcpSocket, _: &str) -> io::Result<()> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// What a failed exchange means. A device refuses by closing the connection without an answer (spec protocol.md 9);
/// with unread input left, its TCP stack says so by a reset.
fn failed(error: &hyper::Error) -> TransportError {
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .map(io::Error::kind);
    let closed = matches!(
        cause,
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted)
    );
    if error.is_incomplete_message() || error.is_canceled() || closed {
        TransportError::Refused
    } else if error.is_parse() {
        TransportError::Protocol(error.to_string())
    } else {
        TransportError::Lost(error.to_string())
    }
}

fn unreachable(reason: String) -> TransportError {
    TransportError::Unreachable(reason)
}
