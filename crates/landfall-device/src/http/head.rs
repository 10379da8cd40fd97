//! The head of a request: bytes in, decision out.

use landfall_protocomm::Endpoint;

use super::sessions::{Cookie, Kind};
use crate::Refusal;

/// Longest request head read, bytes. Espressif's server takes 512 or 1,024 (spec transports.md 2.2); browsers and
/// proxies send more, and a bound is all that is needed here.
pub(super) const MAX_HEAD: usize = 4096;

/// Longest URI answered.
const MAX_URI: usize = 512;

/// Longest body, bytes.
const MAX_BODY: usize = 4096;

/// Most header fields read.
const MAX_FIELDS: usize = 64;

/// A request's head that is fit to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes it took.
    pub(super) len: usize,
    /// The endpoint it is sent to.
    pub(super) endpoint: String,
    /// Length of the body that follows: 1 to [`MAX_BODY`] bytes.
    pub(super) body_len: usize,
    pub(super) cookie: Cookie,
    pub(super) persistence: Persistence,
    /// Whether the client waits for an interim answer before it sends the body.
    pub(super) expects_continue: bool,
}

/// Whether a connection serves another request after this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    /// Yes, as HTTP/1.1 has it by default.
    Implied,
    /// Yes, and the client must be told: it speaks HTTP/1.0 and asked for it.
    Announced,
    /// No.
    Close,
}

impl Head {
    /// Takes the beginning of a request; `None` while its head is not complete.
    ///
    /// # Errors
    /// [`Refusal`]; what follows on the connection cannot be understood then.
    pub(super) fn parse(bytes: &[u8], endpoints: &[String]) -> Result<Option<Self>, Refusal> {
        if uri(bytes).is_some_and(|uri| uri.len() > MAX_URI) {
            return Err(Refusal::UriTooLong);
        }
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        let len = match request.parse(bytes) {
            Ok(httparse::Status::Complete(len)) if len <= MAX_HEAD => len,
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadersTooLong),
            Err(httparse::Error::Version) => return Err(Refusal::Version),
            Err(_) => return Err(Refusal::Malformed),
        };
        let (Some(method), Some(path), Some(version)) = (request.method, request.path, request.version) else {
            return Err(Refusal::Malformed);
        };
        let endpoint = route(method, path, endpoints)?;
        let fields = Fields(request.headers);
        Ok(Some(Self {
            len,
            endpoint,
            body_len: fields.body_len()?,
            cookie: fields.first("cookie").map_or(Cookie::Absent, Cookie::parse),
            persistence: fields.persistence(version),
            expects_continue: version > 0 && fields.has_token("expect", "100-continue"),
        }))
    }

    pub(super) fn kind(&self) -> Kind {
        if self.endpoint == Endpoint::VERSION.as_str() {
            Kind::Version
        } else {
            Kind::Work
        }
    }
}

/// The header fields of a request.
struct Fields<'a>(&'a [httparse::Header<'a>]);

impl<'a> Fields<'a> {
    fn all(&self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    }

    fn first(&self, name: &'static str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Whether the comma-separated list of field `name` contains `token`.
    fn has_token(&self, name: &'static str, token: &str) -> bool {
        let tokens = |value: &'a [u8]| value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        self.all(name)
            .flat_map(tokens)
            .any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The length of the body. A chunked one counts as empty, as with Espressif's server; where two lengths disagree,
    /// where the next request begins is anybody's guess.
    fn body_len(&self) -> Result<usize, Refusal> {
        let number = |value: &'a [u8]| {
            let digits = str::from_utf8(value)
                .ok()
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<usize>().ok())
        };
        let mut lengths = self.all("content-length").map(number);
        let length = lengths.next().flatten().ok_or(Refusal::BodyLength)?;
        let agreed = lengths.all(|other| other == Some(length)) && self.first("transfer-encoding").is_none();
        if agreed && (1..=MAX_BODY).contains(&length) {
            Ok(length)
        } else {
            Err(Refusal::BodyLength)
        }
    }

    fn persistence(&self, version: u8) -> Persistence {
        if self.has_token("connection", "close") {
            Persistence::Close
        } else if version > 0 {
            Persistence::Implied
        } else if self.has_token("connection", "keep-alive") {
            Persistence::Announced
        } else {
            Persistence::Close
        }
    }
}

/// The request target, as far as it has come.
fn uri(bytes: &[u8]) -> Option<&[u8]> {
    let line = bytes.trim_ascii_start().split(|byte| *byte == b'\n').next()?;
    line.split(|byte| *byte == b' ').nth(1)
}

/// The endpoint that a method and a path lead to.
fn route(method: &str, path: &str, endpoints: &[String]) -> Result<String, Refusal> {
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let name = path.strip_prefix('/').ok_or(Refusal::UnknownUri)?;
    let endpoint = endpoints
        .iter()
        .find(|endpoint| *endpoint == name)
        .ok_or(Refusal::UnknownUri)?;
    if method != "POST" {
        return Err(Refusal::Method);
    }
    match query {
        None => Ok(endpoint.clone()),
        Some(_) => Err(Refusal::Query),
    }
}

#[cfg(test)]
mod tests;
