//! A program of the owner's that is run whenever something happens.

use core::{cell::RefCell, net::Ipv4Addr, time::Duration};
use std::{
    collections::VecDeque,
    env,
    ffi::{OsStr, OsString},
    fs, io,
    os::{
        fd::AsFd as _,
        unix::{ffi::OsStringExt as _, fs::PermissionsExt as _},
    },
    path::{self, Path, PathBuf},
    process::{ExitStatus, Stdio},
    rc::Rc,
};

use landfall_device::manager::Ssid;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::{Child, Command},
    sync::mpsc,
    time::timeout,
};

use crate::{
    failure::{Failure, Problem},
    print::text::hex,
};

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    DeviceStarted,
    ProvisioningOpened,
    ProvisioningClosed,
    ClientConnected,
    CredentialsReceived,
    Joined,
    JoinFailed,
    Lost,
    Provisioned,
    Reset,
}

/// One thing that happened, with what is known of it. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Occasion {
    pub(super) happening: Happening,
    pub(super) ssid: Option<Ssid>,
    pub(super) ip: Option<Ipv4Addr>,
    pub(super) reason: Option<String>,
}

/// Where occasions are put for the program.
pub(super) struct Hooks(Option<Post>);

/// The way to what runs the program.
struct Post {
    waiting: Rc<Waiting>,
    /// Rung when something waits.
    bell: mpsc::Sender<()>,
}

/// Occasions that wait for the program: of each kind the latest at most, and so never many. What strangers can bring
/// about as often as they like cannot keep from the program what happens to the network.
#[derive(Default)]
struct Waiting(RefCell<VecDeque<Occasion>>);

/// What runs the program, one occasion after the other.
pub(super) struct HookRunner {
    program: PathBuf,
    /// What the program is told of the device every time.
    device: [(&'static str, String); 2],
    waiting: Rc<Waiting>,
    bell: mpsc::Receiver<()>,
    /// For the program to come to its end.
    run_time: Duration,
}

/// For a program that does its work elsewhere if it needs longer.
const RUN_TIME: Duration = Duration::from_secs(30);

/// The program at `path`, from wherever it is run later.
///
/// # Errors
///
/// [`Problem::HookUnusable`].
pub(super) fn program(path: &Path) -> Result<PathBuf, Failure> {
    let program = path::absolute(path).and_then(|program| {
        let found = fs::metadata(&program)?;
        if found.is_dir() || found.permissions().mode() & 0o111 == 0 {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is no program"));
        }
        Ok(program)
    });
    program.map_err(|error| {
        Failure::new(Problem::HookUnusable)
            .saying(format!("the hook {} cannot be run", path.display()))
            .because(error)
    })
}

impl Happening {
    /// What the program knows it as. Programs rely on the names.
    const fn name(self) -> &'static str {
        match self {
            Self::DeviceStarted => "device-started",
            Self::ProvisioningOpened => "provisioning-opened",
            Self::ProvisioningClosed => "provisioning-closed",
            Self::ClientConnected => "client-connected",
            Self::CredentialsReceived => "credentials-received",
            Self::Joined => "joined",
            Self::JoinFailed => "join-failed",
            Self::Lost => "lost",
            Self::Provisioned => "provisioned",
            Self::Reset => "reset",
        }
    }
}

impl Occasion {
    /// Something of which no more is to be told.
    pub(super) const fn new(happening: Happening) -> Self {
        Self {
            happening,
            ssid: None,
            ip: None,
            reason: None,
        }
    }
}

impl Waiting {
    /// Puts `occasion` at the end, in place of an earlier one of its kind. Whether nothing is left out for it that says
    /// more than that somebody has connected.
    fn put(&self, occasion: Occasion) -> bool {
        let mut waiting = self.0.borrow_mut();
        let earlier = waiting.iter().position(|other| other.happening == occasion.happening);
        if earlier.is_some() && occasion.happening == Happening::ClientConnected {
            return true;
        }
        let replaced = earlier.and_then(|at| waiting.remove(at));
        waiting.push_back(occasion);
        replaced.is_none()
    }

    fn take(&self) -> Option<Occasion> {
        self.0.borrow_mut().pop_front()
    }
}

impl Hooks {
    /// The hooks of the device `name` on `interface`; nothing is run without a `program`.
    pub(super) fn new(program: Option<PathBuf>, name: &str, interface: &str) -> (Self, Option<HookRunner>) {
        let Some(program) = program else {
            return (Self(None), None);
        };
        let waiting = Rc::<Waiting>::default();
        let (bell, rung) = mpsc::channel(1);
        let device = [
            ("LANDFALL_NAME", name.to_owned()),
            ("LANDFALL_INTERFACE", interface.to_owned()),
        ];
        let runner = HookRunner {
            program,
            device,
            waiting: Rc::clone(&waiting),
            bell: rung,
            run_time: RUN_TIME,
        };
        (Self(Some(Post { waiting, bell })), Some(runner))
    }

