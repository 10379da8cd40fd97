//! The reader of a page: types its commands in a shell, in one directory, and compares what comes.

use core::time::Duration;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{PipeReader, Write as _, pipe},
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
};

use tempfile::TempDir;

use super::{
    page::{Step, Typed},
    repository,
    terminal::{Surprise, Terminal, surprise},
};
use crate::{
    air::Air,
    support::{LANDFALL, command},
};

/// Nothing in a page takes half as long.
const LONGEST_COMMAND: Duration = Duration::from_secs(60);

/// The reader's own directory, and the one where commands are typed; in the page they begin at the root.
const HOME: &str = "home/you";
const HERE: &str = "home/you/landfall";

/// The addresses that pages speak of, and the port where a device listens that is told nothing else.
const DOCUMENTED_HOSTS: [&str; 2] = ["127.0.0.1:", "0.0.0.0:"];
const DEFAULT_PORT: &str = "8080";

/// The serial port that pages speak of. It stands for the pseudo-terminal that a simulated device links to this name.
const DOCUMENTED_SERIAL_PORT: &str = "/dev/ttyUSB0";
const SERIAL_PORT: &str = "ttyUSB0";

/// Options of commands of `landfall` that need Bluetooth. There is none for `esp-prov`.
const BLUETOOTH: [&str; 4] = ["--transport ble", "--device ", "--prefix ", "\"transport\":\"ble\""];

/// Somebody who reads a page and does what it says.
pub(super) struct Reader {
    directory: TempDir,
    /// What stands for each port of the page.
    ports: BTreeMap<String, u16>,
    /// Files of the page that say where a device listens.
    listening_files: Vec<String>,
    terminals: BTreeMap<String, Terminal>,
    /// What stands for the radio, if the page needs one.
    air: Option<Air>,
}

