//! What the HTTP service does with honest clients (spec transports.md 2.2, 2.3).

use core::{cell::Cell, time::Duration};
use std::rc::Rc;

use embassy_futures::select::Either;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use super::{
    echo::{REQUEST, Task, beside, service, with_guest, with_guest_of_hasty, with_guest_through},
    guest::{Connection, all, fixed, has_payload, request},
};

const HELLO: &[u8] = b"---";

#[tokio::test]
async fn a_success_has_exactly_the_fields_that_clients_expect() {
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        let first = connection.post("proto-ver", None, HELLO).await.expect("answered");
        let cookie = first.field("set-cookie").expect("a new session").to_owned();
        let number: u32 = cookie
            .strip_prefix("session=")
            .and_then(|number| number.parse().ok())
            .expect("a number");
        assert_eq!(
            first.head,
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\nSet-Cookie: session={number}\r\n\r\n")
        );
        assert_eq!(first.body, HELLO);
        let second = connection.post("proto-ver", Some(&cookie), HELLO).await;
        assert_eq!(second.expect("answered").field("set-cookie"), None);
        assert_eq!(device.count(&format!("SessionId({number})")), 3, "opened, and asked twice");
    })
    .await;
}

#[tokio::test]
async fn a_body_may_come_later_than_its_head_and_in_pieces() {
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        for byte in request("echo", None, b"piece by piece") {
            connection.send([byte]).await;
            sleep(Duration::from_millis(4)).await;
        }
        assert_eq!(connection.response().await.expect("answered").body, b"piece by piece");
    })
    .await;
}

