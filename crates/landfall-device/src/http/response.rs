//! What is written to a client (spec transports.md 2.2).

use landfall_protocomm::SessionId;

use super::head::Persistence;
use crate::Refusal;

/// An interim answer for a client that waits before it sends a body.
pub(super) const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// A successful answer; `cookie` is the session that this request began.
pub(super) fn success(body: &[u8], cookie: Option<SessionId>, persistence: Persistence) -> Vec<u8> {
    let cookie = cookie
        .map(|id| format!("Set-Cookie: session={id}\r\n"))
        .unwrap_or_default();
    let connection = match persistence {
        Persistence::Implied => "",
        Persistence::Announced => "Connection: keep-alive\r\n",
        Persistence::Close => "Connection: close\r\n",
    };
    let len = body.len();
    let mut bytes = Vec::with_capacity(160 + len);
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len}\r\n{cookie}{connection}\r\n");
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// The answer to a client whose turn has not come.
pub(super) fn busy() -> Vec<u8> {
    final_answer(
        "503 Service Unavailable",
        "Retry-After: 1\r\n",
        "The device is busy with another client",
    )
}

/// The answer to a request that was not taken; `None` where the connection just closes.
pub(super) fn refusal(refusal: Refusal) -> Option<Vec<u8>> {
    let (status, fields, text) = match refusal {
        Refusal::Malformed => ("400 Bad Request", "", "Bad request syntax"),
        Refusal::UnknownUri => ("404 Not Found", "", "Nothing matches the given URI"),
        Refusal::Method => (
            "405 Method Not Allowed",
            "Allow: POST\r\n",
            "Specified method is invalid for this resource",
        ),
        Refusal::UriTooLong => ("414 URI Too Long", "", "URI is too long"),
        Refusal::HeadersTooLong => ("431 Request Header Fields Too Large", "", "Header fields are too long"),
        Refusal::Version => ("505 Version Not Supported", "", "HTTP version not supported by server"),
        Refusal::Query | Refusal::BodyLength | Refusal::TooSlow | Refusal::Truncated | Refusal::Evicted => return None,
        // The console's.
        Refusal::UnknownEndpoint | Refusal::Line(_) | Refusal::LineTooLong => return None,
    };
    Some(final_answer(status, fields, text))
}

/// An answer after which the connection closes.
fn final_answer(status: &str, fields: &str, text: &str) -> Vec<u8> {
    let len = text.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len}\r\n");
    format!("{head}{fields}Connection: close\r\n\r\n{text}").into_bytes()
}
