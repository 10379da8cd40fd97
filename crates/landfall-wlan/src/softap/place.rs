//! Where an access point's files are: one private folder of the machine, for one access point at a time.

use core::time::Duration;
use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use super::{control::Control, watch::Watch};
use crate::Error;

/// The folder, ours for as long as this lives.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    _lock: File,
}

impl Place {
    /// Takes the folder; nobody else but root can look into it.
    pub(super) fn take() -> Result<Self, Error> {
        let mut refusal = io::Error::from(io::ErrorKind::NotFound);
        for base in bases() {
            match Self::take_in(&base) {
                Ok(Some(place)) => return Ok(place),
                Ok(None) => return Err(Error::InUse),
                Err(error) => refusal = error,
            }
        }
        Err(super::failed("make a private folder for the access point", &refusal))
    }

    /// `None` if somebody else has it.
    fn take_in(base: &Path) -> io::Result<Option<Self>> {
        let folder = base.join("softap");
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join("lock"))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(io::Error::from) {
            Ok(()) => Ok(Some(Self { folder, _lock: lock })),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends the program that an earlier life of this one has left behind, if that was killed, and makes room for a new
    /// one's socket.
    pub(super) async fn clear(&self, interface: &str) -> io::Result<()> {
        let socket = self.socket(interface);
        if let Ok(mut left) = Control::connect(&socket, &self.own()) {
            let mut watch = Watch::new(&self.sockets())?;
            let _ = left.ask("TERMINATE").await;
            watch.find(END_TIME, || (!socket.exists()).then_some(())).await?;
        }
        let _ = fs::remove_file(self.configuration());
        match fs::remove_dir_all(self.sockets()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(self.sockets())
    }

    /// Writes the program's configuration, for its eyes only.
    pub(super) fn configure(&self, text: &str) -> io::Result<()> {
        let _ = fs::remove_file(self.configuration());
        let mut options = OpenOptions::new();
        let mut file = options
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(self.configuration())?;
        file.write_all(text.as_bytes())
    }

    /// The program's configuration.
    pub(super) fn configuration(&self) -> PathBuf {
        self.folder.join("conf")
    }

    /// Where the program makes its control socket.
    pub(super) fn sockets(&self) -> PathBuf {
        self.folder.join("sockets")
    }

    /// The program's control socket.
    pub(super) fn socket(&self, interface: &str) -> PathBuf {
        self.sockets().join(interface)
    }

    /// Our own end of it.
    pub(super) fn own(&self) -> PathBuf {
        self.folder.join("own")
    }
}

/// Folders that are gone after a restart, and that others cannot write to.
fn bases() -> Vec<PathBuf> {
    // systemd gives several, separated by colons.
    let given = env::var_os("RUNTIME_DIRECTORY").and_then(|given| env::split_paths(&given).next());
    let user = env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("landfall"));
    let mut bases = vec![PathBuf::from("/run/landfall")];
    if let Some(given) = given {
        bases = vec![given];
    }
    bases.extend(user);
    bases
}

/// For a program that was left behind to end.
const END_TIME: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_access_point_at_a_time_has_the_folder_and_nobody_else_can_read_it() {
        let base = tempfile::tempdir().expect("a folder");
        let place = Place::take_in(base.path()).expect("works").expect("is free");
        assert!(Place::take_in(base.path()).expect("works").is_none());
        place.clear("ap0").await.expect("is empty");
        place.configure("wpa_passphrase=secret").expect("writes");
        let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
        assert_eq!(mode(&place.folder), 0o700);
        assert_eq!(mode(&place.configuration()), 0o600);
        place.clear("ap0").await.expect("clears");
        assert!(!place.configuration().exists());
        drop(place);
        assert!(Place::take_in(base.path()).expect("works").is_some());
    }

    #[tokio::test]
    async fn a_program_of_an_earlier_life_is_told_to_end() {
        let base = tempfile::tempdir().expect("a folder");
        let place = Place::take_in(base.path()).expect("works").expect("is free");
        place.clear("ap0").await.expect("is empty");
        let left = tokio::net::UnixDatagram::bind(place.socket("ap0")).expect("a socket");
        let end = async {
            let mut order = [0; 64];
            let (len, from) = left.recv_from(&mut order).await.expect("an order");
            left.send_to(b"OK\n", from.as_pathname().expect("a path"))
                .await
                .expect("answers");
            fs::remove_file(place.socket("ap0")).expect("is there");
            order[..len].to_vec()
        };
        let (order, cleared) = tokio::join!(end, place.clear("ap0"));
        cleared.expect("clears");
        assert_eq!(order, b"TERMINATE");
    }
}
