//! A folder whose files come and go.

use core::time::Duration;
use std::{io, path::Path};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::{io::AsyncReadExt as _, net::unix::pipe, time::timeout};

/// Watches a folder from the moment it is made.
#[derive(Debug)]
pub(super) struct Watch {
    // Events are read as bytes from a pipe are.
    events: pipe::Receiver,
}

impl Watch {
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        // A socket is there before it can be written to by everybody who may: that is a change of its attributes.
        inotify::add_watch(
            &events,
            folder,
            WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::ATTRIB,
        )?;
        let events = pipe::Receiver::from_owned_fd_unchecked(events)?;
        Ok(Self { events })
    }

    /// Looks, and again after each change, until something is `found`; `None` after `time`.
    pub(super) async fn find<T>(
        &mut self,
        time: Duration,
        mut found: impl FnMut() -> Option<T>,
    ) -> io::Result<Option<T>> {
        let finding = async {
            // What an event tells is not read: that something changed is enough.
            let mut told = [0; 4096];
            loop {
                if let Some(found) = found() {
                    return Ok(found);
                }
                if self.events.read(&mut told).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        };
        timeout(time, finding).await.ok().transpose()
    }
}
