use std::{string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::{Endpoint, SessionId};

/// A device as a test sees it: what it echoes, and its lines.
struct Console<const N: usize> {
    editor: LineEditor<N>,
    screen: Vec<u8>,
    lines: Vec<Vec<u8>>,
    refused: usize,
}

impl<const N: usize> Console<N> {
    fn new() -> Self {
        Self {
            editor: LineEditor::new(),
            screen: Vec::new(),
            lines: Vec::new(),
            refused: 0,
        }
    }

    fn type_in(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let step = self.editor.feed(byte);
            self.screen.extend(step.echo());
            match step {
                Step::Line(line) => self.lines.push(line.to_vec()),
                Step::TooLong => self.refused += 1,
                _ => {}
            }
        }
    }
}

#[track_caller]
fn lines_of(typed: &[u8]) -> Vec<String> {
    let mut console = Console::<32>::new();
    console.type_in(typed);
    let lines = console.lines.into_iter();
    lines.map(|line| String::from_utf8(line).expect("ASCII")).collect()
}

#[test]
fn carriage_return_ends_a_line_and_comes_back_with_a_line_feed() {
    let mut console = Console::<32>::new();
    console.type_in(b"proto-ver 0 2d\r");
    assert_eq!(console.lines, [b"proto-ver 0 2d"]);
    assert_eq!(console.screen, b"proto-ver 0 2d\r\n");
}

#[test]
fn line_feed_ends_nothing_and_is_not_taken() {
    assert_eq!(lines_of(b"one\r\ntwo\r\n"), ["one", "two"]);
    assert_eq!(lines_of(b"one\n"), [""; 0]);
    assert_eq!(lines_of(b"one\ntwo\r"), ["onetwo"]);
}

#[test]
fn line_can_be_edited() {
    assert_eq!(lines_of(b"onx\x7fe\r"), ["one"]);
    assert_eq!(lines_of(b"onx\x08e\r"), ["one"]);
    assert_eq!(lines_of(b"\x7f\x7fone\r"), ["one"]);
    assert_eq!(lines_of(b"two\x15one\r"), ["one"]);
    assert_eq!(lines_of(b"two\x03one\r"), ["one"]);
    assert_eq!(lines_of(b"a\tb\r"), ["a b"]);
}

#[test]
fn screen_shows_what_was_edited() {
    let mut console = Console::<32>::new();
    console.type_in(b"\x7fab\x7fc\x15d\x03\x15\r");
    assert_eq!(console.screen, b"ab\x08 \x08c\x08 \x08\x08 \x08d\r\n\n>> \r\n");
}

#[test]
fn characters_that_a_terminal_obeys_do_not_come_back() {
    let mut console = Console::<300>::new();
    let typed: Vec<u8> = (0..=255).filter(|byte| *byte != b'\r').collect();
    console.type_in(&typed);
    // Ctrl-C dropped what came before.
    let screen = console.screen.strip_prefix(DROPPED_LINE).expect("a new prompt");
    let screen = screen
        .strip_prefix(b" \x08 \x08".as_slice())
        .expect("a tab, erased by 0x15");
    let printable: Vec<u8> = (b' '..=b'~').chain(*b"\x08 \x08").collect();
    assert_eq!(screen, printable);
}

const DROPPED_LINE: &[u8] = b"\r\n\n>> ";

#[test]
fn line_that_is_too_long_is_refused_whole() {
    let mut console = Console::<4>::new();
    console.type_in(b"1234\r");
    console.type_in(b"12345678\x7f9\r");
    console.type_in(b"abcd\r");
    assert_eq!(console.lines, [b"1234", b"abcd"]);
    assert_eq!(console.refused, 1);
    assert_eq!(console.screen, b"1234\r\n1234\r\n\n>> \r\n\n>> abcd\r\n");
}

#[test]
fn rest_of_a_line_that_is_too_long_can_be_dropped() {
    for end in [b'\x15', b'\x03', b'\r'] {
        let mut console = Console::<4>::new();
        console.type_in(b"12345678");
        console.type_in(&[end]);
        console.type_in(b"abcd\r");
        assert_eq!(console.lines, [b"abcd"], "{end:#x}");
    }
}

#[track_caller]
fn parsed(line: &str) -> Result<(String, u32, Vec<u8>), LineError> {
    let mut line = line.as_bytes().to_vec();
    TypedRequest::parse(&mut line).map(|typed| (typed.endpoint.into(), typed.session.get(), typed.message.to_vec()))
}

