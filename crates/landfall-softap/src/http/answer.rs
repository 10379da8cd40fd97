//! What is written to a client (spec transports.md 2.2): each `Display`s the octets before the body, so the caller decides
//! where they go.

use core::fmt::{self, Display, Formatter};

use landfall_protocomm::SessionId;

use super::{Persistence, Refusal};

/// An interim answer for a client that waits before it sends a body.
pub const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// Octets that hold each answer of this module.
pub const MAX_ANSWER_HEAD: usize = 192;

/// The head of a successful answer; its body follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Success {
    /// Length of the body, octets.
    pub body_len: usize,
    /// The session that this request began.
    pub cookie: Option<SessionId>,
    /// Whether the connection serves another request.
    pub persistence: Persistence,
}

/// The answer to a client whose turn has not come, whole; the connection closes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// The answer to a request that was not taken, whole; the connection closes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    status: &'static str,
    fields: &'static str,
    text: &'static str,
}

impl Display for Success {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n")?;
        write!(f, "Content-Length: {}\r\n", self.body_len)?;
        if let Some(id) = self.cookie {
            write!(f, "Set-Cookie: session={id}\r\n")?;
        }
        f.write_str(match self.persistence {
            Persistence::Implied => "\r\n",
            Persistence::Announced => "Connection: keep-alive\r\n\r\n",
            Persistence::Close => "Connection: close\r\n\r\n",
        })
    }
}

impl Display for Busy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let failure = Failure {
            status: "503 Service Unavailable",
            fields: "Retry-After: 1\r\n",
            text: "The device is busy with another client",
        };
        failure.fmt(f)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { status, fields, text } = self;
        let len = text.len();
        write!(
            f,
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len}\r\n"
        )?;
        write!(f, "{fields}Connection: close\r\n\r\n{text}")
    }
}

impl Refusal {
    /// What its client is told; `None` where the connection just closes.
    pub const fn answer(self) -> Option<Failure> {
        let (status, fields, text) = match self {
            Self::Malformed => ("400 Bad Request", "", "Bad request syntax"),
            Self::UnknownUri => ("404 Not Found", "", "Nothing matches the given URI"),
            Self::Method => (
                "405 Method Not Allowed",
                "Allow: POST\r\n",
                "Specified method is invalid for this resource",
            ),
            Self::UriTooLong => ("414 URI Too Long", "", "URI is too long"),
            Self::HeadersTooLong => ("431 Request Header Fields Too Large", "", "Header fields are too long"),
            Self::Version => ("505 Version Not Supported", "", "HTTP version not supported by server"),
            Self::Query | Self::BodyLength => return None,
        };
        Some(Failure { status, fields, text })
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    #[test]
    fn a_success_says_its_length_and_the_cookie_of_a_new_session() {
        let plain = Success {
            body_len: 16,
            cookie: None,
            persistence: Persistence::Implied,
        };
        assert_eq!(
            plain.to_string(),
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 16\r\n\r\n"
        );
        let first = Success {
            cookie: SessionId::new(7),
            persistence: Persistence::Close,
            ..plain
        };
        assert!(
            first
                .to_string()
                .ends_with("16\r\nSet-Cookie: session=7\r\nConnection: close\r\n\r\n")
        );
    }

    #[test]
    fn every_answer_fits_the_length_that_is_promised() {
        let longest = Success {
            body_len: usize::from(u16::MAX),
            cookie: SessionId::new(u32::MAX - 1),
            persistence: Persistence::Announced,
        };
        let refusals = [
            Refusal::Malformed,
            Refusal::Version,
            Refusal::HeadersTooLong,
            Refusal::UriTooLong,
            Refusal::UnknownUri,
            Refusal::Method,
        ];
        let failures = refusals.map(|refusal| refusal.answer().expect("it is answered").to_string());
        let all = failures.iter().cloned().chain([longest.to_string(), Busy.to_string()]);
        for answer in all {
            assert!(answer.len() <= MAX_ANSWER_HEAD, "{} octets: {answer}", answer.len());
        }
    }

    #[test]
    fn a_failure_is_whole_and_says_that_the_connection_closes() {
        assert_eq!(
            Busy.to_string(),
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 38\r\n\
             Retry-After: 1\r\nConnection: close\r\n\r\nThe device is busy with another client"
        );
        assert_eq!(Refusal::Query.answer(), None);
        assert_eq!(Refusal::BodyLength.answer(), None);
    }
}
