//! The head of a request: bytes in, decision out.

use landfall_protocomm::Endpoint;

use super::sessions::{Cookie, Kind};

/// The longest body that the protocol has, octets (spec transports.md 2.2).
pub const MAX_BODY: usize = 4096;

/// Longest URI answered, octets (spec transports.md 2.2).
const MAX_URI: usize = 512;

/// What a server has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The longest head that is read, octets. Espressif's server takes 512 or 1,024; browsers and proxies send more.
    pub head: usize,
    /// The longest body that is read, octets; [`MAX_BODY`] where there is room.
    pub body: usize,
}

/// A request's head that is fit to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Octets it took.
    pub len: usize,
    /// The endpoint it is sent to, as an index among the names it was parsed with.
    pub endpoint: usize,
    /// What it asks for, as far as sessions go.
    pub kind: Kind,
    /// Length of the body that follows, octets: at least 1.
    pub body_len: usize,
    /// Its cookie.
    pub cookie: Cookie,
    /// Whether the connection serves another request after it.
    pub persistence: Persistence,
    /// Whether the client waits for an interim answer before it sends the body.
    pub expects_continue: bool,
}

/// Whether a connection serves another request after this one. A server has to do something about each: there will be no
/// fourth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// It does, as HTTP/1.1 has it by default.
    Implied,
    /// It does, and the client must be told: it speaks HTTP/1.0 and asked for it.
    Announced,
    /// It does not.
    Close,
}

/// Why a request is not taken, as soon as its head is known. Not `non_exhaustive`: a server that tells of refusals has a
/// word for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Not HTTP.
    #[error("not an HTTP request")]
    Malformed,
    /// Not HTTP/1.0 or HTTP/1.1.
    #[error("unknown HTTP version")]
    Version,
    /// The header section is too long.
    #[error("header fields too long")]
    HeadersTooLong,
    /// The URI is too long.
    #[error("URI too long")]
    UriTooLong,
    /// No endpoint has this URI.
    #[error("no such endpoint")]
    UnknownUri,
    /// Only POST is served.
    #[error("method is not POST")]
    Method,
    /// A query follows the endpoint's name.
    #[error("query in the URI")]
    Query,
    /// The body is empty, of unknown length, or too long.
    #[error("no body of 1 to 4096 bytes")]
    BodyLength,
}

impl Head {
    /// Takes the beginning of a request; `None` while its head is not complete. At most `FIELDS` header fields are read.
    ///
    /// # Errors
    /// [`Refusal`]; what follows on the connection cannot be understood then.
    pub fn parse<const FIELDS: usize>(
        bytes: &[u8],
        endpoints: impl IntoIterator<Item: AsRef<str>>,
        bounds: Bounds,
    ) -> Result<Option<Self>, Refusal> {
        if uri(bytes).is_some_and(|uri| uri.len() > MAX_URI) {
            return Err(Refusal::UriTooLong);
        }
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        let len = match request.parse(bytes) {
            Ok(httparse::Status::Complete(len)) if len <= bounds.head => len,
            Ok(httparse::Status::Partial) if bytes.len() < bounds.head => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadersTooLong),
            Err(httparse::Error::Version) => return Err(Refusal::Version),
            Err(_) => return Err(Refusal::Malformed),
        };
        let (Some(method), Some(path), Some(version)) = (request.method, request.path, request.version) else {
            return Err(Refusal::Malformed);
        };
        let (endpoint, kind) = route(method, path, endpoints)?;
        let fields = Fields(request.headers);
        Ok(Some(Self {
            len,
            endpoint,
            kind,
            body_len: fields.body_len(bounds.body)?,
            cookie: fields.first("cookie").map_or(Cookie::Absent, Cookie::parse),
            persistence: fields.persistence(version),
            expects_continue: version > 0 && fields.has_token("expect", "100-continue"),
        }))
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
    fn body_len(&self, longest: usize) -> Result<usize, Refusal> {
        let number = |value: &'a [u8]| {
            let digits = str::from_utf8(value)
                .ok()
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<usize>().ok())
        };
        let mut lengths = self.all("content-length").map(number);
        let length = lengths.next().flatten().ok_or(Refusal::BodyLength)?;
        let agreed = lengths.all(|other| other == Some(length)) && self.first("transfer-encoding").is_none();
        if agreed && (1..=longest.min(MAX_BODY)).contains(&length) {
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
fn route(method: &str, path: &str, endpoints: impl IntoIterator<Item: AsRef<str>>) -> Result<(usize, Kind), Refusal> {
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let name = path.strip_prefix('/').ok_or(Refusal::UnknownUri)?;
    let endpoint = endpoints
        .into_iter()
        .position(|endpoint| endpoint.as_ref() == name)
        .ok_or(Refusal::UnknownUri)?;
    if method != "POST" {
        return Err(Refusal::Method);
    }
    if query.is_some() {
        return Err(Refusal::Query);
    }
    Ok((endpoint, kind(name)))
}

fn kind(name: &str) -> Kind {
    if name == Endpoint::VERSION.as_str() {
        Kind::Version
    } else if name == Endpoint::SESSION.as_str() {
        Kind::Handshake
    } else {
        Kind::Work
    }
}

#[cfg(test)]
mod tests;
