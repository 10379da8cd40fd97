//! Clients that are broken or hostile; after each of them an honest one is served.

use core::time::Duration;

use embassy_futures::select::select;
use tokio::time::{Instant, sleep};

use super::{
    echo::{CONNECTIONS, Device, REQUEST, with_guest},
    guest::{Connection, Response, fixed, only_syn, request},
};

/// Sends `bytes` to a new device and gives its response, after which the connection must be closed and the next honest
/// client be served; and how often a refusal was told.
async fn answer_to(bytes: impl AsRef<[u8]>) -> (Option<Response>, usize) {
    let mut result = None;
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        // It may close before it has read everything.
        let _ = connection.try_send(bytes).await;
        let response = connection.response().await;
        assert!(connection.is_closed().await);
        honest_client_is_served(device).await;
        result = Some((response, device.count("Refused")));
    })
    .await;
    result.expect("it has run")
}

async fn honest_client_is_served(device: &Device) {
    let mut connection = Connection::open(device.guest).await;
    let answer = connection.post("echo", None, b"honest").await.expect("answered");
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"honest".as_slice()));
    connection.close().await;
}

#[tokio::test]
async fn bodies_that_cannot_be_are_not_answered() {
    let head = |fields: &str| format!("POST /echo HTTP/1.1\r\nHost: d\r\n{fields}\r\n").into_bytes();
    for bytes in [
        request("echo", None, b""),
        request("echo", None, &[0; REQUEST + 1]),
        request("echo", None, &[0; 60_000]),
        head(""),
        head("Content-Length: x\r\n"),
        [
            head("Transfer-Encoding: chunked\r\n"),
            b"4\r\nabcd\r\n0\r\n\r\n".to_vec(),
        ]
        .concat(),
    ] {
        assert_eq!(answer_to(&bytes).await, (None, 1), "{}", bytes.escape_ascii());
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        connection
            .send("POST /echo HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
            .await;
        let mut sent = 0;
        while sent < 16 << 20 && connection.try_send([0; 1024]).await {
            sent += 1024;
        }
        assert!(sent < 1 << 20, "the device reads on for ever");
        honest_client_is_served(device).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_request_gets_the_answer_of_the_original_server() {
    let endless = "POST /echo HTTP/1.1\r\n".to_owned() + &"x-y: zzzzzzzzzzzzzzzzzz\r\n".repeat(1000);
    let long_uri = format!("POST /{} HTTP/1.1\r\n\r\n", "a".repeat(600));
    for (bytes, status, text) in [
        ("POST /nothing HTTP/1.1\r\n\r\n", 404, "Nothing matches the given URI"),
        ("GET / HTTP/1.1\r\n\r\n", 404, "Nothing matches the given URI"),
        (
            "GET /echo HTTP/1.1\r\n\r\n",
            405,
            "Specified method is invalid for this resource",
        ),
        (&long_uri, 414, "URI is too long"),
        (&endless, 431, "Header fields are too long"),
        ("\0\x01\x02 hello\r\n\r\n", 400, "Bad request syntax"),
        (
            "POST /echo HTTP/3.0\r\n\r\n",
            505,
            "HTTP version not supported by server",
        ),
    ] {
        let (response, refused) = answer_to(bytes).await;
        let response = response.expect("an answer");
        assert_eq!((response.status, response.body.as_slice()), (status, text.as_bytes()));
        assert_eq!(refused, 1, "{status}");
    }
}

#[tokio::test]
async fn a_query_after_an_endpoint_is_not_answered() {
    let answer = answer_to("POST /echo?x HTTP/1.1\r\nContent-Length: 3\r\n\r\n---").await;
    assert_eq!(answer, (None, 1));
}

#[tokio::test]
async fn a_request_that_never_ends_is_given_five_seconds() {
    let bytes = request("echo", None, &[0; 100]);
    for len in [1, bytes.len() - 1] {
        with_guest(async |device| {
            let mut connection = Connection::open(device.guest).await;
            let begun = Instant::now();
            connection.send(&bytes[..len]).await;
            assert_eq!(connection.response().await, None);
            let taken = begun.elapsed();
            assert!((5000..9000).contains(&taken.as_millis()), "{taken:?}");
            assert_eq!(device.count("Refused"), 1);
            honest_client_is_served(device).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_drip_of_bytes_does_not_prolong_a_request() {
    with_guest(async |device| {
        let mut connection = Connection::open(device.guest).await;
        let begun = Instant::now();
        for byte in request("echo", None, &[0; 100]) {
            if !connection.try_send([byte]).await {
                break;
            }
            sleep(Duration::from_millis(400)).await;
        }
        // The whole of it would take more than forty.
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        honest_client_is_served(device).await;
    })
    .await;
}

#[tokio::test]
async fn slow_strangers_do_not_keep_an_honest_client_waiting() {
    with_guest(async |device| {
        let mut strangers = Vec::new();
        for _ in 0..2 * CONNECTIONS {
            let mut stranger = Connection::open(device.guest).await;
            stranger
                .send("POST /echo HTTP/1.1\r\nContent-Length: 4096\r\n\r\n")
                .await;
            strangers.push(stranger);
        }
        let begun = Instant::now();
        honest_client_is_served(device).await;
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    })
    .await;
}

#[tokio::test]
async fn the_one_at_work_is_not_thrown_out_by_a_crowd() {
    with_guest(async |device| {
        let mut owner = Connection::open(device.guest).await;
        assert_eq!(owner.post("echo", None, b"first").await.expect("answered").status, 200);
        let mut strangers = Vec::new();
        for _ in 0..5 * CONNECTIONS {
            strangers.push(Connection::open(device.guest).await);
            let answer = owner.post("echo", None, b"still here").await;
            assert_eq!(answer.expect("answered").body, b"still here");
        }
        assert!(
            device.count("Refused") >= 3 * CONNECTIONS,
            "strangers made room for each other"
        );
        owner.close().await;
        honest_client_is_served(device).await;
    })
    .await;
}

#[tokio::test]
async fn connections_that_are_half_open_make_room_within_seconds() {
    with_guest(async |device| {
        let mut hostile = device.air.host(fixed(66), only_syn);
        let stack = hostile.stack;
        let knock = async {
            let mut knocking = Vec::new();
            for _ in 0..2 * CONNECTIONS {
                let room = || Box::leak(vec![0; 512].into_boxed_slice());
                knocking.push(embassy_net::tcp::TcpSocket::new(stack, room(), room()));
            }
            let address = landfall_embassy::softap::ADDRESS;
            let all = knocking.iter_mut().map(|socket| socket.connect((address, 80)));
            let _ = embassy_futures::join::join_array::<_, { 2 * CONNECTIONS }>(
                all.collect::<Vec<_>>().try_into().ok().expect("as many"),
            )
            .await;
            core::future::pending::<()>().await;
        };
        let honest = async {
            sleep(Duration::from_millis(100)).await;
            let begun = Instant::now();
            honest_client_is_served(device).await;
            let taken = begun.elapsed();
            assert!((500..4000).contains(&taken.as_millis()), "{taken:?}");
        };
        select(honest, select(hostile.runner.run(), knock)).await;
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_changes_nothing() {
    let bytes = request("echo", None, &[8, 0, 8, 0]);
    with_guest(async |device| {
        for len in 0..bytes.len() {
            let mut connection = Connection::open(device.guest).await;
            connection.send(&bytes[..len]).await;
            connection.close().await;
        }
        honest_client_is_served(device).await;
        // Without a word to the end.
        for len in 1..CONNECTIONS {
            let mut connection = Connection::open(device.guest).await;
            connection.send(&bytes[..len]).await;
            connection.socket.abort();
            let _ = connection.socket.flush().await;
        }
        honest_client_is_served(device).await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_holds_up_nobody_else() {
    with_guest(async |device| {
        let mut greedy = Connection::open(device.guest).await;
        // Four answers of 4,096 octets do not fit the two ends' buffers.
        for _ in 0..4 {
            greedy.send(request("long", None, b"4096")).await;
        }
        let begun = Instant::now();
        let mut other = Connection::open(device.guest).await;
        let answer = other.post("proto-ver", None, b"---").await.expect("answered");
        assert_eq!(answer.status, 200);
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        // The one who takes nothing is thrown out after five seconds.
        sleep(Duration::from_secs(6)).await;
        honest_client_is_served(device).await;
    })
    .await;
}
