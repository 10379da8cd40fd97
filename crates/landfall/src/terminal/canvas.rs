//! Lines on standard error that are drawn again in place.

use std::io::{self, Write as _};

use anstream::{AutoStream, ColorChoice, adapter::strip_str};
use crossterm::{
    cursor::MoveUp,
    queue,
    style::Print,
    terminal::{Clear, ClearType},
};
use rustix::termios::tcgetwinsize;

use super::width::{cut, width};

/// A window of a terminal, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Cells that a line may take without touching the edge, where terminals differ in what they do next.
    pub(crate) columns: usize,
    /// Lines.
    pub(crate) rows: usize,
}

impl Size {
    /// The window as it is now.
    pub(crate) fn now() -> Self {
        let known = tcgetwinsize(io::stderr()).ok();
        known.map_or_else(|| Self::of(0, 0), |size| Self::of(size.ws_col, size.ws_row))
    }

    /// A window of so many cells; one that does not know its size counts as the usual one.
    fn of(columns: u16, rows: u16) -> Self {
        let (columns, rows) = if columns == 0 || rows == 0 {
            (80, 24)
        } else {
            (columns, rows)
        };
        Self {
            columns: usize::from(columns) - 1,
            rows: usize::from(rows),
        }
    }
}

/// Lines that are drawn over as often as they change, and gone when this is dropped. Nobody else may print to the
/// terminal meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Canvas {
    /// The cells of each line that is shown; the cursor stands at the end of the last one.
    shown: Vec<usize>,
}

impl Canvas {
    /// Shows `lines` in place of those before. None of them may be wider than `size`.
    ///
    /// # Errors
    /// What the terminal says.
    pub(crate) fn draw(&mut self, lines: &[String], size: Size) -> io::Result<()> {
        let colored = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        let mut drawing = Vec::new();
        self.go_to_top(&mut drawing, size)?;
        for (index, line) in lines.iter().enumerate() {
            let plain = strip_str(line).to_string();
            let shown = if colored { line } else { &plain };
            let end = if index + 1 < lines.len() { "\r\n" } else { "" };
            queue!(drawing, Print(shown), Clear(ClearType::UntilNewLine), Print(end))?;
            self.shown.push(width(&plain));
        }
        queue!(drawing, Clear(ClearType::FromCursorDown))?;
        // At once, so that nothing half drawn is seen.
        let mut terminal = io::stderr().lock();
        terminal.write_all(&drawing)?;
        terminal.flush()
    }

    /// Shows `line` in place of all lines, and leaves it there.
    ///
    /// # Errors
    /// What the terminal says.
    pub(crate) fn leave(&mut self, line: &str, size: Size) -> io::Result<()> {
        self.draw(&[cut(line, size.columns), String::new()], size)?;
        self.shown.clear();
        Ok(())
    }

    /// Moves the cursor to the first line's beginning, and forgets the lines.
    fn go_to_top(&mut self, drawing: &mut Vec<u8>, size: Size) -> io::Result<()> {
        let above = rows_taken(&self.shown, size.columns + 1).saturating_sub(1);
        self.shown.clear();
        queue!(drawing, Print("\r"))?;
        match u16::try_from(above).unwrap_or(u16::MAX) {
            // Terminals take 0 for 1.
            0 => Ok(()),
            above => queue!(drawing, MoveUp(above)),
        }
    }
}

impl Drop for Canvas {
    /// Takes the lines away.
    fn drop(&mut self) {
        if !self.shown.is_empty() {
            // A terminal that is gone needs no clearing.
            let _ = self.draw(&[], Size::now());
        }
    }
}

/// The rows of a window of `columns` that lines of so many cells take. Lines that were drawn in a wider window are
/// wrapped by the terminal when it gets narrower.
fn rows_taken(lines: &[usize], columns: usize) -> usize {
    lines.iter().map(|cells| cells.div_ceil(columns.max(1)).max(1)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_wider_window_take_several_rows_of_a_narrow_one() {
        assert_eq!(rows_taken(&[], 40), 0);
        assert_eq!(rows_taken(&[0, 40, 1], 40), 3);
        assert_eq!(rows_taken(&[41, 80, 81], 40), 2 + 2 + 3);
    }

    #[test]
    fn a_window_that_does_not_know_its_size_has_the_usual_one() {
        assert_eq!(Size::of(0, 0), Size { columns: 79, rows: 24 });
        assert_eq!(Size::of(40, 10), Size { columns: 39, rows: 10 });
    }
}
