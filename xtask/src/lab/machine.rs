//! A virtual machine without KVM, so that it runs where there is none, on a copy-on-write view of the host's files.

use core::time::Duration;
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Instant,
};

use crate::{
    lab::{guest, initramfs, kernel::Kernel},
    shell::Result,
};

/// How a machine's run ended.
pub(super) enum Outcome {
    /// The command's exit code.
    Ended(i32),
    OutOfTime,
    /// It switched itself off without an exit code.
    Died,
    /// Twice its surroundings were not there in time.
    NotReady,
}

/// What a machine is started with; each run starts a new one.
pub(super) struct Machine {
    kernel: Kernel,
    initramfs: PathBuf,
}

/// How a line ends that a machine has to print to lose its power at once. What its disk got by then is there at the next boot.
const CUT: &str = "POWER CUT";
/// How the line ends that a machine prints when it has all that the command's work needs (lab.py).
const READY: &str = "SURROUNDINGS ARE THERE";
/// For a machine to get there: one minute, on a busy host eight.
const READY_TIME: Duration = Duration::from_secs(600);
/// A machine that does not is booted once more: that says nothing of our programs, which have not been started by then.
const MOST_UNREADY: u32 = 2;
/// A disk without anything on it, in the folder of the logs.
const DISK: &str = "disk";
const DISK_SIZE: u64 = 64 << 20;

/// For the kernel: quick to boot, quiet, and the names of interfaces as the kernel gives them. Without ACPI it would hang
/// at the end.
const KERNEL_LINE: &str = "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off selinux=0 apparmor=0 audit=0 nokaslr \
    net.ifnames=0 random.trust_cpu=on tsc=reliable cryptomgr.notests";
/// Two processors: with one, virtual controllers miss the kernel's time limits.
const SIZE: &[&str] = &["-smp", "2", "-m", "1024"];

impl Machine {
    pub(super) fn new(kernel: Kernel, folder: &Path) -> Result<Self> {
        let initramfs = folder.join("initramfs.cpio");
        initramfs::write(&kernel, &initramfs)?;
        Ok(Self { kernel, initramfs })
    }

    /// Runs `command` as root in a machine and says what it prints. The machine sees every file of the host at its own
    /// path; what it writes is gone with it, save for what it puts into /run/lab, which is `logs`, and onto its disk. After
    /// a power cut it boots again and runs `command` anew.
    pub(super) fn run(&self, command: &Command, logs: &Path, limit: Duration, tell: &dyn Fn(&str)) -> Result<Outcome> {
        fs::write(logs.join(guest::START), guest::start(&self.kernel, command))?;
        fs::File::create(logs.join(DISK))?.set_len(DISK_SIZE)?;
        let mut until = Instant::now() + limit;
        let mut output = fs::File::create(logs.join("output.log"))?;
        let mut tell = |line: &str| -> Result<()> {
            tell(line);
            Ok(writeln!(output, "{line}")?)
        };
        let mut unready = 0;
        loop {
            let begin = Instant::now();
            match self.boot(logs, until, &mut tell)? {
                End::PowerCut => unready = 0,
                End::Unready => {
                    unready += 1;
                    if unready == MOST_UNREADY {
                        return Ok(Outcome::NotReady);
                    }
                    show_last(logs, &mut tell)?;
                    tell("the machine's surroundings were not there in time: it boots once more")?;
                    until += begin.elapsed();
                }
                End::Over(outcome) => return Ok(outcome),
            }
        }
    }

    fn boot(&self, logs: &Path, until: Instant, tell: &mut dyn FnMut(&str) -> Result<()>) -> Result<End> {
        let code = logs.join(guest::CODE);
        if code.exists() {
            fs::remove_file(&code)?;
        }
        let mut machine = Started(self.qemu(logs).spawn()?);
        let lines = lines_of(&mut machine.0)?;
        let ready_until = until.min(Instant::now() + READY_TIME);
        let mut is_ready = false;
        loop {
            let until = if is_ready { until } else { ready_until };
            match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    tell(&line)?;
                    if line.ends_with(CUT) {
                        return Ok(End::PowerCut);
                    }
                    is_ready |= line.ends_with(READY);
                }
                Err(RecvTimeoutError::Timeout) if is_ready => return Ok(End::Over(Outcome::OutOfTime)),
                Err(RecvTimeoutError::Timeout) => return Ok(End::Unready),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if !is_ready {
            return Ok(End::Unready);
        }
        let code = fs::read_to_string(code).unwrap_or_default();
        Ok(End::Over(code.trim().parse().map_or(Outcome::Died, Outcome::Ended)))
    }

    fn qemu(&self, logs: &Path) -> Command {
        let mut qemu = Command::new("qemu-system-x86_64");
        qemu.args(["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max"])
            .args(SIZE)
            .args(["-nodefaults", "-no-user-config", "-no-reboot"])
            .args(["-display", "none", "-net", "none"])
            .args(["-append", KERNEL_LINE])
            .arg("-kernel")
            .arg(self.kernel.image())
            .arg("-initrd")
            .arg(&self.initramfs)
            .args(["-serial", "chardev:console", "-chardev"])
            .arg(format!("file,id=console,path={}/console.log,append=on", logs.display()))
            // QEMU's own "stdio" stops the machine when standard input is at its end.
            .args([
                "-chardev",
                "file,id=output,path=/dev/stdout",
                "-device",
                "virtio-serial-pci",
            ])
            .args(["-device", "virtserialport,chardev=output,name=output"])
            .args([
                "-virtfs",
                "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
            ])
            .arg("-virtfs")
            .arg(format!(
                "local,path={},mount_tag=logs,security_model=none",
                logs.display()
            ))
            .arg("-drive")
            .arg(format!("if=virtio,format=raw,file={}/{DISK}", logs.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        qemu
    }
}

/// How one boot ended.
enum End {
    PowerCut,
    Unready,
    Over(Outcome),
}

/// Shows the last lines of a run's logs: what there is to go by, when nobody in the machine could say what is wrong.
pub(super) fn show_last(logs: &Path, tell: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let mut files: Vec<_> = fs::read_dir(logs)?.filter_map(|file| Some(file.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|is| is == "log") && !file.ends_with("output.log"));
    files.sort();
    for file in files {
        // Not text, or far too much of it.
        if file.ends_with("btmon.log") {
            continue;
        }
        let text = fs::read(&file)?;
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        tell(&format!("    {}:", file.display()))?;
        for line in lines.iter().skip(lines.len().saturating_sub(LAST)) {
            tell(&format!("      {}", line.trim_end()))?;
        }
    }
    Ok(())
}

/// So many lines of a log.
const LAST: usize = 15;

/// A machine that ends when dropped.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn lines_of(machine: &mut Child) -> Result<Receiver<String>> {
    let output = BufReader::new(machine.stdout.take().ok_or("no output")?);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in output.split(b'\n').map_while(core::result::Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