#[test]
fn request_is_endpoint_session_and_digits() {
    let version = ("proto-ver".into(), 0, b"---".to_vec());
    for line in [
        "proto-ver 0 2d2d2d",
        "  proto-ver   0    2D2d2D  ",
        "proto-ver 0 2d2d2d5",
        r#""proto-ver" "0" "2d2d2d""#,
        r#""proto-ver" "0" "2d2d2d"#,
        r"pro\to-ver\q 0 2d2d2d\",
        "proto-ver text 2d2d2d",
        "proto-ver -0 2d2d2d",
    ] {
        // `\t` and `\q` are no escapes: neither character stays.
        let line = line.replace(r"pro\to", r"prot\to");
        assert_eq!(parsed(&line).as_ref(), Ok(&version), "{line}");
    }
}

#[test]
fn quotes_and_escapes_make_ordinary_characters() {
    let endpoint = |line: &str| parsed(line).map(|(endpoint, ..)| endpoint);
    assert_eq!(endpoint(r#""a b" 0 00"#).as_deref(), Ok("a b"));
    assert_eq!(endpoint(r"a\ b 0 00").as_deref(), Ok("a b"));
    assert_eq!(endpoint(r#"a\"b\\ 0 00"#).as_deref(), Ok(r#"a"b\"#));
    assert_eq!(endpoint(r#""a\"b" 0 00"#).as_deref(), Ok(r#"a"b"#));
    assert_eq!(endpoint(r#"a"b 0 00"#).as_deref(), Ok(r#"a"b"#));
    assert_eq!(endpoint(r#""" 0 00"#).as_deref(), Ok(""));
}

#[test]
fn session_number_is_read_as_atoi_does() {
    let session = |word: &str| parsed(&std::format!("e {word} 00")).map(|(_, session, _)| session);
    assert_eq!(session("7"), Ok(7));
    assert_eq!(session("+7x9"), Ok(7));
    assert_eq!(session("007"), Ok(7));
    assert_eq!(session("x7"), Ok(0));
    assert_eq!(session("-"), Ok(0));
    assert_eq!(session("2147483647"), Ok(0x7fff_ffff));
    assert_eq!(session("4294967294"), Ok(0xffff_fffe));
    assert_eq!(session("-2"), Ok(0xffff_fffe));
}

#[test]
fn number_for_no_session_is_none_however_it_is_written() {
    for word in [
        "4294967295",
        "-1",
        "4294967296",
        "99999999999999999999999",
        "-2147483649",
    ] {
        assert_eq!(parsed(&std::format!("e {word} 00")), Err(LineError::Session), "{word}");
    }
}

#[test]
fn other_lines_are_no_requests() {
    for (line, error) in [
        ("", LineError::Empty),
        ("   ", LineError::Empty),
        ("help", LineError::Words),
        ("proto-ver 0", LineError::Words),
        ("proto-ver 0 2d 2d", LineError::Words),
        ("proto-ver 0 2g", LineError::Message),
        ("proto-ver 0 2dx", LineError::Message),
        ("proto-ver 0 0x2d", LineError::Message),
    ] {
        assert_eq!(parsed(line), Err(error), "{line:?}");
    }
    assert_eq!(parsed("e 0 5"), Ok(("e".into(), 0, vec![])));
    assert_eq!(
        TypedRequest::parse(&mut b"\xff 0 00".to_vec()).err(),
        Some(LineError::Endpoint)
    );
}

fn version_line(session: u32) -> Vec<u8> {
    let request = RequestLine {
        endpoint: Endpoint::VERSION,
        session: SessionId::new(session).expect("a session"),
        message: b"---",
    };
    let mut line = vec![0; request.len()];
    assert_eq!(request.write(&mut line), Some(line.len()));
    let len = line.len();
    assert_eq!(request.write(&mut line[..len - 1]), None);
    line
}

#[test]
fn request_line_reads_as_in_the_specification() {
    assert_eq!(version_line(0), b"proto-ver 0 2d2d2d\r");
    assert_eq!(version_line(10), b"proto-ver 10 2d2d2d\r");
    assert_eq!(version_line(0x7fff_ffff), b"proto-ver 2147483647 2d2d2d\r");
}

/// What a client makes of `heard`, and how many bytes it took.
fn reply_to(heard: &[u8]) -> Option<(Result<Vec<u8>, Reply>, usize)> {
    let mut buffer = [0xee; 8];
    let mut reader = AnswerReader::new(&mut buffer);
    let (at, reply) = (1..)
        .zip(heard)
        .find_map(|(at, &byte)| Some((at, reader.hear(byte)?)))?;
    let reply = match reply {
        Reply::Answer(len) => Ok(buffer[..len].to_vec()),
        other => Err(other),
    };
    Some((reply, at))
}

#[track_caller]
fn assert_reply(heard: &[u8], expected: Result<&[u8], Reply>) {
    let reply = reply_to(heard).map(|(reply, _)| reply);
    assert_eq!(reply, Some(expected.map(<[u8]>::to_vec)), "{}", heard.escape_ascii());
}

#[test]
fn answer_is_found() {
    assert_reply(b"\r\n\r\n0a0b\r\n\n>> ", Ok(b"\x0a\x0b"));
    // As a console prints that puts a carriage return before each line feed once more.
    assert_reply(b"\r\n\r\r\n0a0b\r\r\n\n>> ", Ok(b"\x0a\x0b"));
    assert_reply(b"\r\n\r\n0102030405060708\r\n\n>> ", Ok(&[1, 2, 3, 4, 5, 6, 7, 8]));
}

#[test]
fn prompt_without_answer_is_a_refusal() {
    assert_reply(b"\r\n\n>> ", Err(Reply::Refused));
    assert_reply(b"\r\nE (99) protocomm: no such endpoint\r\n\n>> ", Err(Reply::Refused));
    assert_reply(b"\r\nadd one\r\nentry 2\r\n\n>> ", Err(Reply::Refused));
}

#[test]
fn answer_of_no_bytes_is_no_refusal() {
    assert_reply(b"\r\n\r\n\r\n\n>> ", Ok(b""));
    let printed: Vec<u8> = [NEWLINE.to_vec(), answer(b"").collect(), PROMPT.to_vec()].concat();
    assert_reply(&printed, Ok(b""));
}

#[test]
fn log_lines_beside_the_answer_are_passed_over() {
    for log in [
        &b"I (1234) wifi:state: run\r\n"[..],
        b"\x1b[0;32mI (1234) app: Starting provisioning\x1b[0m\r\n",
        b"\x1b[0;31mE (99) app: face\x1b[0m\n",
        b">>> one\r\n",
        b"\xff\xfe\x00\r\n",
    ] {
        for at in [2, 4, 10] {
            let mut heard = b"\r\n\r\n0a0b\r\n\n>> ".to_vec();
            heard.splice(at..at, log.iter().copied());
            assert_reply(&heard, Ok(b"\x0a\x0b"));
        }
    }
}

#[test]
fn log_line_inside_the_answer_breaks_it() {
    for log in [
        &b"I (1234) wifi:state: run\r\n"[..],
        b"\x1b[0;32mW (1234) app: text\x1b[0m\r\n",
        b"Hello\r\n",
        b"\r\n",
    ] {
        for at in 5..8 {
            let mut heard = b"\r\n\r\n0a0b\r\n\n>> ".to_vec();
            heard.splice(at..at, log.iter().copied());
            assert_reply(&heard, Err(Reply::Broken));
        }
    }
    // After all digits, but before their new line: nobody knows that these were all.
    assert_reply(b"\r\n\r\n0a0bI (1) x: y\r\n\r\n\n>> ", Err(Reply::Broken));
    assert_reply(b"\r\n\r\n0a0\r\n\n>> ", Err(Reply::Broken));
    // One before it, and one inside.
    assert_reply(b"\r\n\r\nI (1) x: y\r\n0aI (2) x: y\r\n0b\r\n\n>> ", Err(Reply::Broken));
    assert_reply(b"\r\n\r\n0a0b\r\nbeef\r\n\n>> ", Err(Reply::Broken));
}

#[test]
fn answer_that_does_not_fit_is_told() {
    assert_reply(b"\r\n\r\n010203040506070809\r\n\n>> ", Err(Reply::TooLong));
}

#[test]
fn answer_without_a_prompt_can_be_had_early() {
    let mut buffer = [0; 8];
    let mut reader = AnswerReader::new(&mut buffer);
    for &byte in b"\r\n\r\n0a0b\r" {
        assert_eq!((reader.hear(byte), reader.early()), (None, None));
    }
    assert_eq!(reader.hear(b'\n'), None);
    assert_eq!(reader.early(), Some(Reply::Answer(2)));
    // What comes later does not change it.
    assert!(b"ff f".iter().all(|&byte| reader.hear(byte).is_none()));
    assert_eq!(buffer[..2], [0x0a, 0x0b]);
}

#[test]
fn truncated_answer_is_none() {
    let whole = b"\r\n\r\n0a0b\r\n\n>> ";
    for len in 0..whole.len() {
        assert_eq!(reply_to(&whole[..len]), None, "{len}");
    }
}

#[test]
fn echo_is_complete_when_all_of_it_came_back() {
    let mut echo = Echo::of(b"abc");
    assert!(!echo.hear(b'a') && !echo.hear(b'b') && echo.hear(b'c'));
    assert!(!echo.is_disturbed());
    let mut echo = Echo::of(b"abc");
    assert!(!b"ab\r\nI (12) x: y\r\n".iter().any(|&byte| echo.hear(byte)));
    assert!(echo.is_disturbed() && echo.missing() == 1);
    assert!(echo.hear(b'c'));
}

#[test]
fn prompt_is_found_only_at_the_beginning_of_a_line() {
    let prompts = |heard: &[u8]| {
        let mut finder = PromptFinder::default();
        heard.iter().filter(|&&byte| finder.hear(byte)).count()
    };
    assert_eq!(prompts(b"\n>> \n>> "), 2);
    assert_eq!(prompts(b"\n\n>> "), 1);
    assert_eq!(prompts(b">> x>> \n >> \n>x> \n>>"), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sequence_of_typed_bytes_is_survived(typed in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut console = Console::<16>::new();
        console.type_in(&typed);
        for line in &console.lines {
            prop_assert!(line.len() <= 16);
            prop_assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~')));
        }
        let shown = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | 0x08);
        prop_assert!(console.screen.iter().all(shown));
    }

    #[test]
    fn what_is_on_the_screen_is_what_is_in_the_line(typed in "[a-c\t\x08\x7f\x15]{0,40}") {
        let mut console = Console::<16>::new();
        console.type_in(typed.as_bytes());
        console.type_in(b"\r");
        prop_assume!(console.refused == 0);
        let mut shown = Vec::new();
        for byte in &console.screen[..console.screen.len() - NEWLINE.len()] {
            match byte {
                0x08 => drop(shown.pop()),
                byte => shown.push(*byte),
            }
        }
        // Each erased character is a step back, a blank over it, and a step back.
        prop_assert_eq!(&shown, &console.lines[0]);
    }

    #[test]
    fn every_line_is_survived(line in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = TypedRequest::parse(&mut line.clone());
    }

    #[test]
    fn lines_of_the_grammar_s_characters_are_survived(line in r#"[ "\\0-9a-g+-]{0,40}"#) {
        if let Ok(typed) = TypedRequest::parse(&mut line.clone().into_bytes()) {
            prop_assert!(typed.message.len() * 2 <= line.len());
            prop_assert_ne!(typed.session.get(), u32::MAX);
        }
    }

    #[test]
    fn what_a_client_types_a_device_reads(
        session in 0..u32::MAX,
        message in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let session = SessionId::new(session).expect("a session");
        let request = RequestLine { endpoint: Endpoint::CONFIG, session, message: &message };
        let mut typed = vec![0; request.len()];
        request.write(&mut typed).expect("it fits");
        let mut console = Console::<300>::new();
        console.type_in(&typed);
        let typed = TypedRequest::parse(&mut console.lines[0]).expect("a request");
        prop_assert_eq!(typed.endpoint, "prov-config");
        prop_assert_eq!(typed.session, session);
        prop_assert_eq!(typed.message, &message);
    }

    #[test]
    fn what_a_device_answers_a_client_reads(message in prop::collection::vec(any::<u8>(), 0..=8)) {
        let heard: Vec<u8> = [NEWLINE.to_vec(), answer(&message).collect(), PROMPT.to_vec()].concat();
        prop_assert_eq!(reply_to(&heard), Some((Ok(message), heard.len())));
    }

    #[test]
    fn every_sequence_of_heard_bytes_is_survived(heard in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = reply_to(&heard);
        let mut echo = Echo::of(b"typed");
        for byte in heard {
            echo.hear(byte);
        }
    }

    #[test]
    fn noise_of_an_answer_s_characters_is_survived(heard in "[0-9a-fEIx>\r\n ]{0,200}") {
        if let Some((Ok(answer), _)) = reply_to(heard.as_bytes()) {
            prop_assert!(answer.len() <= 8);
        }
    }

    /// Wherever a log line falls, the client has the right answer or none.
    #[test]
    fn log_line_never_changes_an_answer(
        message in prop::collection::vec(any::<u8>(), 1..=8),
        at in any::<prop::sample::Index>(),
        coloured: bool,
    ) {
        let mut heard: Vec<u8> = [NEWLINE.to_vec(), answer(&message).collect(), PROMPT.to_vec()].concat();
        // A prompt torn apart is one that never comes.
        let at = at.index(heard.len() - PROMPT.len() + 1);
        let log = if coloured { &b"\x1b[0;32mI (77) wifi: on\x1b[0m\r\n"[..] } else { b"I (77) wifi: on\r\n" };
        heard.splice(at..at, log.iter().copied());
        let (reply, _) = reply_to(&heard).expect("the prompt came");
        match reply {
            Ok(answer) => prop_assert_eq!(answer, message),
            Err(reply) => prop_assert_ne!(reply, Reply::TooLong),
        }
    }

    #[test]
    fn echo_is_found_whatever_falls_between(
        noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
    ) {
        let typed = b"prov-config 7 0a0b0c";
        let mut heard = typed.to_vec();
        for (at, byte) in noise {
            heard.insert(at.index(heard.len() + 1), byte);
        }
        let mut echo = Echo::of(typed);
        for byte in heard {
            echo.hear(byte);
        }
        prop_assert!(echo.is_complete());
    }
}
