//! The transport against small raw servers on the loopback.

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::time::Duration;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use super::HttpTransport;
use crate::{Transport, TransportError};

#[tokio::test]
async fn requests_share_a_connection_and_carry_what_devices_expect() {
    let server = Server::start("127.0.0.1", vec![vec![ok("one"), ok("two")]]);
    let mut transport = server.transport();
    assert_eq!(transport.send("proto-ver", b"---").await, Ok(b"one".to_vec()));
    assert_eq!(transport.send("prov-config", &[0x52, 0x00]).await, Ok(b"two".to_vec()));

    let expected = format!(
        "POST /proto-ver HTTP/1.1\r\nHost: {}\r\nContent-Length: 3\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nAccept: text/plain\r\n\r\n---",
        server.host
    );
    let requests = server.finish();
    assert_eq!(requests[0], expected);
    assert!(requests[1].ends_with("\r\n\r\nR\0"), "{}", requests[1]);
}

#[tokio::test]
async fn the_last_session_cookie_comes_back_alone_and_survives_a_reconnect() {
    let with_cookies = |cookies: &str| Act::Answer(format!("HTTP/1.1 200 OK\r\n{cookies}Content-Length: 1\r\n\r\nx"));
    let server = Server::start(
        "127.0.0.1",
        vec![
            vec![
                with_cookies("Set-Cookie: session=1\r\nSet-Cookie: session=4294967294; Path=/\r\nSet-Cookie: a=b\r\n"),
                with_cookies(""),
            ],
            vec![with_cookies("Set-Cookie: session=3\r\n"), with_cookies("")],
        ],
    );
    let mut transport = server.transport();
    for _ in 0..2 {
        transport.send("proto-ver", b"---").await.expect("an answer");
    }
    transport.reconnect().await.expect("the server listens");
    for _ in 0..2 {
        transport.send("proto-ver", b"---").await.expect("an answer");
    }
    let cookies: Vec<_> = server.finish().iter().map(|request| cookie(request)).collect();
    let (second, third) = (Some("session=4294967294".to_string()), Some("session=3".to_string()));
    assert_eq!(cookies, [None, second.clone(), second, third]);
}

#[tokio::test]
async fn a_request_closed_without_an_answer_is_refused_and_not_sent_again() {
    let server = Server::start(
        "127.0.0.1",
        vec![vec![Act::Close], vec![ok("one"), Act::Close], vec![ok("two")]],
    );
    let mut transport = server.transport();
    assert_eq!(transport.send("prov-session", b"a").await, Err(TransportError::Refused));
    assert_eq!(transport.send("prov-session", b"b").await, Ok(b"one".to_vec()));
    assert_eq!(transport.send("prov-session", b"c").await, Err(TransportError::Refused));
    assert_eq!(transport.send("prov-session", b"d").await, Ok(b"two".to_vec()));
    let bodies: Vec<_> = server
        .finish()
        .iter()
        .filter_map(|request| request.chars().last())
        .collect();
    assert_eq!(bodies, ['a', 'b', 'c', 'd']);
}