impl Reader {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(directory.path().join(HERE)).expect("it can be made");
        fs::write(directory.path().join("variables"), "").expect("it can be written");
        Self {
            directory,
            ports: BTreeMap::new(),
            listening_files: Vec::new(),
            terminals: BTreeMap::new(),
            air: None,
        }
    }

    /// Does one step, and says what is not as the page shows it.
    pub(super) fn follow(&mut self, step: &Step) -> Result<(), Surprise> {
        match step {
            Step::File { name, text } => {
                if text.contains("listen =") {
                    self.listening_files.push(name.clone());
                }
                let text = self.as_run(text);
                fs::write(self.here().join(name), text).expect("it can be written");
                Ok(())
            }
            Step::Excerpt { line, path, text } => {
                let file = fs::read_to_string(repository().join(path)).unwrap_or_default();
                if trimmed(&file).contains(&trimmed(text)) {
                    return Ok(());
                }
                Err(surprise(*line, &format!("{path} does not contain this"), text))
            }
            Step::Tested { line, test } => {
                if is_test(test) {
                    return Ok(());
                }
                Err(surprise(*line, &format!("there is no test {test}"), ""))
            }
            Step::Run(typed) if typed.command.starts_with("cargo ") && typed.shown.is_empty() => Ok(()),
            Step::Run(typed) => self.run(typed),
            Step::Start { terminal, typed } => self.start(terminal, typed),
            Step::Look { terminal, line, look } => {
                let there = self.terminals.get_mut(terminal);
                let there = there.ok_or_else(|| surprise(*line, "no such terminal", ""))?;
                if look.interrupt {
                    there.interrupt();
                }
                there.wait_for(|printed, from| look.shown.begins(printed, from), *line)?;
                look.exit.map_or(Ok(()), |code| there.wait_for_end(code, *line))
            }
        }
    }

    fn run(&mut self, typed: &Typed) -> Result<(), Surprise> {
        let (mut shell, output) = self.shell(
            typed,
            ". ../../../variables; ",
            "; code=$?; export -n LANDFALL_HCI LANDFALL_DEVICE_HCI; export -p >../../../variables; exit $code",
        );
        let mut child = shell.spawn().expect("bash runs");
        drop(shell);
        let mut stdin = child.stdin.take().expect("it was piped");
        // A program that has heard enough is right not to read the rest.
        let _ = stdin.write_all(typed.input.as_bytes());
        drop(stdin);
        let mut running = Terminal::new(child, output, self.documented());
        let code = running.end(LONGEST_COMMAND);
        let printed = running.printed();
        match code {
            Some(code) if code == typed.exit => {}
            Some(code) => {
                let what = format!("`{}` ends with {code}, the page says {}", typed.command, typed.exit);
                return Err(surprise(typed.line, &what, &printed));
            }
            None => {
                let what = format!("`{}` does not end", typed.command);
                return Err(surprise(typed.line, &what, &printed));
            }
        }
        if typed.shown.is_empty() || typed.shown.is_all_of(&printed) {
            return Ok(());
        }
        let what = format!("`{}` prints something else", typed.command);
        Err(Surprise {
            instead: Some((typed.shown_at.clone(), printed.clone())),
            ..surprise(typed.line, &what, &printed)
        })
    }

    fn start(&mut self, terminal: &str, typed: &Typed) -> Result<(), Surprise> {
        if let Some(mut before) = self.terminals.remove(terminal) {
            before.interrupt();
        }
        let (mut shell, output) = self.shell(typed, "", "");
        let says_where = |word: &String| typed.command.contains(word);
        if !typed.command.contains("--listen") && !self.listening_files.iter().any(says_where) {
            shell.env("LANDFALL_LISTEN", format!("127.0.0.1:{}", self.port(DEFAULT_PORT)));
        }
        let child = shell.stdin(Stdio::null()).spawn().expect("bash runs");
        drop(shell);
        let mut there = Terminal::new(child, output, self.documented());
        let shown = there.wait_for(|printed, from| typed.shown.begins(printed, from), typed.line);
        let ready = match typed.command.contains("landfall simulate") {
            true => there.wait_for(|printed, _| printed.contains("Listening on ").then_some(0), typed.line),
            false => Ok(()),
        };
        self.terminals.insert(terminal.into(), there);
        shown.and(ready)
    }

    /// A shell that runs what is typed between `before` and `after`, and its output: both streams, as a person sees them.
    fn shell(&mut self, typed: &Typed, before: &str, after: &str) -> (Command, PipeReader) {
        let typed = self.as_run(&typed.command);
        let script = format!("set -o pipefail; {before}{typed}{after}");
        let (output, input) = pipe().expect("a pipe");
        let mut shell = command("bash", &["-c", &script]);
        shell
            .current_dir(self.here())
            .env("HOME", self.directory.path().join(HOME))
            .env("PATH", path())
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(input.try_clone().expect("it can be had twice"))
            .stderr(input)
            .process_group(0);
        let ours = |name: &OsString| name.to_string_lossy().starts_with("LANDFALL_");
        for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
            shell.env_remove(name);
        }
        if !typed.contains("esp-prov") && BLUETOOTH.iter().any(|option| typed.contains(option)) {
            let air = self.air.get_or_insert_with(|| Air::with(&[]));
            // The computer's Bluetooth, and the device's.
            shell.env("LANDFALL_HCI", air.of_client());
            shell.env("LANDFALL_DEVICE_HCI", air.of_device());
        }
        (shell, output)
    }

    fn here(&self) -> PathBuf {
        self.directory.path().join(HERE)
    }

    /// The text with this run's own ports in place of the page's.
    fn as_run(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for host in DOCUMENTED_HOSTS {
            let mut parts = text.split(host);
            let mut run = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let after = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
                let port = &part[..part.len() - after.len()];
                run.push_str(&format!("{host}{}{after}", self.port(port)));
            }
            text = run;
        }
        let serial_port = self.here().join(SERIAL_PORT);
        let text = text.replace("cargo run --release --", "landfall");
        text.replace(DOCUMENTED_SERIAL_PORT, serial_port.to_str().expect("text"))
    }

    /// What is this run's own, and what the page has in its place.
    fn documented(&self) -> Vec<(String, String)> {
        let serial_port = self.here().join(SERIAL_PORT).to_str().expect("text").to_owned();
        let root = self.directory.path().to_str().expect("text").to_owned();
        let mut documented = vec![(serial_port, DOCUMENTED_SERIAL_PORT.to_owned()), (root, String::new())];
        documented.extend(
            self.ports
                .iter()
                .map(|(documented, own)| (format!(":{own}"), format!(":{documented}"))),
        );
        documented
    }

    /// The port that stands for `documented`: free, and none that the system gives to whoever asks for any.
    fn port(&mut self, documented: &str) -> u16 {
        if let Some(&port) = self.ports.get(documented) {
            return port;
        }
        let port = (0..PORTS)
            .map(|_| next_port())
            .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
            .expect("a port is free");
        self.ports.insert(documented.into(), port);
        port
    }
}

/// Whether `test` (MODULE::NAME) is one of these tests.
fn is_test(test: &str) -> bool {
    let Some((module, name)) = test.split_once("::") else {
        return false;
    };
    let file = repository().join(format!("crates/landfall/tests/it/{module}.rs"));
    let text = fs::read_to_string(file).unwrap_or_default();
    text.contains(&format!("#[test]\nfn {name}()"))
}

/// The lines without indentation.
fn trimmed(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim())).collect()
}

/// The ports from [`FIRST_PORT`] on that pages use: as many digits as those they stand for, and none that systems give to
/// whoever asks for any.
const FIRST_PORT: u16 = 2000;
const PORTS: u16 = 8000;

/// Another port each time, beginning where other runs of these tests do not.
fn next_port() -> u16 {
    static NEXT: Mutex<Option<u32>> = Mutex::new(None);
    let mut next = NEXT.lock().expect("nobody panics with it");
    let number = next.unwrap_or_else(|| std::process::id().wrapping_mul(61));
    *next = Some(number.wrapping_add(1));
    FIRST_PORT + (number % u32::from(PORTS)) as u16
}

/// The programs that were built, then what the system has.
fn path() -> OsString {
    let programs = Path::new(LANDFALL).parent().expect("a program is in a directory");
    let mut path = programs.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}