#[tokio::test]
async fn a_device_that_stops_waiting_now_and_then_loses_nothing() {
    with_guest_of_hasty(Duration::from_millis(1), async |device| {
        let mut connection = Connection::open(device.guest).await;
        for round in 0..20 {
            for byte in request("echo", None, &[round; 40]) {
                connection.send([byte]).await;
                sleep(Duration::from_micros(500)).await;
            }
            let answer = connection.response().await.expect("answered");
            assert_eq!(answer.body, [round; 40]);
        }
    })
    .await;
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_turn() {
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        let all = [b"one".as_slice(), b"two", b"three"].map(|body| request("echo", None, body));
        connection.send(all.concat()).await;
        for body in [b"one".as_slice(), b"two", b"three"] {
            assert_eq!(connection.response().await.expect("answered").body, body);
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_as_long_as_there_is_room_for_is_read_whole_and_an_answer_too() {
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        let body: Vec<u8> = (0..REQUEST).map(|at| at as u8).collect();
        let answer = connection.post("echo", None, &body).await.expect("answered");
        assert_eq!(answer.body, body);
        assert_eq!(
            connection.post("len", None, &body).await.expect("answered").body,
            b"4096"
        );
        // A longer answer than there is room for fails the request.
        assert_eq!(connection.post("long", None, b"4097").await, None);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_waits_to_be_told_is_told_to_go_on() {
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        connection
            .send("POST /echo HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            .await;
        assert_eq!(connection.response().await.expect("interim").status, 100);
        connection.send(HELLO).await;
        assert_eq!(connection.response().await.expect("answered").status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_last_answer_that_is_lost_in_the_air_is_sent_again() {
    let lost = Cell::new(false);
    let loses_the_first = move |frame: &[u8]| !has_payload(frame) || lost.replace(true);
    with_guest_through(loses_the_first, async |device| {
        let mut connection = Connection::open(device.guest).await;
        connection
            .send("POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\n---")
            .await;
        assert_eq!(connection.response().await.expect("answered").body, HELLO);
        assert!(connection.is_closed().await);
    })
    .await;
}

#[tokio::test]
async fn http_1_0_is_answered_and_kept_only_if_asked_for() {
    with_guest(async |device| {
        let mut closing = Connection::open(device.guest).await;
        closing
            .send("POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\n---")
            .await;
        let answer = closing.response().await.expect("answered");
        assert_eq!(answer.field("connection"), Some("close"));
        assert!(closing.is_closed().await);
        let mut kept = Connection::open(device.guest).await;
        for _ in 0..2 {
            kept.send("POST /echo HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n---")
                .await;
            let answer = kept.response().await.expect("answered");
            assert_eq!(answer.field("connection"), Some("keep-alive"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_that_fails_closes_the_connection_without_a_word() {
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        assert_eq!(connection.post("fail", None, HELLO).await, None);
        let mut connection = Connection::open(device.guest).await;
        assert_eq!(
            connection.post("echo", None, HELLO).await.expect("answered").body,
            HELLO
        );
    })
    .await;
}

#[tokio::test]
async fn a_session_goes_on_over_another_connection_with_its_cookie_only() {
    with_guest(async |device| {
        let mut first = Connection::open(device.guest).await;
        let answer = first.post("echo", None, HELLO).await.expect("answered");
        let cookie = answer.field("set-cookie").expect("a new session").to_owned();
        // Beside the first one, which is still open.
        let mut second = Connection::open(device.guest).await;
        let answer = second.post("echo", Some(&cookie), HELLO).await.expect("answered");
        assert_eq!((answer.status, answer.field("set-cookie")), (200, None));
        first.close().await;
        second.close().await;
        let mut third = Connection::open(device.guest).await;
        let answer = third.post("echo", Some(&cookie), HELLO).await.expect("answered");
        assert_eq!(answer.field("set-cookie"), None);
        let answer = third.post("echo", None, HELLO).await.expect("answered");
        assert!(answer.field("set-cookie").is_some(), "a cookie once used is required");
        assert_eq!(device.count("SessionOpened"), 2);
    })
    .await;
}

#[tokio::test]
async fn a_second_client_is_told_to_wait_and_the_first_goes_on() {
    with_guest(async |device| {
        let mut first = Connection::open(device.guest).await;
        let answer = first.post("echo", None, HELLO).await.expect("answered");
        let cookie = answer.field("set-cookie").expect("a new session").to_owned();

        let mut second = Connection::open(device.guest).await;
        let version = second.post("proto-ver", None, HELLO).await.expect("answered");
        assert_eq!((version.status, version.field("set-cookie")), (200, None));
        let busy = second.post("echo", Some("session=1"), HELLO).await.expect("told");
        assert_eq!((busy.status, busy.field("retry-after")), (503, Some("1")));
        assert!(second.is_closed().await);
        assert_eq!(device.count("Busy"), 1);

        let answer = first.post("echo", Some(&cookie), HELLO).await.expect("answered");
        assert_eq!((answer.status, answer.field("set-cookie")), (200, None));
        first.close().await;
        let mut third = Connection::open(device.guest).await;
        let answer = third.post("echo", None, HELLO).await.expect("answered");
        assert!(answer.status == 200 && answer.field("set-cookie").is_some());
    })
    .await;
}

#[tokio::test]
async fn a_guest_that_only_shakes_hands_keeps_others_waiting_for_ten_seconds() {
    with_guest(async |device| {
        let mut guest = Connection::open(device.guest).await;
        let begun = Instant::now();
        let begins_again = async {
            // A cookie of nobody's begins a new session each time.
            while let Some(answer) = guest.post("prov-session", Some("session=1"), HELLO).await
                && answer.status == 200
            {
                sleep(Duration::from_millis(900)).await;
            }
            core::future::pending::<u16>().await
        };
        let comes_next = async {
            sleep(Duration::from_millis(100)).await;
            loop {
                let mut next = Connection::open(device.guest).await;
                let answer = next.post("prov-session", None, HELLO).await.expect("answered");
                if answer.status == 200 {
                    break next.post("echo", None, HELLO).await.expect("answered").status;
                }
                sleep(Duration::from_millis(200)).await;
            }
        };
        let first = embassy_futures::select::select(begins_again, comes_next).await;
        let taken = begun.elapsed();
        assert!(matches!(first, Either::Second(200)), "{first:?}");
        assert!((9500..14000).contains(&taken.as_millis()), "{taken:?}");
    })
    .await;
}

#[tokio::test]
async fn while_one_waits_for_its_answer_another_is_served() {
    with_guest(async |device| {
        let mut slow = Connection::open(device.guest).await;
        let mut other = Connection::open(device.guest).await;
        slow.send(request("slow", None, HELLO)).await;
        device.until("slow of").await;
        let version = other.post("proto-ver", None, HELLO).await.expect("answered");
        assert_eq!(version.status, 200);
        device.let_go();
        assert_eq!(slow.response().await.expect("answered").body, HELLO);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_has_said_all_still_gets_its_answer() {
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        connection.send(request("slow", None, HELLO)).await;
        connection.socket.close();
        let _ = connection.socket.flush().await;
        device.until("slow of").await;
        device.let_go();
        assert_eq!(connection.response().await.expect("answered").body, HELLO);
        assert!(connection.is_closed().await);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_before_its_answer_keeps_nobody_waiting() {
    with_guest(async |device| {
        let mut first = Connection::open(device.guest).await;
        first.send(request("slow", None, HELLO)).await;
        first.close().await;
        let mut second = Connection::open(device.guest).await;
        // It would wait in vain: the first one's answer never comes.
        let answer = second.post("echo", None, HELLO).await.expect("answered");
        assert_eq!(answer.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_guest_that_vanishes_keeps_others_waiting_for_ten_seconds() {
    with_guest(async |device| {
        let is_there = Rc::new(Cell::new(true));
        let sends = Rc::clone(&is_there);
        let mut gone = device.air.host(fixed(30), move |_| sends.get());
        let stack = gone.stack;
        let work = async {
            let mut owner = Connection::open(stack).await;
            assert_eq!(owner.post("echo", None, HELLO).await.expect("answered").status, 200);
            is_there.set(false);
            let begun = Instant::now();
            loop {
                let mut next = Connection::open(device.guest).await;
                let answer = next.post("echo", None, HELLO).await.expect("answered");
                if answer.status == 200 {
                    break;
                }
                assert_eq!(answer.status, 503);
                sleep(Duration::from_millis(200)).await;
            }
            let taken = begun.elapsed();
            assert!((9500..12000).contains(&taken.as_millis()), "{taken:?}");
        };
        embassy_futures::select::select(work, gone.runner.run()).await;
    })
    .await;
}

#[tokio::test]
async fn when_it_stops_the_last_answer_still_leaves_and_nobody_can_connect() {
    use landfall_embassy::{Service as _, ServiceEvent};

    use super::air::Air;

    let air = Air::default();
    let host = air.host(landfall_embassy::softap::config(landfall_embassy::softap::ADDRESS), all);
    let guest = air.host(fixed(20), all);
    let (mut service, stack) = (service(&host), guest.stack);
    let was_tried = Notify::new();
    let device = async {
        service.start(&["echo"]).await.expect("it starts");
        loop {
            if let ServiceEvent::Request { id, message, .. } = service.next().await.expect("it goes on") {
                let answer = message.to_vec();
                service.respond(id, Some(&answer)).await;
                break;
            }
        }
        service.stop().await;
        // Its work goes on somewhere else.
        was_tried.notified().await;
        service.start(&["echo"]).await.expect("it starts again");
        while let Ok(event) = service.next().await {
            if let ServiceEvent::Request { id, .. } = event {
                service.respond(id, Some(b"again")).await;
            }
        }
    };
    let client = async {
        let mut idle = Connection::open(stack).await;
        let mut connection = Connection::open(stack).await;
        let body = vec![7; REQUEST];
        let answer = connection.post("echo", None, &body).await.expect("answered");
        assert_eq!(answer.body, body);
        assert!(connection.is_closed().await && idle.is_closed().await);
        assert!(Connection::try_open(stack).await.is_none(), "nobody listens");
        was_tried.notify_one();
        let mut connection = Connection::open(stack).await;
        let answer = connection.post("echo", None, HELLO).await.expect("answered");
        assert_eq!(answer.body, b"again");
    };
    beside(host, guest, [Box::pin(device) as Task<'_, ()>, Box::pin(client)]).await;
}
