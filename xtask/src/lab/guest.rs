//! What the machine does once it sees the host's files.

use std::{ffi::OsStr, process::Command};

use crate::lab::kernel::Kernel;

/// Where the machine leaves the exit code, in the folder of the logs.
pub(super) const CODE: &str = "exit-code";
/// The script's name, in the folder of the logs.
pub(super) const START: &str = "start.sh";

/// A shell script that runs `command`, keeps its exit code and switches the machine off.
pub(super) fn start(kernel: &Kernel, command: &Command) -> String {
    let modules = quoted(kernel.modules().as_os_str());
    let place = format!("/lib/modules/{}", kernel.version);
    format!(
        "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
exec </dev/null >/dev/vport0p1 2>&1
mkdir -p {place} && mount --bind {modules} {place}
setsid env {}
echo $? > /run/lab/{CODE}; sync /run/lab/{CODE}
echo o > /proc/sysrq-trigger
sleep 60
",
        line(command)
    )
}

/// `command` with its variables, as `env` takes it in a shell.
fn line(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.to_str()?, quoted(value?))));
    let words = core::iter::once(command.get_program())
        .chain(command.get_args())
        .map(quoted);
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))
}
