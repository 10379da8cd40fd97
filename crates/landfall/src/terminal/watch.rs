//! The networks of a scan as they come in, for somebody who only looks.

use core::{pin::pin, time::Duration};
use std::{io, time::Instant};

use tokio::{
    sync::mpsc::{self, UnboundedSender},
    time::sleep,
};

use super::{
    Canvas, Size, cut,
    spinner::{self, FRAME_TIME, Seconds, frame},
};
use crate::{
    failure::Failure,
    print::{Columns as _, FoundNetworks, NetworkRow, Table},
};

/// Draws what `scan` tells its sender of, until it is over; then the drawing is gone.
///
/// # Errors
/// Those of `scan`; what the terminal says.
pub(crate) async fn watch(
    scan: impl AsyncFnOnce(UnboundedSender<FoundNetworks>) -> Result<FoundNetworks, Failure>,
) -> Result<FoundNetworks, Failure> {
    spinner::stop();
    let began = Instant::now();
    let (pages, mut arriving) = mpsc::unbounded_channel();
    let mut scan = pin!(scan(pages));
    let mut canvas = Canvas::default();
    let mut rows = Vec::new();
    loop {
        let size = Size::now();
        canvas
            .draw(&lines(&rows, size, began.elapsed()), size)
            .map_err(|error| broken(&error))?;
        tokio::select! {
            found = &mut scan => return found,
            Some(found) = arriving.recv() => rows = found.networks,
            () = sleep(FRAME_TIME) => {}
        }
    }
}

/// What a person sees of a scan that has taken so long: as much as the window has room for.
fn lines(rows: &[NetworkRow], size: Size, taken: Duration) -> Vec<String> {
    let title = format!("{} Scanning ... {}", frame(taken), Seconds(taken));
    let mut lines = vec![cut(&title, size.columns)];
    let room = size.rows.saturating_sub(OTHER_LINES);
    if !rows.is_empty() && room > 0 {
        let table = Table::within(rows, size.columns);
        lines.push(table.heading());
        let numbered = rows.iter().take(room).enumerate();
        lines.extend(numbered.map(|(index, row)| table.row(index + 1, row, false)));
    }
    lines
}

/// The title, the heading, and a line that stays free so that nothing scrolls away above.
const OTHER_LINES: usize = 3;

fn broken(error: &io::Error) -> Failure {
    crate::input::failure(error, "terminal")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::examples::{found, named};

    #[test]
    fn a_small_window_shows_the_strongest_networks() {
        let rows = found((1..=9).map(|number| named(&format!("n{number}"), -30 - number))).networks;
        let shown = |rows: &[NetworkRow], height| {
            lines(
                rows,
                Size {
                    columns: 60,
                    rows: height,
                },
                Duration::ZERO,
            )
            .len()
        };
        assert_eq!(shown(&rows, 24), 2 + 9);
        assert_eq!(shown(&rows, 8), 2 + 5);
        assert_eq!(shown(&rows, 3), 1);
        assert_eq!(shown(&[], 24), 1);
    }
}
