//! What the HTTP service does with honest clients (spec transports.md 2.2, 2.3).

use core::time::Duration;

use landfall_device::{ClientEvent, Event, Security};

use crate::{
    client::{Client, Connection, GET_STATUS, request},
    harness::{Running, all_schemes, device, pass, provision},
};

const HELLO: &[u8] = b"---";
/// The answer of a device that was told nothing yet.
const CONNECTING: &[u8] = b"\x08\x01\x5a\x02\x10\x01";

async fn open_device() -> Running {
    provision(device(Security::Security0)).await
}

#[tokio::test]
async fn a_success_has_exactly_the_fields_that_clients_expect() {
    let running = open_device().await;
    let mut connection = Connection::open(running.address).await;
    let first = connection.post("proto-ver", None, HELLO).await.expect("answered");
    let cookie = first.field("set-cookie").expect("a new session").to_owned();
    let number: u32 = cookie
        .strip_prefix("session=")
        .and_then(|number| number.parse().ok())
        .expect("a number");
    let len = first.body.len();
    let expected = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len}\r\nSet-Cookie: session={number}\r\n\r\n"
    );
    assert_eq!(first.head, expected);
    assert!(first.body.starts_with(b"{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"v1.1\","));
    let second = connection
        .post("proto-ver", Some(&cookie), HELLO)
        .await
        .expect("answered");
    assert_eq!(second.field("set-cookie"), None);
    assert_eq!(second.body, first.body);
}