#[tokio::test]
async fn a_reset_instead_of_an_answer_is_refused() {
    let server = Server::start("127.0.0.1", vec![vec![Act::CloseUnread]]);
    let mut transport = server.transport();
    assert_eq!(
        transport.send("prov-session", &[b'x'; 3000]).await,
        Err(TransportError::Refused)
    );
    server.finish();
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_made_again_without_losing_the_request() {
    let server = Server::start("127.0.0.1", vec![vec![ok("one")], vec![ok("two")], vec![ok("three")]]);
    let mut transport = server.transport();
    for expected in ["one", "two", "three"] {
        assert_eq!(transport.send("prov-config", b"x").await, Ok(expected.into()));
        server.wait_until_closed();
    }
    assert_eq!(server.finish().len(), 3);
}

#[tokio::test]
async fn a_connection_the_server_announces_to_close_is_not_used_again() {
    let closing = Act::Answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\none".to_string());
    let server = Server::start("127.0.0.1", vec![vec![closing], vec![ok("two")]]);
    let mut transport = server.transport();
    assert_eq!(transport.send("prov-config", b"x").await, Ok(b"one".to_vec()));
    assert_eq!(transport.send("prov-config", b"x").await, Ok(b"two".to_vec()));
    server.finish();
}

#[tokio::test]
async fn each_http_status_has_its_error() {
    for (status, expected) in [
        ("404 Not Found", TransportError::NoSuchEndpoint),
        ("503 Service Unavailable", TransportError::Busy),
        ("405 Method Not Allowed", TransportError::HttpStatus(405)),
        ("500 Internal Server Error", TransportError::HttpStatus(500)),
        ("302 Found\r\nLocation: /other", TransportError::HttpStatus(302)),
    ] {
        let answer = Act::Answer(format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno"));
        let server = Server::start("127.0.0.1", vec![vec![answer], vec![ok("yes")]]);
        let mut transport = server.transport();
        assert_eq!(transport.send("prov-ctrl", b"x").await, Err(expected));
        assert_eq!(transport.send("prov-config", b"x").await, Ok(b"yes".to_vec()));
        server.finish();
    }
}

#[tokio::test]
async fn a_slow_server_times_out_and_its_late_answer_is_not_taken_for_the_next() {
    let (go, late) = late();
    let server = Server::start("127.0.0.1", vec![vec![late], vec![ok("prompt")]]);
    let mut transport = server.transport().with_timeout(Duration::from_secs(1));
    assert_eq!(
        transport.send("prov-config", b"x").await,
        Err(TransportError::TimedOut(1))
    );
    go.send(()).expect("the server waits for it");
    let mut transport = transport.with_timeout(Duration::from_secs(20));
    assert_eq!(transport.send("prov-config", b"x").await, Ok(b"prompt".to_vec()));
    server.finish();
}

#[tokio::test]
async fn a_cancelled_request_takes_its_connection_with_it() {
    let (go, late) = late();
    let server = Server::start("127.0.0.1", vec![vec![late], vec![ok("prompt")]]);
    let mut transport = server.transport();
    let cancelled = tokio::time::timeout(Duration::from_secs(1), transport.send("prov-config", b"x")).await;
    assert!(cancelled.is_err());
    go.send(()).expect("the server waits for it");
    assert_eq!(transport.send("prov-config", b"x").await, Ok(b"prompt".to_vec()));
    server.finish();
}

#[tokio::test]
async fn a_chunked_answer_is_read() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let server = Server::start("127.0.0.1", vec![vec![Act::Answer(chunked.to_string()), ok("next")]]);
    let mut transport = server.transport();
    assert_eq!(transport.send("proto-ver", b"---").await, Ok(b"abcde".to_vec()));
    assert_eq!(transport.send("proto-ver", b"---").await, Ok(b"next".to_vec()));
    server.finish();
}

#[tokio::test]
async fn an_answer_without_end_is_bounded() {
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for answer in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n{}", "x".repeat(65537)),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}"),
        format!("HTTP/1.0 200 OK\r\n\r\n{}", "x".repeat(100_000)),
    ] {
        let server = Server::start("127.0.0.1", vec![vec![Act::Answer(answer)]]);
        let result = server.transport().send("proto-ver", b"---").await;
        assert_eq!(
            result,
            Err(TransportError::Protocol(
                "an answer of more than 65536 bytes".to_string()
            ))
        );
        server.finish();
    }
    let most = Act::Answer(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n{}",
        "x".repeat(65536)
    ));
    let server = Server::start("127.0.0.1", vec![vec![most]]);
    assert_eq!(
        server
            .transport()
            .send("proto-ver", b"---")
            .await
            .map(|body| body.len()),
        Ok(65536)
    );
    server.finish();
}

#[tokio::test]
async fn an_answer_cut_short_is_lost() {
    let cut = Act::Answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_string());
    let server = Server::start("127.0.0.1", vec![vec![cut]]);
    let result = server.transport().send("proto-ver", b"---").await;
    assert!(matches!(result, Err(TransportError::Lost(_))), "{result:?}");
    server.finish();
}

#[tokio::test]
async fn what_is_not_http_is_a_protocol_error() {
    let server = Server::start(
        "127.0.0.1",
        vec![vec![Act::Answer("SSH-2.0-nonsense\r\n\r\n".to_string())]],
    );
    let result = server.transport().send("proto-ver", b"---").await;
    assert!(matches!(result, Err(TransportError::Protocol(_))), "{result:?}");
    server.finish();
}

#[tokio::test]
async fn ipv6_is_spoken() {
    let server = Server::start("[::1]", vec![vec![ok("six")]]);
    assert_eq!(server.transport().send("proto-ver", b"---").await, Ok(b"six".to_vec()));
    assert!(server.finish()[0].contains("\r\nHost: [::1]:"));
}

#[tokio::test]
async fn a_name_is_resolved_and_all_its_addresses_tried() {
    let server = Server::start("127.0.0.1", vec![vec![ok("found")]]);
    let port = server.host.rsplit(':').next().expect("a port").to_string();
    let mut transport = HttpTransport::new(&format!("localhost:{port}")).expect("a host");
    assert_eq!(transport.send("proto-ver", b"---").await, Ok(b"found".to_vec()));
    server.finish();
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let mut transport = HttpTransport::new(&format!("127.0.0.1:{port}")).expect("a host");
    for result in [
        transport.send("proto-ver", b"---").await.map(drop),
        transport.reconnect().await,
    ] {
        assert!(matches!(result, Err(TransportError::Unreachable(_))), "{result:?}");
    }
    assert!(matches!(
        HttpTransport::new("http://x/"),
        Err(TransportError::Unreachable(_))
    ));
}

#[test]
fn an_http_status_is_told_with_what_it_stands_for() {
    for (status, expected) in [
        (405, "unexpected answer: HTTP status 405 Method Not Allowed"),
        (599, "unexpected answer: HTTP status 599"),
    ] {
        assert_eq!(TransportError::HttpStatus(status).to_string(), expected);
    }
}

