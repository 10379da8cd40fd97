//! How a running device is asked: one line of JSON each way, over a socket of the file system.
//!
//! Who may ask is who may write to the socket: the service's user and group.

use core::{convert::Infallible, time::Duration};
use std::{
    fs::{self, DirBuilder, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    time::{sleep, timeout},
};

use crate::{
    failure::{Failure, Problem},
    print::DeviceStatus,
};

/// What a device can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Request {
    /// What it is doing.
    Status,
    /// To open for clients; for this many seconds, or as long as it always does.
    Open {
        #[serde(default)]
        window_s: Option<u64>,
    },
    /// To forget its network.
    Reset,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(super) enum Answer {
    /// What it is doing.
    Status(Box<DeviceStatus>),
    /// It has done as it was asked.
    Done,
    /// It has not.
    Refused {
        /// Why, in words.
        why: String,
    },
}

/// The socket of a running device; it goes with this.
pub(super) struct Control {
    listener: UnixListener,
    path: PathBuf,
}

/// Of a request and of an answer, in bytes.
const LONGEST: u64 = 8192;
/// For a line to come or go.
const LINE_TIME: Duration = Duration::from_secs(5);
/// For a device to do what it is asked: to forget its network can take a while.
const WORK_TIME: Duration = Duration::from_secs(90);
/// Who ask at once; others wait.
const MOST_ASKING: usize = 8;
/// For the service's user and group.
const MODE: u32 = 0o660;

/// Where a device is asked if nobody says where.
pub(super) fn default_path() -> PathBuf {
    super::of_service("RUNTIME_DIRECTORY", "/run/landfall").join("control")
}

/// Asks the device at `path`.
///
/// # Errors
///
/// [`Problem::DeviceNotRunning`] if nobody listens there, or what the device says against it.
pub(super) async fn ask(path: &Path, request: Request) -> Result<Answer, Failure> {
    let stream = UnixStream::connect(path)
        .await
        .map_err(|error| unreachable(path, &error))?;
    let mut stream = BufReader::new(stream);
    let asking = async {
        write(&mut stream, &request).await?;
        read(&mut stream).await
    };
    let answer = timeout(WORK_TIME + LINE_TIME, asking).await;
    match answer.unwrap_or_else(|late| Err(late.into())) {
        Ok(Answer::Refused { why }) => Err(Failure::new(Problem::DeviceRefuses).because(why)),
        Ok(answer) => Ok(answer),
        Err(error) => Err(Failure::new(Problem::DeviceSilent).because(error)),
    }
}

impl Control {
    /// Listens at `path`. What a device that was killed has left there is replaced.
    ///
    /// # Errors
    ///
    /// [`Problem::DeviceRunning`] if another device listens there; a path that cannot be used.
    pub(super) async fn bind(path: PathBuf) -> Result<Self, Failure> {
        if UnixStream::connect(&path).await.is_ok() {
            return Err(Failure::new(Problem::DeviceRunning));
        }
        let listener = listen(&path).map_err(|error| {
            Failure::new(Problem::ControlUnusable)
                .saying(format!("the control socket {} cannot be made", path.display()))
                .because(error)
        })?;
        Ok(Self { listener, path })
    }

    /// Has `answer` answer everybody who asks, for ever.
    pub(super) async fn serve(&self, answer: impl AsyncFn(Request) -> Answer) -> Infallible {
        let mut talks = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if talks.len() < MOST_ASKING => match accepted {
                    Ok((stream, _)) => talks.push(talk(stream, &answer)),
                    // Of what the system is short now, it may have more soon.
                    Err(_) => sleep(Duration::from_secs(1)).await,
                },
                Some(()) = talks.next() => {}
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // One that is gone already needs no removing.
        let _ = fs::remove_file(&self.path);
    }
}

/// A socket that appears at `path` with its mode, in one step.
fn listen(path: &Path) -> io::Result<UnixListener> {
    if let Some(directory) = path.parent().filter(|directory| !directory.exists()) {
        DirBuilder::new().recursive(true).mode(0o750).create(directory)?;
    }
    if path.exists() && !is_socket(path) {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "there is something else"));
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let _ = fs::remove_file(&new);
    let listener = UnixListener::bind(&new)?;
    fs::set_permissions(&new, Permissions::from_mode(MODE))?;
    fs::rename(&new, path)?;
    Ok(listener)
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// One request and its answer. Who asks nonsense is told so; who asks nothing is not waited for.
async fn talk(stream: UnixStream, answer: &impl AsyncFn(Request) -> Answer) {
    let mut stream = BufReader::new(stream);
    let said = match timeout(LINE_TIME, read(&mut stream)).await {
        Ok(Ok(request)) => {
            let answered = timeout(WORK_TIME, answer(request)).await;
            answered.unwrap_or_else(|_| Answer::Refused {
                why: "the device is busy with something else".to_owned(),
            })
        }
        Ok(Err(error)) => Answer::Refused { why: error.to_string() },
        Err(_) => return,
    };
    // Who has gone does not want it.
    let _ = timeout(LINE_TIME, write(&mut stream, &said)).await;
}

async fn read<T: DeserializeOwned>(stream: &mut BufReader<UnixStream>) -> io::Result<T> {
    let mut line = Vec::new();
    stream.take(LONGEST).read_until(b'\n', &mut line).await?;
    if !line.ends_with(b"\n") {
        return Err(io::Error::new(ErrorKind::InvalidData, "this is no whole line"));
    }
    serde_json::from_slice(&line).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

async fn write(stream: &mut BufReader<UnixStream>, said: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

fn unreachable(path: &Path, error: &io::Error) -> Failure {
    let problem = match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Problem::DeviceNotRunning,
        _ => Problem::ControlUnusable,
    };
    Failure::new(problem).because(format!("{}: {error}", path.display()))
}