#[tokio::test]
async fn a_body_may_come_later_than_its_head_and_in_pieces() {
    let running = open_device().await;
    let mut connection = Connection::open(running.address).await;
    for byte in request("prov-config", None, GET_STATUS) {
        connection.send([byte]).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(connection.response().await.expect("answered").body, CONNECTING);
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_turn() {
    let running = open_device().await;
    let mut connection = Connection::open(running.address).await;
    let both = [
        request("proto-ver", None, HELLO),
        request("prov-config", None, GET_STATUS),
    ]
    .concat();
    connection.send(both).await;
    assert_eq!(connection.response().await.expect("answered").body.first(), Some(&b'{'));
    assert_eq!(connection.response().await.expect("answered").body, CONNECTING);
}

#[tokio::test]
async fn a_client_that_waits_to_be_told_is_told_to_go_on() {
    let running = open_device().await;
    let mut connection = Connection::open(running.address).await;
    connection
        .send("POST /proto-ver HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        .await;
    assert_eq!(connection.response().await.expect("interim").status, 100);
    connection.send(HELLO).await;
    assert_eq!(connection.response().await.expect("answered").status, 200);
}

#[tokio::test]
async fn http_1_0_is_answered_and_kept_only_if_asked_for() {
    let running = open_device().await;
    let mut closing = Connection::open(running.address).await;
    closing
        .send("POST /proto-ver HTTP/1.0\r\nContent-Length: 3\r\n\r\n---")
        .await;
    assert_eq!(
        closing.response().await.expect("answered").field("connection"),
        Some("close")
    );
    assert!(closing.is_closed().await);
    let mut kept = Connection::open(running.address).await;
    for _ in 0..2 {
        kept.send("POST /proto-ver HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n---")
            .await;
        assert_eq!(
            kept.response().await.expect("answered").field("connection"),
            Some("keep-alive")
        );
    }
}

#[tokio::test]
async fn a_session_goes_on_over_another_connection_with_its_cookie_only() {
    for security in all_schemes() {
        let scheme = security.scheme();
        let running = provision(device(security)).await;
        let mut client = Client::establish(running.address, scheme).await;
        assert_eq!(
            client.ask("prov-config", GET_STATUS).await,
            CONNECTING,
            "scheme {scheme}"
        );
        client.connection = Connection::open(running.address).await;
        assert_eq!(
            client.ask("prov-config", GET_STATUS).await,
            CONNECTING,
            "scheme {scheme}"
        );
        client.connection = Connection::open(running.address).await;
        client.cookie = None;
        let answer = client.try_ask("prov-config", GET_STATUS).await;
        assert_eq!(
            answer.is_some(),
            scheme == 0,
            "scheme {scheme}: a new session has no keys"
        );
    }
}

#[tokio::test]
async fn the_connection_alone_carries_a_session_until_a_cookie_was_used() {
    let running = provision(device(Security::development())).await;
    let mut client = Client::establish(running.address, 2).await;
    let cookie = client.cookie.take();
    let answer = client.try_ask("prov-config", GET_STATUS).await;
    assert_eq!(answer, None, "the handshake's second message used the cookie");
    drop((client, cookie));

    let running = open_device().await;
    let mut connection = Connection::open(running.address).await;
    let first = connection
        .post("prov-config", None, GET_STATUS)
        .await
        .expect("answered");
    assert!(first.field("set-cookie").is_some());
    let second = connection
        .post("prov-config", None, GET_STATUS)
        .await
        .expect("answered");
    assert_eq!(second.field("set-cookie"), None, "the same session");
}

#[tokio::test]
async fn a_second_client_is_told_to_wait_and_the_first_goes_on() {
    for security in all_schemes() {
        let scheme = security.scheme();
        let running = provision(device(security)).await;
        let mut first = Client::establish(running.address, scheme).await;

        let mut second = Connection::open(running.address).await;
        let version = second.post("proto-ver", None, HELLO).await.expect("answered");
        assert_eq!(
            (version.status, version.field("set-cookie")),
            (200, None),
            "scheme {scheme}"
        );
        let busy = second
            .post("prov-session", Some("session=1"), b"\x08\x00")
            .await
            .expect("told");
        assert_eq!(
            (busy.status, busy.field("retry-after")),
            (503, Some("1")),
            "scheme {scheme}"
        );
        assert!(second.is_closed().await);
        let told = |event: &Event| matches!(event, Event::Client(ClientEvent::Busy { .. }));
        assert!(running.events().iter().any(told), "scheme {scheme}");

        assert_eq!(
            first.ask("prov-config", GET_STATUS).await,
            CONNECTING,
            "scheme {scheme}"
        );
        drop(first);
        Client::establish(running.address, scheme).await;
    }
}

#[tokio::test]
async fn a_second_client_gets_its_turn_after_ten_silent_seconds() {
    let running = provision(device(Security::development())).await;
    let mut first = Client::establish(running.address, 2).await;
    for _ in 0..4 {
        pass(Duration::from_secs(5)).await;
        assert_eq!(first.ask("prov-config", GET_STATUS).await, CONNECTING);
        let mut second = Connection::open(running.address).await;
        assert_eq!(
            second
                .post("prov-session", None, b"\x08\x00")
                .await
                .expect("told")
                .status,
            503
        );
    }
    pass(Duration::from_secs(10)).await;
    let mut second = Client::establish(running.address, 2).await;
    assert_eq!(second.ask("prov-config", GET_STATUS).await, CONNECTING);
}

#[tokio::test]
async fn a_client_that_only_shakes_hands_holds_others_off_for_ten_seconds() {
    for security in all_schemes() {
        let scheme = security.scheme();
        let running = provision(device(security)).await;
        let mut first = Connection::open(running.address).await;
        let hello = Client::hello(scheme);
        // Begun anew with a cookie of nobody's, too.
        for cookie in [None, Some("session=1")] {
            let answer = first.post("prov-session", cookie, &hello).await.expect("answered");
            assert_eq!(answer.status, 200, "scheme {scheme}");
            let mut second = Connection::open(running.address).await;
            let busy = second.post("prov-session", None, &hello).await.expect("told");
            assert_eq!(busy.status, 503, "scheme {scheme}");
            pass(Duration::from_secs(6)).await;
        }
        let mut second = Client::establish(running.address, scheme).await;
        let busy = first.post("prov-session", None, &hello).await.expect("told");
        assert_eq!(busy.status, 503, "scheme {scheme}");
        assert_eq!(second.ask("prov-config", GET_STATUS).await, CONNECTING);
    }
}

#[tokio::test]
async fn the_owner_may_be_silent_for_long_and_others_may_not() {
    let running = open_device().await;
    let mut owner = Client::establish(running.address, 0).await;
    let mut other = Connection::open(running.address).await;
    let answer = other.post("proto-ver", None, HELLO).await.expect("answered");
    assert_eq!(answer.status, 200);
    pass(Duration::from_secs(55)).await;
    let answer = other
        .post("proto-ver", None, HELLO)
        .await
        .expect("not idle for long enough");
    assert_eq!(answer.status, 200);
    pass(Duration::from_secs(61)).await;
    assert!(other.is_closed().await);
    pass(Duration::from_secs(3600)).await;
    assert_eq!(owner.ask("prov-config", GET_STATUS).await, CONNECTING);
}

#[tokio::test]
async fn ipv6_is_served_alike() {
    let Ok(service) = landfall_device::HttpService::bind((core::net::Ipv6Addr::LOCALHOST, 0).into()).await else {
        return; // This system has no IPv6.
    };
    let address = service.local_addr();
    let mut device = device(Security::Security0).build().expect("buildable");
    let run = tokio::spawn(async move { device.provision(service, |_| {}).await });
    let mut client = Client::establish(address, 0).await;
    assert_eq!(client.ask("prov-config", GET_STATUS).await, CONNECTING);
    run.abort();
}
