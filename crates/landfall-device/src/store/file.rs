use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use landfall_manager::{Bssid, Credentials, Passphrase, Ssid};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Store, StoreError};
use crate::hex;

/// One file in a folder of the device's own: mode 0600, replaced as a whole, synced to the disk.
#[derive(Debug)]
pub struct FileStore {
    folder: PathBuf,
    /// Held for as long as the store lives: two devices on one folder would undo each other.
    _lock: File,
}

/// The file's content. Octets as hexadecimal digits, since names need not be text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    ssid: String,
    passphrase: Zeroizing<String>,
    bssid: Option<String>,
    channel: Option<u8>,
    /// Over the others, to tell a damaged file from a strange network.
    sha256: String,
}

/// As much of a file as all versions have in common.
#[derive(Deserialize)]
struct Format {
    version: u32,
}

/// Why a file gives no credentials.
enum Unreadable {
    Damaged(&'static str),
    LaterFormat(u32),
}

const FILE: &str = "credentials.json";
const TEMPORARY: &str = "credentials.json.new";
const LOCK: &str = "lock";
const VERSION: u32 = 1;

/// Longest file that can be one of ours, bytes.
const MAX_LEN: u64 = 4096;

/// Damaged files kept aside, at most; the last one is overwritten by later ones.
const MAX_DAMAGED: u32 = 9;

impl FileStore {
    /// Opens the store in `folder`, which is made if it is not there, readable by nobody else.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Io`].
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let folder = folder.into();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(failed("make the folder", &folder))?;
        let path = folder.join(LOCK);
        let lock = private()
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { directory: folder }),
            Err(TryLockError::Error(source)) => Err(failed("lock", &path)(source)),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn damaged_path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{FILE}.damaged-{number}"))
    }

    /// Makes what was renamed or removed in the folder last.
    fn sync_folder(&self) -> Result<(), StoreError> {
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(failed("sync", &self.folder))
    }

    fn set_aside(&self, what: &'static str) -> StoreError {
        let free = (1..MAX_DAMAGED)
            .map(|number| self.damaged_path(number))
            .find(|path| !path.exists());
        let moved_to = free.unwrap_or_else(|| self.damaged_path(MAX_DAMAGED));
        match fs::rename(self.path(), &moved_to) {
            Ok(()) => StoreError::Damaged { what, moved_to },
            Err(source) => failed("move aside", &self.path())(source),
        }
    }
}

impl Store for FileStore {
    fn load(&self) -> Result<Option<Credentials>, StoreError> {
        let path = self.path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed("open", &path)(source)),
        };
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(MAX_LEN)
            .read_to_end(&mut bytes)
            .map_err(failed("read", &path))?;
        match Record::read(&bytes) {
            Ok(credentials) => Ok(Some(credentials)),
            Err(Unreadable::Damaged(what)) => Err(self.set_aside(what)),
            Err(Unreadable::LaterFormat(version)) => Err(StoreError::LaterFormat { path, version }),
        }
    }

    fn save(&mut self, credentials: &Credentials) -> Result<(), StoreError> {
        let text = Record::write(credentials);
        let temporary = self.folder.join(TEMPORARY);
        // One left over by a crash may have another mode, or be a link.
        remove_if_there(&temporary)?;
        let written = private().create_new(true).open(&temporary).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(failed("write", &temporary))?;
        fs::rename(&temporary, self.path()).map_err(failed("replace", &self.path()))?;
        self.sync_folder()
    }

    fn erase(&mut self) -> Result<(), StoreError> {
        // Damaged files, too: there may be a passphrase in them.
        let damaged = (1..=MAX_DAMAGED).map(|number| self.damaged_path(number));
        for path in [self.path(), self.folder.join(TEMPORARY)].into_iter().chain(damaged) {
            remove_if_there(&path)?;
        }
        self.sync_folder()
    }
}

impl Record {
    fn write(credentials: &Credentials) -> Zeroizing<String> {
        let mut record = Self {
            version: VERSION,
            ssid: hex::encode(credentials.ssid.as_bytes()),
            passphrase: Zeroizing::new(hex::encode(credentials.passphrase.expose())),
            bssid: credentials.bssid.map(|b| hex::encode(&b.0)),
            channel: credentials.channel,
            sha256: String::new(),
        };
        record.sha256 = record.digest();
        let text = serde_json::to_string_pretty(&record).expect("strings and numbers are always JSON");
        Zeroizing::new(text + "\n")
    }

    fn read(bytes: &[u8]) -> Result<Credentials, Unreadable> {
        const NOT_OURS: Unreadable = Unreadable::Damaged("not a record of ours");
        let Format { version } = serde_json::from_slice(bytes).map_err(|_| NOT_OURS)?;
        if version > VERSION {
            return Err(Unreadable::LaterFormat(version));
        }
        let record: Self = serde_json::from_slice(bytes).map_err(|_| NOT_OURS)?;
        if record.sha256 != record.digest() {
            return Err(Unreadable::Damaged("its check sum is wrong"));
        }
        record
            .credentials()
            .ok_or(Unreadable::Damaged("its values are out of range"))
    }

    fn credentials(&self) -> Option<Credentials> {
        let bssid = match &self.bssid {
            Some(text) => Some(Bssid(hex::decode(text)?.try_into().ok()?)),
            None => None,
        };
        Some(Credentials {
            ssid: Ssid::new(&hex::decode(&self.ssid)?)?,
            passphrase: Passphrase::new(&Zeroizing::new(hex::decode(&self.passphrase)?))?,
            bssid,
            channel: self.channel,
        })
    }

    fn digest(&self) -> String {
        let bssid = self.bssid.as_deref().unwrap_or("-");
        let channel = self.channel.map_or_else(|| "-".to_owned(), |c| c.to_string());
        let fields = Zeroizing::new([self.ssid.as_str(), &self.passphrase, bssid, &channel].join("\n"));
        hex::encode(&Sha256::digest(fields.as_bytes()))
    }
}

/// How every file here is opened for writing.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(source)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { action, path, source }
}
