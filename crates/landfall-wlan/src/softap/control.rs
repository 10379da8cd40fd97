//! The control socket of hostapd and wpa_supplicant: questions and answers as datagrams, and events between them.

use core::time::Duration;
use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use tokio::{net::UnixDatagram, time::timeout};

/// A way to one of the two, for as long as it runs.
#[derive(Debug)]
pub(super) struct Control {
    socket: UnixDatagram,
    own: PathBuf,
    /// Events that came while an answer was waited for.
    events: VecDeque<String>,
}

impl Control {
    /// Connects to the socket at `theirs`, being `own` itself.
    pub(super) fn connect(theirs: &Path, own: &Path) -> io::Result<Self> {
        // Of an earlier life.
        let _ = fs::remove_file(own);
        let socket = UnixDatagram::bind(own)?;
        socket.connect(theirs)?;
        Ok(Self {
            socket,
            own: own.to_owned(),
            events: VecDeque::new(),
        })
    }

    /// Asks, and gives the answer.
    pub(super) async fn ask(&mut self, question: &str) -> io::Result<String> {
        let answer = async {
            self.socket.send(question.as_bytes()).await?;
            loop {
                let text = receive(&self.socket).await?;
                match event(&text) {
                    Some(event) => {
                        // Nobody waits for the oldest ones any more.
                        if self.events.len() == MOST_EVENTS {
                            self.events.pop_front();
                        }
                        self.events.push_back(event.to_owned());
                    }
                    None => return Ok(text),
                }
            }
        };
        timeout(ANSWER_TIME, answer).await.map_err(io::Error::from).flatten()
    }

    /// Waits for the next event, if events were asked for. Dropping the future loses nothing.
    pub(super) async fn event(&mut self) -> io::Result<String> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            // What is no event is the answer to a question that nobody asks any more.
            let text = receive(&self.socket).await?;
            self.events.extend(event(&text).map(str::to_owned));
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.own);
    }
}

async fn receive(socket: &UnixDatagram) -> io::Result<String> {
    let mut buffer = [0; 4096];
    let len = socket.recv(&mut buffer).await?;
    Ok(String::from_utf8_lossy(buffer.get(..len).unwrap_or_default()).into_owned())
}

/// The event in `<3>AP-ENABLED `; `None` for an answer.
fn event(text: &str) -> Option<&str> {
    let (level, event) = text.strip_prefix('<')?.split_once('>')?;
    level.bytes().all(|digit| digit.is_ascii_digit()).then(|| event.trim())
}

const ANSWER_TIME: Duration = Duration::from_secs(10);
const MOST_EVENTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_between_question_and_answer_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (theirs, own) = (folder.path().join("theirs"), folder.path().join("own"));
        let server = UnixDatagram::bind(&theirs).expect("a socket");
        let mut control = Control::connect(&theirs, &own).expect("connects");
        let serve = async {
            let mut question = [0; 64];
            let (len, from) = server.recv_from(&mut question).await.expect("a question");
            assert_eq!(&question[..len], b"STATUS");
            let from = from.as_pathname().expect("a path").to_owned();
            for text in [
                "<3>AP-ENABLED ",
                "state=ENABLED\n",
                "<4>AP-CSA-FINISHED freq=2462 dfs=0",
            ] {
                server.send_to(text.as_bytes(), &from).await.expect("sends");
            }
        };
        let (answer, ()) = tokio::join!(control.ask("STATUS"), serve);
        assert_eq!(answer.expect("an answer"), "state=ENABLED\n");
        assert_eq!(control.event().await.expect("an event"), "AP-ENABLED");
        assert_eq!(
            control.event().await.expect("an event"),
            "AP-CSA-FINISHED freq=2462 dfs=0"
        );
        drop(control);
        assert!(!own.exists());
    }

    #[test]
    fn answers_are_no_events() {
        for (text, expected) in [
            ("<3>AP-ENABLED \n", Some("AP-ENABLED")),
            ("<>x", Some("x")),
            ("OK\n", None),
            ("<a>b", None),
            ("<", None),
            ("", None),
        ] {
            assert_eq!(event(text), expected, "{text:?}");
        }
    }
}
