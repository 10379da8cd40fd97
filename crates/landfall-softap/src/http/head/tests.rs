use std::{borrow::ToOwned as _, format};

use super::*;

/// As a device on an operating system has them.
const BOUNDS: Bounds = Bounds {
    head: 4096,
    body: MAX_BODY,
};

fn parse(text: &str) -> Result<Option<Head>, Refusal> {
    Head::parse::<64>(text.as_bytes(), ["proto-ver", "prov-session"], BOUNDS)
}

fn with_fields(fields: &str) -> Result<Option<Head>, Refusal> {
    parse(&format!("POST /prov-session HTTP/1.1\r\n{fields}\r\n"))
}

#[track_caller]
fn complete(parsed: Result<Option<Head>, Refusal>) -> Head {
    parsed.expect("fit to be served").expect("complete")
}

#[test]
fn what_esp_prov_sends_is_served() {
    let text = "POST /prov-session HTTP/1.1\r\nHost: 192.168.4.1:80\r\nAccept-Encoding: identity\r\n\
        Content-Length: 41\r\nContent-type: application/x-www-form-urlencoded\r\nAccept: text/plain\r\n\
        Cookie: session=1234567890\r\n\r\nbody";
    let expected = Head {
        len: text.len() - 4,
        endpoint: 1,
        kind: Kind::Handshake,
        body_len: 41,
        cookie: Cookie::Session(1_234_567_890),
        persistence: Persistence::Implied,
        expects_continue: false,
    };
    assert_eq!(complete(parse(text)), expected);
}

#[test]
fn every_beginning_of_a_head_waits_for_the_rest() {
    let text = "POST /prov-session HTTP/1.1\r\nHost: d\r\nContent-Length: 4096\r\n\r\n";
    for len in 0..text.len() {
        assert_eq!(parse(&text[..len]), Ok(None), "{len}");
    }
    assert_eq!(complete(parse(text)).body_len, 4096);
}

#[test]
fn bodies_have_1_to_4096_bytes_and_say_so() {
    for fields in [
        "",
        "Content-Length: 0\r\n",
        "Content-Length: 4097\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 1x\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999999999\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    ] {
        assert_eq!(with_fields(fields), Err(Refusal::BodyLength), "{fields:?}");
    }
    for fields in ["content-length: 1\r\n", "Content-Length: 1\r\nContent-Length: 1\r\n"] {
        assert_eq!(complete(with_fields(fields)).body_len, 1, "{fields:?}");
    }
}

#[test]
fn only_post_to_an_endpoint_is_served() {
    for (line, refusal) in [
        ("POST /nothing", Refusal::UnknownUri),
        ("GET /nothing", Refusal::UnknownUri),
        ("POST /", Refusal::UnknownUri),
        ("POST /PROTO-VER", Refusal::UnknownUri),
        ("POST /proto-ver/", Refusal::UnknownUri),
        ("POST //proto-ver", Refusal::UnknownUri),
        ("POST /%70roto-ver", Refusal::UnknownUri),
        ("POST proto-ver", Refusal::UnknownUri),
        ("OPTIONS *", Refusal::UnknownUri),
        ("GET /proto-ver", Refusal::Method),
        ("post /proto-ver", Refusal::Method),
        ("GET /proto-ver?x", Refusal::Method),
        ("POST /proto-ver?x", Refusal::Query),
        ("POST /proto-ver?", Refusal::Query),
    ] {
        assert_eq!(
            parse(&format!("{line} HTTP/1.1\r\nContent-Length: 1\r\n\r\n")),
            Err(refusal),
            "{line}"
        );
    }
}

#[test]
fn long_uris_and_heads_are_refused_before_they_end() {
    let uri = |len: usize| format!("POST /{}", "x".repeat(len - 1));
    assert_eq!(parse(&uri(512)), Ok(None));
    assert_eq!(parse(&uri(513)), Err(Refusal::UriTooLong));
    let endless = "POST /proto-ver HTTP/1.1\r\n".to_owned() + &"a: b\r\n".repeat(800);
    assert_eq!(parse(&endless), Err(Refusal::HeadersTooLong));
    assert_eq!(
        with_fields(&format!("a: {}\r\n", "x".repeat(BOUNDS.head))),
        Err(Refusal::HeadersTooLong)
    );
}

#[test]
fn what_is_not_http_is_told_apart() {
    assert_eq!(parse("\x16\x03\x01\x02\0\x01\0\x01\r\n\r\n"), Err(Refusal::Malformed));
    assert_eq!(parse("POST /proto-ver HTTP/2.0\r\n\r\n"), Err(Refusal::Version));
}

#[test]
fn connections_are_kept_as_version_and_client_want() {
    for (version, fields, persistence) in [
        ("1.1", "", Persistence::Implied),
        ("1.1", "Connection: keep-alive\r\n", Persistence::Implied),
        ("1.1", "Connection: Close\r\n", Persistence::Close),
        ("1.1", "Connection: x, close\r\n", Persistence::Close),
        ("1.0", "", Persistence::Close),
        ("1.0", "Connection: Keep-Alive\r\n", Persistence::Announced),
    ] {
        let text = format!("POST /proto-ver HTTP/{version}\r\nContent-Length: 1\r\n{fields}\r\n");
        assert_eq!(complete(parse(&text)).persistence, persistence, "{version} {fields:?}");
    }
}

#[test]
fn what_a_request_asks_for_follows_from_its_endpoint() {
    for (name, kind) in [
        ("proto-ver", Kind::Version),
        ("prov-session", Kind::Handshake),
        ("prov-scan", Kind::Work),
        ("prov-session-2", Kind::Work),
    ] {
        let text = format!("POST /{name} HTTP/1.1\r\nContent-Length: 1\r\n\r\n");
        let parsed = Head::parse::<64>(text.as_bytes(), [name], BOUNDS);
        assert_eq!(complete(parsed).kind, kind, "{name}");
    }
}
