//! Clients that are broken or hostile; after each of them an honest one succeeds.

use core::time::Duration;

use landfall_device::{ClientEvent, Event, Refusal, Security, protocomm::client};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::Instant};

use crate::{
    client::{APPLY_CONFIG, Client, Connection, GET_STATUS, Response, request},
    harness::{Running, all_schemes, device, provision},
};

const CONNECTING: &[u8] = b"\x08\x01\x5a\x02\x10\x01";

/// Sends `bytes` to a new device and gives its response, after which the connection must be closed and the next honest
/// client be served.
async fn answer_to(bytes: impl AsRef<[u8]>) -> (Option<Response>, Running) {
    let running = provision(device(Security::development())).await;
    let mut connection = Connection::open(running.address).await;
    connection.send(bytes).await;
    let response = connection.response().await;
    assert!(connection.is_closed().await);
    honest_client_succeeds(&running, 2).await;
    (response, running)
}

async fn honest_client_succeeds(running: &Running, scheme: u8) {
    let mut client = Client::establish(running.address, scheme).await;
    assert_eq!(client.ask("prov-config", GET_STATUS).await, CONNECTING);
}

fn refused(running: &Running, expected: Refusal) -> bool {
    let refused = |event| matches!(event, Event::Client(ClientEvent::Refused { reason, .. }) if reason == expected);
    running.events().into_iter().any(refused)
}

#[tokio::test]
async fn bodies_that_cannot_be_are_not_answered() {
    let head = |fields: &str| format!("POST /prov-session HTTP/1.1\r\nHost: d\r\n{fields}\r\n").into_bytes();
    for bytes in [
        request("prov-session", None, b""),
        request("prov-session", None, &[0; 4097]),
        request("prov-session", None, &[0; 60_000]),
        head(""),
        head("Content-Length: x\r\n"),
        [
            head("Transfer-Encoding: chunked\r\n"),
            b"4\r\nabcd\r\n0\r\n\r\n".to_vec(),
        ]
        .concat(),
    ] {
        let (response, running) = answer_to(&bytes).await;
        assert_eq!(response, None);
        assert!(refused(&running, Refusal::BodyLength), "{}", bytes.escape_ascii());
    }
}