/// On Linux, where a listener that has all it takes lets further connections wait.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_that_does_not_come_about_is_waited_for_as_long_as_was_asked() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    let any_port = "127.0.0.1:0".parse().expect("an address");
    socket.bind(any_port).expect("a port");
    let listener = socket.listen(0).expect("it listens");
    let address = listener.local_addr().expect("bound");
    let _all_it_takes = TcpStream::connect(address).expect("the first is taken");
    let mut transport = HttpTransport::new(&address.to_string())
        .expect("a host")
        .with_timeout(Duration::from_secs(1))
        .with_patient_connecting();
    assert_eq!(transport.reconnect().await, Err(TransportError::TimedOut(1)));
}

#[tokio::test]
async fn an_endpoint_that_is_no_path_segment_is_not_sent() {
    let mut transport = HttpTransport::new("127.0.0.1:1").expect("a host");
    for endpoint in ["", "a/b", "a b", "x\r\nEvil: y", "proto-ver?x"] {
        let result = transport.send(endpoint, b"x").await;
        assert!(
            matches!(result, Err(TransportError::Protocol(_))),
            "{endpoint:?}: {result:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_interface_that_was_named_is_gone_through() {
    let server = Server::start("127.0.0.1", vec![vec![ok("near")]]);
    let mut transport = server.transport().with_interface("lo");
    assert_eq!(transport.send("proto-ver", b"---").await, Ok(b"near".to_vec()));
    server.finish();
    let mut transport = HttpTransport::new("127.0.0.1:1")
        .expect("a host")
        .with_interface("nowhere0");
    match transport.reconnect().await {
        Err(TransportError::Unreachable(why)) => assert!(why.contains("interface nowhere0"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// What a server does after a request.
enum Act {
    Answer(String),
    /// Answers when it is told to.
    Late(mpsc::Receiver<()>, String),
    Close,
    /// Closes without reading the request, which makes the kernel send a reset.
    CloseUnread,
}

/// An answer that comes when the test says so.
fn late() -> (mpsc::Sender<()>, Act) {
    let (go, told) = mpsc::channel();
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate".to_string();
    (go, Act::Late(told, answer))
}

/// Serves a list of connections, each a list of acts, and closes each connection after its last.
struct Server {
    host: String,
    closed: mpsc::Receiver<()>,
    thread: JoinHandle<Vec<String>>,
}

impl Server {
    fn start(address: &str, connections: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind(format!("{address}:0")).expect("the loopback has a free port");
        let port = listener.local_addr().expect("bound").port();
        let (was_closed, closed) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut requests = Vec::new();
            for acts in connections {
                let (mut stream, _) = listener.accept().expect("a client comes");
                for act in acts {
                    perform(&mut stream, act, &mut requests);
                }
                drop(stream);
                // Nobody has to wait for it.
                was_closed.send(()).unwrap_or_default();
            }
            requests
        });
        Self {
            host: format!("{address}:{port}"),
            closed,
            thread,
        }
    }

    fn transport(&self) -> HttpTransport {
        HttpTransport::new(&self.host).expect("a host")
    }

    /// Waits until one more connection has been closed.
    fn wait_until_closed(&self) {
        self.closed.recv().expect("the server closes its connections");
    }

    /// The requests, when all connections have been served.
    fn finish(self) -> Vec<String> {
        self.thread.join().expect("the server does not panic")
    }
}

fn perform(stream: &mut TcpStream, act: Act, requests: &mut Vec<String>) {
    if matches!(act, Act::CloseUnread) {
        stream.read_exact(&mut [0]).expect("a request begins");
        return;
    }
    requests.push(read_request(stream));
    match act {
        Act::Answer(answer) => stream.write_all(answer.as_bytes()).unwrap_or_default(),
        Act::Late(go, answer) => {
            go.recv().expect("a test lets it go on");
            // The client may be gone.
            stream.write_all(answer.as_bytes()).unwrap_or_default();
        }
        Act::Close | Act::CloseUnread => {}
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut request = String::new();
    let mut byte = [0];
    let mut left = None;
    while left != Some(0) {
        stream.read_exact(&mut byte).expect("the request goes on");
        request.push(char::from(byte[0]));
        left = match left {
            Some(left) => Some(left - 1),
            None if request.ends_with("\r\n\r\n") => {
                header(&request, "content-length").map(|n| n.parse().expect("a length"))
            }
            None => None,
        };
    }
    request
}

fn cookie(request: &str) -> Option<String> {
    header(request, "cookie")
}

fn header(request: &str, name: &str) -> Option<String> {
    let fields = request.lines().filter_map(|line| line.split_once(": "));
    let mut values = fields
        .filter(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_string());
    let value = values.next();
    assert!(values.next().is_none(), "{name} stands there twice");
    value
}

fn ok(body: &str) -> Act {
    Act::Answer(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}
