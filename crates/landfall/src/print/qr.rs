//! QR codes on a terminal and as SVG.

use clap::builder::styling::{AnsiColor, Style};
use qrcode::{
    EcLevel, QrCode,
    render::{svg, unicode::Dense1x2},
};

/// The code of `text` as lines of half blocks, black on white where there is colour, so that it scans on dark
/// terminals too. `None` if the text is too long for a QR code.
pub(crate) fn lines(text: &str) -> Option<Vec<String>> {
    let code = encode(text)?;
    let drawing = code.render::<Dense1x2>().build();
    let paper = Style::new()
        .fg_color(Some(AnsiColor::Black.into()))
        .bg_color(Some(AnsiColor::BrightWhite.into()));
    Some(drawing.lines().map(|line| format!("{paper}{line}{paper:#}")).collect())
}

/// The code of `text` as an SVG document; `None` if the text is too long for a QR code.
pub(crate) fn svg(text: &str) -> Option<String> {
    Some(
        encode(text)?
            .render::<svg::Color<'_>>()
            .min_dimensions(256, 256)
            .build(),
    )
}

/// The lowest level of correction makes the smallest code; the seed's device uses it too.
fn encode(text: &str) -> Option<QrCode> {
    QrCode::with_error_correction_level(text, EcLevel::L).ok()
}