#[tokio::test]
async fn a_body_of_4096_bytes_is_read_whole() {
    let running =
        provision(device(Security::Security0).endpoint("len", |request| Some(request.len().to_string().into()))).await;
    let mut connection = Connection::open(running.address).await;
    assert_eq!(
        connection.post("len", None, &[7; 4096]).await.expect("answered").body,
        b"4096"
    );
    assert_eq!(
        connection.post("len", None, &[7; 1]).await.expect("answered").body,
        b"1"
    );
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let running = provision(device(Security::development())).await;
    let mut stream = TcpStream::connect(running.address).await.expect("the device listens");
    stream
        .write_all(b"POST /prov-session HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
        .await
        .expect("open");
    let mut sent = 0;
    while sent < 64 << 20 && stream.write_all(&[0; 4096]).await.is_ok() {
        sent += 4096;
        tokio::task::yield_now().await;
    }
    assert!(sent < 64 << 20, "the device reads on for ever");
    honest_client_succeeds(&running, 2).await;
}

#[tokio::test]
async fn what_is_no_request_gets_the_answer_of_the_original_server() {
    let endless = "POST /proto-ver HTTP/1.1\r\n".to_owned() + &"x-y: zzzzzzzzzzzzzzzzzz\r\n".repeat(1000);
    let long_uri = format!("POST /{} HTTP/1.1\r\n\r\n", "a".repeat(600));
    for (bytes, status, text, refusal) in [
        (
            "POST /nothing HTTP/1.1\r\n\r\n",
            404,
            "Nothing matches the given URI",
            Refusal::UnknownUri,
        ),
        (
            "GET / HTTP/1.1\r\n\r\n",
            404,
            "Nothing matches the given URI",
            Refusal::UnknownUri,
        ),
        (
            "GET /proto-ver HTTP/1.1\r\n\r\n",
            405,
            "Specified method is invalid for this resource",
            Refusal::Method,
        ),
        (&long_uri, 414, "URI is too long", Refusal::UriTooLong),
        (&endless, 431, "Header fields are too long", Refusal::HeadersTooLong),
        (
            "\0\x01\x02 hello\r\n\r\n",
            400,
            "Bad request syntax",
            Refusal::Malformed,
        ),
        (
            "POST /proto-ver HTTP/3.0\r\n\r\n",
            505,
            "HTTP version not supported by server",
            Refusal::Version,
        ),
    ] {
        let (response, running) = answer_to(bytes).await;
        let response = response.expect("an answer");
        assert_eq!((response.status, response.body.as_slice()), (status, text.as_bytes()));
        assert!(refused(&running, refusal), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_query_after_an_endpoint_is_not_answered() {
    let (response, running) = answer_to("POST /proto-ver?x HTTP/1.1\r\nContent-Length: 3\r\n\r\n---").await;
    assert_eq!(response, None);
    assert!(refused(&running, Refusal::Query));
}

#[tokio::test]
async fn a_request_that_never_ends_is_given_five_seconds() {
    let bytes = request("prov-session", None, &[0; 100]);
    for len in [1, 20, bytes.len() - 1] {
        let running = provision(device(Security::development())).await;
        let mut connection = Connection::open(running.address).await;
        let begun = Instant::now();
        connection.send(&bytes[..len]).await;
        assert_eq!(connection.response().await, None);
        let taken = begun.elapsed();
        assert!((5000..9000).contains(&taken.as_millis()), "{taken:?}");
        assert!(refused(&running, Refusal::TooSlow));
        honest_client_succeeds(&running, 2).await;
    }
}

#[tokio::test]
async fn a_drip_of_bytes_does_not_prolong_a_request() {
    let running = provision(device(Security::development())).await;
    let mut connection = Connection::open(running.address).await;
    let begun = Instant::now();
    for byte in request("prov-session", None, &[0; 100]) {
        if connection.stream.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    // The whole of it would take more than forty.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    honest_client_succeeds(&running, 2).await;
}

#[tokio::test]
async fn slow_strangers_do_not_keep_an_honest_client_waiting() {
    let running = provision(device(Security::development())).await;
    let mut strangers = Vec::new();
    for _ in 0..20 {
        let mut stranger = Connection::open(running.address).await;
        stranger
            .send("POST /prov-session HTTP/1.1\r\nContent-Length: 4096\r\n\r\n")
            .await;
        strangers.push(stranger);
    }
    let begun = Instant::now();
    honest_client_succeeds(&running, 2).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_changes_nothing() {
    let bytes = request("prov-session", None, &[8, 0, 8, 0]);
    let running = provision(device(Security::development())).await;
    for len in 0..bytes.len() {
        let mut connection = Connection::open(running.address).await;
        connection.send(&bytes[..len]).await;
    }
    honest_client_succeeds(&running, 2).await;
}

#[tokio::test]
async fn a_thousand_connections_do_not_lock_out_the_honest_client() {
    let running = provision(device(Security::development())).await;
    let mut client = Client::establish(running.address, 2).await;
    let mut strangers = Vec::new();
    for _ in 0..10 {
        for _ in 0..100 {
            strangers.push(Connection::open(running.address).await);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(
            client.ask("prov-config", GET_STATUS).await,
            CONNECTING,
            "the one at work is not evicted"
        );
    }
    assert!(refused(&running, Refusal::Evicted));
    drop(client);
    honest_client_succeeds(&running, 2).await;
    let mut open = 0;
    for stranger in &mut strangers {
        let closed = tokio::time::timeout(Duration::from_millis(1), stranger.is_closed()).await;
        open += usize::from(closed.is_err());
    }
    assert!(open < 32, "{open} are still served");
}

#[tokio::test]
async fn random_bytes_on_every_endpoint_fail_without_a_word() {
    for security in all_schemes() {
        let scheme = security.scheme();
        let running = provision(device(security).endpoint("custom-data", |_| None)).await;
        for endpoint in ["prov-session", "prov-config", "prov-scan", "prov-ctrl", "custom-data"] {
            for seed in 1..20_u8 {
                let mut connection = Connection::open(running.address).await;
                // A field of wire type 7, which no message has, and noise behind it.
                let noise: Vec<u8> = (0..seed).map(|i| i.wrapping_mul(167).wrapping_add(seed) | 7).collect();
                let response = connection.post(endpoint, None, &noise).await;
                assert_eq!(response, None, "scheme {scheme}, {endpoint}, {seed}");
            }
        }
        honest_client_succeeds(&running, scheme).await;
    }
}

#[tokio::test]
async fn requests_before_the_handshake_fail() {
    for security in all_schemes().into_iter().skip(1) {
        let scheme = security.scheme();
        let running = provision(device(security)).await;
        for endpoint in ["prov-config", "prov-scan", "prov-ctrl"] {
            let mut connection = Connection::open(running.address).await;
            assert_eq!(
                connection.post(endpoint, None, GET_STATUS).await,
                None,
                "scheme {scheme}"
            );
        }
        honest_client_succeeds(&running, scheme).await;
    }
}

#[tokio::test]
async fn another_scheme_is_refused() {
    for security in all_schemes() {
        let scheme = security.scheme();
        let running = provision(device(security)).await;
        for other in (0..=2).filter(|other| *other != scheme) {
            let refused = Client::try_establish(running.address, Client::secret(other)).await;
            assert!(refused.is_none(), "scheme {other} on a device of scheme {scheme}");
        }
        honest_client_succeeds(&running, scheme).await;
    }
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_the_right_one_taken() {
    let wrong = [
        client::Security::Security1 { pop: b"abcd1235" },
        client::Security::Security2 {
            username: b"wifiprov",
            password: b"abcd1235",
            nonce_rule: landfall_device::protocomm::NonceRule::Counter,
            x_rule: client::XRule::Full,
        },
    ];
    for (security, wrong) in all_schemes().into_iter().skip(1).zip(wrong) {
        let scheme = security.scheme();
        let running = provision(device(security)).await;
        assert!(
            Client::try_establish(running.address, wrong).await.is_none(),
            "scheme {scheme}"
        );
        honest_client_succeeds(&running, scheme).await;
        assert!(
            !format!("{:?}", running.events()).contains("abcd123"),
            "scheme {scheme}"
        );
    }
}

#[tokio::test]
async fn apply_before_set_is_an_error_of_the_protocol_and_not_of_the_session() {
    let running = provision(device(Security::development())).await;
    let mut client = Client::establish(running.address, 2).await;
    assert_eq!(
        client.ask("prov-config", APPLY_CONFIG).await,
        b"\x08\x05\x7a\x02\x08\x05"
    );
    assert_eq!(client.ask("prov-config", GET_STATUS).await, CONNECTING);
}

#[tokio::test]
async fn a_manipulated_request_ends_the_session_and_nothing_else() {
    let running = provision(device(Security::development())).await;
    let mut client = Client::establish(running.address, 2).await;
    let cookie = client.cookie.clone();
    assert_eq!(
        client.connection.post("prov-config", cookie.as_deref(), &[0; 18]).await,
        None
    );
    honest_client_succeeds(&running, 2).await;
}
