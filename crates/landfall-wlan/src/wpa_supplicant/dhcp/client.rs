use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process, test_kill_process},
};
use tokio::process::{Child, Command};

use super::script;
use crate::Error;

/// A program that asks for addresses, and goes on asking for as long as it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Client {
    kind: Kind,
    program: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Udhcpc,
    /// The same, as a part of busybox.
    Busybox,
    Dhcpcd,
    Dhclient,
}

impl Client {
    /// The first one that is installed. For a visit only those that can be told to leave the way to the rest of the world
    /// alone.
    pub(super) fn find(is_visit: bool) -> Result<Self, Error> {
        KINDS
            .iter()
            .filter(|kind| !is_visit || kind.can_visit())
            .find_map(|&kind| {
                let program = find(kind.program())?;
                Some(Self { kind, program })
            })
            .ok_or(Error::NoProgram("udhcpc, busybox, dhcpcd, dhclient"))
    }

    pub(super) fn start(&self, interface: &str, folder: &Path, is_visit: bool) -> Result<Child, Error> {
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments(interface, folder, is_visit))
            .current_dir(folder)
            .env_clear()
            .env("PATH", FOLDERS.join(":"))
            .env(script::VISIT, if is_visit { "yes" } else { "" })
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A key combination that ends this program is not meant for it.
            .process_group(0);
        command.spawn().map_err(|error| Error::Program {
            program: self.kind.program(),
            why: error.to_string(),
        })
    }

    /// They make it one of ours: see [`left_behind`].
    fn arguments(&self, interface: &str, folder: &Path, is_visit: bool) -> Vec<OsString> {
        let file = |name: &str| folder.join(name).into_os_string();
        let options: Vec<OsString> = match self.kind {
            Kind::Busybox | Kind::Udhcpc => {
                let applet = (self.kind == Kind::Busybox).then_some("udhcpc");
                let options = ["-f", "-S", "-R", "-s", script::SHELL, "-A", PAUSE, "-p"];
                let options = applet.into_iter().chain(options).map(OsString::from);
                options.chain([file("pid"), "-i".into()]).collect()
            }
            Kind::Dhcpcd => {
                let without = if is_visit {
                    &["--nogateway", "-C", "resolv.conf"][..]
                } else {
                    &[]
                };
                // Its hook for wpa_supplicant would start a second one.
                let options = ["-4", "--nobackground", "-C", "wpa_supplicant"].iter().chain(without);
                options.map(OsString::from).collect()
            }
            Kind::Dhclient => vec![
                "-d".into(),
                "-4".into(),
                "-pf".into(),
                file("pid"),
                "-lf".into(),
                file("leases"),
            ],
        };
        options.into_iter().chain([interface.into()]).collect()
    }
}

impl Kind {
    const fn program(self) -> &'static str {
        match self {
            Self::Udhcpc => "udhcpc",
            Self::Busybox => "busybox",
            Self::Dhcpcd => "dhcpcd",
            Self::Dhclient => "dhclient",
        }
    }

    const fn can_visit(self) -> bool {
        !matches!(self, Self::Dhclient)
    }
}

/// The client that an earlier run of this program has left to go on: no other has these arguments.
pub(super) fn left_behind(interface: &str, folder: &Path) -> Option<u32> {
    let ours: Vec<Vec<u8>> = KINDS
        .iter()
        .flat_map(|&kind| {
            let program = find(kind.program())?;
            let client = Client { kind, program };
            let words = client.arguments(interface, folder, false);
            let words = core::iter::once(client.program.into_os_string()).chain(words);
            Some(words.flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect())
        })
        .collect();
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|process| {
        let id = process.file_name().to_str()?.parse().ok()?;
        let words = fs::read(process.path().join("cmdline")).ok()?;
        ours.contains(&words).then_some(id)
    })
}

/// Asks a process of ours to end.
pub(super) fn terminate(id: u32) {
    if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It may have ended by itself.
        let _ = kill_process(id, Signal::TERM);
    }
}

/// Whether a process with this number runs and is `program`, as far as this user may know.
pub(super) fn is_running(id: &str, program: &str) -> bool {
    let name = fs::read_to_string(format!("/proc/{id}/comm"));
    let answers = || {
        let process = id.parse().ok().and_then(Pid::from_raw);
        // One that belongs to another user may be invisible (`hidepid`); that it is there, is no secret.
        process.is_some_and(|process| matches!(test_kill_process(process), Ok(()) | Err(Errno::PERM)))
    };
    name.map_or_else(|_| answers(), |name| name.trim() == program)
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let given = env::split_paths(&path).filter(|folder| folder.is_absolute());
    // A service's PATH may be without the folders of the system's administrator.
    let folders = given.chain(FOLDERS.iter().map(PathBuf::from));
    folders
        .map(|folder| folder.join(OsStr::new(program)))
        .find(|file| file.is_file())
}

/// In this order: the first two need no more rights than the network's set-up, the others folders of root's.
const KINDS: [Kind; 4] = [Kind::Udhcpc, Kind::Busybox, Kind::Dhcpcd, Kind::Dhclient];
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// Seconds until it asks anew when nobody has answered.
const PAUSE: &str = "5";
