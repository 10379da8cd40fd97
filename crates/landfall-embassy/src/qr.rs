//! QR codes as text, for a serial log.

use core::fmt::{self, Display, Write};

use landfall_manager::Payload;
use qrcodegen_no_heap::{QrCode, QrCodeEcc, Version};
use zeroize::Zeroizing;

/// What text stands on in the terminal that shows the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Background {
    /// Light letters on dark ground, as most serial monitors have it.
    #[default]
    Dark,
    /// Dark letters on light ground.
    Light,
}

/// Writes the code of `text`, two rows of modules a line, with the blank margin that readers want. Lines end with a line feed.
///
/// The letters are U+2580, U+2584, U+2588 and blanks. Codes of up to 425 bytes of text are drawn, at most 77 columns wide;
/// a payload as Espressif's firmware prints it has at most 149. It takes 1.2 KB of stack, wiped afterwards.
///
/// # Errors
/// [`QrError`].
pub fn write(text: impl Display, background: Background, out: &mut impl Write) -> Result<(), QrError> {
    let mut input = Text {
        bytes: Zeroizing::new([0; BUFFER]),
        len: 0,
    };
    write!(input, "{text}").map_err(|_| QrError::TooLong)?;
    let mut modules = Zeroizing::new([0; BUFFER]);
    let Text { mut bytes, len } = input;
    // The lowest level of correction makes the smallest code; the seed's device uses it too.
    let level = QrCodeEcc::Low;
    let code = QrCode::encode_binary(
        &mut *bytes,
        len,
        &mut *modules,
        level,
        Version::MIN,
        LARGEST,
        None,
        true,
    );
    draw(&code.map_err(|_| QrError::TooLong)?, background, out).map_err(|fmt::Error| QrError::Output)
}

/// Writes how to provision the device: the code and the address of a page that shows it, in the words of Espressif's example
/// (spec manager.md 9). A code that is too long is left out.
///
/// # Errors
/// [`QrError::Output`].
pub fn invite(payload: &Payload<'_>, background: Background, out: &mut impl Write) -> Result<(), QrError> {
    let failed = |fmt::Error| QrError::Output;
    writeln!(
        out,
        "Scan this QR code from the provisioning application for Provisioning."
    )
    .map_err(failed)?;
    match write(payload, background, out) {
        Ok(()) | Err(QrError::TooLong) => {}
        Err(QrError::Output) => return Err(QrError::Output),
    }
    writeln!(out, "If QR code is not visible, copy paste the below URL in a browser.").map_err(failed)?;
    writeln!(out, "{}", payload.url()).map_err(failed)
}

/// Why a code was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// The text has more than 425 bytes.
    #[error("the text is too long for a QR code that fits a terminal: it may have 425 bytes")]
    TooLong,
    /// Whoever takes the text takes no more.
    #[error("the QR code cannot be printed")]
    Output,
}

/// The largest code that a terminal of 80 columns shows with its margin.
const LARGEST: Version = Version::new(13);
const BUFFER: usize = LARGEST.buffer_len();
/// The blank margin, in modules.
const MARGIN: i32 = 4;

fn draw(code: &QrCode<'_>, background: Background, out: &mut impl Write) -> fmt::Result {
    let inked = |x, y| code.get_module(x, y) == (background == Background::Light);
    let modules = || -MARGIN..code.size() + MARGIN;
    for y in modules().step_by(2) {
        for x in modules() {
            out.write_char(match (inked(x, y), inked(x, y + 1)) {
                (true, true) => '\u{2588}',
                (true, false) => '\u{2580}',
                (false, true) => '\u{2584}',
                (false, false) => ' ',
            })?;
        }
        out.write_char('\n')?;
    }
    Ok(())
}

/// Text on its way into a code, wiped when dropped.
struct Text {
    bytes: Zeroizing<[u8; BUFFER]>,
    len: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self
            .bytes
            .get_mut(self.len..)
            .and_then(|rest| rest.get_mut(..text.len()));
        room.ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}
