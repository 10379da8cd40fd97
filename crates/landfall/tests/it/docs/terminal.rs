//! A program in a terminal: what it prints, how it ends, and what is not as a page shows it.

use core::{ops::Range, time::Duration};
use std::{
    io::{PipeReader, Read as _},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Instant,
};

/// Nothing that a page waits for in another terminal takes half as long.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A program that runs, and what it has printed. It is ended when this is dropped.
pub(super) struct Terminal {
    child: Child,
    printed: Arc<Mutex<String>>,
    closed: mpsc::Receiver<()>,
    documented: Vec<(String, String)>,
    /// How many lines the page has shown.
    shown: usize,
}

impl Terminal {
    pub(super) fn new(child: Child, output: PipeReader, documented: Vec<(String, String)>) -> Self {
        let printed = Arc::new(Mutex::new(String::new()));
        let (close, closed) = mpsc::channel();
        thread::spawn({
            let printed = Arc::clone(&printed);
            move || {
                collect(output, &printed);
                let _ = close.send(());
            }
        });
        Self {
            child,
            printed,
            closed,
            documented,
            shown: 0,
        }
    }

    /// What it has printed so far, as the page would have it.
    pub(super) fn printed(&self) -> String {
        let printed = self.printed.lock().expect("the collector does not panic").clone();
        let replace = |text: String, (own, documented): &(String, String)| text.replace(own, documented);
        self.documented.iter().fold(printed, replace)
    }

    /// Waits until `shown` finds what it looks for after the lines that were shown already.
    pub(super) fn wait_for(
        &mut self,
        shown: impl Fn(&str, usize) -> Option<usize>,
        line: usize,
    ) -> Result<(), Surprise> {
        let deadline = Instant::now() + LONGEST_WAIT;
        loop {
            let has_ended = self.has_ended();
            let printed = self.printed();
            let complete = printed.rfind('\n').map_or("", |end| &printed[..end]);
            if let Some(lines) = shown(complete, self.shown) {
                self.shown += lines;
                return Ok(());
            }
            if has_ended || Instant::now() > deadline {
                return Err(surprise(line, "what the page shows did not come", &printed));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(super) fn wait_for_end(&mut self, code: i32, line: usize) -> Result<(), Surprise> {
        match self.end(LONGEST_WAIT) {
            Some(ended) if ended == code => Ok(()),
            ended => {
                let what = format!("the program should end with {code}, but: {ended:?}");
                Err(surprise(line, &what, &self.printed()))
            }
        }
    }

    /// Waits for the end, and gives the exit code; `None` if it does not end in time.
    pub(super) fn end(&mut self, longest: Duration) -> Option<i32> {
        let deadline = Instant::now() + longest;
        while !self.has_ended() {
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().expect("it has ended");
        Some(status.code().unwrap_or(-1))
    }

    /// Whether the program has ended, and all that it printed is here.
    fn has_ended(&mut self) -> bool {
        let ended = matches!(self.child.try_wait(), Ok(Some(_)));
        if ended {
            // Long enough for what is in the pipe; something that still holds it open is not waited for.
            let _ = self.closed.recv_timeout(Duration::from_secs(1));
        }
        ended
    }

    /// Ends it as Ctrl-C does.
    pub(super) fn interrupt(&mut self) {
        self.signal("INT");
        self.end(LONGEST_WAIT);
    }

    /// Sends a signal to the program and all that it started.
    fn signal(&self, name: &str) {
        let _ = Command::new("kill")
            .args([&format!("-{name}"), "--", &format!("-{}", self.child.id())])
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("KILL");
            let _ = self.child.wait();
        }
    }
}

fn collect(mut output: PipeReader, printed: &Mutex<String>) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(length @ 1..) = output.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..length]);
        *printed.lock().expect("readers do not panic") = String::from_utf8_lossy(&bytes).into_owned();
    }
}

/// A page that shows something else than happens.
pub(super) struct Surprise {
    pub(super) text: String,
    /// What the page should show instead, if it is known.
    pub(super) instead: Option<(Range<usize>, String)>,
}

/// What is not as the page shows it at `line`, and all that was printed.
pub(super) fn surprise(line: usize, what: &str, printed: &str) -> Surprise {
    let text = format!("{line}: {what}\n--- it printed\n{printed}---");
    Surprise { text, instead: None }
}