    /// Has the program run for `occasion`, when it is done with those before. False if it hears nothing any more of an
    /// earlier one of this kind, for which it was too slow.
    pub(super) fn put(&self, occasion: Occasion) -> bool {
        let Some(Post { waiting, bell }) = &self.0 else {
            return true;
        };
        let nothing_lost = waiting.put(occasion);
        // One that was rung and not yet heard is enough.
        let _ = bell.try_send(());
        nothing_lost
    }
}

impl HookRunner {
    /// Runs the program for all that happens; `warn` hears of what goes wrong.
    pub(super) async fn run(mut self, warn: impl Fn(String)) {
        while self.bell.recv().await.is_some() {
            while let Some(occasion) = self.waiting.take() {
                if let Err(why) = self.run_for(&occasion).await {
                    let (program, event) = (self.program.display(), occasion.happening.name());
                    warn(format!("the hook {program} failed at {event}: {why}"));
                }
            }
        }
    }

    async fn run_for(&self, occasion: &Occasion) -> Result<(), String> {
        let child = self.spawn(occasion).map_err(|error| error.to_string())?;
        let mut running = Running::new(child);
        match timeout(self.run_time, running.child.wait()).await {
            Ok(Ok(status)) if status.success() => {
                running.group = None;
                Ok(())
            }
            Ok(Ok(status)) => Err(told(status)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!(
                "it took more than {} s, and was killed",
                self.run_time.as_secs()
            )),
        }
    }

