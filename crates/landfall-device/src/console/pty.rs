use std::{
    ffi::OsStr,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags},
    io::{FdFlags, fcntl_setfd, ioctl_fionbio},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, tcgetattr, tcsetattr},
};
use tokio::{
    io::Join,
    net::unix::pipe::{Receiver, Sender},
};

/// The device's end of a pseudo-terminal. It reads and writes as a pipe does, so tokio's pipes carry it.
pub(super) type DeviceEnd = Join<Receiver, Sender>;

/// Makes a pseudo-terminal that changes nothing on the way: the device's end, the clients' end, and its path.
pub(super) fn open() -> io::Result<(DeviceEnd, OwnedFd, PathBuf)> {
    let device = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    fcntl_setfd(&device, FdFlags::CLOEXEC)?;
    grantpt(&device)?;
    unlockpt(&device)?;
    ioctl_fionbio(&device, true)?;
    let path = ptsname(&device, Vec::new())?;
    let path = Path::new(OsStr::from_bytes(path.to_bytes())).to_owned();
    let clients = rustix::fs::open(&path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut settings = tcgetattr(&clients)?;
    settings.make_raw();
    tcsetattr(&clients, OptionalActions::Now, &settings)?;
    let reader = Receiver::from_owned_fd_unchecked(device.try_clone()?)?;
    let writer = Sender::from_owned_fd_unchecked(device)?;
    Ok((tokio::io::join(reader, writer), clients, path))
}
