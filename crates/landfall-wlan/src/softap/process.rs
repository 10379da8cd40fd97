//! A program that is an access point, from its start to its end.

use core::time::Duration;
use std::{
    io,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::AsyncReadExt as _,
    net::unix::pipe,
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use super::{
    control::Control,
    failed,
    place::Place,
    program::{Program, Wish},
    watch::Watch,
};
use crate::Error;

/// An access point that is on the air. Dropped, the program is killed.
#[derive(Debug)]
pub(super) struct Process {
    program: &'static str,
    child: Child,
    control: Control,
    said: Said,
}

impl Process {
    /// Starts the program, and waits until its access point is on the air.
    pub(super) async fn start(program: &Program, place: &Place, wish: &Wish, frequency: u32) -> Result<Self, Error> {
        let room = "make room for the access point's files";
        place
            .clear(&wish.interface)
            .await
            .map_err(|error| failed(room, &error))?;
        let configuration = program.configuration(wish, frequency, &place.sockets())?;
        place.configure(&configuration).map_err(|error| failed(room, &error))?;
        let mut watch = Watch::new(&place.sockets()).map_err(|error| failed(room, &error))?;
        let starting = Starting::new(program, place, wish)?;
        let started = starting.connect(&mut watch, place, &wish.interface).await;
        let started = match started {
            Ok(mut process) => process.enabled().await.map(|()| process),
            Err(error) => Err(error),
        };
        // It has been read, and holds the key.
        let _ = std::fs::remove_file(place.configuration());
        started
    }

    /// Waits until the program fails, and says how. Dropping the future loses nothing.
    pub(super) async fn failed(&mut self) -> Error {
        loop {
            let why = tokio::select! {
                _ = self.child.wait() => self.said.last("it ended").await,
                event = self.control.event() => match event {
                    Ok(event) if is_end(&event) => self.said.last("its access point went off the air").await,
                    Ok(_) => continue,
                    Err(error) => error.to_string(),
                },
            };
            return self.error(why);
        }
    }

    /// Announces another channel to the guests and goes there with them. Fails if program or driver cannot, and if it is
    /// another band: no guest would follow there, and hostapd 2.10 refuses.
    pub(super) async fn switch(&mut self, frequency: u32) -> Result<(), Error> {
        let order = format!("CHAN_SWITCH {BEACONS} {frequency}");
        let answer = self.control.ask(&order).await;
        let answer = answer.map_err(|error| self.error(error.to_string()))?;
        if answer.trim() != "OK" {
            return Err(self.error("it cannot announce another channel".to_owned()));
        }
        let there = format!("AP-CSA-FINISHED freq={frequency}");
        let switched = async {
            loop {
                let event = self.control.event().await.map_err(|error| error.to_string())?;
                if event.split(" dfs").next() == Some(there.as_str()) {
                    return Ok(());
                }
                if is_end(&event) {
                    return Err("its access point went off the air".to_owned());
                }
            }
        };
        match timeout(SWITCH_TIME, switched).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(self.error(why)),
            Err(_) => Err(Error::TooLate("to move the access point")),
        }
    }

    /// Takes the access point off the air, and its guests are told.
    pub(super) async fn stop(mut self) {
        let id = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let asked = id.is_some_and(|id| kill_process(id, Signal::TERM).is_ok());
        if !asked || timeout(END_TIME, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    async fn enabled(&mut self) -> Result<(), Error> {
        let attached = async {
            // Events first, lest the one that counts comes between.
            self.control.ask("ATTACH").await?;
            self.control.ask("STATUS").await
        };
        let status = attached.await.map_err(|error| self.error(error.to_string()))?;
        let is_on = |line: &str| line == "state=ENABLED" || line == "wpa_state=COMPLETED";
        if status.lines().any(is_on) {
            return Ok(());
        }
        let on = async {
            loop {
                tokio::select! {
                    _ = self.child.wait() => return Err("it ended".to_owned()),
                    event = self.control.event() => match event {
                        Ok(event) if event.starts_with("AP-ENABLED") => return Ok(()),
                        Ok(event) if is_end(&event) => return Err("its access point does not go on the air".to_owned()),
                        Ok(_) => {}
                        Err(error) => return Err(error.to_string()),
                    },
                }
            }
        };
        match timeout(START_TIME, on).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => {
                let why = self.said.last(&why).await;
                Err(self.error(why))
            }
            Err(_) => Err(Error::TooLate("to start the access point")),
        }
    }

    const fn error(&self, why: String) -> Error {
        Error::Program {
            program: self.program,
            why,
        }
    }
}

/// A program that cannot be spoken to yet.
struct Starting {
    program: &'static str,
    child: Child,
    said: Said,
}

impl Starting {
    fn new(program: &Program, place: &Place, wish: &Wish) -> Result<Self, Error> {
        let command = program.command(&place.configuration(), &wish.interface);
        let spawned = Self::spawn(command);
        let (child, said) = spawned.map_err(|error| Error::Program {
            program: program.name(),
            why: error.to_string(),
        })?;
        Ok(Self {
            program: program.name(),
            child,
            said,
        })
    }

    fn spawn(mut command: Command) -> io::Result<(Child, Said)> {
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        command.stdin(Stdio::null()).stdout(write.try_clone()?).stderr(write);
        let child = command.kill_on_drop(true).spawn()?;
        // The child alone holds the other end, so that this one hears its end.
        drop(command);
        Ok((child, Said::listen(pipe::Receiver::from_owned_fd(read)?)))
    }

    async fn connect(mut self, watch: &mut Watch, place: &Place, interface: &str) -> Result<Process, Error> {
        let connect = || Control::connect(&place.socket(interface), &place.own()).ok();
        let connected = tokio::select! {
            connected = watch.find(START_TIME, connect) => connected,
            _ = self.child.wait() => {
                let why = self.said.last("it ended").await;
                return Err(Error::Program { program: self.program, why });
            }
        };
        match connected {
            Ok(Some(control)) => Ok(Process {
                program: self.program,
                child: self.child,
                control,
                said: self.said,
            }),
            Ok(None) => Err(Error::TooLate("to start the access point")),
            Err(error) => Err(failed("watch the access point's files", &error)),
        }
    }
}

/// The last that a program said.
#[derive(Debug)]
struct Said {
    bytes: Arc<Mutex<Vec<u8>>>,
    listening: JoinHandle<()>,
}

impl Said {
    fn listen(mut from: pipe::Receiver) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let listening = tokio::spawn(async move {
            let mut heard = [0; 512];
            while let Ok(len @ 1..) = from.read(&mut heard).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(heard.iter().take(len));
                let too_many = kept.len().saturating_sub(MOST_SAID);
                kept.drain(..too_many);
            }
        });
        Self { bytes, listening }
    }

    /// `what` happened, and the last lines before.
    async fn last(&mut self, what: &str) -> String {
        // What it said at its end may still be on its way.
        let _ = timeout(LISTEN_TIME, &mut self.listening).await;
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        let mut why = what.to_owned();
        if !last.is_empty() {
            why.push_str("; it said: ");
            why.extend(last.join(" / ").chars().filter(|c| !c.is_control()));
        }
        why
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Whether nobody can join any more after this event: the interface is off (rfkill) or gone, or the driver gave up.
fn is_end(event: &str) -> bool {
    ["AP-DISABLED", "INTERFACE-DISABLED", "CTRL-EVENT-TERMINATING"]
        .iter()
        .any(|end| event.starts_with(end))
}

/// A second, so that phones that sleep hear it.
const BEACONS: u32 = 10;
/// For the announcement and then some.
const SWITCH_TIME: Duration = Duration::from_secs(15);
const START_TIME: Duration = Duration::from_secs(30);
const END_TIME: Duration = Duration::from_secs(3);
const LISTEN_TIME: Duration = Duration::from_millis(200);
/// Octets of what a program said.
const MOST_SAID: usize = 1024;
/// So many lines of it tell what is the matter: the first of them does, the others tell what came of it.
const LINES: usize = 8;
