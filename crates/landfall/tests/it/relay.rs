//! Somebody between client and device who changes what the device says.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

/// Starts a relay to the device at `device`; `change` gets each request's endpoint and the answer's body, and may
/// change the body, or end the connection by giving `None`. Gives the address that clients go to.
pub(crate) fn relay(device: &str, change: impl FnMut(&str, Vec<u8>) -> Option<Vec<u8>> + Send + 'static) -> String {
    relay_but(device, |_, _| None, change)
}

/// The same, but requests that `answer` has an answer for, by their endpoint and body, never reach the device.
pub(crate) fn relay_but(
    device: &str,
    answer: impl FnMut(&str, &[u8]) -> Option<Instead> + Send + 'static,
    change: impl FnMut(&str, Vec<u8>) -> Option<Vec<u8>> + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has one").to_string();
    let device = device.to_owned();
    let (mut answer, mut change) = (answer, change);
    thread::spawn(move || {
        // One client at a time, as a device has it; the thread ends with the test's process.
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&device) else {
                return;
            };
            while exchange(&client, &server, &mut answer, &mut change).is_some() {}
        }
    });
    address
}

/// What is answered in the device's place.
pub(crate) enum Instead {
    /// There is no such endpoint.
    NotFound,
    Body(&'static [u8]),
}

impl Instead {
    fn message(&self) -> Vec<u8> {
        let (line, body): (_, &[u8]) = match self {
            Self::NotFound => ("404 Not Found", b""),
            Self::Body(body) => ("200 OK", body),
        };
        let head = format!("HTTP/1.1 {line}\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }
}

/// Carries one request and its answer; `None` when either side is done.
fn exchange(
    mut client: &TcpStream,
    mut server: &TcpStream,
    answer: &mut impl FnMut(&str, &[u8]) -> Option<Instead>,
    change: &mut impl FnMut(&str, Vec<u8>) -> Option<Vec<u8>>,
) -> Option<()> {
    let (head, body) = message(client)?;
    let endpoint = head.first()?.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    if let Some(instead) = answer(&endpoint, &body) {
        return client.write_all(&instead.message()).ok();
    }
    server.write_all(&joined(&head, &body)).ok()?;
    let (head, body) = message(server)?;
    let body = change(&endpoint, body)?;
    client.write_all(&joined(&head, &body)).ok()
}

/// Reads one HTTP message: the lines of its head, and its body.
fn message(stream: &TcpStream) -> Option<(Vec<String>, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// The message on the wire, with the length that its body has now.
fn joined(head: &[String], body: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    for line in head {
        let line = match line.split_once(':') {
            Some((name, _)) if name.eq_ignore_ascii_case("content-length") => format!("{name}: {}", body.len()),
            _ => line.clone(),
        };
        octets.extend_from_slice(line.as_bytes());
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend_from_slice(b"\r\n");
    octets.extend_from_slice(body);
    octets
}
