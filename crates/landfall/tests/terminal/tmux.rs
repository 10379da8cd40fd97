//! A terminal with a shell in it: tmux, which a test types into and looks at.

use core::time::Duration;
use std::{path::Path, process::Command, thread, time::Instant};

use tempfile::TempDir;

use crate::support::{Device, LANDFALL};

/// A terminal of its own server, gone when dropped.
pub(crate) struct Terminal {
    /// Its server's socket, which tmux leaves behind, is in there.
    folder: TempDir,
}

/// What the shell of a [`Terminal`] finds in its environment.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    pub(crate) variables: &'a [(&'a str, &'a str)],
}

impl Surroundings<'_> {
    /// A usual window.
    pub(crate) const USUAL: Self = Surroundings {
        columns: 100,
        rows: 30,
        variables: &[("LANG", "C.UTF-8"), ("LANDFALL_PASSWORD", "abcd1234")],
    };
}

impl Terminal {
    /// A terminal for clients of `device`, whose password stands in the environment.
    #[track_caller]
    pub(crate) fn of(device: &Device) -> Self {
        Self::start(device, Surroundings::USUAL)
    }

    /// A terminal for clients of `device`.
    #[track_caller]
    pub(crate) fn start(device: &Device, surroundings: Surroundings<'_>) -> Self {
        let terminal = Self {
            folder: TempDir::new().expect("a temporary folder"),
        };
        let Surroundings { columns, rows, .. } = surroundings;
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let mut arguments = ["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows].to_vec();
        let shell = shell(device, surroundings.variables);
        arguments.extend(shell.iter().map(String::as_str));
        terminal.tmux(&arguments);
        terminal.wait_for(PROMPT);
        terminal
    }

    /// Has the shell run `landfall` with `arguments`, and tell how it ended.
    pub(crate) fn landfall(&self, arguments: &str) {
        self.line(&format!("clear; landfall {arguments}; echo exit $?"));
    }

    /// Types text as it is.
    pub(crate) fn text(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses keys, by their names in tmux.
    pub(crate) fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types a line.
    pub(crate) fn line(&self, text: &str) {
        if !text.is_empty() {
            self.text(text);
        }
        self.press(&["Enter"]);
    }

    /// What can be read.
    pub(crate) fn shown(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// What can be read, with colours and what else text looks like as escape sequences.
    pub(crate) fn painted(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-e"])
    }

    /// What can be read and could be read before.
    pub(crate) fn history(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-S", "-"])
    }

    /// Gives the window another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// Waits until `text` can be read, and gives all that can be read then. Nobody sees blanks at the end of a line.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let text = text.trim_end();
        self.wait_until(text, |shown| shown.contains(text))
    }

    /// Waits until what can be read is as wished.
    #[track_caller]
    pub(crate) fn wait_until(&self, wish: &str, is_so: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let shown = self.shown();
            if is_so(&shown) {
                return shown;
            }
            assert!(
                Instant::now() < deadline,
                "{wish:?} did not come; the terminal shows:\n{shown}"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end of `landfall` and gives all that can be read then.
    #[track_caller]
    pub(crate) fn wait_for_exit(&self, code: i32) -> String {
        let exit = format!("exit {code}");
        let is_over = |line: &str| line.starts_with("exit ") && !line.contains('$');
        let shown = self.wait_until(&exit, |shown| shown.lines().any(is_over));
        assert!(shown.lines().any(|line| line == exit), "not {exit:?}, but:\n{shown}");
        shown
    }

    /// The line that the list's cursor is on, without its mark.
    #[track_caller]
    pub(crate) fn wait_for_cursor_on(&self, name: &str) {
        let is_here = |line: &str| line.starts_with('>') && line.contains(name);
        self.wait_until(&format!("> {name}"), |shown| shown.lines().any(is_here));
    }

    /// The terminal is the shell's again: it edits lines, echoes what is typed, and shows where.
    #[track_caller]
    pub(crate) fn assert_restored(&self) {
        self.line(
            "clear; stty -a | tr ';' '\\n' | grep -o -w -e '-\\?icanon' -e '-\\?echo' -e '-\\?isig' | tr '\\n' ' '",
        );
        self.wait_for("isig icanon echo");
        assert_eq!(
            self.tmux(&["display-message", "-p", "#{cursor_flag}"]).trim(),
            "1",
            "the cursor is hidden"
        );
        self.text("echo typed and");
        self.wait_for("echo typed and");
        self.line(" read $((40 + 2))");
        self.wait_for("typed and read 42");
    }

    #[track_caller]
    fn tmux(&self, arguments: &[&str]) -> String {
        let output = self
            .command(arguments)
            .output()
            .expect("tmux is installed: cargo xtask terminal says how");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {arguments:?}: {errors}");
        String::from_utf8(output.stdout).expect("tmux prints UTF-8")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(self.folder.path().join("socket")).args(arguments);
        command.env_remove("TMUX");
        command
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.command(&["kill-server"]).output();
    }
}

/// What the shell says when it waits for a command.
const PROMPT: &str = "ready>";

/// A shell without anything of the surroundings that it or the programs would listen to. The last variable of a name
/// counts.
fn shell(device: &Device, variables: &[(&str, &str)]) -> Vec<String> {
    let folder = Path::new(LANDFALL).parent().expect("the program stands in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = vec![
        "env".to_owned(),
        "-i".into(),
        format!("PATH={}:{path}", folder.display()),
        format!("PS1={PROMPT} "),
        "TERM=screen".into(),
        "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere/bus".into(),
        format!("LANDFALL_HOST={}", device.host),
    ];
    shell.extend(variables.iter().map(|(name, value)| format!("{name}={value}")));
    shell.extend(["bash", "--norc", "--noprofile", "-i"].map(str::to_owned));
    shell
}
