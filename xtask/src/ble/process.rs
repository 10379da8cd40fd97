//! Programs that run beside each other, each with an end.

use core::time::Duration;
use std::{
    io::{self, BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Instant,
};

use crate::shell::Result;

/// The longest that a program may take to be ready.
const START: Duration = Duration::from_secs(30);

/// A program that runs beside others, ended when dropped.
pub(crate) struct Helper {
    child: Child,
    /// It goes on until this is closed.
    input: Option<ChildStdin>,
    /// What it printed when it was ready.
    pub(crate) ready: String,
    /// What it prints from then on.
    lines: Receiver<String>,
}

impl Helper {
    /// Starts `command` and waits for the line that begins with `mark`.
    pub(crate) fn start(command: &mut Command, mark: &str) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let lines = lines_of(&mut child)?;
        let mut helper = Self {
            input: child.stdin.take(),
            child,
            ready: String::new(),
            lines,
        };
        let until = Instant::now() + START;
        while !helper.ready.starts_with(mark) {
            let left = until.saturating_duration_since(Instant::now());
            helper.ready = helper
                .lines
                .recv_timeout(left)
                .map_err(|_| format!("{command:?} ended, or was not ready in {START:?}"))?;
        }
        Ok(helper)
    }

    /// Lets it end by itself, and gives what it printed since it was ready.
    pub(crate) fn finish(mut self) -> Vec<String> {
        self.input = None;
        core::mem::replace(&mut self.lines, mpsc::channel().1)
            .into_iter()
            .collect()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a program prints, read to its end whether someone wants it or not: it would stop at a full pipe.
fn lines_of(child: &mut Child) -> Result<Receiver<String>> {
    let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in lines.map_while(core::result::Result::ok) {
            // Not everybody listens to the end.
            drop(sender.send(line));
        }
    });
    Ok(receiver)
}

/// The exit code of `command`, and all that it printed; it is killed when its time is over.
pub(crate) fn output(mut command: Command, patience: Duration) -> Result<(Option<i32>, String)> {
    let (mut printed, writer) = io::pipe()?;
    let child = command
        .stdin(Stdio::null())
        .stderr(writer.try_clone()?)
        .stdout(writer)
        .spawn();
    // It holds the pipe's other end open.
    drop(command);
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        printed.read_to_end(&mut text).map(|_| text)
    });
    let status = wait(child?, patience)?;
    let text = reader.join().map_err(|_| "the reading thread died")??;
    let code = status.and_then(|status| status.code());
    Ok((code, String::from_utf8_lossy(&text).into_owned()))
}

/// How a program ended; `None` if it had to be killed.
fn wait(mut child: Child, patience: Duration) -> Result<Option<ExitStatus>> {
    let until = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}
