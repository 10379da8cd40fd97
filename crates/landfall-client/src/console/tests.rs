//! Devices that do not do what ours does. In virtual time: nothing here is a real port.

use std::string::String;

use landfall_protocomm::console::{LineEditor, NEWLINE, PROMPT, Step, answer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::*;

type Client = ConsoleTransport<DuplexStream>;

const LOG: &str = "I (77) wifi:state: run\r\n";

/// A device that echoes as ours does and prints what `reply` says of each line, but for the line that wakes it.
fn device(mut reply: impl FnMut(&str) -> String + Send + 'static) -> (Client, JoinHandle<(DuplexStream, Vec<String>)>) {
    let (mut near, far) = duplex(64 * 1024);
    let serving = tokio::spawn(async move {
        let mut editor = LineEditor::<8320>::new();
        let mut lines = Vec::new();
        while let Ok(byte) = near.read_u8().await {
            let step = editor.feed(byte);
            let mut printed: Vec<u8> = step.echo().collect();
            match step {
                Step::Line([]) => printed.extend(PROMPT),
                Step::Line(line) => {
                    let line = String::from_utf8(line.to_vec()).expect("ASCII");
                    printed.extend(reply(&line).into_bytes());
                    lines.push(line);
                }
                _ => {}
            }
            if near.write_all(&printed).await.is_err() {
                break;
            }
        }
        (near, lines)
    });
    (ConsoleTransport::new(far), serving)
}

/// An answer as devices print it, with the prompt.
fn answered(message: &[u8]) -> String {
    let printed = answer(message).chain(PROMPT.iter().copied()).collect();
    String::from_utf8(printed).expect("ASCII")
}

#[tokio::test(start_paused = true)]
async fn session_keeps_its_number_over_reconnect() {
    let (mut client, serving) = device(|_| answered(b"yes"));
    for _ in 0..3 {
        assert_eq!(client.send("proto-ver", b"---").await.as_deref(), Ok(&b"yes"[..]));
        client.reconnect().await.expect("the device is there");
    }
    drop(client);
    let (_, lines) = serving.await.expect("no panic");
    let words: Vec<_> = lines.iter().map(|line| line.split(' ').collect::<Vec<_>>()).collect();
    assert!(words.windows(2).all(|pair| pair[0] == pair[1]), "{words:?}");
    assert!(
        (1..=0x7fff_ffff).contains(&words[0][1].parse().unwrap_or(0_u32)),
        "{words:?}"
    );
}

#[test]
fn sessions_are_drawn_in_the_range_that_devices_read() {
    for _ in 0..1000 {
        assert!((1..=0x7fff_ffff).contains(&draw_session().get()));
    }
}

#[tokio::test(start_paused = true)]
async fn prompt_without_an_answer_is_a_refusal() {
    let (mut client, _serving) = device(|_| [LOG, "\n>> "].concat());
    assert_eq!(client.send("proto-ver", b"---").await, Err(TransportError::Refused));
}

#[tokio::test(start_paused = true)]
async fn log_line_in_the_middle_of_an_answer_loses_it_and_no_more() {
    let mut broken = true;
    let (mut client, _serving) = device(move |_| {
        if core::mem::take(&mut broken) {
            ["\r\n0a0b", LOG, "0c0d\r\n\n>> "].concat()
        } else {
            answered(b"whole")
        }
    });
    let lost = client.send("proto-ver", b"---").await;
    assert!(matches!(lost, Err(TransportError::Lost(_))), "{lost:?}");
    assert_eq!(client.send("proto-ver", b"---").await.as_deref(), Ok(&b"whole"[..]));
}

#[tokio::test(start_paused = true)]
async fn answer_without_a_prompt_is_one_and_the_next_request_finds_the_device_again() {
    let (mut client, _serving) = device(|_| answer(b"yes").map(char::from).collect());
    for _ in 0..3 {
        assert_eq!(client.send("proto-ver", b"---").await.as_deref(), Ok(&b"yes"[..]));
    }
}

#[tokio::test(start_paused = true)]
async fn answer_without_an_end_is_refused() {
    let endless = answered(&[0x5a; LONGEST_ANSWER + 1]);
    let (mut client, _serving) = device(move |_| endless.clone());
    let refused = client.send("proto-ver", b"---").await;
    assert!(matches!(refused, Err(TransportError::Protocol(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn device_that_never_answers_is_timed_out() {
    let (mut client, _serving) = device(|_| LOG.repeat(3));
    assert_eq!(
        client.send("proto-ver", b"---").await,
        Err(TransportError::TimedOut(15))
    );
}

#[tokio::test(start_paused = true)]
async fn device_that_only_logs_is_timed_out() {
    let (mut near, far) = duplex(1024);
    let logging = tokio::spawn(async move {
        while near.write_all(LOG.as_bytes()).await.is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
    });
    let mut client = ConsoleTransport::new(far).with_timeout(Duration::from_secs(2));
    assert_eq!(client.send("proto-ver", b"---").await, Err(TransportError::TimedOut(2)));
    drop(client);
    logging.await.expect("no panic");
}

/// Real time: what never waits for anything leaves a virtual clock where it is.
#[tokio::test]
async fn stream_that_always_has_something_does_not_outrun_the_clock() {
    let endless = tokio::io::join(tokio::io::repeat(b'x'), tokio::io::sink());
    let mut client = ConsoleTransport::new(endless).with_timeout(Duration::from_millis(50));
    assert_eq!(client.send("proto-ver", b"---").await, Err(TransportError::TimedOut(0)));
}

#[tokio::test(start_paused = true)]
async fn device_that_is_starting_is_asked_again() {
    let (mut near, far) = duplex(1024);
    let serving = tokio::spawn(async move {
        // Whatever is typed while it starts is lost.
        sleep(Duration::from_millis(3500)).await;
        let lost = near.read(&mut [0; 1024]).await.expect("a client");
        assert_eq!(lost % [ERASE_LINE, CARRIAGE_RETURN].len(), 0);
        near.write_all(b"ets Jun  8 2016\r\nrst:0x1\r\n\n>> ")
            .await
            .expect("a client");
        near
    });
    let mut client = ConsoleTransport::new(far).with_timeout(Duration::from_secs(5));
    let woken = timeout(Duration::from_secs(20), client.reconnect()).await;
    assert_eq!(woken, Ok(Ok(())));
    drop(serving);
}

/// A log line that holds the very characters that were typed makes the echo seem complete too early.
#[tokio::test(start_paused = true)]
async fn late_rest_of_the_echo_is_no_answer() {
    let (mut near, far) = duplex(1024);
    let mut client = ConsoleTransport::new(far);
    let typed = format!("proto-ver {} 2d2d2d", client.session);
    let serving = tokio::spawn(async move {
        near.read_exact(&mut [0; 2]).await.expect("a client");
        near.write_all(b"\r\n\n>> ").await.expect("a client");
        near.read_exact(&mut vec![0; typed.len()]).await.expect("a client");
        near.write_all(format!("I (1) x: {typed}").as_bytes())
            .await
            .expect("a client");
        sleep(Duration::from_millis(30)).await;
        near.write_all(b"\r\n2d2d2d").await.expect("a client");
        assert_eq!(near.read_u8().await.expect("a client"), CARRIAGE_RETURN);
        near.write_all(b"\r\n\n>> ").await.expect("a client");
        near
    });
    assert_eq!(client.send("proto-ver", b"---").await, Err(TransportError::Refused));
    serving.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn late_answer_to_an_earlier_request_is_dropped() {
    let (mut near, far) = duplex(1024);
    let serving = tokio::spawn(async move {
        near.read_exact(&mut [0; 2]).await.expect("a client");
        near.write_all(b"\r\n0a0b\r\n\n>> ").await.expect("a client");
        sleep(Duration::from_millis(50)).await;
        near.write_all(b"\r\n\n>> ").await.expect("a client");
        near
    });
    let mut client = ConsoleTransport::new(far);
    client.reconnect().await.expect("the device is there");
    let left = client.port.read(Instant::now() + Duration::from_secs(1)).await;
    assert_eq!(left, Ok(None));
    drop(serving);
}

#[tokio::test(start_paused = true)]
async fn echo_with_gaps_is_a_loss() {
    let (mut near, far) = duplex(1024);
    let serving = tokio::spawn(async move {
        let mut heard = 0;
        while let Ok(byte) = near.read_u8().await {
            heard += 1;
            // The first two characters wake it.
            let printed: &[u8] = match byte {
                b'\r' if heard == 2 => b"\r\n\n>> ",
                _ if heard % 5 == 0 => b"",
                _ => &[byte],
            };
            near.write_all(printed).await.expect("a client");
        }
    });
    let mut client = ConsoleTransport::new(far);
    let lost = client.send("proto-ver", b"---").await;
    assert!(matches!(lost, Err(TransportError::Lost(_))), "{lost:?}");
    serving.abort();
}

#[tokio::test(start_paused = true)]
async fn stream_that_ends_is_lost_and_stays_so() {
    let (client, serving) = device(|_| answered(b"yes"));
    let mut client = client;
    client.send("proto-ver", b"---").await.expect("an answer");
    serving.abort();
    for _ in 0..2 {
        let lost = client.send("proto-ver", b"---").await;
        assert!(matches!(lost, Err(TransportError::Lost(_))), "{lost:?}");
    }
    assert!(matches!(client.reconnect().await, Err(TransportError::Lost(_))));
}

#[tokio::test(start_paused = true)]
async fn name_that_is_none_is_not_typed() {
    let (mut client, serving) = device(|_| answered(b"yes"));
    let refused = client.send("proto-ver 0 00\r", b"---").await;
    assert!(matches!(refused, Err(TransportError::Protocol(_))), "{refused:?}");
    drop(client);
    assert_eq!(serving.await.expect("no panic").1, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn long_line_is_typed_in_pieces_and_with_pauses_where_the_original_ends_it() {
    let (mut near, far) = duplex(64 * 1024);
    let serving = tokio::spawn(async move {
        // The most that came at once, and how long the line was whenever nothing came for a while.
        let (mut most, mut pauses, mut len) = (0, Vec::new(), 0);
        let mut typed = [0; 1024];
        loop {
            let count = match timeout(LINE_END_TIME / 2, near.read(&mut typed)).await {
                Ok(Ok(count @ 1..)) => count,
                Ok(_) => return (most, pauses),
                Err(_) if len > 0 && pauses.last() != Some(&len) => {
                    pauses.push(len);
                    continue;
                }
                Err(_) => continue,
            };
            let mut printed = Vec::new();
            for byte in &typed[..count] {
                match byte {
                    b'\r' if len < 10 => printed.extend([NEWLINE, PROMPT].concat()),
                    b'\r' => printed.extend([NEWLINE.to_vec(), answered(b"yes").into_bytes()].concat()),
                    byte => printed.push(*byte),
                }
            }
            most = most.max(count);
            len = if typed[..count].ends_with(b"\r") {
                0
            } else {
                len + count
            };
            near.write_all(&printed).await.expect("a client");
        }
    });
    let mut client = ConsoleTransport::new(far);
    for _ in 0..2 {
        assert_eq!(client.send("custom-data", &[7; 1000]).await.as_deref(), Ok(&b"yes"[..]));
    }
    drop(client);
    // Only the first long line is typed with pauses: then the device is known.
    assert_eq!(serving.await.expect("no panic"), (PIECE, [255, 256].to_vec()));
}