    fn spawn(&self, occasion: &Occasion) -> io::Result<Child> {
        // What is printed by it belongs to the log; standard output is ours, maybe read by a machine.
        let log = io::stderr().as_fd().try_clone_to_owned()?;
        let mut command = Command::new(&self.program);
        for name in env::vars_os().map(|(name, _)| name).filter(|name| is_ours(name)) {
            command.env_remove(name);
        }
        command
            .envs(self.device.iter().map(|(name, value)| (name, value)))
            .envs(facts(occasion))
            .stdin(Stdio::null())
            .stdout(Stdio::from(log))
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }
}

/// A program that runs, killed with all it has started unless it came to a good end.
struct Running {
    child: Child,
    group: Option<Pid>,
}

impl Running {
    fn new(child: Child) -> Self {
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Self { child, group }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // A group without anybody left in it needs no killing.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What the program is told of the occasion. A network's name is any octets, of which an environment cannot hold zero:
/// then the name is told in hex only.
fn facts(occasion: &Occasion) -> Vec<(&'static str, OsString)> {
    let mut facts = vec![("LANDFALL_EVENT", occasion.happening.name().into())];
    if let Some(ssid) = &occasion.ssid {
        facts.push(("LANDFALL_SSID_HEX", hex(ssid.as_bytes()).into()));
        if !ssid.as_bytes().contains(&0) {
            facts.push(("LANDFALL_SSID", OsString::from_vec(ssid.as_bytes().to_vec())));
        }
    }
    facts.extend(occasion.ip.map(|ip| ("LANDFALL_IP", ip.to_string().into())));
    facts.extend(
        occasion
            .reason
            .as_ref()
            .map(|why| ("LANDFALL_REASON", why.replace('\0', "").into())),
    );
    facts
}

/// Whether a variable is meant for us, and none of the program's business: among ours are secrets.
fn is_ours(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"LANDFALL_")
        || ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]
            .iter()
            .any(|ours| name == *ours)
}

fn told(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("it ended with code {code}"),
        None => "it was killed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use rustix::fs::{Mode, OFlags};
    use tempfile::TempDir;
    use tokio::{runtime, time::sleep};

    use super::*;

    /// A folder with a hook that does this.
    fn hook(script: &str) -> TempDir {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("hook");
        fs::write(
            &path,
            format!("#!/bin/sh\ncd '{}'\n{script}\n", folder.path().display()),
        )
        .expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
        folder
    }

    /// Runs the hook in `folder` for all that happens; gives what is warned of.
    fn warnings(folder: &TempDir, happenings: &[Happening], run_time: Duration) -> Vec<String> {
        let program = program(&folder.path().join("hook")).expect("a program");
        let (hooks, runner) = Hooks::new(Some(program), "PROV_TEST", "wlan0");
        let mut runner = runner.expect("there is a program");
        runner.run_time = run_time;
        for happening in happenings {
            assert!(hooks.put(Occasion::new(*happening)));
        }
        drop(hooks);
        let warned = RefCell::new(Vec::new());
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let running = runner.run(|why| warned.borrow_mut().push(why));
        runtime.expect("a runtime").block_on(running);
        warned.into_inner()
    }

    #[test]
    fn a_hook_that_fails_is_told_of_and_run_for_what_comes_next() {
        let folder = hook("echo \"$LANDFALL_EVENT\" >> log; test \"$LANDFALL_EVENT\" != lost || exit 3");
        let warned = warnings(&folder, &[Happening::Lost, Happening::Joined], RUN_TIME);
        assert_eq!(warned.len(), 1, "{warned:?}");
        assert!(
            warned.concat().ends_with("failed at lost: it ended with code 3"),
            "{warned:?}"
        );
        let log = fs::read_to_string(folder.path().join("log")).expect("it was run");
        assert_eq!(log, "lost\njoined\n");
    }

    #[test]
    fn a_hook_that_hangs_is_killed_with_all_it_has_started() {
        let folder = hook("mkfifo pipe; (read line < pipe; echo alive > log) & wait");
        let warned = warnings(&folder, &[Happening::Joined], Duration::from_secs(1));
        assert!(warned.concat().contains("it took more than 1 s"), "{warned:?}");
        // As long as somebody reads it, it can be opened for writing; held open, for it would end who reads it.
        let (pipe, mut held) = (folder.path().join("pipe"), Vec::new());
        let flags = OFlags::WRONLY | OFlags::NONBLOCK;
        let gone = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(20));
            let opened = rustix::fs::open(&pipe, flags, Mode::empty());
            opened.map(|end| held.push(end)).is_err()
        });
        assert!(gone, "what it has started lives on");
    }

    #[test]
    fn strangers_who_connect_without_end_do_not_keep_the_network_from_a_slow_hook() {
        let folder = hook("echo \"$LANDFALL_EVENT $LANDFALL_IP\" >> log; echo > \"$LANDFALL_EVENT\"; sleep 0.3");
        let path = program(&folder.path().join("hook")).expect("a program");
        let (hooks, runner) = Hooks::new(Some(path), "PROV_TEST", "wlan0");
        let happens = async {
            hooks.put(Occasion::new(Happening::DeviceStarted));
            while !folder.path().join("device-started").exists() {
                sleep(Duration::from_millis(5)).await;
            }
            let flood = || (0..100).all(|_| hooks.put(Occasion::new(Happening::ClientConnected)));
            let joined = |ip| Occasion {
                ip: Some(ip),
                ..Occasion::new(Happening::Joined)
            };
            assert!(flood(), "strangers are not worth a warning");
            assert!(hooks.put(joined(Ipv4Addr::new(10, 0, 0, 1))));
            assert!(hooks.put(Occasion::new(Happening::Lost)));
            assert!(
                !hooks.put(joined(Ipv4Addr::new(10, 0, 0, 2))),
                "an earlier one was left out"
            );
            assert!(flood());
            drop(hooks);
        };
        let running = runner.expect("there is a program").run(|why| panic!("{why}"));
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .expect("a runtime")
            .block_on(async { tokio::join!(running, happens) });
        let log = fs::read_to_string(folder.path().join("log")).expect("it was run");
        assert_eq!(log, "device-started \nclient-connected \nlost \njoined 10.0.0.2\n");
    }

    #[test]
    fn secrets_of_ours_are_none_of_the_hook_s_business() {
        for ours in [
            "LANDFALL_POP",
            "LANDFALL_PASSWORD",
            "LANDFALL_SERVICE_KEY",
            "NOTIFY_SOCKET",
            "WATCHDOG_USEC",
        ] {
            assert!(is_ours(OsStr::new(ours)), "{ours}");
        }
        for other in ["PATH", "HOME", "LANDFALL", "MY_LANDFALL_POP", "NOTIFY_SOCKETS"] {
            assert!(!is_ours(OsStr::new(other)), "{other}");
        }
    }

    #[test]
    fn names_of_networks_that_an_environment_cannot_hold_are_told_in_hex() {
        let occasion = |name: &[u8]| Occasion {
            ssid: Ssid::new(name),
            ..Occasion::new(Happening::Joined)
        };
        let told = |name: &[u8]| {
            facts(&occasion(name))
                .into_iter()
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            told(b"Caf\xc3\xa9"),
            ["LANDFALL_EVENT", "LANDFALL_SSID_HEX", "LANDFALL_SSID"]
        );
        assert_eq!(
            told(b"\xff\xfe"),
            ["LANDFALL_EVENT", "LANDFALL_SSID_HEX", "LANDFALL_SSID"]
        );
        assert_eq!(told(b"a\0b"), ["LANDFALL_EVENT", "LANDFALL_SSID_HEX"]);
    }
}
