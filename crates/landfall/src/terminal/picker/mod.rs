//! Choosing on a terminal: a list that grows while a scan finds more.

mod list;
mod subject;
mod view;

use core::{pin::pin, time::Duration};
use std::{io, time::Instant};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{self, UnboundedSender},
    time::sleep,
};

use self::list::{Act, List};
pub(crate) use self::subject::{Devices, Networks};
use self::subject::{Row, Subject};
use super::{
    Canvas, Size,
    keyboard::Keyboard,
    keys::Key,
    spinner::{self, FRAME_TIME},
};
use crate::failure::{Failure, Problem};

/// What somebody chose.
#[derive(Debug)]
pub(crate) enum Choice<R> {
    /// This one of those that were listed.
    Listed(R),
    /// One that is not listed.
    Other,
}

/// Has somebody choose among what `scan` finds, which tells its sender of every step. `note` is shown at first.
/// `None` if they leave without a choice.
///
/// # Errors
/// Those of `scan`; [`Problem::Interrupted`]; what the terminal says.
pub(crate) async fn pick<S: Subject>(
    subject: S,
    mut scan: impl AsyncFnMut(UnboundedSender<Vec<Row<S>>>) -> Result<Vec<Row<S>>, Failure>,
    note: Option<String>,
) -> Result<Option<Choice<Row<S>>>, Failure> {
    spinner::stop();
    let mut list = List::new(subject, note);
    let mut screen = Screen::open().map_err(|error| broken(&error))?;
    loop {
        let chosen = match scan_and_choose(&mut scan, &mut list, &mut screen).await? {
            Act::Rescan => {
                list.scan_began();
                continue;
            }
            Act::Interrupt => return Err(Failure::new(Problem::Interrupted)),
            Act::Leave => None,
            Act::Take(row) => Some(Choice::Listed(row)),
            Act::Other => Some(Choice::Other),
        };
        if let Some(choice) = &chosen {
            screen.close(&S::chosen(choice)).map_err(|error| broken(&error))?;
        }
        return Ok(chosen);
    }
}

/// One scan, and keys until one of them decides.
async fn scan_and_choose<S: Subject>(
    scan: &mut impl AsyncFnMut(UnboundedSender<Vec<Row<S>>>) -> Result<Vec<Row<S>>, Failure>,
    list: &mut List<S>,
    screen: &mut Screen,
) -> Result<Act<Row<S>>, Failure> {
    let began = Instant::now();
    let (pages, mut arriving) = mpsc::unbounded_channel();
    let mut scan = pin!(scan(pages));
    let act = loop {
        screen.show(list, began.elapsed()).map_err(|error| broken(&error))?;
        tokio::select! {
            biased;
            key = screen.key() => {
                let key = key.map_err(|error| broken(&error))?;
                if let Some(act) = key.and_then(|key| list.press(key, screen.room())) {
                    break act;
                }
            }
            Some(found) = arriving.recv() => list.show(found),
            found = &mut scan, if list.is_scanning() => list.scan_ended(found?),
            () = sleep(FRAME_TIME), if list.is_scanning() => {}
        }
    };
    if S::WORDS.under_way.is_some() && list.is_scanning() && matches!(act, Act::Take(_) | Act::Other) {
        // What it still finds, or whether it fails, is all the same.
        drop(scan.await);
    }
    Ok(act)
}

fn broken(error: &io::Error) -> Failure {
    crate::input::failure(error, "choice")
}

/// The terminal while somebody chooses.
struct Screen {
    canvas: Canvas,
    keyboard: Keyboard,
    resized: Signal,
}

impl Screen {
    fn open() -> io::Result<Self> {
        Ok(Self {
            canvas: Canvas::default(),
            keyboard: Keyboard::open()?,
            resized: signal(SignalKind::window_change())?,
        })
    }

    fn show<S: Subject>(&mut self, list: &mut List<S>, taken: Duration) -> io::Result<()> {
        let size = Size::now();
        self.canvas.draw(&view::lines(list, size, taken), size)
    }

    /// The entries that are seen.
    fn room(&self) -> usize {
        view::room(Size::now())
    }

    /// The next key; `None` if the window has another size now.
    async fn key(&mut self) -> io::Result<Option<Key>> {
        tokio::select! {
            key = self.keyboard.key() => key.map(Some),
            _ = self.resized.recv() => Ok(None),
        }
    }

    /// Leaves one line behind.
    fn close(mut self, line: &str) -> io::Result<()> {
        self.canvas.leave(line, Size::now())
    }
}
